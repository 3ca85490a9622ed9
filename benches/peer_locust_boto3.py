"""Stock Locust with boto3, as a user would write it: `locust -f benches/peer_locust_boto3.py --headless -u 16 -r 16`.

BENCH_URL is the endpoint, BENCH_KEYS a JSON file of [tenant, user] pairs. One client for all, with as many pooled
connections as there are users: with botocore's default of 10 it would be slower still.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from locust import User, constant, events, task

from benches.fair_start import warm_up

KEYS = json.loads(Path(os.environ["BENCH_KEYS"]).read_text(encoding="utf-8"))
CLIENT = boto3.client(
    "dynamodb",
    endpoint_url=os.environ["BENCH_URL"],
    region_name="us-east-1",
    aws_access_key_id="dbverdictlocal",
    aws_secret_access_key="not-a-secret",
    config=Config(max_pool_connections=16),
)


@events.init.add_listener  # type: ignore[untyped-decorator]
def on_init(environment: Any, **_: Any) -> None:
    warm_up(environment)


class Reader(User):  # type: ignore[misc]
    wait_time = constant(0)

    @task  # type: ignore[untyped-decorator]
    def get_user(self) -> None:
        tenant_id, user_id = random.choice(KEYS)
        began = time.perf_counter()
        failure = None
        try:
            answer = CLIENT.get_item(
                TableName="dbverdict_chat",
                Key={"PK": {"S": f"T#{tenant_id}#USER#{user_id}"}, "SK": {"S": "PROFILE"}},
                ConsistentRead=True,
            )
            if "Item" not in answer:
                failure = LookupError(user_id)
        except CLIENT.exceptions.ClientError as error:
            failure = error
        self.environment.events.request.fire(
            request_type="dynamodb",
            name="get_item",
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=failure,
        )

"""A bare aiobotocore loop on uvloop reading users from DynamoDB Local; runs in an environment of its own.

Prints one JSON line; BENCH_URL is the server, BENCH_KEYS a JSON file of [tenant, user] pairs.
"""

from __future__ import annotations

import json
import os
import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from aiobotocore.session import get_session

from benches.bare_loop import measure


async def lane(client: Any, keys: list[list[str]], open_ns: int, close_ns: int, took_ns: list[int]) -> None:
    """One reader without a pause until `close_ns`."""
    done = time.perf_counter_ns()
    while done < close_ns:
        began = done
        tenant_id, user_id = random.choice(keys)
        answer = await client.get_item(
            TableName="dbverdict_chat",
            Key={"PK": {"S": f"T#{tenant_id}#USER#{user_id}"}, "SK": {"S": "PROFILE"}},
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        done = time.perf_counter_ns()
        if "Item" not in answer:
            raise LookupError("a user is missing")
        if began >= open_ns:
            took_ns.append(done - began)


async def main(keys: list[list[str]]) -> None:
    """All lanes share one client, as its documentation advises."""
    made = get_session().create_client(
        "dynamodb",
        endpoint_url=os.environ["BENCH_URL"],
        region_name="us-east-1",
        aws_access_key_id="dbverdictlocal",
        aws_secret_access_key="not-a-secret",
    )
    async with made as client:
        await measure(partial(lane, client, keys))


if __name__ == "__main__":
    uvloop.run(main(json.loads(Path(os.environ["BENCH_KEYS"]).read_text(encoding="utf-8"))))

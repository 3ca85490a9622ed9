"""The same table and the same calls through boto3: what an application that uses the SDK sees.

One client for the process, as boto3 recommends for threads, with as many pooled connections as lanes (botocore's
default of 10 would show as database latency) and without retries (they hide seconds inside one call).
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError

from targets.catalog import TargetOptions
from targets.dynamodb import LOCAL_CREDENTIALS, LOCAL_REGION, DynamoDbConnection, DynamoDbTarget
from targets.dynamodb_design import Call, SingleTable
from targets.dynamodb_faults import RefusedError, fault
from targets.dynamodb_items import Item
from targets.protocol import Conflict, TimedOut, Unavailable, WrongAnswer
from workloads.dataset import Dataset
from workloads.operations import Operation, Reply

_NO_ENVIRONMENT = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's session variables as (key in the config file, environment variable, default, conversion)."""

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class DynamoDbBoto3Connection:
    """One lane: a thread's use of the shared client."""

    def __init__(self, client: Any, design: SingleTable) -> None:
        self.client = client
        self._design = design

    def execute(self, operation: Operation) -> Reply:
        """Run one operation; raises a `TargetError`, or `SetupError` for what DynamoDB will never accept."""
        conversation = self._design.converse(operation)
        try:
            call = next(conversation)
            while True:
                try:
                    answer = self._call(call)
                except Conflict as conflict:
                    call = conversation.throw(conflict)
                else:
                    call = conversation.send(answer)
        except StopIteration as end:
            reply: Reply = end.value
            return reply

    def close(self) -> None:
        """Nothing to give back: the pool of the shared client keeps the connection."""

    def _call(self, call: Call) -> Item:
        try:
            answer: Item = getattr(self.client, _method(call.action))(**call.body)
        except exceptions.ClientError as error:
            raise _fault(error) from None
        except exceptions.ReadTimeoutError as error:
            raise TimedOut(str(error)) from None
        except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            raise Unavailable(str(error)) from None
        except (exceptions.ChecksumError, ResponseParserError) as error:
            raise WrongAnswer(str(error)) from None
        except exceptions.BotoCoreError as error:
            raise RefusedError(type(error).__name__, str(error)) from None
        return answer


class DynamoDbBoto3Target:
    """The table `<prefix>chat` through boto3; preparing and dropping it is the wire target's work."""

    def __init__(self, options: TargetOptions, aws: bool = False) -> None:
        self._options = options
        self._aws = aws
        self._table = DynamoDbTarget(options, aws)
        self._client: Any = None
        self._making_client = threading.Lock()

    async def prepare(self, dataset: Dataset) -> None:
        """Make the table hold exactly these rows. Raises `SetupError`."""
        await self._table.prepare(dataset)

    async def connect(self) -> DynamoDbConnection:
        """A wire lane to the same table, for checks outside a measurement: boto3 has no asynchronous calls."""
        return await self._table.connect()

    def connect_blocking(self) -> DynamoDbBoto3Connection:
        """A lane through boto3; it connects at its first operation. Raises `SetupError`."""
        with self._making_client:
            if self._client is None:
                self._client = self._make_client()
        return DynamoDbBoto3Connection(self._client, self._table.design)

    async def describe(self) -> Mapping[str, str]:
        """As the wire target says, with boto3's version."""
        driver = f"boto3 {boto3.__version__}, one client, retries off"
        return {**await self._table.describe(), "driver": driver}

    async def drop(self) -> None:
        """Remove our table. Raises `SetupError` for one that is not ours."""
        await self._table.drop()

    def _make_client(self) -> Any:
        limits = Config(
            max_pool_connections=self._options.connections,
            retries={"total_max_attempts": 1},
            connect_timeout=self._options.timeout_s,
            read_timeout=self._options.timeout_s,
        )
        return self._aws_client(limits) if self._aws else _local_client(self._options.url, limits)

    def _aws_client(self, limits: Config) -> Any:
        from targets.aws import aws_session  # only what runs on AWS looks for credentials

        return aws_session(self._options.region).client(
            "dynamodb", endpoint_url=self._options.url or None, config=limits
        )


def _local_client(url: str, limits: Config) -> Any:
    """A client that looks at no profile, no credentials and no proxy of the environment."""
    isolated = botocore.session.Session(session_vars=_NO_ENVIRONMENT)
    session = boto3.Session(
        aws_access_key_id=LOCAL_CREDENTIALS.access_key,
        aws_secret_access_key=LOCAL_CREDENTIALS.secret_key,
        region_name=LOCAL_REGION,
        botocore_session=isolated,
    )
    return session.client("dynamodb", endpoint_url=url, config=limits.merge(Config(proxies={})))


@cache
def _method(action: str) -> str:
    """boto3's name of an action: `GetItem` is `get_item`."""
    return _CAPITAL.sub("_", action).lower()


def _fault(error: exceptions.ClientError) -> Exception:
    detail = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return fault(detail.get("Code", ""), detail.get("Message", ""), status)

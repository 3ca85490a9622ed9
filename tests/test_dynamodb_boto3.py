"""The boto3 driver: one client for all lanes, no retries, and the same errors as the wire driver's."""

from __future__ import annotations

import asyncio

import pytest

from targets.catalog import TargetOptions
from targets.dynamodb_boto3 import DynamoDbBoto3Target
from targets.protocol import SetupError, Throttled, TimedOut, Unavailable
from tests.contract import ACME, ANN, on_uvloop, within
from tests.scripted_server import Step, answers, fails, is_silent, scripted
from workloads.operations import GetUser

pytestmark = pytest.mark.fast

ITEM = {"user_id": {"S": ANN}, "email": {"S": "e"}, "name": {"S": "Ann"}, "role_id": {"S": "r"}}
ONE_USER = {"Item": ITEM, "ConsumedCapacity": {"CapacityUnits": 1.0}}


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (fails("ProvisionedThroughputExceededException"), Throttled),
        (fails("InternalServerError", status=500), Unavailable),
        (fails("ValidationException"), SetupError),
        (is_silent, TimedOut),
    ],
    ids=["throttled", "server error", "refused", "silent"],
)
@on_uvloop
async def test_boto3_reports_a_failure_once_and_does_not_try_again(step: Step, error: type[Exception]) -> None:
    async with scripted(step, answers(ONE_USER)) as server:
        lane = DynamoDbBoto3Target(TargetOptions(server.url, timeout_s=0.3)).connect_blocking()
        with pytest.raises(error):
            await within(20, asyncio.to_thread(lane.execute, GetUser(ACME, ANN)))
        assert len(server.requests) == 1
        lane.close()


def test_boto3s_lanes_share_one_client_with_a_connection_for_each() -> None:
    target = DynamoDbBoto3Target(TargetOptions("http://127.0.0.1:9", connections=24))
    lanes = [target.connect_blocking() for _ in range(24)]
    clients = {id(lane.client) for lane in lanes}
    assert len(clients) == 1
    assert lanes[0].client.meta.config.max_pool_connections == 24

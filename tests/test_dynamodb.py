"""The DynamoDB targets on a real DynamoDB Local: what is ours, what it costs, and what happens at the limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest

from targets.catalog import CATALOG, TargetOptions
from targets.dynamodb import DynamoDbConnection, DynamoDbTarget
from targets.dynamodb_boto3 import DynamoDbBoto3Target
from targets.dynamodb_items import table_definition
from targets.protocol import Conflict, SetupError
from tests.conftest import Servers
from tests.contract import ACME, ANN, BOB, EMPTY, NO_CHAT, TALK, TinyDataset, at, on_uvloop
from tests.scripted_server import answers, fails, scripted
from workloads.dataset import StoredMessage
from workloads.operations import (
    AppendMessage,
    CreateChat,
    DeleteChat,
    GetChat,
    GetUser,
    GetUserByEmail,
    ListChats,
    Message,
    ReadMessages,
    RenameChat,
)

PREFIX = "dbverdict_ddb_"
TABLE = f"{PREFIX}chat"
HELLO = AppendMessage(ACME, ANN, EMPTY, 0, "user", "Hello", at(50))
ITEM = {"user_id": {"S": ANN}, "email": {"S": "e"}, "name": {"S": "Ann"}, "role_id": {"S": "r"}}
ONE_USER = {"Item": ITEM, "ConsumedCapacity": {"CapacityUnits": 1.0}}


class BrokenDataset(TinyDataset):
    """Ends in the middle of its messages with an error."""

    def messages(self) -> Iterator[StoredMessage]:
        yield from list(super().messages())[:2]
        raise OSError("the disk went away")


@pytest.fixture
def options(servers: Servers) -> TargetOptions:
    return TargetOptions(servers.shared("dynamodb-local").server.url, PREFIX)


@pytest.fixture
def outsider(options: TargetOptions) -> Iterator[Any]:
    """A client that is not ours, to look and to meddle; leaves no table behind."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=options.url,
        region_name="us-east-1",
        aws_access_key_id="outsider",
        aws_secret_access_key="x",
    )
    yield client
    if TABLE in client.list_tables()["TableNames"]:
        client.delete_table(TableName=TABLE)
    client.close()


@asynccontextmanager
async def prepared(options: TargetOptions) -> AsyncIterator[DynamoDbConnection]:
    target = DynamoDbTarget(options)
    await target.prepare(TinyDataset())
    connection = await target.connect()
    yield connection
    await connection.close()


def items(outsider: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        item for page in outsider.get_paginator("scan").paginate(TableName=TABLE) for item in page["Items"]
    ]
    return found


def mark(outsider: Any) -> tuple[str, bool]:
    key = {"PK": {"S": "dbverdict"}, "SK": {"S": "mark"}}
    item = outsider.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]
    return item["fingerprint"]["S"], item["dirty"]["BOOL"]


@on_uvloop
async def test_the_table_has_one_index_and_is_billed_on_demand(options: TargetOptions, outsider: Any) -> None:
    target = DynamoDbTarget(options)
    await target.prepare(TinyDataset())
    table = outsider.describe_table(TableName=TABLE)["Table"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (index["IndexName"], index["Projection"]["ProjectionType"]) == ("GSI1", "INCLUDE")
    assert sorted(index["Projection"]["NonKeyAttributes"]) == ["model_id", "title", "updated_at"]
    facts = await target.describe()
    assert facts["billing_mode"] == "PAY_PER_REQUEST"
    assert facts["append"] == "Put then Update, not atomic"
    assert "eventual (GSI1)" in facts["consistency"]


@on_uvloop
async def test_every_row_of_the_dataset_is_loaded_once(options: TargetOptions, outsider: Any) -> None:
    await DynamoDbTarget(options).prepare(TinyDataset())
    data = TinyDataset()
    rows = [*data.roles(), *data.models(), *data.users(), *data.chats(), *data.messages()]
    assert len(items(outsider)) == len(rows) + 1  # the mark


@on_uvloop
async def test_the_mark_tells_clean_data_from_those_a_run_may_write(options: TargetOptions, outsider: Any) -> None:
    target = DynamoDbTarget(options)
    await target.prepare(TinyDataset(will_be_written=False))
    assert mark(outsider) == ("contract", False)
    await target.prepare(TinyDataset(will_be_written=True))
    assert mark(outsider) == ("contract", True)


@on_uvloop
async def test_clean_data_are_not_loaded_again(options: TargetOptions, outsider: Any) -> None:
    target = DynamoDbTarget(options)
    await target.prepare(TinyDataset(will_be_written=False))
    made = outsider.describe_table(TableName=TABLE)["Table"]["CreationDateTime"]
    await target.prepare(TinyDataset(will_be_written=False))
    assert outsider.describe_table(TableName=TABLE)["Table"]["CreationDateTime"] == made
    await target.prepare(TinyDataset(fingerprint="another"))
    assert outsider.describe_table(TableName=TABLE)["Table"]["CreationDateTime"] != made


@on_uvloop
async def test_a_load_that_was_broken_off_is_done_again(options: TargetOptions, outsider: Any) -> None:
    target = DynamoDbTarget(options)
    with pytest.raises(OSError, match="the disk went away"):
        await target.prepare(BrokenDataset(will_be_written=False))
    assert mark(outsider) == ("", True)
    await target.prepare(TinyDataset(will_be_written=False))
    assert mark(outsider) == ("contract", False)


OTHER_KEYS = {
    "TableName": TABLE,
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


@pytest.mark.parametrize("definition", [table_definition(TABLE), OTHER_KEYS], ids=["our keys", "other keys"])
@on_uvloop
async def test_a_table_of_our_name_without_our_mark_is_left_alone(
    options: TargetOptions, outsider: Any, definition: dict[str, Any]
) -> None:
    if TABLE in outsider.list_tables()["TableNames"]:
        outsider.delete_table(TableName=TABLE)
    made = outsider.create_table(**definition)["TableDescription"]["CreationDateTime"]
    target = DynamoDbTarget(options)
    with pytest.raises(SetupError, match="was not made by dbverdict and is left alone"):
        await target.prepare(TinyDataset())
    with pytest.raises(SetupError, match="was not made by dbverdict and is left alone"):
        await target.drop()
    assert outsider.describe_table(TableName=TABLE)["Table"]["CreationDateTime"] == made


@on_uvloop
async def test_drop_leaves_other_tables_alone(options: TargetOptions, outsider: Any) -> None:
    other = replace(options, prefix="dbverdict_ddb_other_")
    await DynamoDbTarget(other).prepare(TinyDataset())
    async with prepared(options):
        await DynamoDbTarget(options).drop()
    names = outsider.list_tables()["TableNames"]
    assert TABLE not in names
    assert "dbverdict_ddb_other_chat" in names
    await DynamoDbTarget(other).drop()


@on_uvloop
async def test_units_are_those_of_the_table_and_its_index_together(options: TargetOptions, outsider: Any) -> None:
    """Worked out by hand: 1 KB a write unit, 4 KB a strong read unit, half of it for an eventual one."""
    async with prepared(options) as connection:
        took = {
            type(operation).__name__: (await connection.execute(operation))[1:]
            for operation in (
                GetUser(ACME, BOB),
                GetUserByEmail(ACME, "bob@example.com"),  # 0.5 for the index, 1 for the row
                ListChats(ACME, BOB),
                CreateChat(ACME, BOB, NO_CHAT, "t", "m", at(1)),  # 1 for the row, 1 for the index
                HELLO,  # 1 for the message; 1 for the chat and 2 for moving it in the index
                RenameChat(ACME, BOB, NO_CHAT, "u"),  # 1 for the row, 1 for the index
                DeleteChat(ACME, ANN, EMPTY),  # 2 for chat and index, 1 to find one message, 1 to delete it
            )
        }
    assert took == {
        "GetUser": (1.0, 0.0),
        "GetUserByEmail": (1.5, 0.0),
        "ListChats": (0.0, 0.0),  # DynamoDB Local's; AWS charges at least 0.5
        "CreateChat": (0.0, 2.0),
        "AppendMessage": (0.0, 4.0),
        "RenameChat": (0.0, 2.0),
        "DeleteChat": (1.0, 3.0),
    }


@on_uvloop
async def test_an_append_to_a_missing_chat_leaves_nothing_behind(options: TargetOptions, outsider: Any) -> None:
    async with prepared(options) as connection:
        before = len(items(outsider))
        assert (await connection.execute(replace(HELLO, chat_id=NO_CHAT))).value is None
        assert len(items(outsider)) == before


@on_uvloop
async def test_a_taken_position_in_anothers_chat_is_not_ones_business(options: TargetOptions, outsider: Any) -> None:
    async with prepared(options) as connection:
        intruder = replace(HELLO, user_id=BOB, chat_id=TALK)
        assert (await connection.execute(intruder)).value is None
        with pytest.raises(Conflict):
            await connection.execute(replace(intruder, user_id=ANN))


@on_uvloop
async def test_a_chat_of_more_than_a_megabyte_is_read_and_deleted_whole(options: TargetOptions, outsider: Any) -> None:
    async with prepared(options) as connection:
        before = len(items(outsider))
        texts = [f"{number:03d}" + "x" * 20_000 for number in range(120)]  # 2.4 MB, three pages
        for position, text in enumerate(texts):
            await connection.execute(replace(HELLO, position=position, content=text))
        expected = tuple(Message(position, "user", text) for position, text in enumerate(texts))
        everything = await connection.execute(ReadMessages(ACME, EMPTY))
        assert everything.value == expected
        assert everything.read_units > 580  # 2.4 MB in units of 4 KB
        assert (await connection.execute(ReadMessages(ACME, EMPTY, last=100))).value == expected[20:]
        assert (await connection.execute(ReadMessages(ACME, EMPTY, last=3))).value == expected[117:]
        assert (await connection.execute(DeleteChat(ACME, ANN, EMPTY))).value is True
        assert len(items(outsider)) == before - 1  # its row is gone too


@pytest.mark.parametrize("name", ["dynamodb-local", "dynamodb-local-boto3"])
@on_uvloop
async def test_an_item_over_400_kb_stops_the_run_with_one_line(
    options: TargetOptions, outsider: Any, name: str
) -> None:
    async with prepared(options) as wire:
        huge = replace(HELLO, content="x" * 410_000)
        boto = DynamoDbBoto3Target(options).connect_blocking()
        with pytest.raises(SetupError, match="ValidationException: Item size has exceeded") as refused:
            await (wire.execute(huge) if name == "dynamodb-local" else asyncio.to_thread(boto.execute, huge))
        assert "\n" not in str(refused.value)


@on_uvloop
async def test_a_table_that_vanishes_stops_the_run_with_one_line(options: TargetOptions, outsider: Any) -> None:
    async with prepared(options) as connection:
        outsider.delete_table(TableName=TABLE)
        with pytest.raises(SetupError, match="ResourceNotFoundException"):
            await connection.execute(GetChat(ACME, ANN, TALK))


@pytest.mark.fast
@on_uvloop
async def test_loading_sends_throttled_and_unprocessed_items_again() -> None:
    missing = fails("ResourceNotFoundException")
    active = answers({"Table": {"TableStatus": "ACTIVE"}})
    table = f"{PREFIX}chat"
    left = {"UnprocessedItems": {table: [{"PutRequest": {"Item": {"PK": {"S": "left"}}}}]}}
    done = answers({"UnprocessedItems": {}})
    throttled = fails("ProvisionedThroughputExceededException")
    first_batch = (throttled, answers(left), done)
    script = (missing, answers({}), active, answers({}), *first_batch, done, answers({}))
    async with scripted(*script) as server:
        await DynamoDbTarget(TargetOptions(server.url, PREFIX, connections=1)).prepare(TinyDataset())
    actions = [request.headers["x-amz-target"].partition(".")[2] for request in server.requests]
    assert actions == ["DescribeTable", "CreateTable", "DescribeTable", "PutItem", *["BatchWriteItem"] * 4, "PutItem"]
    batches = [request.body["RequestItems"][table] for request in server.requests[4:8]]
    assert batches[0] == batches[1]
    assert batches[2] == left["UnprocessedItems"][table]
    assert [len(batch) for batch in batches] == [25, 25, 1, 19]


HOSTILE = {
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real-token",
    "AWS_PROFILE": "a-profile-that-is-nowhere",
    "AWS_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


@pytest.mark.fast
@pytest.mark.parametrize("name", ["dynamodb-local", "dynamodb-local-boto3"])
@on_uvloop
async def test_dynamodb_local_is_never_shown_the_environments_credentials(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable, value in HOSTILE.items():
        monkeypatch.setenv(variable, value)
    async with scripted(answers(ONE_USER)) as server:
        options = TargetOptions(server.url)
        if name == "dynamodb-local":
            wire = await DynamoDbTarget(options).connect()
            reply = await wire.execute(GetUser(ACME, ANN))
            await wire.close()
        else:
            reply = await asyncio.to_thread(DynamoDbBoto3Target(options).connect_blocking().execute, GetUser(ACME, ANN))
    assert reply.read_units == 1.0
    headers = server.requests[0].headers
    assert "Credential=dbverdictlocal/" in headers["authorization"]
    assert "/us-east-1/dynamodb/aws4_request" in headers["authorization"]
    assert "x-amz-security-token" not in headers


@pytest.mark.fast
@pytest.mark.parametrize("name", ["dynamodb", "dynamodb-boto3"])
def test_aws_is_refused_without_allow_aws(name: str) -> None:
    with pytest.raises(SetupError, match="runs only with --allow-aws"):
        CATALOG[name].make(TargetOptions())


@pytest.mark.fast
@pytest.mark.parametrize("name", ["dynamodb-local", "dynamodb-local-boto3"])
def test_dynamodb_local_without_an_address_is_refused(name: str) -> None:
    with pytest.raises(SetupError, match="give --url http://HOST:PORT"):
        CATALOG[name].make(TargetOptions())

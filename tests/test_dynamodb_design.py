"""Design D1 on paper: the calls of each operation, and what their answers come to. No server is needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from targets.dynamodb_design import Call, SingleTable
from targets.dynamodb_items import chat_item, instant, message_item, model_item, role_item, user_item
from targets.protocol import Conflict, Throttled, WrongAnswer
from tests.contract import ACME, ADMIN, ANN, GLOBEX, TALK, at
from workloads.dataset import StoredModel, StoredRole
from workloads.operations import (
    AppendMessage,
    ChatSummary,
    CreateChat,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    GetUserByEmail,
    ListChats,
    ListModels,
    Message,
    Model,
    Operation,
    ReadMessages,
    RenameChat,
    Reply,
    Role,
    User,
)

pytestmark = pytest.mark.fast

DESIGN = SingleTable("dbverdict_chat")
ONE_UNIT = {"ConsumedCapacity": {"TableName": "dbverdict_chat", "CapacityUnits": 1.0}}
UNDATED_CHAT = {**chat_item(ACME, ANN, ChatSummary("c", "t", "m", at(0))), "updated_at": {"S": "soon"}}
HELLO = AppendMessage(ACME, ANN, TALK, 7, "user", "Hello", at(50))
EVERY_OPERATION: tuple[Operation, ...] = (
    GetUser(ACME, ANN),
    GetUserByEmail(ACME, "ann@example.com"),
    GetRole(ACME, ADMIN),
    ListModels(ACME),
    ListChats(ACME, ANN),
    GetChat(ACME, ANN, TALK),
    ReadMessages(ACME, TALK),
    HELLO,
    CreateChat(ACME, ANN, TALK, "t", "m", at(0)),
    RenameChat(ACME, ANN, TALK, "t"),
    DeleteChat(ACME, ANN, TALK),
)


def talk(operation: Operation, answers: Iterable[dict[str, Any] | Conflict]) -> tuple[list[Call], Reply]:
    """Hold the conversation with these answers: the calls that were made, and the Reply."""
    conversation = DESIGN.converse(operation)
    calls = [next(conversation)]
    try:
        for answer in answers:
            step = conversation.throw(answer) if isinstance(answer, Conflict) else conversation.send(answer)
            calls.append(step)
    except StopIteration as end:
        return calls, end.value
    raise AssertionError(f"the conversation goes on with {calls[-1]}")


def stored(position: int, content: str = "Hello") -> dict[str, Any]:
    return message_item(ACME, TALK, Message(position, "user", content), at(0))


@pytest.mark.parametrize("operation", EVERY_OPERATION, ids=lambda operation: type(operation).__name__)
def test_every_call_asks_for_consumed_capacity_and_reads_the_table_consistently(operation: Operation) -> None:
    call = next(DESIGN.converse(operation))
    assert call.body["ReturnConsumedCapacity"] == "TOTAL"
    reads_table = call.action in ("GetItem", "Query") and "IndexName" not in call.body
    assert call.body.get("ConsistentRead", False) is reads_table


@pytest.mark.parametrize("operation", EVERY_OPERATION, ids=lambda operation: type(operation).__name__)
def test_the_tenant_is_in_every_key(operation: Operation) -> None:
    assert f"T#{ACME}#" in orjson.dumps(next(DESIGN.converse(operation)).body).decode()
    assert f"T#{GLOBEX}#" not in orjson.dumps(next(DESIGN.converse(operation)).body).decode()


def test_pages_are_read_to_the_last_and_their_units_added() -> None:
    key = {"PK": {"S": "p"}, "SK": {"S": "s"}}
    first = {"Items": [stored(0), stored(1)], "LastEvaluatedKey": key, **ONE_UNIT}
    calls, reply = talk(ReadMessages(ACME, TALK), [first, {"Items": [stored(2)], **ONE_UNIT}])
    assert [call.body.get("ExclusiveStartKey") for call in calls] == [None, key]
    assert reply == Reply(tuple(Message(n, "user", "Hello") for n in range(3)), 2.0, 0.0)


def test_the_last_messages_are_read_backwards_page_by_page_until_there_are_enough() -> None:
    key = {"PK": {"S": "p"}, "SK": {"S": "s"}}
    first = {"Items": [stored(9), stored(8)], "LastEvaluatedKey": key, **ONE_UNIT}
    second = {"Items": [stored(7)], "LastEvaluatedKey": key, **ONE_UNIT}
    calls, reply = talk(ReadMessages(ACME, TALK, last=3), [first, second])
    assert [call.body["Limit"] for call in calls] == [3, 1]
    assert not calls[0].body["ScanIndexForward"]
    assert reply == Reply(tuple(Message(n, "user", "Hello") for n in (7, 8, 9)), 2.0, 0.0)


def test_the_last_zero_messages_need_no_call() -> None:
    with pytest.raises(StopIteration) as end:
        next(DESIGN.converse(ReadMessages(ACME, TALK, last=0)))
    assert end.value.value == Reply(())


def test_an_append_is_a_put_and_an_update_and_costs_both() -> None:
    calls, reply = talk(HELLO, [ONE_UNIT, {"ConsumedCapacity": {"CapacityUnits": 3.0}}])
    assert [call.action for call in calls] == ["PutItem", "UpdateItem"]
    assert calls[0].body["ConditionExpression"] == "attribute_not_exists(PK)"
    assert calls[0].body["Item"]["SK"] == {"S": "MSG#0000000007"}
    assert calls[1].body["ConditionExpression"] == "attribute_exists(PK)"
    assert reply == Reply(True, 0.0, 4.0)


def test_an_append_to_a_missing_chat_takes_its_message_back() -> None:
    calls, reply = talk(HELLO, [ONE_UNIT, Conflict(), ONE_UNIT])
    assert [call.action for call in calls] == ["PutItem", "UpdateItem", "DeleteItem"]
    assert calls[2].body["Key"] == {name: calls[0].body["Item"][name] for name in ("PK", "SK")}
    assert reply == Reply(None, 0.0, 2.0)


def test_a_taken_position_is_a_conflict_in_ones_own_chat() -> None:
    conversation = DESIGN.converse(HELLO)
    next(conversation)
    assert conversation.throw(Conflict()).action == "GetItem"
    with pytest.raises(Conflict, match="MSG#0000000007"):
        conversation.send({"Item": {}, **ONE_UNIT})


def test_a_taken_position_in_anothers_chat_finds_nothing() -> None:
    assert talk(HELLO, [Conflict(), ONE_UNIT])[1] == Reply(None, 1.0, 0.0)


def test_a_chat_that_is_not_there_is_deleted_in_one_call() -> None:
    calls, reply = talk(DeleteChat(ACME, ANN, TALK), [ONE_UNIT])
    assert calls[0].body["ReturnValues"] == "ALL_OLD"
    assert reply == Reply(None, 0.0, 1.0)


def test_a_deletion_sends_what_was_left_unprocessed_again() -> None:
    keys = [{"PK": {"S": "p"}, "SK": {"S": f"MSG#{n:010d}"}} for n in range(30)]
    left = {"dbverdict_chat": [{"DeleteRequest": {"Key": keys[3]}}]}
    done = {"UnprocessedItems": {}, "ConsumedCapacity": [{"CapacityUnits": 5.0}]}
    partly = {"UnprocessedItems": left, "ConsumedCapacity": [{"CapacityUnits": 24.0}]}
    row = {"Attributes": {"PK": {"S": "p"}}, **ONE_UNIT}
    calls, reply = talk(DeleteChat(ACME, ANN, TALK), [row, {"Items": keys, **ONE_UNIT}, partly, done, done])
    sent = [call.body["RequestItems"]["dbverdict_chat"] for call in calls[2:]]
    assert [len(requests) for requests in sent] == [25, 1, 5]
    assert sent[1] == left["dbverdict_chat"]
    assert reply == Reply(True, 1.0, 1.0 + 24.0 + 5.0 + 5.0)


def test_a_deletion_that_is_never_processed_is_throttled() -> None:
    left: dict[str, Any] = {"dbverdict_chat": [{"DeleteRequest": {"Key": {}}}]}
    nothing = {"UnprocessedItems": left, "ConsumedCapacity": []}
    row = {"Attributes": {"PK": {"S": "p"}}, **ONE_UNIT}
    with pytest.raises(Throttled, match="8 times"):
        talk(DeleteChat(ACME, ANN, TALK), [row, {"Items": [{}], **ONE_UNIT}, *[nothing] * 9])


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        (GetUser(ACME, ANN), {"Item": {"PK": {"S": "p"}}, **ONE_UNIT}),
        (GetUser(ACME, ANN), {}),
        (GetChat(ACME, ANN, TALK), {"Item": UNDATED_CHAT, **ONE_UNIT}),
        (ReadMessages(ACME, TALK), {"Count": 0, **ONE_UNIT}),
    ],
)
def test_an_answer_without_what_was_stored_is_a_wrong_answer(operation: Operation, answer: dict[str, Any]) -> None:
    with pytest.raises(WrongAnswer):
        talk(operation, [answer])


def test_times_are_stored_so_that_their_text_sorts_as_they_do() -> None:
    times = [at(0), at(0).replace(microsecond=0), at(1), at(60 * 24 * 400)]
    assert sorted(map(instant, times)) == [instant(time) for time in sorted(times)]
    assert instant(at(0)) == "2025-03-01T12:00:00.000250+00:00"


def size_bytes(item: dict[str, Any]) -> int:
    """Roughly as DynamoDB counts it: attribute names and their values, without the JSON around them."""
    return sum(len(name) + len(orjson.dumps(next(iter(value.values())))) for name, value in item.items())


@pytest.mark.parametrize(
    ("item", "least", "most"),
    [
        (user_item(User(ACME, ANN, "ann.example@example.com", "Ann Example", ADMIN)), 300, 650),
        (role_item(StoredRole(ACME, Role(ADMIN, "admin", '{"read":["chats","users"]}'))), 180, 2_000),
        (model_item(StoredModel(ACME, Model("model-large-2", "provider"))), 500, 1_500),
        (chat_item(ACME, ANN, ChatSummary(TALK, "A title of a few words", "model-large-2", at(0))), 300, 550),
        (stored(12, ""), 200, 350),
    ],
    ids=["user", "role", "model", "chat", "message without its content"],
)
def test_items_have_the_sizes_of_real_ones(item: dict[str, Any], least: int, most: int) -> None:
    """WORKLOAD section 3.1 gives the ranges."""
    assert least <= size_bytes(item) <= most

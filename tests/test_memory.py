"""The reference itself, and the floor beside it, checked against values written by hand."""

from __future__ import annotations

import pytest

from targets.catalog import TargetOptions
from targets.memory import MemoryConnection, MemoryTarget
from targets.null import NullTarget
from targets.protocol import Conflict
from tests.contract import (
    ACME,
    ANN,
    BOB,
    CHATS,
    EMPTY,
    LONG,
    NEW_CHAT,
    NO_CHAT,
    SCRIPT,
    TALK,
    TinyDataset,
    answer,
    at,
    on_uvloop,
)
from workloads.operations import (
    NAMES,
    AppendMessage,
    ChatSummary,
    CreateChat,
    DeleteChat,
    GetChat,
    GetUser,
    ListChats,
    ListModels,
    Message,
    Model,
    ReadMessages,
    RenameChat,
    User,
    Value,
)


async def _reference() -> MemoryConnection:
    target = MemoryTarget(TargetOptions())
    await target.prepare(TinyDataset())
    return await target.connect()


async def _ids(connection: MemoryConnection) -> list[str]:
    chats: Value = (await connection.execute(ListChats(ACME, ANN))).value
    assert isinstance(chats, tuple)
    return [chat.chat_id for chat in chats if isinstance(chat, ChatSummary)]


@on_uvloop
async def test_reads_answer_the_rows_that_were_loaded() -> None:
    connection = await _reference()
    assert await answer(connection, GetUser(ACME, BOB)) == User(
        ACME, BOB, "bob@example.com", "Bóbita 東", "00000012-0000-4000-8000-000000000000"
    )
    assert await answer(connection, ListModels(ACME)) == (
        Model("Model-a", "provider-1"),
        Model("model-a", "provider-1"),
        Model("model-b", "provider-2"),
    )
    assert await answer(connection, ReadMessages(ACME, TALK, 2)) == (
        Message(4, "user", "'; DROP --"),
        Message(5, "assistant", "No."),
    )
    long = await answer(connection, ReadMessages(ACME, LONG))
    assert isinstance(long, tuple)
    assert [len(message.content) for message in long if isinstance(message, Message)] == [3000]


@on_uvloop
async def test_the_sidebar_holds_the_newest_twenty() -> None:
    connection = await _reference()
    assert await _ids(connection) == list(CHATS[:4:-1])


@on_uvloop
async def test_an_append_stores_the_message_and_moves_the_chat_to_the_top() -> None:
    connection = await _reference()
    assert await answer(connection, AppendMessage(ACME, ANN, EMPTY, 0, "user", "Hi", at(60))) is True
    assert await answer(connection, ReadMessages(ACME, EMPTY)) == (Message(0, "user", "Hi"),)
    assert await answer(connection, GetChat(ACME, ANN, EMPTY)) == ChatSummary(EMPTY, "Chat 1", "model-a", at(60))
    assert (await _ids(connection))[0] == EMPTY


@on_uvloop
async def test_a_taken_position_or_id_is_a_conflict_that_changes_nothing() -> None:
    connection = await _reference()
    with pytest.raises(Conflict):
        await connection.execute(AppendMessage(ACME, ANN, LONG, 0, "user", "Hi", at(60)))
    with pytest.raises(Conflict):
        await connection.execute(CreateChat(ACME, BOB, LONG, "Mine", "model-a", at(60)))
    assert await answer(connection, GetChat(ACME, ANN, LONG)) == ChatSummary(LONG, "Chat 2", "model-a", at(2))
    assert await answer(connection, GetChat(ACME, BOB, LONG)) is None


@on_uvloop
async def test_renaming_keeps_the_time_and_deleting_takes_the_messages() -> None:
    connection = await _reference()
    assert await answer(connection, RenameChat(ACME, ANN, TALK, "Talk")) is True
    assert await answer(connection, GetChat(ACME, ANN, TALK)) == ChatSummary(TALK, "Talk", "model-a", at(0))
    assert await answer(connection, DeleteChat(ACME, ANN, TALK)) is True
    assert await answer(connection, ReadMessages(ACME, TALK)) == ()
    assert await answer(connection, GetChat(ACME, ANN, TALK)) is None


@on_uvloop
async def test_what_is_missing_is_none() -> None:
    connection = await _reference()
    assert await answer(connection, AppendMessage(ACME, ANN, NO_CHAT, 0, "user", "Hi", at(60))) is None
    assert await answer(connection, RenameChat(ACME, BOB, TALK, "Mine")) is None
    assert await answer(connection, DeleteChat(ACME, BOB, TALK)) is None
    assert await answer(connection, GetChat(ACME, ANN, NEW_CHAT)) is None


@on_uvloop
async def test_null_answers_each_operation_with_a_value_of_the_shape_memory_gives() -> None:
    null, memory = await NullTarget(TargetOptions()).connect(), await _reference()
    shapes: dict[str, type] = {}
    for _, operation in SCRIPT:
        expected = await answer(memory, operation)
        if expected is not None and expected is not Conflict:
            canned = await answer(null, operation)
            assert type(canned) is type(expected)
            assert canned != ()
            shapes[NAMES[type(operation)]] = type(canned)
    assert set(shapes) == set(NAMES.values())

"""The contract every target keeps: a tiny dataset, a script of operations, and what `memory` answers to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import uvloop

from targets.catalog import Design, TargetOptions
from targets.memory import MemoryTarget
from targets.protocol import BlockingConnection, BlockingTarget, Conflict, Connection, Target
from workloads.dataset import StoredChat, StoredMessage, StoredModel, StoredRole
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
    Role,
    User,
    Value,
)

START = datetime(2025, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
PREFIX = "dbverdict_test_"


def an_id(number: int) -> str:
    """A UUID that is easy to read in a failing test."""
    return f"{number:08d}-0000-4000-8000-000000000000"


def at(minute: int) -> datetime:
    """An instant so many minutes after the start of the tests' history."""
    return START + timedelta(minutes=minute)


ACME, GLOBEX, NOWHERE = an_id(1), an_id(2), an_id(3)
ADMIN, MEMBER, OUTSIDER = an_id(11), an_id(12), an_id(13)
ANN, BOB, CAT, NOBODY = an_id(21), an_id(22), an_id(23), an_id(24)
CHATS = tuple(an_id(100 + number) for number in range(25))  # Ann's, oldest first
TALK, EMPTY, LONG = CHATS[0], CHATS[1], CHATS[2]
CATS_CHAT, NEW_CHAT, NO_CHAT = an_id(200), an_id(201), an_id(202)

_TALK = ("Hallo 👋, wie geht es?", "Très bien — et toi ?", "日本語で。", "かしこまりました", "'; DROP --", "No.")


class TinyDataset:
    """Two tenants, three users, 26 chats: one of them empty, one with a message of 3,000 characters."""

    def __init__(self, will_be_written: bool = True, fingerprint: str = "contract") -> None:
        self._will_be_written = will_be_written
        self._fingerprint = fingerprint

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def will_be_written(self) -> bool:
        return self._will_be_written

    def roles(self) -> Iterator[StoredRole]:
        yield StoredRole(ACME, Role(ADMIN, "admin", '{"write":  true, "read": ["chats","users"], "a": null}'))
        yield StoredRole(ACME, Role(MEMBER, "member", "{}"))
        yield StoredRole(GLOBEX, Role(OUTSIDER, "member", '{"read":["chats"]}'))

    def models(self) -> Iterator[StoredModel]:
        yield StoredModel(ACME, Model("model-b", "provider-2"))
        yield StoredModel(ACME, Model("Model-a", "provider-1"))
        yield StoredModel(ACME, Model("model-a", "provider-1"))
        yield StoredModel(GLOBEX, Model("model-a", "provider-3"))

    def users(self) -> Iterator[User]:
        yield User(ACME, ANN, "ann@example.com", "Ann", ADMIN)
        yield User(ACME, BOB, "bob@example.com", "Bóbita 東", MEMBER)
        yield User(GLOBEX, CAT, "cat@example.com", "Cat", OUTSIDER)

    def chats(self) -> Iterator[StoredChat]:
        counts = {TALK: len(_TALK), LONG: 1}
        for number, chat_id in enumerate(CHATS):
            summary = ChatSummary(chat_id, f"Chat {number}", "model-a", at(number))
            yield StoredChat(ACME, ANN, summary, counts.get(chat_id, 0))
        yield StoredChat(GLOBEX, CAT, ChatSummary(CATS_CHAT, "Naps", "model-a", at(0)), 1)

    def messages(self) -> Iterator[StoredMessage]:
        for position, content in enumerate(_TALK):
            role = "assistant" if position % 2 else "user"
            yield StoredMessage(ACME, TALK, Message(position, role, content), at(0))
        yield StoredMessage(ACME, LONG, Message(0, "user", "All work and no play. " * 136 + "End 8888"), at(2))
        yield StoredMessage(GLOBEX, CATS_CHAT, Message(0, "user", "Purr"), at(0))


def _append(chat_id: str, position: int, content: str, minute: int) -> AppendMessage:
    return AppendMessage(ACME, ANN, chat_id, position, "user", content, at(minute))


SCRIPT: tuple[tuple[str, Operation], ...] = (
    ("a user is found by id", GetUser(ACME, ANN)),
    ("a name keeps its characters", GetUser(ACME, BOB)),
    ("an unknown user is missing", GetUser(ACME, NOBODY)),
    ("a user of another tenant is missing", GetUser(GLOBEX, ANN)),
    ("an id that is no UUID is missing", GetUser(ACME, "ann")),
    ("a user is found by e-mail", GetUserByEmail(ACME, "bob@example.com")),
    ("an unknown address is missing", GetUserByEmail(ACME, "eve@example.com")),
    ("an address of another tenant is missing", GetUserByEmail(ACME, "cat@example.com")),
    ("a role keeps its text", GetRole(ACME, ADMIN)),
    ("a role of another tenant is missing", GetRole(GLOBEX, ADMIN)),
    ("models come by id", ListModels(ACME)),
    ("an unknown tenant has no models", ListModels(NOWHERE)),
    ("the sidebar shows the newest 20 of 25", ListChats(ACME, ANN)),
    ("a user without chats has an empty sidebar", ListChats(ACME, BOB)),
    ("a chat is found", GetChat(ACME, ANN, TALK)),
    ("a chat is its owner's alone", GetChat(ACME, BOB, TALK)),
    ("an unknown chat is missing", GetChat(ACME, ANN, NO_CHAT)),
    ("all messages come oldest first", ReadMessages(ACME, TALK)),
    ("the last three come oldest first", ReadMessages(ACME, TALK, 3)),
    ("the last hundred of six are six", ReadMessages(ACME, TALK, 100)),
    ("a long message comes whole", ReadMessages(ACME, LONG)),
    ("an empty chat has no messages", ReadMessages(ACME, EMPTY)),
    ("an unknown chat has no messages", ReadMessages(ACME, NO_CHAT)),
    ("a chat read as another tenant's has no messages", ReadMessages(GLOBEX, TALK)),
    ("the first message of an empty chat", _append(EMPTY, 0, "Grüße 👩‍👩‍👧", 100)),
    ("is read", ReadMessages(ACME, EMPTY)),
    ("updates its chat", GetChat(ACME, ANN, EMPTY)),
    ("moves it to the top of the sidebar", ListChats(ACME, ANN)),
    ("the same position again is a conflict", _append(EMPTY, 0, "again", 101)),
    ("that leaves the message alone", ReadMessages(ACME, EMPTY)),
    ("and leaves the chat alone", GetChat(ACME, ANN, EMPTY)),
    ("a long message is appended", _append(EMPTY, 1, "0123456789" * 300, 102)),
    ("and read as the last", ReadMessages(ACME, EMPTY, 1)),
    ("appending to an unknown chat finds nothing", _append(NO_CHAT, 0, "hello?", 103)),
    ("a chat is created", CreateChat(ACME, ANN, NEW_CHAT, "New", "model-b", at(104))),
    ("it is there", GetChat(ACME, ANN, NEW_CHAT)),
    ("it is empty", ReadMessages(ACME, NEW_CHAT)),
    ("it tops the sidebar", ListChats(ACME, ANN)),
    ("creating it again is a conflict", CreateChat(ACME, ANN, NEW_CHAT, "Newer", "model-a", at(105))),
    ("that leaves it alone", GetChat(ACME, ANN, NEW_CHAT)),
    ("a chat is renamed", RenameChat(ACME, ANN, TALK, "Smalltalk ☕")),
    ("its time stays as it was", GetChat(ACME, ANN, TALK)),
    ("renaming another's chat finds nothing", RenameChat(ACME, BOB, TALK, "Bob's")),
    ("deleting another's chat finds nothing", DeleteChat(ACME, BOB, TALK)),
    ("and leaves its row", GetChat(ACME, ANN, TALK)),
    ("and its messages", ReadMessages(ACME, TALK)),
    ("renaming an unknown chat finds nothing", RenameChat(ACME, ANN, NO_CHAT, "x")),
    ("deleting an unknown chat finds nothing", DeleteChat(ACME, ANN, NO_CHAT)),
    ("a chat is deleted", DeleteChat(ACME, ANN, EMPTY)),
    ("its row is gone", GetChat(ACME, ANN, EMPTY)),
    ("its messages are gone", ReadMessages(ACME, EMPTY)),
    ("its line in the sidebar is gone", ListChats(ACME, ANN)),
    ("deleting it again finds nothing", DeleteChat(ACME, ANN, EMPTY)),
    ("its id may be used again", CreateChat(ACME, ANN, EMPTY, "Reborn", "model-a", at(106))),
    ("with its first position free", _append(EMPTY, 0, "back", 107)),
    ("and only the new message", ReadMessages(ACME, EMPTY)),
    ("another tenant's chat stood aside", ReadMessages(GLOBEX, CATS_CHAT)),
)
"""Sentence and operation, run in order on freshly prepared data."""

Answer = Value | type[Conflict]


class ThreadedConnection:
    """A blocking lane as an asyncio one, for these tests only; lane processes do it otherwise."""

    def __init__(self, lane: BlockingConnection) -> None:
        self._lane = lane

    async def execute(self, operation: Operation) -> Any:
        return await asyncio.to_thread(self._lane.execute, operation)

    async def close(self) -> None:
        await asyncio.to_thread(self._lane.close)

    def abort(self) -> None:
        self._lane.close()


async def open_connection(design: Design, target: Target) -> Connection:
    """A lane to the target, whatever kind its driver is."""
    connection = await _connect(design, target)
    _OPENED.append(connection)
    return connection


async def _connect(design: Design, target: Target) -> Connection:
    if design.blocking:
        return ThreadedConnection(await asyncio.to_thread(cast(BlockingTarget, target).connect_blocking))
    return await target.connect()


async def answer(connection: Connection, operation: Operation) -> Answer:
    """The value that came back, or `Conflict`."""
    try:
        return (await connection.execute(operation)).value
    except Conflict:
        return Conflict


async def settled_answer(design: Design, connection: Connection, operation: Operation, expected: Answer) -> Answer:
    """The answer; where it comes from an index that follows its table, ask until it has, for at most 5 s."""
    got = await answer(connection, operation)
    if design.driver in ("wire", "boto3") and isinstance(operation, ListChats | GetUserByEmail):
        end = asyncio.get_running_loop().time() + 5
        while got != expected and asyncio.get_running_loop().time() < end:
            got = await answer(connection, operation)
    return got


async def memory_answers() -> list[Answer]:
    """What the reference answers to the script."""
    target = MemoryTarget(TargetOptions())
    await target.prepare(TinyDataset())
    connection = await target.connect()
    return [await answer(connection, operation) for _, operation in SCRIPT]


P = ParamSpec("P")
R = TypeVar("R")

_OPENED: list[Connection] = []


def on_uvloop(test: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """Run an async test on the event loop the engine uses; what a failed test left open is broken off."""

    async def tidily(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await test(*args, **kwargs)
        finally:
            while _OPENED:
                _OPENED.pop().abort()

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(tidily(*args, **kwargs))

    return run


async def within(seconds: float, work: Awaitable[R]) -> R:
    """A guard against hanging: fails the test when the work does not end."""
    async with asyncio.timeout(seconds):
        return await work

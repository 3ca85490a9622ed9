"""Every target of the catalog that can run here answers as `memory` does, on a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from targets.catalog import Design, TargetOptions
from targets.memory import MemoryTarget
from targets.protocol import Conflict, Connection, SetupError, Target, TargetError, Unavailable
from targets.server import RunningServer, ServerKind
from tests.conftest import Servers
from tests.contract import (
    ACME,
    ANN,
    EMPTY,
    PREFIX,
    SCRIPT,
    TALK,
    TinyDataset,
    answer,
    at,
    memory_answers,
    on_uvloop,
    open_connection,
    settled_answer,
    within,
)
from workloads.operations import (
    AppendMessage,
    CreateChat,
    DeleteChat,
    GetChat,
    GetUser,
    ListChats,
    Operation,
    ReadMessages,
    RenameChat,
)

OwnServer = Callable[[ServerKind], RunningServer]
HELLO = AppendMessage(ACME, ANN, EMPTY, 0, "user", "Hello", at(50))


async def _prepared(design: Design, options: TargetOptions, *, read_only: bool = False) -> tuple[Target, Connection]:
    target = design.make(options)
    await target.prepare(TinyDataset(will_be_written=not read_only))
    return target, await open_connection(design, target)


@on_uvloop
async def test_every_operation_answers_as_memory_does(design: Design, options: TargetOptions) -> None:
    _, connection = await _prepared(design, options)
    for (sentence, operation), expected in zip(SCRIPT, await memory_answers(), strict=True):
        assert await settled_answer(design, connection, operation, expected) == expected, sentence
    await connection.close()


@on_uvloop
async def test_what_one_connection_wrote_another_reads(design: Design, options: TargetOptions) -> None:
    target, writer = await _prepared(design, options)
    reader = await open_connection(design, target)
    await writer.execute(HELLO)
    messages = await answer(reader, ReadMessages(ACME, EMPTY))
    assert [message[2] for message in cast(tuple[tuple[int, str, str], ...], messages)] == ["Hello"]
    await writer.close()
    await reader.close()


@on_uvloop
async def test_of_eight_appends_at_one_position_one_wins(design: Design, options: TargetOptions) -> None:
    target, first = await _prepared(design, options)
    connections = [first, *[await open_connection(design, target) for _ in range(7)]]
    appends = [replace(HELLO, content=f"from {number}") for number in range(8)]
    answers = await asyncio.gather(*map(answer, connections, appends))
    assert sorted(answers, key=str) == [Conflict] * 7 + [True]
    winner = appends[answers.index(True)].content
    assert [message[2] for message in (await first.execute(ReadMessages(ACME, EMPTY))).value] == [winner]  # type: ignore[union-attr, misc, index]
    for connection in connections:
        await connection.close()


@on_uvloop
async def test_preparing_again_undoes_what_a_run_wrote(design: Design, options: TargetOptions) -> None:
    _, connection = await _prepared(design, options)
    await connection.execute(HELLO)
    await connection.execute(DeleteChat(ACME, ANN, TALK))
    await connection.close()
    _, fresh = await _prepared(design, options)
    assert await answer(fresh, ReadMessages(ACME, EMPTY)) == ()
    assert len(cast(tuple[object, ...], await answer(fresh, ReadMessages(ACME, TALK)))) == 6
    await fresh.close()


@on_uvloop
async def test_preparing_unwritten_data_again_is_the_same_data(design: Design, options: TargetOptions) -> None:
    target, connection = await _prepared(design, options, read_only=True)
    before = await answer(connection, ReadMessages(ACME, TALK))
    await target.prepare(TinyDataset(will_be_written=False))
    again = await open_connection(design, target)
    assert await answer(again, ReadMessages(ACME, TALK)) == before != ()
    await connection.close()
    await again.close()


@on_uvloop
async def test_another_dataset_replaces_the_one_that_stood_there(design: Design, options: TargetOptions) -> None:
    target, connection = await _prepared(design, options, read_only=True)
    await connection.execute(DeleteChat(ACME, ANN, TALK))  # behind prepare's back, so that a reload shows
    await connection.close()
    await target.prepare(TinyDataset(will_be_written=False, fingerprint="another"))
    fresh = await open_connection(design, target)
    assert await answer(fresh, GetChat(ACME, ANN, TALK)) is not None
    await fresh.close()


@on_uvloop
async def test_dropping_twice_and_preparing_again_works(design: Design, options: TargetOptions) -> None:
    target, connection = await _prepared(design, options)
    await connection.close()
    await target.drop()
    await target.drop()
    _, fresh = await _prepared(design, options)
    assert await answer(fresh, GetUser(ACME, ANN)) is not None
    await fresh.close()


@on_uvloop
async def test_the_description_is_text_that_json_can_hold_and_no_secret(design: Design, options: TargetOptions) -> None:
    target, connection = await _prepared(design, options)
    facts = dict(await target.describe())
    assert facts
    assert json.loads(json.dumps(facts)) == facts
    assert all(isinstance(value, str) for value in facts.values())
    assert not options.url or options.url not in json.dumps(facts)
    await connection.close()


@on_uvloop
async def test_a_frozen_server_can_be_abandoned(served_design: Design, servers: Servers) -> None:
    design, frozen = served_design, servers.shared(cast(ServerKind, served_design.server))
    target, connection = await _prepared(design, TargetOptions(frozen.server.url, PREFIX, timeout_s=1.0))
    idle = await open_connection(design, target)
    frozen.pause()
    try:
        if design.blocking:
            with pytest.raises(TargetError):
                await within(20, connection.execute(GetUser(ACME, ANN)))
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.execute(GetUser(ACME, ANN)), 0.3)
            connection.abort()
        await within(10, connection.close())
        await within(10, idle.close())
    finally:
        frozen.resume()
    fresh = await open_connection(design, target)
    assert await answer(fresh, GetUser(ACME, ANN)) is not None
    await fresh.close()


@on_uvloop
async def test_a_server_that_has_gone_is_unavailable(served_design: Design, own_server: OwnServer) -> None:
    design, running = served_design, own_server(cast(ServerKind, served_design.server))
    target, connection = await _prepared(design, TargetOptions(url=running.server.url, timeout_s=1.0))
    running.stop()
    for operation in (GetUser(ACME, ANN), HELLO):
        with pytest.raises(Unavailable):
            await within(20, connection.execute(operation))
    await within(10, connection.close())
    with pytest.raises(Unavailable):
        await within(20, (await open_connection(design, target)).execute(GetUser(ACME, ANN)))
    with pytest.raises(SetupError):
        await within(60, target.prepare(TinyDataset()))


CHAT_NUMBERS = st.integers(0, 2)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
STEPS = st.one_of(
    st.tuples(st.just("append"), CHAT_NUMBERS, st.integers(0, 2), TEXTS),
    st.tuples(st.sampled_from(("create", "rename")), CHAT_NUMBERS, st.just(0), TEXTS),
    st.tuples(st.sampled_from(("get", "list", "read", "last", "delete")), CHAT_NUMBERS, st.just(0), st.just("")),
)


def _operations(steps: list[tuple[str, int, int, str]]) -> list[Operation]:
    """The steps as operations of a user that no earlier example has met."""
    user, chats = str(uuid4()), [str(uuid4()) for _ in range(3)]
    made: list[Operation] = []
    for minute, (kind, number, position, text) in enumerate(steps):
        chat = chats[number]
        choices: dict[str, Operation] = {
            "append": AppendMessage(ACME, user, chat, position, "user", text, at(minute)),
            "create": CreateChat(ACME, user, chat, text, "model-a", at(minute)),
            "rename": RenameChat(ACME, user, chat, text),
            "delete": DeleteChat(ACME, user, chat),
            "get": GetChat(ACME, user, chat),
            "list": ListChats(ACME, user),
            "read": ReadMessages(ACME, chat),
            "last": ReadMessages(ACME, chat, 2),
        }
        made.append(choices[kind])
    return made


def test_any_sequence_of_operations_answers_as_memory_does(design: Design, options: TargetOptions) -> None:
    """Appending to a missing chat is left out: where append is two calls it leaves an orphan, as documented."""

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=1, max_size=20))
    @on_uvloop
    async def check(steps: list[tuple[str, int, int, str]]) -> None:
        reference = await MemoryTarget(TargetOptions()).connect()
        connection = await open_connection(design, target)
        for operation in _operations(steps):
            if isinstance(operation, AppendMessage):
                chat = GetChat(operation.tenant_id, operation.user_id, operation.chat_id)
                if await answer(reference, chat) is None:
                    continue
            expected = await answer(reference, operation)
            assert await settled_answer(design, connection, operation, expected) == expected
        await connection.close()

    target = design.make(options)
    asyncio.run(target.prepare(TinyDataset()))
    check()

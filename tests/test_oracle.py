"""The oracle against targets that break one rule each: it names that rule, and is silent about one that is right."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.engine import Engine
from loadtests.lanes import Lane, LaneBug, Pool
from loadtests.performer import Performer, Person, Samples
from loadtests.read_back import read_back
from targets.catalog import TargetOptions
from targets.memory import MemoryConnection, MemoryTarget
from targets.protocol import Throttled
from workloads.catalog import WorkloadOptions, make_workload
from workloads.identity import EPOCH
from workloads.known_chat import Fate
from workloads.ledger import ReadBack
from workloads.operations import (
    WRITES,
    AppendMessage,
    ChatSummary,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    ListChats,
    ListModels,
    Message,
    Operation,
    ReadMessages,
    RenameChat,
    Reply,
)
from workloads.oracle import Oracle, Step

pytestmark = pytest.mark.fast

SEED = 3
OPTIONS = WorkloadOptions(stored_users=8, stored_chats_per_user=4)
STORED = {stored.chat.chat_id for stored in make_workload(OPTIONS).dataset(SEED).chats()}
PEOPLE = 6
TURNS = 100
Break = Callable[[MemoryConnection, Operation, Any], Any]
"""What a target answers instead, given the connection, the operation and the right answer."""


class Breaking:
    """The reference target, but for one rule; `ending` breaks it only once the load is over."""

    def __init__(self, right: MemoryConnection, breaks: Break, *, ending: bool = False) -> None:
        self.right = right
        self.breaks = breaks
        self.broken = not ending

    async def execute(self, operation: Operation) -> Reply:
        if isinstance(operation, DeleteChat | AppendMessage | RenameChat) and self.broken:
            instead = self.breaks(self.right, operation, None)
            if instead is not None:
                return Reply(instead)
        value = (await self.right.execute(operation)).value
        if self.broken and not isinstance(operation, DeleteChat | AppendMessage | RenameChat):
            value = self.breaks(self.right, operation, value)
        return Reply(value)

    async def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class Run:
    """A few people's turns on a target that breaks a rule, then the reading back."""

    def __init__(
        self,
        breaks: Break,
        *,
        ending: bool = False,
        eventual: frozenset[type] = frozenset(),
        options: WorkloadOptions = OPTIONS,
    ) -> None:
        self.workload = make_workload(options)
        self.oracle: Oracle = self.workload.oracle(SEED, eventual)
        self.ages: list[int] = []
        self.breaks, self.ending = breaks, ending
        self.read_back = ReadBack()

    async def play(self) -> "Run":
        target = MemoryTarget(TargetOptions())
        await target.prepare(self.workload.dataset(SEED))
        breaking = Breaking(await target.connect(), self.breaks, ending=self.ending)

        async def connect() -> Breaking:
            return breaking

        pool = Pool([Lane(connect, remote=False)])
        await pool.open()
        performer = Performer(pool, Samples(lambda frame: None), 5.0, self.oracle)
        self.oracle.on_age = lambda person, at, age: self.ages.append(age)
        people = [Person(number, self.workload.turns(SEED, number)) for number in range(PEOPLE)]
        task = asyncio.current_task()
        for _ in range(TURNS):
            for person in people:
                turn = person.take()
                if turn is None:
                    continue  # their trace has ended
                await performer.perform(person, turn, 0, 0, task)
        breaking.broken = True
        self.read_back = await read_back(self.oracle, pool, "planned", lambda found: None)
        return self


def only(kind: type, change: Callable[[Any], Any]) -> Break:
    """Change the answers to one kind of operation."""
    return lambda right, operation, value: change(value) if isinstance(operation, kind) and value else value


def lose_every_third(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    return True if isinstance(operation, AppendMessage) and operation.position % 3 == 2 else value


def forget_deletes(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    return True if isinstance(operation, DeleteChat) else value


def forget_titles(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    return True if isinstance(operation, RenameChat) else value


def lose_chats(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    return None if isinstance(operation, GetChat) else value


def somebody_else(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    if not isinstance(operation, GetUser):
        return value
    return next(user for user in right._state.users.values() if user.tenant_id != operation.tenant_id)


def everybodys_chats(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    if not isinstance(operation, ListChats):
        return value
    owners = right._state.chats
    others = [c.summary for owner, chats in owners.items() if owner[1] != operation.user_id for c in chats.values()]
    return tuple(sorted([*value, *others], key=lambda chat: chat.updated_at, reverse=True)[:20])


def other_text(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return (*messages[:-1], messages[-1]._replace(content=messages[-1].content[::-1]))


def without_newest(chats: tuple[ChatSummary, ...]) -> tuple[ChatSummary, ...]:
    """Without the newest that was written in this run: what was loaded is no news."""
    return chats[1:] if chats[0].updated_at >= EPOCH else chats


RULES: dict[str, tuple[str, Break]] = {
    "messages come back newest first": ("order", only(ReadMessages, lambda found: found[::-1])),
    "a message in the middle is missing": ("gap", only(ReadMessages, lambda found: found[:1] + found[2:])),
    "a message comes twice": ("duplicate", only(ReadMessages, lambda found: (found[0], *found))),
    "a message has another text": ("content", only(ReadMessages, other_text)),
    "the newest message is missing": ("read_your_writes", only(ReadMessages, lambda found: found[:-1])),
    "an append is acknowledged and dropped": ("gap", lose_every_third),
    "the sidebar is in the wrong order": ("list_order", only(ListChats, lambda found: found[::-1])),
    "the sidebar lacks the newest chat": ("list_misses_chat", only(ListChats, without_newest)),
    "the sidebar shows a chat twice": ("duplicate", only(ListChats, lambda found: (found[0], *found)[:20])),
    "a deleted chat stays": ("deleted_chat", forget_deletes),
    "a title is acknowledged and dropped": ("row", forget_titles),
    "a chat is not found": ("lost_chat", lose_chats),
    "a user of another tenant answers": ("foreign", somebody_else),
    "the sidebar shows other users' chats": ("foreign", everybodys_chats),
    "a role has other permissions": ("row", only(GetRole, lambda role: role._replace(permissions="{}"))),
    "a model is missing": ("row", only(ListModels, lambda models: models[1:])),
    "a user has another name": ("row", only(GetUser, lambda user: user._replace(name="Somebody"))),
}


async def test_a_target_that_is_right_breaks_no_rule_and_everything_is_read_back() -> None:
    run = await Run(lambda right, operation, value: value).play()
    assert run.oracle.faults == {}
    assert run.oracle.replies > 1000
    assert (run.read_back.lost, run.read_back.duplicates, run.read_back.not_read) == (0, 0, 0)
    assert run.read_back.acknowledged > 200


async def test_a_trace_may_come_back_to_a_chat_however_many_its_person_has_begun_since(tmp_path: Path) -> None:
    blocks = [[1, 2], *([1, 100 + number] for number in range(60)), [1, 2, 3, 4]]  # the last continues the first
    rows = [
        {"timestamp": 1000 * at, "input_length": 512 * len(hashes), "output_length": 5, "hash_ids": hashes}
        for at, hashes in enumerate(blocks)
    ]
    trace = tmp_path / "trace.jsonl"
    trace.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = replace(OPTIONS, name="replay", trace=str(trace), people=1)
    run = await Run(lambda right, operation, value: value, options=options).play()
    assert run.oracle.faults == {}
    assert (run.read_back.chats, run.read_back.acknowledged) == (61, 124)


@pytest.mark.parametrize("what", RULES)
async def test_a_broken_rule_is_named(what: str) -> None:
    check, breaks = RULES[what]
    run = await Run(breaks).play()
    assert run.oracle.faults[check] > 0
    assert {"check", "operation", "person", "chat_id", "detail", "at_ns"} == run.oracle.examples[0].keys()
    assert len(run.oracle.examples) <= 10


@pytest.mark.parametrize(
    ("what", "change", "lost", "duplicates"),
    [
        ("lost_append", lambda found: found[:-1], True, False),
        ("duplicate", lambda found: (*found, found[-1]), False, True),
        ("content", other_text, False, False),
    ],
)
async def test_what_is_lost_after_the_load_is_found_by_reading_back(
    what: str, change: Callable[[Any], Any], lost: bool, duplicates: bool
) -> None:
    run = await Run(only(ReadMessages, change), ending=True).play()
    assert set(run.oracle.faults) == {what}
    assert (run.read_back.lost > 0, run.read_back.duplicates > 0) == (lost, duplicates)


def not_yet_the_newest(right: MemoryConnection, operation: Operation, value: Any) -> Any:
    """The list as it was before the newest chat was made."""
    if not isinstance(operation, ListChats):
        return value
    owned = right._state.chats.get((operation.tenant_id, operation.user_id), {}).values()
    listed = sorted((chat.summary for chat in owned), key=lambda chat: chat.updated_at, reverse=True)
    return tuple(listed[listed[0].chat_id not in STORED :][:20]) if listed else value


async def test_an_eventual_list_that_lags_is_stale_and_breaks_no_rule() -> None:
    strict = await Run(not_yet_the_newest).play()
    eventual = await Run(not_yet_the_newest, eventual=frozenset({ListChats})).play()
    assert strict.oracle.faults["list_misses_chat"] > 0
    assert eventual.oracle.faults["list_misses_chat"] == 0
    assert max(eventual.ages) > 0
    assert min(eventual.ages) == 0


async def test_an_eventual_list_may_not_show_somebody_else_s_chats() -> None:
    run = await Run(everybodys_chats, eventual=frozenset({ListChats})).play()
    assert run.oracle.faults["foreign"] > 0


async def test_an_eventual_list_may_not_show_what_never_was() -> None:
    garbage = only(ListChats, lambda found: tuple(chat._replace(title="never written") for chat in found))
    run = await Run(garbage, eventual=frozenset({ListChats})).play()
    assert run.oracle.faults["row"] > 100


async def test_a_deleted_chat_whose_row_stays_is_found_by_reading_back_where_lists_are_eventual() -> None:
    rows: dict[str, ChatSummary] = {}

    def breaks(right: MemoryConnection, operation: Operation, value: Any) -> Any:
        if isinstance(operation, DeleteChat):
            row = right._answers[GetChat](GetChat(operation.tenant_id, operation.user_id, operation.chat_id))
            assert isinstance(row, ChatSummary)
            rows[operation.chat_id] = row
            return None
        return rows.get(operation.chat_id, value) if isinstance(operation, GetChat) else value

    run = await Run(breaks, eventual=frozenset({ListChats})).play()
    assert len(rows) > 2
    assert run.oracle.faults == {"deleted_chat": len(rows)}


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
async def test_a_deletion_of_unknown_outcome_may_stop_half_way(kept: int) -> None:
    """As DynamoDB's does, which removes the chat's row first and then its messages in batches."""
    gone: dict[str, Any] = {}

    def breaks(right: MemoryConnection, operation: Operation, value: Any) -> Any:
        if isinstance(operation, DeleteChat):
            gone[operation.chat_id] = right._answers[ReadMessages](ReadMessages(operation.tenant_id, operation.chat_id))
            right._answers[DeleteChat](operation)
            raise Throttled("items were left unprocessed")
        if isinstance(operation, ReadMessages) and operation.chat_id in gone:
            return gone[operation.chat_id][-kept:] if kept else ()
        return value

    run = await Run(breaks).play()
    assert len(gone) > 2
    assert run.oracle.faults == {}


async def test_a_fault_while_reading_back_keeps_what_was_found_under_load() -> None:
    run = await Run(only(ReadMessages, lambda found: found[::-1])).play()
    said: list[bytes] = []

    async def connect() -> Any:
        raise LaneBug("the schema has gone")

    engine = Engine(asyncio.get_running_loop(), SimpleNamespace(write=said.append))  # type: ignore[arg-type]
    engine._start, engine._finishing = 1, asyncio.create_task(asyncio.sleep(0))
    engine._performer = SimpleNamespace(oracle=again(run), oracle_ns=0)  # type: ignore[assignment]
    engine._pool = Pool([Lane(connect, remote=False)])
    found = await engine._integrity("planned")
    assert found is not None
    assert found["faults"]["order"] > 10
    assert found["read_back"]["note"] == "not read back: LaneBug: the schema has gone"
    assert b'"event":"bug"' in b"".join(said)


def again(run: Run) -> Oracle:
    """The oracle of a run, with one more chat to read back."""
    person = 0
    turn = next(turn for turn in run.workload.turns(SEED, person) if isinstance(turn.operations[-2], RenameChat))
    done = [Step(True, Fate.DONE, 1, 2) if type(op) in WRITES else Step(None, Fate.UNKNOWN, 1, 2)
            for op in turn.operations]  # fmt: skip
    run.oracle.check(person, turn.operations, done)
    return run.oracle


@pytest.mark.parametrize("stored", [True, False])
async def test_a_write_of_unknown_outcome_permits_both_states(stored: bool) -> None:
    def breaks(right: MemoryConnection, operation: Operation, value: Any) -> Any:
        if isinstance(operation, AppendMessage | RenameChat) and operation.chat_id[-1] in "01234567":
            if stored:
                right._answers[type(operation)](operation)
            raise Throttled("too much at once")
        return value

    run = await Run(breaks).play()
    assert run.oracle.unknown_writes > 10
    assert run.oracle.faults == {}


async def test_a_message_that_nobody_sent_is_foreign_even_where_a_write_is_unknown() -> None:
    def breaks(right: MemoryConnection, operation: Operation, value: Any) -> Any:
        if isinstance(operation, ReadMessages) and value:
            return (*value, Message(value[-1].position + 1, "user", "from nowhere"))
        return value

    run = await Run(breaks).play()
    assert run.oracle.faults["foreign"] + run.oracle.faults["content"] > 0


async def test_a_database_that_stands_still_while_it_is_read_back_leaves_what_is_not_read_and_we_stay_heard() -> None:
    run = await Run(lambda right, operation, value: value, ending=True).play()
    again = Run(lambda right, operation, value: value)
    target = MemoryTarget(TargetOptions())
    await target.prepare(again.workload.dataset(SEED))
    connection = await target.connect()

    class Still(Breaking):
        async def execute(self, operation: Operation) -> Reply:
            if isinstance(operation, ReadMessages):
                await asyncio.Event().wait()
            return await super().execute(operation)

    async def connect() -> Breaking:
        return Still(connection, lambda right, operation, value: value)

    pool = Pool([Lane(connect, remote=False) for _ in range(3)])
    await pool.open()
    for person in range(2):
        for turn, _ in zip(again.workload.turns(SEED, person), range(40), strict=False):
            done = [Step((await connection.execute(op)).value, Fate.DONE, 1, 2) for op in turn.operations]
            again.oracle.check(person, turn.operations, done)
    said: list[ReadBack] = []
    found = await read_back(again.oracle, pool, "planned", said.append, lambda: "budget" if len(said) > 1 else "")
    assert found.note == "not all read back: the budget is spent"
    assert found.not_read > 10
    assert (found.chats, len(said)) == (0, 2)
    assert run.read_back.note == ""

"""The workload `chat`: a pure stream with the published mix, in which every chat has one writer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import pytest

from workloads.catalog import WorkloadOptions, make_workload
from workloads.identity import EPOCH
from workloads.operations import (
    NAMES,
    AppendMessage,
    CreateChat,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    ListChats,
    ListModels,
    Operation,
    ReadMessages,
    RenameChat,
    Turn,
)
from workloads.workload import Workload

pytestmark = pytest.mark.fast

# Shares of all operations in per cent, touch_chat left out: it is part of append_message.
CONSUMER = {
    "append_message": 19.0,
    "get_user": 17.2,
    "get_role": 13.6,
    "read_messages": 10.3,
    "list_chats": 10.2,
    "get_chat": 9.5,
    "list_models": 4.0,
    "rename_chat": 3.2,
    "create_chat": 2.8,
    "get_user_by_email": 0.4,
    "delete_chat": 0.2,
}
POWER = {
    "append_message": 23.3,
    "get_user": 15.0,
    "get_role": 13.4,
    "read_messages": 12.0,
    "list_chats": 8.2,
    "get_chat": 11.6,
    "list_models": 1.8,
    "rename_chat": 1.4,
    "create_chat": 1.3,
    "get_user_by_email": 0.2,
    "delete_chat": 0.1,
}


def _workload(profile: str = "consumer", users: int = 1000, chats: int = 8) -> Workload:
    return make_workload(
        WorkloadOptions(chat_profile=profile, stored_users=users, stored_chats_per_user=chats),
    )


def _mix(turns: Iterator[Turn]) -> dict[str, float]:
    counts = Counter(NAMES[type(operation)] for turn in turns for operation in turn.operations)
    return {name: 100 * counts[name] / counts.total() for name in NAMES.values()}


def _within(mix: dict[str, float], table: dict[str, float], points: float) -> None:
    total = sum(table.values())
    assert set(mix) == set(table)
    for name, share in table.items():
        assert mix[name] == pytest.approx(100 * share / total, abs=points), name


@pytest.mark.parametrize(("profile", "table"), [("consumer", CONSUMER), ("power", POWER)])
def test_the_mix_of_operations_is_the_published_one(profile: str, table: dict[str, float]) -> None:
    workload = _workload(profile)
    _within(_mix(turn for person in range(150) for turn in islice(workload.turns(5, person), 200)), table, points=0.35)


def test_peoples_first_turns_have_nearly_the_same_mix_so_short_runs_are_not_all_beginnings() -> None:
    workload = _workload()
    _within(_mix(next(workload.turns(5, person)) for person in range(1000)), CONSUMER, points=1.5)


@pytest.mark.parametrize("profile", ["consumer", "power"])
def test_operations_per_turn_says_what_the_stream_does(profile: str) -> None:
    workload = _workload(profile)
    turns = [turn for person in range(150) for turn in islice(workload.turns(6, person), 200)]
    mean = sum(len(turn.operations) for turn in turns) / len(turns)
    assert mean == pytest.approx(workload.operations_per_turn, rel=0.02)
    assert sum(turn.gap_s for turn in turns) / len(turns) == pytest.approx(workload.mean_gap_s, rel=0.03)


def test_the_stream_is_a_pure_function_of_seed_and_person() -> None:
    def first(seed: int, person: int) -> list[Turn]:
        return list(islice(_workload(users=30).turns(seed, person), 50))

    assert first(1, 4) == first(1, 4)
    assert first(1, 4) != first(2, 4)
    assert first(1, 4) != first(1, 5)


def test_people_asked_for_alternately_get_the_turns_they_get_alone() -> None:
    workload = _workload(users=30)
    alone = [list(islice(workload.turns(1, person), 20)) for person in range(3)]
    streams = [workload.turns(1, person) for person in range(3)]
    together = list(zip(*([next(stream) for stream in streams] for _ in range(20)), strict=True))
    assert [list(turns) for turns in together] == alone


def test_a_new_chats_first_turn_creates_titles_and_lists() -> None:
    turn = next(turn for turn in _workload().turns(3, 0) if any(isinstance(op, CreateChat) for op in turn.operations))
    kinds = [type(operation) for operation in turn.operations]
    at = kinds.index(CreateChat)
    expected = [GetUser, GetRole, CreateChat, GetChat, AppendMessage, AppendMessage, RenameChat, ListChats]
    assert kinds[at - 2 : at + 6] == expected
    appends = [operation for operation in turn.operations if isinstance(operation, AppendMessage)]
    assert [(append.position, append.role) for append in appends] == [(0, "user"), (1, "assistant")]


def test_a_follow_up_checks_the_chat_and_reads_the_last_50_messages_before_it_writes() -> None:
    turns = islice(_workload().turns(3, 0), 300)
    follow_up = next(turn for turn in turns if type(turn.operations[2]) is GetChat)
    kinds = [type(operation) for operation in follow_up.operations]
    assert kinds[:6] == [GetUser, GetRole, GetChat, ReadMessages, AppendMessage, AppendMessage]
    read = follow_up.operations[3]
    assert isinstance(read, ReadMessages)
    assert read.last == 50


def test_a_chat_that_is_opened_is_read_in_full() -> None:
    turns = list(islice(_workload().turns(3, 0), 300))
    opens = [turn for turn in turns if type(turn.operations[-1]) is ReadMessages]
    assert opens
    for turn in opens:
        read = turn.operations[-1]
        assert isinstance(read, ReadMessages)
        assert read.last is None
        assert type(turn.operations[-2]) is GetUser


def test_about_a_third_of_the_arrivals_begin_a_visit() -> None:
    turns = [turn for person in range(100) for turn in islice(_workload().turns(9, person), 100)]
    starts = sum(any(isinstance(operation, ListModels) for operation in turn.operations) for turn in turns)
    assert starts / len(turns) == pytest.approx(1 / (0.6 + 0.3 + 2.358), abs=0.02)


class _Application:
    """Chats and their lengths as a database would hold them, and who wrote to which."""

    def __init__(self, workload: Workload, seed: int) -> None:
        stored = list(workload.dataset(seed).chats())
        self.length = {row.chat.chat_id: row.message_count for row in stored}
        self.user_of = {row.chat.chat_id: row.user_id for row in stored}
        self.updated_at = {row.chat.chat_id: row.chat.updated_at for row in stored}
        self.stored = frozenset(self.length)
        self.writer: dict[str, int] = {}
        self.longest_grown = 0

    def apply(self, person: int, operation: Operation) -> None:
        if isinstance(operation, CreateChat):
            assert operation.chat_id not in self.length
            self.length[operation.chat_id] = 0
            self.user_of[operation.chat_id] = operation.user_id
            self._write(person, operation.chat_id, operation.at)
        elif isinstance(operation, AppendMessage):
            assert operation.position == self.length[operation.chat_id]
            assert operation.role == ("assistant" if operation.position % 2 else "user")
            assert 1 <= len(operation.content) <= 350_000
            self.length[operation.chat_id] += 1
            self._write(person, operation.chat_id, operation.at)
        elif isinstance(operation, RenameChat | GetChat):
            assert self.user_of[operation.chat_id] == operation.user_id
        elif isinstance(operation, ReadMessages):
            assert self.length[operation.chat_id] >= 2
        elif isinstance(operation, DeleteChat):
            assert operation.chat_id not in self.stored
            assert self.writer[operation.chat_id] == person
            del self.length[operation.chat_id], self.updated_at[operation.chat_id]

    def _write(self, person: int, chat_id: str, at: datetime) -> None:
        assert self.writer.setdefault(chat_id, person) == person
        assert at > max(EPOCH, self.updated_at.get(chat_id, EPOCH))
        self.updated_at[chat_id] = at
        if chat_id in self.stored:
            self.longest_grown = max(self.longest_grown, self.length[chat_id])


@pytest.mark.parametrize("chats_per_user", [5, 0])
def test_positions_are_contiguous_and_every_chat_has_one_writer(chats_per_user: int) -> None:
    workload = _workload(users=50, chats=chats_per_user)
    application = _Application(workload, seed=21)
    streams = [workload.turns(21, person) for person in range(200)]
    for _ in range(300):
        for person, stream in enumerate(streams):
            for operation in next(stream).operations:
                application.apply(person, operation)
    instants = Counter((application.user_of[chat_id], at) for chat_id, at in application.updated_at.items())
    assert max(instants.values()) == 1
    assert len(application.writer) > 200 * 300 * 0.15
    assert (application.longest_grown > 0) == (chats_per_user > 0)  # stored chats are continued where there are any

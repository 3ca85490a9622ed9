"""The hot path against known answers: a scripted target delays, fails and hangs as told, and the spans must say so."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from loadtests.agenda import PeopleAgenda
from loadtests.frames import FrameReader
from loadtests.lanes import Lane, Pool
from loadtests.performer import SKIPPED, Performer, Person, Samples
from loadtests.saturation import people_of
from loadtests.stopwatch import Alarm, now_ns
from results.recorder import EngineSecond, Recorder
from results.sample import OUTCOMES, TURN, unpack
from results.totals import Totals
from targets.protocol import Conflict, Unavailable
from tests.test_schedule import plan
from workloads.catalog import WorkloadOptions, make_workload
from workloads.identity import EPOCH
from workloads.operations import (
    AppendMessage,
    CreateChat,
    GetUser,
    ListChats,
    ListModels,
    Operation,
    ReadMessages,
    Reply,
    Turn,
)

pytestmark = pytest.mark.fast

MS = 1_000_000
READ = GetUser("t", "u")
FOUND = Reply(True, 0.5, 0.0)


@dataclass
class Scripted:
    """A target and connection of the test's own: each operation does what the next entry of the script says."""

    script: list[float | Exception | Reply]
    connects: int = 0
    aborts: int = 0

    async def connect(self) -> "Scripted":
        self.connects += 1
        return self

    async def execute(self, operation: Operation) -> Reply:
        step = self.script.pop(0) if self.script else 0.0
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Reply):
            return step
        await asyncio.sleep(step)
        return FOUND

    async def close(self) -> None:
        pass

    def abort(self) -> None:
        self.aborts += 1


class Stage:
    """A performer over so many lanes to a scripted target, and the samples it packed."""

    def __init__(self, target: Scripted, lanes: int = 1, timeout_s: float = 5.0) -> None:
        self.target = target
        self.blobs: list[bytes] = []
        reader = FrameReader()
        self.pool = Pool([Lane(target.connect, remote=False) for _ in range(lanes)])
        self._buffer = Samples(lambda frame: self.blobs.extend(body for _, body in reader.feed(frame)))
        self.performer = Performer(self.pool, self._buffer, timeout_s)

    async def __aenter__(self) -> "Stage":
        await self.pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*self.performer.tasks, return_exceptions=True)

    def samples(self) -> NDArray[np.void]:
        self._buffer.flush()
        samples: NDArray[np.void] = unpack(b"".join(self.blobs))
        return samples

    def totals(self) -> Totals:
        recorder = Recorder(0, 1 << 62)
        recorder.add(self.samples().tobytes())
        totals = Totals()
        totals.add(recorder.close_second(0, EngineSecond()), in_window=True)
        return totals

    async def done(self) -> None:
        await asyncio.gather(*self.performer.tasks)


def person(number: int = 1, turns: Iterator[Turn] = iter(())) -> Person:  # noqa: B008 - an empty stream
    return Person(number, turns)


def milliseconds(samples: NDArray[np.void], begin: str, end: str) -> list[float]:
    return [round(float(value) / MS, 1) for value in samples[end] - samples[begin]]


def outcomes(samples: NDArray[np.void]) -> list[str]:
    return [OUTCOMES[outcome] for outcome in samples["outcome"]]


def only(samples: NDArray[np.void], operation: int) -> NDArray[np.void]:
    chosen: NDArray[np.void] = samples[samples["operation"] == operation]
    return chosen


async def test_a_turn_behind_a_slow_one_of_the_same_person_counts_its_queue() -> None:
    async with Stage(Scripted([0.200, 0.0]), lanes=2) as stage:
        somebody, start = person(), now_ns()
        stage.performer.begin(somebody, start, Turn((READ,)))
        stage.performer.begin(somebody, start + 50 * MS, Turn((READ,)))
        await stage.done()
    turns = only(stage.samples(), TURN)
    queue = milliseconds(turns, "intended", "free")
    assert queue[0] == 0.0
    assert 150 <= queue[1] < 400  # the first took 200 ms, the second was due 50 ms after it
    assert turns["free"][1] == turns["done"][0]
    assert 150 <= milliseconds(turns, "intended", "done")[1] < 400


async def test_an_operation_s_response_begins_where_the_one_before_it_ended() -> None:
    async with Stage(Scripted([0.050, 0.020])) as stage:
        start = now_ns()
        stage.performer.begin(person(), start, Turn((READ, READ)))
        await stage.done()
    first, second, turn = stage.samples()
    assert (first["intended"], second["intended"]) == (start, first["done"])
    assert [first["due"], second["due"], turn["due"]] == [start] * 3  # all of the turn belongs to one phase
    assert second["free"] == second["ready"] == first["done"]
    assert (turn["intended"], turn["done"]) == (start, second["done"])
    assert 50 <= (first["done"] - first["sent"]) / MS < 200
    assert float(first["read_units"]) == 0.5


async def test_waiting_for_a_connection_is_wait_and_not_service() -> None:
    async with Stage(Scripted([0.100, 0.010]), lanes=1) as stage:
        start = now_ns()
        stage.performer.begin(person(1), start, Turn((READ,)))
        stage.performer.begin(person(2), start, Turn((READ,)))
        await stage.done()
    second = only(stage.samples(), 0)[1]
    assert 90 <= (second["sent"] - second["ready"]) / MS < 300
    assert 10 <= (second["done"] - second["sent"]) / MS < 90


async def test_a_stall_is_charged_to_every_turn_that_was_due_meanwhile() -> None:
    """1 s of stall at 100 turns/s, one connection: without coordinated omission the median of the stall is 0.5 s."""
    async with Stage(Scripted([1.0])) as stage:
        start = now_ns()
        loop = asyncio.get_running_loop()
        for index in range(100):
            due = start + index * 10 * MS
            loop.call_later(index / 100, stage.performer.begin, person(index), due, Turn((READ,)))
        await asyncio.sleep(1.0)
        await stage.done()
    response = sorted(milliseconds(only(stage.samples(), TURN), "intended", "done"))
    assert len(response) == 100
    assert 450 <= response[50] < 800
    service = sorted(milliseconds(only(stage.samples(), 0), "sent", "done"))
    assert service[50] < 50  # the usual harness would report this


async def test_a_time_out_has_the_age_of_the_limit_and_costs_the_connection() -> None:
    async with Stage(Scripted([60.0, 0.0]), timeout_s=0.1) as stage:
        stage.performer.begin(person(1), now_ns(), Turn((READ, READ)))
        while stage.performer.tasks:
            stage.pool.expire(now_ns())
            await asyncio.sleep(0.01)
        assert (stage.target.aborts, stage.target.connects) == (1, 1)
        stage.performer.begin(person(2), now_ns(), Turn((READ,)))
        await stage.done()
    samples = stage.samples()
    assert outcomes(samples) == ["timeout", "timeout", "ok", "ok"]  # a turn ends with its first failure
    assert 100 <= milliseconds(samples, "sent", "done")[0] < 400
    assert stage.target.connects == 2


async def test_a_broken_connection_is_replaced_and_a_conflict_keeps_it() -> None:
    async with Stage(Scripted([Unavailable("gone"), Conflict("taken"), 0.0])) as stage:
        for number in range(3):
            stage.performer.begin(person(number), now_ns(), Turn((READ,)))
            await stage.done()
    assert outcomes(only(stage.samples(), 0)) == ["unavailable", "conflict", "ok"]
    assert (stage.target.aborts, stage.target.connects) == (1, 2)


async def test_what_is_under_way_at_the_end_is_unfinished_and_what_never_got_a_connection_was_never_served() -> None:
    async with Stage(Scripted([60.0]), lanes=1) as stage:
        one, start = person(1), now_ns()
        stage.performer.begin(one, start, Turn((READ,)))
        stage.performer.begin(one, start, Turn((READ,)))  # waits for its own person
        stage.performer.begin(person(2), start, Turn((READ,)))  # waits for the connection
        await asyncio.sleep(0.05)
        stage.performer.cut([one])
        await stage.done()
    samples = stage.samples()
    assert set(outcomes(samples)) == {"unfinished"}
    assert len(only(samples, TURN)) == 3
    assert min(milliseconds(only(samples, TURN), "intended", "done")) >= 50
    totals = stage.totals()
    assert totals.counts(0, "response").total == 2
    assert totals.counts(0, "service").total == 1
    assert totals.counts(0, "service").max_ns >= 50 * MS


def create(chat: str) -> CreateChat:
    return CreateChat("t", "u", chat, "title", "model", EPOCH)


def append(chat: str) -> AppendMessage:
    return AppendMessage("t", "u", chat, 0, "user", "text", EPOCH)


async def test_the_turns_of_a_chat_that_was_never_created_are_not_issued_and_never_count_as_ok() -> None:
    async with Stage(Scripted([Unavailable("gone")])) as stage:
        somebody = person()
        assert await stage.performer.perform(somebody, Turn((create("c"), append("c"))), 0, 0, None) > 0
        assert await stage.performer.perform(somebody, Turn((READ, append("c"))), 0, 0, None) == SKIPPED
        assert await stage.performer.perform(somebody, Turn((READ, append("d"))), 0, 0, None) == 0
    assert stage.performer.skipped == 1
    assert outcomes(only(stage.samples(), TURN)) == ["unavailable", "ok"]


EMPTY = Reply(())


@pytest.mark.parametrize(
    ("operation", "reply", "outcome"),
    [
        (READ, Reply(None), "wrong_answer"),
        (ListModels("t"), EMPTY, "wrong_answer"),
        (ReadMessages("t", "c"), EMPTY, "wrong_answer"),
        (ListChats("t", "u"), EMPTY, "ok"),  # a person may have none yet
    ],
)
async def test_finding_nothing_is_no_success(operation: Operation, reply: Reply, outcome: str) -> None:
    async with Stage(Scripted([reply])) as stage:
        await stage.performer.perform(person(), Turn((operation,)), 0, 0, None)
    assert outcomes(stage.samples()) == [outcome, outcome]


async def test_a_chat_to_which_a_write_failed_may_be_empty() -> None:
    async with Stage(Scripted([Unavailable("gone"), EMPTY])) as stage:
        somebody = person()
        await stage.performer.perform(somebody, Turn((append("c"),)), 0, 0, None)
        await stage.performer.perform(somebody, Turn((ReadMessages("t", "c"),)), 0, 0, None)
    assert outcomes(only(stage.samples(), TURN)) == ["unavailable", "ok"]


async def test_what_is_no_outcome_is_a_bug_that_is_told() -> None:
    told: list[BaseException] = []
    async with Stage(Scripted([KeyError("a bug")])) as stage:
        stage.performer.on_bug = told.append
        stage.performer.begin(person(), now_ns(), Turn((READ,)))
        await asyncio.gather(*stage.performer.tasks, return_exceptions=True)
        await asyncio.sleep(0)
    assert [type(error) for error in told] == [KeyError]


async def test_the_alarm_rings_at_its_instant_and_not_before() -> None:
    rung = asyncio.get_running_loop().create_future()
    alarm = Alarm(asyncio.get_running_loop(), lambda: rung.set_result(now_ns()))
    due = now_ns() + 20 * MS
    alarm.set(due)
    assert await asyncio.wait_for(rung, 5) >= due
    alarm.close()


def begun_by(agenda: PeopleAgenda, begun: list[tuple[int, int]], until_s: float) -> None:
    while agenda.next_ns() <= until_s * 1e9:
        agenda.begin_due(agenda.next_ns())


def test_people_pause_from_intended_to_intended_instant_and_leave_when_told() -> None:
    begun: list[tuple[int, int]] = []
    workload = make_workload(WorkloadOptions(name="point-read"))
    later: Callable[[Callable[[], object]], object] = lambda think: think()  # noqa: E731
    people = plan(model="people", time_scale=100.0, worker=1, workers=2)
    agenda = PeopleAgenda(people, workload, lambda who, due, turn: begun.append((who.number, due)), later)
    agenda.set_people(3, 0)
    begun_by(agenda, begun, 20)
    assert {number for number, _ in begun} == {1, 3, 5}  # person p runs on worker p mod N
    per_person = len(begun) / 3 / 20
    assert 0.25 < per_person < 0.8  # a turn every 215 s / 100 on average
    agenda.set_people(1, int(20e9))
    before = len(begun)
    begun_by(agenda, begun, 60)
    assert {number for number, _ in begun[before:]} == {1}


def test_saturate_gives_each_connection_a_person() -> None:
    workload = make_workload(WorkloadOptions(name="point-read"))
    numbers = [[who.number for who in people_of(plan(worker=worker, workers=3), workload)] for worker in range(3)]
    assert sorted(number for own in numbers for number in own) == list(range(16))
    assert [len(own) for own in numbers] == [plan(worker=worker, workers=3).own_connections for worker in range(3)]

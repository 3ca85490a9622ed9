"""The hot path: one turn's operations, each stamped, packed and handed over; nothing heavier happens here."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, cast

from loadtests.frames import HEADER, SAMPLES
from loadtests.lanes import Lane, Pool
from loadtests.stopwatch import now_ns
from results.sample import HEARTBEAT, OUTCOMES, PACK, STALENESS, TURN
from targets.protocol import Conflict, TargetError, Throttled
from workloads.known_chat import Fate
from workloads.operations import (
    NAMES,
    AppendMessage,
    CreateChat,
    DeleteChat,
    ListModels,
    Operation,
    ReadMessages,
    RenameChat,
    Turn,
)
from workloads.oracle import Oracle, Step

OK: Final = OUTCOMES.index("ok")
SKIPPED: Final = -1
"""What `perform` answers for a turn that was not issued."""

TIMEOUT: Final = OUTCOMES.index("timeout")
UNFINISHED: Final = OUTCOMES.index("unfinished")
WRONG_ANSWER: Final = OUTCOMES.index("wrong_answer")
NUMBER: Final = {kind: number for number, kind in enumerate(NAMES)}
_OUTCOME_NUMBER: Final = {name: number for number, name in enumerate(OUTCOMES)}
_BUFFER_BYTES: Final = PACK.size * 4096
_KEEPS_CONNECTION: Final = (Conflict, Throttled)
"""Failures after which the connection is as good as before."""

_DONE: Final = Fate.DONE
_UNKNOWN: Final = Fate.UNKNOWN


class Samples:
    """Packed samples on their way out: a buffer that is cut into frames."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._buffer = bytearray(_BUFFER_BYTES)
        self._used = 0

    def add(
        self,
        operation: int,
        outcome: int,
        person: int,
        due: int,
        intended: int,
        free: int,
        ready: int,
        sent: int,
        done: int,
        read_units: float = 0.0,
        write_units: float = 0.0,
    ) -> None:
        """Pack one sample; instants in ns, `due` the intended one of the whole turn."""
        used = self._used
        PACK.pack_into(
            self._buffer,
            used,
            operation,
            outcome,
            0,
            person,
            due,
            intended,
            free,
            ready,
            sent,
            done,
            read_units,
            write_units,
        )
        self._used = used + PACK.size
        if self._used == _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered."""
        if self._used:
            self._send(HEADER.pack(SAMPLES, self._used) + memoryview(self._buffer)[: self._used])
            self._used = 0


class Person:
    """Somebody with a stream of turns, at most one of them under way."""

    __slots__ = ("busy", "free_ns", "missing", "number", "pending", "taken", "turns", "uncertain", "upcoming")

    def __init__(self, number: int, turns: Iterator[Turn]) -> None:
        self.number = number
        self.turns = turns
        self.upcoming: Turn | None = next(turns, None)
        self.taken = 0  # turns so far
        self.busy = False
        self.free_ns = 0  # when the previous turn ended
        self.pending: deque[tuple[int, Turn]] = deque()  # (intended, turn) waiting for the one under way
        self.missing: set[str] = set()  # chats whose creation failed: their turns are not issued
        self.uncertain: set[str] = set()  # chats to which a write failed: they may hold less than they should

    def take(self) -> Turn | None:
        """The next turn, which is due; None after a trace's last."""
        turn = self.upcoming or next(self.turns, None)
        self.upcoming = None
        self.taken += turn is not None
        return turn

    def think(self) -> None:
        """Make up the next turn ahead of its time, so that writing it does not count as lag."""
        self.upcoming = self.upcoming or next(self.turns, None)


class Performer:
    """Runs turns over a pool of lanes.

    A turn ends with its first failed operation, as an application's request would. The turns of a chat whose
    creation failed are not issued, and counted in `skipped`. The oracle, if there is one, looks at a turn's answers
    once all its samples are stamped; what that takes is added up in `oracle_ns`.
    """

    def __init__(self, pool: Pool, samples: Samples, timeout_s: float, oracle: Oracle | None = None) -> None:
        self._loop = asyncio.get_running_loop()  # asked once: each time takes a system call up to Python 3.11
        self._pool = pool
        self._samples = samples
        self._timeout_ns = int(timeout_s * 1e9)
        self.offered = [0] * len(NUMBER)
        self.skipped = 0
        self.waiting: dict[int, int] = {}  # person -> since when they wait for a lane (ns)
        self.tasks: set[asyncio.Task[None]] = set()
        self.on_bug: Callable[[BaseException], None] = _raise  # the engine ends the run instead
        self.closing = False  # what is cut off now has the outcome `unfinished`
        self.oracle = oracle
        self.oracle_ns = 0
        self._met = 0
        if oracle is not None:
            oracle.on_age = self._staleness

    def meet(self, people: list[Person]) -> None:
        """Acquaint the oracle with everybody it does not know yet."""
        if self.oracle is not None:
            for person in people[self._met :]:
                self.oracle.meet(person.number)
            self._met = len(people)

    def begin(self, person: Person, intended: int, turn: Turn) -> None:
        """A turn is due: start it now, or after this person's turns before it."""
        if person.busy:
            person.pending.append((intended, turn))
            return
        person.busy = True
        task = self._loop.create_task(self._all_due(person, intended, turn))
        self.tasks.add(task)
        task.add_done_callback(self.ended)

    def ended(self, task: asyncio.Task[None]) -> None:
        """A task is over; what it did not expect ends the run."""
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_bug(error)

    async def _all_due(self, person: Person, intended: int, turn: Turn) -> None:
        task = asyncio.current_task(self._loop)
        while True:
            await self.perform(person, turn, intended, max(intended, person.free_ns), task)
            if not person.pending:
                break
            intended, turn = person.pending.popleft()
        person.busy = False

    async def perform(
        self, person: Person, turn: Turn, intended: int, free: int, task: asyncio.Task[None] | None
    ) -> int:
        """One turn; returns its outcome. The turn's response runs from `intended` to its last operation's end."""
        if person.missing and _chats(turn) & person.missing:
            self.skipped += 1
            self._consult(person, turn, [])
            return SKIPPED
        turn_ready = ready = now_ns()
        step_intended, step_free = intended, free
        outcome, done = OK, ready
        number = person.number
        steps: list[Step] = []
        for operation in turn.operations:
            kind = NUMBER[type(operation)]
            self.offered[kind] += 1
            lane = self._pool.free.popleft() if self._pool.free else await self._wait(number, ready)
            if lane is None:
                outcome, done = UNFINISHED, now_ns()
                self._samples.add(kind, outcome, number, intended, step_intended, step_free, ready, done, done)
                _remember_failure(person, turn, len(steps))
                break
            sent = now_ns()
            value, fate, read_units, write_units = None, _UNKNOWN, 0.0, 0.0
            lane.deadline_ns = sent + self._timeout_ns
            lane.task = task
            try:
                value, read_units, write_units = await lane.execute(operation)
                done = now_ns()
                fate = _DONE
                if not value and _is_wrong(value, operation, person):
                    outcome = WRONG_ANSWER
            except TargetError as error:
                done = now_ns()
                outcome = _OUTCOME_NUMBER[error.outcome]
                if not isinstance(error, _KEEPS_CONNECTION):
                    lane.discard()
            except asyncio.CancelledError:
                done = now_ns()
                outcome = self._cut_off(lane, task)
            lane.deadline_ns = 0
            if lane.remote and lane.connection is not None:
                sent, done = lane.connection.stamps  # type: ignore[attr-defined]
            self._samples.add(
                kind, outcome, number, intended, step_intended, step_free, ready, sent, done, read_units, write_units
            )
            self._pool.release(lane)
            steps.append(_step((value, fate, sent, done)))
            if outcome:
                _remember_failure(person, turn, len(steps) - 1)
                break
            step_intended = step_free = ready = done
        self._samples.add(TURN, outcome, number, intended, intended, free, turn_ready, turn_ready, done)
        person.free_ns = done
        if self.oracle is not None:
            self._consult(person, turn, steps)
        return outcome

    def _consult(self, person: Person, turn: Turn, steps: list[Step]) -> None:
        if self.oracle is not None:
            began = now_ns()
            self.oracle.check(person.number, turn.operations, steps)
            self.oracle_ns += now_ns() - began

    def _staleness(self, person: int, at: int, age: int) -> None:
        """An eventual read showed how things were `age` ns before it."""
        self._samples.add(STALENESS, OK, person, at, at, at - age, at, at, at)

    async def _wait(self, person: int, ready: int) -> Lane | None:
        """A free lane, or None when the run is over before there is one."""
        self.waiting[person] = ready
        try:
            return await self._pool.acquire()
        except asyncio.CancelledError:
            if not self.closing:
                raise
            return None
        finally:
            del self.waiting[person]

    def _cut_off(self, lane: Lane, task: asyncio.Task[None] | None) -> int:
        lane.discard()
        if lane.expired:
            lane.expired = False
            cast("asyncio.Task[None]", task).uncancel()
            return TIMEOUT
        if self.closing:
            return UNFINISHED
        raise asyncio.CancelledError

    def backlog_ns(self, people: list[Person], now: int) -> int:
        """The age of the oldest turn that is due and not begun, or that waits for a connection."""
        oldest = min((person.pending[0][0] for person in people if person.pending), default=now)
        return now - min(oldest, min(self.waiting.values(), default=now))

    def cut(self, people: list[Person]) -> None:
        """The drain is over: record what is under way or still due as unfinished, at the age it reached."""
        self.closing = True
        now = now_ns()
        for task in self.tasks:
            task.cancel()
        for person in people:
            for intended, _turn in person.pending:
                self._samples.add(TURN, UNFINISHED, person.number, intended, intended, now, now, now, now)
            person.pending.clear()

    def heartbeat(self, due: int, seen: int) -> None:
        """Record how late the loop saw a heartbeat."""
        self._samples.add(HEARTBEAT, OK, 0, due, due, due, seen, seen, seen)


def _chats(turn: Turn) -> set[str]:
    return {operation.chat_id for operation in turn.operations if hasattr(operation, "chat_id")}


def _is_wrong(value: object, operation: Operation, person: Person) -> bool:
    """Whether finding nothing is wrong: the workloads ask only for what exists, but a person may have no chats yet."""
    if value is None or isinstance(operation, ListModels):
        return True
    return isinstance(operation, ReadMessages) and operation.chat_id not in person.uncertain


_step: Final = Step._make  # what a NamedTuple's own constructor does, in half its time


def _remember_failure(person: Person, turn: Turn, first: int) -> None:
    """The operation at `first` failed, and those after it in the turn were not sent."""
    for operation in turn.operations[first:]:
        if isinstance(operation, CreateChat):
            person.missing.add(operation.chat_id)
        elif isinstance(operation, AppendMessage | RenameChat | DeleteChat):
            person.uncertain.add(operation.chat_id)


def _raise(error: BaseException) -> None:
    raise error

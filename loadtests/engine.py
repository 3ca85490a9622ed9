"""The engine: a process of its own that runs turns on time and hands packed samples over. Never imports Locust.

Orders come as JSON lines on stdin (`plan`, `start`, `people`, `stop`), frames go to stdout; it ends when stdin ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, cast

import orjson
import uvloop

from loadtests.agenda import NEVER_NS, Agenda, PeopleAgenda, RateAgenda
from loadtests.floor import floor_ns
from loadtests.frames import event_frame
from loadtests.lane_process import LaneProcess
from loadtests.lanes import Lane, LaneGone, Pool
from loadtests.performer import NUMBER, Performer, Person, Samples
from loadtests.plan import Plan
from loadtests.precedence import take_precedence
from loadtests.read_back import read_back
from loadtests.saturation import Saturation
from loadtests.stopwatch import Alarm, now_ns, start_instant_ns
from loadtests.vitals import Vitals
from targets.catalog import CATALOG, Design, TargetOptions
from targets.protocol import SetupError, TargetError
from workloads.catalog import WorkloadOptions, make_workload
from workloads.fingerprint import issued
from workloads.ledger import ReadBack
from workloads.operations import NAMES
from workloads.workload import Workload

HEARTBEAT_NS: Final = 10_000_000
SECOND_NS: Final = 1_000_000_000
FLUSH_NS: Final = 100_000_000
DRAIN_S: Final = 5.0
OVERLOAD_NS: Final = 60 * SECOND_NS
"""At so much backlog the run stops early, results kept."""

_HURRIES: Final = frozenset({"interrupted", "budget"})
"""Ends that do not wait for the reading back."""

_PIPE_BYTES: Final = 1 << 20


class Engine:
    """One worker's data plane, from plan to finished."""

    def __init__(self, loop: asyncio.AbstractEventLoop, out: asyncio.WriteTransport) -> None:
        self._loop = loop
        self._out = out
        self.left: asyncio.Future[None] = loop.create_future()  # done when nothing is left to do
        self._samples = Samples(out.write)
        self._plan: Plan | None = None
        self._lane_process: LaneProcess | None = None
        self._agenda: Agenda | None = None
        self._saturation: Saturation | None = None
        self._start = self._open = 0
        self._close = NEVER_NS
        self._beat = self._second = self._flush = 0
        self._second_number = 0
        self._offered_turns = 0
        self._finishing: asyncio.Task[None] | None = None
        self._hurried = ""  # why what is left to read back is left: somebody waits, or pays, for it
        self._vitals = Vitals()

    # --- before the load ---------------------------------------------------------------------------------------

    async def prepare(self, order: dict[str, Any]) -> None:
        """Import the driver, open the connections, build the people; say `ready`."""
        self._plan = plan = Plan(**order)
        design = CATALOG[plan.target]
        workload = make_workload(WorkloadOptions(**plan.workload))
        self._pool = Pool(await self._lanes(plan, design, workload))
        await self._pool.open()
        oracle = workload.oracle(plan.seed, design.eventual) if plan.oracle and design.truthful else None
        self._performer = Performer(self._pool, self._samples, plan.timeout_s, oracle)
        self._performer.on_bug = self._bug
        self._alarm = Alarm(self._loop, self._ring)
        if plan.model == "saturate":
            self._saturation = Saturation(plan, workload, self._performer, self._loop)
        else:
            agenda = PeopleAgenda if plan.model == "people" else RateAgenda
            self._agenda = agenda(plan, workload, self._performer.begin, self._loop.call_soon)
        self._performer.meet(self._people())
        self.say("ready", pid=os.getpid(), floor_ns=await floor_ns(), priority=take_precedence(plan.model))

    async def _lanes(self, plan: Plan, design: Design, workload: Workload) -> list[Lane]:
        options = TargetOptions(**plan.target_options)
        self._target = design.make(options)
        if design.in_process:
            await self._target.prepare(workload.dataset(plan.seed))
        connect = self._target.connect
        if design.blocking:
            self._lane_process = LaneProcess(plan.target, plan.target_options)
            connect = self._lane_process.connect
        return [Lane(connect, remote=design.blocking) for _ in range(plan.own_connections)]

    # --- the load ----------------------------------------------------------------------------------------------

    def start(self, wall_ns: int) -> None:
        """Begin at the announced instant; converted to the stopwatch once."""
        plan = cast(Plan, self._plan)
        self._start = start_instant_ns(wall_ns)
        self._open = self._start + int((plan.ramp_s + plan.warmup_s) * SECOND_NS)
        if plan.duration_s is not None:
            self._close_at(self._open + int(plan.duration_s * SECOND_NS))
        self._beat = self._start
        self._second = self._start + SECOND_NS
        self._flush = self._start + FLUSH_NS
        if self._agenda is not None:
            self._agenda.start(self._start)
        elif self._saturation is not None:
            self._loop.call_later(max(self._start - now_ns(), 0) / 1e9, self._saturation.begin)
        self.say("started", start_ns=self._start, open_ns=self._open, close_ns=self._close)
        self._vitals.begin()
        gc.collect()
        gc.freeze()  # what lives now lives to the end: the collector need not look at it again
        gc.set_threshold(50_000, 20, 50)
        self._ring()

    def set_people(self, count: int) -> None:
        """Locust's user count for this worker changed."""
        if self._agenda is not None:
            self._agenda.set_people(count, now_ns())
            self._performer.meet(self._people())
            self._set_alarm()

    def _ring(self) -> None:
        """Everything that is due: turns first, since they are late already, and the rest once they have begun."""
        now = now_ns()
        if self._begin_due(now):
            self._loop.call_soon(self._attend, now)
        else:
            self._attend(now)

    def _attend(self, now: int) -> None:
        """Heartbeats, flushes, the ends of a second and of the window: what was due at `now`; then the next alarm."""
        while self._beat <= now:
            if self._beat < self._close:
                self._performer.heartbeat(self._beat, now)
            self._beat += HEARTBEAT_NS
            self._pool.expire(now)
        if now >= self._flush:
            self._samples.flush()
            self._flush = now + FLUSH_NS
        while now >= self._second:
            self._end_second(now)
        if now >= self._close and self._finishing is None:
            self._begin_finishing(self._finish(now))
        self._set_alarm()

    def _begin_due(self, now: int) -> int:
        """Begin what is due, also what fell due just before the window closed and is looked at after it."""
        if self._agenda is None or self._finishing is not None:
            return 0
        begun = self._agenda.begin_due(min(now, self._close - 1))
        self._offered_turns += begun
        if self._agenda.next_ns() == NEVER_NS and isinstance(self._agenda, RateAgenda) and not self._performer.tasks:
            self.stop("planned", "the trace ended")
        return begun

    def _set_alarm(self) -> None:
        due = self._agenda.next_ns() if self._agenda is not None and now_ns() < self._close else NEVER_NS
        closing = self._close if self._finishing is None else NEVER_NS
        self._alarm.set(min(due, self._beat, self._second, closing))

    def _people(self) -> list[Person]:
        source = self._agenda or self._saturation
        return source.people if source is not None else []

    def _close_at(self, close_ns: int) -> None:
        self._close = close_ns
        if self._saturation is not None:
            self._saturation.close_ns = close_ns

    def _take_offered(self) -> int:
        """Turns offered since this was asked last."""
        offered, self._offered_turns = self._offered_turns, 0
        if self._saturation is not None:
            offered, self._saturation.offered_turns = self._saturation.offered_turns, 0
        return offered

    def _end_second(self, now: int) -> None:
        self._samples.flush()
        performer = self._performer
        backlog_ns = performer.backlog_ns(self._people(), now)
        self.say(
            "second",
            second=self._second_number,
            engine={
                **self._vitals.read(self._lane_process),
                "backlog_ns": backlog_ns,
                "skipped": performer.skipped,
                "offered": dict(zip(NAMES.values(), performer.offered, strict=True)) | {"turn": self._take_offered()},
            },
        )
        performer.offered = [0] * len(NUMBER)
        self._second_number += 1
        self._second += SECOND_NS
        if backlog_ns > OVERLOAD_NS and self._finishing is None:
            self.stop("overloaded", f"the oldest turn has been waiting for {backlog_ns / 1e9:.0f} s")

    # --- the end -----------------------------------------------------------------------------------------------

    def stop(self, reason: str, detail: str = "") -> None:
        """Close the window now, unless it has closed; then drain and finish."""
        self._hurried = self._hurried or (reason if reason in _HURRIES else "")
        if not self._start:
            self.say("finished", reason=reason, detail=detail, close_ns=0, end_ns=0, start_ns=0)
            self._loop.create_task(self._leave())
        elif self._finishing is None:
            now = now_ns()
            if self._agenda is not None:
                self._offered_turns += self._agenda.begin_due(min(now, self._close - 1))
            self._close_at(min(self._close, now))
            self._begin_finishing(self._finish(self._close, reason, detail))

    def _begin_finishing(self, finish: Coroutine[Any, Any, None]) -> None:
        self._finishing = self._loop.create_task(finish)
        self._finishing.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """A fault on the way out ends the process, with its traceback: silence would look like a lost worker."""
        if not task.cancelled() and (error := task.exception()) is not None and not self.left.done():
            self.left.set_exception(error)

    async def _finish(self, close: int, reason: str = "planned", detail: str = "") -> None:
        close = min(close, self._close)
        self._samples.flush()
        self.say("closing", close_ns=close)
        plan = cast(Plan, self._plan)
        if self._performer.tasks:
            await asyncio.wait(self._performer.tasks, timeout=min(plan.timeout_s, DRAIN_S))
        self._performer.cut(self._people())
        if self._performer.tasks:
            await asyncio.wait(self._performer.tasks, timeout=1.0)
        end = now_ns()
        self._alarm.close()
        self._end_second(end)
        self.say(
            "finished",
            reason=reason,
            detail=detail,
            start_ns=self._start,
            close_ns=close,
            end_ns=end,
            issued=issued((person.number, person.taken) for person in self._people()),
            integrity=await self._integrity(reason),
        )
        await self._leave()

    async def _integrity(self, reason: str) -> dict[str, Any] | None:
        oracle = self._performer.oracle
        if oracle is None:
            return None
        try:
            found = await read_back(oracle, self._pool, reason, self._tell_of_reading, lambda: self._hurried)
        except Exception as error:  # noqa: BLE001 - a fault here ends the run, and what was found under load is kept
            self._bug(error)
            found = ReadBack(note=f"not read back: {type(error).__name__}: {error}")
        return oracle.report(self._start) | {"oracle_ns": self._performer.oracle_ns, "read_back": found.to_json()}

    def _tell_of_reading(self, found: ReadBack) -> None:
        self.say("reading_back", read_units=found.read_units)

    async def _leave(self) -> None:
        if self._plan is not None:
            await _within(1.0, self._pool.close())
        if self._lane_process is not None:
            self._lane_process.close()
        self.left.set_result(None)

    def _bug(self, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        where = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
        what = f"{type(error).__name__}: {error}{where}".replace("\n", " ")
        self.say("bug", reason="lane_died" if isinstance(error, LaneGone) else "bug", message=what)
        self.stop("bug", what)

    def say(self, event: str, **values: Any) -> None:
        """Send an event to the Locust process."""
        self._out.write(event_frame(event, **values))


async def _within(seconds: float, work: Awaitable[None]) -> None:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        pass  # a server that no longer answers must not keep the engine


async def _obey(engine: Engine, orders: asyncio.StreamReader) -> None:
    """Carry out orders until stdin ends."""
    while line := await orders.readline():
        order = orjson.loads(line)
        kind = order.pop("order")
        if kind == "plan":
            await engine.prepare(order)
        elif kind == "start":
            engine.start(order["wall_ns"])
        elif kind == "people":
            engine.set_people(order["count"])
        elif kind == "stop":
            engine.stop(order["reason"], order.get("detail", ""))
    os._exit(0)  # the Locust process has gone: leave at once, whatever is under way


class _Out(asyncio.Protocol):
    """Tells when everything has been written."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(sys.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    out, written = await loop.connect_write_pipe(_Out, sys.stdout)
    engine = Engine(loop, out)
    obeying = loop.create_task(_obey(engine, orders))
    await asyncio.wait((obeying, engine.left), return_when=asyncio.FIRST_COMPLETED)
    if engine.left.done():
        engine.left.result()  # raises what went wrong on the way out
    if obeying.done():
        error = obeying.exception()
        if not isinstance(error, SetupError | TargetError):
            raise error or RuntimeError("the orders ended")
        engine.say("setup_failed", message=str(error))
    out.close()
    await written.closed


def main() -> None:
    """Serve one Locust process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches the engine as an order
    uvloop.run(_main())


if __name__ == "__main__":
    main()

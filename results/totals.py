"""The measured window added up: histograms, counts and units of a whole run, still exact."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from results.histogram import EMPTY, Counts, Tally, add, settled, summary_ms
from results.recorder import SPANS, EngineSecond, Interval, name_of
from results.sample import HEARTBEAT, OPERATION_NAMES, OUTCOMES, STALENESS, TIMED_OUTCOMES, TURN


class Totals:
    """Adds closed seconds; knows nothing of files or of validity."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, int, str], Tally] = {}
        self._units: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.all_units = [0.0, 0.0]
        self.completed_ops = 0
        self.completed_turns = 0
        self.late_turns = 0
        self.offered_turns = 0
        self.backlog_ns = 0

    def add(self, interval: Interval, *, in_window: bool) -> None:
        """Add a merged second; `in_window` when it lies within the measured window."""
        for cell, counts in interval.cells.items():
            if cell.measured:
                key = (cell.operation, cell.outcome, cell.span)
                self._tallies.setdefault(key, Tally()).add(counts)
        for operation, units in interval.units.items():
            self._units[operation][0] += units[0]
            self._units[operation][1] += units[1]
        self.all_units[0] += interval.all_units[0]
        self.all_units[1] += interval.all_units[1]
        self.completed_ops += interval.completed_ops
        self.completed_turns += interval.completed_turns
        self.late_turns += interval.late_turns
        if in_window:
            self.offered_turns += interval.engine.offered.get("turn", 0)
            self.backlog_ns = max(self.backlog_ns, interval.engine.backlog_ns)

    def counts(self, operation: int, span: str, outcomes: tuple[str, ...] = TIMED_OUTCOMES) -> Counts:
        """One span of one operation, over the outcomes that have a latency."""
        parts = [
            self._tallies[key].counts()
            for outcome in outcomes
            if (key := (operation, OUTCOMES.index(outcome), span)) in self._tallies
        ]
        return add(*parts) if parts else EMPTY

    def all_counts(self, span: str) -> Counts:
        """One span of all operations together, over the outcomes that have a latency."""
        whole = Tally()
        for (operation, outcome, name), tally in self._tallies.items():
            if name == span and operation < len(OPERATION_NAMES) and OUTCOMES[outcome] in TIMED_OUTCOMES:
                whole.include(tally)
        return whole.counts()

    def outcomes(self, operation: int) -> Counter[str]:
        """How often each outcome occurred."""
        span = "lag" if operation in (HEARTBEAT, STALENESS) else "response"
        found = Counter[str]()
        for (number, outcome, name), tally in self._tallies.items():
            if number == operation and name == span:
                found[OUTCOMES[outcome]] += tally.total
        return found

    def units(self, operation: int) -> tuple[float, float]:
        """Read and write units the database said the operation consumed in the measured window."""
        read, write = self._units.get(operation, (0.0, 0.0))
        return read, write

    def turns(self) -> dict[str, Any]:
        """The `turns` part of run.json."""
        outcomes = self.outcomes(TURN)
        return {
            "count": outcomes.total(),
            "errors": outcomes.total() - outcomes["ok"],
            **{f"{span}_ms": summary_ms(self.counts(TURN, span)) for span in ("response", "queue", "lag")},
        }

    def operations(self) -> dict[str, dict[str, Any]]:
        """The `operations` part of run.json: those that occurred."""
        return {
            name_of(operation): counted | {f"{span}_ms": summary_ms(self.counts(operation, span)) for span in SPANS}
            for operation, counted in self._counted()
        }

    def counted(self) -> dict[str, dict[str, Any]]:
        """The same without the percentiles, for who asks every second."""
        return {name_of(operation): counted for operation, counted in self._counted()}

    def _counted(self) -> Iterator[tuple[int, dict[str, Any]]]:
        seen = sorted({operation for operation, _, _ in self._tallies if operation < len(OPERATION_NAMES)})
        for operation in seen:
            outcomes = self.outcomes(operation)
            read, write = self.units(operation)
            yield (
                operation,
                {
                    "count": outcomes.total(),
                    "errors": outcomes.total() - outcomes["ok"],
                    "errors_by_kind": {kind: number for kind, number in outcomes.items() if kind != "ok"},
                    "read_units": read,
                    "write_units": write,
                },
            )


_ENOUGH_TURNS: Final = 100
"""With fewer turns their own p99 would be their slowest: then they are judged together with the heartbeats."""

_SETTLED_NS: Final = 5_000_000_000
"""A share of a core over less time says nothing yet of a run that goes on."""


class EngineFacts:
    """What one engine said of itself, reduced to what validity asks: lag, CPU over the window, memory."""

    def __init__(self) -> None:
        self._lag = {TURN: Tally(), HEARTBEAT: Tally()}
        self._first: EngineSecond | None = None
        self._last: EngineSecond | None = None
        self.skipped = 0
        self.clock_jump_ns = 0  # the largest, of every second: a suspended machine's caches are cold afterwards
        self.rss_mb: list[float] = []

    def add(self, interval: Interval, *, in_window: bool) -> None:
        """Take one second of this engine."""
        engine = interval.engine
        for cell, counts in interval.cells.items():
            if cell.measured and cell.span == "lag" and cell.operation in self._lag:
                self._lag[cell.operation].add(counts)
        self.skipped = engine.skipped
        self.clock_jump_ns = max(self.clock_jump_ns, engine.clock_jump_ns, key=abs)
        if not in_window:
            return
        self.rss_mb = [*self.rss_mb[:1], engine.rss_bytes / 1e6]
        self._first = self._first or engine
        self._last = engine

    def lag_p99_ns(self) -> int:
        """The p99 of the later of turn starts and heartbeats, so that neither hides the other."""
        turns, heartbeats = (self._lag[kind].counts() for kind in (TURN, HEARTBEAT))
        if turns.total < _ENOUGH_TURNS:
            return add(turns, heartbeats).percentile_ns(99.0)
        return max(turns.percentile_ns(99.0), heartbeats.percentile_ns(99.0))

    def settled_lag_p99_ns(self) -> int:
        """The same while the run goes on: only what has enough samples beyond its p99 to stand; 0 until then."""
        parts = (tally.counts() for tally in self._lag.values())
        return max((part.percentile_ns(99.0) for part in parts if settled(part, 99.0)), default=0)

    def settled_cpu(self) -> float:
        """The same as `cpu` while the run goes on; 0 before five seconds of the window have passed."""
        return self._share("cpu_ns", _SETTLED_NS)

    def cpu(self) -> float:
        """Fraction of one core this engine used between the first and last second of the window; 0 if unknown."""
        return self._share("cpu_ns")

    def lane_cpu(self) -> float:
        """The same for its lane process."""
        return self._share("lane_cpu_ns")

    def _share(self, name: str, least_ns: int = 1) -> float:
        if self._first is None or self._last is None:
            return 0.0
        passed_ns = self._last.ended_ns - self._first.ended_ns
        if passed_ns < least_ns:
            return 0.0
        used_ns: int = getattr(self._last, name) - getattr(self._first, name)
        return used_ns / passed_ns

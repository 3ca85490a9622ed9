"""Rounds of one target put together: histograms added exactly, counts summed, percentiles never averaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from results.folder import Load, Percentiles, RunFolder, number
from results.histogram import EMPTY, Counts, add, summary_ms
from results.refusal import Refusal
from results.sample import TIMED_OUTCOMES

SPANS: Final = ("queue", "lag", "wait", "service")
"""The spans of an operation that add up to its response."""


@dataclass(frozen=True)
class PooledRun:
    """The rounds of one target under one load. Only `used` rounds count; with none sound, all, as no evidence."""

    runs: tuple[RunFolder, ...]

    @property
    def target(self) -> str:
        """The name of the design that was measured."""
        return self.runs[0].target

    @property
    def badge(self) -> str:
        """What its figures are evidence about."""
        return self.runs[0].badge

    @property
    def load(self) -> Load:
        """How the load was made, in every round."""
        return self.runs[0].load

    @cached_property
    def sound(self) -> tuple[RunFolder, ...]:
        """The rounds that are evidence: valid and complete."""
        return tuple(run for run in self.runs if run.valid)

    @property
    def used(self) -> tuple[RunFolder, ...]:
        """The rounds behind the figures."""
        return self.sound or self.runs

    @property
    def left_out(self) -> tuple[RunFolder, ...]:
        """The rounds that are no evidence."""
        return tuple(run for run in self.runs if not run.valid)

    @property
    def evidence(self) -> bool:
        """Whether any round was sound; else the figures help to find the fault and say nothing of the target."""
        return bool(self.sound)

    @property
    def flags(self) -> tuple[str, ...]:
        """What must be said beside the figures: INVALID, INCOMPLETE, overloaded, generator-bound, and so on."""
        flags = []
        if not self.evidence:
            flags.append("INVALID" if any(run.complete for run in self.runs) else "INCOMPLETE")
        if any(run.totals.get("overloaded") is True for run in self.used):
            flags.append("overloaded")
        if any(run.totals.get("generator_bound") is True for run in self.used):
            flags.append("generator-bound")
        if any(run.part("calibration").get("above") is True for run in self.used):
            flags.append("above calibration")
        ends = {run.end for run in self.sound} - {"", "planned", "overloaded"}
        return (*flags, *(f"ended: {end.replace('_', ' ')}" for end in sorted(ends)))

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """The operations that occurred, in the order of run.json."""
        return tuple(dict.fromkeys(name for run in self.used for name in run.operations))

    @property
    def throughput_turns(self) -> float | None:
        """Turns completed a second, the mean of the rounds by their measured time."""
        return self._mean("throughput_turns")

    @property
    def throughput_ops(self) -> float | None:
        """Operations completed a second, the mean of the rounds by their measured time."""
        return self._mean("throughput_ops")

    @property
    def turn_count(self) -> int:
        """Turns of the measured windows, failed ones included."""
        return round(sum(number(run.part("turns").get("count")) or 0 for run in self.used))

    @property
    def operation_count(self) -> int:
        """Operations of the measured windows, failed ones included."""
        return round(sum(run.total("operations") or 0 for run in self.used))

    @property
    def errors(self) -> int:
        """Operations that failed."""
        return round(sum(run.total("errors") or 0 for run in self.used))

    @property
    def error_rate(self) -> float | None:
        """Failed operations as a fraction of all; None when there were none at all."""
        return self.errors / self.operation_count if self.operation_count else None

    def count_of(self, operation: str) -> int:
        """How often an operation was asked for in the measured windows."""
        return round(self._sum(operation, "count"))

    def errors_of(self, operation: str) -> Mapping[str, int]:
        """Failures of one operation by kind."""
        kinds: Counter[str] = Counter()
        for run in self.used:
            found = run.operations.get(operation, {}).get("errors_by_kind")
            if isinstance(found, Mapping):
                kinds.update({str(kind): round(number(value) or 0) for kind, value in found.items()})
        return {kind: value for kind, value in kinds.items() if value}

    def units_of(self, operation: str) -> tuple[float, float]:
        """Read and write capacity units that one operation consumed, all its calls together."""
        return self._sum(operation, "read_units"), self._sum(operation, "write_units")

    @property
    def units(self) -> tuple[float, float]:
        """Read and write capacity units of the measured windows."""
        reads, writes = zip((0.0, 0.0), *(self.units_of(name) for name in self.operations), strict=True)
        return sum(reads), sum(writes)

    def response_of(self, operation: str) -> Counts:
        """Response times (ns) of an operation or of "turn", over the outcomes that have a latency."""
        return self._merged(lambda run: run.response, operation)

    def service_of(self, operation: str) -> Counts:
        """Service times (ns) of an operation, over the outcomes that have a latency."""
        return self._merged(lambda run: run.service, operation)

    @cached_property
    def service_all(self) -> Counts:
        """Service times (ns) of all operations together, in the proportions of the workload."""
        return _sum_counts([self.service_of(name) for name in self.operations])

    @cached_property
    def turn_response(self) -> Percentiles:
        """What a person waits for a turn: the main figure."""
        return Percentiles.of(summary_ms(self.response_of("turn")))

    def span_of(self, operation: str, span: str) -> Percentiles:
        """A span of an operation: exact for response and service; for the others, which leave no histogram in the
        folder, the highest round's."""
        if span == "response":
            return Percentiles.of(summary_ms(self.response_of(operation)))
        if span == "service":
            return Percentiles.of(summary_ms(self.service_of(operation)))
        return _highest([run.percentiles(operation, span) for run in self.used])

    def _merged(self, log: Callable[[RunFolder], Mapping[str, Counts]], name: str) -> Counts:
        tags = [name if outcome == "ok" else f"{name}.{outcome}" for outcome in TIMED_OUTCOMES]
        return _sum_counts([log(run)[tag] for run in self.used for tag in tags if tag in log(run)])

    def _mean(self, name: str) -> float | None:
        known = [(value, run.measured_s) for run in self.used if (value := run.total(name)) is not None]
        weight = sum(length for _, length in known)
        if not known:
            return None
        if not weight:  # killed before the window's length was known
            return sum(value for value, _ in known) / len(known)
        return sum(value * length for value, length in known) / weight

    def _sum(self, operation: str, name: str) -> float:
        return sum(number(run.operations.get(operation, {}).get(name)) or 0.0 for run in self.used)


def same_facts(run: RunFolder) -> tuple[object, ...]:
    """What must be equal for two runs to be rounds of one measurement."""
    facts = run.part("target").get("facts")
    described = run.part("target").get("server")
    limits = sorted(facts.items()) if isinstance(facts, Mapping) else []
    version = described.get("version") if isinstance(described, Mapping) else None
    names = (run.target, run.badge, str(run.part("target").get("driver")), str(run.part("target").get("provider")))
    return (*names, *same_scope(run), str(limits), str(version))


def same_scope(run: RunFolder) -> tuple[object, ...]:
    """What must be equal for two runs to stand in one table: the workload, its data and the load."""
    workload = run.part("workload")
    return (str(workload["name"]), str(workload["fingerprint"]), str(workload.get("dataset")), run.load)


def pool(runs: Sequence[RunFolder]) -> PooledRun:
    """Put rounds of one target together; raises Refusal when they were not measured alike."""
    if not runs:
        raise ValueError("there are no runs to pool")
    odd = next((run for run in runs if same_facts(run) != same_facts(runs[0])), None)
    if odd is not None:
        raise Refusal(f"{odd.id} was not measured like {runs[0].id}: only rounds under the same load can be pooled")
    return PooledRun(tuple(runs))


def pool_all(runs: Sequence[RunFolder]) -> list[PooledRun]:
    """Every set of rounds among `runs`, in order of first appearance."""
    rounds: dict[tuple[object, ...], list[RunFolder]] = {}
    for run in runs:
        rounds.setdefault(same_facts(run), []).append(run)
    return [pool(found) for found in rounds.values()]


def _sum_counts(parts: Sequence[Counts]) -> Counts:
    return add(*parts) if parts else EMPTY


def _highest(rounds: Sequence[Percentiles]) -> Percentiles:
    def top(values: list[float | None]) -> float | None:
        return max((value for value in values if value is not None), default=None)

    names = ("p50", "p90", "p99", "p999", "max")
    return Percentiles(*(top([getattr(found, name) for found in rounds]) for name in names))

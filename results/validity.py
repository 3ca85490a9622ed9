"""When a run is not evidence: only when the harness itself failed. A slow or failing database is a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LAG_P99_MS: Final = 1.0
LAG_SHARE_OF_SERVICE: Final = 0.10
CPU_SHARE: Final = 0.85
STALL_MS: Final = 50.0
ERROR_RATE: Final = 0.001
"""The limit every run has: errors at most 0.1 % of operations (the same as `capacity`'s default)."""

PASS, LIMIT_MISSED, USAGE, REGRESSION, INVALID, NO_BASELINE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
_PRECEDENCE: Final = (USAGE, INTERRUPTED, INVALID, NO_BASELINE, REGRESSION, LIMIT_MISSED, PASS)


def worst(codes: list[int]) -> int:
    """The exit code that stands when several hold: 2, 130, 4, 5, 3, 1, in that order."""
    return min(codes, key=_PRECEDENCE.index, default=PASS)


@dataclass(frozen=True)
class Reason:
    """Why a run is not evidence: the rule, the figure that broke it, and what a person can do."""

    rule: str
    figure: str
    remedy: str


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    model: str  # "people", "rate" or "saturate"
    lag_p99_ms: float
    service_p99_ms: float
    engine_cpu: float  # fraction of a core, of the busiest engine
    stall_ms: float
    completed_ops: int
    clock_jump_ms: float = 0.0  # how far a clock jumped against the stopwatch; 0: it did not
    died: tuple[str, ...] = ()  # what ended before its time, for people


def reasons(facts: Facts) -> list[Reason]:
    """Every rule that was broken; none means the run is valid."""
    return [*_died(facts), *_empty(facts), *_lag(facts), *_cpu(facts), *_stall(facts), *_clock(facts)]


def _died(facts: Facts) -> list[Reason]:
    remedy = "look at the message above and run again; what was recorded until then is kept"
    return [Reason("died", what, remedy) for what in facts.died]


def _empty(facts: Facts) -> list[Reason]:
    if facts.completed_ops:
        return []
    remedy = "lengthen the measured window, raise the load, or look at errors by kind"
    return [Reason("empty", "no operation was completed in the measured window", remedy)]


def _lag(facts: Facts) -> list[Reason]:
    limit = max(LAG_P99_MS, LAG_SHARE_OF_SERVICE * facts.service_p99_ms)
    if facts.model == "saturate" or facts.lag_p99_ms <= limit:
        return []
    figure = f"lag p99 {facts.lag_p99_ms:.2f} ms, above {limit:.2f} ms"
    return [Reason("lag", figure, "lower the load, add --processes, or move the database to other cores")]


def _cpu(facts: Facts) -> list[Reason]:
    if facts.model == "saturate" or facts.engine_cpu <= CPU_SHARE:
        return []
    figure = f"the engine used {facts.engine_cpu:.0%} of a core, above {CPU_SHARE:.0%}"
    return [Reason("cpu", figure, "lower the load or add --processes")]


def _stall(facts: Facts) -> list[Reason]:
    if facts.stall_ms <= STALL_MS:
        return []
    figure = f"the engine's loop stood still for {facts.stall_ms:.0f} ms, above {STALL_MS:.0f} ms"
    return [Reason("stall", figure, "something else took the processor: run on a quieter machine, or again")]


def _clock(facts: Facts) -> list[Reason]:
    if not facts.clock_jump_ms:
        return []
    figure = f"a clock jumped by {facts.clock_jump_ms / 1e3:+,.1f} s: the machine was suspended, or its time was set"
    return [Reason("clock", figure, "keep the machine awake and its time steady, and run again")]

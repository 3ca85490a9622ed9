"""When a run is not evidence: only when the harness itself failed. A slow or failing database is a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from results.figures import seconds, share

LAG_P99_MS: Final = 1.0
LAG_SHARE_OF_SERVICE: Final = 0.10
CPU_SHARE: Final = 0.85
STALL_MS: Final = 50.0
ERROR_RATE: Final = 0.001
"""The limit every run has: errors at most 0.1 % of operations (the same as `capacity`'s default)."""

OVERLOADED_BACKLOG_S: Final = 1.0
OVERLOADED_SHARE: Final = 0.95
_ENOUGH_ERRORS: Final = 10
_ENOUGH_OPERATIONS: Final = round(1 / ERROR_RATE)
"""A running check says nothing of the error rate before so many of either: one early error is no rate."""

OF_THE_DATABASE: Final = frozenset({"overloaded", "errors"})
"""Rules of warnings that are results: they make no run invalid."""

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


@dataclass(frozen=True)
class Answers:
    """How the database did so far; operations and errors include those that were not issued after a failed write."""

    operations: int
    errors: int
    backlog_s: float
    overloaded: bool

    @property
    def error_rate(self) -> float:
        """Errors as a fraction of the operations; 0 when there were none."""
        return self.errors / self.operations if self.operations else 0.0


def reasons(facts: Facts) -> list[Reason]:
    """Every rule that was broken; none means the run is valid."""
    return [*_died(facts), *_empty(facts), *_harness(facts)]


def warnings(facts: Facts, answers: Answers) -> list[Reason]:
    """What a person who watches a run should know now: broken rules first, then what the database does."""
    return [*_harness(facts), *_overload(answers), *_errors(answers)]


def overloaded(completed_turns: int, offered_turns: int, backlog_s: float) -> bool:
    """Whether the database did not keep up with what was offered."""
    return completed_turns < OVERLOADED_SHARE * offered_turns and backlog_s >= OVERLOADED_BACKLOG_S


def error_limit(error_rate: float) -> dict[str, Any]:
    """The `limits` entry of run.json that every run has."""
    return {
        "name": "errors",
        "limit": f"<= {ERROR_RATE:.1%} of operations",
        "value": f"{error_rate:.2%}",
        "ok": error_rate <= ERROR_RATE,
    }


def _harness(facts: Facts) -> list[Reason]:
    return [*_lag(facts), *_cpu(facts), *_stall(facts), *_clock(facts)]


def _overload(answers: Answers) -> list[Reason]:
    if not answers.overloaded:
        return []
    figure = f"overloaded: the oldest turn has waited for {seconds(round(answers.backlog_s, 1))}"
    remedy = "the database does not keep up, so latency grows with the length of the run: lower the load"
    return [Reason("overloaded", figure, remedy)]


def _errors(answers: Answers) -> list[Reason]:
    enough = answers.errors >= _ENOUGH_ERRORS or answers.operations >= _ENOUGH_OPERATIONS
    if not enough or answers.error_rate <= ERROR_RATE:
        return []
    figure = f"{share(answers.error_rate)} of operations failed, above {share(ERROR_RATE)}"
    return [Reason("errors", figure, "look at errors by kind in the report; lower the load, or mend the server")]


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

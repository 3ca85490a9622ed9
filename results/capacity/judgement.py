"""Whether a run kept an SLO at its rate: it held, it missed, or nothing can be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from results.capacity.folder import EXHAUSTED, INTERRUPTED, OPERATIONS, SATURATED, SLO_MISSED, Limit, Step
from results.capacity.slo import turns_needed
from results.figures import count, rate, share
from results.folder import RunFolder, number
from results.metric import FIGURES, TURNS, samples_of, values_of

KEPT_UP: Final = 0.95
"""A database keeps up when it completes this share of the turns that were offered."""

FAR: Final = 2.0
"""A miss by this factor, beyond the longest stall, is more than a harness that was late can have made by itself."""

_LATE: Final = frozenset({"lag", "stall"})
_CUT_SHORT: Final = frozenset({"interrupted", "stopped", "budget"})
_BACKLOG_S: Final = 1.0
_TOLD: Final = 2  # of a saturated database every operation misses its limit


@dataclass(frozen=True)
class Judgement:
    """Whether the step holds (None: nothing can be said), why, and what kept it from holding."""

    holds: bool | None
    why: str
    stop: str | None = None


def step_of(run: RunFolder, phase: str, rate_turns: float, slo: Sequence[Limit]) -> Step:
    """The run as a step of a search."""
    found = judge(run, slo)
    turn = run.percentiles("turn", "response")
    return Step(
        run=run.path.name,
        phase=phase,
        rate_turns=rate_turns,
        achieved_turns=run.total("throughput_turns"),
        achieved_ops=run.total("throughput_ops"),
        valid=run.valid,
        holds=found.holds,
        why=found.why,
        turn_p50_ms=turn.p50,
        turn_p99_ms=turn.p99,
        errors=run.total("error_rate"),
        stop=found.stop,
    )


def judge(run: RunFolder, slo: Sequence[Limit]) -> Judgement:
    """Hold a run against the SLO.

    A run holds when it is valid, keeps every limit and completes 95 % of the turns offered. An invalid run never
    holds. It counts as missed only where its fault cannot be the cause: nothing but lag or a stall was found (the
    engine had CPU to spare, so the load was sent), the database did not keep up, and the turns' response lies above
    twice its limit and the longest stall together. Where the process of the SDK was the limit, a miss is not the
    database's. Too few turns to tell their percentile: nothing can be said, unless a limit is missed anyway.
    """
    if not run.complete or run.end in _CUT_SHORT:
        return Judgement(None, f"cut short: {run.end or 'killed'}", INTERRUPTED)
    misses = list(_misses(run, slo))
    fault = "; ".join(reason.figure for reason in run.reasons)
    if not run.valid:
        if _missed_by_far(run, slo):
            return Judgement(False, f"{misses[0]}; by far, so it counts although {fault}", SATURATED)
        return Judgement(None, f"invalid: {fault}", EXHAUSTED)
    if misses and run.totals.get("generator_bound") is True:
        return Judgement(
            None, f"the process that runs the SDK was the limit, not the database ({misses[0]})", EXHAUSTED
        )
    if misses:
        more = [f"and {len(misses) - _TOLD} more"] if len(misses) > _TOLD else []
        return Judgement(False, "; ".join([*misses[:_TOLD], *more]), SATURATED if not _kept_up(run) else SLO_MISSED)
    return _held(run, slo)


def _held(run: RunFolder, slo: Sequence[Limit]) -> Judgement:
    turns, needed = samples_of(run).get(TURNS, 0), turns_needed(slo)
    if turns < needed:
        return Judgement(None, f"only {count(turns)} turns, where the limits need {count(needed)}", EXHAUSTED)
    few = unjudged(run, slo)
    return Judgement(True, f"too few samples to judge {', '.join(few)}" if few else "")


def unjudged(run: RunFolder, slo: Sequence[Limit]) -> list[str]:
    """The operations that have a limit on a figure which rests on too few samples to be told."""
    values = values_of(run)
    return list(dict.fromkeys(scope for limit in slo for scope, key in _metrics(run, limit) if key not in values))


def _metrics(run: RunFolder, limit: Limit) -> Iterator[tuple[str, str]]:
    """The scopes a limit speaks of, with the key of each one's figure; errors of all operations have none."""
    if limit.scope != OPERATIONS:
        yield limit.scope, f"{limit.scope}.{limit.figure}"
    elif FIGURES[limit.figure].is_latency:
        yield from ((name, f"{name}.{limit.figure}") for name in run.operations)


def _kept_up(run: RunFolder) -> bool:
    """False with a backlog; a database that refuses quickly has none, and its errors say so."""
    behind = run.totals.get("overloaded") is True or (run.total("backlog_s") or 0.0) >= _BACKLOG_S
    return _share_done(run) >= KEPT_UP or not behind


def _share_done(run: RunFolder) -> float:
    offered = run.total("offered_turns") or 0.0
    return (run.total("throughput_turns") or 0.0) * run.measured_s / offered if offered else 1.0


def _misses(run: RunFolder, slo: Sequence[Limit]) -> Iterator[str]:
    """What was missed and by how much, the worst for the database first."""
    done = _share_done(run)
    if done < KEPT_UP or run.totals.get("overloaded") is True:
        backlog = run.total("backlog_s") or 0.0
        yield f"{share(done)} of the turns offered were completed, backlog {rate(backlog)} s"
    values = values_of(run)
    for limit in slo:
        for scope, key in _metrics(run, limit):
            value = values.get(key)
            if value is not None and value > limit.limit:
                label = Limit(scope, limit.figure, limit.limit).label
                yield f"{label} {limit.value(value)}, limit {limit.value(limit.limit)}"
        errors = run.total("error_rate")
        if limit.scope == OPERATIONS and limit.figure == "errors" and errors is not None and errors > limit.limit:
            yield f"errors {share(errors)} of operations, limit {share(limit.limit)}"
    for kept in run.limits:
        if kept.get("name") == "integrity" and kept.get("ok") is False:
            yield f"wrong answers: {kept.get('value')}"


def _missed_by_far(run: RunFolder, slo: Sequence[Limit]) -> bool:
    rules = {reason.rule for reason in run.reasons}
    if not run.complete or not rules <= _LATE or _kept_up(run):
        return False
    values = values_of(run)
    stall_ms = number(run.totals.get("loop_stall_ms")) or 0.0
    limits = [limit for limit in slo if limit.scope == TURNS and FIGURES[limit.figure].is_latency]
    return any(values.get(f"turns.{limit.figure}", 0.0) > FAR * limit.limit + stall_ms for limit in limits)

"""A target's runs against the limits that were stated, and against their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.decision.check import Check, State
from results.decision.pooled_metric import pooled_value
from results.decision.side import Side, evidence_of
from results.folder import RunFolder
from results.metric import TURNS, Metric
from results.pool import PooledRun, pool
from results.slo import Slo, shown


def limits_of(name: str, runs: Sequence[RunFolder], side: Side, slos: Sequence[Slo]) -> list[Check]:
    """Every limit that binds this target; without a valid run there is no evidence."""
    if not side.rounds:
        return [Check(name, "evidence", "no evidence", f"no valid run: {'; '.join(side.left_out)}")]
    mine = [slo for slo in slos if slo.target in (None, name)]
    valid = pool(evidence_of(runs))
    return [*_own_limits(valid, mine), *(_slo(valid, slo) for slo in mine)]


def _own_limits(valid: PooledRun, slos: Sequence[Slo]) -> list[Check]:
    """A wrong answer or a spent budget fails the job too, and the default limit on errors where turns have none."""
    replaced = {"errors"} if any(slo.metric.key == "turns.errors" for slo in slos) else set()
    return [
        Check(valid.target, str(limit.get("name")), "missed", f"{run.id}: {limit.get('value')}, {limit.get('limit')}")
        for run in valid.used
        for limit in run.limits
        if limit.get("ok") is not True and str(limit.get("name")) not in replaced
    ]


def _slo(valid: PooledRun, slo: Slo) -> Check:
    value = pooled_value(valid, slo.metric)
    if value is None:
        return Check(valid.target, slo.name, "no evidence", _why_absent(valid, slo.metric))
    state: State = "kept" if slo.holds(value) else "missed"
    return Check(valid.target, slo.name, state, f"{slo.metric.label} {shown(slo.metric, value)}, limit {slo.text}")


def _why_absent(valid: PooledRun, metric: Metric) -> str:
    count = valid.turn_count if metric.scope == TURNS else valid.count_of(metric.scope)
    if not count:
        return f"{metric.scope} did not occur in {len(valid.used)} runs: is it part of this workload?"
    if metric.figure.is_latency:
        return (
            f"{metric.label} rests on {count:,} samples, too few (p99 needs 1,000): lengthen the window or add rounds"
        )
    return f"{valid.target} does not report it"


def absent_targets(slos: Sequence[Slo], groups: Mapping[str, object]) -> list[Check]:
    """Limits of targets of which there is no run: their job did not run."""
    missing = {slo.target for slo in slos if slo.target is not None and slo.target not in groups}
    return [
        Check(name, "evidence", "no evidence", f"there is no run of {name}, and limits name it")
        for name in sorted(missing)
    ]

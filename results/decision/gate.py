"""The decision of a CI job: limits kept, nothing worse than the baseline, or why it cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from results.decision.baseline import Baseline
from results.decision.comparison import BETTER, INCONCLUSIVE, WORSE, Comparison, Practical, compare_sides
from results.decision.experiment_answer import shared
from results.decision.pooled_metric import pooled_value
from results.decision.side import Side, evidence_of, make_side
from results.decision.sides import refuse_unequal
from results.decision.verdict_text import sentence
from results.folder import RunFolder
from results.metric import TURNS, Metric
from results.pool import PooledRun, pool
from results.refusal import Refusal
from results.search import lost_rounds
from results.slo import Slo, shown
from results.validity import INVALID, LIMIT_MISSED, NO_BASELINE, PASS, REGRESSION, USAGE, worst

State = Literal[
    "kept", "missed", "no evidence", "no regression", "regression", "inconclusive", "no baseline", "refused"
]
_CODES: Final[Mapping[State, int]] = {
    "kept": PASS,
    "missed": LIMIT_MISSED,
    "no evidence": INVALID,
    "no regression": PASS,
    "regression": REGRESSION,
    "inconclusive": PASS,  # said loudly: noise hid what is smaller than this evidence could show
    "no baseline": NO_BASELINE,
    "refused": USAGE,
}


@dataclass(frozen=True)
class Check:
    """One thing that was judged."""

    target: str
    name: str
    state: State
    detail: str

    @property
    def code(self) -> int:
        """The exit code it asks for."""
        return _CODES[self.state]

    @property
    def passed(self) -> bool:
        """Whether it lets the job pass."""
        return self.code == PASS


@dataclass(frozen=True)
class Decision:
    """Every check, and the code that stands."""

    checks: tuple[Check, ...]
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The worst of the checks, by the order of the exit codes."""
        return worst([check.code for check in self.checks])


def decide(
    runs: Sequence[RunFolder],
    slos: Sequence[Slo],
    baseline: Baseline | None,
    primary: str | None = None,
    practical: Practical | None = None,
    allowed: Sequence[str] = (),
    paths: Sequence[Path] = (),
) -> Decision:
    """Judge every target of `runs`; raises Refusal where there is nothing to judge by, or facts are not equal."""
    if not slos and baseline is None:
        raise Refusal(
            "there is nothing to judge by: write a limit such as [slo.turns] response_p99_ms = 200 into "
            "dbverdict.toml, or name a --baseline"
        )
    if primary is not None and baseline is None:
        raise Refusal(f"--primary {primary} is held against a baseline: name one with --baseline")
    _refuse_own_baseline(runs, baseline)
    groups = _targets(runs, slos, baseline)
    sides = {name: make_side(name, found, allowed) for name, found in groups.items()}
    checks = [check for name, found in groups.items() for check in _of_target(name, found, sides[name], slos)]
    checks += _absent(slos, groups)
    comparisons = _comparisons(sides, baseline, primary, practical or Practical(), allowed)
    checks += [_regression(found) for found in comparisons]
    checks += _vanished(sides, baseline)
    checks += [Check(name, "rounds", "no evidence", line) for name, line in lost_rounds(runs, paths)]
    notes = [f"left out, no evidence: {line}" for side in sides.values() for line in side.left_out]
    notes += [f"{side.label}: {remark}" for side in sides.values() for remark in side.remarks]
    return Decision(tuple(checks), tuple(comparisons), tuple(notes))


def _refuse_own_baseline(runs: Sequence[RunFolder], baseline: Baseline | None) -> None:
    """Runs held against themselves are always alike."""
    stored = {found.run for side in baseline.sides for found in side.rounds} if baseline else set()
    own = next((run for run in runs if run.id in stored), None)
    if own is not None:
        raise Refusal(
            f"{own.path} is part of the baseline itself: name the new runs alone, or give them their own --out"
        )


def _targets(runs: Sequence[RunFolder], slos: Sequence[Slo], baseline: Baseline | None) -> dict[str, list[RunFolder]]:
    """The runs of each target; an experiment's floor only where somebody names it."""
    named = {slo.target for slo in slos} | ({side.target for side in baseline.sides} if baseline else set())
    judged = [run for run in runs if run.target in named or run.part("experiment").get("round") != 0]
    found: dict[str, list[RunFolder]] = {}
    for run in sorted(judged or runs, key=lambda run: (str(run.facts["started_utc"]), run.id)):
        found.setdefault(run.target, []).append(run)
    return found


def _of_target(name: str, runs: Sequence[RunFolder], side: Side, slos: Sequence[Slo]) -> list[Check]:
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


def _absent(slos: Sequence[Slo], groups: Mapping[str, object]) -> list[Check]:
    """Limits of targets of which there is no run: their job did not run."""
    missing = {slo.target for slo in slos if slo.target is not None and slo.target not in groups}
    return [
        Check(name, "evidence", "no evidence", f"there is no run of {name}, and limits name it")
        for name in sorted(missing)
    ]


def _comparisons(
    sides: Mapping[str, Side],
    baseline: Baseline | None,
    primary: str | None,
    practical: Practical,
    allowed: Sequence[str],
) -> list[Comparison]:
    if baseline is None:
        return []
    pairs = [(old, side) for name, side in sides.items() if (old := baseline.side(name)) and side.rounds]
    for old, side in pairs:
        refuse_unequal(old, side, allowed)
    return [compare_sides(old, side, primary, practical, shared(len(pairs))) for old, side in pairs]


def _regression(found: Comparison) -> Check:
    states: dict[str, State] = {WORSE: "regression", BETTER: "no regression", INCONCLUSIVE: "inconclusive"}
    state = states.get(found.verdict, "no regression")
    told = sentence(found)
    if found.not_ranked or found.primary.difference is None or found.primary.why:
        state = "no evidence"
    elif state == "inconclusive" and (found.detectable or 0.0) > BLIND and found.primary.difference.ratio is not None:
        state, told = "no evidence", f"{told} Not even a doubling would have been seen: add rounds or lengthen them."
    return Check(found.b.target, f"baseline {found.primary.metric.key}", state, told)


BLIND: Final = 1.0
"""Evidence that could not have shown a doubling decides nothing."""


def _vanished(sides: Mapping[str, Side], baseline: Baseline | None) -> list[Check]:
    """What the baseline has and the runs lack, and the other way round."""
    if baseline is None:
        return []
    checks = [
        Check(old.target, "baseline", "no evidence", f"{old.target} is in the baseline and has no run")
        for old in baseline.sides
        if old.target not in sides
    ]
    for name, side in sides.items():
        old = baseline.side(name)
        if old is None:
            checks.append(Check(name, "baseline", "no baseline", f"the baseline holds no rounds of {name}"))
        elif side.rounds:
            checks += [Check(name, scope, "no evidence", told) for scope, told in _gone(old, side)]
    return checks


def _gone(old: Side, new: Side) -> list[tuple[str, str]]:
    """Operations that every round of one side has and a round of the other lacks, or that one side has alone."""
    found = []
    for scope in {scope: None for side in (old, new) for part in side.rounds for scope in part.samples}:
        had, has = ([scope in part.samples for part in side.rounds] for side in (old, new))
        if any(had) and (not any(has) or (all(had) and not all(has))):
            lacking = f"{len(has) - sum(has)} of {len(has)} new rounds"
            found.append((scope, f"{scope} vanished: the baseline has it, {lacking} do not"))
        elif any(has) and not any(had):
            found.append((scope, f"{scope} is new: the baseline has none of it; save it anew"))
    return found

"""The decision of a CI job: limits kept, nothing worse than the baseline, or why it cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from results.baseline import Baseline
from results.comparison import BETTER, INCONCLUSIVE, WORSE, Comparison, Practical, compare_sides
from results.experiment_answer import shared
from results.folder import RunFolder
from results.metric import TURNS, Metric
from results.pool import PooledRun, pool
from results.pooled_metric import pooled_value
from results.refusal import Refusal
from results.side import Side, make_side
from results.sides import refuse_unequal
from results.slo import Slo, shown
from results.validity import INVALID, LIMIT_MISSED, NO_BASELINE, PASS, REGRESSION, worst
from results.verdict_text import sentence

State = Literal["kept", "missed", "no evidence", "no regression", "regression", "inconclusive", "no baseline"]
_CODES: Final[Mapping[State, int]] = {
    "kept": PASS,
    "missed": LIMIT_MISSED,
    "no evidence": INVALID,
    "no regression": PASS,
    "regression": REGRESSION,
    "inconclusive": PASS,  # said loudly: noise hid what is smaller than this evidence could show
    "no baseline": NO_BASELINE,
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
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

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
) -> Decision:
    """Judge every target of `runs`; raises Refusal where there is nothing to judge by, or facts are not equal."""
    if not slos and baseline is None:
        raise Refusal(
            "there is nothing to judge by: write a limit such as [slo.turns] response_p99_ms = 200 into "
            "dbverdict.toml, or name a --baseline"
        )
    groups = _targets(runs, slos, baseline)
    sides = {name: make_side(name, found, allowed) for name, found in groups.items()}
    checks = [check for name, found in groups.items() for check in _of_target(name, found, sides[name], slos)]
    checks += _absent(slos, groups)
    comparisons = _comparisons(sides, baseline, primary, practical or Practical(), allowed)
    checks += [_regression(found) for found in comparisons]
    checks += _vanished(sides, baseline)
    notes = [f"left out, no evidence: {line}" for side in sides.values() for line in side.left_out]
    return Decision(tuple(checks), tuple(comparisons), tuple(notes))


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
    valid = pool([run for run in runs if run.valid])
    return [*_own_limits(valid, mine), *(_slo(valid, slo) for slo in mine)]


def _own_limits(valid: PooledRun, slos: Sequence[Slo]) -> list[Check]:
    """A wrong answer or a spent budget fails the job too, and the default limit on errors where none is stated."""
    replaced = {"errors"} if any(slo.metric.figure.name == "errors" for slo in slos) else set()
    return [
        Check(valid.target, str(limit.get("name")), "missed", f"{run.id}: {limit.get('value')}, {limit.get('limit')}")
        for run in valid.used
        for limit in run.limits
        if limit.get("ok") is not True and limit.get("name") not in replaced
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
    if found.not_ranked or found.primary.difference is None:
        state = "no evidence"
    return Check(found.b.target, f"baseline {found.primary.metric.key}", state, sentence(found))


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
            gone = [scope for scope in old.rounds[0].samples if not side.samples(scope)]
            checks += [Check(name, scope, "no evidence", f"{scope} vanished: the baseline has it") for scope in gone]
    return checks

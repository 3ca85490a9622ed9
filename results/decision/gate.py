"""The decision of a CI job: limits kept, nothing worse than the baseline, or why it cannot be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from results.decision.baseline import Baseline
from results.decision.check import Check
from results.decision.comparison import Comparison, Practical
from results.decision.limits import absent_targets, limits_of
from results.decision.regression import against_baseline, refuse_own_baseline, regression, vanished
from results.decision.side import make_side
from results.decision.sides import grouped
from results.folder import RunFolder
from results.refusal import Refusal
from results.search import lost_rounds
from results.slo import Slo
from results.validity import worst


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
    refuse_own_baseline(runs, baseline)
    groups = _targets(runs, slos, baseline)
    sides = {name: make_side(name, found, allowed) for name, found in groups.items()}
    checks = [check for name, found in groups.items() for check in limits_of(name, found, sides[name], slos)]
    checks += absent_targets(slos, groups)
    comparisons = against_baseline(sides, baseline, primary, practical or Practical(), allowed)
    checks += [regression(found) for found in comparisons]
    checks += vanished(sides, baseline)
    checks += [Check(name, "rounds", "no evidence", line) for name, line in lost_rounds(runs, paths)]
    notes = [f"left out, no evidence: {line}" for side in sides.values() for line in side.left_out]
    notes += [f"{side.label}: {remark}" for side in sides.values() for remark in side.remarks]
    return Decision(tuple(checks), tuple(comparisons), tuple(notes))


def _targets(runs: Sequence[RunFolder], slos: Sequence[Slo], baseline: Baseline | None) -> dict[str, list[RunFolder]]:
    """The runs of each target; an experiment's floor only where somebody names it."""
    named = {slo.target for slo in slos} | ({side.target for side in baseline.sides} if baseline else set())
    judged = [run for run in runs if run.target in named or run.part("experiment").get("round") != 0]
    return grouped(judged or runs)

"""Runs against a baseline: worse, not worse, or why that cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from results.decision.baseline import Baseline
from results.decision.check import Check, State
from results.decision.comparison import BETTER, INCONCLUSIVE, WORSE, Comparison, Practical, compare_sides
from results.decision.experiment_answer import shared
from results.decision.side import Side
from results.decision.sides import refuse_unequal
from results.decision.verdict_text import sentence
from results.folder import RunFolder
from results.refusal import Refusal

BLIND: Final = 1.0
"""Evidence that could not have shown a doubling decides nothing."""


def refuse_own_baseline(runs: Sequence[RunFolder], baseline: Baseline | None) -> None:
    """Runs held against themselves are always alike."""
    stored = {found.run for side in baseline.sides for found in side.rounds} if baseline else set()
    own = next((run for run in runs if run.id in stored), None)
    if own is not None:
        raise Refusal(
            f"{own.path} is part of the baseline itself: name the new runs alone, or give them their own --out"
        )


def against_baseline(
    sides: Mapping[str, Side],
    baseline: Baseline | None,
    primary: str | None,
    practical: Practical,
    allowed: Sequence[str],
) -> list[Comparison]:
    """Each target that the baseline holds, B being the new runs; raises Refusal where facts are not equal."""
    if baseline is None:
        return []
    pairs = [(old, side) for name, side in sides.items() if (old := baseline.side(name)) and side.rounds]
    for old, side in pairs:
        refuse_unequal(old, side, allowed)
    return [compare_sides(old, side, primary, practical, shared(len(pairs))) for old, side in pairs]


def regression(found: Comparison) -> Check:
    """The verdict as a check."""
    states: dict[str, State] = {WORSE: "regression", BETTER: "no regression", INCONCLUSIVE: "inconclusive"}
    state = states.get(found.verdict, "no regression")
    told = sentence(found)
    if found.not_ranked or found.primary.difference is None or found.primary.why:
        state = "no evidence"
    elif state == "inconclusive" and (found.detectable or 0.0) > BLIND and found.primary.difference.ratio is not None:
        state, told = "no evidence", f"{told} Not even a doubling would have been seen: add rounds or lengthen them."
    return Check(found.b.target, f"baseline {found.primary.metric.key}", state, told)


def vanished(sides: Mapping[str, Side], baseline: Baseline | None) -> list[Check]:
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

"""What an experiment answers: its first target is the reference, each other one is judged against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from results.decision.comparison import INCONCLUSIVE, Comparison, Verdict, compare_sides
from results.decision.inference import CONFIDENCE
from results.decision.side import make_side
from results.decision.sides import by_target, refuse_unequal
from results.decision.verdict_text import sentence
from results.folder import RunFolder
from results.refusal import Refusal


@dataclass(frozen=True)
class Answer:
    """One target against the reference."""

    a: str
    b: str
    verdict: Verdict  # of B against A
    sentence: str


def experiment_answers(runs: Sequence[RunFolder]) -> tuple[Answer, ...]:
    """The answers of one experiment's runs; none where there is nothing to compare."""
    found = by_target(runs, None, "the experiment")
    if len(found) < 2:
        return ()
    try:
        sides = [make_side(name, part) for name, part in found.items()]
        for side in sides[1:]:
            refuse_unequal(sides[0], side, ())
    except Refusal as error:
        a, *others = found
        return tuple(Answer(a, b, INCONCLUSIVE, f"inconclusive: {error}") for b in others)
    return tuple(_answer(compare_sides(sides[0], b, confidence=shared(len(sides) - 1))) for b in sides[1:])


def shared(verdicts: int) -> float:
    """The confidence of each of several verdicts, so that together they have 95 % (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(verdicts, 1)


def _answer(found: Comparison) -> Answer:
    return Answer(found.a.label, found.b.label, found.verdict, sentence(found))

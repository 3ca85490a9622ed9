"""Is B better than A? One primary metric carries the verdict; the rest is exploratory, corrected for its number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

from results.decision.evidence import ROUNDS, evidence
from results.decision.inference import (
    CONFIDENCE,
    Difference,
    compare,
    corrected,
    detectable,
    possible,
    rounds_to_exclude,
    rounds_to_show,
)
from results.decision.side import Side
from results.figures import share
from results.metric import DEFAULT_PRIMARY, ERROR_FLOOR, LATENCY_FLOOR_MS, Metric, every_metric, find_metric
from results.refusal import Refusal
from results.scope import KINDS

Verdict = Literal["better", "worse", "no difference", "inconclusive", "not ranked"]
"""Of B against A. "no difference" means: none beyond the practical size, as far as the interval reaches."""

BETTER: Final[Verdict] = "better"
WORSE: Final[Verdict] = "worse"
NO_DIFFERENCE: Final[Verdict] = "no difference"
INCONCLUSIVE: Final[Verdict] = "inconclusive"
NOT_RANKED: Final[Verdict] = "not ranked"

SATURATED_PRIMARY: Final = "turns.throughput"
"""The primary metric of a closed loop, whose response times say nothing of a person's."""


COMPARED: Final = (
    *("response_p50_ms", "response_p99_ms", "response_p999_ms", "service_p99_ms", "queue_p99_ms"),
    *("throughput", "goodput", "errors", "rcu_per_op", "wcu_per_op"),
)
"""The figures that are compared beside the primary one; more would only widen the correction for their number."""


MOST_SHARE: Final = 10.0
MOST_MS: Final = 3_600_000.0


@dataclass(frozen=True)
class Practical:
    """The least difference that matters: a share, and for latencies milliseconds besides; both must be exceeded."""

    share: float = 0.05
    ms: float = LATENCY_FLOOR_MS

    @classmethod
    def of(cls, share: float, ms: float) -> Practical:
        """From what a person gave; raises Refusal for what is no size."""
        if not 0 <= share <= MOST_SHARE or not 0 <= ms <= MOST_MS:
            raise Refusal(f"--practical {share:g} and --practical-ms {ms:g}: give a share up to 10, and milliseconds")
        return cls(share, ms)

    def floor(self, metric: Metric) -> float:
        """The absolute part, in the metric's own unit."""
        return self.ms if metric.figure.is_latency else metric.figure.floor

    def exceeded(self, metric: Metric, found: Difference) -> bool:
        """Whether the estimate is large enough to matter."""
        beyond = abs(found.difference.estimate) > self.floor(metric)
        return beyond and (found.ratio is None or abs(math.log(found.ratio.estimate)) > math.log1p(self.share))

    def excluded(self, metric: Metric, found: Difference) -> bool:
        """Whether the whole interval is too small to matter."""
        floor, ratio = self.floor(metric), found.ratio
        if -floor <= found.difference.low and found.difference.high <= floor:
            return True
        return ratio is not None and 1 / (1 + self.share) <= ratio.low and ratio.high <= 1 + self.share


@dataclass(frozen=True)
class Compared:
    """One metric on both sides. Without a `difference`, `why` says what was lacking."""

    metric: Metric
    difference: Difference | None
    why: str
    verdict: Verdict
    confidence: float
    unit: str = ROUNDS  # what a value of the evidence is: a round or a session
    caveat: str = ""
    corrected_p: float | None = None  # of an exploratory metric, adjusted for their number


@dataclass(frozen=True)
class Comparison:
    """B against A."""

    a: Side
    b: Side
    primary: Compared
    others: tuple[Compared, ...]
    practical: Practical
    not_ranked: str = ""  # why the two are never ranked; then there is no verdict

    @property
    def verdict(self) -> Verdict:
        """B against A by the primary metric."""
        return NOT_RANKED if self.not_ranked else self.primary.verdict

    @cached_property
    def detectable(self) -> float | None:
        """The smallest true change of the primary metric that this evidence shows with 80 % probability.

        A share where there is a ratio, else a difference in the metric's unit; None without an interval.
        """
        found = self.primary.difference
        if found is None:
            return None
        a, b = found.rounds
        size = detectable(
            found.spread, a, b, paired=found.paired, confidence=self.primary.confidence, least=self._least(found)
        )
        return math.expm1(size) if found.ratio is not None else size

    @cached_property
    def rounds_needed(self) -> int | None:
        """About how many rounds a side would settle it with 80 % probability, were the truth what was estimated.

        None when more than 1,000, or without an interval.
        """
        found = self.primary.difference
        if found is None:
            return None
        least, confidence = self._least(found), self.primary.confidence
        seen = abs(found.difference.estimate if found.ratio is None else math.log(found.ratio.estimate))
        if seen > least:
            return rounds_to_show(found.spread, seen, paired=found.paired, confidence=confidence, least=least)
        return rounds_to_exclude(found.spread, least - seen, paired=found.paired, confidence=confidence)

    def _least(self, found: Difference) -> float:
        """The practical size on the scale of the spread."""
        return (
            math.log1p(self.practical.share) if found.ratio is not None else self.practical.floor(self.primary.metric)
        )


def compare_sides(
    a: Side,
    b: Side,
    primary: str | None = None,
    practical: Practical | None = None,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Judge B against A; the sides' facts must have been found equal. `primary` is a metric's key."""
    practical = practical or Practical()
    metric = find_metric(primary or default_primary(a))
    rest = [found for found in every_metric() if found != metric and found.figure.name in COMPARED]
    others = [
        _compared(a, b, found, practical, CONFIDENCE) for found in rest if a.values(found.key) or b.values(found.key)
    ]
    return Comparison(
        a=a,
        b=b,
        primary=_doubted(a, b, _compared(a, b, metric, practical, confidence)),
        others=_correct(others),
        practical=practical,
        not_ranked=_not_ranked(a, b),
    )


def default_primary(side: Side) -> str:
    """What carries the verdict unless somebody says otherwise."""
    return SATURATED_PRIMARY if side.load_model == "saturate" else DEFAULT_PRIMARY


def _not_ranked(a: Side, b: Side) -> str:
    if a.kind == b.kind:
        return ""
    return next(kind.sentence for kind in reversed(KINDS) if kind.name in (a.kind, b.kind))


def _compared(a: Side, b: Side, metric: Metric, practical: Practical, confidence: float) -> Compared:
    held = evidence(a, b, metric.key)
    if not possible(len(held.a), len(held.b), paired=held.paired):
        return Compared(metric, None, _lacking(a, b, metric), INCONCLUSIVE, confidence)
    found = compare(held.a, held.b, paired=held.paired, confidence=confidence)
    return Compared(metric, found, "", verdict_of(metric, found, practical), confidence, held.unit, held.caveat)


def _doubted(a: Side, b: Side, primary: Compared) -> Compared:
    """A verdict that something else than the database may have made is none."""
    doubt = _doubt(a, b, primary)
    return replace(primary, verdict=INCONCLUSIVE, why=doubt) if doubt and primary.difference is not None else primary


def _doubt(a: Side, b: Side, primary: Compared) -> str:
    """Quick failures shorten latencies, and a harness that was the limit hides the database."""
    before, after = (_mean(side.values("turns.errors")) for side in (a, b))
    if primary.metric.figure.is_latency and primary.verdict in (BETTER, NO_DIFFERENCE) and after > before + ERROR_FLOOR:
        return (
            f"{share(after)} of the turns of {b.label} failed, {share(before)} of {a.label}: quick failures shorten it"
        )
    bound = [side.label for side in (a, b) if any("generator-bound" in remark for remark in side.remarks)]
    if primary.metric.figure.name in ("throughput", "goodput") and bound:
        return f"the harness was the limit, not the database, for {' and '.join(bound)}: a lower bound only"
    return ""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _lacking(a: Side, b: Side, metric: Metric) -> str:
    has = [side for side in (a, b) if side.values(metric.key)]
    for side in (a, b):
        if not side.rounds:
            return f"{side.label} has no valid round"
    if len(has) == 1:
        return f"only {has[0].label} gives it"
    if not has:
        return _too_few(a, b, metric)
    return "an interval needs 3 rounds or sessions in all that give it, or 2 pairs: make more --rounds"


def _too_few(a: Side, b: Side, metric: Metric) -> str:
    counts = [found.samples.get(metric.scope, 0) for side in (a, b) for found in side.rounds]
    if not metric.figure.is_latency or not any(counts):
        return "neither side gives it"
    return f"too few samples in a round (at most {max(counts):,}; p99 needs 1,000, p99.9 10,000): lengthen the window"


def verdict_of(metric: Metric, found: Difference, practical: Practical) -> Verdict:
    """B against A: a difference needs an interval that excludes none and an estimate of practical size."""
    if found.excludes_none and practical.exceeded(metric, found):
        lower = found.difference.estimate < 0 if found.ratio is None else found.ratio.estimate < 1
        return BETTER if lower == metric.figure.lower_is_better else WORSE
    return NO_DIFFERENCE if practical.excluded(metric, found) else INCONCLUSIVE


def _correct(found: Sequence[Compared]) -> tuple[Compared, ...]:
    judged = [part for part in found if part.difference is not None]
    adjusted = iter(corrected([part.difference.p for part in judged if part.difference is not None]))
    return tuple(replace(part, corrected_p=next(adjusted)) if part.difference is not None else part for part in found)

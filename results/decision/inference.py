"""Whether two sets of rounds differ, by how much, and what the evidence could have shown. scipy has the distributions.

The unit of evidence is the round: samples of one run depend on each other (a checkpoint, a busy neighbour), so their
number says nothing of how a second run would differ. Rounds of an interleaved experiment are paired, on the logarithm.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

CONFIDENCE: Final = 0.95
POWER: Final = 0.80
"""The probability with which a difference counts as one that the evidence could have shown."""

MOST_ROUNDS: Final = 1_000
"""More rounds than these are not proposed."""

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate between its bounds."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """B against A: the ratio B / A of the geometric means, the difference B - A, and how sure both are.

    `ratio` is None where a value is 0 or below, which has no logarithm; then `difference` carries the decision.
    """

    a: float  # the mean of A's rounds: geometric where there is a ratio
    b: float
    rounds: tuple[int, int]
    paired: bool
    ratio: Interval | None
    difference: Interval
    p: float  # two-sided, of no difference
    spread: float  # standard deviation from round to round, of the logarithm where there is a ratio

    @property
    def excludes_none(self) -> bool:
        """Whether the interval leaves "no difference" out."""
        if self.ratio is not None:
            return not self.ratio.low <= 1.0 <= self.ratio.high
        return not self.difference.low <= 0.0 <= self.difference.high


def compare(a: Sequence[float], b: Sequence[float], *, paired: bool, confidence: float = CONFIDENCE) -> Difference:
    """B against A; with `paired`, the k-th of each were measured side by side.

    Paired: Student's t on the pairs' differences. Unpaired: Student's two-sample t with one common variance, which also
    judges a single round against the noise of the other side; where nothing changed, both sides have the same noise.
    Raises ValueError where no interval is possible: fewer than 2 pairs, or fewer than 3 rounds in all.
    """
    if not possible(len(a), len(b), paired=paired):
        raise ValueError(f"{len(a)} and {len(b)} rounds allow no interval")
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    plain = _interval(first, second, paired, confidence)
    if first.min() <= 0 or second.min() <= 0:
        means = (float(first.mean()), float(second.mean()))
        return Difference(*means, (len(a), len(b)), paired, None, plain[0], plain[1], _spread(first, second, paired))
    logs = np.log(first), np.log(second)
    found, p = _interval(*logs, paired, confidence)
    ratio = Interval(*(math.exp(bound) for bound in (found.estimate, found.low, found.high)))
    means = (float(np.exp(logs[0].mean())), float(np.exp(logs[1].mean())))
    return Difference(*means, (len(a), len(b)), paired, ratio, plain[0], p, _spread(*logs, paired))


def possible(a: int, b: int, *, paired: bool) -> bool:
    """Whether so many rounds allow an interval at all."""
    return min(a, b) >= 2 if paired else min(a, b) >= 1 and a + b >= 3


def _interval(a: _Values, b: _Values, paired: bool, confidence: float) -> tuple[Interval, float]:
    estimate = float(b.mean() - a.mean())
    rounding = 1e-9 * max(float(np.abs(a).max()), float(np.abs(b).max()))
    if _spread(a, b, paired) <= rounding:  # alike in every round: there is no t to take
        return Interval(estimate, estimate, estimate), 1.0 if abs(estimate) <= rounding else 0.0
    with warnings.catch_warnings():  # one side alone may be alike in every round: the other's spread carries the test
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        test = stats.ttest_rel(b, a) if paired else stats.ttest_ind(b, a, equal_var=True)
    low, high = test.confidence_interval(confidence)
    return Interval(estimate, float(low), float(high)), float(test.pvalue)


def _spread(a: _Values, b: _Values, paired: bool) -> float:
    """The standard deviation the t-test rests on: of the pairs' differences, or within the two sides together."""
    if paired:
        return float(np.std(b - a, ddof=1))
    squares = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    return math.sqrt(squares / (len(a) + len(b) - 2))


def _scale(a: int, b: int, *, paired: bool) -> tuple[float, int]:
    """Standard error of the mean difference in units of the spread, and the degrees of freedom."""
    return (math.sqrt(1 / a), a - 1) if paired else (math.sqrt(1 / a + 1 / b), a + b - 2)


def detectable(
    spread: float,
    a: int,
    b: int,
    *,
    paired: bool,
    confidence: float = CONFIDENCE,
    power: float = POWER,
    least: float = 0.0,
) -> float:
    """The smallest true difference that such evidence shows with probability `power`, in the unit of `spread`.

    From the noncentral t distribution (Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed.,
    ch. 2); where only estimates above `least` are shown, it is no smaller than what such an estimate takes.
    """
    scale, freedom = _scale(a, b, paired=paired)
    critical = float(stats.t.ppf((1 + confidence) / 2, freedom))

    def lacking(shift: float) -> float:
        return float(stats.nct.sf(critical, freedom, shift)) - power

    high = critical + 1.0
    while lacking(high) < 0:
        high *= 2
    by_interval = float(optimize.brentq(lacking, 0.0, high)) * scale * spread
    return max(by_interval, least + float(stats.norm.ppf(power)) * scale * spread if least else 0.0)


def rounds_to_show(
    spread: float, size: float, *, paired: bool, confidence: float = CONFIDENCE, least: float = 0.0
) -> int | None:
    """How many rounds a side show a true difference of `size` with 80 % probability; None when more than 1,000."""
    return _fewest(lambda n: detectable(spread, n, n, paired=paired, confidence=confidence, least=least) <= size)


def rounds_to_exclude(spread: float, room: float, *, paired: bool, confidence: float = CONFIDENCE) -> int | None:
    """How many rounds a side bring the whole interval within `room` of the true difference with 80 % probability.

    Both bounds must lie inside, so each may fail in 10 % of cases (Schuirmann 1987, two one-sided tests).
    """

    def enough(count: int) -> bool:
        scale, freedom = _scale(count, count, paired=paired)
        reach = float(stats.t.ppf((1 + confidence) / 2, freedom) + stats.t.ppf(1 - (1 - POWER) / 2, freedom))
        return reach * scale * spread <= room

    return _fewest(enough)


def _fewest(enough: Callable[[int], bool]) -> int | None:
    if not enough(MOST_ROUNDS):
        return None
    low, high = 2, MOST_ROUNDS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def corrected(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number and their dependence (Benjamini and Yekutieli 2001)."""
    return [float(p) for p in stats.false_discovery_control(p_values, method="by")] if p_values else []

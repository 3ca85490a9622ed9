"""Samplers: each turns a uniform number in [0, 1) into a value, so that one `random()` decides one value.

Only `random.random()` feeds them: its sequence for a seed is the same in every Python version.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from statistics import NormalDist


class ZipfRanks:
    """Ranks 0 to n-1, rank r with weight (r + 1) ** -exponent."""

    def __init__(self, n: int, exponent: float) -> None:
        self._cumulative = list(accumulate(1.0 / math.pow(rank + 1, exponent) for rank in range(n)))
        self._total = self._cumulative[-1]

    def sample(self, u: float) -> int:
        """The rank at the quantile `u`."""
        return bisect_right(self._cumulative, u * self._total)

    def share(self, rank: int) -> float:
        """The probability of one rank."""
        below = self._cumulative[rank - 1] if rank else 0.0
        return (self._cumulative[rank] - below) / self._total


class TurnCounts:
    """Turns of a chat, from survival points (turns, share of chats with at least so many), log-linear between.

    Beyond the last point the survival falls by `decay` a turn; no chat is longer than `cap` turns.
    """

    def __init__(self, points: Sequence[tuple[int, float]], decay: float, cap: int) -> None:
        survival = list(_log_linear(points))
        while len(survival) < cap:
            survival.append(survival[-1] * decay)
        self._survival = survival[:cap]  # [k - 1] is P(turns >= k)
        self._shorter = [1.0 - share for share in self._survival[1:]]
        self._indices = list(accumulate(self._survival))
        self.mean = self._indices[-1]

    def sample(self, u: float) -> int:
        """The number of turns at the quantile `u`, at least 1."""
        return bisect_right(self._shorter, u) + 1

    def survival(self, turns: int) -> float:
        """The share of chats with at least so many turns."""
        return self._survival[turns - 1]

    def under_way(self, u: float) -> int:
        """Which turn of its chat (from 1) a message sent at a random moment is: index k has weight P(turns >= k)."""
        return bisect_right(self._indices, u * self.mean) + 1

    def at_least(self, turns: int, u: float) -> int:
        """The number of turns at the quantile `u` of the chats that have at least `turns`."""
        shorter = 1.0 - self._survival[turns - 1]
        return max(turns, self.sample(shorter + u * (1.0 - shorter)))


def _log_linear(points: Sequence[tuple[int, float]]) -> Iterator[float]:
    for (turns, share), (next_turns, next_share) in pairwise(points):
        for step in range(next_turns - turns):
            yield share * (next_share / share) ** (step / (next_turns - turns))
    yield points[-1][1]


class Quantiles:
    """Positive sizes given by points (cumulative probability, size), log-linear between them."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        self._probability = [probability for probability, _ in points]
        self._log_size = [math.log(size) for _, size in points]
        self._slope = [
            (log_b - log_a) / (q_b - q_a) if q_b > q_a else 0.0
            for (q_a, log_a), (q_b, log_b) in pairwise(zip(self._probability, self._log_size, strict=True))
        ]

    def sample(self, u: float) -> int:
        """The size at the quantile `u`, rounded, at least 1."""
        at = bisect_right(self._probability, u) - 1
        return int(math.exp(self._log_size[at] + (u - self._probability[at]) * self._slope[at]) + 0.5) or 1


def lognormal_cdf(x: float, median: float, sigma: float) -> float:
    """P(X <= x) of a lognormal."""
    return 0.5 * math.erfc(-math.log(x / median) / (sigma * math.sqrt(2.0)))


def gamma_cdf(x: float, shape: float, scale: float) -> float:
    """P(X <= x) of a Gamma distribution, by the power series of the incomplete gamma function."""
    z = x / scale
    if z > shape + 40.0 * math.sqrt(shape) + 40.0:
        return 1.0  # the rest is below 1e-16, and the series would need many terms
    term = total = 1.0 / shape
    n = 1
    while term > total * 1e-13:
        term *= z / (shape + n)
        total += term
        n += 1
    return min(1.0, total * math.exp(shape * math.log(z) - z - math.lgamma(shape)))


def lognormal_quantiles(median: float, sigma: float, count: int) -> list[float]:
    """`count` equally likely values of a lognormal, ascending: the midpoints of its quantiles."""
    normal = NormalDist()
    return [median * math.exp(sigma * normal.inv_cdf((i + 0.5) / count)) for i in range(count)]

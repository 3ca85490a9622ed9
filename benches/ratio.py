"""The arithmetic of an interleaved comparison: readings, ratios round by round, goals. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Reading:
    """What one run of one side showed; None where that side cannot tell."""

    ops_per_s: float
    p50_ms: float | None = None
    cpu_us_per_op: float | None = None
    lag_p99_ms: float | None = None
    warning: str = ""  # why this reading is doubtful; empty when it is not
    p99_ms: float | None = None


Measure = Callable[[Reading], float | None]


@dataclass(frozen=True)
class Spread:
    """A median over rounds, with the least and the greatest value."""

    median: float
    least: float
    most: float

    def text(self) -> str:
        """As people read it: `8.31 (8.02..8.90)`."""
        return f"{figure(self.median)} ({figure(self.least)}..{figure(self.most)})"


@dataclass(frozen=True)
class Goal:
    """A limit on a median."""

    limit: float
    at_least: bool

    def reached(self, found: Spread | None) -> bool | None:
        """Whether the median keeps the limit; None when nothing was found."""
        if found is None:
            return None
        return found.median >= self.limit if self.at_least else found.median <= self.limit

    def text(self) -> str:
        """As people read it: `≥ 8`."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


def spread(values: Sequence[float | None]) -> Spread | None:
    """Median, least and greatest of the values; None when there is none, or when a round lacks its own."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    return Spread(median(known), min(known), max(known))


def ratios(ours: Sequence[Reading], theirs: Sequence[Reading], measure: Measure) -> Spread | None:
    """The ratio of each round, ours to theirs, and their spread; raises ValueError when rounds do not pair up."""
    pairs = zip(ours, theirs, strict=True)
    return spread([_ratio(measure(our), measure(their)) for our, their in pairs])


def _ratio(our: float | None, their: float | None) -> float | None:
    """None where a side is unknown or theirs is zero: a ratio to a p50 that was rounded to 0 means nothing."""
    return None if our is None or not their else our / their


def figure(value: float) -> str:
    """Three significant digits, thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

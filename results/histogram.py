"""Counts of nanoseconds in HdrHistogram's own buckets, kept by numpy so that a value costs 0.02 us and not 1 us.

The bucket of a value, the value of a bucket and the percentile rule are those of the public HdrHistogram
(3 significant digits, 1 ns to one hour); tests hold them equal to the `hdrhistogram` package, which also
encodes and decodes everything that reaches a file.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

LOWEST_NS: Final = 1
HIGHEST_NS: Final = 3_600_000_000_000
SIGNIFICANT_DIGITS: Final = 3

_HALF_BITS: Final = 10  # 2,048 sub-buckets, as 3 digits need; the upper half of each bucket is new
_MASK: Final = (1 << (_HALF_BITS + 1)) - 1

Array = NDArray[np.int64]


def new_hdr() -> HdrHistogram:
    """An empty HdrHistogram of this project's range: nanoseconds, 3 digits, up to one hour."""
    return HdrHistogram(LOWEST_NS, HIGHEST_NS, SIGNIFICANT_DIGITS)


BUCKETS: Final[int] = new_hdr().counts_len


def bucket_of(values_ns: Array) -> Array:
    """The bucket of each value; values outside the range count in its first or last bucket, never lost."""
    values = np.clip(values_ns, 0, HIGHEST_NS)
    bits = np.frexp((values | _MASK).astype(np.float64))[1]  # exact: every value is below 2**53
    shift = bits.astype(np.int64) - (_HALF_BITS + 1)
    return (shift << _HALF_BITS) + (values >> shift)


def highest_value_of(bucket: int) -> int:
    """The largest nanosecond value that counts in `bucket` (HdrHistogram's highest equivalent value)."""
    shift = max((bucket >> _HALF_BITS) - 1, 0)
    return ((bucket - (shift << _HALF_BITS) + 1) << shift) - 1


class Counts(NamedTuple):
    """A sparse histogram: ascending bucket numbers, and how many values each holds."""

    buckets: Array
    counts: Array

    @property
    def total(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())

    @property
    def max_ns(self) -> int:
        """The largest value, to 3 digits; 0 when empty."""
        return highest_value_of(int(self.buckets[-1])) if len(self.buckets) else 0

    def within(self, limit_ns: float) -> int:
        """How many values are at most `limit_ns`, to 3 digits."""
        return int(self.counts[self.buckets <= bucket_of(np.array([round(limit_ns)]))].sum())

    def percentile_ns(self, percentile: float) -> int:
        """The value at `percentile` (0-100], by HdrHistogram's rule; 0 when empty."""
        return percentiles_ns(self, (percentile,))[0]


EMPTY: Final = Counts(np.empty(0, np.int64), np.empty(0, np.int64))


def count(values_ns: Array) -> Counts:
    """Count values into buckets."""
    buckets, counts = np.unique(bucket_of(values_ns), return_counts=True)
    return Counts(buckets, counts.astype(np.int64))


def add(*parts: Counts) -> Counts:
    """Add histograms, exactly."""
    buckets = np.concatenate([part.buckets for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    merged, where = np.unique(buckets, return_inverse=True)
    total = np.zeros(len(merged), np.int64)
    np.add.at(total, where, counts)
    return Counts(merged, total)


def percentiles_ns(counts: Counts, percentiles: tuple[float, ...]) -> list[int]:
    """The value at each percentile: the highest equivalent value of the bucket where the rank falls."""
    if not len(counts.buckets):
        return [0] * len(percentiles)
    cumulated = np.cumsum(counts.counts)
    total = int(cumulated[-1])
    ranks = [max(int(percentile * total / 100 + 0.5), 1) for percentile in percentiles]
    return [highest_value_of(int(counts.buckets[at])) for at in np.searchsorted(cumulated, ranks)]


def to_hdr(counts: Counts, into: HdrHistogram | None = None) -> HdrHistogram:
    """The same histogram as the public library's object, for encoding; `into` is overwritten instead of a new one.

    The library's object is 0.3 MB in a reference cycle, which waits for the collector: whoever needs many keeps one.
    """
    hdr = new_hdr() if into is None else into
    dense = np.frombuffer(hdr.counts, dtype=np.int64)
    dense[:] = 0
    hdr.total_count = 0
    if len(counts.buckets):
        dense[counts.buckets] = counts.counts
        hdr.set_internal_tacking_values(int(counts.buckets[0]), int(counts.buckets[-1]), counts.total)
    return hdr


def from_hdr(hdr: HdrHistogram) -> Counts:
    """The sparse counts of a histogram that the public library decoded."""
    dense = np.array([hdr.get_count_at_index(index) for index in range(hdr.counts_len)], np.int64)
    buckets = np.flatnonzero(dense)
    return Counts(buckets, dense[buckets])


class Tally:
    """A growing histogram: adding a second's counts is an array addition."""

    __slots__ = ("_dense",)

    def __init__(self) -> None:
        self._dense: Array = np.zeros(BUCKETS, np.int64)

    def add(self, counts: Counts) -> None:
        """Add a part, exactly."""
        self._dense[counts.buckets] += counts.counts

    def include(self, other: Tally) -> None:
        """Add all that another holds, exactly."""
        self._dense += other._dense

    @property
    def total(self) -> int:
        """How many values have been added so far."""
        return int(self._dense.sum())

    def counts(self) -> Counts:
        """What has been added so far."""
        buckets = np.flatnonzero(self._dense)
        return Counts(buckets, self._dense[buckets])


MINIMUM_BEYOND: Final = 10
"""A percentile with fewer samples beyond it is not printed: 1,000 samples for p99, 10,000 for p99.9."""

PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}


def settled(counts: Counts, percentile: float) -> bool:
    """Whether enough samples lie beyond `percentile` for it to be printed."""
    return counts.total * (100 - percentile) / 100 >= MINIMUM_BEYOND - 1e-6


def summary_ms(counts: Counts) -> dict[str, float | None]:
    """p50, p90, p99, p999 and max in milliseconds; None where too few samples lie beyond."""
    values = percentiles_ns(counts, tuple(PERCENTILES.values()))
    result: dict[str, float | None] = {
        name: value / 1e6 if settled(counts, percentile) else None
        for (name, percentile), value in zip(PERCENTILES.items(), values, strict=True)
    }
    result["max"] = counts.max_ns / 1e6 if counts.total else None
    return result

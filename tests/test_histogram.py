"""The recorder's buckets are HdrHistogram's own: held equal to the public library."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from results.histogram import (
    EMPTY,
    HIGHEST_NS,
    Tally,
    add,
    bucket_of,
    count,
    from_hdr,
    highest_value_of,
    new_hdr,
    percentiles_ns,
    summary_ms,
    to_hdr,
)

pytestmark = pytest.mark.fast

durations = st.lists(st.integers(0, HIGHEST_NS), min_size=1, max_size=200)


def counted(values: list[int]) -> list[tuple[int, int]]:
    counts = count(np.array(values, np.int64))
    return list(zip(counts.buckets.tolist(), counts.counts.tolist(), strict=True))


def recorded(values: list[int]) -> HdrHistogram:
    hdr = new_hdr()
    for value in values:
        assert hdr.record_value(value)
    return hdr


@given(durations)
def test_a_value_falls_into_the_bucket_the_library_gives_it(values: list[int]) -> None:
    hdr = recorded(values)
    expected = {index: hdr.counts[index] for index in (hdr._counts_index_for(value) for value in values)}
    assert dict(counted(values)) == expected


@given(durations, st.sampled_from([1.0, 50.0, 90.0, 99.0, 99.9, 100.0]))
def test_percentiles_are_those_of_the_library(values: list[int], percentile: float) -> None:
    ours = count(np.array(values, np.int64)).percentile_ns(percentile)
    assert ours == recorded(values).get_value_at_percentile(percentile)


@given(durations, st.data())
def test_adding_any_split_of_the_samples_equals_counting_them_together(values: list[int], data: st.DataObject) -> None:
    owners = data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    parts = [[value for value, owner in zip(values, owners, strict=True) if owner == part] for part in range(4)]
    merged = add(*(count(np.array(part, np.int64)) for part in parts))
    whole = count(np.array(values, np.int64))
    assert merged.buckets.tolist() == whole.buckets.tolist()
    assert merged.counts.tolist() == whole.counts.tolist()


@given(durations)
def test_encoding_and_decoding_with_the_library_loses_nothing(values: list[int]) -> None:
    counts = count(np.array(values, np.int64))
    decoded = from_hdr(HdrHistogram.decode(to_hdr(counts).encode()))
    assert decoded.buckets.tolist() == counts.buckets.tolist()
    assert decoded.counts.tolist() == counts.counts.tolist()


@given(durations, durations)
def test_a_histogram_that_is_written_over_holds_nothing_of_what_it_held(before: list[int], values: list[int]) -> None:
    reused = to_hdr(count(np.array(before, np.int64)))
    counts = count(np.array(values, np.int64))
    assert to_hdr(counts, reused).encode() == to_hdr(counts).encode()
    assert to_hdr(EMPTY, reused).encode() == new_hdr().encode()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_no_value_is_lost_above_or_below_the_range(values: list[int]) -> None:
    counts = count(np.array(values, np.int64))
    inside = [min(max(value, 0), HIGHEST_NS) for value in values]
    assert counts.total == from_hdr(HdrHistogram.decode(to_hdr(counts).encode())).total == len(values)
    assert list(zip(counts.buckets.tolist(), counts.counts.tolist(), strict=True)) == counted(inside)


def test_values_below_and_above_the_range_are_counted_in_its_ends() -> None:
    counts = count(np.array([-5, 0, HIGHEST_NS + 1, 10 * HIGHEST_NS], np.int64))
    assert counts.total == 4
    assert counts.buckets.tolist() == [0, int(bucket_of(np.array([HIGHEST_NS]))[0])]


def test_a_bucket_is_never_wider_than_a_thousandth_of_its_values() -> None:
    for value in (1_000, 123_456, 7_654_321, 1_000_000_000):
        bucket = int(bucket_of(np.array([value]))[0])
        assert value <= highest_value_of(bucket) <= value * 1.001


def test_a_tally_holds_what_was_added() -> None:
    tally = Tally()
    tally.add(count(np.array([5, 5, 70_000], np.int64)))
    tally.add(count(np.array([5], np.int64)))
    assert tally.counts().counts.tolist() == [3, 1]


def test_an_empty_histogram_has_no_percentiles() -> None:
    assert percentiles_ns(EMPTY, (50.0, 99.0)) == [0, 0]
    assert summary_ms(EMPTY) == {"p50": None, "p90": None, "p99": None, "p999": None, "max": None}


@pytest.mark.parametrize(("samples", "expected"), [(999, False), (1000, True)])
def test_p99_is_given_from_a_thousand_samples_on(samples: int, expected: bool) -> None:
    counts = count(np.arange(1, samples + 1, dtype=np.int64) * 1000)
    assert (summary_ms(counts)["p99"] is not None) is expected
    assert summary_ms(counts)["p999"] is None

"""Packed samples become intervals; intervals of several engines add up exactly."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.recorder import EngineSecond, Interval, Recorder, merge
from results.sample import DTYPE, HEARTBEAT, OPERATION_NAMES, OUTCOMES, PACK, TURN
from results.totals import Totals
from workloads.operations import NAMES

pytestmark = pytest.mark.fast

GET_USER = OPERATION_NAMES.index("get_user")
APPEND = OPERATION_NAMES.index("append_message")
MS = 1_000_000


def packed(
    operation: int,
    *instants_ms: float,
    outcome: str = "ok",
    units: tuple[float, float] = (0, 0),
    due_ms: float | None = None,
) -> bytes:
    due, *instants = [int(instant * MS) for instant in (instants_ms[0] if due_ms is None else due_ms, *instants_ms)]
    return PACK.pack(operation, OUTCOMES.index(outcome), 0, 7, due, *instants, *units)


def recorded(*samples: bytes, open_ms: float = 0, close_ms: float = 1e6) -> Interval:
    recorder = Recorder(int(open_ms * MS), int(close_ms * MS))
    recorder.add(b"".join(samples))
    return recorder.close_second(0, EngineSecond())


def totals(*intervals: Interval) -> Totals:
    result = Totals()
    for interval in intervals:
        result.add(interval, in_window=True)
    return result


def milliseconds(total: Totals, operation: int, span: str) -> float:
    return round(total.counts(operation, span).max_ns / MS, 2)


def test_operation_numbers_are_the_ones_the_workloads_give() -> None:
    assert tuple(NAMES.values()) == OPERATION_NAMES


def test_the_packed_form_is_the_one_numpy_reads() -> None:
    assert DTYPE.itemsize == PACK.size == 64


def test_the_five_instants_give_the_spans_between_them() -> None:
    total = totals(recorded(packed(GET_USER, 10, 12, 15, 19, 24)))
    spans = {span: milliseconds(total, GET_USER, span) for span in ("queue", "lag", "wait", "service", "response")}
    assert spans == {"queue": 2.0, "lag": 3.0, "wait": 4.0, "service": 5.0, "response": 14.0}


def test_only_samples_intended_within_the_window_are_measured() -> None:
    samples = [packed(GET_USER, at, at, at, at, at + 1) for at in (9, 10, 19, 20)]
    assert totals(recorded(*samples, open_ms=10, close_ms=20)).outcomes(GET_USER) == {"ok": 2}


def test_all_of_a_turn_belongs_to_the_phase_in_which_the_turn_was_due() -> None:
    follows = packed(APPEND, 201, 201, 201, 201, 203, due_ms=199)  # its turn was due before the window closed
    follows_warm_up = packed(GET_USER, 101, 101, 101, 101, 102, due_ms=99)  # and this one's before it opened
    interval = recorded(follows, follows_warm_up, open_ms=100, close_ms=200)
    measured = {cell.operation: cell.measured for cell in interval.cells}
    assert measured == {APPEND: True, GET_USER: False}


def test_throughput_counts_what_was_completed_within_the_window() -> None:
    early = packed(GET_USER, 9, 9, 9, 9, 11)  # intended before the window, done within it
    late = packed(GET_USER, 19, 19, 19, 19, 25)
    failed = packed(GET_USER, 12, 12, 12, 12, 13, outcome="unavailable")
    assert recorded(early, late, failed, open_ms=10, close_ms=20).completed_ops == 1


def test_time_outs_count_in_the_percentiles_and_refusals_do_not() -> None:
    samples = [
        packed(GET_USER, 0, 0, 0, 0, 1),
        packed(GET_USER, 0, 0, 0, 0, 5000, outcome="timeout"),
        packed(GET_USER, 0, 0, 0, 0, 9000, outcome="unavailable"),
    ]
    total = totals(recorded(*samples))
    assert total.counts(GET_USER, "service").total == 2
    assert total.operations()["get_user"]["errors_by_kind"] == {"timeout": 1, "unavailable": 1}
    assert 5000 <= (total.operations()["get_user"]["service_ms"]["max"] or 0) < 5010


def test_units_are_summed_per_operation_and_the_bill_includes_the_warm_up() -> None:
    samples = [packed(APPEND, at, at, at, at, at + 1, units=(0, 4.5)) for at in (5, 15, 16)]
    interval = recorded(*samples, open_ms=10)
    assert totals(interval).units(APPEND) == (0.0, 9.0)
    assert interval.all_units == (0.0, 13.5)


def test_a_turn_is_late_when_it_starts_more_than_a_millisecond_after_it_could() -> None:
    samples = [packed(TURN, 0, 0, lag, lag, 9) for lag in (0.5, 1.5, 2.5)]
    assert recorded(*samples).late_turns == 2


def test_heartbeats_have_only_a_lag() -> None:
    interval = recorded(packed(HEARTBEAT, 0, 0, 2, 2, 2))
    assert {cell.span for cell in interval.cells} == {"lag"}


@st.composite
def sample_lists(draw: st.DrawFn) -> list[bytes]:
    def one(values: tuple[Any, ...]) -> bytes:
        operation, outcome, begin, *steps = values
        instants = [begin]
        for step in steps:
            instants.append(instants[-1] + step)
        return PACK.pack(operation, outcome, 0, 1, begin, *instants, 0.5, 1.0)

    step = st.integers(0, 10**10)
    rows = st.tuples(st.sampled_from([0, 6, 7, TURN]), st.integers(0, 6), step, step, step, step, step)
    return [one(row) for row in draw(st.lists(rows, min_size=1, max_size=40))]


@given(sample_lists(), st.data())
def test_engines_added_equal_one_engine_that_had_it_all(samples: list[bytes], data: st.DataObject) -> None:
    owners = data.draw(st.lists(st.integers(0, 3), min_size=len(samples), max_size=len(samples)))
    parts = [[sample for sample, owner in zip(samples, owners, strict=True) if owner == engine] for engine in range(4)]
    merged = merge([Interval.from_message(recorded(*part).to_message()) for part in parts])
    whole = recorded(*samples)
    assert totals(merged).operations() == totals(whole).operations()
    assert totals(merged).turns() == totals(whole).turns()
    assert merged.completed_ops == whole.completed_ops


@given(sample_lists(), st.integers(0, 40))
def test_the_seconds_of_a_run_add_up_to_the_run(samples: list[bytes], cut: int) -> None:
    recorder = Recorder(0, 10**15)
    seconds = []
    for second, part in enumerate((samples[:cut], samples[cut:])):
        recorder.add(b"".join(part))
        seconds.append(recorder.close_second(second, EngineSecond()))
    assert totals(*seconds).operations() == totals(recorded(*samples, close_ms=1e9)).operations()

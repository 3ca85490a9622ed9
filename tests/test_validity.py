"""A run is invalid only when the harness failed, and says so with a figure and a remedy."""

from dataclasses import replace

import pytest

from results.validity import Facts, reasons, worst

pytestmark = pytest.mark.fast

SOUND = Facts("rate", lag_p99_ms=0.2, service_p99_ms=2.0, engine_cpu=0.4, stall_ms=5, completed_ops=1000)


def rules(**changes: object) -> list[str]:
    return [reason.rule for reason in reasons(replace(SOUND, **changes))]  # type: ignore[arg-type]


def test_a_sound_run_is_valid() -> None:
    assert rules() == []


def test_lag_above_a_millisecond_and_a_tenth_of_service_is_the_harness_s_fault() -> None:
    assert rules(lag_p99_ms=1.1) == ["lag"]
    assert rules(lag_p99_ms=1.1, service_p99_ms=20.0) == []
    assert rules(lag_p99_ms=2.1, service_p99_ms=20.0) == ["lag"]


def test_a_busy_engine_is_the_harness_s_fault_except_under_saturation() -> None:
    assert rules(engine_cpu=0.9) == ["cpu"]
    assert rules(engine_cpu=0.9, model="saturate") == []


def test_a_loop_that_stood_still_invalidates_under_every_load_model() -> None:
    assert rules(stall_ms=51) == ["stall"]
    assert rules(stall_ms=51, model="saturate") == ["stall"]


def test_nothing_completed_is_no_evidence() -> None:
    assert rules(completed_ops=0) == ["empty"]


def test_what_died_is_named() -> None:
    found = reasons(replace(SOUND, died=("engine died: killed by signal 9",)))
    assert [reason.figure for reason in found] == ["engine died: killed by signal 9"]


def test_each_reason_has_a_figure_and_a_remedy() -> None:
    bad = replace(SOUND, lag_p99_ms=9, engine_cpu=0.99, stall_ms=99, completed_ops=0, died=("x",))
    assert all(reason.figure and reason.remedy for reason in reasons(bad))
    assert "9.00 ms" in next(reason.figure for reason in reasons(bad) if reason.rule == "lag")


def test_exit_codes_stand_in_the_order_of_the_design() -> None:
    assert worst([1, 3, 5, 4, 130, 2]) == 2
    assert worst([1, 3, 5, 4, 130]) == 130
    assert worst([1, 3, 5, 4]) == 4
    assert worst([1, 3, 5]) == 5
    assert worst([0, 1]) == 1
    assert worst([]) == 0

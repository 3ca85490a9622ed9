"""Calibration, without a server: judging, the ceiling, the sentence, and what is kept for later runs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from loadtests.calibration import kept
from loadtests.calibration.cases import Case, Outcome, interrupted
from loadtests.calibration.ceiling import Ceiling, Try, find, judge
from loadtests.calibration.command import Lengths, case_rate, for_load
from loadtests.calibration.delays import Program, releases
from loadtests.calibration.judgement import Row, error_of, near, rows, transport_ns
from loadtests.calibration.machine import CpuTimes, OtherLoad, others
from loadtests.calibration.page import show
from loadtests.calibration.sentence import sentence
from results.calibrated import beside
from results.histogram import count
from targets.protocol import SetupError

pytestmark = pytest.mark.fast

MS = 1_000_000
SECOND = 1_000 * MS


def delays_ms(program: Program, number: int) -> list[float]:
    release = releases(program)
    return [(release(at * 10 * MS) - at * 10 * MS) / MS for at in range(number)]


# --- judging ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percentile", "expected_ms", "error_ms", "ok"),
    [
        ("p50", 1.0, 0.1, True),
        ("p50", 1.0, 0.101, False),
        ("p90", 10.0, -0.2, True),
        ("p90", 10.0, -0.201, False),
        ("p99", 2.0, 0.5, True),
        ("p99", 2.0, 0.501, False),
        ("p999", 20.0, 1.0, True),
        ("p999", 20.0, 1.001, False),
    ],
)
def test_a_goal_is_a_share_or_a_least_difference_and_its_limit_is_within(
    percentile: str, expected_ms: float, error_ms: float, ok: bool
) -> None:
    assert near(percentile, expected_ms, error_ms) is ok


def test_in_the_tail_nothing_between_the_truth_and_the_expectation_is_an_error() -> None:
    assert error_of("p50", 2.0, 5.0, 3.0) == -2.0
    assert error_of("p99", 2.0, 5.0, 3.0) == 0.0
    assert error_of("p99", 2.0, 5.0, 1.5) == -0.5  # too little is an error, as omitting waits would make it
    assert error_of("p99", 2.0, 5.0, 6.0) == 1.0


def outcome(name: str, true_ms: float, measured_ms: float, number: int = 2000, **changes: Any) -> Outcome:
    """Every request took the same."""
    true = np.full(number, int(true_ms * MS), np.int64)
    measured = count(np.full(number, int(measured_ms * MS), np.int64))
    both = Case(name, Program(), 100.0, 1.0)
    return Outcome(both, {"service": true, "response": true}, {"service": measured, "response": measured}, **changes)


def judged(measured_ms: float, number: int = 2000) -> dict[str, Row]:
    base = outcome("no delay", 0.02, 0.22)
    found = rows(outcome("2 ms", 2.0, measured_ms, number), base)
    return {row.percentile: row for row in found if row.metric == "service"}


def test_a_case_is_held_against_the_truth_and_the_transport_s_own_cost() -> None:
    row = judged(2.25)["p50"]
    assert row.truth_ms == pytest.approx(2.0, rel=0.001)
    assert row.no_delay_ms == pytest.approx(0.22, rel=0.001)
    assert row.expected_ms == pytest.approx(2.2, rel=0.001)
    assert row.error_ms == pytest.approx(0.05, abs=0.005)
    assert row.ok is True
    assert judged(2.31)["p50"].ok is False
    assert judged(2.05)["p50"].ok is False


def test_too_few_samples_and_the_maximum_are_not_judged() -> None:
    found = judged(9.0)
    assert [found[name].ok for name in ("p50", "p90", "p99", "p999", "max")] == [False, False, False, None, None]
    assert found["p999"].measured_ms is None
    assert found["max"].error_ms is not None


def test_the_case_without_delay_is_not_judged_by_itself() -> None:
    base = outcome("no delay", 0.02, 0.22)
    assert {row.ok for row in rows(base, base)} == {None}
    assert rows(base, base)[0].measured_ms == pytest.approx(0.22, rel=0.001)


def test_distributions_are_added_and_not_percentiles() -> None:
    # The transport costs 1 ms in 2 % of all requests, as does the server: together 4 % are slow, hardly one twice.
    slow = np.where(np.arange(10_000) % 50 == 0, 1 * MS, 0)
    base = Outcome(
        Case("one", Program(), 100.0, 1.0), {"service": np.zeros(10_000, np.int64)}, {"service": count(slow)}
    )
    together = slow + transport_ns(base.truth_ns["service"], base.measured["service"], 10_000)
    assert np.quantile(together, 0.99) == pytest.approx(1 * MS, rel=0.002)
    assert (together > 0).mean() == pytest.approx(0.04, abs=0.003)


# --- the ceiling -----------------------------------------------------------------------------------------------


def machine_of(limit: float) -> Callable[[float], Try]:
    """An engine whose CPU grows with the rate up to 85 % at `limit`."""
    return lambda rate: Try(rate, 0.85 * rate / limit, "cpu" if rate > limit else "")


@pytest.mark.parametrize("limit", [900.0, 6_000.0, 9_400.0, 40_000.0])
def test_the_ceiling_is_found_from_below_and_from_above(limit: float) -> None:
    found = find(1, 5000.0, 8, machine_of(limit))
    assert limit * 0.9 <= found.max_rate_ops <= limit


def test_a_rate_that_an_interruption_spoilt_is_tried_once_more() -> None:
    tried: list[float] = []

    def attempt(rate: float) -> Try:
        tried.append(rate)
        return Try(rate, 0.8, "lag", by_chance=True) if len(tried) == 1 else machine_of(5000.0)(rate)

    assert find(1, 5000.0, 4, attempt).max_rate_ops == 5000.0
    assert tried[:2] == [5000.0, 5000.0]


def test_a_search_that_is_late_begins_no_further_try() -> None:
    found = find(1, 5000.0, 5, lambda rate: Try(rate, 0.1), late=lambda: True)
    assert [tried.rate_ops for tried in found.tries] == [5000.0]
    assert found.max_rate_ops == 5000.0


def test_a_rate_that_is_spoilt_twice_did_not_hold() -> None:
    found = find(2, 4000.0, 3, lambda rate: Try(rate, 0.5, "lag p99 3 ms", by_chance=True))
    assert [one.rate_ops for one in found.tries] == [4000.0, 4000.0, 2000.0]
    assert (found.max_rate_ops, found.limited_by) == (0.0, "lag p99 3 ms")


def run_json(rules: tuple[str, ...] = (), ops: float = 1000.0, overloaded: bool = False) -> dict[str, Any]:
    totals = {"throughput_ops": ops, "engine_cpu": 0.5, "overloaded": overloaded, "backlog_s": 2.0, "errors": 0}
    return {"totals": totals, "validity": {"reasons": [{"rule": rule, "figure": f"{rule}!"} for rule in rules]}}


def test_a_rate_holds_when_the_run_was_valid_and_kept_up() -> None:
    assert judge(1000.0, run_json()).why == ""
    assert judge(1000.0, run_json(("cpu",))) == Try(1000.0, 0.5, "cpu!")
    assert judge(1000.0, run_json(("lag",))) == Try(1000.0, 0.5, "lag!", by_chance=True)
    assert judge(2000.0, run_json()).why == "1,000 ops/s were completed of 2,000"
    assert "backlog" in judge(1000.0, run_json(overloaded=True)).why


def test_only_what_is_short_counts_as_an_interruption() -> None:
    assert interrupted(run_json(("lag", "stall")))
    assert not interrupted(run_json(("lag", "cpu")))
    assert not interrupted(run_json())
    assert not interrupted(run_json(("lag",), overloaded=True))


def test_the_cases_run_at_no_more_than_half_of_the_highest_rate() -> None:
    assert case_rate(6666.0) == 3330.0
    assert case_rate(50_000.0) == 4000.0


# --- the sentence ----------------------------------------------------------------------------------------------

QUIET = OtherLoad(before=0.01, during=0.02, steal=0.0)
CEILING = Ceiling(1, 9400.0, "cpu", (Try(9400.0, 0.8), Try(11_000.0, 0.9, "cpu")))


def test_a_quiet_machine_is_praised_with_its_rate_and_its_errors() -> None:
    found = sentence(CEILING, list(judged(2.25).values()), 4000.0, 2, QUIET.busy)
    assert found.startswith("This machine can measure up to 9,400 ops/s per worker, with an error of at most 0.05 ms")
    assert "run the database elsewhere or pin it if it needs more than one of its 2 cores" in found
    assert "missed" not in found


def test_missed_goals_are_counted_and_named() -> None:
    found = sentence(CEILING, list(judged(3.0).values()), 4000.0, 4, "")
    assert "3 of 3 figures missed their goal: 2 ms service p50 +0.80 ms" in found


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (OtherLoad(0.21, 0.0, 0.0), "others used 21% of its CPU before the start"),
        (OtherLoad(0.0, 0.34, 0.0), "others used 34% of its CPU meanwhile"),
        (OtherLoad(0.0, 0.0, 0.03), "3% of its CPU time was stolen"),
    ],
)
def test_a_busy_machine_is_told_so_and_not_praised(load: OtherLoad, why: str) -> None:
    found = sentence(CEILING, list(judged(2.2).values()), 4000.0, 2, load.busy)
    assert found.startswith(f"This machine was busy ({why}")
    assert "can measure" not in found
    assert "9,400" not in found


def test_a_machine_at_its_limits_is_not_yet_busy() -> None:
    assert OtherLoad(0.20, 0.20, 0.02).busy == ""


def test_a_machine_that_holds_no_rate_is_told_so() -> None:
    nothing = Ceiling(1, 0.0, "lag p99 9 ms", (Try(5000.0, 0.9, "lag"), Try(2500.0, 0.9, "lag")))
    assert sentence(nothing, [], 200.0, 2, "").startswith("This machine could not measure even 2,500 ops/s")


def test_a_busy_machine_searches_less_since_its_ceiling_is_not_kept() -> None:
    assert for_load(Lengths(), before=0.20) == Lengths()
    assert for_load(Lengths(), before=0.21) == Lengths(tries=2, tries_many=1, repeats=0)


def test_others_are_what_was_busy_and_not_ours() -> None:
    before, after = CpuTimes(100.0, 10.0, 0.0, 5.0), CpuTimes(120.0, 17.0, 1.0, 9.0)
    assert others(before, after) == pytest.approx((0.15, 0.05))
    assert others(before, CpuTimes(120.0, 12.0, 0.0, 9.0))[0] == 0.0  # counted by ticks, busy may be less than ours


# --- what is kept, and later runs ------------------------------------------------------------------------------

MACHINE = {"cpu_model": "Some CPU", "cores": 2, "kernel": "6.1", "python": "3.11.7"}
RESULT = {
    "utc": "2026-11-22T22:00:00Z",
    "machine": MACHINE,
    "max_rate_ops": 9400.0,
    "error_ms": 0.4,
    "sentence": "Yes.",
    "ceilings": [{"workers": 1, "max_rate_ops": 9400.0, "limited_by": "", "tries": []}],
}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_a_calibration_is_kept_and_found_again_on_the_same_machine_only(state: Path) -> None:
    assert kept.reference(MACHINE) is None
    path = kept.keep(RESULT)
    assert path.parent == state / "dbverdict"
    found = kept.reference({**MACHINE, "memory_gb": 8})
    assert found == {
        **{name: RESULT[name] for name in ("utc", "max_rate_ops", "error_ms", "sentence")},
        "ceilings": [{"workers": 1, "max_rate_ops": 9400.0}],
    }
    assert kept.reference({**MACHINE, "kernel": "6.2"}) is None


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 0}', b'{"format": 1}', b"\xff\xfe{}"])
def test_a_calibration_that_cannot_be_read_is_none(state: Path, content: bytes) -> None:
    kept.keep(RESULT).write_bytes(content)
    assert kept.reference(MACHINE) is None


def test_a_state_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(SetupError, match=r"cannot keep the calibration in .*XDG_STATE_HOME"):
        kept.keep(RESULT)


@pytest.mark.parametrize(
    ("workers", "ops", "possible", "above"),
    [(1, 1001.0, 1000.0, True), (1, 1000.0, 1000.0, False), (2, 1301.0, 650.0, True), (4, 2600.0, 650.0, False)],
)
def test_a_run_is_held_against_what_as_many_workers_could_measure(
    workers: int, ops: float, possible: float, above: bool
) -> None:
    known = [{"workers": 1, "max_rate_ops": 1000.0}, {"workers": 2, "max_rate_ops": 1300.0}]
    found = beside({"sentence": "Yes.", "ceilings": known}, ops, workers)
    assert found is not None
    assert (found["ops_per_worker"], found["possible_per_worker"], found["above"]) == (ops / workers, possible, above)
    assert found["sentence"] == "Yes."
    assert beside(None, ops, workers) is None


def test_people_see_every_case_and_the_sentence_last() -> None:
    base = outcome("no delay", 0.02, 0.22)
    found = [*rows(base, base), *rows(outcome("2 ms", 2.0, 2.5), base)]
    two = {"p50": 0.07, "p99": None}
    result = {
        "cases": [vars(row) for row in found],
        "floor": {"rate_ops": 1000.0, "service_ms": two, "response_ms": two},
        "ceilings": [{"workers": 1, "max_rate_ops": 9400.0, "limited_by": "", "tries": []}],
        "other_load": {"before": 0.01, "during": 0.02, "steal": 0.0},
        "machine": {**MACHINE, "cores_usable": 2, "governor": "unknown", "timer_resolution_ns": 1},
        "sentence": "Said last.",
    }
    out = io.StringIO()
    show(json.loads(json.dumps(result)), Console(file=out, width=80))
    text = out.getvalue()
    assert "2.00 → 2.50" in text
    assert re.search(r"\+0\.\d{3} MISSED", text)
    assert "9,400 ops/s" in text
    assert text.rstrip().endswith("Said last.")

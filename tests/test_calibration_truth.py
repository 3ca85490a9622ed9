"""The truth about a case: programmed delays, and what a schedule makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from loadtests.calibration.cases import Case, calm_case, cases, schedule, stall_case, truth_ns
from loadtests.calibration.delays import Program, releases
from loadtests.calibration.truth import Due, given, responses_ns, window
from results.histogram import count, summary_ms
from targets.protocol import SetupError

pytestmark = pytest.mark.fast

MS = 1_000_000
SECOND = 1_000 * MS


def delays_ms(program: Program, number: int) -> list[float]:
    release = releases(program)
    return [(release(at * 10 * MS) - at * 10 * MS) / MS for at in range(number)]


# --- programmed delays -----------------------------------------------------------------------------------------


def test_a_constant_delay_is_the_same_for_every_request() -> None:
    assert delays_ms(Program(delay_ms=0.5), 3) == [0.5, 0.5, 0.5]
    assert delays_ms(Program(), 2) == [0.0, 0.0]


def test_a_lognormal_delay_has_its_median_and_its_spread_and_repeats_with_its_seed() -> None:
    program = Program("lognormal", delay_ms=2.0, sigma=0.6)
    found = delays_ms(program, 20_000)
    assert np.median(found) == pytest.approx(2.0, rel=0.03)
    assert np.quantile(found, 0.99) == pytest.approx(2.0 * np.exp(0.6 * 2.326), rel=0.05)
    assert found[:5] == delays_ms(program, 5)
    assert found[:5] != delays_ms(Program("lognormal", delay_ms=2.0, sigma=0.6, seed=2), 5)


def test_two_modes_are_two_values_in_their_proportion() -> None:
    found = delays_ms(Program("modes", delay_ms=1.0, slow_ms=50.0, slow_share=0.05), 20_000)
    assert set(found) == {1.0, 50.0}
    assert found.count(50.0) / len(found) == pytest.approx(0.05, abs=0.005)


def test_a_rate_limit_answers_one_request_after_the_other() -> None:
    release = releases(Program("limit", per_s=100.0))
    assert [release(at * MS) // MS for at in (0, 1, 2, 100)] == [10, 20, 30, 110]


def test_during_a_stall_nothing_is_answered_and_then_everything() -> None:
    release = releases(Program("stall", delay_ms=2.0, stall_s=1.0, every_s=30.0, after_s=10.0))
    begin = 5 * SECOND  # the first arrival, from which the stalls are counted
    assert release(begin) == begin + 2 * MS
    stall, end = begin + 10 * SECOND, begin + 11 * SECOND
    assert release(stall - 3 * MS) == stall - 1 * MS
    assert release(stall - 1 * MS) == end  # under way when it began
    assert release(stall + 500 * MS) == end
    assert release(end) == end + 2 * MS
    assert release(stall + 30 * SECOND) == end + 30 * SECOND


# --- the truth of a schedule -----------------------------------------------------------------------------------


def test_a_turn_waits_for_this_person_s_previous_one() -> None:
    turns = [Due(0, 1), Due(1 * MS, 1), Due(1 * MS, 2)]
    assert responses_ns(turns, 8, given([5 * MS, 5 * MS, 5 * MS])).tolist() == [5 * MS, 9 * MS, 5 * MS]


def test_a_turn_waits_for_a_connection_first_come_first_served() -> None:
    turns = [Due(0, 1), Due(1 * MS, 2), Due(2 * MS, 3)]
    assert responses_ns(turns, 1, given([10 * MS] * 3)).tolist() == [10 * MS, 19 * MS, 28 * MS]
    assert responses_ns(turns, 2, given([10 * MS] * 3)).tolist() == [10 * MS, 10 * MS, 18 * MS]


def test_delays_go_to_the_requests_in_the_order_of_sending() -> None:
    turns = [Due(0, 1), Due(1 * MS, 1), Due(2 * MS, 2)]  # the second turn of person 1 is sent last
    assert responses_ns(turns, 8, given([10 * MS, 1 * MS, 3 * MS])).tolist() == [10 * MS, 12 * MS, 1 * MS]


def test_a_second_of_stall_in_30_at_200_a_second_makes_a_response_p99_of_0_70_s() -> None:
    stall = stall_case(30.0, 1.0)
    turns = schedule(stall)
    assert len(turns) == 200 * 31
    inside = window(turns, 1 * SECOND, 31 * SECOND)
    served: list[int] = []
    release = releases(stall.program)

    def serve(sent: int) -> int:
        served.append(release(sent) - sent)
        return release(sent)

    response = summary_ms(count(responses_ns(turns, stall.connections, serve)[inside]))
    service = summary_ms(count(np.array(served, np.int64)[inside]))
    assert response["p99"] == pytest.approx(700, abs=10)
    assert response["max"] == pytest.approx(1000, abs=10)
    assert service["p99"] == pytest.approx(2.0, rel=0.001)
    assert sum(delay > 100 * MS for delay in served) == stall.connections


def test_the_measured_window_is_cut_by_intended_instants() -> None:
    turns = [Due(at, 0) for at in (0, 9, 10, 15, 20)]
    assert window(turns, 10, 20) == slice(2, 4)


def case() -> Case:
    return Case("one", Program(), rate=100.0, duration_s=1.0, arrivals="constant")


def test_the_truth_is_what_the_server_logged_within_the_window() -> None:
    turns = schedule(case())
    assert len(turns) == 200  # a second of warm-up, a second measured
    arrived = np.array([due.intended for due in turns])
    written = arrived + np.where(arrived < SECOND, 9 * MS, 3 * MS)
    found = truth_ns(case(), np.stack([arrived, written], axis=1))
    assert set(found["service"].tolist()) == {3 * MS}
    assert len(found["response"]) == 100


def test_a_server_that_did_not_answer_everything_is_no_truth() -> None:
    arrived = np.array([due.intended for due in schedule(case())])
    log = np.stack([arrived, arrived + MS], axis=1)
    with pytest.raises(SetupError, match="fewer requests than were due"):
        truth_ns(case(), log[:-1])
    log[3, 1] = 0
    with pytest.raises(SetupError, match="fewer requests than were due"):
        truth_ns(case(), log)


def test_the_cases_are_those_that_were_promised() -> None:
    found = cases(4000.0)
    assert [one.program.kind for one in found].count("constant") == 4
    assert {one.program.delay_ms for one in found if one.program.kind == "constant"} == {0.0, 0.5, 2.0, 10.0}
    assert {one.program.kind for one in found} == {"constant", "lognormal", "modes", "limit"}
    assert all(one.rate * one.duration_s >= 10_000 for one in found)  # p99.9 exists
    assert found[0].program == Program()
    stall = stall_case(30.0, 1.0)
    assert (stall.rate, stall.program.stall_s, stall.program.every_s) == (200.0, 1.0, 30.0)
    assert (calm_case(stall).rate, calm_case(stall).program) == (200.0, Program())

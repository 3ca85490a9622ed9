"""The search for a capacity, against databases whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity_search import Bounds, Planned, Rate, answer, ends, next_step, rates_of, rounded, search
from results.capacity.folder import EXHAUSTED, SATURATED, SLO_MISSED, Answer, Step

pytestmark = pytest.mark.fast

BOUNDS = Bounds(start_turns=115.0, lowest_turns=19.2)

Holds = Callable[[float], bool | None]


def step(planned: Planned, holds: bool | None, p99_ms: float = 100.0) -> Step:
    stop = {True: None, False: SLO_MISSED, None: EXHAUSTED}[holds]
    why = {True: "", False: f"turn response p99 {p99_ms:.0f} ms, limit 200 ms", None: "invalid: lag"}[holds]
    rate = planned.rate_turns
    return Step("r", planned.phase, rate, rate, 6 * rate, holds is not None, holds, why, 5.0, p99_ms, 0.0, stop)


def found(holds: Holds, bounds: Bounds = BOUNDS) -> tuple[tuple[Step, ...], Answer]:
    steps = search(lambda planned: step(planned, holds(planned.rate_turns)), bounds, lambda steps: None)
    return steps, answer(steps, bounds, "postgres")


def scripted(results: Iterable[tuple[float, bool | None]]) -> list[Step]:
    return [step(Planned(rate, "bracket"), holds) for rate, holds in results]


def count(steps: Sequence[Step], rate: float) -> int:
    return sum(found.rate_turns == rate for found in steps)


@given(st.floats(20.0, 20_000.0), st.sampled_from([0.02, 0.05, 0.10, 0.25]))
def test_a_true_knee_lies_in_an_interval_narrower_than_the_resolution(knee: float, resolution: float) -> None:
    bounds = Bounds(115.0, 19.2, resolution)
    steps, told = found(lambda rate: rate <= knee, bounds)
    assert told.low_turns is not None
    assert told.high_turns is not None
    assert told.low_turns <= knee < told.high_turns
    assert told.high_turns / told.low_turns <= 1 + resolution + 0.01  # three digits
    assert (told.kind, told.stop) == ("interval", SLO_MISSED)
    assert count(steps, told.low_turns) == count(steps, told.high_turns) == 3
    assert len(steps) == len({found.rate_turns for found in steps}) + 4


def test_the_bracket_doubles_then_is_halved_then_both_ends_are_repeated_in_turn() -> None:
    steps, told = found(lambda rate: rate <= 300)
    assert [(found.phase, found.rate_turns) for found in steps] == [
        *(("bracket", rate) for rate in (115, 230, 460)),
        *(("bisect", rate) for rate in (325, 273, 298)),
        *(("edge", rate) for rate in (298, 325, 298, 325)),
    ]
    assert (told.low_turns, told.high_turns) == (298, 325)
    assert told.detail == (
        "postgres holds the SLO at 298 turns/s and misses it at 325 turns/s: turn response p99 100 ms, limit 200 ms."
    )


def test_a_noisy_knee_is_found_near_the_truth_however_the_noise_falls() -> None:
    for seed in range(200):
        random = np.random.default_rng(seed)
        steps, told = found(lambda rate: rate * random.lognormal(0, 0.05) <= 1_000)  # noqa: B023 - used at once
        rates = {rate.turns: rate for rate in rates_of(steps)}
        assert told.kind == "interval"
        assert told.low_turns is not None
        assert told.high_turns is not None
        assert 800 < told.low_turns < told.high_turns < 1_250
        assert rates[told.low_turns].held == 3, seed
        assert rates[told.low_turns].missed == 0, seed
        assert rates[told.high_turns].missed * 2 >= rates[told.high_turns].count == 3, seed
        assert len(steps) < BOUNDS.most_steps, seed


def test_a_start_that_misses_goes_down_to_the_lowest_rate_and_repeats_it() -> None:
    steps, told = found(lambda rate: False)
    assert [found.rate_turns for found in steps] == [115, 57.5, 28.8, 19.2, 19.2, 19.2]
    assert (told.low_turns, told.high_turns, told.kind, told.stop) == (None, 19.2, "none", SLO_MISSED)
    assert "misses the SLO at 19.2 turns/s, the lowest rate tried: turn response p99" in told.detail


def test_a_start_that_misses_still_finds_a_knee_below_it() -> None:
    _, told = found(lambda rate: rate <= 40)
    assert told.low_turns is not None
    assert told.high_turns is not None
    assert told.low_turns <= 40 < told.high_turns <= told.low_turns * 1.11


def test_an_exhausted_generator_gives_a_lower_bound_near_its_limit_and_says_so() -> None:
    steps, told = found(lambda rate: True if rate <= 1_700 else None)
    assert told.low_turns is not None
    assert 1_700 / 1.11 < told.low_turns <= 1_700
    assert (told.high_turns, told.kind, told.stop) == (None, "lower_bound", EXHAUSTED)
    assert "a lower bound, since the load generator could not measure" in told.detail
    assert "invalid: lag" in told.detail
    assert [found.phase for found in steps if found.rate_turns == 1_840] == ["bracket"] * 3 + ["edge"] * 3


def test_a_busy_minute_that_has_passed_does_not_end_the_search() -> None:
    busy = iter([None] * 3)
    _, told = found(lambda rate: next(busy, True) if rate == 230 else rate <= 900)
    assert told.low_turns is not None
    assert told.high_turns is not None
    assert told.low_turns <= 900 < told.high_turns <= told.low_turns * 1.11


def test_a_generator_that_never_measures_finds_nothing() -> None:
    steps, told = found(lambda rate: None)
    assert (told.kind, told.stop) == ("none", EXHAUSTED)
    assert told.detail == "postgres could not be measured: invalid: lag."
    assert {found.rate_turns for found in steps} == {115, 57.5, 28.8, 19.2}


def test_a_rate_of_which_nothing_is_known_lies_inside_the_interval_and_is_no_end_of_it() -> None:
    def holds(rate: float) -> bool | None:
        return True if rate <= 300 else None if rate <= 400 else False

    _, told = found(holds)
    assert told.low_turns is not None
    assert told.low_turns <= 300
    assert (told.high_turns, told.kind, told.stop) == (460, "interval", SLO_MISSED)
    assert "nothing is known of 325 turns/s, where the harness failed" in told.detail


def test_an_invalid_step_that_is_well_when_made_again_counts_once() -> None:
    steps = scripted([(115, None), (115, None), (115, True)])
    assert rates_of(steps) == [Rate(115, held=1)]
    assert next_step(steps[:2], BOUNDS) == Planned(115, "bracket")
    assert next_step(steps, BOUNDS) == Planned(230, "bracket")


def test_a_measurement_that_failed_three_times_is_unknown_and_not_made_again() -> None:
    steps = scripted([(115, True), (230, None), (230, None), (230, None)])
    assert rates_of(steps) == [Rate(115, held=1), Rate(230, unknown=1)]
    assert next_step(steps, BOUNDS) == Planned(163, "bisect")


def test_a_lower_end_that_misses_once_in_three_gives_way_to_the_next_and_widens_the_interval() -> None:
    repeats = iter([True, False, True])  # first in the bisection, then twice at the edge
    steps, told = found(lambda rate: rate < 298 or (rate == 298 and next(repeats)))
    assert (told.low_turns, told.high_turns) == (273, 325)
    assert count(steps, 273) == count(steps, 298) == count(steps, 325) == 3
    assert "at 298 turns/s 1 of 3 measurements missed" in told.detail


def test_an_upper_end_that_mostly_holds_is_passed_and_the_search_goes_on_above_it() -> None:
    repeats = iter([False, True, True])  # the first miss at 325 was chance: the knee lies at 400

    def holds(rate: float) -> bool:
        return next(repeats) if rate == 325 else rate <= 400

    steps, told = found(holds)
    assert (told.low_turns, told.high_turns) == (387, 422)
    assert count(steps, 325) == count(steps, 387) == count(steps, 422) == 3
    assert "at 325 turns/s 1 of 3 measurements missed" in told.detail


def test_where_half_the_measurements_missed_the_rate_counts_as_missed() -> None:
    rates = [Rate(100, held=3), Rate(110, held=1, missed=1), Rate(120, missed=3)]
    assert ends(rates) == (rates[0], rates[1])
    rates[1] = Rate(110, held=2, missed=1)
    assert ends(rates) == (rates[0], rates[2])
    rates[1] = Rate(110, missed=1, unknown=2)
    assert ends(rates) == (rates[0], rates[2])
    rates[0] = Rate(100, held=1, unknown=2)
    assert ends(rates) == (None, rates[2])


def test_a_miss_by_chance_at_the_start_does_not_pin_the_answer() -> None:
    chance = iter([False])
    steps, told = found(lambda rate: rate <= 900 and not (rate == 115 and next(chance, None) is False))
    assert told.low_turns is not None
    assert told.high_turns is not None
    assert told.low_turns <= 900 < told.high_turns <= told.low_turns * 1.11
    assert "at 115 turns/s 1 of 3 measurements missed" in told.detail
    assert count(steps, 115) == 3


def test_an_interrupted_search_keeps_what_it_found() -> None:
    made: list[float] = []

    def measure(planned: Planned) -> Step | None:
        made.append(planned.rate_turns)
        return step(planned, planned.rate_turns <= 300) if len(made) < 5 else None

    told: list[int] = []
    steps = search(measure, BOUNDS, lambda steps: told.append(len(steps)))
    assert (len(steps), told) == (4, [1, 2, 3, 4])
    kept = answer(steps, BOUNDS, "postgres", interrupted=True)
    assert (kept.low_turns, kept.high_turns, kept.kind, kept.stop) == (230, 325, "interval", "interrupted")
    assert kept.detail.endswith("the search was interrupted.")


def test_an_answer_before_the_end_says_so_and_no_steps_are_no_answer() -> None:
    kept = answer(scripted([(115, True), (230, True)]), BOUNDS, "postgres")
    assert (kept.low_turns, kept.high_turns, kept.kind) == (230, None, "lower_bound")
    assert "the search is not at its end after 2 runs" in kept.detail
    assert answer([], BOUNDS, "postgres", interrupted=True).kind == "none"


def test_the_stop_reason_and_the_figures_are_those_of_the_mildest_miss() -> None:
    steps = [step(Planned(rate, "edge"), holds=True) for rate in (100.0, 100.0, 100.0)]
    steps += [step(Planned(110.0, "edge"), holds=False, p99_ms=p99) for p99 in (900.0, 231.0, 400.0)]
    assert "turn response p99 231 ms, limit 200 ms" in answer(steps, BOUNDS, "postgres").detail
    saturated = [*steps[:3], *(Step(**{**vars(step), "stop": SATURATED}) for step in steps[3:])]
    assert answer(saturated, BOUNDS, "postgres").stop == SATURATED


def test_the_search_ends_at_its_limit_of_runs() -> None:
    bounds = Bounds(115.0, 19.2, most_steps=7)
    steps, told = found(lambda rate: rate <= 300, bounds)
    assert len(steps) == 7
    assert (told.low_turns, told.high_turns) == (298, 325)
    assert "not at its end after 7 runs" in told.detail


def test_rates_are_rounded_to_what_can_be_read() -> None:
    assert [rounded(rate) for rate in (19.1667, 162.634, 12_345.6)] == [19.2, 163, 12_300]

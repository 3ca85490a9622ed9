"""The method of `compare` and `gate`, proved by simulation: how often it is wrong, and what it finds."""

import math

import numpy as np
import pytest
from scipy import stats

from results.decision.comparison import BETTER, INCONCLUSIVE, NO_DIFFERENCE, WORSE, Practical, Verdict, verdict_of
from results.decision.inference import compare, corrected, detectable, possible, rounds_to_exclude, rounds_to_show
from results.metric import find_metric

pytestmark = pytest.mark.fast

METRIC = find_metric("turns.response_p99_ms")
CASES = 1_000
TOLERANCE = 4 * math.sqrt(0.05 * 0.95 / CASES)  # four standard errors of a share of 5 %


def verdicts(
    change: float, rounds: tuple[int, int], noise: float, *, paired: bool, drift: float = 0.0, cases: int = 400
) -> list[Verdict]:
    """What is said of so many experiments: `noise` and `drift` are standard deviations of the logarithm from round to
    round; a drift (a busy neighbour, a warmer machine) meets both runs of a round."""
    random = np.random.default_rng(20261124)
    found = []
    for _ in range(cases):
        shared = random.normal(0, drift, max(rounds))
        a = 20.0 * np.exp(random.normal(0, noise, rounds[0]) + shared[: rounds[0]])
        b = 20.0 * change * np.exp(random.normal(0, noise, rounds[1]) + shared[: rounds[1]])
        found.append(verdict_of(METRIC, compare(list(a), list(b), paired=paired), Practical()))
    return found


def share(found: list[Verdict], *wanted: Verdict) -> float:
    return sum(verdict in wanted for verdict in found) / len(found)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("rounds", [(3, 3), (10, 10)])
def test_the_same_thing_twice_is_called_different_in_at_most_5_of_100_cases(
    paired: bool, rounds: tuple[int, int]
) -> None:
    assert share(verdicts(1.0, rounds, 0.05, paired=paired, cases=CASES), BETTER, WORSE) <= 0.05
    loud = verdicts(
        1.0, rounds, 0.2, paired=paired, cases=CASES
    )  # here the practical size no longer helps: 5 %, give or take
    assert share(loud, BETTER, WORSE) <= 0.05 + TOLERANCE


def test_a_single_new_round_against_a_stored_baseline_keeps_to_5_of_100_false_alarms() -> None:
    assert share(verdicts(1.0, (8, 1), 0.1, paired=False, cases=CASES), BETTER, WORSE) <= 0.05 + TOLERANCE


@pytest.mark.parametrize("paired", [True, False])
def test_a_change_of_a_tenth_is_found_in_9_of_10_cases_at_ten_rounds_and_5_percent_noise(paired: bool) -> None:
    found = verdicts(1.10, (10, 10), 0.05, paired=paired)
    assert share(found, WORSE) >= 0.90
    assert share(found, BETTER) == 0.0
    faster = verdicts(1 / 1.10, (10, 10), 0.05, paired=paired)
    assert share(faster, BETTER) >= 0.90


def test_pairing_finds_what_a_drifting_machine_would_hide() -> None:
    pairs = verdicts(1.10, (10, 10), 0.05, paired=True, drift=0.2)
    apart = verdicts(1.10, (10, 10), 0.05, paired=False, drift=0.2)
    assert share(pairs, WORSE) >= 0.90
    assert share(apart, WORSE) < 0.5


def test_an_interval_that_lies_within_the_practical_size_says_no_difference() -> None:
    found = verdicts(1.01, (40, 40), 0.02, paired=True)
    assert share(found, NO_DIFFERENCE) > 0.95
    assert share(verdicts(1.0, (3, 3), 0.2, paired=True), INCONCLUSIVE) > 0.9


def test_with_the_noise_of_our_own_repeated_runs_only_large_changes_of_a_p99_are_found() -> None:
    """docs/methodology.md: 14 % was the noise of `postgres`' turn response p99 over ten rounds, 5 % of its p50."""
    assert share(verdicts(1.10, (10, 10), 0.14, paired=True), WORSE) < 0.5
    assert share(verdicts(1.35, (10, 10), 0.14, paired=True), WORSE) >= 0.90
    assert share(verdicts(1.10, (10, 10), 0.05, paired=True), WORSE) >= 0.90


@pytest.mark.parametrize("paired", [True, False])
def test_what_could_have_been_shown_is_shown_in_four_of_five_cases(paired: bool) -> None:
    noise, rounds = 0.1, 6
    spread = noise * (math.sqrt(2) if paired else 1)
    size = detectable(spread, rounds, rounds, paired=paired, least=math.log1p(0.05))
    found = verdicts(math.exp(size), (rounds, rounds), noise, paired=paired)
    assert share(found, WORSE) == pytest.approx(0.80, abs=0.08)


def test_the_rounds_that_would_settle_it_do_and_one_fewer_does_not() -> None:
    needed = rounds_to_show(0.1, math.log1p(0.2), paired=False, least=math.log1p(0.05))
    assert needed is not None
    assert share(verdicts(1.2, (needed, needed), 0.1, paired=False), WORSE) == pytest.approx(0.80, abs=0.08)
    fewer = share(verdicts(1.2, (needed // 2, needed // 2), 0.1, paired=False), WORSE)
    assert fewer < 0.65
    assert rounds_to_show(0.1, 1e-6, paired=False) is None


def test_the_rounds_that_would_exclude_a_difference_do() -> None:
    needed = rounds_to_exclude(0.05, math.log1p(0.05), paired=False)
    assert needed is not None
    assert share(verdicts(1.0, (needed, needed), 0.05, paired=False), NO_DIFFERENCE) >= 0.75
    assert share(verdicts(1.0, (needed // 2, needed // 2), 0.05, paired=False), NO_DIFFERENCE) < 0.5


@pytest.mark.parametrize(("noise", "rounds"), [(0.02, 5), (0.02, 10), (0.05, 20)])
def test_what_could_have_been_shown_takes_the_practical_size_into_account(noise: float, rounds: int) -> None:
    size = detectable(noise, rounds, rounds, paired=False, least=math.log1p(0.05))
    assert size > math.log1p(0.05)
    assert share(verdicts(math.exp(size), (rounds, rounds), noise, paired=False), WORSE) >= 0.70


def test_the_interval_is_the_one_scipy_gives_on_the_logarithm() -> None:
    a, b = [10.0, 11.0, 10.5, 9.8], [12.0, 13.5, 12.2, 11.9]
    low, high = stats.ttest_rel(np.log(b), np.log(a)).confidence_interval(0.95)
    found = compare(a, b, paired=True)
    assert found.ratio is not None
    assert (found.ratio.low, found.ratio.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert found.p == pytest.approx(stats.ttest_rel(np.log(b), np.log(a)).pvalue)
    assert found.difference.estimate == pytest.approx(np.mean(b) - np.mean(a))


def test_a_metric_without_spread_has_an_interval_of_no_width() -> None:
    same = compare([1.5, 1.5, 1.5], [1.5, 1.5, 1.5], paired=True)
    assert same.ratio is not None
    assert (same.ratio.low, same.ratio.high, same.p) == (1.0, 1.0, 1.0)
    more = compare([1.5, 1.5, 1.5], [2.0, 2.0, 2.0], paired=False)
    assert more.p == 0.0
    assert verdict_of(find_metric("append_message.wcu_per_op"), more, Practical()) == WORSE


def test_values_without_a_logarithm_are_compared_by_their_difference() -> None:
    found = compare([0.0, 0.0, 0.0], [0.02, 0.03, 0.025], paired=False)
    assert found.ratio is None
    assert verdict_of(find_metric("turns.errors"), found, Practical()) == WORSE
    little = compare([0.0, 0.0, 0.0], [0.0001, 0.0002, 0.0001], paired=False)
    assert verdict_of(find_metric("turns.errors"), little, Practical()) == NO_DIFFERENCE


def test_a_large_ratio_of_next_to_nothing_is_no_difference_that_matters() -> None:
    found = compare([0.010, 0.011, 0.0105], [0.020, 0.021, 0.0205], paired=False)
    assert verdict_of(METRIC, found, Practical()) == NO_DIFFERENCE  # 2 times, and 0.01 ms
    assert verdict_of(METRIC, found, Practical(ms=0.001)) == WORSE


def test_too_few_rounds_allow_no_interval() -> None:
    assert not possible(1, 1, paired=False)
    assert not possible(1, 5, paired=True)
    with pytest.raises(ValueError, match="allow no interval"):
        compare([1.0], [2.0], paired=False)


def test_the_correction_leaves_few_false_marks_among_many_metrics() -> None:
    random = np.random.default_rng(7)
    wrong = 0
    for _ in range(500):  # metrics of one run depend on each other: half of each is shared
        scores = (random.normal() + random.normal(size=80)) / math.sqrt(2)
        wrong += min(corrected(list(2 * stats.norm.sf(np.abs(scores))))) < 0.05
    assert wrong / 500 <= 0.05
    assert corrected([]) == []
    assert corrected([1e-9, 0.9])[0] < 0.05

"""The samplers give back the published numbers they were made from."""

from __future__ import annotations

import math
from random import Random

import pytest

from workloads.distributions import Quantiles, TurnCounts, ZipfRanks, gamma_cdf, lognormal_cdf
from workloads.parameters import (
    GAPS_S,
    MAX_MESSAGE_BYTES,
    MEAN_GAP_S,
    TURNS_PER_CHAT,
    USER_BYTES,
    answer_bytes,
)

pytestmark = pytest.mark.fast


def _turns_at(counts: TurnCounts, quantile: float) -> int:
    return counts.sample(quantile)


def test_consumer_turns_have_wildchats_mean_and_quantiles() -> None:
    turns = TURNS_PER_CHAT["consumer"]
    assert turns.mean == pytest.approx(2.36, abs=0.01)
    assert [_turns_at(turns, q) for q in (0.50, 0.90, 0.95, 0.99)] == [1, 5, 8, 14]
    assert [turns.survival(k) for k in (1, 2, 3, 5, 10)] == pytest.approx([1, 0.4211, 0.2619, 0.1243, 0.0273])
    assert turns.survival(11) == pytest.approx(0.0273 * 0.78)


def test_power_turns_have_sharegpts_quantiles_and_a_tail_to_300() -> None:
    turns = TURNS_PER_CHAT["power"]
    assert turns.mean == pytest.approx(6.51, rel=0.03)
    assert [_turns_at(turns, q) for q in (0.50, 0.90, 0.95, 0.99)] == [3, 14, 22, 56]
    assert turns.survival(52) == pytest.approx(0.012)
    assert turns.sample(1 - 1e-12) == 300


def test_no_consumer_chat_is_longer_than_the_cap() -> None:
    assert TURNS_PER_CHAT["consumer"].sample(1 - 2**-53) <= 200


def test_sampled_turns_have_the_mean_of_the_survival_points() -> None:
    random = Random(3).random
    turns = TURNS_PER_CHAT["power"]
    assert sum(turns.sample(random()) for _ in range(60_000)) / 60_000 == pytest.approx(turns.mean, rel=0.03)


def test_a_message_at_a_random_moment_is_a_later_one_in_long_chats() -> None:
    turns = TurnCounts([(1, 1.0), (2, 0.5), (3, 0.5)], decay=0.0, cap=3)  # half 1 turn, half 3
    assert turns.mean == 2.0
    assert [turns.under_way(u) for u in (0.0, 0.49, 0.51, 0.74, 0.76, 0.999)] == [1, 1, 2, 2, 3, 3]
    assert {turns.at_least(2, u / 10) for u in range(10)} == {3}
    assert turns.at_least(1, 0.2) == 1


def test_user_messages_have_the_published_quantiles_and_mean() -> None:
    quantiles = (0.01, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.999)
    assert [USER_BYTES.sample(q) for q in quantiles] == [4, 23, 43, 83, 193, 589, 1459, 5436, 14054]
    random = Random(5).random
    assert sum(USER_BYTES.sample(random()) for _ in range(200_000)) / 200_000 == pytest.approx(362, rel=0.03)


def test_answers_are_a_mixture_of_plain_and_reasoning_ones() -> None:
    random = Random(8).random
    sizes = sorted(answer_bytes().sample(random()) for _ in range(200_000))
    mean = (0.85 * 1.88 * 182 + 0.15 * 1014 * math.exp(1.245**2 / 2)) * 4.64
    assert sum(sizes) / len(sizes) == pytest.approx(mean, rel=0.03)  # the cap takes about 1 %
    rng = Random(9)
    reference = sorted(_answer_reference(rng) for _ in range(200_000))
    for quantile in (0.05, 0.25, 0.50, 0.75, 0.95, 0.99):
        at = int(quantile * len(sizes))
        assert sizes[at] == pytest.approx(reference[at], rel=0.06)


def _answer_reference(rng: Random) -> float:
    plain = rng.random() < 0.85
    tokens = rng.gammavariate(1.88, 182) if plain else rng.lognormvariate(math.log(1014), 1.245)
    return tokens * 4.64


def test_no_message_is_larger_than_every_design_can_store() -> None:
    assert MAX_MESSAGE_BYTES == 350_000
    assert answer_bytes().sample(1 - 2**-53) <= 350_000
    assert USER_BYTES.sample(1 - 2**-53) <= 350_000
    assert answer_bytes().sample(0.0) >= 1
    assert USER_BYTES.sample(0.0) == 1


def test_think_time_is_lognormal_with_a_median_of_134_s_and_a_mean_near_217_s() -> None:
    assert GAPS_S[2048] == pytest.approx(134.3, rel=0.01)
    assert abs(MEAN_GAP_S - 217) < 5  # the fit has 215
    under_10_minutes = sum(gap < 600 for gap in GAPS_S) / len(GAPS_S)
    assert under_10_minutes == pytest.approx(0.945, abs=0.01)


def test_zipf_ranks_follow_the_power_law() -> None:
    ranks = ZipfRanks(20, 1.2)
    assert ranks.share(0) / ranks.share(9) == pytest.approx(10**1.2)
    assert sum(ranks.share(rank) for rank in range(20)) == pytest.approx(1.0)
    random = Random(1).random
    drawn = [ranks.sample(random()) for _ in range(50_000)]
    assert drawn.count(0) / len(drawn) == pytest.approx(ranks.share(0), rel=0.03)
    assert min(drawn) == 0
    assert max(drawn) == 19


def test_a_size_between_two_points_is_log_linear() -> None:
    sizes = Quantiles([(0.0, 10), (0.5, 1000), (1.0, 1000)])
    assert [sizes.sample(u) for u in (0.0, 0.25, 0.5, 0.9)] == [10, 100, 1000, 1000]


def test_cumulative_distributions_match_known_values() -> None:
    assert gamma_cdf(1.0, shape=1.0, scale=1.0) == pytest.approx(1 - math.exp(-1))
    assert gamma_cdf(3.0, shape=2.0, scale=1.0) == pytest.approx(1 - 4 * math.exp(-3))
    assert gamma_cdf(1e6, shape=1.88, scale=182.0) == 1.0
    assert lognormal_cdf(1014, median=1014, sigma=1.245) == pytest.approx(0.5)
    assert lognormal_cdf(1014 * math.exp(1.245), median=1014, sigma=1.245) == pytest.approx(0.8413, abs=1e-4)

"""Arrivals: pure, the same for any number of workers, and as the model says."""

from itertools import islice, pairwise
from typing import Any

import pytest

from loadtests.plan import Plan
from loadtests.schedule import arrivals, residual_gap_s
from workloads.catalog import WorkloadOptions, make_workload
from workloads.parameters import GAP_MEDIAN_S

pytestmark = pytest.mark.fast

WORKLOAD = make_workload(WorkloadOptions(name="point-read"))


def plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "target": "null",
        "target_options": {},
        "workload": {},
        "seed": 1,
        "model": "rate",
        "connections": 16,
        "timeout_s": 5.0,
        "warmup_s": 1.0,
        "rate_turns": 100.0,
        "arrivals": "poisson",
        "people": 10,
    }
    return Plan(**(values | changes))


def first(number: int, **changes: Any) -> list[tuple[float, int]]:
    return [tuple(arrival) for arrival in islice(arrivals(plan(**changes), WORKLOAD), number)]  # type: ignore[misc]


def test_constant_arrivals_are_evenly_spaced_and_dealt_to_people_in_turn() -> None:
    assert first(3, arrivals="constant", rate_turns=4.0) == [(0.0, 0), (0.25, 1), (0.5, 2)]


def test_poisson_arrivals_keep_the_rate_and_vary_as_poisson_does() -> None:
    instants = [at_s for at_s, _ in first(20_000)]
    gaps = [after - before for before, after in pairwise(instants)]
    mean = sum(gaps) / len(gaps)
    variation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5 / mean
    assert mean == pytest.approx(0.01, rel=0.03)
    assert variation == pytest.approx(1.0, rel=0.03)


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    assert first(100) == first(100)
    assert first(100) != first(100, seed=2)


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_the_workers_parts_are_the_whole(workers: int) -> None:
    parts = [first(400, worker=worker, workers=workers) for worker in range(workers)]
    merged = sorted(arrival for part in parts for arrival in part)
    assert merged[:300] == first(300)
    for worker, part in enumerate(parts):
        assert {person % workers for _, person in part} == {worker}


def test_connections_and_people_are_divided_without_loss() -> None:
    for workers in (1, 2, 3, 5):
        shares = [plan(worker=worker, workers=workers) for worker in range(workers)]
        assert sum(share.own_connections for share in shares) == 16
        for total in (0, 1, 7, 10):
            assert sum(share.own_people(total) for share in shares) == total
    assert plan(worker=1, workers=2).own_people(3) == 1  # person 1; 0 and 2 are the other's


def test_a_trace_brings_its_own_instants_and_people(tmp_path: Any) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2023-11-16 18:15:46.0000000,374,44\n2023-11-16 18:15:48.0000000,10,4\n2023-11-16 18:15:50.5000000,20,7"
    )
    replay = make_workload(WorkloadOptions(name="replay", trace=str(trace), speed=10.0, people=2))
    found = list(arrivals(plan(arrivals="trace", rate_turns=None), replay))
    assert [round(at_s, 6) for at_s, _ in found] == [0.0, 0.2, 0.45]
    assert [person for _, person in found] == [0, 1, 0]


def test_a_residual_gap_is_pure_and_its_mean_is_that_of_a_length_biased_half() -> None:
    gaps = [residual_gap_s(1, person) for person in range(20_000)]
    assert gaps[:10] == [residual_gap_s(1, person) for person in range(10)]
    # E[X^2] / (2 E[X]) of the lognormal: 134.3 * exp(1.5 * 0.97^2) / 2 = 275 s
    assert sum(gaps) / len(gaps) == pytest.approx(GAP_MEDIAN_S * 2.718281828 ** (1.5 * 0.97**2) / 2, rel=0.1)

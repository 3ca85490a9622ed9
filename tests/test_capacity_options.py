"""What `dbverdict capacity` makes of its options, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.capacity import CapacityPlan
from loadtests.capacity_command import announcement, make_plan
from results.capacity.slo import DEFAULT_SLO
from results.refusal import Refusal
from targets.protocol import SetupError

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, where only the test's dbverdict.toml is found."""
    monkeypatch.chdir(tmp_path)


def plan(*, toml: str = "", **options: object) -> CapacityPlan:
    if toml:
        Path("dbverdict.toml").write_text(toml, encoding="utf-8")
    return make_plan(options, None)


def test_without_options_a_step_measures_ten_seconds_and_begins_where_they_are_enough() -> None:
    found = plan(target=["null"])
    assert (found.settings.warmup_s, found.duration_s, found.longest_s) == (3.0, 10.0, 60.0)
    assert found.slo == DEFAULT_SLO
    assert found.bounds.start_turns == pytest.approx(115)
    assert (found.bounds.resolution, found.bounds.repeats) == (0.10, 3)
    assert (found.settings.model, found.settings.arrivals) == ("rate", "poisson")


def test_a_step_at_a_low_rate_is_longer_but_never_longer_than_allowed() -> None:
    found = plan(target=["null"], longest="30s")
    assert [found.window_s(rate) for rate in (230.0, 115.0, 57.5, 38.3)] == [10, 10, 20, 30]
    assert found.bounds.lowest_turns == pytest.approx(38.3, abs=0.1)


def test_a_config_s_own_load_is_passed_over_and_its_other_options_count() -> None:
    toml = '[run]\ntarget = ["null"]\nrate = 7\nsaturate = true\nrounds = 4\nseed = 5\nwarmup = "2s"\n'
    found = plan(toml=toml, workload="point-read", connections="4")
    assert (found.settings.target, found.settings.seed, found.settings.warmup_s) == ("null", 5, 2.0)
    assert found.settings.rate_turns == pytest.approx(115)
    assert "saturate" not in found.options
    assert announcement(found).startswith("null, point-read, 4 connections: the highest rate with turn response p99")


def test_the_time_a_search_takes_at_most_is_told() -> None:
    text = announcement(plan(target=["null"]))
    assert "a step takes about 22 s (up to 72 s at low rates)" in text
    assert "usually about 12 steps, 4 minutes; at most 40, 48 minutes" in text


@pytest.mark.parametrize(
    ("options", "toml", "message"),
    [
        ({}, "", "--target is missing"),
        ({"target": ["postgress"]}, "", "did you mean 'postgres'"),
        ({}, '[run]\ntarget = ["null", "memory"]\n', "one target a call, not null, memory"),
        ({"target": ["null"], "start": "0"}, "", "--start '0' must be a number above 0"),
        ({"target": ["null"], "start": "nan"}, "", "--start 'nan' must be a number above 0"),
        ({"target": ["null"], "start": "5"}, "", "--start 5: below 19.2 turns/s a step of 60 s holds too few turns"),
        ({"target": ["null"], "resolution": "0.5"}, "", "--resolution 0.5 is per cent: give 1 to 100"),
        ({"target": ["null"], "repeats": "0"}, "", "--repeats '0' must be a whole number"),
        ({"target": ["null"], "duration": "10"}, "", "--duration '10' is no duration"),
        ({"target": ["null"], "duration": "500ms"}, "", "--duration must be at least 1s"),
        ({"target": ["null"], "arrivals": "trace"}, "", "--arrivals trace has a rate of its own"),
        ({"target": ["null"]}, "[slo.turns]\nthroughput_min = 5\n", "turns.throughput is a minimum"),
        ({"target": ["null"]}, "[slo.null.turns]\ngoodput_min = 5\n", "null.turns.goodput is a minimum"),
        ({"target": ["null"]}, "[slo.turns]\nresponse_p98_ms = 5\n", "unknown limit 'response_p98_ms'"),
        ({"target": ["dynamodb"]}, "", "--allow-aws"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options: dict[str, object], toml: str, message: str) -> None:
    with pytest.raises((SetupError, Refusal)) as refused:
        plan(toml=toml, **options)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)

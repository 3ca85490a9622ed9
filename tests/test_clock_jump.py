"""A clock that jumps, as when a machine sleeps, is seen by the engine's loop and makes the run invalid."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.stopwatch import JUMP_NS, Clocks, jump_ns, read_clocks
from loadtests.vitals import Vitals
from results.recorder import EngineSecond
from tests.test_run import second, written

pytestmark = pytest.mark.fast

SECOND = 1_000_000_000
BEFORE = Clocks(running=5 * SECOND, wall=900 * SECOND, boot=7 * SECOND)


def after(wall_ns: int = 0, boot_ns: int | None = 0) -> Clocks:
    """A second later, with this much more on the other clocks."""
    boot = None if boot_ns is None else BEFORE.running + 3 * SECOND + boot_ns
    return Clocks(BEFORE.running + SECOND, BEFORE.wall + SECOND + wall_ns, boot)


@pytest.mark.parametrize(
    ("later", "jump"),
    [
        (after(), 0),
        (after(wall_ns=JUMP_NS - 1), 0),
        (after(wall_ns=JUMP_NS), JUMP_NS),
        (after(wall_ns=-2 * SECOND), -2 * SECOND),
        (after(wall_ns=3600 * SECOND, boot_ns=3600 * SECOND), 3600 * SECOND),
        (after(boot_ns=40 * SECOND), 40 * SECOND),
        (after(wall_ns=40 * SECOND, boot_ns=None), 40 * SECOND),
    ],
    ids=["none", "within", "at the limit", "set back", "suspended", "wall set back meanwhile", "no such clock"],
)
def test_a_clock_jumps_when_it_leaves_the_stopwatch_behind_or_falls_behind_it(later: Clocks, jump: int) -> None:
    assert jump_ns(BEFORE, later) == jump


def test_clocks_that_run_together_have_not_jumped() -> None:
    assert jump_ns(read_clocks(), read_clocks()) == 0


def test_the_loop_hands_over_each_jump_once(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([BEFORE, BEFORE, after(wall_ns=9 * SECOND), after(wall_ns=9 * SECOND)])
    monkeypatch.setattr("loadtests.vitals.read_clocks", lambda: next(readings))
    vitals = Vitals()
    vitals.begin()
    assert [vitals.read(None)["clock_jump_ns"] for _ in range(2)] == [9 * SECOND, 0]
    assert set(EngineSecond.__annotations__) >= {"cpu_ns", "lane_cpu_ns", "rss_bytes", "clock_jump_ns"}


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_jump_in_any_second_of_a_run_makes_it_invalid(tmp_path: Path, at: int) -> None:
    intervals = [second(number, clock_jump_ns=-3600 * SECOND if number == at else 0) for number in range(3)]
    run = written(tmp_path, *intervals)
    (reason,) = run["validity"]["reasons"]
    assert reason["rule"] == "clock"
    assert reason["figure"].startswith("a clock jumped by -3,600.0 s")
    assert "awake" in reason["remedy"]
    assert run["exit_code"] == 4

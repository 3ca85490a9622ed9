"""What a person watching a run is told: figures of the last seconds, time left, and each warning once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtests.progress import PlainLines, Progress, Terminal, display
from loadtests.status import Status
from results.pulse import Pulse
from results.recorder import EngineSecond, Interval, Recorder
from results.sample import OUTCOMES, PACK, TURN
from results.validity import CPU_SHARE, ERROR_RATE, LAG_P99_MS, STALL_MS, Answers, Facts, Reason, reasons, warnings
from results.window import Window
from tests.test_run import MS, PLANNED, SECOND, second, writer

pytestmark = pytest.mark.fast

WINDOW = Window(2.0, 4.0, 66.0)


def pulse(*intervals: Interval) -> Pulse:
    found = Pulse()
    for interval in intervals:
        found.add(interval)
    return found


def status(seen: Pulse, passed_s: int = 26, phase: str = "measured", **changes: Any) -> Status:
    facts: dict[str, Any] = {"label": "[3/21] ", "window": WINDOW, "after_s": 320.0} | changes
    return Status(target="postgres", phase=phase, passed_s=passed_s, pulse=seen, **facts)


def test_where_nothing_was_measured_there_is_a_dash_and_no_zero() -> None:
    empty = Recorder(0, 0).close_second(0, EngineSecond())
    assert status(Pulse()).figures() == "– of – turns/s, response –, errors –"
    assert status(pulse(empty)).figures() == "0.00 of 0.00 turns/s, response –, errors –"


def test_a_p99_is_pooled_from_as_many_seconds_as_it_needs() -> None:
    slow, fast = second(1, service_ms=40.0, ops=400), [second(at, service_ms=2.0, ops=400) for at in (2, 2, 2)]
    assert pulse(slow, *fast[:1]).response_ms()["p99"] is None  # 800 turns
    assert pulse(slow, *fast[:2]).response_ms()["p99"] == pytest.approx(40.0, rel=0.001)  # 1,200
    assert pulse(slow, *fast).response_ms()["p99"] == pytest.approx(2.0, rel=0.001)  # 1,200 without the slow second


def test_until_then_the_largest_is_shown_and_a_median_only_of_twenty() -> None:
    assert "response p50 2.00 max 2.00 ms" in status(pulse(second(1, ops=20))).figures()
    assert "response p50 – max 2.00 ms" in status(pulse(second(1, ops=19))).figures()
    assert "response p50 2.00 p99 2.00 ms" in status(pulse(second(1, ops=1000))).figures()


def test_what_is_older_than_half_a_minute_is_forgotten() -> None:
    silent = [Recorder(0, 0).close_second(at, EngineSecond()) for at in range(2, 32)]
    assert pulse(second(1), *silent[:-1]).response_ms()["max"] == pytest.approx(2.0, rel=0.001)
    assert pulse(second(1), *silent).response_ms()["max"] is None


def test_rates_are_means_of_the_last_five_seconds() -> None:
    behind = [second(at, ops=10) for at in (1, 2, 2, 2, 2, 2)]
    for interval in behind[1:]:
        interval.engine.offered["turn"] = 40
    assert status(pulse(*behind)).figures().startswith("10.0 of 40.0 turns/s")
    assert status(pulse(*behind[:2])).figures().startswith("10.0 of 25.0 turns/s")


def test_errors_are_those_of_the_measured_window() -> None:
    seen = pulse(second(0, outcome="timeout"), second(1), second(2, outcome="unavailable"))
    assert "20 errors (50 %)" in status(seen).figures()
    assert ", 0 errors" in status(pulse(second(0, outcome="timeout"), second(1))).figures()
    assert "errors –" in status(pulse(second(0, outcome="timeout"))).figures()  # it warms up: no operation counts yet


def test_a_backlog_is_told_where_there_is_one() -> None:
    assert status(pulse(second(1, backlog_ns=2500 * MS))).figures().endswith("backlog 2.50 s")
    assert "backlog" not in status(pulse(second(1))).figures()


@pytest.mark.parametrize(
    ("passed_s", "phase", "told"),
    [
        (1, "ramp", "ramp, 65 s left, about 6 min in all"),
        (5, "warmup", "warm-up, 61 s left, about 6 min in all"),
        (26, "measured", "measured, 40 s left, about 6 min in all"),
        (67, "drain", "drain, 0 s left, about 5 min in all"),
    ],
)
def test_phase_and_time_left_of_run_and_experiment(passed_s: int, phase: str, told: str) -> None:
    assert status(Pulse(), passed_s, phase).time() == told


def test_a_run_of_its_own_has_no_experiment_and_an_endless_one_no_time_left() -> None:
    assert status(Pulse(), label="", after_s=None).time() == "measured, 40 s left"
    assert status(Pulse(), after_s=None, window=Window(2.0, 4.0, None)).time() == "measured, for 20 s"
    assert status(Pulse(), window=Window(2.0, 4.0, None)).bar() == []


def bars(*passed: tuple[int, str]) -> list[str]:
    return ["".join(text for _, text in status(Pulse(), at, phase).bar(34)) for at, phase in passed]


def test_the_bar_fills_over_the_phases_and_keeps_its_length() -> None:
    assert bars((0, "ramp"), (6, "warmup"), (36, "measured"), (66, "measured"), (67, "drain")) == [
        "·" * 34,
        "▒" * 3 + "·" * 31,
        "▒" * 3 + "█" * 15 + "·" * 16,
        "▒" * 3 + "█" * 30 + "·",
        "▒" * 3 + "█" * 31,
    ]


# --- warnings --------------------------------------------------------------------------------------------------------

SOUND = Facts("rate", lag_p99_ms=0.2, service_p99_ms=2.0, engine_cpu=0.4, stall_ms=5, completed_ops=1000)
CALM = Answers(operations=1000, errors=0, backlog_s=0.0, overloaded=False)


def test_a_warning_says_what_the_run_s_judgement_would() -> None:
    bad = Facts("rate", LAG_P99_MS * 9, 2.0, CPU_SHARE + 0.1, STALL_MS * 2, 1000, clock_jump_ms=2000.0)
    assert warnings(bad, CALM) == reasons(bad)
    assert [reason.rule for reason in warnings(bad, CALM)] == ["lag", "cpu", "stall", "clock"]
    assert warnings(SOUND, CALM) == []


def test_nothing_completed_yet_is_no_warning() -> None:
    assert warnings(Facts("rate", 0.0, 0.0, 0.0, 0.0, 0), Answers(0, 0, 0.0, overloaded=False)) == []


@pytest.mark.parametrize(
    ("operations", "errors", "warned"),
    [(500, 1, False), (999, 9, False), (999, 10, True), (1000, 1, False), (1000, 2, True), (100_000, 100, False)],
)
def test_errors_are_warned_of_above_the_limit_once_they_are_a_rate(operations: int, errors: int, warned: bool) -> None:
    found = warnings(SOUND, Answers(operations, errors, 0.0, overloaded=False))
    assert [reason.rule for reason in found] == ["errors"] * warned
    assert all(f"{ERROR_RATE:.1%}".replace("%", " %") in reason.figure for reason in found)


def test_a_backlog_that_grows_is_warned_of_with_its_age() -> None:
    (found,) = warnings(SOUND, Answers(1000, 0, 12.34, overloaded=True))
    assert found.figure == "overloaded: the oldest turn has waited for 12.3 s"


def told_by(folder: Path, intervals: Iterator[Interval] | list[Interval]) -> list[str]:
    """The rules a running folder warns of after these seconds."""
    run = writer(folder)
    for interval in intervals:
        run.take(0, interval)
    found = [reason.rule for reason in run.warnings()]
    run.finish(PLANNED, 3.0, 3.1)
    return found


def late(number: int, ops: int, lag_ms: float) -> Interval:
    """A second whose turns all began late."""
    recorder = Recorder(SECOND, 3 * SECOND)
    for index in range(ops):
        due = number * SECOND + index * SECOND // ops
        began = due + int(lag_ms * MS)
        recorder.add(PACK.pack(TURN, OUTCOMES.index("ok"), 0, 1, due, due, due, began, began, began + MS, 0.0, 0.0))
    return recorder.close_second(number, EngineSecond(offered={"turn": ops}))


def test_a_running_folder_warns_of_lag_once_a_p99_stands(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "enough").mkdir()
    assert told_by(tmp_path / "few", [late(0, 0, 0), late(1, 999, 5.0)]) == []
    assert told_by(tmp_path / "enough", [late(0, 0, 0), late(1, 1000, 5.0)]) == ["lag"]


def test_a_running_folder_warns_of_a_backlog_errors_and_a_clock(tmp_path: Path) -> None:
    (tmp_path / "backlog").mkdir()
    (tmp_path / "errors").mkdir()
    behind = [second(at, ops=10, backlog_ns=5 * SECOND) for at in range(2)]
    behind[1].engine.offered["turn"] = 20
    assert told_by(tmp_path / "backlog", behind) == ["overloaded"]
    failing = [second(0), second(1, outcome="unavailable", clock_jump_ns=SECOND)]
    assert told_by(tmp_path / "errors", failing) == ["clock", "errors"]


# --- displays --------------------------------------------------------------------------------------------------------

LAG = Reason("lag", "lag p99 9.00 ms, above 1.00 ms", "lower the load")
STALL = Reason("stall", "the engine's loop stood still for 60 ms", "run again")


def follow(shown: Any, seconds: int, warned: list[Reason]) -> None:
    progress = Progress("null", {"label": "[1/2] ", "after_s": 30.0}, Window(0.0, 1.0, 11.0), shown, lambda: warned)
    for at in range(seconds):
        interval = second(min(at, 2))
        interval.second = at
        progress.show(interval, "warmup" if at < 1 else "measured")
    shown.close()


def test_plain_lines_come_every_ten_seconds_and_hold_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    follow(PlainLines(told=True), 25, [])
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "dbverdict: [1/2] null: measured, 1 s left, about 31 s in all",
        "dbverdict: [1/2] null: measured, 0 s left, about 30 s in all",
    ]
    assert all(line.isprintable() for line in lines)


def test_each_warning_is_told_once_with_its_remedy_and_also_where_no_status_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    follow(PlainLines(told=False), 25, [LAG, STALL, LAG])
    assert capsys.readouterr().err.splitlines() == [
        "dbverdict: warning: [1/2] null: lag p99 9.00 ms, above 1.00 ms: lower the load",
        "dbverdict: warning: [1/2] null: the engine's loop stood still for 60 ms: run again",
    ]


@pytest.mark.parametrize(
    ("experiment", "table", "told"), [({}, True, 0), ({}, False, 1), ({"label": "[1/2] "}, True, 1)]
)
def test_beside_locust_s_table_no_status_is_told(
    experiment: dict[str, str], table: bool, told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = display(experiment, table=table)
    shown.tell("null: loading the data")
    shown.show(status(Pulse(), passed_s=30))
    assert len(capsys.readouterr().err.splitlines()) == 2 * told


@pytest.mark.parametrize("width", [30, 80, 200])
def test_on_a_terminal_no_rewritten_line_is_wider_than_it(width: int) -> None:
    file = io.StringIO()
    follow(
        Terminal(Console(file=file, force_terminal=True, width=width, color_system=None, legacy_windows=False)), 3, []
    )
    written = file.getvalue().replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\x1b[2K", "\r")
    widths = [len(line.replace("\x1b[1A", "")) for line in written.replace("\n", "\r").split("\r")]
    assert max(widths) <= width
    assert max(widths) == min(width, 75)
    assert ("…" in written) == (width < 75)

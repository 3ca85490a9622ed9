"""Run folders read back: whole ones exactly, killed ones as far as they go, broken ones refused in one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from results import answer
from results.folder import RunFormatError, load
from results.pool import pool
from results.recorder import EngineSecond, Interval, Recorder
from results.run import RunWriter
from results.sample import OPERATION_NAMES, PACK, TURN
from results.search import find_runs
from results.window import End, Window
from tests.run_folders import Synthetic, change, cut, histogram, samples_of, write_experiment, write_run

pytestmark = pytest.mark.fast

SECOND_NS = 1_000_000_000


def test_a_run_folder_is_read_back_with_its_exact_histograms(tmp_path: Path) -> None:
    run = Synthetic(seed=5)
    found = load(write_run(tmp_path, run))
    expected = histogram(np.concatenate(samples_of(run)["response"]["get_user"]))
    assert found.response["get_user"].total == expected.get_total_count()
    assert found.response["get_user"].percentile_ns(99) == expected.get_value_at_percentile(99)
    assert (found.target, found.badge, found.load.rate_turns, found.measured_s) == ("postgres", "self-hosted", 80.0, 15)
    assert list(found.intervals["phase"].unique()) == ["ramp", "warmup", "measured", "drain"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: (path / "run.json").unlink(), "has no run.json"),
        (lambda path: cut(path / "run.json", 40), "cut short or no JSON"),
        (lambda path: (path / "run.json").write_text("[]"), "not the description of a run"),
        (lambda path: change(path, lambda facts: facts.update(format=0)), "format 0; this dbverdict reads 1"),
        (lambda path: change(path, lambda facts: facts.update(turns=3)), "turns is not a table"),
        (lambda path: change(path, lambda facts: facts["target"].update(badge="cloud")), "none of self-hosted"),
        (lambda path: cut(path / "service.hlog", 9), "service.hlog: line 64 is cut short"),
        (lambda path: (path / "response.hlog").unlink(), "response.hlog cannot be read"),
        (lambda path: cut(path / "intervals.csv", 5), "intervals.csv is cut short"),
        (lambda path: (path / "intervals.csv").write_text("a,b\n1,2\n"), "not the interval table"),
    ],
)
def test_a_folder_that_is_not_a_whole_run_is_refused_in_one_line(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    path = write_run(tmp_path, Synthetic())
    spoil(path)
    with pytest.raises(RunFormatError, match=re.escape(message)) as told:
        load(path)
    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)


def test_a_histogram_of_garbage_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write_run(tmp_path, Synthetic())
    lines = (path / "service.hlog").read_text().splitlines()
    lines[6] = lines[6][:-12]
    (path / "service.hlog").write_text("\n".join(lines) + "\n")
    with pytest.raises(RunFormatError, match="line 7 holds no readable histogram"):
        load(path)


def test_a_missing_folder_is_refused_with_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(RunFormatError, match="does not exist: name a run folder"):
        find_runs([tmp_path / "nowhere"])
    with pytest.raises(RunFormatError, match="holds no run"):
        find_runs([tmp_path])


def test_the_reports_beside_the_runs_are_passed_over_and_a_file_alone_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path, Synthetic())
    report = tmp_path / "report.html"
    report.write_text("<html></html>")
    assert find_runs([report, run]) == [run]
    with pytest.raises(RunFormatError, match=r"report\.html is a file: name a run folder"):
        find_runs([report])


def test_a_killed_run_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    path = write_run(tmp_path, Synthetic(complete=False))
    for name in ("service.hlog", "response.hlog", "intervals.csv"):
        cut(path / name, 7)
    found = load(path)
    whole = load(write_run(tmp_path / "whole", Synthetic()))
    lost = whole.response["turn"].total - found.response["turn"].total
    assert 0 < lost == len(samples_of(Synthetic())["response"]["turn"][-1])
    assert len(found.intervals) == len(whole.intervals) - 1
    assert answer.state(found) == "INCOMPLETE"


def test_a_killed_run_that_wrote_nothing_but_its_description_is_read(tmp_path: Path) -> None:
    path = write_run(tmp_path, Synthetic(complete=False))
    for name in ("service.hlog", "response.hlog", "intervals.csv"):
        (path / name).unlink()
    found = load(path)
    assert found.response == {}
    assert found.intervals.empty
    assert pool([found]).flags == ("INCOMPLETE",)


def test_runs_are_found_in_their_folder_and_above_it_once(tmp_path: Path) -> None:
    write_experiment(experiment := tmp_path / "runs" / "experiment")
    below = find_runs([experiment])
    assert len(below) == 8
    assert find_runs([below[0], experiment.parent, experiment]) == below
    assert [path.name for path in below] == sorted(path.name for path in below)


FACTS = {
    "target": {"name": "postgres", "badge": "self-hosted", "driver": "asyncpg", "provider": "embedded"},
    "workload": {"name": "point-read", "fingerprint": "abc", "dataset": "def"},
    "load": {"model": "rate", "rate_turns": 600.0, "arrivals": "constant", "connections": 16},
}


def second_of_turns(number: int, turns: int = 600) -> Interval:
    """Turns of one get_user each, 1 to 3 ms long."""
    recorder = Recorder(SECOND_NS, 3 * SECOND_NS)
    for at in range(turns):
        due = number * SECOND_NS + at * 1_000_000
        instants = (due, due, due, due + 50_000, due + 60_000, due + 1_000_000 + at * 3_000)
        recorder.add(PACK.pack(OPERATION_NAMES.index("get_user"), 0, 0, 1, *instants, 0.0, 0.0))
        recorder.add(PACK.pack(TURN, 0, 0, 1, *instants, 0.0, 0.0))
    return recorder.close_second(number, EngineSecond(offered={"turn": turns, "get_user": turns}))


def test_what_the_recorder_writes_is_read_back_while_it_runs_and_at_its_end(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, FACTS, Window(0.0, 1.0, 3.0), 1_800_000_000.0, engines=1)
    for number in range(3):
        writer.take(0, second_of_turns(number))
    running = load(tmp_path)
    assert (answer.state(running), running.response["turn"].total) == ("INCOMPLETE", 1_200)
    writer.finish(End("planned"), 3.0, 3.1)
    found = load(tmp_path)
    assert found.valid
    assert pool([found]).turn_response == found.percentiles("turn", "response")
    assert pool([found]).span_of("get_user", "service") == found.percentiles("get_user", "service")
    assert found.percentiles("get_user", "service").p99 is not None
    assert pool([found]).throughput_turns == 600.0
    assert list(found.intervals["second"].unique()) == [0, 1, 2]

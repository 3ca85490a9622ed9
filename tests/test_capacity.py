"""`dbverdict capacity` on real servers: a search that ends in an interval, in a bound, or in one line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from results.capacity.folder import Capacity, load_capacity
from results.folder import load
from tests.locust_runs import gone, wait_for

COMMON = ["--warmup", "1s", "--stored-users", "100", "--people", "100", "--resolution", "100", "--repeats", "1"]


def capacity(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "capacity", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, cwd=cwd, check=False)


def found_in(folder: Path) -> tuple[Path, Capacity]:
    (path,) = folder.glob("runs/*/capacity.json")
    return path.parent, load_capacity(path.parent)


@pytest.mark.timeout(300)
def test_one_connection_to_postgres_has_a_capacity_and_every_step_its_run(tmp_path: Path) -> None:
    (tmp_path / "dbverdict.toml").write_text("[slo.turns]\nresponse_p90_ms = 100\n")
    done = capacity("--target", "postgres", "--provider", "embedded", "--connections", "1", "--duration", "2s",
                    "--start", "100", *COMMON, cwd=tmp_path)  # fmt: skip
    folder, found = found_in(tmp_path)
    assert found.status == "complete"
    assert [limit.text for limit in found.slo] == [
        "turn response p90 at most 100 ms",
        "errors of operations at most 0.1 %",
    ]
    for step in found.steps:
        run = load(folder / str(step.run))
        assert run.load.rate_turns == step.rate_turns
        assert run.part("experiment")["id"] == found.id
        assert (step.valid, step.achieved_turns) == (run.valid, run.total("throughput_turns"))
        assert not (step.holds is True and not step.valid)
    answer = found.answer
    held = [step.rate_turns for step in found.steps if step.holds is True]
    missed = [step.rate_turns for step in found.steps if step.holds is False]
    if answer.kind == "interval":  # else the machine was too busy to see it saturated
        assert (answer.low_turns, answer.high_turns) == (max(held), min(missed))
        assert answer.stop in ("slo_missed", "database_saturated")
        assert "Capacity: between" in done.stdout
    else:
        assert any(not step.valid for step in found.steps), done.stderr
    assert done.returncode == (0 if held else 1 if missed else 4), done.stderr
    assert "postgres (self-hosted)" in (folder / "report.html").read_text()
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.timeout(300)
def test_a_target_that_does_nothing_exhausts_the_generator_and_gives_a_lower_bound(tmp_path: Path) -> None:
    done = capacity("--target", "null", "--workload", "point-read", "--duration", "1s", "--start", "20000",
                    "--longest", "10s", *COMMON, cwd=tmp_path)  # fmt: skip
    _, found = found_in(tmp_path)
    assert (found.answer.kind, found.answer.high_turns) == ("lower_bound", None), done.stderr
    assert found.answer.stop == "generator_exhausted"
    assert found.answer.low_turns == max(step.rate_turns for step in found.steps if step.holds)
    assert done.returncode == 0
    assert "a lower bound, since the load generator could not measure" in " ".join(done.stdout.split())


def test_a_limit_that_nothing_can_keep_is_missed_at_the_lowest_rate(tmp_path: Path) -> None:
    (tmp_path / "dbverdict.toml").write_text("[slo.turns]\nresponse_p50_ms = 0\n")
    done = capacity("--target", "memory", "--workload", "point-read", "--duration", "1s", "--longest", "1s",
                    "--start", "25", *COMMON, cwd=tmp_path)  # fmt: skip
    _, found = found_in(tmp_path)
    assert found.answer.kind == "none", done.stderr
    assert done.returncode == (1 if any(step.holds is False for step in found.steps) else 4), done.stderr
    assert {step.rate_turns for step in found.steps} == {25, 23}
    assert "turn response p50" in found.answer.detail or done.returncode == 4


def test_an_interrupted_search_keeps_its_steps_and_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "capacity", "--target", "null", "--workload", "point-read",
               "--duration", "2s", "--start", "1000", *COMMON]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path) as process:
        wait_for(lambda: list(tmp_path.glob("runs/*/capacity.json")))
        left = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130
    folder, found = found_in(tmp_path)
    assert (found.status, found.answer.stop) == ("complete", "interrupted")
    assert found.answer.detail.endswith("the search was interrupted.")
    assert len(found.steps) >= 1
    assert (folder / "report.md").exists()
    wait_for(lambda: all(gone(child) for child in left))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "null", "--target", "memory"], "one target a call, not null, memory"),
        (["--target", "null", "--config", "/nowhere.toml"], "cannot read /nowhere.toml"),
        (["--target", "postgres", "--url", "postgresql://u:wrong@127.0.0.1:1/x"], "127.0.0.1:1"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words: list[str], message: str, tmp_path: Path) -> None:
    done = capacity(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if message in line]) == 1, done.stderr
    assert "wrong" not in done.stderr
    assert not list(tmp_path.glob("runs/*")), "something half-made was left"

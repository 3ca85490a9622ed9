"""`dbverdict run`: several targets on equal terms, interleaved, with an answer and a report."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from results.folder import load
from tests.locust_runs import gone, wait_for

COMMON = ["--workload", "point-read", "--rate", "100", "--warmup", "1s", "--duration", "3s", "--stored-users", "50"]


def dbverdict(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, cwd=cwd, check=False)


def runs_of(out: Path) -> list[Path]:
    (experiment,) = out.glob("*/experiment.json")
    names = json.loads(experiment.read_text())["runs"]
    return [experiment.parent / name for name in names]


def test_two_rounds_are_interleaved_and_end_in_an_answer_and_a_report(tmp_path: Path) -> None:
    done = dbverdict(
        "run",
        "--target",
        "null",
        "--target",
        "memory",
        "--rounds",
        "2",
        "--out",
        str(tmp_path),
        *COMMON,
        "--duration",
        "1s",
    )
    runs = [load(folder) for folder in runs_of(tmp_path)]
    assert [run.target for run in runs] == ["null", "memory", "memory", "null"], done.stderr
    assert [run.round for run in runs] == [1, 1, 2, 2]
    assert len({run.facts["workload"]["fingerprint"] for run in runs}) == 1
    assert {run.end for run in runs} == {"planned"}
    assert done.returncode in (0, 4), done.stderr
    assert "expect" not in done.stdout
    assert "[4/4] null: turn response p50" in done.stderr
    report = done.stdout.split("report: ")[1].strip()
    assert "memory" in Path(report).read_text()
    assert all((run.path / "report.html").exists() for run in runs)


def test_a_database_and_an_emulator_take_turns_and_are_kept_apart(tmp_path: Path) -> None:
    done = dbverdict("run", "--target", "postgres", "--target", "dynamodb-local", "--provider", "embedded",
                     "--out", str(tmp_path), *COMMON)  # fmt: skip
    runs = {run.target: run for run in (load(folder) for folder in runs_of(tmp_path))}
    assert set(runs) == {"null", "postgres", "dynamodb-local"}, done.stderr
    for run in runs.values():
        assert run.operations["get_user"]["errors"] == 0
        assert run.operations["get_user"]["count"] > 200
    assert (runs["dynamodb-local"].total("read_units") or 0) > 0
    assert "emulator: its latency is no evidence about DynamoDB" in " ".join(done.stdout.split())
    assert "telemetry is off" in done.stderr


def test_a_dry_run_prints_the_plan_and_makes_nothing(tmp_path: Path) -> None:
    done = dbverdict("run", "--target", "postgres", "--rounds", "2", "--dry-run", "--out", str(tmp_path / "runs"))
    assert done.returncode == 0
    assert done.stdout.count("postgres") == 2
    assert "turns/s" in done.stdout
    assert not (tmp_path / "runs").exists()


def test_a_config_file_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "dbverdict.toml").write_text('[run]\ntarget = ["postgres"]\nrounds = 3\n')
    done = dbverdict("run", "--rounds", "1", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("postgres") == 1


def test_an_interrupted_experiment_keeps_what_it_had_and_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "run", "--target", "postgres", "--provider", "embedded", "--rate", "50",
               "--workload", "point-read", "--warmup", "1s", "--duration", "60s", "--out", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:

        def measuring() -> bool:
            tables = tmp_path.glob("*/*_postgres_*/intervals.csv")
            return any(table.read_text().count(",measured,turn,") >= 2 for table in tables)

        wait_for(measuring)
        left = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130
    run = load(next(folder for folder in runs_of(tmp_path) if "_postgres_" in folder.name))
    assert (run.complete, run.end) == (True, "interrupted")
    wait_for(lambda: all(gone(child) for child in left))


def test_a_killed_experiment_ends_its_runs_and_servers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "run", "--target", "null", "--rate", "50", "--workload", "point-read",
               "--warmup", "1s", "--duration", "60s", "--out", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: any(",measured," in path.read_text() for path in tmp_path.glob("*/*/intervals.csv")))
        left = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    wait_for(lambda: all(gone(child) for child in left))
    (run,) = tmp_path.glob("*/*/run.json")
    assert json.loads(run.read_text())["end"]["reason"] == "interrupted"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "--target is missing"),
        (["run", "--target", "postgress"], "did you mean 'postgres'"),
        (["run", "--target", "null", "--rate", "0"], "--rate '0' must be a number above 0"),
        (["run", "--target", "null", "--duration", "60"], "--duration '60' is no duration"),
        (["run", "--target", "null", "--users", "many"], "--users 'many'"),
        (["run", "--target", "null", "--config", "/nowhere.toml"], "cannot read /nowhere.toml"),
        (["run", "--target", "null", "--out", "/proc/x"], "cannot write under --out /proc/x"),
        (["run", "--target", "dynamodb"], "--allow-aws"),
        (["run", "--target", "null", "--connections", "²"], "--connections '²' must be a whole number"),
        (["run", "--target", "null", "--workload", "append", "--users", "60", "--stored-users", "50"], "lower --users"),
        (["run", "--target", "postgres", "--provider", "docker", "--url", "postgresql://a@127.0.0.1/x"], "one of them"),
        (["report", "/nowhere"], "/nowhere"),
        (["drop", "--target", "null"], "nothing to drop"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words: list[str], message: str, tmp_path: Path) -> None:
    done = dbverdict(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert "Traceback" not in done.stderr
    assert len([line for line in lines if line.startswith("dbverdict: ") and message in line]) == 1, done.stderr
    assert not list(tmp_path.glob("runs/*")), "something half-made was left"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://nobody:wrong@127.0.0.1:1/x", "127.0.0.1:1"),
        ("mysql://127.0.0.1/x", "postgresql://"),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_line(url: str, message: str, tmp_path: Path) -> None:
    done = dbverdict("run", "--target", "postgres", "--url", url, "--out", str(tmp_path / "runs"), *COMMON)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "wrong" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("runs/*")), "something half-made was left"

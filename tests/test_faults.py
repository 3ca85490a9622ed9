"""What happens when something is interrupted or dies: a readable folder, the reason, the exit code, no orphans."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from targets.server import RunningServer, ServerKind
from tests.conftest import Servers
from tests.locust_runs import LocustRun, gone, wait_for

LOAD = ["--rate", "50", "--warmup", "1s", "--stored-users", "50", "--people", "50", "--stored-chats-per-user", "2"]
NULL = ["--target", "null", *LOAD]


def engines(locust: LocustRun, number: int = 1) -> list[psutil.Process]:
    return list(wait_for(lambda: len(found := locust.descendants("loadtests.engine")) == number and found))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_complete_and_exits_with_130(tmp_path: Path, number: signal.Signals) -> None:
    locust = LocustRun(tmp_path, *NULL, "-t", "60s")
    locust.measuring(2)
    running = engines(locust)
    locust.interrupt() if number == signal.SIGINT else locust.process.terminate()
    assert locust.finish() == 130, locust.output
    run = locust.run()
    assert (run["status"], run["end"]["reason"], run["exit_code"]) == ("complete", "interrupted", 130)
    assert run["turns"]["count"] > 50
    wait_for(lambda: all(gone(engine) for engine in running))


def test_a_ctrl_c_reaches_two_workers_and_their_last_seconds_are_kept(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, *NULL, "-t", "60s", "--processes", "2")
    locust.measuring(2)
    running = engines(locust, 2)
    locust.interrupt()
    assert locust.finish() == 130, locust.output
    assert locust.run()["end"]["reason"] == "interrupted"
    wait_for(lambda: all(gone(engine) for engine in running))


def test_a_killed_engine_makes_the_run_invalid_and_says_so(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, *NULL, "-t", "60s")
    locust.measuring(2)
    engines(locust)[0].kill()
    assert locust.finish() == 4, locust.output
    run = locust.run()
    assert (run["status"], run["end"]["reason"]) == ("complete", "engine_died")
    assert "killed by signal 9" in run["validity"]["reasons"][0]["figure"]
    assert run["turns"]["count"] > 0


def test_a_killed_worker_makes_the_run_invalid_with_what_the_other_had(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, *NULL, "-t", "60s", "--processes", "2")
    locust.measuring(2)
    engine = engines(locust, 2)[0]
    worker = engine.parent()
    assert worker is not None
    worker.kill()
    assert locust.finish() == 4, locust.output
    run = locust.run()
    assert (run["end"]["reason"], run["validity"]["valid"]) == ("worker_lost", False)
    assert run["turns"]["count"] > 0
    wait_for(lambda: gone(engine))


def test_a_killed_locust_leaves_a_readable_folder_and_no_process(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, "--target", "postgres", "--provider", "embedded", *LOAD, "-t", "60s")
    locust.measuring(2)
    left = psutil.Process(locust.process.pid).children(recursive=True)
    words = [Path(word).name for child in left for word in child.cmdline()]
    assert {"loadtests.engine", "keeper.py", "postgres"} <= set(words)
    locust.process.kill()
    locust.finish()
    run = locust.run()
    assert (run["status"], run["validity"]["valid"]) == ("incomplete", False)
    assert len((locust.folder() / "intervals.csv").read_text().splitlines()) > 10
    wait_for(lambda: all(gone(child) for child in left))


def test_a_database_that_is_killed_is_a_result_that_misses_the_error_limit(
    tmp_path: Path, own_server: Callable[[ServerKind], RunningServer]
) -> None:
    server = own_server("postgres")
    locust = LocustRun(tmp_path, "--target", "postgres", "--url", server.server.url, *LOAD, "-t", "8s")
    locust.measuring(2)
    os.kill(server.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    locust.sound(1)
    run = locust.run()
    assert run["status"] == "complete"
    assert run["totals"]["errors_by_kind"]["unavailable"] > 10
    assert not run["limits"][0]["ok"]
    assert run["end"]["reason"] == "planned"


def test_a_database_that_stands_still_times_out(
    tmp_path: Path, own_server: Callable[[ServerKind], RunningServer]
) -> None:
    server = own_server("postgres")
    locust = LocustRun(tmp_path, "--target", "postgres", "--url", server.server.url, *LOAD, "-t", "8s",
                       "--timeout", "500ms")  # fmt: skip
    locust.measuring(2)
    server.pause()
    assert locust.finish() in (1, 4), locust.output
    server.resume()
    run = locust.run()
    assert run["totals"]["errors_by_kind"]["timeout"] >= 10
    slowest = max(operation["service_ms"]["max"] for operation in run["operations"].values())
    assert 500 <= slowest < 2000  # cut off at the limit, not at the end of the run


def test_a_budget_that_is_reached_ends_the_run_and_keeps_the_results(tmp_path: Path, servers: Servers) -> None:
    url = servers.shared("dynamodb-local").server.url
    locust = LocustRun(tmp_path, "--target", "dynamodb-local", "--url", url, *LOAD, "-t", "60s", "--max-usd", "0.001")
    locust.sound(1)
    run = locust.run()
    (budget,) = [limit for limit in run["limits"] if limit["name"] == "budget"]
    assert (run["end"]["reason"], budget["ok"]) == ("budget", False)
    assert run["integrity"]["read_back"]["note"] == "not read back: the budget is spent"
    assert 0.001 <= run["totals"]["usd"] < 0.003
    assert run["totals"]["write_units"] > 100


def test_units_on_dynamodb_local_end_nothing_unless_a_budget_was_given(tmp_path: Path, servers: Servers) -> None:
    url = servers.shared("dynamodb-local").server.url
    locust = LocustRun(tmp_path, "--target", "dynamodb-local", "--url", url, *LOAD, "-t", "4s")
    locust.sound()
    assert locust.run()["end"]["reason"] == "planned"


def test_a_disk_that_fills_up_ends_the_run_in_one_line_and_what_was_written_stays_readable(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, *NULL, "-t", "60s", file_limit_bytes=12_000)
    assert locust.finish() == 2, locust.output
    assert locust.output.count("dbverdict: cannot write under --out") == 1
    assert locust.run()["status"] == "incomplete"
    assert len((locust.folder() / "intervals.csv").read_text().splitlines()) > 5


def test_a_disk_that_is_full_from_the_start_leaves_nothing_half_made(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, *NULL, "-t", "60s", file_limit_bytes=100)
    assert locust.finish() == 2, locust.output
    assert "cannot write under --out" in locust.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_the_data_are_loaded_is_no_success_and_leaves_nothing(
    tmp_path: Path, own_server: Callable[[ServerKind], RunningServer], number: signal.Signals
) -> None:
    server = own_server("postgres")
    locust = LocustRun(tmp_path, "--target", "postgres", "--url", server.server.url, "--rate", "5", "-t", "30s")
    (child,) = wait_for(lambda: locust.descendants("loadtests.preparation"))
    locust.interrupt() if number == signal.SIGINT else locust.process.terminate()
    assert locust.finish() == 130, locust.output
    assert "Traceback" not in locust.output
    assert list(tmp_path.iterdir()) == []
    wait_for(lambda: gone(child))


def test_a_killed_lane_process_makes_the_run_invalid_and_says_so(tmp_path: Path, servers: Servers) -> None:
    url = servers.shared("dynamodb-local").server.url
    locust = LocustRun(tmp_path, "--target", "dynamodb-local-boto3", "--url", url, *LOAD, "-t", "60s")
    locust.measuring(1)
    (lanes,) = wait_for(lambda: locust.descendants("loadtests.lane_process"))
    lanes.kill()
    assert locust.finish() == 4, locust.output
    assert locust.run()["end"]["reason"] == "lane_died"

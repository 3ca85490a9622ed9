"""The ways to run plain Locust: headless, several processes, master and workers."""

import socket
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from results.folder import load
from tests.conftest import Servers
from tests.locust_runs import LocustRun

RATE = ["--target", "null", "--rate", "50", "-t", "5s", "--warmup", "1s", "--stored-users", "50", "--people", "50"]


def counted(run: dict[str, Any]) -> dict[str, int]:
    return {name: operation["count"] for name, operation in run["operations"].items()}


def test_people_chat_with_postgres(tmp_path: Path, servers: Servers) -> None:
    url = servers.shared("postgres").server.url
    locust = LocustRun(tmp_path, "-u", "50", "-r", "50", "-t", "8s", "--warmup", "1s", "--target", "postgres",
                       "--url", url, "--stored-users", "100", "--time-scale", "100")  # fmt: skip
    run = locust.sound()
    assert run["totals"]["errors"] == 0
    assert run["turns"]["count"] > 50
    assert run["load"]["model"] == "people"
    assert [phase["end_s"] for phase in run["phases"][:3]] == [1.0, 2.0, 8.0]
    assert run["target"]["server"]
    assert run["target"]["provider"] == "url"
    first = locust.output.splitlines()[0 if "expect about" in locust.output.splitlines()[0] else 1]
    assert "people: 50 people; expect about 23.3 turns/s" in first
    password = urllib.parse.urlsplit(url).password or ""
    for file in locust.folder().iterdir():
        assert password not in file.read_text(errors="ignore") or not password, f"{file} holds the password"
    assert f"run: {locust.folder()}" in locust.output
    assert (locust.folder() / "report.html").exists()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> LocustRun:
    """The load in one process, with Locust's CSV beside the run folder."""
    out = tmp_path_factory.mktemp("single")
    locust = LocustRun(out, *RATE, "--csv", str(out / "mirror"))
    locust.sound()
    return locust


@pytest.fixture(scope="module")
def single(alone: LocustRun) -> dict[str, Any]:
    """What that run found: every other way must issue the same."""
    return alone.run()


def assert_same_work(run: dict[str, Any], single: dict[str, Any]) -> None:
    assert run["workload"]["fingerprint"] == single["workload"]["fingerprint"]
    assert run["workload"]["issued"] == single["workload"]["issued"] is not None  # whose turns, and how many of each
    assert run["turns"]["count"] == single["turns"]["count"]
    assert counted(run) == counted(single)


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_issue_the_operations_of_one(tmp_path: Path, single: dict[str, Any], processes: int) -> None:
    locust = LocustRun(tmp_path, *RATE, "--processes", str(processes))
    locust.sound()
    assert locust.run()["load"]["workers"] == processes
    assert locust.run()["load"]["connections"] == single["load"]["connections"]  # the total, however many share it
    assert_same_work(locust.run(), single)
    merged = load(locust.folder()).service  # the interval logs hold both workers' histograms, added
    assert {name: merged[name].total for name in counted(single)} == counted(single)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_master_and_three_workers_issue_the_operations_of_one(tmp_path: Path, single: dict[str, Any]) -> None:
    port = str(free_port())
    on_loopback = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    master = LocustRun(tmp_path, *RATE, "--master", "--expect-workers", "3", *on_loopback)
    to_master = ["--master-host", "127.0.0.1", "--master-port", port]
    workers = [LocustRun(tmp_path, "--worker", *to_master) for _ in range(3)]
    master.sound()
    assert [worker.finish() for worker in workers] == [0, 0, 0]
    assert master.run()["load"]["workers"] == 3
    assert_same_work(master.run(), single)


def test_locust_s_csv_mirrors_our_histograms_below_a_millisecond(alone: LocustRun) -> None:
    rows = (alone.out / "mirror_stats.csv").read_text().splitlines()
    header = rows[0].split(",")
    row = next(row.split(",") for row in rows if row.startswith("op,get_user,"))
    assert int(row[header.index("Request Count")]) == alone.run()["operations"]["get_user"]["count"]
    assert 0 < float(row[header.index("Median Response Time")]) < 1  # its percentile columns are whole milliseconds
    assert 0 < float(row[header.index("Min Response Time")]) < 1


def test_help_shows_our_options_in_a_group_of_their_own() -> None:
    locust = subprocess.run(
        [sys.executable, "-m", "loadtests.chat", "--help"], capture_output=True, text=True, check=True
    )
    group = locust.stdout.split("\ndbverdict:")[1]
    assert "--time-scale" in group
    assert "--target" in group


def test_a_busy_port_for_the_web_ui_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        locust = LocustRun(tmp_path, "--target", "null", "--web-host", "127.0.0.1", "--web-port", port, headless=False)
        assert locust.finish() == 2
    assert f"dbverdict: port {port} cannot be had" in locust.output
    assert "Traceback" not in locust.output


def test_a_refused_server_takes_the_workers_of_this_run_along(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, "--target", "postgres", "--url", f"postgresql://a:b@127.0.0.1:{free_port()}/x",
                       "--rate", "5", "-t", "20s", "--processes", "2")  # fmt: skip
    assert locust.finish(45) == 2  # it reads to the end of the workers' output: Locust alone leaves them for 60 s
    assert "nothing answers at 127.0.0.1" in locust.output


def test_a_busy_port_for_the_workers_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        on_loopback = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        locust = LocustRun(tmp_path, *RATE, "--master", "--expect-workers", "1", *on_loopback)
        assert locust.finish() == 2
    assert f"port {port} cannot be had" in locust.output
    assert "Traceback" not in locust.output


def test_a_blocking_sdk_runs_in_a_lane_process_and_is_stamped_there(tmp_path: Path, servers: Servers) -> None:
    url = servers.shared("dynamodb-local").server.url
    locust = LocustRun(tmp_path, "--target", "dynamodb-local-boto3", "--url", url, "--workload", "point-read",
                       "--rate", "50", "-t", "6s", "--warmup", "2s", "--stored-users", "50", "--people", "50",
                       "--connections", "4")  # fmt: skip
    run = locust.sound()
    reads = run["operations"]["get_user"]
    assert (reads["errors"], reads["count"], reads["read_units"]) == (0, run["turns"]["count"], reads["count"])
    assert reads["wait_ms"]["p50"] > 0.01  # the way to the lane process is a wait, not service
    assert run["totals"]["lane_cpu"] > 0


def test_saturate_keeps_every_connection_busy(tmp_path: Path) -> None:
    locust = LocustRun(tmp_path, "--target", "memory", "--workload", "point-read", "--saturate", "-t", "4s",
                       "--warmup", "1s", "--stored-users", "50", "--connections", "8")  # fmt: skip
    run = locust.sound()
    assert run["load"]["model"] == "saturate"
    assert run["turns"]["count"] > 1000
    assert run["totals"]["throughput_ops"] * 3 == pytest.approx(run["turns"]["count"], rel=0.05)


def test_the_limits_of_a_gate_decide_locust_s_exit_code(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("[slo.turns]\nresponse_p50_ms = 1000\nthroughput_min = 100000\n")
    locust = LocustRun(tmp_path / "runs", *RATE, "--gate", str(limits))
    code = locust.finish()
    run = locust.run()
    assert code == (1 if run["validity"]["valid"] else 4), locust.output
    assert "gate failed" in locust.output
    assert not run["validity"]["valid"] or "1 of 2 checks" in locust.output
    assert run["exit_code"] in (0, 4)  # the run's own judgement stays in its folder


def test_limits_that_cannot_be_read_cost_no_run(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("[slo.turns]\nrespons_p50_ms = 1000\n")
    locust = LocustRun(tmp_path / "runs", *RATE, "--gate", str(limits))
    assert locust.finish() == 2
    assert "did you mean response_p50_ms?" in locust.output
    assert not list((tmp_path / "runs").glob("*"))

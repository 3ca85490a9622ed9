"""The calibration server and the whole command, for real: sockets, the wire driver, Locust."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loadtests.calibration import command, kept
from loadtests.calibration.child import DelayServer, LocustRun
from loadtests.calibration.command import Lengths, perform
from loadtests.calibration.delays import Program
from results.folder import load
from results.provenance import provenance
from targets.catalog import CATALOG, TargetOptions
from targets.dynamodb import DynamoDbTarget
from targets.protocol import SetupError
from tests.locust_runs import LocustRun as Run
from tests.locust_runs import gone
from workloads.catalog import WorkloadOptions, make_workload
from workloads.operations import GetUser, Operation

MS = 1_000_000
WORKLOAD = make_workload(WorkloadOptions("point-read", stored_users=20))


@pytest.fixture
def server() -> Iterator[DelayServer]:
    with DelayServer() as running:
        yield running


def reads(number: int) -> list[Operation]:
    turns = WORKLOAD.turns(1, 0)
    return [next(turns).operations[0] for _ in range(number)]


def target_at(server: DelayServer) -> DynamoDbTarget:
    target = CATALOG["dynamodb-local"].make(TargetOptions(url=server.url))
    assert isinstance(target, DynamoDbTarget)
    return target


async def ask(server: DelayServer, operations: list[Operation]) -> list[object]:
    target = target_at(server)
    await target.prepare(WORKLOAD.dataset(1))
    connection = await target.connect()
    try:
        return [(await connection.execute(operation)).value for operation in operations]
    finally:
        await connection.close()


async def test_it_answers_each_read_with_the_user_that_was_stored(server: DelayServer) -> None:
    operations = reads(50)
    users = await ask(server, operations)
    assert len({operation.user_id for operation in operations if isinstance(operation, GetUser)}) > 10
    for operation, user in zip(operations, users, strict=True):
        assert isinstance(operation, GetUser)
        assert (user.tenant_id, user.user_id) == (operation.tenant_id, operation.user_id)  # type: ignore[attr-defined]


async def test_a_user_who_was_never_stored_is_not_found(server: DelayServer) -> None:
    assert await ask(server, [GetUser("nobody", "nowhere")]) == [None]


async def test_it_logs_a_delay_that_is_never_shorter_than_programmed(server: DelayServer) -> None:
    await ask(server, [])
    server.begin(Program(delay_ms=3.0))
    await ask(server, reads(30))
    log = server.log()
    assert len(log) == 30  # what prepares the data is neither delayed nor logged
    assert (log[:, 1] - log[:, 0] >= 3 * MS).all()
    assert (log[1:, 0] >= log[:-1, 1]).all()  # one connection asks again when it has been answered


async def test_a_new_program_begins_with_an_empty_log(server: DelayServer) -> None:
    await ask(server, reads(5))
    server.begin(Program(delay_ms=1.0))
    assert len(server.log()) == 0


async def test_it_ends_with_its_parent_s_handle() -> None:
    with DelayServer() as running:
        process = psutil.Process(running._child.pid)
        assert not gone(process)
    assert gone(process)


def test_a_run_that_cannot_start_is_one_line_with_the_reason() -> None:
    with LocustRun("dynamodb-local", "http://127.0.0.1:1", 1.0, {}) as run, pytest.raises(SetupError) as error:
        run.result()
    assert "cannot connect to 127.0.0.1:1" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_that_is_given_up_leaves_no_process(server: DelayServer) -> None:
    with LocustRun("null", None, 60.0, {"rate": 10}) as run:
        process = psutil.Process(run._child.pid)
    assert gone(process)


SHORT = Lengths(floor_s=1.0, search_s=1.0, tries=1, tries_many=1, repeats=0, case_s=1.0, stall_every_s=3.0, stall_s=0.3)


def test_the_whole_command_in_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    perform(as_json=True, lengths=SHORT)
    result = json.loads(capsys.readouterr().out)
    assert {"cases", "max_rate_ops", "floor", "sentence", "machine", "ceilings", "busy"} <= set(result)
    assert result["sentence"].startswith("This machine ")
    assert len({row["name"] for row in result["cases"]}) == (11 if result["half_rate_ops"] > 4000 else 9)
    for row in result["cases"]:
        assert {"name", "metric", "percentile", "truth_ms", "measured_ms", "ok"} <= set(row)
        if row["metric"] == "service" and row["truth_ms"] is not None:
            assert row["measured_ms"] > 0.998 * row["truth_ms"]  # no answer can be there before it was written
    stalled = next(row for row in result["cases"] if row["name"] == "0.3 s stall in 3 s" and row["percentile"] == "max")
    assert stalled["truth_ms"] > 290  # whoever came first waited for nearly all of it
    assert (kept.reference(provenance("")) is None) is bool(result["busy"])


def test_what_cannot_be_kept_is_printed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    command._keep({"machine": provenance("")})
    said = capsys.readouterr().err
    assert "cannot keep the calibration" in said
    assert len(said.splitlines()) == 1


def test_a_run_above_the_calibrated_rate_says_so_and_stays_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    machine = provenance("")
    kept.keep({"utc": "2026-11-22T22:00:00Z", "machine": machine, "max_rate_ops": 100.0, "error_ms": 0.4,
               "sentence": "Slow.", "ceilings": [{"workers": 1, "max_rate_ops": 100.0}]})  # fmt: skip
    run = Run(tmp_path / "runs", "--target", "null", "--workload", "point-read", "--rate", "300", "--warmup", "1s",
              "-t", "3s")  # fmt: skip
    found = run.sound()
    assert found["calibration"]["above"] is True
    assert found["calibration"]["max_rate_ops"] == 100.0
    assert "calibration" not in {reason["rule"] for reason in found["validity"]["reasons"]}
    from results.pool import pool

    assert "above calibration" in pool([load(run.folder())]).flags

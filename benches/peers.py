"""More sides of the ratios: wrk, aiobotocore in an environment of its own, and pgbench at a fixed rate."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from benches.bare_loop import CONNECTIONS
from benches.child import BenchError, output_of
from benches.ratio import Reading
from benches.sides import WARMUP_S, Bench, NotInstalled, Side, bare_loop, libpq
from targets.dynamodb_design import SingleTable
from workloads.operations import GetUser

_HERE: Final = Path(__file__).parent
_ENVIRONMENT: Final = _HERE / "out" / "aiobotocore"
_MARGIN_S: Final = 45.0
_MS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def wrk(url: str) -> Side:
    """An HTTP load generator in C; always of one user. Raises `NotInstalled`."""
    program = shutil.which("wrk")
    if program is None:
        raise NotInstalled("wrk is not installed")

    def run(bench: Bench) -> Reading:
        tenant_id, user_id = json.loads(bench.keys.read_text(encoding="utf-8"))[0]
        call = next(SingleTable("dbverdict_chat").converse(GetUser(tenant_id, user_id)))
        command = [program, "-t", "1", "-c", str(CONNECTIONS), "-d", f"{bench.duration_s + WARMUP_S:.0f}s", "--latency"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = output_of(
            [*command, "-s", str(_HERE / "point_read.lua"), url],
            {"BENCH_WRK_BODY": json.dumps(call.body)},
            bench.duration_s + _MARGIN_S,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return wrk_reading(out, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    return run


def wrk_reading(out: str, cpu_s: float) -> Reading:
    """What wrk printed; raises `BenchError` when answers were not 2xx."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    number = re.search(r"(\d+) requests in", out)
    middle = re.search(r"50%\s+([\d.]+)(us|ms|s)", out)
    if rate is None or number is None or middle is None or "Non-2xx" in out:
        raise BenchError(f"wrk had no sound result: {out[-400:]}")
    return Reading(float(rate[1]), float(middle[1]) * _MS[middle[2]], cpu_s / int(number[1]) * 1e6)


def aiobotocore(url: str) -> Side:
    """aiobotocore on uvloop. Raises `NotInstalled` when its environment cannot be made."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        _make_environment()

    return bare_loop("peer_aiobotocore", url, str(python))


def _make_environment() -> None:
    partial = _ENVIRONMENT.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(partial)],
        [str(partial / "bin" / "python"), *install, "--requirement", str(_HERE / "requirements-aiobotocore.txt")],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            shutil.rmtree(partial, ignore_errors=True)
            raise NotInstalled("its packages could not be installed")
    partial.rename(_ENVIRONMENT)


def pgbench_at(url: str, rate: float) -> Side:
    """pgbench as an open loop: latencies from the scheduled start, as our turn response. Raises `NotInstalled`."""
    program = shutil.which("pgbench")
    if program is None:
        raise NotInstalled("pgbench is not installed")

    def run(bench: Bench) -> Reading:
        tenant_id, user_id = json.loads(bench.keys.read_text(encoding="utf-8"))[0]
        log = bench.folder / "pgbench"
        for old in bench.folder.glob("pgbench.*"):
            old.unlink()
        command = [program, "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-f", str(_HERE / "point_read.sql")]
        command += ["-T", f"{bench.duration_s + WARMUP_S:.0f}", "-R", f"{rate:g}", "-l", f"--log-prefix={log}"]
        command += ["-D", f"tenant={tenant_id}", "-D", f"user={user_id}"]
        output_of(command, libpq(url), bench.duration_s + _MARGIN_S)
        lines = [line for path in bench.folder.glob("pgbench.*") for line in path.read_text().splitlines()]
        return pgbench_log_reading(lines, bench.duration_s + WARMUP_S)

    return run


def pgbench_log_reading(lines: Iterable[str], duration_s: float) -> Reading:
    """p50 and p99 of pgbench's transaction log: the third column is the time since the scheduled start, in µs."""
    took_ms = np.array([int(line.split()[2]) / 1e3 for line in lines])
    if len(took_ms) < 1000:
        raise BenchError(f"pgbench logged only {len(took_ms)} transactions: too few for a p99")
    p50, p99 = np.percentile(took_ms, [50, 99], method="inverted_cdf")
    return Reading(len(took_ms) / duration_s, float(p50), p99_ms=float(p99))

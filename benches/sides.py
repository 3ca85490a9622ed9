"""The sides of the ratios: each runs once, in processes of its own, and answers a reading."""

from __future__ import annotations

import importlib.util
import json
import re
import resource
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benches.bare_loop import CONNECTIONS
from benches.child import BenchError, output_of
from benches.ratio import Reading
from targets.server import Server

WARMUP_S: Final = 2.0
_HERE: Final = Path(__file__).parent
_MARGIN_S: Final = 45.0
_VERDICTS: Final = (0, 4)  # an invalid run still has figures; they are shown with the reason
_LOCUST: Final = (sys.executable, "-m", "locust", "--headless", "--only-summary", "--loglevel", "WARNING")


class NotInstalled(Exception):
    """A side that cannot run here; the message says why, for the table."""


@dataclass(frozen=True)
class Bench:
    """What every side is told: where to write, whom to ask about, and for how long (s)."""

    folder: Path
    keys: Path  # JSON list of [tenant, user] pairs, as stored
    duration_s: float

    def env(self, url: str) -> dict[str, str]:
        """The environment of a peer script; a URL may hold a password, so it is never an argument."""
        return {
            "BENCH_URL": url,
            "BENCH_KEYS": str(self.keys),
            "BENCH_WARMUP_S": str(WARMUP_S),
            "BENCH_DURATION_S": str(self.duration_s),
        }


Side = Callable[[Bench], Reading]


def harness(target: str, server: Server | None, *load: str) -> Side:
    """Our side: a whole headless Locust run, recording and run folder included."""

    def run(bench: Bench) -> Reading:
        experiment: dict[str, Any] = {"duration_s": bench.duration_s, "quiet": True}
        if server is not None:
            experiment["server"] = asdict(server)
        before = set(bench.folder.glob("*/run.json"))
        command = [*_LOCUST, "-f", str(_HERE.parent / "loadtests" / "chat.py"), "--target", target]
        command += ["--connections", str(CONNECTIONS), "--warmup", f"{WARMUP_S:g}s"]
        command += ["--out", str(bench.folder), *(() if "--workload" in load else ("--workload", "point-read")), *load]
        env = {"DBVERDICT_EXPERIMENT": json.dumps(experiment)}
        output_of(command, env, bench.duration_s + _MARGIN_S, _VERDICTS)
        (path,) = set(bench.folder.glob("*/run.json")) - before
        return harness_reading(json.loads(path.read_text(encoding="utf-8")))

    return run


def harness_reading(run: Mapping[str, Any]) -> Reading:
    """What a run.json says."""
    totals, turns = run["totals"], run["turns"]
    ops_per_s = totals["throughput_ops"]
    reasons = [reason["figure"] for reason in run["validity"]["reasons"]]
    if totals["errors"]:
        reasons.append(f"{totals['errors']} errors")
    if run["integrity"].get("violations"):
        reasons.append(f"{run['integrity']['violations']} wrong answers")
    return Reading(
        ops_per_s=ops_per_s,
        p50_ms=turns["response_ms"]["p50"],
        p99_ms=turns["response_ms"]["p99"],
        cpu_us_per_op=totals["engine_cpu"] / ops_per_s * 1e6 if ops_per_s else None,
        lag_p99_ms=turns["lag_ms"]["p99"],
        warning="; ".join(reasons),
    )


def stock_locust(script: str, url: str, needs: str = "") -> Side:
    """Stock Locust with a locustfile of benches/, read from its own statistics. Raises `NotInstalled`."""
    if needs and importlib.util.find_spec(needs) is None:
        raise NotInstalled(f"{needs} is not installed")

    def run(bench: Bench) -> Reading:
        stats = bench.folder / "locust_stats"
        command = [*_LOCUST, "-f", str(_HERE / script), "-u", str(CONNECTIONS), "-r", str(CONNECTIONS)]
        command += ["-t", f"{WARMUP_S + bench.duration_s:g}s", "--json-file", str(stats)]
        out = output_of(command, bench.env(url), bench.duration_s + _MARGIN_S)
        entries = json.loads(stats.with_suffix(".json").read_text(encoding="utf-8"))
        cpu = next(json.loads(line)["cpu_s"] for line in out.splitlines() if line.startswith('{"cpu_s"'))
        return locust_reading(entries, cpu)

    return run


def locust_reading(entries: list[dict[str, Any]], cpu_s: float) -> Reading:
    """What Locust's own JSON statistics say of its only request; raises `BenchError` when requests failed."""
    if len(entries) != 1 or entries[0]["num_failures"]:
        raise BenchError(f"stock Locust had failures, or nothing was done: {json.dumps(entries)[:400]}")
    entry = entries[0]
    number = entry["num_requests"]
    return Reading(
        ops_per_s=number / (entry["last_request_timestamp"] - entry["start_time"]),
        p50_ms=_median({float(value): count for value, count in entry["response_times"].items()}),
        cpu_us_per_op=cpu_s / number * 1e6,
    )


def _median(counts: Mapping[float, int]) -> float:
    left = sum(counts.values()) / 2
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    raise BenchError("Locust counted no response time")


def bare_loop(script: str, url: str, python: str = sys.executable) -> Side:
    """A loop of benches/ without any harness, by the module's name."""

    def run(bench: Bench) -> Reading:
        env = {**bench.env(url), "PYTHONPATH": str(_HERE.parent)}
        command = [python, "-m", f"benches.{script}"]
        return Reading(**json.loads(output_of(command, env, bench.duration_s + _MARGIN_S)))

    return run


def pgbench(url: str) -> Side:
    """The same read by pgbench, in C; always of one user, since its variables know no UUIDs. Raises `NotInstalled`."""
    program = shutil.which("pgbench")
    if program is None:
        raise NotInstalled("pgbench is not installed")

    def run(bench: Bench) -> Reading:
        tenant_id, user_id = json.loads(bench.keys.read_text(encoding="utf-8"))[0]
        command = [program, "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-f", str(_HERE / "point_read.sql")]
        command += ["-T", f"{bench.duration_s:.0f}", "-D", f"tenant={tenant_id}", "-D", f"user={user_id}"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = output_of(command, libpq(url), bench.duration_s + _MARGIN_S)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return pgbench_reading(out, cpu_s)

    return run


def pgbench_reading(out: str, cpu_s: float) -> Reading:
    """What pgbench printed; it tells no p50."""
    tps = re.search(r"^tps = ([\d.]+)", out, re.MULTILINE)
    done = re.search(r"actually processed: (\d+)", out)
    if tps is None or done is None:
        raise BenchError(f"pgbench printed no result: {out[-400:]}")
    return Reading(float(tps[1]), cpu_us_per_op=cpu_s / int(done[1]) * 1e6)


def libpq(url: str) -> dict[str, str]:
    """Where the server is, as libpq's environment."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }

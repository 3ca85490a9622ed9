"""Run folders for tests: the files of a real run, with samples drawn from a seeded distribution."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

OPERATIONS: Mapping[str, float] = {"get_user": 0.3, "list_chats": 1.2, "read_messages": 2.0, "append_message": 1.6}
"""Operations of a synthetic turn, with how long each takes relative to the target's speed."""

PHASES = (("ramp", 0.0, 2.0), ("warmup", 2.0, 5.0), ("measured", 5.0, 20.0), ("drain", 20.0, 21.0))
MINIMUM = {"p50": 20, "p90": 100, "p99": 1_000, "p999": 10_000}
COLUMNS = "second,phase,operation,offered,done,failed,late,p50_ms,p99_ms,max_ms,lag_p99_ms,wait_p99_ms"


@dataclass
class Synthetic:
    """A run to write: `median_ms` scales all its latencies."""

    target: str = "postgres"
    badge: str = "self-hosted"
    median_ms: float = 0.6
    round: int = 1
    rate: float = 80.0
    load: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[Mapping[str, str], ...] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    timeouts: int = 0
    conflicts: int = 0
    metered: bool = False
    complete: bool = True
    end: str = "planned"
    seed: int = 1


def write_run(folder: Path, run: Synthetic) -> Path:
    """Write one run folder below `folder`; returns its path."""
    name = f"20261122T22{run.round:02}01Z_chat_{run.target}_{run.seed:06x}"
    path = folder / name
    path.mkdir(parents=True)
    samples = samples_of(run)
    _write_log(path / "response.hlog", "response", samples["response"])
    _write_log(path / "service.hlog", "service", samples["service"])
    _write_intervals(path / "intervals.csv", run, samples["response"])
    (path / "run.json").write_text(json.dumps(_facts(name, run, samples)), encoding="utf-8")
    return path


Samples = dict[str, list[NDArray[np.int64]]]  # by tag, a list of one array a measured second


def samples_of(run: Synthetic) -> dict[str, Samples]:
    random = np.random.default_rng(run.seed * 100 + run.round)
    service: Samples = {}
    response: Samples = {}
    turns = [random.poisson(run.rate) for _ in range(15)]
    for name, weight in OPERATIONS.items():
        middle_ns = run.median_ms * weight * 1e6
        service[name] = [(random.lognormal(0, 0.45, count) * middle_ns).astype(np.int64) for count in turns]
        response[name] = [values + random.integers(20_000, 60_000, len(values)) for values in service[name]]
    response["turn"] = [np.sum([response[name][at] for name in OPERATIONS], axis=0) for at in range(len(turns))]
    if run.timeouts:
        late = [np.full(run.timeouts, 5_000_000_000)]
        service["read_messages.timeout"], response["read_messages.timeout"] = late, late
        response["turn.timeout"] = late
    if run.conflicts:
        response["append_message.conflict"] = service["append_message.conflict"] = [np.full(run.conflicts, 900_000)]
    return {"service": service, "response": response}


def histogram(values: NDArray[np.int64]) -> HdrHistogram:
    """The values (ns) in the histogram a run folder holds."""
    found = HdrHistogram(1, 3_600_000_000_000, 3)
    for value, times in zip(*np.unique(_to_four_digits(values), return_counts=True), strict=True):
        assert found.record_value(int(value), int(times))  # one call a distinct value: a value takes a microsecond
    return found


def _to_four_digits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Finer than the histogram tells apart, and few distinct values."""
    size = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(values, 1))) - 3, 0)
    rounded: NDArray[np.int64] = (np.round(values / size) * size).astype(np.int64)
    return rounded


def _write_log(path: Path, span: str, samples: Samples) -> None:
    lines = [f"#[{span} times of the measured window]", "#[Histogram log format version 1.3]", "#[unit: nanoseconds]"]
    lines.append('"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"')
    for tag, seconds in samples.items():
        for second, values in enumerate(seconds, start=5):
            top_ms = values.max(initial=0) / 1e6
            payload = histogram(values).encode().decode()
            lines.append(f"Tag={tag},{second:.3f},1.000,{top_ms:.3f},{payload}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_intervals(path: Path, run: Synthetic, response: Samples) -> None:
    random = np.random.default_rng(run.seed)
    rows = [COLUMNS]
    for second in range(21):
        phase = next(name for name, start, end in PHASES if start <= second < end)
        for name in ("turn", *OPERATIONS):
            measured = response[name][second - 5] if phase == "measured" else response[name][second % 15]
            figures = [np.percentile(measured, at) / 1e6 for at in (50, 99, 100)] if len(measured) else ["", "", ""]
            count = len(measured) if phase != "drain" else 0
            shown = [f"{value:.6g}" for value in figures] if count else ["", "", ""]
            lag = f"{random.uniform(0.05, 0.3):.3f}" if count else ""
            rows.append(",".join(map(str, (second, phase, name, count, count, 0, 0, *shown, lag, lag))))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def percentiles(values: NDArray[np.int64]) -> dict[str, float | None]:
    """A `{P}` of run.json."""
    found = histogram(values)
    result: dict[str, float | None] = {}
    for (name, least), percentile in zip(MINIMUM.items(), (50.0, 90.0, 99.0, 99.9), strict=True):
        result[name] = found.get_value_at_percentile(percentile) / 1e6 if len(values) >= least else None
    return {**result, "max": found.get_max_value() / 1e6 if len(values) else None}


def _all(samples: Samples, name: str) -> NDArray[np.int64]:
    return np.concatenate([part for tag in (name, f"{name}.timeout") for part in samples.get(tag, [])])


def _operations(run: Synthetic, samples: dict[str, Samples]) -> dict[str, Any]:
    random = np.random.default_rng(run.seed)
    found = {}
    for name in OPERATIONS:
        timeouts, conflicts = run.timeouts * (name == "read_messages"), run.conflicts * (name == "append_message")
        kinds = {"timeout": timeouts, "conflict": conflicts}
        response = _all(samples["response"], name)
        small = [random.integers(500, 60_000, len(response)) for _ in range(3)]
        count = len(response) + kinds["conflict"]
        spans = dict(zip(("queue_ms", "lag_ms", "wait_ms"), map(percentiles, small), strict=True))
        found[name] = {
            "count": count,
            "errors": sum(kinds.values()),
            "errors_by_kind": {kind: number for kind, number in kinds.items() if number},
            "response_ms": percentiles(response),
            **spans,
            "service_ms": percentiles(_all(samples["service"], name)),
            "read_units": count * 1.5 * run.metered,
            "write_units": count * 2.0 * (run.metered and name == "append_message"),
        }
    return found


def _facts(name: str, run: Synthetic, samples: dict[str, Samples]) -> dict[str, Any]:
    operations = _operations(run, samples)
    turns = _all(samples["response"], "turn")
    small = np.random.default_rng(run.seed).integers(500, 300_000, len(turns))
    return {
        "format": 1,
        "id": name,
        "status": "complete" if run.complete else "incomplete",
        "started_utc": "2026-11-22T22:05:01Z",
        "ended_utc": "2026-11-22T22:05:22Z" if run.complete else None,
        "end": {"reason": run.end if run.complete else None, "detail": "" if run.end == "planned" else "as told"},
        "exit_code": (4 if run.reasons else 0) if run.complete else None,
        "experiment": {"id": "e1", "round": run.round, "order": run.round},
        "target": _target(run),
        "workload": {
            "name": "chat",
            "seed": 7,
            "fingerprint": "b5bb9d8014a0f9b1",
            "parameters": {"profile": "consumer", "stored_users": 200},
            "dataset": "77ab12",
        },
        "load": {
            "model": "rate",
            "rate_turns": run.rate,
            "arrivals": "poisson",
            "users": 1,
            "spawn_rate": 1.0,
            "people": 1000,
            "connections": 16,
            "time_scale": 1.0,
            "timeout_s": 5.0,
            "workers": 1,
            **run.load,
        },
        "phases": [{"name": phase, "start_s": start, "end_s": end} for phase, start, end in PHASES],
        "validity": {"valid": run.complete and not run.reasons, "reasons": list(run.reasons)},
        "totals": _totals(run, operations, len(turns)),
        "turns": {
            "count": len(turns),
            "errors": run.timeouts,
            "response_ms": percentiles(turns),
            "queue_ms": percentiles(small // 10),
            "lag_ms": percentiles(small),
        },
        "operations": operations,
        "harness": {"heartbeat_lag_ms": percentiles(small), "rss_mb": [[80.1, 81.3]], "pinned": None},
        "floor": {"service_ms": {"p50": 0.004, "p99": 0.019}, "method": "null target, in process"},
        "integrity": {"checked": False, "why": "written for a test"},
        "limits": [{"name": "errors", "limit": "<= 0.1 % of operations", "value": "0.00 %", "ok": True}],
        "provenance": {
            "dbverdict": "0.1.0",
            "git_revision": "0123456",
            "python": "3.12.3",
            "packages": {"locust": "2.43.0", "asyncpg": "0.31.0"},
            "cpu_model": "Some CPU @ 2.50GHz",
            "cores": 2,
            "memory_gb": 7.8,
            "kernel": "6.1.0",
            "command": f"dbverdict run --target {run.target} --rate {run.rate:g}",
        },
    }


def _target(run: Synthetic) -> dict[str, Any]:
    return {
        "name": run.target,
        "driver": "asyncpg" if run.target == "postgres" else "wire",
        "badge": run.badge,
        "provider": "embedded",
        "provider_reason": "no Docker daemon answers",
        "endpoint": "127.0.0.1:5432",
        "server": {"version": "18.0", "fsync": "on"},
        "facts": {"cpus": "2"},
    }


def _totals(run: Synthetic, operations: dict[str, Any], turns: int) -> dict[str, Any]:
    count = sum(figures["count"] for figures in operations.values())
    errors = sum(figures["errors"] for figures in operations.values())
    return {
        "throughput_ops": (count - errors) / 15,
        "throughput_turns": (turns - run.timeouts) / 15,
        "operations": count,
        "turns": turns,
        "errors": errors,
        "errors_by_kind": {},
        "error_rate": errors / count,
        "overloaded": False,
        "generator_bound": False,
        "skipped": 0,
        "read_units": sum(figures["read_units"] for figures in operations.values()),
        "write_units": sum(figures["write_units"] for figures in operations.values()),
        "usd": 0.0123 if run.metered else None,
        "engine_cpu": 0.23,
        "lane_cpu": None,
        "loop_stall_ms": 1.2,
        "backlog_s": 0.0,
        "offered_turns": turns,
        "late_turns": 0,
        **run.totals,
    }


LAG = {"rule": "lag", "figure": "lag p99 2.31 ms, above 1.00 ms", "remedy": "lower the load or add --processes"}


def write_experiment(folder: Path) -> list[Path]:
    """Two rounds each of a database, an emulator with two drivers and the null target; one round is invalid."""

    def emulator(name: str, at: int, median_ms: float, **more: Any) -> Synthetic:
        return Synthetic(name, "emulator", median_ms, round=at, seed=20 + at, metered=True, **more)

    runs = [
        *(Synthetic(round=at, seed=10 + at) for at in (1, 2)),
        *(emulator("dynamodb-local", at, 1.4) for at in (1, 2)),
        emulator("dynamodb-local-boto3", 1, 9.0, timeouts=3, conflicts=5),
        emulator("dynamodb-local-boto3", 2, 9.9, reasons=(LAG,)),
        *(Synthetic("null", "harness", 0.004, round=at, seed=40 + at) for at in (1, 2)),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "experiment.json").write_text("{}", encoding="utf-8")
    return [write_run(folder, run) for run in runs]


def change(path: Path, change_facts: Callable[[dict[str, Any]], object]) -> Path:
    """Change run.json of the run at `path`."""
    facts = json.loads((path / "run.json").read_text(encoding="utf-8"))
    change_facts(facts)
    (path / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return path


def cut(path: Path, missing: int) -> None:
    """Cut the last bytes off a file, as a kill does."""
    path.write_bytes(path.read_bytes()[:-missing])

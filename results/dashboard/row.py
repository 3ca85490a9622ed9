"""A run as one row: its facts and its metrics, by the same names in the CSV file and in the page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from results.dashboard.script import file_name
from results.decision.comparison import Practical
from results.folder import RunFolder, number
from results.metric import SCOPES, TURNS, every_metric, samples_of, values_of
from results.pool import pool, same_scope
from results.scope import KINDS, model, scopes
from results.sheet import plain

Value = str | float | None
Row = Mapping[str, Value]

TEXTS: Final = (
    *("id", "file", "started_utc", "ended_utc", "state", "why", "end", "flags"),
    *("target", "badge", "kind", "driver", "provider", "server"),
    *("workload", "fingerprint", "dataset", "scope", "frame", "load", "load_model", "arrivals"),
    *("experiment", "capacity", "git_revision", "dbverdict", "python", "cpu_model", "kernel"),
)
"""What a run says of itself in words."""

NUMBERS: Final = (
    *("round", "rate_turns", "users", "people", "connections", "time_scale", "timeout_s", "workers", "measured_s"),
    *("lag_p99_ms", "engine_cpu", "loop_stall_ms", "backlog_s", "usd", "cores", "memory_gb"),
)
"""What it says in numbers, beside the metrics."""

SAMPLES: Final = {scope: f"{scope}.samples" for scope in SCOPES}
"""The column that says on how many samples a scope's metrics rest."""

METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    scope: (*(metric.key for metric in every_metric() if metric.scope == scope), SAMPLES[scope]) for scope in SCOPES
}
"""The metric columns of each scope."""

INDEX: Final = (*TEXTS, *NUMBERS, *METRICS[TURNS])
"""What the first view needs; the operations' metrics come when they are asked for."""

COLUMNS: Final = (*INDEX, *(name for scope in SCOPES if scope != TURNS for name in METRICS[scope]))
"""Every column, in the order of `runs.csv`."""


def row_of(run: RunFolder, capacity: str = "") -> Row:
    """All columns of a run; `capacity` is the search of which it is a step."""
    texts = {name: plain(value) for name, value in _texts(run, capacity).items()}
    samples = {SAMPLES[scope]: float(count) for scope, count in samples_of(run).items()}
    values: dict[str, Value] = {**texts, **_numbers(run), **values_of(run), **samples}
    return {name: values.get(name, "" if name in TEXTS else None) for name in COLUMNS}


def state(run: RunFolder) -> str:
    """Whether a run is evidence: "valid", "invalid" or "incomplete"."""
    if not run.complete:
        return "incomplete"
    return "valid" if run.valid else "invalid"


def _texts(run: RunFolder, capacity: str) -> dict[str, object]:
    load = run.load
    workload, target, origin = run.part("workload"), run.part("target"), run.part("provenance")
    return {
        "id": run.id,
        "file": file_name(run.id),
        "started_utc": run.facts["started_utc"],
        "ended_utc": run.facts.get("ended_utc") or "",
        "state": state(run),
        "why": "; ".join(f"{reason.figure}: {reason.remedy}" for reason in run.reasons),
        "end": run.end,
        "flags": ", ".join(flag for flag in pool([run]).flags if not flag.isupper()),
        "target": run.target,
        "badge": run.badge,
        "kind": next(kind.name for kind in KINDS if run.badge in kind.badges),
        "driver": target.get("driver") or "",
        "provider": target.get("provider") or "",
        "server": _server(target.get("server")),
        "workload": workload["name"],
        "fingerprint": workload["fingerprint"],
        "dataset": workload.get("dataset") or "",
        "scope": hashlib.sha256(repr(same_scope(run)).encode("utf-8", "replace")).hexdigest()[:12],
        "frame": scopes([run])[0].title,
        "load": model(load),
        "load_model": load.model,
        "arrivals": load.arrivals or "",
        "experiment": run.part("experiment").get("id") or "",
        "capacity": capacity,
        "git_revision": origin.get("git_revision") or "",
        "dbverdict": origin.get("dbverdict") or _packages(origin).get("dbverdict") or "",
        **{name: origin.get(name) or "" for name in ("python", "cpu_model", "kernel")},
    }


def _packages(origin: Mapping[str, Any]) -> Mapping[str, Any]:
    found = origin.get("packages")
    return found if isinstance(found, Mapping) else {}


def _server(described: object) -> object:
    """The server's version, under whichever name it gives it."""
    if not isinstance(described, Mapping):
        return ""
    return described.get("server_version") or described.get("version") or ""


def _numbers(run: RunFolder) -> dict[str, float | None]:
    load, origin = run.load, run.part("provenance")
    return {
        "round": _float(run.round),
        "rate_turns": load.rate_turns,
        "users": _float(load.users),
        "people": _float(load.people),
        "connections": _float(load.connections),
        "time_scale": load.time_scale,
        "timeout_s": load.timeout_s,
        "workers": _float(load.workers),
        "measured_s": run.measured_s,
        "lag_p99_ms": run.percentiles("turn", "lag").p99,
        **{name: run.total(name) for name in ("engine_cpu", "loop_stall_ms", "backlog_s", "usd")},
        **{name: number(origin.get(name)) for name in ("cores", "memory_gb")},
    }


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)


@dataclass(frozen=True)
class MetricColumn:
    """What the page must know of a metric to print it and to say which way is better."""

    key: str
    label: str
    scope: str
    unit: str
    lower_is_better: bool
    floor: float  # a difference smaller than this does not matter


def metric_columns() -> list[MetricColumn]:
    """Every metric, the turns' first."""
    return [
        MetricColumn(m.key, m.label, m.scope, m.figure.unit, m.figure.lower_is_better, Practical().floor(m))
        for m in every_metric()
    ]

"""What the page of one run shows beyond its row: facts, spectra, spans and the timeline, few enough points to draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from results import points
from results.folder import Percentiles, RunFolder, number
from results.histogram import Counts
from results.pool import PooledRun, pool
from results.sheet import plain

_SECTIONS: Final = ("target", "workload", "load", "experiment", "calibration", "floor", "end", "provenance")
"""The parts of run.json that are shown as they are."""

_LONGEST_TEXT: Final = 2_000
_MOST_FACTS: Final = 400
_RUN_SPANS: Final = ("response", "queue", "lag", "wait", "service")


def details_of(run: RunFolder) -> dict[str, Any]:
    """The content of a run's own data file."""
    alone = pool([run])
    return {
        "id": plain(run.id),
        "facts": facts_of(run),
        "reasons": [
            {"rule": plain(reason.rule), "figure": plain(reason.figure), "remedy": plain(reason.remedy)}
            for reason in run.reasons
        ],
        "end": plain(run.part("end").get("detail") or ""),
        "limits": [
            {**{name: plain(limit.get(name, "")) for name in ("name", "limit", "value")}, "ok": limit.get("ok") is True}
            for limit in run.limits
        ],
        "integrity": _flat("", run.part("integrity")),
        "phases": points.bands(run.phases),
        "spectra": {name: _spectrum(counts) for name, counts in _responses(alone)},
        "service": _spectrum(alone.service_all),
        "operations": [_operation(run, name) for name in ("turn", *run.operations)],
        "timeline": _timeline(run),
        "seconds_a_point": points.seconds_a_point(run),
    }


def facts_of(run: RunFolder) -> dict[str, str]:
    """The facts behind a run, by their dotted name in run.json."""
    found: dict[str, str] = {}
    for section in _SECTIONS:
        found.update(_flat(section, run.part(section)))
    return dict(list(found.items())[:_MOST_FACTS])


def _flat(prefix: str, part: Mapping[str, Any]) -> dict[str, str]:
    return {plain(name): plain(value)[:_LONGEST_TEXT] for name, value in _leaves(prefix, part)}


def _leaves(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    """Each value that is no table, with its dotted name."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{prefix}.{name}" if prefix else str(name), inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value, start=1):
            yield from _leaves(f"{prefix}.{at}", inner)
    elif isinstance(value, bool):
        yield prefix, "yes" if value else "no"
    elif value is not None:
        yield prefix, value


def _responses(alone: PooledRun) -> Iterator[tuple[str, Counts]]:
    for name in ("turn", *alone.operations):
        yield plain(name), alone.response_of(name)


def _spectrum(counts: Counts) -> list[list[float]]:
    return [[_short(point["x"]), _short(point["ms"])] for point in points.spectrum(counts, "")]


def _operation(run: RunFolder, name: str) -> dict[str, Any]:
    figures = run.part("turns") if name == "turn" else run.operations[name]
    kinds = figures.get("errors_by_kind")
    return {
        "name": plain(name),
        "count": number(figures.get("count")),
        "errors": number(figures.get("errors")),
        "kinds": {plain(kind): number(count) for kind, count in kinds.items()} if isinstance(kinds, Mapping) else {},
        "units": [number(figures.get(unit)) for unit in ("read_units", "write_units")],
        "spans": {span: _values(run.percentiles(name, span)) for span in _RUN_SPANS if f"{span}_ms" in figures},
    }


def _values(found: Percentiles) -> list[float | None]:
    return [found.p50, found.p90, found.p99, found.p999, found.max]


def _timeline(run: RunFolder) -> dict[str, list[list[float]]]:
    """[second, value] by series: p50, p99 and slowest turn in ms, turns offered and done a second."""
    series: dict[str, list[list[float]]] = {}
    for point in points.latency_over_time(run, 1):
        series.setdefault(point["series"], []).append([point["second"], point["ms"]])
    for point in points.throughput_over_time(run, 1):
        series.setdefault(point["series"], []).append([point["second"], _short(point["turns"])])
    return series


def _short(value: float) -> float:
    return float(f"{value:.5g}")

"""Writing the site: everything into a folder beside its place, which then takes the place of the one before."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from scipy import stats

from results.dashboard import capacity
from results.dashboard.place import Place
from results.dashboard.reading import Part, Watch, read_runs
from results.dashboard.row import COLUMNS, INDEX, METRICS, TEXTS, Row, metric_columns
from results.dashboard.script import finite, write_script
from results.decision.comparison import SATURATED_PRIMARY, Practical
from results.decision.inference import CONFIDENCE
from results.folder import RunFormatError
from results.metric import DEFAULT_PRIMARY, TURNS
from results.scope import KINDS
from results.slo import Slo

_LEAST_QUANTILES: Final = 30

_LIBRARY: Final = 'window.dbverdict.take("vega", vegaEmbed);'
"""What the bundle of Vega, Vega-Lite and Vega-Embed does when it is loaded."""


@dataclass(frozen=True)
class Site:
    """What was written."""

    page: Path
    runs: int
    experiments: int
    searches: int


def write_site(paths: Sequence[Path], out: Path, slos: Sequence[Slo], watch: Watch) -> Site:
    """Write the dashboard of every run under `paths` into `out`; raises Refusal, and OSError where it cannot write.

    Nothing is left half-written: an older dashboard stays until the new one is whole.
    """
    place = Place.checked(out)
    searches, folders, steps = capacity.find_all(paths)
    if not folders:
        raise RunFormatError("there is no run: name a run folder, or the folder above several")
    with place.building() as building:
        rows, experiments = _write_runs(building, read_runs(folders, steps, watch))
        pages = [capacity.page_of(search) for search in searches]
        _write_data(building / "data", rows, experiments, pages, slos)
        _write_assets(building)
    return Site(out / "index.html", len(rows), len(experiments), len(pages))


def _write_runs(building: Path, parts: Iterable[Part]) -> tuple[list[Row], list[dict[str, Any]]]:
    """Write each run's own file; answers the rows, in order of time, and the experiments, the newest first."""
    seen: dict[str, Path] = {}
    rows: list[Row] = []
    experiments: list[dict[str, Any]] = []
    for part in parts:
        for row, details, folder in zip(part.rows, part.details, part.folders, strict=True):
            name = str(row["file"])
            if name.lower() in seen:  # disks that do not tell capitals apart would hold one of the two
                raise RunFormatError(
                    f"{folder} has the same id as {seen[name.lower()]} ({row['id']}): leave one of them out"
                )
            seen[name.lower()] = folder
            write_script(building / "data" / "runs" / f"{name}.js", f"run:{row['id']}", details)
            rows.append(row)
        if part.experiment is not None:
            experiments.append(part.experiment)
    rows.sort(key=lambda row: (str(row["started_utc"]), str(row["id"])))
    experiments.sort(key=lambda found: (found["started_utc"], found["id"]), reverse=True)
    return rows, experiments


def _write_data(
    data: Path,
    rows: Sequence[Row],
    experiments: Sequence[Mapping[str, Any]],
    searches: Sequence[Mapping[str, Any]],
    slos: Sequence[Slo],
) -> None:
    index = {
        "made_utc": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "version": _version(),
        "columns": columnar(rows, INDEX),
        "practical_share": Practical().share,
        "primary": {"saturate": SATURATED_PRIMARY, "": DEFAULT_PRIMARY},
        "metrics": [asdict(column) for column in metric_columns()],
        "kinds": [{"name": kind.name, "heading": kind.heading, "sentence": kind.sentence} for kind in KINDS],
        "slos": [_slo(slo) for slo in slos],
        "experiments": experiments,
        "searches": len(searches),
    }
    write_script(data / "runs.js", "runs", index)
    for scope, names in METRICS.items():
        if scope != TURNS:
            write_script(data / "metrics" / f"{scope}.js", f"metrics:{scope}", columnar(rows, names))
    write_script(data / "capacity.js", "capacity", list(searches))
    write_script(data / "student.js", "student", quantiles(len(rows)))
    write_table(data / "runs.csv", COLUMNS, rows)
    steps = [row for search in searches for row in capacity.rows_of(search)]
    write_table(data / "capacity.csv", capacity.COLUMNS, steps)


def columnar(rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, Any]]:
    """Columns instead of rows: a word that stands in many rows is written once."""
    return [_texts(name, rows) if name in TEXTS else _numbers(name, rows) for name in names]


def _texts(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    texts = list(dict.fromkeys(str(row[name]) for row in rows))
    place = {text: at for at, text in enumerate(texts)}
    return {"name": name, "texts": texts, "at": [place[str(row[name])] for row in rows]}


def _numbers(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    values = [row[name] for row in rows]
    return {"name": name, "numbers": values if any(value is not None for value in values) else []}


def quantiles(runs: int) -> dict[str, Any]:
    """Student's t at the confidence of every interval, by degrees of freedom from 1 to as many as there are runs."""
    freedom = range(1, max(runs, _LEAST_QUANTILES) + 1)
    return {"confidence": CONFIDENCE, "t": [float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees)) for degrees in freedom]}


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV file; what is not known is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            values = [finite(row.get(name)) for name in columns]
            writer.writerow(["" if value is None else _cell(value) for value in values])


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _slo(slo: Slo) -> dict[str, Any]:
    return {"metric": slo.metric.key, "limit": slo.limit, "target": slo.target, "text": slo.text}


def _version() -> str:
    try:
        return version("dbverdict")
    except PackageNotFoundError:
        return ""


def _write_assets(building: Path) -> None:
    """The page, its style, its scripts, and the charting library as one file that is loaded when it is needed."""
    (building / "assets").mkdir()
    for asset in (files("results.dashboard") / "assets").iterdir():
        folder = building if asset.name == "index.html" else building / "assets"
        (folder / asset.name).write_bytes(asset.read_bytes())
    (building / "assets" / "vega.js").write_text(_library(), encoding="utf-8")


@cache
def _library() -> str:
    """The charting library, in a scope of its own; bundling it takes a second."""
    import vl_convert  # half a second, which a refused folder need not pay

    bundle: str = vl_convert.javascript_bundle(_LIBRARY)
    return f"(() => {{{bundle}}})();\n"

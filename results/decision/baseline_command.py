"""`dbverdict baseline save` and `show`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from results.decision.baseline import Baseline, NoBaseline, make_baseline, read
from results.decision.baseline import save as write
from results.decision.side import Side
from results.figures import count, ms, share
from results.folder import Percentiles
from results.histogram import summary_ms
from results.search import load_runs
from results.sheet import Sheet, numbers, plain, words
from results.table import render_sheet
from results.validity import NO_BASELINE, PASS


def save(paths: Sequence[Path], out: Path, target: str | None) -> None:
    """Make a baseline of the valid rounds below `paths` and write it; raises Refusal."""
    baseline = make_baseline(load_runs(paths), target)
    write(baseline, out)
    told = ", ".join(f"{side.target} {len(side.rounds)} rounds" for side in baseline.sides)
    print(f"baseline: {out} ({told}; {out.stat().st_size / 1e3:.0f} kB)")


def show(path: Path, console: Console) -> int:
    """Print a baseline; answers 5 when there is none."""
    try:
        baseline = read(path)
    except NoBaseline as error:
        print(f"dbverdict: {error}", file=sys.stderr)
        return NO_BASELINE
    console.print(f"{path}: {plain(baseline.created_utc)}", style="bold", markup=False)
    for side in baseline.sides:
        render_sheet(_figures(baseline, side), console)
        facts = {**side.facts, **{name: side.about.get(name, "") for name in ("git revision", "server")}}
        rows = tuple((plain(name), plain(value)) for name, value in facts.items())
        render_sheet(Sheet(f"{plain(side.target)}: measured under", words("fact", "value"), rows), console)
    return PASS


def _figures(baseline: Baseline, side: Side) -> Sheet:
    histograms = baseline.histograms[side.target]
    rows = []
    for name, counts in histograms.items():
        found = Percentiles.of(summary_ms(counts))
        scope, span = name.rsplit(".", 1)
        noise = _noise(side, f"{'turns' if scope == 'turn' else scope}.{span}_p99_ms")
        cells = (count(counts.total), ms(found.p50), ms(found.p99), ms(found.p999), noise)
        rows.append((plain(name.replace(".", " ")), *cells))
    columns = (*words("metric"), *numbers("samples", "p50 ms", "p99 ms", "p99.9 ms", "noise\nof p99"))
    note = "noise: standard deviation of the rounds' logarithms; a gate judges new runs against it."
    return Sheet(
        f"{plain(side.target)} ({side.badge}), {len(side.rounds)} rounds · {side.load}", columns, tuple(rows), (note,)
    )


def _noise(side: Side, key: str) -> str:
    values = side.values(key)
    return share(float(np.std(np.log(values), ddof=1)) if len(values) > 1 and min(values) > 0 else None)

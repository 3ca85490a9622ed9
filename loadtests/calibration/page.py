"""A calibration for people: the known answers, floor and ceiling, the machine, and the sentence last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtests.calibration.judgement import METRICS, PERCENTILES
from results.figures import ABSENT, ms, rate, share

_LEGEND: Final = (
    "true → measured, in ms; below it how far that is from true + the transport's own cost (the no-delay case), and\n"
    "whether that meets the goal: p50 and p90 within 2 % or 0.1 ms, p99 and p99.9 within 5 % or 0.5 ms\n"
    "(in the tail, from p99 on, what lies between true and that sum is no error). "
    f"{ABSENT}: too few samples."
)
_HEADINGS: Final = {"p999": "p99.9"}


def show(result: Mapping[str, Any], console: Console) -> None:
    """Print it; nothing is cut off on a narrow terminal."""
    for metric in METRICS:
        _known_answers(result["cases"], metric, console)
    console.print(Text(_LEGEND, style="dim"), soft_wrap=True)
    for line in (*_lines(result), ""):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(result["sentence"], style="bold"), soft_wrap=True)


def _known_answers(cases: Sequence[Mapping[str, Any]], metric: str, console: Console) -> None:
    title = {"service": "service of the operation", "response": "turn response"}[metric]
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    table.add_column("case", no_wrap=True)
    for percentile in PERCENTILES:
        table.add_column(_HEADINGS.get(percentile, percentile), justify="right", no_wrap=True)
    found = {(row["name"], row["percentile"]): row for row in cases if row["metric"] == metric}
    for name in dict.fromkeys(row["name"] for row in cases):
        table.add_row(name, *(_cell(found[name, percentile]) for percentile in PERCENTILES))
    wide = console if console.width > 110 else Console(file=console.file, width=112, color_system=None)
    wide.print(table)


def _cell(row: Mapping[str, Any]) -> Text:
    if row["truth_ms"] is None or row["measured_ms"] is None:
        return Text(ABSENT)
    text = Text(f"{ms(row['truth_ms'])} → {ms(row['measured_ms'])}")
    if row["error_ms"] is not None:
        verdict = {True: " ok", False: " MISSED", None: ""}[row["ok"]]
        text.append(f"\n{row['error_ms']:+.3f}{verdict}", style="bold red" if row["ok"] is False else "dim")
    return text


def _lines(result: Mapping[str, Any]) -> list[str]:
    floor, load, machine = result["floor"], result["other_load"], result["machine"]
    lines = [
        (
            f"floor, null at {rate(floor['rate_ops'])} ops/s: service p50 {ms(floor['service_ms']['p50'])} ms, "
            f"p99 {ms(floor['service_ms']['p99'])} ms; turn response p50 {ms(floor['response_ms']['p50'])} ms, "
            f"p99 {ms(floor['response_ms']['p99'])} ms"
        )
    ]
    for ceiling in result["ceilings"]:
        workers = ceiling["workers"]
        above = f"; above it: {ceiling['limited_by']}" if ceiling["limited_by"] else "; the search ended there"
        lines.append(
            f"ceiling, wire driver, {workers} worker{'s' if workers > 1 else ''}: "
            f"{rate(ceiling['max_rate_ops'])} ops/s{above}"
        )
    lines.append(
        f"machine: {machine['cpu_model']}, {machine['cores_usable']} of {machine['cores']} cores, "
        f"governor {machine['governor']}, timer resolution {machine['timer_resolution_ns']} ns; "
        f"other load {share(load['before'])} before, {share(load['during'])} meanwhile, stolen {share(load['steal'])}"
    )
    return lines

"""The charts of a report, declared with Altair and drawn by vl-convert without a browser.

Drawn as SVG inside the page: it prints, needs no script and no network, and its words can be searched. Each is
drawn twice, for a desk and for a phone. Colours are Okabe and Ito's, readable by colour-blind people; each series
also has its own dash or shape, for a grey print. Altair takes a second to import: only the HTML report imports this.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import vl_convert

from results import points
from results.figures import seconds
from results.histogram import Counts
from results.pool import SPANS, PooledRun
from results.scope import Group, Scope
from results.sheet import plain

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3], [4, 4], [1, 4])
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")

Draw = Callable[["Size"], alt.TopLevelMixin]
Plan = tuple[str, Draw, bool]  # caption, how to draw it, whether there is anything to draw


@dataclass(frozen=True)
class Size:
    """How wide a chart's plot is, and how many entries a line of its legend holds."""

    width_px: int
    named_rows_px: int  # the plot's width where operations' names stand at its left
    legend_columns: int
    name: str


SIZES: Final = (Size(740, 640, 4, "wide"), Size(275, 190, 2, "narrow"))


@dataclass(frozen=True)
class Chart:
    """A drawn chart: SVG text for a desk and for a phone, and a sentence that says what it shows."""

    caption: str
    wide: str
    narrow: str


def group_charts(scope: Scope, group: Group) -> list[Chart]:
    """The charts of one group: spectra, then each target over time, by span and by capacity, then errors."""
    pools = labelled(group)
    charts = [_turn_spectrum(scope, group, pools), _service_spectrum(scope, group, pools)]
    for label, pool in pools:
        charts.extend(make(scope, label, pool) for make in (_timeline, _spans, _capacity))
    charts.append(_errors(scope, group, pools))
    return [drawn(caption, draw) for caption, draw, drawable in charts if drawable]


def labelled(group: Group) -> list[tuple[str, PooledRun]]:
    """Each target with the name it has in the charts: its own, once, and INVALID where it is no evidence."""
    names: list[str] = []
    for pool in group.pools:
        name = plain(pool.target)
        names.append(" ".join([name, *(flag for flag in pool.flags if flag.isupper())]))
    return [
        (f"{name} #{names[:at].count(name) + 1}" if names.count(name) > 1 else name, pool)
        for at, (name, pool) in enumerate(zip(names, group.pools, strict=True))
    ]


def drawn(caption: str, draw: Draw) -> Chart:
    """The chart in both sizes."""
    wide, narrow = (svg(draw(size), caption) for size in SIZES)
    return Chart(caption, wide, narrow)


def svg(chart: alt.TopLevelMixin, caption: str) -> str:
    """An SVG element that says what it shows. Nothing is clipped, so that it needs no ids: a page holds many."""
    version = "_".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    text: str = vl_convert.vegalite_to_svg(_configured(chart), vl_version=version)
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(caption)}" ', 1)


def _configured(chart: alt.TopLevelMixin) -> dict[str, Any]:
    spec = chart.to_dict()
    ink, font = "#1a1a1a", "Arial, Helvetica, Liberation Sans, sans-serif"
    spec["config"] = {
        "aria": False,  # one description for the whole chart instead of one for each point
        "background": "white",
        "font": font,
        "view": {"stroke": "#888"},
        "axis": {"labelColor": ink, "titleColor": ink, "labelFontSize": 11, "titleFontSize": 12, "gridColor": "#ddd"},
        "legend": {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "labelLimit": 260},
        "title": {"color": ink, "subtitleColor": ink, "fontSize": 14, "subtitleFontSize": 12, "anchor": "start"},
    }
    return dict(spec)


def _data(rows: Sequence[points.Point]) -> alt.InlineData:
    return alt.InlineData(values=list(rows))


def _title(what: str, badge: str, scope: Scope) -> alt.TitleParams:
    return alt.TitleParams(f"{what} ({badge})", subtitle=[scope.load])


def _legend(size: Size, symbol_px2: int = 90) -> alt.Legend:
    return alt.Legend(orient="top", title=None, columns=size.legend_columns, symbolSize=symbol_px2, symbolStrokeWidth=2)


_LONG: Final = 700  # a legend's stroke must be long enough to show its dashes


def _colour(names: Sequence[str], legend: alt.Legend, field: str) -> alt.Color:
    scale = alt.Scale(domain=list(names), range=[COLOURS[at % len(COLOURS)] for at in range(len(names))])
    return alt.Color(f"{field}:N", scale=scale, legend=legend)


def _dash(names: Sequence[str], legend: alt.Legend | None, field: str) -> alt.StrokeDash:
    scale = alt.Scale(domain=list(names), range=[DASHES[at % len(DASHES)] for at in range(len(names))])
    return alt.StrokeDash(f"{field}:N", scale=scale, legend=legend)


def _shape(names: Sequence[str], size: Size, field: str) -> alt.Shape:
    scale = alt.Scale(domain=list(names), range=[SHAPES[at % len(SHAPES)] for at in range(len(names))])
    return alt.Shape(f"{field}:N", scale=scale, legend=_legend(size))


def ms_axis(title: str, values_ms: Iterable[float]) -> alt.Axis:
    """A logarithmic axis labelled 1, 2, 5, 10 ..., closer in a short range, within what is drawn."""
    lowest, highest = _range(values_ms)
    powers = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    parts = (1, 2, 5) if highest >= 10 * lowest else (1, 1.5, 2, 3, 4, 5, 6, 8)
    inside = [step for power in powers for part in parts if lowest <= (step := part * 10.0**power) <= highest]
    ticks = inside if len(inside) > 1 else [lowest, highest]
    return alt.Axis(title=title, values=ticks, labelExpr="format(datum.value, ',.3~r')", labelOverlap=True)


def _range(values_ms: Iterable[float]) -> tuple[float, float]:
    found = list(values_ms)
    return (min(found), max(found)) if found else (1.0, 10.0)


_PERCENT: Final = "datum.value == 1 ? '0%' : datum.value == 2 ? '50%' : format(1 - 1 / datum.value, '.6~%')"


def _turn_spectrum(scope: Scope, group: Group, pools: Sequence[tuple[str, PooledRun]]) -> Plan:
    what = "Turn response by percentile"
    told = "how long a person waits for a whole turn, from the fastest at the left to the slowest at the right"
    return _spectrum(scope, group, what, told, [(label, pool.response_of("turn")) for label, pool in pools])


def _service_spectrum(scope: Scope, group: Group, pools: Sequence[tuple[str, PooledRun]]) -> Plan:
    what = "Service time by percentile"
    told = "how long one operation takes in database, network and driver, all operations together"
    return _spectrum(scope, group, what, told, [(label, pool.service_all) for label, pool in pools])


def _spectrum(scope: Scope, group: Group, what: str, told: str, found: Sequence[tuple[str, Counts]]) -> Plan:
    rows = [point for label, counts in found for point in points.spectrum(counts, label)]
    caption = f"{what}, {group.heading.lower()}: {told}. A line ends where fewer than 10 samples lie beyond."
    ticks = [1, 2, *(10**power for power in range(1, 9))]
    title = _title(what, _badges(group), scope)
    names = [label for label, _ in found]
    heights = [point["ms"] for point in rows]

    def draw(size: Size) -> alt.TopLevelMixin:
        axis = alt.Axis(values=ticks, labelExpr=_PERCENT, labelOverlap=True, title="percentile")
        x = alt.X("x:Q", scale=alt.Scale(type="log", nice=False), axis=axis)
        y = alt.Y("ms:Q", scale=alt.Scale(type="log", nice=False, padding=8), axis=ms_axis("ms", heights))
        colour = _colour(names, _legend(size), "target")
        line = alt.Chart(_data(rows)).mark_line(strokeWidth=2)
        marks = alt.Chart(_data(points.spectrum_marks(rows))).mark_point(size=55, filled=True, opacity=1)
        dashed = line.encode(x=x, y=y, color=colour, strokeDash=_dash(names, None, "target"))
        shaped = marks.encode(x=x, y=y, color=colour, shape=_shape(names, size, "target"))
        return alt.layer(dashed, shaped).properties(width=size.width_px, height=280, title=title)

    return caption, draw, bool(rows)


def _badges(group: Group) -> str:
    return ", ".join(dict.fromkeys(pool.badge for pool in group.pools))


def _timeline(scope: Scope, label: str, pool: PooledRun) -> Plan:
    runs = list(enumerate(pool.used, start=1))
    latency = [point for at, run in runs for point in points.latency_over_time(run, at)]
    turns = [point for at, run in runs for point in points.throughput_over_time(run, at)]
    shaded = points.bands(pool.used[0].phases)
    step = max(points.seconds_a_point(run) for run in pool.used)
    each = "" if step == 1 else f" A point stands for {seconds(step)}."
    lines = f" One line a round ({len(runs)})." if len(runs) > 1 else ""
    caption = (
        f"{label} ({pool.badge}) over time: turn response, and turns offered and done a second. Grey: ramp, warm-up "
        f"and drain, which are not measured. p99 is drawn in seconds that hold 1,000 turns.{lines}{each}"
    )
    title = _title(f"Over time: {label}", pool.badge, scope)

    def draw(size: Size) -> alt.TopLevelMixin:
        ms_scale = alt.Scale(type="log", nice=False, padding=16)
        ms = alt.Y("ms:Q", scale=ms_scale, axis=ms_axis("turn response, ms", (point["ms"] for point in latency)))
        rate = alt.Y("turns:Q", axis=alt.Axis(title="turns/s", tickCount=4), scale=alt.Scale(zero=True))
        series = sorted({point["series"] for point in latency}, key=list(points.LATENCY_SERIES.values()).index)
        upper = _over_seconds(latency, shaded, ms, series, size, named=True)
        lower = _over_seconds(turns, shaded, rate, ["offered", "done"], size, named=False)
        upper = upper.properties(width=size.width_px, height=220, title=title)
        lower = lower.properties(width=size.width_px, height=110)
        both: alt.VConcatChart = alt.vconcat(upper, lower).resolve_scale(color="independent", strokeDash="independent")
        return both

    return caption, draw, bool(latency or turns)


_PHASE_NAME_PX: Final = 50  # a phase narrower than its name is only shaded


def _over_seconds(
    rows: Sequence[points.Point],
    shaded: Sequence[points.Point],
    y: alt.Y,
    names: Sequence[str],
    size: Size,
    *,
    named: bool,
) -> alt.LayerChart:
    domain = [0, max([band["end"] for band in shaded] + [row["second"] for row in rows], default=1)]
    x = alt.X(
        "second:Q", axis=alt.Axis(title="seconds from the run's start"), scale=alt.Scale(domain=domain, nice=False)
    )
    bands = alt.Chart(_data(shaded)).mark_rect(color="#e6e6e6", opacity=1).encode(x=alt.X("start:Q"), x2="end:Q")
    room_s = _PHASE_NAME_PX / size.width_px * domain[1]
    labels = [band for band in shaded if band["end"] - band["start"] >= room_s]
    words = alt.Chart(_data(labels)).mark_text(align="left", baseline="top", dx=3, dy=3, fontSize=11, color="#333")
    placed = words.encode(x=alt.X("start:Q"), y=alt.value(0), text="phase:N")
    several = len({row["round"] for row in rows}) > 1
    line = alt.Chart(_data(rows)).mark_line(strokeWidth=1.6, opacity=0.75 if several else 1)
    legend = _legend(size, _LONG)
    dash = _dash(names, legend, "series")
    drawn = line.encode(x=x, y=y, detail="round:N", color=_colour(names, legend, "series"), strokeDash=dash)
    layers = [bands, drawn, placed] if named else [bands, drawn]
    return alt.LayerChart(layer=layers)


def _spans(scope: Scope, label: str, pool: PooledRun) -> Plan:
    rows = points.spans(pool)
    caption = (
        f"{label} ({pool.badge}), the four spans of each operation: queue (for the person's own previous turn), "
        "lag (the harness was late), wait (for a free connection), service (database, network, driver). "
        "Filled: p50. Hollow: p99. What is under 0.001 ms is drawn there."
    )
    title = _title(f"Where the time goes: {label}", pool.badge, scope)

    def draw(size: Size) -> alt.TopLevelMixin:
        scale = alt.Scale(type="log", nice=False, padding=10)
        ends = [row[end] for row in rows for end in ("p50", "p99") if end in row]
        x = alt.X("p50:Q", scale=scale, axis=ms_axis("ms (p50 to p99)", ends))
        row = alt.Y("operation:N", sort=None, axis=alt.Axis(title=None, grid=True, tickBand="extent"))
        offset = alt.YOffset("span:N", sort=list(SPANS), scale=alt.Scale(paddingOuter=0.4))
        base = alt.Chart(_data(rows)).encode(y=row, yOffset=offset, color=_colour(SPANS, _legend(size), "span"))
        rule = base.mark_rule(strokeWidth=2).encode(x=x, x2="p99:Q").transform_filter(_BOTH)
        shaped = base.encode(shape=_shape(SPANS, size, "span"))
        middle = shaped.mark_point(filled=True, size=42, opacity=1).encode(x=x).transform_filter("isValid(datum.p50)")
        top = shaped.mark_point(fill="white", size=42, opacity=1, strokeWidth=1.6)
        tops = top.encode(x=alt.X("p99:Q", scale=scale)).transform_filter("isValid(datum.p99)")
        height = 52 * max(len(pool.operations), 1)
        return alt.layer(rule, middle, tops).properties(width=size.named_rows_px, height=height, title=title)

    return caption, draw, any("p50" in row for row in rows)


_BOTH: Final = "isValid(datum.p50) && isValid(datum.p99)"


def _errors(scope: Scope, group: Group, pools: Sequence[tuple[str, PooledRun]]) -> Plan:
    rows = points.errors(pools)
    caption = f"Errors by kind, {group.heading.lower()}: operations that failed in the measured windows."
    title = _title("Errors by kind", _badges(group), scope)

    def draw(size: Size) -> alt.TopLevelMixin:
        row = alt.Y("row:N", sort=None, axis=alt.Axis(title=None, labelLimit=0 if size.name == "wide" else 150))
        x = alt.X("errors:Q", axis=alt.Axis(title="operations", tickMinStep=1, format=",d"))
        base = alt.Chart(_data(rows)).encode(y=row, x=x)
        bars = base.mark_bar(color=COLOURS[1], height=16)
        words = base.mark_text(align="left", dx=4, fontSize=12).encode(text=alt.Text("errors:Q", format=",d"))
        return alt.layer(bars, words).properties(width=size.named_rows_px - 40, height=26 * len(rows), title=title)

    return caption, draw, bool(rows)


def _capacity(scope: Scope, label: str, pool: PooledRun) -> Plan:
    rows = points.capacity(pool)
    caption = f"{label} ({pool.badge}), consumed capacity: read and write units of each operation, per turn."
    title = _title(f"Capacity units per turn: {label}", pool.badge, scope)

    def draw(size: Size) -> alt.TopLevelMixin:
        row = alt.Y("operation:N", sort=None, axis=alt.Axis(title=None))
        legend = alt.Legend(orient="top", title=None)
        tint = alt.Color("unit:N", scale=alt.Scale(domain=["read", "write"], range=list(COLOURS[:2])), legend=legend)
        offset = alt.YOffset("unit:N", sort=["read", "write"])
        x = alt.X("units:Q", axis=alt.Axis(title="units/turn"))
        base = alt.Chart(_data(rows)).encode(y=row, yOffset=offset, x=x)
        bars = base.mark_bar().encode(color=tint)
        words = base.mark_text(align="left", dx=4, fontSize=11).transform_calculate(
            words="datum.unit + ' ' + format(datum.units, '.2f')"
        )
        height = 38 * len({row["operation"] for row in rows})
        return alt.layer(bars, words.encode(text="words:N")).properties(
            width=size.named_rows_px - 40, height=height, title=title
        )

    return caption, draw, bool(rows)

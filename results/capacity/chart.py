"""The throughput-latency curve: turn response over the rate offered, the SLO as a line, the answer shaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import altair as alt

from results.capacity.folder import Capacity, Limit, Step
from results.charts import COLOURS, Chart, Size, drawn, ms_axis
from results.metric import TURNS
from results.points import SHORTEST_DRAWN_MS, Point
from results.scope import rate_figure
from results.sheet import plain

_SERIES: Final = ("p50", "p99")
_VERDICTS: Final = ("holds", "MISSED", "unknown")
_SHAPES: Final = ("circle", "triangle-up", "cross")


def curve_charts(capacity: Capacity) -> list[Chart]:
    """The curve, once; nothing where no step has a figure."""
    rows = _points(capacity.steps)
    if not rows:
        return []
    caption = (
        f"{plain(capacity.target)} ({capacity.badge}): turn response by the rate offered; one mark a step, the line "
        f"through the middle of those that hold or miss. Shaded: {_shaded_words(capacity)}. "
        "Dashed: the SLO's limits on the turns."
    )
    return [drawn(caption, lambda size: _curve(capacity, rows, size))]


def _shaded_words(capacity: Capacity) -> str:
    low, high = capacity.answer.low_turns, capacity.answer.high_turns
    if low is not None and high is not None:
        return f"the answer, {rate_figure(low)} to {rate_figure(high)} turns/s"
    return "nothing, since no rate was found to hold" if low is None else f"all from {rate_figure(low)} turns/s on"


def _points(steps: Iterable[Step]) -> list[Point]:
    return [
        {"rate": step.rate_turns, "ms": max(value, SHORTEST_DRAWN_MS), "series": series, "verdict": step.verdict}
        for step in steps
        for series, value in zip(_SERIES, (step.turn_p50_ms, step.turn_p99_ms), strict=True)
        if value is not None
    ]


def _curve(capacity: Capacity, rows: list[Point], size: Size) -> alt.TopLevelMixin:
    limits = _limits(capacity)
    heights = [row["ms"] for row in rows] + [limit["ms"] for limit in limits]
    x_axis = alt.Axis(title="turns/s offered", tickCount=6, format=",~r", labelOverlap=True)
    x = alt.X("rate:Q", scale=alt.Scale(type="log", nice=False, padding=16), axis=x_axis)
    y_scale = alt.Scale(type="log", nice=False, padding=12)
    y = alt.Y("ms:Q", scale=y_scale, axis=ms_axis("turn response, ms", heights))
    legend = alt.Legend(orient="top", title=None, symbolStrokeWidth=2)
    colour = alt.Color("series:N", scale=alt.Scale(domain=list(_SERIES), range=list(COLOURS[:2])), legend=legend)
    dashes = alt.Scale(domain=list(_SERIES), range=[[6, 3], [1, 0]])
    judged = [row for row in rows if row["verdict"] != _VERDICTS[2]]
    line = alt.Chart(_data(judged)).mark_line(strokeWidth=2)
    middle = line.encode(
        x=x,
        y=alt.Y("median(ms):Q", scale=y_scale),
        color=colour,
        strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=None),
    )
    shape = alt.Shape(
        "verdict:N",
        scale=alt.Scale(domain=list(_VERDICTS), range=list(_SHAPES)),
        legend=alt.Legend(orient="top", title=None),
    )
    marks = (
        alt.Chart(_data(rows)).mark_point(size=70, filled=True, opacity=0.9).encode(x=x, y=y, color=colour, shape=shape)
    )
    title = alt.TitleParams(
        f"Throughput and latency: {plain(capacity.target)} ({capacity.badge})",
        subtitle=[_subtitle(capacity)],
    )
    layers = [*_band(capacity, rows, x), middle, marks, *_rules(limits, y)]
    return alt.layer(*layers).properties(width=size.width_px, height=300, title=title)


def _subtitle(capacity: Capacity) -> str:
    return f"rate ({plain(capacity.load.get('arrivals'))}), {plain(capacity.load.get('connections'))} connections"


def _band(capacity: Capacity, rows: list[Point], x: alt.X) -> list[alt.Chart]:
    """The interval, or everything above a lower bound."""
    low, high = capacity.answer.low_turns, capacity.answer.high_turns
    if low is None:
        return []
    end = high if high is not None else max(low, *(row["rate"] for row in rows))
    band = alt.Chart(_data([{"rate": low, "end": end}])).mark_rect(color="#d9d9d9", opacity=1)
    return [band.encode(x=x, x2="end:Q")]


def _limits(capacity: Capacity) -> list[Point]:
    found: list[Limit] = [
        limit for limit in capacity.slo if limit.scope == TURNS and limit.figure.startswith("response_p")
    ]
    return [{"ms": limit.limit, "words": limit.text} for limit in found if limit.limit > 0]


def _rules(limits: list[Point], y: alt.Y) -> list[alt.Chart]:
    if not limits:
        return []
    base = alt.Chart(_data(limits))
    rule = base.mark_rule(color="#000000", strokeDash=[8, 4], strokeWidth=1.5).encode(y=y)
    words = base.mark_text(align="left", baseline="top", dx=4, dy=4, fontSize=11, color="#1a1a1a")
    return [rule, words.encode(x=alt.value(0), y=y, text="words:N")]


def _data(rows: list[Point]) -> alt.InlineData:
    return alt.InlineData(values=rows)

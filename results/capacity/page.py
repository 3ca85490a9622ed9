"""The report of a capacity search as one offline page."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from results.capacity.chart import curve_charts
from results.capacity.folder import Capacity
from results.capacity.report import answer_lines, curve, facts_sheet, kind_of, load_of, slo_sheet, title_of
from results.sheet import plain


def render_html(capacity: Capacity) -> str:
    """`report.html` of a capacity search."""
    environment = Environment(loader=PackageLoader("results"), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    return environment.get_template("capacity.html").render(
        title=f"dbverdict capacity: {plain(capacity.target)}",
        heading=title_of(capacity),
        kind=kind_of(capacity),
        badge=capacity.badge,
        load=load_of(capacity),
        answer=answer_lines(capacity),
        charts=curve_charts(capacity),
        sheets=[curve(capacity), slo_sheet(capacity)],
        origin=facts_sheet(capacity),
    )

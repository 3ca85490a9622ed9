"""The report as one offline page: no script, no font, no picture is fetched; what a run folder says is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from results import answer, detail
from results.charts import group_charts
from results.correctness import integrity
from results.folder import RunFolder
from results.pool import PooledRun
from results.scope import Group, Scope, scopes
from results.sheet import Sheet, plain


def render_html(runs: Sequence[RunFolder]) -> str:
    """`report.html` of `runs`, pooled."""
    environment = Environment(loader=PackageLoader("results"), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    pages = [_page(scope) for scope in scopes(runs)]
    return environment.get_template("report.html").render(pages=pages, title=_title(runs))


def _title(runs: Sequence[RunFolder]) -> str:
    return f"dbverdict report: {', '.join(dict.fromkeys(plain(run.target) for run in runs))}"


def _page(scope: Scope) -> dict[str, object]:
    return {
        "title": scope.title,
        "groups": [_group(scope, group) for group in scope.groups],
        "findings": answer.findings(scope),
        "origin": _present(integrity(scope), answer.limits(scope), detail.servers(scope), detail.provenance(scope)),
    }


def _group(scope: Scope, group: Group) -> dict[str, object]:
    return {
        "heading": group.heading,
        "kind": group.kind.name,
        "sentence": group.kind.sentence,
        "targets": [{"name": plain(pool.target), "badges": _badges(scope, pool)} for pool in group.pools],
        "summary": answer.summary(scope, group),
        "charts": group_charts(scope, group),
        "details": _details(scope, group),
        "spans": _present(*(detail.spans(scope, pool) for pool in group.pools)),
        "absent": _absent(group),
    }


def _absent(group: Group) -> list[str]:
    """What a reader would look for and not find."""
    lines = [] if any(pool.errors for pool in group.pools) else ["Errors by kind: no operation failed."]
    if not any(sum(pool.units) for pool in group.pools):
        lines.append("Consumed capacity: no target of this group reports capacity units.")
    return lines


def _badges(scope: Scope, pool: PooledRun) -> list[tuple[str, str]]:
    """Each badge with the class that draws it: words first, colour only besides."""
    badges = [(pool.badge, "emulator" if pool.badge == "emulator" else "neutral"), (scope.load, "neutral")]
    if pool.evidence:
        badges.append((f"valid: {len(pool.sound)} of {len(pool.runs)} rounds", "good"))
    return [*badges, *((plain(flag), "bad") for flag in pool.flags)]


def _details(scope: Scope, group: Group) -> list[Sheet]:
    errors, capacity = detail.errors(scope, group), detail.capacity(scope, group)
    return _present(answer.rounds(scope, group), detail.operations(scope, group), errors, capacity)


def _present(*sheets: Sheet | None) -> list[Sheet]:
    return [sheet for sheet in sheets if sheet is not None]

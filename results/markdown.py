"""The report as a pull request shows it: GitHub's Markdown, answer first, details folded."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

from results import answer, detail
from results.correctness import integrity
from results.folder import RunFolder
from results.scope import Group, Scope, scopes
from results.sheet import Sheet

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|~#&@])")


def render_markdown(runs: Sequence[RunFolder]) -> str:
    """`report.md` of `runs`, pooled."""
    return "\n\n".join(["# dbverdict report", *(text for scope in scopes(runs) for text in _scope(scope))]) + "\n"


def escaped(text: str) -> str:
    """Text from a run folder that Markdown must show as it is; a line break becomes a <br>."""
    return "<br>".join(_SPECIAL.sub(r"\\\1", line) for line in text.split("\n"))


def _scope(scope: Scope) -> Iterable[str]:
    yield f"## {escaped(scope.title)}"
    for group in scope.groups:
        yield f"### {group.heading}"
        yield group.kind.sentence
        yield render_sheet(answer.summary(scope, group))
    findings = answer.findings(scope)
    if findings:
        yield "\n".join(f"- {escaped(finding)}" for finding in findings)
    for group in scope.groups:
        yield from folded(_details(scope, group))
    yield from folded([integrity(scope), answer.limits(scope), detail.servers(scope), detail.provenance(scope)])


def _details(scope: Scope, group: Group) -> list[Sheet | None]:
    spans = [detail.spans(scope, pool) for pool in group.pools]
    return [
        answer.rounds(scope, group),
        detail.operations(scope, group),
        *spans,
        detail.errors(scope, group),
        detail.capacity(scope, group),
    ]


def folded(sheets: Iterable[Sheet | None]) -> Iterable[str]:
    """Each table behind its caption, to be opened by a click."""
    for sheet in sheets:
        if sheet is not None:
            summary = html.escape(sheet.caption)  # inside an HTML block Markdown's own escapes would be shown
            yield f"<details><summary>{summary}</summary>\n\n{render_sheet(sheet, caption=False)}\n\n</details>"


def render_sheet(sheet: Sheet, *, caption: bool = True) -> str:
    """One table as Markdown, with its notes below it."""
    head = _row([" ".join(column.heading.split("\n")) for column in sheet.columns])
    rule = "|" + "|".join("---:" if column.figures else "---" for column in sheet.columns) + "|"
    table = "\n".join([head, rule, *(_row(row) for row in sheet.rows)])
    notes = "\n\n".join(f"<sub>{escaped(note)}</sub>" for note in sheet.notes)
    return "\n\n".join(part for part in (f"**{escaped(sheet.caption)}**" if caption else "", table, notes) if part)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"

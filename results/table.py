"""The report on a terminal, answer first; plain and complete where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from results import answer, detail
from results.correctness import integrity
from results.folder import RunFolder
from results.scope import Scope, scopes
from results.sheet import Sheet, plain

_NAME_WIDTH: Final = 13  # on a terminal names are folded to no less, so that the answer fits 80 columns
_NAME_WIDTH_PIPED: Final = 40
_LOUD: Final = ("INVALID", "INCOMPLETE", "overloaded", "generator-bound", "above calibration")
_GAP: Final = 2  # between columns


def render_terminal(runs: Sequence[RunFolder], console: Console, *, details: bool = True) -> None:
    """Print the pooled figures of `runs`: the answer of each group, what limits it, then (`details`) each operation."""
    for scope in scopes(runs):
        _render_answer(scope, console)
        if details:
            _render_details(scope, console)


def _render_answer(scope: Scope, console: Console) -> None:
    console.print(Text(plain(scope.title), style="bold"))
    for group in scope.groups:
        console.print()
        console.print(Text(group.kind.sentence, style="italic"))
        render_sheet(answer.summary(scope, group), console)
    for finding in answer.findings(scope):
        console.print(Text(finding, style="yellow"))


def _render_details(scope: Scope, console: Console) -> None:
    for group in scope.groups:
        if any(len(pool.runs) > 1 for pool in group.pools):
            render_sheet(answer.rounds(scope, group), console)
        for sheet in (detail.operations(scope, group), detail.errors(scope, group)):
            if sheet is not None:
                render_sheet(sheet, console)
    checked = integrity(scope)
    if checked is not None:
        render_sheet(checked, console)


def render_sheet(sheet: Sheet, console: Console) -> None:
    """Print one table with its caption above it and its notes below."""
    names = _NAME_WIDTH if console.is_terminal else _NAME_WIDTH_PIPED
    widths = [_least_width(sheet, at, names) for at in range(len(sheet.columns))]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column, width in zip(sheet.columns, widths, strict=True):
        justify: JustifyMethod = "right" if column.figures else "left"
        table.add_column(Text(column.heading), justify=justify, overflow="fold", min_width=width)
    for row in sheet.rows:
        table.add_row(*(_cell(cell) for cell in row))
    console.print()
    console.print(Text(sheet.caption, style="bold"))
    _wide_enough(console, sum(widths) + _GAP * (len(widths) - 1)).print(table)
    for note in sheet.notes:
        console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2), expand=False))


def _wide_enough(console: Console, least: int) -> Console:
    """A pipe has no width, and on a narrow terminal a line that wraps is better than figures that are cut off."""
    if least <= console.width:
        return console
    return Console(file=console.file, width=least, color_system=None, force_terminal=False)


def _least_width(sheet: Sheet, at: int, names: int) -> int:
    """Figures keep their whole width; names are folded where there is no room."""
    column = sheet.columns[at]
    lines = [line for text in (column.heading, *(row[at] for row in sheet.rows)) for line in text.split("\n")]
    widest = max(len(line) for line in lines)
    return widest if column.figures else min(widest, names)


def _cell(cell: str) -> Text:
    """A first line as it is, a second one (badge, flags) set back; never read as markup."""
    first, *rest = cell.split("\n")
    text = Text(first)
    for line in rest:
        loud = any(word in line for word in _LOUD)
        text.append(f"\n{line}", style="bold red" if loud else "dim")
    return text

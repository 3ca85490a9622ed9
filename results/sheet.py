"""A table before it is drawn: the same rows go to the terminal, to Markdown and to HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_CONTROL: Final = dict.fromkeys((*range(32), *range(127, 160)), " ")


def plain(text: object) -> str:
    """Text from a run folder as one line: no line break and no terminal escape gets through."""
    return str(text).translate(_CONTROL).strip()


@dataclass(frozen=True)
class Column:
    """A column's heading; figures are set to the right, words to the left."""

    heading: str
    figures: bool = True


@dataclass(frozen=True)
class Sheet:
    """A caption, columns, rows of printed cells (a "\\n" divides a cell into two lines), and footnotes."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = field(default=())


def words(*headings: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple(Column(heading, figures=False) for heading in headings)


def numbers(*headings: str) -> tuple[Column, ...]:
    """Columns of figures."""
    return tuple(Column(heading) for heading in headings)

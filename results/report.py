"""Reports from run folders alone: a table on the terminal, `report.md` for a pull request, `report.html` to keep."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from results.folder import RunFolder
from results.markdown import render_markdown
from results.table import render_terminal

__all__ = ["ReportPaths", "render_terminal", "replace", "report_folder", "write_reports"]


class ReportPaths(NamedTuple):
    """Where the reports were written."""

    html: Path
    markdown: Path


def write_reports(runs: Sequence[RunFolder], folder: Path) -> ReportPaths:
    """Write `report.html` and `report.md` of `runs` into `folder`, each whole or not at all; raises OSError."""
    from results.html import render_html  # draws charts: a second to import, which the terminal table need not pay

    paths = ReportPaths(folder / "report.html", folder / "report.md")
    replace(paths.markdown, render_markdown(runs))
    replace(paths.html, render_html(runs))
    return paths


def report_folder(runs: Sequence[RunFolder]) -> Path:
    """Where the report of `runs` belongs: into the only run, else into the folder that holds them all."""
    if len(runs) == 1:
        return runs[0].path
    return Path(os.path.commonpath([run.path.absolute().parent for run in runs]))


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises OSError."""
    partial = path.with_name(f"{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

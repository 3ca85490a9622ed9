"""`dbverdict targets`: the catalog, and what this machine can run of it."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from targets.catalog import CATALOG, Design
from targets.providers import availability
from targets.server import ServerOptions


def show(console: Console) -> None:
    """Each design with its driver, its badge, what it needs, and whether it can run here."""
    table = Table("target", "what it is", "can run here", box=box.SIMPLE, pad_edge=False)
    for design in CATALOG.values():
        table.add_row(design.name, f"{design.summary}; driver {design.driver}, {design.badge}", _here(design))
    console.print(table)


def _here(design: Design) -> str:
    if design.server is None:
        return "yes: needs no server"
    if design.server == "aws":
        return "only with --allow-aws and AWS credentials (unverified)"
    found = availability(design.server, ServerOptions())
    return f"{'yes' if found.can_run else 'no'}: {found.reason}"

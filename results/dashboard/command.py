"""`dbverdict dashboard`: reads the limits, writes the site and says where it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from results.dashboard.reading import Watch
from results.dashboard.site import Site, write_site
from results.slo import Slo, read_slos

_CONFIG: Final = Path("dbverdict.toml")
_SAY_EVERY: Final = 100
"""Without a terminal, a line is printed after so many runs."""


def perform(runs: Sequence[Path], out: Path, config: Path | None, targets: Collection[str]) -> None:
    """Write the site of `runs` into `out`; raises Refusal, and OSError where it cannot write."""
    slos = limits(config, targets)
    console = Console(stderr=True)
    site = _with_bar(runs, out, slos, console) if console.is_terminal else write_site(runs, out, slos, _say(console))
    print(f"{site.runs} runs, {site.experiments} experiments, {site.searches} capacity searches")
    print(f"dashboard: {site.page}")


def limits(config: Path | None, targets: Collection[str]) -> tuple[Slo, ...]:
    """The limits of the file named, or of the one in this folder if there is one."""
    if config is None and not _CONFIG.is_file():
        return ()
    return read_slos(config or _CONFIG, targets)


def _with_bar(runs: Sequence[Path], out: Path, slos: Sequence[Slo], console: Console) -> Site:
    columns = (TextColumn("reading runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("")
        return write_site(runs, out, slos, lambda done, total: progress.update(task, completed=done, total=total))


def _say(console: Console) -> Watch:
    said = 0

    def watch(done: int, total: int) -> None:
        nonlocal said
        if total >= _SAY_EVERY and done // _SAY_EVERY > said:
            said = done // _SAY_EVERY
            console.print(f"read {done:,} of {total:,} runs", highlight=False)

    return watch

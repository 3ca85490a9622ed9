"""What a person watching a run sees: how it stands, and what goes wrong, once each and as it comes.

In an experiment on a terminal two lines are rewritten (rich); a run of an experiment has the terminal to itself.
Plain Locust logs to the same terminal and prints its table every two seconds, which would tear a line that is
rewritten: beside the table, and in the web UI, warnings alone are printed; with `--only-summary`, or where there is no
terminal, plain lines every ten seconds as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from loadtests.status import Status
from results.pulse import Pulse
from results.recorder import Interval
from results.sheet import plain
from results.validity import Reason
from results.window import Window

_PLAIN_EVERY_S: Final = 10
_STYLES: Final = {"ramp": "yellow", "warmup": "yellow", "measured": "green", "drain": "green", "": "dim"}


class Display(Protocol):
    """Where a status and a warning go; `tell` is for what is done before there is a status."""

    def tell(self, line: str) -> None: ...
    def show(self, status: Status) -> None: ...
    def warn(self, line: str) -> None: ...
    def close(self) -> None: ...


class PlainLines:
    """Lines for a file or a CI log: a status every ten seconds, if wanted, and no control characters."""

    def __init__(self, *, told: bool) -> None:
        self._told = told

    def tell(self, line: str) -> None:
        """Print what is being done, where a status is wanted."""
        if self._told:
            _print(line)

    def show(self, status: Status) -> None:
        """Print the status when ten more seconds have passed."""
        if self._told and status.passed_s % _PLAIN_EVERY_S == 0:
            _print(status.plain())

    def warn(self, line: str) -> None:
        """Print a warning at once."""
        _print(line)

    def close(self) -> None:
        """Nothing is left open."""


def _print(line: str) -> None:
    print(f"dbverdict: {plain(line)}", file=sys.stderr, flush=True)


class Terminal:
    """Two lines that are rewritten, each cut to the terminal's width, with warnings above them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, transient=True
        )

    def tell(self, line: str) -> None:
        """Write one line, until the next."""
        self._write(Text(plain(line)))

    def show(self, status: Status) -> None:
        """Write the two lines anew."""
        first = Text.assemble(f"{status.head()}  ", *_bar(status), status.time())
        self._write(first, Text(status.figures()))

    def _write(self, *lines: Text) -> None:
        if not self._live.is_started:
            self._live.start()
            self._console.show_cursor()  # a run that is killed must not leave the terminal without one
        self._live.update(Group(*(_one_line(line) for line in lines)), refresh=True)

    def warn(self, line: str) -> None:
        """Print a warning above the two lines, where it stays."""
        self._console.print(Text(f"dbverdict: {plain(line)}", style="yellow"), soft_wrap=True)

    def close(self) -> None:
        """Take the two lines away."""
        self._live.stop()


def _bar(status: Status) -> list[tuple[str, str]]:
    parts = [(text, _STYLES[phase]) for phase, text in status.bar()]
    return [*parts, ("  ", "")] if parts else []


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def display(experiment: Mapping[str, Any], *, table: bool) -> Display:
    """The display that suits this process; `table`: Locust prints its own table, or has a web UI."""
    console = Console(stderr=True)
    if experiment and sys.stderr.isatty() and not console.is_dumb_terminal:
        return Terminal(console)
    return PlainLines(told=bool(experiment) or not table)


class Progress:
    """Hands each closed second on to a display, and each warning once."""

    def __init__(
        self,
        target: str,
        experiment: Mapping[str, Any],
        window: Window,
        shown: Display,
        warnings: Callable[[], Iterable[Reason]] = tuple,
    ) -> None:
        self._target = target
        self._experiment = experiment
        self._window = window
        self._display = shown
        self._warnings = warnings
        self._warned: set[str] = set()
        self._pulse = Pulse()

    def show(self, interval: Interval, phase: str) -> None:
        """Tell about one closed second."""
        self._pulse.add(interval)
        for reason in self._warnings():
            if reason.rule not in self._warned:
                self._warned.add(reason.rule)
                where = f"{self._experiment.get('label', '')}{self._target}"
                self._display.warn(f"warning: {where}: {reason.figure}: {reason.remedy}")
        self._display.show(self._status(interval.second + 1, phase))

    def _status(self, passed_s: int, phase: str) -> Status:
        experiment = self._experiment
        label, after_s = experiment.get("label", ""), experiment.get("after_s")
        return Status(label, self._target, phase, passed_s, self._window, after_s, self._pulse)

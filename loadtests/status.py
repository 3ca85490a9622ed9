"""How a run stands, in words: one status for the terminal, where it is rewritten, and for plain lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from results.figures import ABSENT, count, ms, rate, share
from results.pulse import Pulse
from results.window import Window

BAR_CELLS: Final = 24
_NAMES: Final = {"ramp": "ramp", "warmup": "warm-up", "measured": "measured", "drain": "drain"}
_GLYPHS: Final = {"ramp": "▒", "warmup": "▒", "measured": "█", "drain": "█"}
_TO_COME: Final = "·"
_SHOWN_BACKLOG_S: Final = 0.1


@dataclass(frozen=True)
class Status:
    """A run at the end of a second: `passed_s` since its start, `after_s` of other runs to come, None if unknown."""

    label: str  # "[3/21] " in an experiment
    target: str
    phase: str
    passed_s: int
    window: Window
    after_s: float | None
    pulse: Pulse

    def head(self) -> str:
        """Which run this is."""
        return f"{self.label}{self.target}"

    def time(self) -> str:
        """The phase, and the time left of this run and of the whole experiment."""
        parts = [_NAMES[self.phase]]
        left_s = self._left_s()
        if left_s is not None:
            parts.append(f"{_length(left_s)} left")
            if self.after_s:
                parts.append(f"about {_length(left_s + self.after_s)} in all")
        elif self.phase == "measured":
            parts.append(f"for {_length(self.passed_s - self.window.open_s)}")
        return ", ".join(parts)

    def _left_s(self) -> float | None:
        return None if self.window.close_s is None else max(self.window.close_s - self.passed_s, 0.0)

    def figures(self) -> str:
        """Rates, response, errors, and a backlog where there is one."""
        pulse = self.pulse
        response = pulse.response_ms()
        tail = f"max {ms(response['max'])}" if response["p99"] is None else f"p99 {ms(response['p99'])}"
        parts = [
            f"{rate(pulse.done_turns())} of {rate(pulse.offered_turns())} turns/s",
            f"response p50 {ms(response['p50'])} {tail} ms" if response["max"] is not None else f"response {ABSENT}",
            self._errors(),
        ]
        if pulse.backlog_s >= _SHOWN_BACKLOG_S:
            parts.append(f"backlog {rate(pulse.backlog_s)} s")
        return ", ".join(parts)

    def _errors(self) -> str:
        pulse = self.pulse
        if not pulse.operations:
            return f"errors {ABSENT}"
        if not pulse.errors:
            return "0 errors"
        word = "error" if pulse.errors == 1 else "errors"
        return f"{count(pulse.errors)} {word} ({share(pulse.errors / pulse.operations)})"

    def bar(self, cells: int = BAR_CELLS) -> list[tuple[str, str]]:
        """The run's phases as parts of a bar: each phase (`""`: still to come) and its cells; none when endless.

        The drain has no length of its own before it is over, so it gets the last cell.
        """
        edges = (0.0, self.window.ramp_s, self.window.open_s, self.window.close_s)
        if edges[-1] is None or not edges[-1]:
            return []
        scale = (cells - 1) / edges[-1]
        at = [round((edge or 0.0) * scale) for edge in edges]
        spans = {"ramp": at[1], "warmup": at[2] - at[1], "measured": at[3] - at[2], "drain": 1}
        filled = cells if self.phase == "drain" else min(round(self.passed_s * scale), cells - 1)
        parts = []
        for phase, length in spans.items():
            full = max(min(length, filled), 0)
            filled -= full
            parts += [(phase, _GLYPHS[phase] * full), ("", _TO_COME * (length - full))]
        return [(phase, text) for phase, text in parts if text]

    def plain(self) -> str:
        """All of it in one line."""
        return f"{self.head()}: {self.time()}; {self.figures()}"


def _length(seconds: float) -> str:
    """42 s, 6 min, 2 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"

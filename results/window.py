"""When a run was measured, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Window:
    """The phases of a run, in seconds from its start instant; `close_s` is None until it is known."""

    ramp_s: float
    warmup_s: float
    close_s: float | None
    end_s: float | None = None

    @property
    def open_s(self) -> float:
        """Where the measured window opens: after the whole ramp and after warm-up."""
        return self.ramp_s + self.warmup_s

    def phase(self, second: int) -> str:
        """The phase in which `second` begins."""
        if second < self.ramp_s:
            return "ramp"
        if second < self.open_s:
            return "warmup"
        return "measured" if self.close_s is None or second < self.close_s else "drain"

    def to_json(self) -> list[dict[str, Any]]:
        """The `phases` part of run.json."""
        edges = [
            ("ramp", 0.0, self.ramp_s),
            ("warmup", self.ramp_s, self.open_s),
            ("measured", self.open_s, self.close_s),
            ("drain", self.close_s, self.end_s),
        ]
        return [{"name": name, "start_s": start, "end_s": end} for name, start, end in edges]


@dataclass(frozen=True)
class End:
    """Why a run ended: planned, stopped, interrupted, or what went wrong."""

    reason: str
    detail: str = ""

"""One thing that a gate judged, and the exit code it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from results.validity import INVALID, LIMIT_MISSED, NO_BASELINE, PASS, REGRESSION, USAGE

State = Literal[
    "kept", "missed", "no evidence", "no regression", "regression", "inconclusive", "no baseline", "refused"
]
_CODES: Final[Mapping[State, int]] = {
    "kept": PASS,
    "missed": LIMIT_MISSED,
    "no evidence": INVALID,
    "no regression": PASS,
    "regression": REGRESSION,
    "inconclusive": PASS,  # said loudly: noise hid what is smaller than this evidence could show
    "no baseline": NO_BASELINE,
    "refused": USAGE,
}


@dataclass(frozen=True)
class Check:
    """One thing that was judged."""

    target: str
    name: str
    state: State
    detail: str

    @property
    def code(self) -> int:
        """The exit code it asks for."""
        return _CODES[self.state]

    @property
    def passed(self) -> bool:
        """Whether it lets the job pass."""
        return self.code == PASS

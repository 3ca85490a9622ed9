"""The machine a bench runs on, and how its process ends."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Final

import psutil

from results.provenance import provenance

KEPT: Final = Path(__file__).parent / "out"
"""Where findings are kept for docs/proof.md."""


def machine() -> str:
    """The machine, and how busy others keep it before anything starts."""
    facts = provenance("")
    others = psutil.cpu_percent(1.0)
    return (
        f"{facts['cpu_model']}, {facts['cores']} cores, {facts['memory_gb']} GB, Linux {facts['kernel']}, "
        f"Python {facts['python']}; other work took {others:.0f} % of the CPU before the start"
    )


def leave(number: int, frame: FrameType | None) -> None:
    """A signal handler that ends the process in order."""
    sys.exit(128 + number)  # an exception, so that every `finally` ends what it started

"""Durations as people write them: `90s`, `1m30s`, `500ms`. A unit is always asked for."""

from __future__ import annotations

import re
from typing import Final

from targets.protocol import SetupError

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def seconds(text: str, option: str) -> float:
    """Seconds of a duration with units; raises `SetupError` that names the option and the cure."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SetupError(f"{option} {text!r} is no duration: give a number with its unit, as in 30s, 2m or 1m30s")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)

"""How a figure is printed: milliseconds to three digits, rates and shares as far as they can be trusted."""

from __future__ import annotations

import math
from typing import Final

ABSENT: Final = "\N{EN DASH}"
"""Stands where a figure was not measured, or rests on too few samples."""


def ms(value: float | None) -> str:
    """Milliseconds to three significant digits: 0.184, 1.42, 12.3, 1,230; a dash for None."""
    if value is None:
        return ABSENT
    if 0 < value < 0.001:
        return "<0.001"
    return _digits(value, 3)


def rate(value: float | None) -> str:
    """Something a second: 0.42, 9.87, 39.8, 12,345; a dash for None."""
    if value is None:
        return ABSENT
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{decimals}f}"


def share(value: float | None) -> str:
    """A fraction as a percentage to two digits: 0 %, 0.03 %, 12 %; a dash for None."""
    if value is None:
        return ABSENT
    percent = value * 100
    if 0 < percent < 0.01:
        return "<0.01 %"
    digits = _digits(percent, 2)
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits} %"


def count(value: float | None) -> str:
    """A whole number with separators; a dash for None."""
    return ABSENT if value is None else f"{value:,.0f}"


def seconds(value: float) -> str:
    """A length of time: 15 s, 0.5 s, 2.25 s."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") + " s"


def _digits(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    return f"{rounded:,.{decimals}f}"

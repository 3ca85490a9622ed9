"""Names and instants that depend on nothing but numbers: the same ids on every database, for any number of workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Stored data was written before this instant, a run writes after it; no clock is read."""

_FRACTION_BITS = 53


def uuid_text(seed: int, kind: str, *numbers: int) -> str:
    """A random-looking version 4 UUID for the thing of this kind that the numbers name."""
    digits = _digest(seed, kind, numbers).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def number(seed: int, kind: str, *numbers: int) -> int:
    """A 64-bit number, for instance to seed a generator."""
    return int.from_bytes(_digest(seed, kind, numbers)[:8], "big")


def fraction(seed: int, kind: str, *numbers: int) -> float:
    """A uniform number in [0, 1)."""
    return (number(seed, kind, *numbers) >> (64 - _FRACTION_BITS)) / (1 << _FRACTION_BITS)


MOST_PEOPLE = 1_000_000
"""A person's writes have a microsecond of their own."""


def write_instant(person: int, count: int) -> datetime:
    """The instant of a person's write number `count`: a second apart, and a microsecond of their own.

    Two of a user's people never write at the same instant, as long as there are at most `MOST_PEOPLE`.
    """
    return EPOCH + timedelta(0, count, person)


def _digest(seed: int, kind: str, numbers: tuple[int, ...]) -> bytes:
    return blake2b(f"{seed}/{kind}/{numbers}".encode(), digest_size=16).digest()

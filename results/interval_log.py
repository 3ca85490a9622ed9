"""Reading an HdrHistogram interval log back: the histograms of each tag, added exactly over its intervals."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from results.histogram import Counts, new_hdr

UNDECODABLE: Final = (ValueError, TypeError, IndexError, zlib.error, HdrCookieException, HdrLengthException)
"""What the library raises for a histogram that is none."""


class IntervalLogError(ValueError):
    """An interval log that cannot be read; one line that names the file, the line and the cure."""


def read_interval_log(path: Path, *, may_be_cut: bool) -> Mapping[str, Counts]:
    """The histograms (ns) of each tag of `path`; a last line cut short is left out when `may_be_cut`.

    Raises IntervalLogError for anything else that is not an interval line, and OSError when there is no such file.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    if text and not text.endswith("\n"):
        if not may_be_cut:
            raise _broken(path, len(lines), "is cut short")
        lines.pop()
    totals: dict[str, HdrHistogram] = {}
    for number, line in enumerate(lines, start=1):
        if not line.startswith(("#", '"')):
            tag, histogram = _interval(path, number, line)
            totals.setdefault(tag, new_hdr()).add(histogram)
    return {tag: _sparse(total) for tag, total in totals.items()}


def _interval(path: Path, number: int, line: str) -> tuple[str, HdrHistogram]:
    fields = line.split(",")
    if len(fields) != 5 or not fields[0].startswith("Tag="):
        raise _broken(path, number, "is not an interval")
    try:
        return fields[0].removeprefix("Tag="), HdrHistogram.decode(fields[4])
    except UNDECODABLE as error:
        raise _broken(path, number, "holds no readable histogram") from error


def _broken(path: Path, number: int, what: str) -> IntervalLogError:
    return IntervalLogError(f"{path}: line {number} {what}: copy the run folder again, or measure again")


def _sparse(total: HdrHistogram) -> Counts:
    """numpy reads the library's own array: asking it bucket by bucket takes 5 ms a tag."""
    dense = np.frombuffer(total.counts, dtype=np.int64)
    buckets = np.flatnonzero(dense)
    return Counts(buckets, dense[buckets].copy())

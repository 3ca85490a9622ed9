"""Trace files of LLM services: the Azure LLM inference CSV and the Mooncake JSONL, told apart by their content."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

TraceFormat = Literal["azure", "mooncake"]

AZURE_HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
MAX_TOKENS = 100_000_000
"""A count above this is a damaged line: it is a hundred times the longest context on offer."""

_SECOND_DIGITS = 19  # of "2023-11-16 18:15:46"


class TraceError(ValueError):
    """A trace that cannot be used; the message names the file, the line where there is one, and what is wrong."""


class TraceRow(NamedTuple):
    """One request: seconds since the first row, tokens in and out, and the hashes of its 512-token prefix blocks."""

    at_s: float
    context_tokens: int
    generated_tokens: int
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Trace:
    """The rows of a file in order of time; `format` tells which fields mean something."""

    format: TraceFormat
    rows: tuple[TraceRow, ...]


def read_trace(path: str | Path) -> Trace:
    """Read a trace file. Raises `TraceError`, one line, when it is missing, empty or malformed."""
    lines = [(line, text) for line, text in enumerate(_text_of(path).split("\n"), start=1) if text.strip()]
    if not lines:
        raise TraceError(f"{path}: the trace is empty; give an Azure CSV or a Mooncake JSONL file")
    first_line, first = lines[0]
    trace_format: TraceFormat
    if first.strip() == AZURE_HEADER:
        trace_format, rows = "azure", _azure_rows(path, lines[1:])
    elif first.lstrip().startswith("{"):
        trace_format, rows = "mooncake", _mooncake_rows(path, lines)
    else:
        raise TraceError(
            f"{path}, line {first_line}: not a trace; "
            f"expected the header {AZURE_HEADER} (Azure) or JSON lines (Mooncake)"
        )
    if not rows:
        raise TraceError(f"{path}: the trace has a header and no rows; give a file with at least one request")
    return Trace(trace_format, _in_order(rows))


def _text_of(path: str | Path) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not a text file (byte {error.start}); unpack it first, if it is packed") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise TraceError(f"{path}: cannot be read: {reason}; check the path") from None


def _in_order(rows: Iterable[TraceRow]) -> tuple[TraceRow, ...]:
    ordered = sorted(rows, key=lambda row: row.at_s)
    start_s = ordered[0].at_s
    return tuple(row._replace(at_s=row.at_s - start_s) for row in ordered)


def _azure_rows(path: str | Path, lines: list[tuple[int, str]]) -> list[TraceRow]:
    rows: list[TraceRow] = []
    start: datetime | None = None
    for line, text in lines:
        try:
            moment, context, generated = text.strip().split(",")
            second, fraction_s = _moment(moment)
            start = start or second
            since_start_s = (second - start).total_seconds() + fraction_s
            rows.append(TraceRow(since_start_s, _tokens(int(context)), _tokens(int(generated))))
        except (ValueError, TypeError) as error:
            raise TraceError(
                f"{path}, line {line}: expected time,context tokens,generated tokens; got {_short(text)} ({error})"
            ) from None
    return rows


def _moment(text: str) -> tuple[datetime, float]:
    """A time stamp as whole second and fraction: Azure writes seven digits, one more than `datetime` holds."""
    rest = text[_SECOND_DIGITS:]
    digits = len(rest) - len(rest.lstrip(".0123456789"))
    fraction_s = float(rest[:digits]) if digits else 0.0
    return datetime.fromisoformat(text[:_SECOND_DIGITS] + rest[digits:]), fraction_s


def _mooncake_rows(path: str | Path, lines: list[tuple[int, str]]) -> list[TraceRow]:
    rows: list[TraceRow] = []
    for line, text in lines:
        try:
            rows.append(_mooncake_row(json.loads(text)))
        except KeyError as error:
            raise TraceError(f"{path}, line {line}: the field {error} is missing in {_short(text)}") from None
        except (ValueError, TypeError, RecursionError) as error:
            raise TraceError(f"{path}, line {line}: not a Mooncake request: {_short(text)} ({error})") from None
    return rows


def _mooncake_row(fields: object) -> TraceRow:
    if not isinstance(fields, dict):
        raise TypeError("expected a JSON object")
    blocks = fields["hash_ids"]
    if not isinstance(blocks, list) or any(type(block) is not int for block in blocks):
        raise TypeError("hash_ids must be a list of whole numbers")
    at_ms = fields["timestamp"]
    if type(at_ms) not in (int, float) or not math.isfinite(at_ms):
        raise TypeError("timestamp must be a number of milliseconds")
    return TraceRow(at_ms / 1000, _tokens(fields["input_length"]), _tokens(fields["output_length"]), tuple(blocks))


def _tokens(count: object) -> int:
    if type(count) is not int:
        raise TypeError("a token count must be a whole number")
    if not 0 <= count <= MAX_TOKENS:
        raise ValueError(f"a token count must be between 0 and {MAX_TOKENS:,}")
    return count


def _short(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 60 else text[:57] + "...")

"""The two kinds of file that grow as a run goes: HdrHistogram interval logs, and a row a second and operation."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

from results.histogram import EMPTY, Counts, add, new_hdr, percentiles_ns, to_hdr
from results.recorder import Interval, name_of, tag_of
from results.sample import HEARTBEAT, OPERATION_NAMES, OUTCOMES, TIMED_OUTCOMES, TURN

INTERVAL_COLUMNS = "second phase operation offered done failed late p50_ms p99_ms max_ms lag_p99_ms wait_p99_ms".split()
_TIMED = frozenset(OUTCOMES.index(outcome) for outcome in TIMED_OUTCOMES)


class HistogramLog:
    """An HdrHistogram interval log (format 1.3) of one span: one-second intervals, a tag per operation and outcome."""

    def __init__(self, path: Path, span: str, start_epoch_s: float) -> None:
        self._span = span
        self._hdr = new_hdr()
        self._file = path.open("w", encoding="utf-8")
        started = datetime.fromtimestamp(start_epoch_s, UTC).isoformat(timespec="seconds")
        self._file.write(
            f"#[dbverdict {span} time; unit of recorded values: nanoseconds; Interval_Max: milliseconds]\n"
            "#[Histogram log format version 1.3]\n"
            f"#[BaseTime: {start_epoch_s:.3f} (seconds since epoch)]\n"
            f"#[StartTime: {start_epoch_s:.3f} (seconds since epoch), {started}]\n"
            '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
        )
        self._file.flush()

    def write(self, interval: Interval) -> None:
        """Append the measured samples of one second."""
        for cell, counts in sorted(interval.cells.items()):
            if cell.span != self._span or not cell.measured or cell.operation == HEARTBEAT:
                continue
            payload = to_hdr(counts, self._hdr).encode().decode()
            tag = tag_of(cell.operation, cell.outcome)
            self._file.write(f"Tag={tag},{interval.second:.3f},1.000,{counts.max_ns / 1e6:.3f},{payload}\n")
        self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()


class IntervalTable:
    """`intervals.csv`: what happened in each second, warm-up and drain included."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(INTERVAL_COLUMNS)
        self._file.flush()

    def write(self, interval: Interval, phase: str) -> None:
        """Append the rows of one second: the turns, then each operation that was offered or done."""
        present = {cell.operation for cell in interval.cells if cell.operation != HEARTBEAT}
        present |= {number for number, name in enumerate(OPERATION_NAMES) if interval.engine.offered.get(name)}
        for operation in sorted(present | {TURN}, key=lambda number: (number != TURN, number)):
            self._writer.writerow([interval.second, phase, *_row(interval, operation)])
        self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()


def _row(interval: Interval, operation: int) -> list[str | int]:
    done, failed = _done(interval, operation)
    response = timed(interval, operation, "response")
    p50, p99 = percentiles_ns(response, (50.0, 99.0))
    figures = [p50, p99, response.max_ns] if response.total else []
    return [
        name_of(operation),
        interval.engine.offered.get(name_of(operation), 0),
        done,
        failed,
        interval.late.get(operation, 0),
        *[_ms(value) for value in figures],
        *[""] * (3 - len(figures)),
        _p99(timed(interval, operation, "lag")),
        _p99(timed(interval, operation, "wait")),
    ]


def timed(interval: Interval, operation: int, span: str) -> Counts:
    """A span of one operation in this second, over the outcomes that have a latency."""
    parts = [
        counts
        for cell, counts in interval.cells.items()
        if cell.operation == operation and cell.span == span and cell.outcome in _TIMED
    ]
    return add(*parts) if parts else EMPTY


def _done(interval: Interval, operation: int) -> tuple[int, int]:
    ok = failed = 0
    for cell, counts in interval.cells.items():
        if cell.operation == operation and cell.span == "response":
            ok, failed = (ok + counts.total, failed) if cell.outcome == 0 else (ok, failed + counts.total)
    return ok, failed


def _p99(counts: Counts) -> str:
    return _ms(counts.percentile_ns(99.0)) if counts.total else ""


def _ms(value_ns: int) -> str:
    return f"{value_ns / 1e6:.6g}"

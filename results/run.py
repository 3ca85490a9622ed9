"""The run folder: written as the run goes, readable at any moment, complete only at its end."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from results import integrity, validity
from results.calibrated import beside
from results.histogram import summary_ms
from results.logs import HistogramLog, IntervalTable
from results.prices import Prices, usd
from results.recorder import Interval, merge
from results.sample import HEARTBEAT, STALENESS, TURN
from results.totals import EngineFacts, Totals
from results.window import End, Window

FORMAT: Final = 1
_SAVE_EVERY_SECONDS: Final = 5
_DIED: Final = frozenset({"engine_died", "lane_died", "worker_lost", "bug"})


class RunWriter:
    """The only writer of a run folder. Seconds of several engines meet here and are added exactly."""

    def __init__(
        self,
        folder: Path,
        facts: Mapping[str, Any],
        window: Window,
        start_epoch_s: float,
        engines: int,
        prices: Prices | None = None,
        watch: Callable[[Interval, str], None] = lambda interval, phase: None,
    ) -> None:
        self.folder = folder
        self.window = window
        self.facts = dict(facts)
        self._engines = [EngineFacts() for _ in range(engines)]
        self._open_seconds: dict[int, dict[int, Interval]] = defaultdict(dict)
        self._next_second = 0
        self._prices = prices
        self._watch = watch
        self._started = datetime.fromtimestamp(start_epoch_s, UTC)
        self.totals = Totals()
        self._integrity = integrity.unchecked("the run has not ended")
        self._logs = [HistogramLog(folder / f"{span}.hlog", span, start_epoch_s) for span in ("service", "response")]
        self._table = IntervalTable(folder / "intervals.csv")
        self.save(None)

    def take(self, engine: int, interval: Interval) -> None:
        """Take one second of one engine; a second is written once every engine has delivered it."""
        self._open_seconds[interval.second][engine] = interval
        in_window = self.window.phase(interval.second) == "measured"
        self._engines[engine].add(interval, in_window=in_window)
        while len(self._open_seconds.get(self._next_second, ())) == len(self._engines):
            self._write_second(self._next_second)
            self._next_second += 1

    def close_window(self, close_s: float) -> None:
        """An engine's window has closed, perhaps before its time: what comes after is drain."""
        planned = self.window.close_s
        close_s = max(close_s, self.window.open_s)
        self.window = replace(self.window, close_s=close_s if planned is None else min(planned, close_s))

    def _write_second(self, second: int) -> None:
        parts = self._open_seconds.pop(second)
        merged = merge(parts.values())
        merged.engine.backlog_ns = max(part.engine.backlog_ns for part in parts.values())
        phase = self.window.phase(second)
        self.totals.add(merged, in_window=phase == "measured")
        for log in self._logs:
            log.write(merged)
        self._table.write(merged, phase)
        self._watch(merged, phase)
        if second % _SAVE_EVERY_SECONDS == _SAVE_EVERY_SECONDS - 1:
            self.save(None)

    def usd(self, more_read_units: float = 0.0) -> float | None:
        """What the units consumed so far cost at list price, with some not yet in the totals; None without a price."""
        read, write = self.totals.all_units[:2]
        return None if self._prices is None else usd(read + more_read_units, write, self._prices)

    def finish(
        self,
        end: End,
        close_s: float | None,
        end_s: float,
        checked: Mapping[str, Any] | None = None,
        issued: str | None = None,
    ) -> dict[str, Any]:
        """Write what is left, judge the run and complete the folder; returns run.json's content.

        `checked` is the integrity report; None when no engine was left to make one. `issued` is the fingerprint of
        what was really asked for; None when an engine could not say.
        """
        self.facts["workload"] = {**self.facts["workload"], "issued": issued}
        self._integrity = dict(checked) if checked else integrity.unchecked("no engine was left to say")
        if self._integrity["checked"]:
            self._integrity["staleness"] = integrity.staleness(self.totals.counts(STALENESS, "lag"))
            self.totals.all_units[0] += self._integrity["read_back"]["read_units"]
        if close_s is not None:  # a run that ended before its window opened has an empty one
            close_s = max(close_s, self.window.open_s)
        self.window = replace(self.window, close_s=close_s, end_s=max(end_s, close_s or 0.0))
        for second in sorted(self._open_seconds):  # an engine that died owes its part; the others' is kept
            self._write_second(second)
            self._next_second = second + 1
        for log in self._logs:
            log.close()
        self._table.close()
        return self.save(end)

    def so_far(self) -> dict[str, Any]:
        """What run.json would say now."""
        return self._run(None)

    def warnings(self) -> list[validity.Reason]:
        """What a person who watches should know; only what rests on enough samples to stand. Cheap: asked each second.

        A figure of these may still mend before the end, or be outweighed by what follows.
        """
        totals = self._totals(self.totals.counted(), None)
        facts = self._judged(None, totals)
        facts = replace(
            facts,
            lag_p99_ms=max(engine.settled_lag_p99_ns() for engine in self._engines) / 1e6,
            engine_cpu=max(engine.settled_cpu() for engine in self._engines),
        )
        skipped = totals["skipped"]
        operations, errors = totals["operations"] + skipped, totals["errors"] + skipped
        answers = validity.Answers(operations, errors, totals["backlog_s"], totals["overloaded"])
        return validity.warnings(facts, answers)

    def save(self, end: End | None) -> dict[str, Any]:
        """Write run.json whole, by replacing it."""
        run = self._run(end)
        partial = self.folder / "run.json.part"
        partial.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(partial, self.folder / "run.json")
        return run

    def _run(self, end: End | None) -> dict[str, Any]:
        operations = self.totals.operations()
        totals = self._totals(operations, end)
        reasons = validity.reasons(self._judged(end, totals))
        limits = [validity.error_limit(totals["error_rate"]), *integrity.limit(self._integrity), *_budget_limit(end)]
        return {
            "format": FORMAT,
            "id": self.folder.name,
            "status": "complete" if end else "incomplete",
            "started_utc": self._started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "ended_utc": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if end else None,
            "end": asdict(end) if end else {"reason": None, "detail": "still running, or killed before its end"},
            "exit_code": _exit_code(end, bool(reasons), limits) if end else None,
            **self.facts,
            "phases": self.window.to_json(),
            "calibration": self._calibration(totals),
            "validity": {"valid": bool(end) and not reasons, "reasons": [asdict(reason) for reason in reasons]},
            "totals": totals,
            "turns": self.totals.turns(),
            "operations": operations,
            "harness": {
                "heartbeat_lag_ms": summary_ms(self.totals.counts(HEARTBEAT, "lag")),
                "rss_mb": [engine.rss_mb for engine in self._engines],
            },
            "integrity": self._integrity,
            "limits": limits,
        }

    def _calibration(self, totals: Mapping[str, Any]) -> dict[str, Any] | None:
        return beside(self.facts.get("calibration"), totals["throughput_ops"], len(self._engines))

    def _totals(self, operations: Mapping[str, Any], end: End | None) -> dict[str, Any]:
        seconds = self._window_seconds()
        count = sum(operation["count"] for operation in operations.values())
        errors = sum(operation["errors"] for operation in operations.values())
        kinds: dict[str, int] = defaultdict(int)
        for operation in operations.values():
            for kind, number in operation["errors_by_kind"].items():
                kinds[kind] += number
        skipped = sum(engine.skipped for engine in self._engines)
        cpu = max(engine.cpu() for engine in self._engines)
        lanes = max(engine.lane_cpu() for engine in self._engines)
        saturated = self.facts["load"]["model"] == "saturate"
        return {
            "throughput_ops": self.totals.completed_ops / seconds if seconds else 0.0,
            "throughput_turns": self.totals.completed_turns / seconds if seconds else 0.0,
            "operations": count,
            "turns": self.totals.outcomes(TURN).total(),
            "errors": errors,
            "errors_by_kind": dict(kinds),
            "error_rate": (errors + skipped) / (count + skipped) if count + skipped else 0.0,
            "overloaded": not saturated and self._overloaded(end),
            "generator_bound": max(cpu if saturated else 0.0, lanes) > validity.CPU_SHARE,
            "skipped": skipped,
            "read_units": sum(operation["read_units"] for operation in operations.values()),
            "write_units": sum(operation["write_units"] for operation in operations.values()),
            "usd": self.usd(),
            "engine_cpu": cpu,
            "lane_cpu": lanes or None,
            "loop_stall_ms": self.totals.counts(HEARTBEAT, "lag").max_ns / 1e6,
            "backlog_s": self.totals.backlog_ns / 1e9,
            "offered_turns": self.totals.offered_turns,
            "late_turns": self.totals.late_turns,
        }

    def _window_seconds(self) -> float:
        close_s = self.window.close_s
        reached = float(self._next_second) if close_s is None or self._next_second < close_s else close_s
        return max(reached - self.window.open_s, 0.0)

    def _overloaded(self, end: End | None) -> bool:
        if end is not None and end.reason == "overloaded":
            return True
        done, offered = self.totals.completed_turns, self.totals.offered_turns
        return validity.overloaded(done, offered, self.totals.backlog_ns / 1e9)

    def _judged(self, end: End | None, totals: Mapping[str, Any]) -> validity.Facts:
        died = (f"{end.reason.replace('_', ' ')}: {end.detail}",) if end and end.reason in _DIED else ()
        return validity.Facts(
            model=self.facts["load"]["model"],
            lag_p99_ms=max(engine.lag_p99_ns() for engine in self._engines) / 1e6,
            service_p99_ms=self.totals.all_counts("service").percentile_ns(99.0) / 1e6,
            engine_cpu=totals["engine_cpu"],
            stall_ms=totals["loop_stall_ms"],
            clock_jump_ms=max((engine.clock_jump_ns for engine in self._engines), key=abs) / 1e6,
            completed_ops=self.totals.completed_ops,
            died=died,
        )


def _budget_limit(end: End | None) -> list[dict[str, Any]]:
    """A budget is told of when it was reached: until then it limits nothing."""
    if end is None or end.reason != "budget":
        return []
    return [{"name": "budget", "limit": "--max-usd", "value": end.detail, "ok": False}]


def _exit_code(end: End, invalid: bool, limits: list[dict[str, Any]]) -> int:
    codes = [validity.INVALID] if invalid else []
    if end.reason == "interrupted":
        codes.append(validity.INTERRUPTED)
    if not all(limit["ok"] for limit in limits):
        codes.append(validity.LIMIT_MISSED)
    return validity.worst(codes)

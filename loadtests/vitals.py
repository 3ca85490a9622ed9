"""What an engine says of itself each second: processor time, memory, and whether a clock has jumped."""

from __future__ import annotations

import psutil

from loadtests.lane_process import LaneProcess
from loadtests.stopwatch import cpu_ns, jump_ns, now_ns, read_clocks


class Vitals:
    """Readings of this process and of its lane process; clocks are compared with the reading before."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._clocks = read_clocks()

    def begin(self) -> None:
        """The load begins: what the clocks did before does not matter."""
        self._clocks = read_clocks()

    def read(self, lanes: LaneProcess | None) -> dict[str, int]:
        """The fields of `EngineSecond` that are about the process, not about the load."""
        before, self._clocks = self._clocks, read_clocks()
        return {
            "ended_ns": now_ns(),
            "cpu_ns": cpu_ns(),
            "lane_cpu_ns": _cpu_of(lanes.process.pid) if lanes else 0,
            "rss_bytes": self._process.memory_info().rss,
            "clock_jump_ns": jump_ns(before, self._clocks),
        }


def _cpu_of(pid: int) -> int:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0
    return int((times.user + times.system) * 1e9)

"""The machine as a calibration finds it: its facts, and what else it was doing."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from results.provenance import provenance

BUSY_SHARE: Final = 0.20
"""Of all CPU, used by others: above it a machine is busy."""

STEAL_SHARE: Final = 0.02
"""Of all CPU, taken by the hypervisor: above it a machine is busy."""

_GOVERNOR: Final = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


@dataclass(frozen=True)
class CpuTimes:
    """CPU seconds since the machine (or this process) began; differences of two are what counts."""

    total: float
    busy: float
    steal: float
    ours: float  # of this process and of its children that have ended


@dataclass(frozen=True)
class OtherLoad:
    """What others used, as shares of all CPU: before the start, and while we measured."""

    before: float
    during: float
    steal: float

    @property
    def busy(self) -> str:
        """Why this machine was busy, for people; "" when it was quiet."""
        if self.before > BUSY_SHARE:
            return f"others used {self.before:.0%} of its CPU before the start"
        if self.during > BUSY_SHARE:
            return f"others used {self.during:.0%} of its CPU meanwhile"
        if self.steal > STEAL_SHARE:
            return f"{self.steal:.0%} of its CPU time was stolen by other guests of its host"
        return ""


def cpu_times() -> CpuTimes:
    """The readings of this moment."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    steal = getattr(times, "steal", 0.0)
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted in user and nice already
    total = sum(times) - guests
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return CpuTimes(total, total - idle - steal, steal, sum(usage.ru_utime + usage.ru_stime for usage in usages))


def others(before: CpuTimes, after: CpuTimes) -> tuple[float, float]:
    """The shares of all CPU that others used and that was stolen, between two readings.

    On the low side: the kernel counts busy time by ticks, and misses some of the short work that `ours` has in full.
    """
    total = max(after.total - before.total, 1e-9)
    ours = after.ours - before.ours
    return max(after.busy - before.busy - ours, 0.0) / total, (after.steal - before.steal) / total


def facts() -> dict[str, Any]:
    """What a reader needs to know of the machine."""
    known = provenance("")
    return {
        **{name: known[name] for name in ("cpu_model", "cores", "memory_gb", "kernel", "python")},
        "cores_usable": usable_cores(),
        "timer_resolution_ns": round(time.get_clock_info("perf_counter").resolution * 1e9),
        "governor": _governor(),
    }


def usable_cores() -> int:
    """The cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _governor() -> str:
    try:
        return _GOVERNOR.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"

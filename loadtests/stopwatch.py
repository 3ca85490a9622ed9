"""The one stopwatch: the only file that reads a clock to measure, and the alarm that wakes the engine on time."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Final, NamedTuple

now_ns: Final = time.perf_counter_ns
"""Nanoseconds of the monotonic clock; on one Linux machine the same for every process."""

cpu_ns: Final = time.process_time_ns
"""CPU time of this process, in ns."""

wall_ns: Final = time.time_ns
"""Wall clock, in ns since the epoch: used once, to agree on a start instant."""


def start_instant_ns(start_wall_ns: int) -> int:
    """An announced wall-clock instant on this process's stopwatch."""
    return now_ns() + (start_wall_ns - wall_ns())


JUMP_NS: Final = 100_000_000
"""Clocks that drift apart by so much between two looks have jumped; steering a clock moves it 0.5 ms a second."""


class Clocks(NamedTuple):
    """The stopwatch and the clocks it is held against, read together, in ns."""

    running: int  # stands still while the machine is suspended
    wall: int
    boot: int | None  # counts a suspension too; None where there is no such clock


def read_clocks() -> Clocks:
    """The readings of this moment."""
    boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else None
    return Clocks(now_ns(), wall_ns(), boot)


def jump_ns(before: Clocks, after: Clocks) -> int:
    """How far a clock jumped against the stopwatch between two readings, the larger jump of two; 0 for none."""
    ran = after.running - before.running
    gaps = [after.wall - before.wall - ran]
    if before.boot is not None and after.boot is not None:
        gaps.append(after.boot - before.boot - ran)
    largest = max(gaps, key=abs)
    return largest if abs(largest) >= JUMP_NS else 0


class Alarm:
    """Calls `ring` when an instant of the stopwatch is due, sooner than the event loop's own timers could.

    uvloop and asyncio round timers to 1 ms. On Linux a timerfd wakes the loop instead; elsewhere the loop's timer
    is set 1 ms early and the rest is yielded away.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer = _TimerFd(loop, ring) if _timerfd_possible() else None
        self._handle: asyncio.Handle | None = None
        self._due_ns = 0

    def set(self, due_ns: int) -> None:
        """Ring once, at `due_ns` (at once when it has passed); replaces what was set before."""
        if self._timer is not None:
            self._timer.set(due_ns)
            return
        self._due_ns = due_ns
        if self._handle is not None:
            self._handle.cancel()
        self._wait()

    def _wait(self) -> None:
        left_s = (self._due_ns - now_ns()) / 1e9
        if left_s <= 0:
            self._handle = None
            self._ring()
        elif left_s > 0.002:
            self._handle = self._loop.call_later(left_s - 0.001, self._wait)
        else:
            self._handle = self._loop.call_soon(self._wait)

    def close(self) -> None:
        """Never ring again."""
        if self._timer is not None:
            self._timer.close()
        if self._handle is not None:
            self._handle.cancel()


def _timerfd_possible() -> bool:
    # perf_counter must be CLOCK_MONOTONIC for its instants to be the timer's absolute times.
    return sys.platform == "linux" and "CLOCK_MONOTONIC" in time.get_clock_info("perf_counter").implementation


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


class _TimerFd:
    """A Linux timerfd with absolute times, read by the event loop (`os.timerfd_create` came with Python 3.13)."""

    _MONOTONIC = 1
    _NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
    _ABSTIME = 1

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(self._MONOTONIC, self._NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = _Itimerspec()
        self._loop = loop
        self._ring = ring
        loop.add_reader(self._fd, self._readable)

    def set(self, due_ns: int) -> None:
        if self._fd < 0:
            return  # closed: nobody waits for it
        value = self._spec.it_value
        value.tv_sec, value.tv_nsec = divmod(max(due_ns, 1), 1_000_000_000)  # zero would disarm it
        if self._libc.timerfd_settime(self._fd, self._ABSTIME, ctypes.byref(self._spec), None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")

    def _readable(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set again between the wake-up and this call
            return
        self._ring()

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1

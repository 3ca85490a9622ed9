"""Lanes: each owns one connection, replaces it when it breaks, and is used by one operation at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from targets.protocol import Connection, Unavailable
from workloads.operations import Operation, Reply

Connect = Callable[[], Awaitable[Connection]]
Execute = Callable[[Operation], Awaitable[Reply]]


class LaneBug(Exception):
    """A blocking driver raised what is no outcome: a fault that ends the run."""


class LaneGone(Exception):
    """The lane process ended: a fault that ends the run."""


RECONNECT_PAUSE_S = 0.1
"""After a failed connection attempt a lane refuses work for so long, as a pool would, instead of spinning."""


class Lane:
    """One connection, with the deadline of what runs on it.

    `execute` is the connection's own bound method while all is well, so the hot path pays nothing for the rest.
    """

    __slots__ = ("_connect", "_retry_at_s", "connection", "deadline_ns", "execute", "expired", "remote", "task")

    def __init__(self, connect: Connect, *, remote: bool) -> None:
        self._connect = connect
        self._retry_at_s = 0.0
        self.connection: Connection | None = None
        self.execute: Execute = self._reconnect_and_execute
        self.remote = remote  # stamped in a lane process: read `connection.stamps`
        self.deadline_ns = 0  # 0: nothing runs
        self.task: asyncio.Task[None] | None = None
        self.expired = False

    async def open(self) -> None:
        """Connect; raises what the target's `connect` raises."""
        self.connection = await self._connect()
        self.execute = self.connection.execute

    async def _reconnect_and_execute(self, operation: Operation) -> Reply:
        loop = asyncio.get_running_loop()
        if loop.time() < self._retry_at_s:
            raise Unavailable("the connection is being replaced")
        self._retry_at_s = loop.time() + RECONNECT_PAUSE_S
        await self.open()
        return await self.execute(operation)

    def discard(self) -> None:
        """Drop a connection whose state is unknown; the next operation opens a new one, as part of its service."""
        if self.connection is not None:
            self.connection.abort()
        self.connection = None
        self.execute = self._reconnect_and_execute

    async def close(self) -> None:
        """Give the connection back."""
        if self.connection is not None:
            await self.connection.close()


class Pool:
    """The engine's connections: the longest free one goes to whoever waited longest."""

    def __init__(self, lanes: list[Lane]) -> None:
        self.lanes = lanes
        self.free = deque(lanes)
        self._waiters: deque[asyncio.Future[Lane]] = deque()

    async def acquire(self) -> Lane:
        """Wait for a free lane, first come, first served."""
        waiter: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return await waiter

    def release(self, lane: Lane) -> None:
        """Hand the lane to the next in line, or set it free."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(lane)
                return
        self.free.append(lane)

    def expire(self, now_ns: int) -> None:
        """Cancel what has run past its deadline; the engine then records a time-out and drops the connection."""
        for lane in self.lanes:
            if 0 < lane.deadline_ns < now_ns and lane.task is not None:
                lane.deadline_ns = 0
                lane.expired = True
                lane.task.cancel()

    async def open(self) -> None:
        """Connect every lane; the first failure is raised."""
        await asyncio.gather(*(lane.open() for lane in self.lanes))

    async def close(self) -> None:
        """Give every connection back."""
        await asyncio.gather(*(lane.close() for lane in self.lanes))

"""The calibration server, a process of its own: delays each answer as programmed and logs the delay it really gave.

Prints its port, then obeys orders that come as JSON lines on stdin, answering each with a line: `program` (a
`Program`, and the log begins anew), `log` (write it to this .npy file). Ends when stdin ends.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import sys
from array import array
from itertools import count
from typing import Any

import numpy as np
import orjson
import uvloop

from loadtests.calibration.answers import Answers
from loadtests.calibration.delays import Program, releases
from loadtests.calibration.wire import Wire
from loadtests.precedence import take_precedence
from loadtests.stopwatch import Alarm, now_ns


class Desk:
    """Takes requests, answers them when they are due, and logs both instants."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answers = Answers()
        self._alarm = Alarm(loop, self._ring)
        self._waiting: list[tuple[int, int, int, asyncio.Transport, bytes]] = []  # (due, order, place in log, …)
        self._order = count()
        self.begin(Program())

    def begin(self, program: Program) -> None:
        """Delay by this program from now on, with an empty log."""
        self._release = releases(program)
        self._arrived = array("q")
        self._written = array("q")  # 0 until the answer was written

    def take(self, transport: asyncio.Transport, action: bytes, body: bytes) -> None:
        """One request has arrived."""
        arrival = now_ns()
        answer = self._answers.answer(action, body)
        if not self._answers.delayed(action, body):
            transport.write(answer)
            return
        due = self._release(arrival)
        self._arrived.append(arrival)
        if due <= arrival:
            transport.write(answer)
            self._written.append(now_ns())
            return
        self._written.append(0)
        heapq.heappush(self._waiting, (due, next(self._order), len(self._arrived) - 1, transport, answer))
        if self._waiting[0][0] == due:
            self._alarm.set(due)

    def _ring(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= now_ns():
            _due, _order, place, transport, answer = heapq.heappop(waiting)
            transport.write(answer)
            self._written[place] = now_ns()
        if waiting:
            self._alarm.set(waiting[0][0])

    def save(self, path: str) -> None:
        """Write the log: a row a request, its arrival and the instant its answer was written, in ns (int64)."""
        np.save(path, np.stack([np.array(self._arrived), np.array(self._written)], axis=1))


def _obey(desk: Desk, order: dict[str, Any]) -> None:
    if "program" in order:
        desk.begin(Program(**order["program"]))
    else:
        desk.save(order["log"])


async def _main() -> None:
    loop = asyncio.get_running_loop()
    desk = Desk(loop)
    server = await loop.create_server(lambda: Wire(desk.take), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    take_precedence("rate")
    gc.disable()  # a collection would be a delay nobody programmed, and this process is short-lived
    while line := await orders.readline():
        _obey(desk, orjson.loads(line))
        print("{}", flush=True)


if __name__ == "__main__":
    uvloop.run(_main())

"""Lanes for SDKs that block: a process of their own, a thread a connection, stamped there by the same stopwatch.

In the engine itself 16 such threads would hold the interpreter's lock and show as the harness's own lag.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import struct
import subprocess
import sys
from threading import Thread
from typing import Any, Final, cast

from loadtests.lanes import LaneBug, LaneGone
from loadtests.stopwatch import now_ns
from targets.catalog import CATALOG, TargetOptions
from targets.protocol import BlockingConnection, BlockingTarget, SetupError, TargetError
from workloads.operations import Operation, Reply

_LENGTH: Final = struct.Struct("<I")


# --- the engine's side -----------------------------------------------------------------------------------------


class RemoteConnection(asyncio.Protocol):
    """A connection whose operations run in a thread of the lane process; `stamps` are that thread's (sent, done)."""

    def __init__(self) -> None:
        self.stamps = (0, 0)
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Any] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) < _LENGTH.size:
            return
        end = _LENGTH.size + _LENGTH.unpack_from(self._buffer)[0]
        if len(self._buffer) < end:
            return
        answer = pickle.loads(memoryview(self._buffer)[_LENGTH.size : end])  # noqa: S301 - our own child
        self._buffer.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(LaneGone("the lane process ended"))

    async def opened(self) -> None:
        """Wait until the thread has connected; raises what it raised."""
        await self._receive()

    async def execute(self, operation: Operation) -> Reply:
        """Have the thread run one operation."""
        if self._transport is None:
            raise LaneGone("the lane process ended")
        body = pickle.dumps(operation, pickle.HIGHEST_PROTOCOL)
        self._transport.write(_LENGTH.pack(len(body)) + body)
        return cast(Reply, await self._receive())

    async def _receive(self) -> object:
        self._answer = asyncio.get_running_loop().create_future()
        *self.stamps, answer = await self._answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """The thread closes its connection when its socket does."""
        self.abort()

    def abort(self) -> None:
        """Forget the thread: it ends when the SDK's own time-out lets it."""
        if self._transport is not None:
            self._transport.abort()


class LaneProcess:
    """The process that runs a blocking target's connections; ends when its control socket closes."""

    def __init__(self, target: str, options: dict[str, Any]) -> None:
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-m", "loadtests.lane_process", str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL)
        theirs.close()
        order = json.dumps({"target": target, "options": options}).encode()
        self._control.sendall(_LENGTH.pack(len(order)) + order)

    async def connect(self) -> RemoteConnection:
        """Have a new thread open a connection; raises what the target raises."""
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [b"."], [theirs.fileno()])
        except OSError as error:
            raise LaneGone("the lane process ended") from error
        finally:
            theirs.close()
        ours.setblocking(False)
        _, connection = await asyncio.get_running_loop().create_connection(RemoteConnection, sock=ours)
        await connection.opened()
        return connection

    def close(self) -> None:
        """End the process; it is killed when it does not go by itself."""
        self._control.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


# --- the lane process ------------------------------------------------------------------------------------------


def _receive(channel: socket.socket) -> bytes | None:
    header = _exactly(channel, _LENGTH.size)
    return None if header is None else _exactly(channel, _LENGTH.unpack(header)[0])


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = channel.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _send(channel: socket.socket, answer: tuple[int, int, object]) -> None:
    body = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    channel.sendall(_LENGTH.pack(len(body)) + body)


def _lane(target: BlockingTarget, channel: socket.socket) -> None:
    """One thread: connect, then operations one at a time until the engine closes the socket."""
    with channel:
        try:
            connection = target.connect_blocking()
        except (TargetError, SetupError) as error:
            _send(channel, (0, 0, error))
            return
        try:
            _send(channel, (0, 0, None))
            while (order := _receive(channel)) is not None:
                _send(channel, _stamped(connection, pickle.loads(order)))  # noqa: S301 - our own parent
        except (BrokenPipeError, ConnectionResetError):
            pass  # the engine gave this lane up after a time-out
        finally:
            connection.close()


def _stamped(connection: BlockingConnection, operation: Operation) -> tuple[int, int, object]:
    answer: object
    sent_ns = now_ns()
    try:
        answer = connection.execute(operation)
    except TargetError as error:
        answer = error
    except Exception as error:  # noqa: BLE001 - a bug in a thread must reach the engine, which ends the run
        answer = LaneBug(f"{type(error).__name__}: {error}")
    return sent_ns, now_ns(), answer


def main(control_fd: int) -> None:
    """Serve the control socket: its first message names the target, each later one brings a lane's socket."""
    control = socket.socket(fileno=control_fd)
    order = json.loads(_receive(control) or b"{}")
    options = TargetOptions(**order["options"])
    target = cast(BlockingTarget, CATALOG[order["target"]].make(options))
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            return
        Thread(target=_lane, args=(target, socket.socket(fileno=descriptors[0])), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""The HTTP of the calibration server: just enough to cut requests out of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"Content-Length: "
_TARGET = b"DynamoDB_20120810."

Take = Callable[[asyncio.Transport, bytes, bytes], None]
"""Is given each request: where to answer, DynamoDB's action, the body."""


class Wire(asyncio.Protocol):
    """One connection; requests may arrive in pieces, or several at once."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._left:
            data = self._left + data
        while (end := data.find(_END_OF_HEAD)) >= 0:
            at = data.find(_LENGTH, 0, end)
            target = data.find(_TARGET, 0, end)
            if at < 0 or target < 0:
                self._transport.abort()  # no DynamoDB client
                return
            body = end + len(_END_OF_HEAD)
            following = body + int(data[at + len(_LENGTH) : data.find(b"\r", at)])
            if len(data) < following:
                break
            action = data[target + len(_TARGET) : data.find(b"\r", target)]
            self._take(self._transport, action, data[body:following])
            data = data[following:]
        self._left = data

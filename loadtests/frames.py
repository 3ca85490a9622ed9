"""How an engine talks to its Locust process: JSON lines in; frames out, each a kind, a length and a body."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

import orjson

HEADER: Final = struct.Struct("<cI")
SAMPLES: Final = b"S"
EVENT: Final = b"J"


def event_frame(event: str, **values: Any) -> bytes:
    """A frame that says something happened."""
    body = orjson.dumps({"event": event, **values})
    return HEADER.pack(EVENT, len(body)) + body


def order_line(order: str, **values: Any) -> bytes:
    """A line that tells the engine what to do."""
    return orjson.dumps({"order": order, **values}) + b"\n"


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield each whole (kind, body) that `data` completes."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            body = bytes(memoryview(self._buffer)[HEADER.size : end])
            del self._buffer[:end]
            yield kind, body

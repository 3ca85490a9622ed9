"""The packed form of a sample: how the engine hands measurements over, and how the recorder reads them."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

OPERATION_NAMES: Final = (
    "get_user",
    "get_user_by_email",
    "get_role",
    "list_models",
    "list_chats",
    "get_chat",
    "read_messages",
    "append_message",
    "create_chat",
    "rename_chat",
    "delete_chat",
)
"""A sample's `operation` is an index into this tuple. A test holds it equal to `workloads.operations.NAMES`."""

TURN: Final = 200
"""The `operation` of a sample that stands for a whole turn; `sent` is then its first operation's ready instant."""

HEARTBEAT: Final = 201
"""The `operation` of a heartbeat of the engine's loop: due at `free`, seen at `ready`."""

STALENESS: Final = 202
"""The `operation` of an eventual read's age: what it showed was so at `free`, it was asked at `ready`."""

OUTCOMES: Final = ("ok", "timeout", "unfinished", "unavailable", "throttled", "conflict", "wrong_answer")
"""A sample's `outcome` is an index into this tuple. The first three have a latency that counts in the percentiles:
a time-out and unfinished work at the age they reached. The others failed before their time and stand apart."""

TIMED_OUTCOMES: Final = OUTCOMES[:3]

PACK: Final = struct.Struct("<BBHIqqqqqqff")
"""operation, outcome, (unused), person, due, intended, free, ready, sent, done (ns of the engine's perf_counter),
read units, write units. `due` is the intended instant of the turn: it says which phase all of the turn belongs to."""

DTYPE: Final = np.dtype(
    [
        ("operation", "u1"),
        ("outcome", "u1"),
        ("unused", "<u2"),
        ("person", "<u4"),
        ("due", "<i8"),
        ("intended", "<i8"),
        ("free", "<i8"),
        ("ready", "<i8"),
        ("sent", "<i8"),
        ("done", "<i8"),
        ("read_units", "<f4"),
        ("write_units", "<f4"),
    ]
)
"""The same 64 bytes as numpy reads them."""

assert PACK.size == DTYPE.itemsize


def unpack(blob: bytes) -> NDArray[np.void]:
    """Read packed samples; raises ValueError when `blob` does not hold a whole number of them."""
    return np.frombuffer(blob, dtype=DTYPE)

"""Every acknowledged append of a run, kept small: what is read back once the load has ended."""

from __future__ import annotations

import struct
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import BinaryIO, Final, cast
from uuid import UUID

from workloads.identity import EPOCH
from workloads.known_chat import KnownChat, Presence
from workloads.operations import ChatSummary, Message

_HEAD: Final = struct.Struct("<IIIB16s")  # person, first new position, messages, gone, chat id
_NOWHEN: Final[datetime] = EPOCH


_SPILL_BYTES: Final = 1 << 16
"""So much is kept before it is written out: small enough to be a copy into the page cache and no wait."""


class Ledger:
    """Chats that a run wrote to, packed to some 30 bytes and 8 a message; odd ones are kept as they are.

    Packed ones go to a temporary file without a name, so that the memory of a long run stays flat and a killed one
    leaves nothing behind. Where the file cannot take them (a full disk) they stay in memory.
    """

    def __init__(self) -> None:
        self._packed = bytearray()
        self._odd: list[tuple[int, KnownChat]] = []
        self._spill_at = _SPILL_BYTES
        self._file: BinaryIO | None = None

    @property
    def in_memory_bytes(self) -> int:
        """What of the packed chats is not in the file."""
        return len(self._packed)

    def add(self, person: int, chat: KnownChat) -> None:
        """Keep a chat that nobody will write to again; one that was only loaded and read is left out."""
        gone = chat.presence is Presence.GONE
        if len(chat.marks) == chat.first_new and not gone:
            return
        if chat.uncertain or chat.unsent or chat.presence is Presence.MAYBE:
            self._odd.append((person, chat))
            return
        marks = array("q") if gone else chat.marks
        self._packed += _HEAD.pack(person, chat.first_new, len(marks), gone, UUID(chat.chat_id).bytes)
        self._packed += marks.tobytes()
        if len(self._packed) >= self._spill_at:
            self._spill()

    def _spill(self) -> None:
        try:
            if self._file is None:
                self._file = cast(BinaryIO, tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 open for the whole run
            del self._packed[: self._file.write(self._packed)]
        except OSError:
            pass  # what was not written is still in memory, and tried again later
        self._spill_at = len(self._packed) + _SPILL_BYTES

    def _gather(self) -> None:
        """Bring back what was spilled, before what was not."""
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                self._packed[:0] = file.read()
            self._file = None

    def __iter__(self) -> Iterator[tuple[int, KnownChat]]:
        """Each chat and the person who wrote it; of its row only the id is kept."""
        self._gather()
        at, packed = 0, bytes(self._packed)
        while at < len(packed):
            person, first_new, count, gone, chat_id = _HEAD.unpack_from(packed, at)
            at += _HEAD.size
            chat = KnownChat(ChatSummary(str(UUID(bytes=chat_id)), "", "", _NOWHEN), array("q"))
            chat.marks.frombytes(packed[at : at + 8 * count])
            at += 8 * count
            chat.first_new = first_new
            chat.presence = Presence.GONE if gone else Presence.HERE
            yield person, chat
        yield from self._odd


@dataclass
class ReadBack:
    """What came of reading everything back: counts of chats and of messages appended in this run."""

    chats: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    not_read: int = 0  # chats that could not be read
    read_units: float = 0.0
    note: str = ""

    def judge(self, chat: KnownChat, messages: Sequence[Message]) -> None:
        """Count what one chat holds of what it must hold."""
        self.chats += 1
        positions = [message.position for message in messages]
        held = set(positions)
        self.duplicates += len(positions) - len(held)
        if chat.presence is not Presence.HERE:
            return
        new = [position for position in range(chat.first_new, len(chat.marks)) if chat.sure(position)]
        self.acknowledged += len(new)
        self.lost += sum(position not in held for position in new)

    def to_json(self) -> dict[str, float | str]:
        """The `read_back` part of an integrity report."""
        return asdict(self)

"""The data that stands in the database before the first turn: deterministic, and only what a workload needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from workloads.operations import ChatSummary, Message, Model, Role, User


class StoredRole(NamedTuple):
    """A role and the tenant it belongs to."""

    tenant_id: str
    role: Role


class StoredModel(NamedTuple):
    """A model and the tenant it belongs to."""

    tenant_id: str
    model: Model


class StoredChat(NamedTuple):
    """A chat, its owner, and how many messages it holds."""

    tenant_id: str
    user_id: str
    chat: ChatSummary
    message_count: int


class StoredMessage(NamedTuple):
    """A message and the chat it belongs to."""

    tenant_id: str
    chat_id: str
    message: Message
    at: datetime


class Dataset(Protocol):
    """What to load before a run; each iterator starts anew and yields the same rows every time."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides the rows; equal fingerprints mean equal data."""

    @property
    def will_be_written(self) -> bool:
        """Whether the workload writes, so that the loaded data must be marked dirty."""

    def roles(self) -> Iterator[StoredRole]: ...
    def models(self) -> Iterator[StoredModel]: ...
    def users(self) -> Iterator[User]: ...
    def chats(self) -> Iterator[StoredChat]: ...
    def messages(self) -> Iterator[StoredMessage]: ...

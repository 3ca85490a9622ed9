"""A target that answers at once: what the harness itself costs, and the ruler's own calibration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from targets.catalog import TargetOptions
from workloads.dataset import Dataset
from workloads.operations import (
    AppendMessage,
    ChatSummary,
    CreateChat,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    GetUserByEmail,
    ListChats,
    ListModels,
    Message,
    Model,
    Operation,
    ReadMessages,
    RenameChat,
    Reply,
    Role,
    User,
)

_ID = "00000000-0000-4000-8000-000000000000"
_USER = Reply(User(_ID, _ID, "nobody@example.com", "Nobody", _ID))
_CHAT = ChatSummary(_ID, "A chat", "a-model", datetime(2025, 1, 1, tzinfo=UTC))
_DONE = Reply(True)

_CANNED: dict[type, Reply] = {
    GetUser: _USER,
    GetUserByEmail: _USER,
    GetRole: Reply(Role(_ID, "member", "{}")),
    ListModels: Reply((Model("a-model", "a-provider"),)),
    ListChats: Reply((_CHAT,)),
    GetChat: Reply(_CHAT),
    ReadMessages: Reply((Message(0, "user", "Hello"), Message(1, "assistant", "Hello."))),
    AppendMessage: _DONE,
    CreateChat: _DONE,
    RenameChat: _DONE,
    DeleteChat: _DONE,
}


class NullConnection:
    """A lane to nothing."""

    async def execute(self, operation: Operation) -> Reply:
        """The canned answer for this kind of operation, the same whatever is asked."""
        return _CANNED[type(operation)]

    async def close(self) -> None:
        """Nothing to give back."""

    def abort(self) -> None:
        """Nothing to break off."""


class NullTarget:
    """Answers every operation at once with a plausible value of the right shape."""

    def __init__(self, options: TargetOptions) -> None:
        self._options = options

    async def prepare(self, dataset: Dataset) -> None:
        """Nothing to load."""

    async def connect(self) -> NullConnection:
        """A lane to nothing; never fails."""
        return NullConnection()

    async def describe(self) -> Mapping[str, str]:
        """What stands in a run's provenance."""
        return {"storage": "none", "answers": "canned"}

    async def drop(self) -> None:
        """Nothing was made."""

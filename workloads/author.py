"""A person at the application: what it asks of the database when they arrive, open a chat, or send a message.

The sequence is that of open-source chat applications: user and role (auth), the chat (ownership), its messages,
both messages appended; the first turn also creates the chat and titles it. Only the author of a chat writes to it,
one operation after the other, so they know every position in advance.
"""

from __future__ import annotations

from collections.abc import Callable

from workloads import text
from workloads.identity import uuid_text, write_instant
from workloads.operations import (
    AppendMessage,
    CreateChat,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    GetUserByEmail,
    ListChats,
    ListModels,
    Operation,
    ReadMessages,
    RenameChat,
)
from workloads.parameters import LAST_MESSAGES, MODELS_PER_TENANT
from workloads.population import Person


class OwnChat:
    """A chat of the author's own, and how many messages it holds; a new one exists from its first turn on."""

    __slots__ = ("chat_id", "length", "stored")

    def __init__(self, chat_id: str, length: int = 0, *, stored: bool = False) -> None:
        self.chat_id = chat_id
        self.length = length
        self.stored = stored


class Author:
    """Builds one person's operations; `random` decides texts and nothing else."""

    def __init__(self, seed: int, person: Person, random: Callable[[], float]) -> None:
        user = person.user
        self._seed = seed
        self._person = person.number
        self._tenant_id = user.tenant_id
        self._user_id = user.user_id
        self._random = random
        self._new_chats = 0
        self._writes = 0
        # Operations are frozen, so those that never change are made once.
        self._log_in = GetUserByEmail(user.tenant_id, user.email)
        self._get_user = GetUser(user.tenant_id, user.user_id)
        self._get_role = GetRole(user.tenant_id, user.role_id)
        self._list_models = ListModels(user.tenant_id)
        self._list_chats = ListChats(user.tenant_id, user.user_id)

    def arrive(self, *, logs_in: bool) -> list[Operation]:
        """The application's first page: auth, models, sidebar."""
        page: list[Operation] = [self._get_user, self._get_role, self._list_models, self._list_chats]
        return [self._log_in, *page] if logs_in else page

    def open_chat(self, chat_id: str) -> list[Operation]:
        """Show a chat, all of its messages."""
        return [self._get_user, ReadMessages(self._tenant_id, chat_id)]

    def new_chat(self) -> OwnChat:
        """A chat with an id of its own; the first turn creates it."""
        self._new_chats += 1
        return OwnChat(uuid_text(self._seed, "new chat", self._person, self._new_chats))

    def send(self, chat: OwnChat, user_bytes: int, answer_bytes: int, *, relists: bool) -> list[Operation]:
        """A message and its answer; `relists` lists the sidebar again after a follow-up."""
        if chat.length == 0:
            return self._first_turn(chat, user_bytes, answer_bytes)
        operations: list[Operation] = [
            self._get_user,
            self._get_role,
            GetChat(self._tenant_id, self._user_id, chat.chat_id),
            ReadMessages(self._tenant_id, chat.chat_id, LAST_MESSAGES),
            self._append(chat, "user", user_bytes),
            self._append(chat, "assistant", answer_bytes),
        ]
        if relists:
            operations.append(self._list_chats)
        return operations

    def rename(self, chat: OwnChat) -> list[Operation]:
        """A new title by hand, and the sidebar again."""
        return [self._title(chat), self._list_chats]

    def delete(self, chat: OwnChat) -> list[Operation]:
        """The chat and its messages gone, and the sidebar again."""
        return [DeleteChat(self._tenant_id, self._user_id, chat.chat_id), self._list_chats]

    def _first_turn(self, chat: OwnChat, user_bytes: int, answer_bytes: int) -> list[Operation]:
        return [
            self._get_user,
            self._get_role,
            self._create(chat),
            GetChat(self._tenant_id, self._user_id, chat.chat_id),
            self._append(chat, "user", user_bytes),
            self._append(chat, "assistant", answer_bytes),
            self._title(chat),
            self._list_chats,
        ]

    def _create(self, chat: OwnChat) -> CreateChat:
        self._writes += 1
        model_id = f"model-{int(self._random() * MODELS_PER_TENANT):02d}"
        at = write_instant(self._person, self._writes)
        return CreateChat(self._tenant_id, self._user_id, chat.chat_id, "New chat", model_id, at)

    def _append(self, chat: OwnChat, role: str, size_bytes: int) -> AppendMessage:
        self._writes += 1
        position = chat.length
        chat.length = position + 1
        return AppendMessage(
            self._tenant_id,
            self._user_id,
            chat.chat_id,
            position,
            role,
            text.message_text(self._random, size_bytes),
            write_instant(self._person, self._writes),
        )

    def _title(self, chat: OwnChat) -> RenameChat:
        return RenameChat(self._tenant_id, self._user_id, chat.chat_id, text.title(self._random))

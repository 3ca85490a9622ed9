"""The data a workload loads first: rows made anew by every iterator, so that nothing large stays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Literal

from workloads import text
from workloads.dataset import StoredChat, StoredMessage, StoredModel, StoredRole
from workloads.identity import number
from workloads.operations import ChatSummary, Message, User
from workloads.parameters import MODELS_PER_TENANT, TENANTS, USER_BYTES, answer_bytes
from workloads.population import Population

DATA_VERSION = 1
"""Raise it when the rows of the same parameters change."""

Contents = Literal["users", "empty chats", "everything"]
"""users: accounts alone. empty chats: accounts and one chat each without messages. everything: the application."""

_SECONDS_BETWEEN_MESSAGES = 30


@dataclass(frozen=True)
class StoredData:
    """A `Dataset` of one population."""

    population: Population
    profile: str
    chats_per_user: int
    contents: Contents
    will_be_written: bool

    @property
    def fingerprint(self) -> str:
        """16 hex digits over the parameters and the first rows, so that a change of the generator shows as well."""
        people = self.population
        digest = sha256(
            repr((DATA_VERSION, people.seed, people.users, self.chats_per_user, self.profile, self.contents)).encode()
        )
        for rows in (self.roles(), self.models(), self.users(), self.chats(), self.messages()):
            digest.update(repr(list(islice(rows, 100))).encode())
        return digest.hexdigest()[:16]

    def roles(self) -> Iterator[StoredRole]:
        """Every tenant's roles."""
        for tenant in range(TENANTS if self.contents == "everything" else 0):
            for role in self.population.roles(tenant):
                yield StoredRole(self.population.tenant_id(tenant), role)

    def models(self) -> Iterator[StoredModel]:
        """Every tenant's models."""
        for tenant in range(TENANTS if self.contents == "everything" else 0):
            for model in self.population.models():
                yield StoredModel(self.population.tenant_id(tenant), model)

    def users(self) -> Iterator[User]:
        """All users, the most active first."""
        return map(self.population.user, range(self.population.users))

    def chats(self) -> Iterator[StoredChat]:
        """All chats, user by user."""
        for user, account, chat in self._chats():
            yield StoredChat(account.tenant_id, account.user_id, self.summary(user, chat), self._count(user, chat))

    def messages(self) -> Iterator[StoredMessage]:
        """All messages, chat by chat, oldest first; a chat's last one is as old as the chat's `updated_at`."""
        if self.contents != "everything":
            return
        for user, account, chat in self._chats():
            chat_id = self.population.chat_id(user, chat)
            for message, at in self.messages_of(user, chat):
                yield StoredMessage(account.tenant_id, chat_id, message, at)

    def summary(self, user: int, chat: int) -> ChatSummary:
        """The row of one chat of a user."""
        updated_at = self.population.last_written(user, chat)
        random = self._random("title", user, chat)
        title = text.title(random.random)
        model_id = f"model-{int(random.random() * MODELS_PER_TENANT):02d}"
        return ChatSummary(self.population.chat_id(user, chat), title, model_id, updated_at)

    def messages_of(self, user: int, chat: int) -> Iterator[tuple[Message, datetime]]:
        """The messages of one chat of a user and when they were written, oldest first."""
        count = self._count(user, chat)
        random = self._random("messages", user, chat).random
        step = timedelta(seconds=_SECONDS_BETWEEN_MESSAGES)
        at = self.population.last_written(user, chat) - (count - 1) * step
        sizes = (USER_BYTES, answer_bytes())
        for position in range(count):
            is_answer = position % 2
            content = text.message_text(random, sizes[is_answer].sample(random()))
            yield Message(position, "assistant" if is_answer else "user", content), at
            at += step

    def _chats(self) -> Iterator[tuple[int, User, int]]:
        """(user, account, chat number) of every stored chat."""
        for user, account in enumerate(self.users()):
            for chat in range(self.chats_of(user)):
                yield user, account, chat

    def chats_of(self, user: int) -> int:
        """How many chats of a user are stored."""
        if self.contents == "users":
            return 0
        return 1 if self.contents == "empty chats" else self.population.chats(user)

    def _count(self, user: int, chat: int) -> int:
        return 2 * self.population.turns(user, chat) if self.contents == "everything" else 0

    def _random(self, kind: str, user: int, chat: int) -> Random:
        return Random(number(self.population.seed, kind, user, chat))

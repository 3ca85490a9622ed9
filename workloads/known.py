"""What was loaded, row by row, as a reader must find it: computed when asked for, and kept."""

from __future__ import annotations

from array import array
from functools import cached_property

from workloads.known_chat import KnownChat
from workloads.operations import Model, Role, User
from workloads.parameters import TENANTS
from workloads.stored import StoredData

_AHEAD = 1000
"""So many people more than this engine has met may be at work: other workers' people come in their own time."""


class Known:
    """The stored rows of one dataset; what it keeps is bounded by the size of the data."""

    def __init__(self, stored: StoredData) -> None:
        self._stored = stored
        self._population = stored.population
        self._users: dict[str, User] = {}
        self._chat_numbers: dict[int, dict[str, int]] = {}
        self._marks: dict[str, array[int]] = {}

    def tenant_id(self, user: int) -> str:
        """The tenant of a user."""
        return self._population.user(user).tenant_id

    def user_id(self, user: int) -> str:
        """The id of a user."""
        return self._population.user(user).user_id

    def is_user(self, found: User, wanted: str) -> bool:
        """Whether a reply is the account of this id or address, as it was loaded."""
        known = self._users.get(found.user_id)
        if known is None:
            known = self._named_by(found)
            if known is None:
                return False
            self._users[known.user_id] = known
        return known == found and wanted in (known.user_id, known.email)

    def _named_by(self, found: User) -> User | None:
        """The account whose number the reply's address holds."""
        number = found.email.partition("@")[0].removeprefix("user")
        if not (number.isascii() and number.isdecimal()) or int(number) >= self._population.users:
            return None
        return self._population.user(int(number))

    @cached_property
    def roles(self) -> dict[tuple[str, str], Role]:
        """Every role by (tenant, role)."""
        return {
            (self._population.tenant_id(tenant), role.role_id): role
            for tenant in range(TENANTS)
            for role in self._population.roles(tenant)
        }

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The models of every tenant."""
        return tuple(self._population.models())

    def chat_numbers(self, user: int) -> dict[str, int]:
        """The stored chats of a user: id to number."""
        numbers = self._chat_numbers.get(user)
        if numbers is None:
            count = self._stored.chats_of(user)
            numbers = {self._population.chat_id(user, chat): chat for chat in range(count)}
            self._chat_numbers[user] = numbers
        return numbers

    def marks(self, user: int, chat: int, chat_id: str) -> array[int]:
        """Checksums of a stored chat's messages."""
        marks = self._marks.get(chat_id)
        if marks is None:
            marks = self._marks[chat_id] = array("q", (hash(m) for m, _ in self._stored.messages_of(user, chat)))
        return marks

    def chat(self, user: int, chat: int) -> KnownChat:
        """A stored chat, for the person who alone writes to it."""
        summary = self._stored.summary(user, chat)
        return KnownChat(summary, array("q", self.marks(user, chat, summary.chat_id)))

    def wrote(self, microsecond: int, user: int) -> bool:
        """Whether the person whose number an instant of this run holds is one of this user's people."""
        if microsecond >= self._population.people_met + _AHEAD:
            return False  # nobody: there are not so many people
        return self._population.person(microsecond).user_index == user

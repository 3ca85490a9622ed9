"""Who there is before a run: tenants, roles, models, users, their stored chats, and the people behind the users.

Everything is a function of the seed and a few sizes, computed when asked for; nothing here grows with the traffic.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import NamedTuple

from workloads.distributions import ZipfRanks
from workloads.identity import EPOCH, fraction, uuid_text
from workloads.operations import Model, Role, User
from workloads.parameters import (
    CHATS_PER_USER_SIGMA,
    COLD_AGE_S,
    MAX_CHATS_PER_USER,
    MODELS_PER_TENANT,
    ROLES_PER_TENANT,
    TAIL_PERIOD,
    TAIL_TURNS,
    TENANT_SKEW,
    TENANTS,
    TURNS_PER_CHAT,
    USER_SKEW,
)

_PROVIDERS = ("amber", "birch", "cobalt", "dune")


class Person(NamedTuple):
    """Somebody at a keyboard: the account they use, and the number of the stored chat only they write to."""

    number: int
    user_index: int
    user: User
    owned_chat: int | None


class Population:
    """Everybody and everything stored, by index; user 0 is the most active."""

    def __init__(self, seed: int, users: int, chats_per_user: int, profile: str) -> None:
        self.seed = seed
        self.users = users
        self._turns = TURNS_PER_CHAT[profile]
        self._tenant_ranks = ZipfRanks(TENANTS, TENANT_SKEW)
        self._user_ranks = ZipfRanks(users, USER_SKEW)
        self._chat_counts = chats_of_users(users, chats_per_user)
        self._first_chat = [0, *accumulate(self._chat_counts)]
        self._user_of_person: list[int] = []
        self._rank_of_person: list[int] = []
        self._people_of_user: dict[int, int] = {}

    def tenant_id(self, tenant: int) -> str:
        """The id of a tenant, 0 to TENANTS - 1."""
        return uuid_text(self.seed, "tenant", tenant)

    def roles(self, tenant: int) -> list[Role]:
        """The roles of a tenant, with permissions of 0.2 to 2 KB of JSON."""
        return [
            Role(uuid_text(self.seed, "role", tenant, number), name, _permissions(name, size_bytes))
            for number, (name, _, size_bytes) in enumerate(ROLES_PER_TENANT)
        ]

    def models(self) -> list[Model]:
        """The models every tenant may choose from, by id."""
        return [
            Model(f"model-{number:02d}", _PROVIDERS[number % len(_PROVIDERS)]) for number in range(MODELS_PER_TENANT)
        ]

    def user(self, index: int) -> User:
        """The account of a user."""
        tenant = self._tenant_ranks.sample(fraction(self.seed, "user's tenant", index))
        role = self._role(fraction(self.seed, "user's role", index))
        return User(
            self.tenant_id(tenant),
            uuid_text(self.seed, "user", index),
            f"user{index}@tenant{tenant}.example",
            f"User {index}",
            uuid_text(self.seed, "role", tenant, role),
        )

    def chats(self, user: int) -> int:
        """How many chats of a user are stored; they are numbered from 0."""
        return self._chat_counts[user]

    def chat_id(self, user: int, chat: int) -> str:
        """The id of a stored chat."""
        return uuid_text(self.seed, "stored chat", user, chat)

    def chat_index(self, user: int, chat: int) -> int:
        """A stored chat's number among all stored chats."""
        return self._first_chat[user] + chat

    def turns(self, user: int, chat: int) -> int:
        """Turns of a stored chat: the profile's, but for the few chats of the tail."""
        index = self.chat_index(user, chat)
        place = index % TAIL_PERIOD
        if place in _TAIL_PLACES:
            return _TAIL_PLACES[place]
        return self._turns.sample(fraction(self.seed, "turns", index))

    def last_written(self, user: int, chat: int) -> datetime:
        """A stored chat's `updated_at`, 1 h to 180 days before `EPOCH`; never equal for two chats of a user."""
        youngest, oldest = COLD_AGE_S
        age = fraction(self.seed, "age", self.chat_index(user, chat))
        seconds = int(youngest * math.exp(age * math.log(oldest / youngest)))
        return EPOCH - timedelta(seconds=seconds, microseconds=chat)

    @property
    def people_met(self) -> int:
        """How many people have been asked for so far, one after the other from 0."""
        return len(self._user_of_person)

    def person(self, number: int) -> Person:
        """Person `number`; the r-th person of a user (from 0) owns that user's stored chat r, if there is one."""
        while len(self._user_of_person) <= number:
            self._meet_next_person()
        user = self._user_of_person[number]
        rank = self._rank_of_person[number]
        return Person(number, user, self.user(user), rank if rank < self.chats(user) else None)

    def _meet_next_person(self) -> None:
        user = self._user_ranks.sample(fraction(self.seed, "person", len(self._user_of_person)))
        rank = self._people_of_user.get(user, 0)
        self._people_of_user[user] = rank + 1
        self._user_of_person.append(user)
        self._rank_of_person.append(rank)

    def _role(self, u: float) -> int:
        shares = list(accumulate(share for _, share, _ in ROLES_PER_TENANT))
        return min(bisect_right(shares, u), len(shares) - 1)


# The first of them belong to the most active user, so that even short runs meet them.
_TAIL_PLACES = {2 * number + 1: turns for number, turns in enumerate(TAIL_TURNS)}


@lru_cache(maxsize=4)
def population(seed: int, users: int, chats_per_user: int, profile: str) -> Population:
    """The population of these sizes, shared by everything in this process that asks for it."""
    return Population(seed, users, chats_per_user, profile)


def chats_of_users(users: int, mean: int) -> list[int]:
    """Stored chats of each user, most first: quantiles of a lognormal scaled to `mean`, each at least 1 (0 if mean is).

    The counts add up to `users * mean` unless the cap of one user's list or the least of 1 forbids it.
    """
    if mean == 0:
        return [0] * users
    normal = NormalDist()
    weights = [math.exp(CHATS_PER_USER_SIGMA * normal.inv_cdf(1.0 - (i + 0.5) / users)) for i in range(users)]
    scale = users * mean / sum(weights)
    edges = [0, *(round(scale * total) for total in accumulate(weights))]
    return [min(max(end - start, 1), MAX_CHATS_PER_USER) for start, end in pairwise(edges)]


@cache
def _permissions(role: str, size_bytes: int) -> str:
    areas = ("chats", "models", "files", "prompts", "tools", "users", "billing", "settings")
    actions = ("read", "create", "update", "delete", "share", "export", "import", "audit")
    granted: dict[str, bool] = {}
    for number in range(len(areas) * len(actions)):
        if len(json.dumps(granted)) >= size_bytes - 40:
            break
        name = f"{areas[number // len(actions)]}.{actions[number % len(actions)]}.workspace"
        granted[name] = role == "admin" or number % 3 != 2
    return json.dumps({"role": role, "permissions": granted})

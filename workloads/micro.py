"""The workloads `point-read` and `append`: one operation each, for calibration and for comparing with other tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from workloads import text
from workloads.identity import number, write_instant
from workloads.operations import AppendMessage, GetUser, Turn
from workloads.oracle import Home, Oracle
from workloads.parameters import GAPS_S, MEAN_GAP_S, USER_BYTES, answer_bytes
from workloads.population import Population, population
from workloads.stored import StoredData

_PROFILE = "consumer"
_CHATS_PER_USER = 1


class PointReadWorkload:
    """One `get_user` a turn, every stored user equally often."""

    name = "point-read"
    writes = False
    mean_gap_s = MEAN_GAP_S
    operations_per_turn = 1.0
    max_people = None

    def __init__(self, stored_users: int) -> None:
        self._users = stored_users
        self._reads: dict[int, list[tuple[GetUser] | None]] = {}  # by seed: made when first asked for, then reused

    @property
    def parameters(self) -> Mapping[str, str | int | float | None]:
        """The number of users."""
        return {"stored_users": self._users}

    def turns(self, seed: int, person: int) -> Iterator[Turn]:
        """Reads of random users, unending."""
        people = _population(seed, self._users)
        reads = self._reads.setdefault(seed, [None] * self._users)
        random = Random(number(seed, "point-read", person)).random
        while True:
            index = int(random() * self._users)
            read = reads[index]
            if read is None:
                user = people.user(index)
                read = reads[index] = (GetUser(user.tenant_id, user.user_id),)
            yield Turn(read, GAPS_S[int(random() * len(GAPS_S))])

    def dataset(self, seed: int) -> StoredData:
        """Users alone."""
        return StoredData(_population(seed, self._users), _PROFILE, _CHATS_PER_USER, "users", False)

    def oracle(self, seed: int, eventual: frozenset[type]) -> Oracle:
        """Users as they were loaded."""
        return Oracle(self.dataset(seed), lambda number: Home(0, None), eventual)

    def arrivals(self) -> None:
        """No clock of its own."""
        return


class AppendWorkload:
    """One `append_message` a turn: person p writes to the one chat of user p, questions and answers in turn."""

    name = "append"
    writes = True
    mean_gap_s = MEAN_GAP_S
    operations_per_turn = 1.0

    def __init__(self, stored_users: int) -> None:
        self._users = stored_users
        text.corpus()

    @property
    def parameters(self) -> Mapping[str, str | int | float | None]:
        """The number of users, each with one chat."""
        return {"stored_users": self._users}

    @property
    def max_people(self) -> int:
        """One person a chat."""
        return self._users

    def turns(self, seed: int, person: int) -> Iterator[Turn]:
        """The messages of one chat, unending. Raises ValueError when there is no user for this person."""
        if person >= self._users:
            raise ValueError(f"append has chats for {self._users} people: raise --stored-users or start fewer")
        people = _population(seed, self._users)
        user = people.user(person)
        chat_id = people.chat_id(person, 0)
        random = Random(number(seed, "append", person)).random
        sizes = (USER_BYTES, answer_bytes())
        position = 0
        while True:
            is_answer = position % 2
            content = text.message_text(random, sizes[is_answer].sample(random()))
            role = "assistant" if is_answer else "user"
            at = write_instant(person, position + 1)
            append = AppendMessage(user.tenant_id, user.user_id, chat_id, position, role, content, at)
            yield Turn((append,), GAPS_S[int(random() * len(GAPS_S))])
            position += 1

    def dataset(self, seed: int) -> StoredData:
        """Users, and one empty chat each."""
        return StoredData(_population(seed, self._users), _PROFILE, _CHATS_PER_USER, "empty chats", True)

    def oracle(self, seed: int, eventual: frozenset[type]) -> Oracle:
        """What each person wrote to the one chat of their user."""
        return Oracle(self.dataset(seed), lambda number: Home(number, 0), eventual)

    def arrivals(self) -> None:
        """No clock of its own."""
        return


def _population(seed: int, users: int) -> Population:
    return population(seed, users, _CHATS_PER_USER, _PROFILE)

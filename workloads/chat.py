"""The workload `chat`: people who visit a chat application, read old chats, start new ones and send messages.

One visit, in arrivals (turns) of the person:

1. on average 0.6 times: an old chat is opened to be read;
2. in 30 % of visits a chat of their own is opened to be continued; in the others a new chat begins;
3. T messages are sent, T from the profile's turns per chat.

The first arrival of a visit is preceded by the application's start (user, role, models, sidebar; 10 % log in first).
The shares are those of `parameters.py`; together they give the operation mix of a code-derived table, in which
`append_message` also updates the chat's `updated_at`. Messages that build a prompt are read back as the last 50, a
chat that is opened is read in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from workloads import text
from workloads.author import Author, OwnChat
from workloads.identity import number
from workloads.operations import Operation, Turn
from workloads.oracle import Oracle, home_of
from workloads.parameters import (
    COLD_OPENS_PER_VISIT,
    DELETE_SHARE,
    GAPS_S,
    LOG_IN_SHARE,
    MANUAL_RENAME_SHARE,
    MEAN_GAP_S,
    NEW_CHAT_SHARE,
    OWN_CHATS_KEPT,
    RELIST_SHARE,
    TURNS_PER_CHAT,
    USER_BYTES,
    answer_bytes,
)
from workloads.population import Population, population
from workloads.stored import StoredData

_CONTINUED_SHARE = 1.0 - NEW_CHAT_SHARE


class ChatWorkload:
    """Visits to a chat application by `consumer` or `power` users."""

    name = "chat"
    writes = True
    mean_gap_s = MEAN_GAP_S
    max_people = None

    def __init__(self, profile: str, stored_users: int, stored_chats_per_user: int) -> None:
        self._profile = profile
        self._users = stored_users
        self._chats_per_user = stored_chats_per_user
        text.corpus()

    @property
    def parameters(self) -> Mapping[str, str | int | float | None]:
        """Profile and sizes of the stored data."""
        return {
            "chat_profile": self._profile,
            "stored_users": self._users,
            "stored_chats_per_user": self._chats_per_user,
        }

    @property
    def operations_per_turn(self) -> float:
        """Mean operations of an arrival, from the shares of a visit."""
        turns = TURNS_PER_CHAT[self._profile].mean
        start = 4 + LOG_IN_SHARE
        opens = 2 * (COLD_OPENS_PER_VISIT + _CONTINUED_SHARE)
        messages = 6 * turns + RELIST_SHARE * (turns - 1)
        first_turns = (4 - 2) * NEW_CHAT_SHARE  # create, title, sidebar, and nothing to read back
        closing = 2 * (MANUAL_RENAME_SHARE + DELETE_SHARE)
        arrivals = COLD_OPENS_PER_VISIT + _CONTINUED_SHARE + turns
        return (start + opens + messages + first_turns + closing) / arrivals

    def turns(self, seed: int, person: int) -> Iterator[Turn]:
        """One person's arrivals, unending."""
        return _Visitor(self._population(seed), person, self._profile).turns()

    def dataset(self, seed: int) -> StoredData:
        """The whole application's data."""
        return StoredData(self._population(seed), self._profile, self._chats_per_user, "everything", True)

    def oracle(self, seed: int, eventual: frozenset[type]) -> Oracle:
        """What its people know of the answers."""
        people = self._population(seed)
        return Oracle(self.dataset(seed), lambda number: home_of(people.person(number)), eventual, OWN_CHATS_KEPT)

    def arrivals(self) -> None:
        """No clock of its own."""
        return

    def _population(self, seed: int) -> Population:
        return population(seed, self._users, self._chats_per_user, self._profile)


class _Visitor:
    """One person's visits, one after the other."""

    def __init__(self, population: Population, number_of_person: int, profile: str) -> None:
        self._population = population
        self._person = population.person(number_of_person)
        self._random = Random(number(population.seed, "chat", number_of_person)).random
        self._author = Author(population.seed, self._person, self._random)
        self._turns_per_chat = TURNS_PER_CHAT[profile]
        self._answer_bytes = answer_bytes()
        self._own = self._stored_chats()

    def turns(self) -> Iterator[Turn]:
        yield from self._visit_under_way()
        while True:
            start = self._arrive()
            if self._random() < COLD_OPENS_PER_VISIT:
                yield from self._read_old_chat(start)
            yield from self._talk(start)

    def _visit_under_way(self) -> Iterator[Turn]:
        """Join a visit at the arrival a random moment falls on, so that short runs have the mix of long ones.

        Each kind of arrival is as likely as it is frequent; a message is the k-th of its chat with weight
        P(turns >= k). Without this, every person's first arrival would be the start of a visit.
        """
        turns = self._turns_per_chat
        at = self._random() * (COLD_OPENS_PER_VISIT + _CONTINUED_SHARE + turns.mean)
        start = self._arrive()
        if at < COLD_OPENS_PER_VISIT:
            yield from self._read_old_chat(start)
            yield from self._talk(start)
            return
        if self._random() < COLD_OPENS_PER_VISIT:
            start.clear()  # the start of the visit came with an old chat, before we look
        if at < COLD_OPENS_PER_VISIT + _CONTINUED_SHARE:
            yield from self._continue(start)
            return
        first = turns.under_way(self._random())
        last = turns.at_least(first, self._random())
        is_new = self._random() < NEW_CHAT_SHARE
        if (is_new and first == 1) or not self._own:
            yield from self._send_all(self._begin_chat(), 1, last - first + 1, start)
        else:
            yield from self._send_all(self._choose_own(), first, last, [])

    def _talk(self, start: list[Operation]) -> Iterator[Turn]:
        if self._random() < NEW_CHAT_SHARE:
            count = self._turns_per_chat.sample(self._random())
            yield from self._send_all(self._begin_chat(), 1, count, start)
        else:
            yield from self._continue(start)

    def _continue(self, start: list[Operation]) -> Iterator[Turn]:
        """Open a chat of one's own and go on with it; who has none yet begins one."""
        count = self._turns_per_chat.sample(self._random())
        if not self._own:
            yield from self._send_all(self._begin_chat(), 1, count, start)
            return
        chat = self._choose_own()
        yield self._turn(start + self._author.open_chat(chat.chat_id))
        yield from self._send_all(chat, 1, count, [])

    def _send_all(self, chat: OwnChat, first: int, last: int, start: list[Operation]) -> Iterator[Turn]:
        """Messages `first` to `last` of a visit, and what closes it."""
        random = self._random
        for message in range(first, last + 1):
            user_bytes = USER_BYTES.sample(random())
            answer = self._answer_bytes.sample(random())
            relists = message > 1 and random() < RELIST_SHARE
            operations = start + self._author.send(chat, user_bytes, answer, relists=relists)
            start = []
            if message == last:
                operations += self._close(chat)
            yield self._turn(operations)

    def _close(self, chat: OwnChat) -> list[Operation]:
        operations: list[Operation] = []
        if self._random() < MANUAL_RENAME_SHARE:
            operations += self._author.rename(chat)
        if self._random() < DELETE_SHARE:
            operations += self._delete_one()
        return operations

    def _delete_one(self) -> list[Operation]:
        """Delete a chat made in this run: stored ones stay, since a user's other people may be reading them."""
        made_here = [chat for chat in self._own if not chat.stored]
        if not made_here:
            return []
        chat = made_here[int(self._random() * len(made_here))]
        self._own.remove(chat)
        return self._author.delete(chat)

    def _read_old_chat(self, start: list[Operation]) -> Iterator[Turn]:
        """An arrival that opens any stored chat of the user; it takes the start of the visit with it."""
        stored = self._population.chats(self._person.user_index)
        if stored:
            chat_id = self._population.chat_id(self._person.user_index, int(self._random() * stored))
        elif self._own:
            chat_id = self._choose_own().chat_id
        else:
            return
        operations = start + self._author.open_chat(chat_id)
        start.clear()
        yield self._turn(operations)

    def _begin_chat(self) -> OwnChat:
        chat = self._author.new_chat()
        self._own.append(chat)
        if len(self._own) > OWN_CHATS_KEPT:
            del self._own[0]
        return chat

    def _choose_own(self) -> OwnChat:
        return self._own[int(self._random() * len(self._own))]

    def _stored_chats(self) -> list[OwnChat]:
        person = self._person
        if person.owned_chat is None:
            return []
        chat_id = self._population.chat_id(person.user_index, person.owned_chat)
        length = 2 * self._population.turns(person.user_index, person.owned_chat)
        return [OwnChat(chat_id, length, stored=True)]

    def _arrive(self) -> list[Operation]:
        return self._author.arrive(logs_in=self._random() < LOG_IN_SHARE)

    def _turn(self, operations: list[Operation]) -> Turn:
        return Turn(tuple(operations), GAPS_S[int(self._random() * len(GAPS_S))])

"""The workload `replay`: the requests of a trace file as turns of a chat application, at the trace's own instants.

Each request is one message and its answer, with the sizes of the trace's tokens; its text is generated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from random import Random

from workloads import text
from workloads.author import Author, OwnChat
from workloads.identity import number
from workloads.operations import Turn
from workloads.oracle import Oracle, home_of
from workloads.parameters import ANSWER_BYTES_PER_TOKEN, MAX_MESSAGE_BYTES, RELIST_SHARE, USER_BYTES_PER_TOKEN
from workloads.population import Population, population
from workloads.sessions import TraceTurn, turns_of
from workloads.stored import StoredData
from workloads.traces import read_trace
from workloads.workload import Arrival

_STORED_PROFILE = "consumer"


class ReplayWorkload:
    """A trace's turns, `speed` times as fast. Raises `TraceError` for a file that cannot be used."""

    name = "replay"
    writes = True

    def __init__(
        self, trace: str | Path, speed: float, people: int, stored_users: int, stored_chats_per_user: int
    ) -> None:
        rows = read_trace(trace)
        self._file = Path(trace).name
        self._format = rows.format
        self._speed = speed
        self._people = people
        self._users = stored_users
        self._chats_per_user = stored_chats_per_user
        self._turns = [turn._replace(at_s=turn.at_s / speed) for turn in turns_of(rows, people)]
        self._turns_of_person: dict[int, list[TraceTurn]] = {}
        for turn in self._turns:
            self._turns_of_person.setdefault(turn.person, []).append(turn)
        text.corpus()

    @property
    def parameters(self) -> Mapping[str, str | int | float | None]:
        """The trace's file name, what it was taken for, and how it was replayed."""
        return {
            "trace": self._file,
            "trace_format": self._format,
            "trace_turns": len(self._turns),
            "speed": self._speed,
            "people": self._people,
            "stored_users": self._users,
            "stored_chats_per_user": self._chats_per_user,
        }

    @property
    def mean_gap_s(self) -> float:
        """Mean gap between a person's turns in the trace, in seconds, `speed` applied; 0 when nobody has two."""
        spans = [turns[-1].at_s - turns[0].at_s for turns in self._turns_of_person.values()]
        gaps = len(self._turns) - len(spans)
        return sum(spans) / gaps if gaps else 0.0

    @property
    def operations_per_turn(self) -> float:
        """Mean operations of a turn: 8 for the first of a chat, 6 and now and then a sidebar for the others."""
        first = len({turn.chat for turn in self._turns}) / len(self._turns)
        return 8 * first + (6 + RELIST_SHARE) * (1 - first)

    @property
    def max_people(self) -> int:
        """The people the trace was dealt to."""
        return self._people

    def turns(self, seed: int, person: int) -> Iterator[Turn]:
        """The person's rows of the trace, in order; ends after the last."""
        own = self._turns_of_person.get(person, [])
        random = Random(number(seed, "replay", person)).random
        author = Author(seed, self._population(seed).person(person), random)
        chats: dict[int, OwnChat] = {}
        gaps_s = [after.at_s - before.at_s for before, after in pairwise(own)] + [0.0]
        for turn, gap_s in zip(own, gaps_s, strict=False):
            chat = chats.get(turn.chat)
            if chat is None:
                chat = chats[turn.chat] = author.new_chat()
            operations = author.send(
                chat,
                _size_bytes(turn.user_tokens, USER_BYTES_PER_TOKEN),
                _size_bytes(turn.answer_tokens, ANSWER_BYTES_PER_TOKEN),
                relists=random() < RELIST_SHARE,
            )
            yield Turn(tuple(operations), gap_s)

    def dataset(self, seed: int) -> StoredData:
        """The whole application's data."""
        return StoredData(self._population(seed), _STORED_PROFILE, self._chats_per_user, "everything", True)

    def oracle(self, seed: int, eventual: frozenset[type]) -> Oracle:
        """What its people know of the answers."""
        people = self._population(seed)
        return Oracle(self.dataset(seed), lambda number: home_of(people.person(number)), eventual)

    def arrivals(self) -> Iterator[Arrival]:
        """The trace's instants, divided by `speed`."""
        return (Arrival(turn.at_s, turn.person) for turn in self._turns)

    def _population(self, seed: int) -> Population:
        return population(seed, self._users, self._chats_per_user, _STORED_PROFILE)


def _size_bytes(tokens: int, bytes_per_token: float) -> int:
    return min(MAX_MESSAGE_BYTES, max(1, round(tokens * bytes_per_token)))

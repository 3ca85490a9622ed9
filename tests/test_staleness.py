"""What an eventual sidebar may show: how things were, with the age of the oldest write it lacks, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from tests.test_oracle import OPTIONS, SEED
from workloads.catalog import make_workload
from workloads.identity import write_instant
from workloads.known_chat import Fate
from workloads.operations import (
    AppendMessage,
    ChatSummary,
    CreateChat,
    DeleteChat,
    GetChat,
    ListChats,
    Message,
    Operation,
    RenameChat,
)
from workloads.oracle import Step

pytestmark = pytest.mark.fast

SECOND_NS = 1_000_000_000
CHAT = "00000000-0000-4000-a000-000000000001"


class Story:
    """One person's writes and lists at chosen seconds, each acknowledged at once, before an eventual sidebar."""

    def __init__(self) -> None:
        self.oracle = make_workload(replace(OPTIONS, stored_chats_per_user=0)).oracle(SEED, frozenset({ListChats}))
        self.ages_s: list[float] = []
        self.oracle.on_age = lambda person, at, age: self.ages_s.append(age / SECOND_NS)

    def _at(self, at_s: int, operation: Operation, value: Any) -> None:
        step = Step(value, Fate.DONE, at_s * SECOND_NS, at_s * SECOND_NS)
        self.oracle.check(0, (operation,), (step,))

    def create(self, at_s: int, chat_id: str = CHAT) -> ChatSummary:
        self._at(at_s, CreateChat("t", "u", chat_id, "New chat", "m", write_instant(0, at_s)), True)
        return ChatSummary(chat_id, "New chat", "m", write_instant(0, at_s))

    def append(self, at_s: int, position: int) -> None:
        self._at(at_s, AppendMessage("t", "u", CHAT, position, "user", "text", write_instant(0, at_s)), True)

    def rename(self, at_s: int, title: str) -> None:
        self._at(at_s, RenameChat("t", "u", CHAT, title), True)

    def delete(self, at_s: int) -> None:
        self._at(at_s, DeleteChat("t", "u", CHAT), True)

    def lists(self, at_s: int, *chats: ChatSummary) -> float:
        self._at(at_s, ListChats("t", "u"), chats)
        return self.ages_s[-1]


def test_the_age_of_a_row_is_that_of_the_oldest_write_it_lacks() -> None:
    story = Story()
    created = story.create(1)
    assert story.lists(2, created) == 0
    story.append(3, 0)
    story.append(5, 1)
    story.rename(6, "Named")
    assert story.lists(10, created) == 7  # since the first append
    assert story.lists(10, created._replace(updated_at=write_instant(0, 3))) == 5  # since the second
    assert story.lists(10, created._replace(updated_at=write_instant(0, 5))) == 4  # since it was named
    assert story.lists(10, created._replace(updated_at=write_instant(0, 5), title="Named")) == 0
    assert story.oracle.faults == {}


def test_the_age_of_a_missing_chat_is_that_of_its_creation_and_of_a_deleted_one_of_its_deletion() -> None:
    story = Story()
    created = story.create(1)
    story.append(4, 0)
    assert story.lists(9) == 8
    story.delete(10)
    newest = created._replace(updated_at=write_instant(0, 4))
    assert story.lists(12) == 0
    assert story.lists(12, newest) == 2
    assert story.lists(12, created) == 8  # it lacks the append, too
    assert story.oracle.faults == {}


@pytest.mark.parametrize("change", [{"title": "never"}, {"model_id": "another"}, {"updated_at": write_instant(0, 2)}])
def test_a_row_that_never_was_is_a_fault_however_eventual_the_list(change: dict[str, Any]) -> None:
    story = Story()
    created = story.create(1)
    story.append(3, 0)
    story._at(4, ListChats("t", "u"), (created._replace(**change),))
    assert story.oracle.faults == {"row": 1}


def test_an_append_of_unknown_outcome_may_land_after_its_chat_was_deleted() -> None:
    story = Story()
    story.create(1)
    append = AppendMessage("t", "u", CHAT, 0, "user", "text", write_instant(0, 2))
    story.oracle.check(0, (append,), (Step(None, Fate.UNKNOWN, SECOND_NS, SECOND_NS),))
    story.delete(3)
    (_, chat, _), (_, _, row) = story.oracle.to_read_back()
    assert isinstance(row, GetChat)
    assert chat.judge_messages([Message(0, "user", "text")], None) is None
    assert chat.judge_messages([], None) is None
    other = chat.judge_messages([Message(0, "user", "another")], None)
    assert other is not None
    assert other.check == "deleted_chat"

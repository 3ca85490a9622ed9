"""The data to load first: deterministic, sized as asked, with one writer for every chat."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise

import pytest

from workloads.catalog import WorkloadOptions, make_workload
from workloads.dataset import Dataset
from workloads.identity import EPOCH
from workloads.parameters import TAIL_TURNS
from workloads.population import Population, chats_of_users, population

pytestmark = pytest.mark.fast

SEED = 11


def _dataset(name: str = "chat", seed: int = SEED, users: int = 60, chats: int = 5) -> Dataset:
    return make_workload(WorkloadOptions(name=name, stored_users=users, stored_chats_per_user=chats)).dataset(seed)


def _rows(dataset: Dataset) -> tuple[list[object], ...]:
    tables: tuple[Iterator[object], ...] = (
        dataset.roles(),
        dataset.models(),
        dataset.users(),
        dataset.chats(),
        dataset.messages(),
    )
    return tuple(list(table) for table in tables)


def test_every_iterator_yields_the_same_rows_again() -> None:
    dataset = _dataset()
    assert _rows(dataset) == _rows(dataset) == _rows(_dataset())


def test_iterating_keeps_no_message_in_memory() -> None:
    dataset = _dataset(users=300)
    total = sum(len(row.message.content) for row in dataset.messages())
    tracemalloc.start()
    for _ in dataset.messages():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 10_000_000
    assert peak < total / 8  # one answer may have 350,000 bytes


def test_another_seed_gives_other_rows() -> None:
    assert all(ours != others for ours, others in zip(_rows(_dataset()), _rows(_dataset(seed=12)), strict=True))


def test_the_fingerprint_tells_seed_and_sizes_and_contents_apart() -> None:
    prints = [
        _dataset().fingerprint,
        _dataset(seed=12).fingerprint,
        _dataset(users=61).fingerprint,
        _dataset(chats=6).fingerprint,
        _dataset("point-read").fingerprint,
        _dataset("append").fingerprint,
        make_workload(WorkloadOptions(chat_profile="power", stored_users=60, stored_chats_per_user=5))
        .dataset(SEED)
        .fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert prints[0] == _dataset().fingerprint


def test_each_chat_holds_as_many_messages_as_it_says_in_order_from_zero() -> None:
    dataset = _dataset()
    expected = {chat.chat.chat_id: chat for chat in dataset.chats()}
    seen = 0
    for chat_id, group in groupby(dataset.messages(), key=lambda row: row.chat_id):
        rows = list(group)
        seen += 1
        assert [row.message.position for row in rows] == list(range(expected[chat_id].message_count))
        assert [row.message.role for row in rows] == ["user", "assistant"] * (len(rows) // 2)
        assert rows[-1].at == expected[chat_id].chat.updated_at < EPOCH
        assert all(earlier.at < later.at for earlier, later in pairwise(rows))
        assert {row.tenant_id for row in rows} == {expected[chat_id].tenant_id}
    assert seen == len(expected) == sum(1 for _ in dataset.chats())


def test_the_tail_of_long_chats_is_stored_whatever_the_profile() -> None:
    lengths = Counter(chat.message_count for chat in _dataset(users=20, chats=2).chats())
    assert TAIL_TURNS == (50, 100, 300)
    assert all(lengths[2 * turns] >= 1 for turns in TAIL_TURNS)
    people = population(SEED, 1000, 8, "consumer")
    long = Counter(people.turns(user, chat) for user in range(1000) for chat in range(people.chats(user)))
    assert [long[turns] for turns in (100, 300)] == [5, 5]  # of 8,130 chats; 50 turns may also be drawn


def test_no_two_chats_of_a_user_were_written_at_the_same_instant() -> None:
    instants = Counter((chat.user_id, chat.chat.updated_at) for chat in _dataset(users=40, chats=40).chats())
    assert max(instants.values()) == 1


def test_emails_are_unique_and_every_users_role_exists() -> None:
    dataset = _dataset(users=500)
    users = list(dataset.users())
    roles = {(row.tenant_id, row.role.role_id) for row in dataset.roles()}
    assert len({(user.tenant_id, user.email) for user in users}) == len({user.user_id for user in users}) == 500
    assert {(user.tenant_id, user.role_id) for user in users} <= roles


def test_twenty_tenants_have_three_roles_and_twelve_models_each() -> None:
    dataset = _dataset()
    assert set(Counter(row.tenant_id for row in dataset.roles()).values()) == {3}
    assert set(Counter(row.tenant_id for row in dataset.models()).values()) == {12}
    assert len({row.tenant_id for row in dataset.roles()}) == 20
    sizes = [len(row.role.permissions) for row in dataset.roles()]
    assert 200 <= min(sizes) < 300
    assert 1_500 < max(sizes) <= 2_048
    assert json.loads(next(iter(dataset.roles())).role.permissions)["role"] == "admin"


def test_the_largest_tenant_has_a_zipf_share_of_the_users() -> None:
    tenants = Counter(user.tenant_id for user in _dataset(users=3000).users())
    assert tenants.most_common(1)[0][1] / 3000 == pytest.approx(0.37, abs=0.04)  # 1 / sum of k ** -1.2 up to 20


def test_active_users_have_the_most_chats_and_the_mean_is_kept() -> None:
    counts = chats_of_users(1000, 37)
    assert sum(counts) == pytest.approx(37_000, rel=0.01)
    assert counts[0] > 1000 > counts[99] > counts[499] > counts[999] >= 1
    assert chats_of_users(5, 0) == [0, 0, 0, 0, 0]
    assert sum(chats_of_users(1000, 8)) == pytest.approx(8_000, rel=0.03)


def test_a_workload_loads_only_what_it_needs() -> None:
    roles, models, users, chats, messages = _rows(_dataset("point-read"))
    assert (len(roles), len(models), len(users), len(chats), len(messages)) == (0, 0, 60, 0, 0)
    roles, models, users, chats, messages = _rows(_dataset("append"))
    assert (len(roles), len(models), len(users), len(chats), len(messages)) == (0, 0, 60, 60, 0)
    assert [_dataset(name).will_be_written for name in ("point-read", "append", "chat")] == [False, True, True]


def test_who_a_person_is_does_not_depend_on_who_else_was_asked_for() -> None:
    in_order, backwards = Population(SEED, 60, 5, "consumer"), Population(SEED, 60, 5, "consumer")
    forward = [in_order.person(number) for number in range(100)]
    assert [backwards.person(number) for number in reversed(range(100))] == forward[::-1]


def test_the_rth_person_of_a_user_owns_stored_chat_r_and_no_chat_has_two_owners() -> None:
    people = Population(SEED, 60, 5, "consumer")
    owners = Counter[tuple[int, int | None]]()
    ranks = Counter[int]()
    for number in range(500):
        person = people.person(number)
        rank = ranks[person.user_index]
        ranks[person.user_index] += 1
        assert person.owned_chat == (rank if rank < people.chats(person.user_index) else None)
        owners[person.user_index, person.owned_chat] += 1
    assert max(count for (_, chat), count in owners.items() if chat is not None) == 1
    assert ranks[0] / 500 == pytest.approx(0.18, abs=0.05)  # Zipf 0.9 over 60 users

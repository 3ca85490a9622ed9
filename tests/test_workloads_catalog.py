"""Every workload by name, the two of one operation each, and the fingerprint of a stream."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from workloads.catalog import NAMES, PROFILES, WorkloadOptions, make_workload
from workloads.fingerprint import fingerprint
from workloads.operations import AppendMessage, GetUser

ROOT = Path(__file__).parent.parent
TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    f"2023-11-16 18:15:{i % 60:02d}.5,{100 + i},20\n" for i in range(60)
)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (WorkloadOptions(name="chta"), "unknown workload 'chta': did you mean 'chat'?"),
        (WorkloadOptions(name="zzz"), "there are chat, replay, point-read, append"),
        (WorkloadOptions(chat_profile="pwer"), "unknown chat profile 'pwer': did you mean 'power'?"),
        (WorkloadOptions(name="replay"), "--trace FILE"),
        (WorkloadOptions(name="replay", trace="x", speed=0.0), "--speed must be above 0"),
        (WorkloadOptions(name="replay", trace="x", speed=float("nan")), "--speed must be above 0"),
        (WorkloadOptions(stored_users=0), "--stored-users must be at least 1, not 0"),
        (WorkloadOptions(stored_chats_per_user=-1), "--stored-chats-per-user must be at least 0"),
        (WorkloadOptions(people=0), "--people must be at least 1"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(options: WorkloadOptions, message: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        make_workload(options)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.fast
def test_each_workload_is_known_by_its_name(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE)
    workloads = [make_workload(WorkloadOptions(name=name, trace=str(trace))) for name in NAMES]
    assert [workload.name for workload in workloads] == ["chat", "replay", "point-read", "append"]
    assert [workload.writes for workload in workloads] == [True, True, False, True]
    assert [workload.max_people for workload in workloads] == [None, 1000, None, 1000]
    assert [workload.arrivals() is None for workload in workloads] == [True, False, True, True]
    assert PROFILES == ("consumer", "power")


@pytest.mark.fast
def test_point_read_reads_every_user_equally_often() -> None:
    workload = make_workload(WorkloadOptions(name="point-read", stored_users=20))
    known = {user.user_id for user in workload.dataset(3).users()}
    read = Counter[str]()
    for turn in islice(workload.turns(3, 0), 20_000):
        (operation,) = turn.operations
        assert isinstance(operation, GetUser)
        read[operation.user_id] += 1
    assert set(read) == known
    assert 850 < min(read.values()) < max(read.values()) < 1150


@pytest.mark.fast
def test_append_fills_the_one_chat_of_its_user_from_position_zero() -> None:
    workload = make_workload(WorkloadOptions(name="append", stored_users=5))
    chat = list(workload.dataset(3).chats())[4]
    appends = [turn.operations[0] for turn in islice(workload.turns(3, 4), 6)]
    assert all(isinstance(append, AppendMessage) for append in appends)
    assert {(a.user_id, a.chat_id) for a in appends if isinstance(a, AppendMessage)} == {
        (chat.user_id, chat.chat.chat_id)
    }
    assert [a.position for a in appends if isinstance(a, AppendMessage)] == [0, 1, 2, 3, 4, 5]
    assert chat.message_count == 0


@pytest.mark.fast
def test_append_has_no_chat_for_a_person_beyond_its_users() -> None:
    with pytest.raises(ValueError, match="raise --stored-users"):
        next(make_workload(WorkloadOptions(name="append", stored_users=5)).turns(3, 5))


@pytest.mark.fast
def test_the_fingerprint_is_equal_for_equal_streams_and_different_for_others(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE)
    options = [
        WorkloadOptions(),
        WorkloadOptions(chat_profile="power"),
        WorkloadOptions(stored_users=999),
        WorkloadOptions(name="point-read"),
        WorkloadOptions(name="append", stored_users=30),
        WorkloadOptions(name="replay", trace=str(trace)),
        WorkloadOptions(name="replay", trace=str(trace), people=7),
    ]
    prints = [fingerprint(make_workload(each), 1) for each in options]
    assert prints == [fingerprint(make_workload(each), 1) for each in options]
    assert len({*prints, fingerprint(make_workload(options[0]), 2)}) == len(options) + 1
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in prints)


@pytest.mark.fast
def test_the_fingerprint_does_not_depend_on_streams_taken_before() -> None:
    workload = make_workload(WorkloadOptions())
    before = fingerprint(workload, 1)
    list(islice(workload.turns(1, 99), 500))
    assert fingerprint(workload, 1) == before


def test_stream_and_data_are_the_same_in_processes_with_other_hash_seeds() -> None:
    script = (
        "from workloads.catalog import *; from workloads.fingerprint import fingerprint;"
        "w = make_workload(WorkloadOptions()); print(fingerprint(w, 1), w.dataset(1).fingerprint)"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    workload = make_workload(WorkloadOptions())
    assert printed == [f"{fingerprint(workload, 1)} {workload.dataset(1).fingerprint}\n"] * 2

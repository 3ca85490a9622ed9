"""The workload `replay`: two trace formats, chats put together again, and malformed files named by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads.catalog import WorkloadOptions, make_workload
from workloads.operations import AppendMessage, CreateChat, ReadMessages, Turn
from workloads.replay import ReplayWorkload
from workloads.sessions import turns_of
from workloads.traces import Trace, TraceError, TraceRow, read_trace

pytestmark = pytest.mark.fast

AZURE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2023-11-16 18:15:46.6805900,374,44\n"
    "2023-11-16 18:15:50.9951690,396,109\n"
    "2023-11-16 18:15:51.1951690,500,10\n"
    "2023-11-16 18:16:00.6805900,90,7"
)


def _write(folder: Path, content: str | bytes) -> Path:
    path = folder / "trace.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _mooncake(*rows: tuple[int, int, int, list[int]]) -> str:
    names = ("timestamp", "input_length", "output_length", "hash_ids")
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)


def _replay(path: Path, **options: float) -> ReplayWorkload:
    workload = make_workload(WorkloadOptions(name="replay", trace=str(path), **options))  # type: ignore[arg-type]
    assert isinstance(workload, ReplayWorkload)
    return workload


def _appends(turn: Turn) -> list[AppendMessage]:
    return [operation for operation in turn.operations if isinstance(operation, AppendMessage)]


def test_an_azure_csv_is_read_to_the_tenth_of_a_microsecond_without_a_final_newline(tmp_path: Path) -> None:
    trace = read_trace(_write(tmp_path, AZURE))
    assert trace.format == "azure"
    assert [row.at_s for row in trace.rows] == pytest.approx([0.0, 4.314579, 4.514579, 14.0], abs=1e-9)
    assert [row[1:3] for row in trace.rows] == [(374, 44), (396, 109), (500, 10), (90, 7)]


def test_windows_line_ends_a_byte_order_mark_and_a_time_zone_are_accepted(tmp_path: Path) -> None:
    content = "\ufeffTIMESTAMP,ContextTokens,GeneratedTokens\r\n2024-05-10 00:00:00.009930+00:00,5,6\r\n"
    assert read_trace(_write(tmp_path, content)).rows == (TraceRow(0.0, 5, 6),)


def test_rows_out_of_order_are_sorted_by_time_and_equal_times_keep_their_order(tmp_path: Path) -> None:
    rows = [(9000, 30, 3, [0]), (6000, 10, 1, [0]), (6000, 20, 2, [0])]
    trace = read_trace(_write(tmp_path, _mooncake(*rows)))
    assert [(row.at_s, row.context_tokens) for row in trace.rows] == [(0.0, 10), (0.0, 20), (3.0, 30)]


def test_an_azure_persons_chat_goes_on_while_its_context_grows_beyond_what_was_said() -> None:
    rows = ((374, 44), (500, 10), (600, 5), (520, 9))  # 418 said after the first, 510 after the second
    trace = Trace("azure", tuple(TraceRow(float(i), *tokens) for i, tokens in enumerate(rows)))
    assert [(turn.chat, turn.user_tokens) for turn in turns_of(trace, people=1)] == [
        (0, 374),
        (0, 82),
        (0, 90),
        (1, 520),
    ]
    assert [turn.person for turn in turns_of(trace, people=3)] == [0, 1, 2, 0]


def test_a_mooncake_request_continues_the_chat_whose_full_blocks_begin_it() -> None:
    trace = Trace(
        "mooncake",
        (
            TraceRow(0.0, 1200, 100, (0, 1, 2)),  # two full blocks, 0 and 1, and a part of block 2
            TraceRow(1.0, 1250, 100, (0, 3, 4)),  # another chat: only the system prompt is shared
            TraceRow(2.0, 1700, 50, (0, 1, 5, 6)),  # goes on with the first: 1,300 said, 400 new
            TraceRow(3.0, 1800, 50, (0, 1, 5, 7)),  # and on: 1,750 said, 50 new
            TraceRow(4.0, 1700, 50, (0, 1, 5, 6)),  # the same again is not longer than what was said: a new chat
            TraceRow(5.0, 1400, 60, (0, 3, 8)),  # goes on with the second
        ),
    )
    turns = list(turns_of(trace, people=2))
    assert [turn.chat for turn in turns] == [0, 1, 0, 0, 2, 1]
    assert [turn.user_tokens for turn in turns] == [1200, 1250, 400, 50, 1700, 50]
    assert [turn.person for turn in turns] == [0, 1, 0, 0, 0, 1]


def test_short_requests_that_share_only_the_system_prompt_are_chats_of_their_own() -> None:
    rows = tuple(TraceRow(float(i), 900 + i, 10, (0, i + 1)) for i in range(4))
    assert [turn.chat for turn in turns_of(Trace("mooncake", rows), people=9)] == [0, 1, 2, 3]


def test_a_persons_stream_is_their_rows_in_order_with_the_traces_sizes_and_then_ends(tmp_path: Path) -> None:
    workload = _replay(_write(tmp_path, AZURE), people=2)
    turns = list(workload.turns(1, 0))  # rows 0 and 2: 374+44, then 500 = 82 more than the 418 tokens so far
    sizes = [[len(append.content) for append in _appends(turn)] for turn in turns]
    assert sizes == [[round(374 * 4.41), round(44 * 4.64)], [round(82 * 4.41), round(10 * 4.64)]]
    assert [[append.position for append in _appends(turn)] for turn in turns] == [[0, 1], [2, 3]]
    assert [any(isinstance(op, CreateChat) for op in turn.operations) for turn in turns] == [True, False]
    assert [op.last for op in turns[1].operations if isinstance(op, ReadMessages)] == [50]
    assert turns[0].gap_s == pytest.approx(4.514579)
    assert list(workload.turns(1, 1)) != list(workload.turns(2, 1))
    assert list(workload.turns(1, 0)) == turns
    assert list(workload.turns(1, 7)) == []


def test_speed_divides_the_instants_and_nothing_else(tmp_path: Path) -> None:
    path = _write(tmp_path, AZURE)
    once, ten = _replay(path, people=3), _replay(path, people=3, speed=10.0)
    assert [a.at_s / 10 for a in once.arrivals()] == pytest.approx([a.at_s for a in ten.arrivals()])
    assert [a.person for a in ten.arrivals()] == [0, 1, 2, 0]
    assert [t.operations for t in once.turns(1, 0)] == [t.operations for t in ten.turns(1, 0)]
    assert (once.mean_gap_s, ten.mean_gap_s) == pytest.approx((14.0, 1.4))


def test_every_arrival_has_exactly_one_turn(tmp_path: Path) -> None:
    workload = _replay(_write(tmp_path, AZURE), people=3)
    arrivals = list(workload.arrivals())
    for person in range(3):
        assert len(list(workload.turns(1, person))) == sum(a.person == person for a in arrivals)


def test_a_message_of_a_huge_context_is_cut_to_what_every_design_can_store(tmp_path: Path) -> None:
    turn = next(_replay(_write(tmp_path, _mooncake((0, 121_301, 0, [0])))).turns(1, 0))
    assert [len(append.content) for append in _appends(turn)] == [350_000, 1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (AZURE.replace("396,109", "396"), "line 3: expected time,context tokens,generated tokens"),
        (AZURE.replace("396", "3x6"), "line 3: expected"),
        (AZURE.replace("396", "-396"), "between 0 and"),
        (AZURE.replace("2023-11-16 18:15:50", "2023-13-16 18:15:50"), "line 3"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n", "no rows"),
        ("a,b\n1,2\n", "line 1: not a trace"),
        ("", "empty"),
        ("\n \n", "empty"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "not a text file"),
        (_mooncake((0, 5, 5, [0])) + "{oops}\n", "line 2: not a Mooncake request"),
        (_mooncake((0, 5, 5, [0])) + "[1]\n", "line 2: not a Mooncake request"),
        (
            _mooncake((0, 5, 5, [0])) + '\n{"timestamp": 1, "input_length": 5}\n',
            "line 3: the field 'hash_ids' is missing",
        ),
        ('{"timestamp": NaN, "input_length": 5, "output_length": 5, "hash_ids": []}', "line 1"),
        ('{"timestamp": 1, "input_length": 5.5, "output_length": 5, "hash_ids": []}', "whole number"),
        ('{"timestamp": 1, "input_length": true, "output_length": 5, "hash_ids": []}', "whole number"),
        ('{"timestamp": 1, "input_length": 5, "output_length": 5, "hash_ids": ["a"]}', "hash_ids"),
        ("{" * 100_000, "line 1"),
    ],
)
def test_a_file_that_is_no_trace_is_refused_in_one_line_that_names_the_place(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    path = _write(tmp_path, content)
    with pytest.raises(TraceError) as refused:
        _replay(path)
    message = str(refused.value)
    assert expected in message
    assert message.startswith(str(path))
    assert "\n" not in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"nowhere\.csv: cannot be read: No such file"):
        read_trace(tmp_path / "nowhere.csv")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        read_trace(tmp_path)


@settings(deadline=None)
@given(st.sampled_from(["TIMESTAMP,ContextTokens,GeneratedTokens\n", '{"timestamp": ', ""]), st.text())
def test_any_text_is_either_a_trace_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, head: str, rest: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes((head + rest).encode("utf-8", "surrogatepass"))
    try:
        assert read_trace(path).rows
    except TraceError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  (both outcomes are right)

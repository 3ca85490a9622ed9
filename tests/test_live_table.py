"""The rows of the web UI's tab: a run's own figures, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from results.live_table import COLUMNS, rows
from results.validity import Reason
from tests.test_run import second, written

pytestmark = pytest.mark.fast

LAG = Reason("lag", "lag p99 9.00 ms, above 1.00 ms", "lower the load")
BUSY = Reason("overloaded", "overloaded: the oldest turn has waited for 2 s", "lower the load")


def finished(folder: Path, outcome: str = "ok") -> dict[str, Any]:
    return written(folder, second(0), second(1, service_ms=0.25), second(2, service_ms=0.25, outcome=outcome))


def test_the_turn_comes_first_then_each_operation_with_fractions_of_a_millisecond(tmp_path: Path) -> None:
    turn, operation = rows(finished(tmp_path), "ended (planned)")
    assert [turn[key] for key in COLUMNS] == [
        "turn", "40", "0", "0.250", "–", "–", "0.250", "–", "–", "ended (planned); valid"
    ]  # fmt: skip
    assert [operation[key] for key in COLUMNS] == [
        "get_user", "40", "0", "0.250", "–", "–", "0.250", "0.250", "–", ""
    ]  # fmt: skip


def test_before_a_run_there_is_one_row() -> None:
    assert [row["what"] for row in rows(None, "start one")] == ["no run yet"]


def test_a_run_that_goes_on_is_as_valid_as_its_warnings_say(tmp_path: Path) -> None:
    running = finished(tmp_path) | {"status": "incomplete"}
    assert rows(running, "measured")[0]["note"] == "measured; valid so far"
    assert rows(running, "measured", [BUSY])[0]["note"] == "measured; valid so far"
    turn, lag, *_ = rows(running, "measured", [LAG])
    assert turn["note"] == "measured; INVALID so far"
    assert (lag["what"], lag["note"]) == ("lag", "lag p99 9.00 ms, above 1.00 ms: lower the load")


def test_a_run_that_has_ended_is_told_by_its_own_judgement_and_limits(tmp_path: Path) -> None:
    turn, errors, *_ = rows(finished(tmp_path, outcome="unavailable"), "ended (planned)", [LAG])
    assert turn["note"] == "ended (planned); valid"
    assert (errors["what"], errors["note"]) == ("errors", "50.00%, limit <= 0.1% of operations")


def test_a_row_is_plain_text_without_control_characters(tmp_path: Path) -> None:
    run = finished(tmp_path)
    run["validity"] = {"valid": False, "reasons": [{"rule": "died", "figure": "\x1b[31m<b>\n", "remedy": "x"}]}
    assert rows(run, "ended")[1]["note"] == "[31m<b> : x"
    assert all(isinstance(cell, str) for row in json.loads(json.dumps(rows(run, "ended"))) for cell in row.values())

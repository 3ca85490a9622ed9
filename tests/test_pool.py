"""Rounds put together: exactly, only when sound, and only when measured alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from results import answer
from results.folder import load
from results.pool import pool
from results.scope import scopes
from tests.run_folders import LAG, Synthetic, change, histogram, samples_of, write_run

pytestmark = pytest.mark.fast


def test_rounds_are_pooled_as_if_they_were_one_run(tmp_path: Path) -> None:
    rounds = [Synthetic(round=1, seed=1), Synthetic(round=2, seed=2, median_ms=2.0)]
    found = pool([load(write_run(tmp_path, run)) for run in rounds])
    together = histogram(np.concatenate([part for run in rounds for part in samples_of(run)["response"]["turn"]]))
    assert found.turn_response.p99 == together.get_value_at_percentile(99) / 1e6
    assert found.turn_count == together.get_total_count()
    each = [run.percentiles("turn", "response").p99 for run in found.runs]
    assert found.turn_response.p99 != pytest.approx(np.mean([p99 for p99 in each if p99 is not None]), rel=0.01)


def test_two_rounds_have_a_p99_where_one_has_too_fewsamples_of(tmp_path: Path) -> None:
    rounds = [load(write_run(tmp_path, Synthetic(rate=40.0, round=at, seed=at))) for at in (1, 2)]
    assert [run.percentiles("turn", "response").p99 for run in rounds] == [None, None]
    assert pool(rounds).turn_response.p99 is not None
    assert pool(rounds).turn_response.p999 is None


def test_an_invalid_round_is_left_out_of_the_pool_and_named(tmp_path: Path) -> None:
    good, bad = Synthetic(seed=1), Synthetic(round=2, seed=2, reasons=(LAG,))
    found = pool([load(write_run(tmp_path, run)) for run in (good, bad)])
    assert len(found.runs) == 2
    assert [run.round for run in found.used] == [1]
    assert found.turn_response.p50 == found.used[0].percentiles("turn", "response").p50
    why = "lag p99 2.31 ms, above 1.00 ms: lower the load or add --processes."
    assert answer.findings(scopes(found.runs)[0]) == [f"INVALID postgres ({found.runs[1].id}): {why}"]


def test_time_outs_count_in_the_percentiles_and_conflicts_do_not(tmp_path: Path) -> None:
    found = pool([load(write_run(tmp_path, Synthetic(timeouts=30, conflicts=7)))])
    assert found.response_of("turn").max_ns == pytest.approx(5e9, rel=0.001)
    assert found.turn_response.p99 is not None
    assert found.turn_response.p99 > 4_000
    assert found.errors_of("read_messages") == {"timeout": 30}
    assert found.errors_of("append_message") == {"conflict": 7}
    assert found.service_of("append_message").total == found.count_of("append_message") - 7


def test_runs_under_another_load_are_not_pooled_and_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    slow = load(write_run(tmp_path, Synthetic(rate=40.0)))
    fast = load(write_run(tmp_path, Synthetic(rate=80.0, round=2)))
    with pytest.raises(ValueError, match="only rounds under the same load"):
        pool([slow, fast])
    assert [scope.load for scope in scopes([slow, fast])] == ["rate 40 turns/s (poisson)", "rate 80 turns/s (poisson)"]


def test_spans_without_a_histogram_show_the_highest_round(tmp_path: Path) -> None:
    paths = [write_run(tmp_path, Synthetic(round=at, seed=at)) for at in (1, 2)]
    for path, wait_ms in zip(paths, (3.0, 8.0), strict=True):
        wait = {"p50": 0.1, "p99": wait_ms}
        change(path, lambda facts, wait=wait: facts["operations"]["get_user"].update(wait_ms=wait))  # type: ignore[misc]
    assert pool([load(path) for path in paths]).span_of("get_user", "wait").p99 == 8.0

"""The run folder: written as the run goes, readable at any moment, judged at its end."""

import csv
import json
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given
from hypothesis import strategies as st

from results.histogram import new_hdr
from results.prices import list_prices
from results.recorder import EngineSecond, Interval, Recorder
from results.run import RunWriter
from results.sample import HEARTBEAT, OUTCOMES, PACK, TURN
from results.window import End, Window

pytestmark = pytest.mark.fast

MS = 1_000_000
PLANNED = End("planned")
SECOND = 1000 * MS
FACTS: dict[str, Any] = {"target": {"name": "null"}, "workload": {"name": "point-read"}, "load": {"model": "rate"}}


def writer(folder: Path, engines: int = 1, **options: Any) -> RunWriter:
    return RunWriter(folder, FACTS, Window(0.0, 1.0, 3.0), 1_800_000_000.0, engines, **options)


def second(number: int, service_ms: float = 2.0, ops: int = 20, outcome: str = "ok", **engine: Any) -> Interval:
    """`ops` turns of one get_user each, begun evenly within the second."""
    recorder = Recorder(SECOND, 3 * SECOND)
    for index in range(ops):
        begin = number * SECOND + index * SECOND // ops
        done = begin + int(service_ms * MS)
        instants = (begin, begin, begin, begin, begin, done)
        recorder.add(PACK.pack(0, OUTCOMES.index(outcome), 0, 1, *instants, 0.5, 0.0))
        recorder.add(PACK.pack(TURN, OUTCOMES.index(outcome), 0, 1, *instants, 0.0, 0.0))
        recorder.add(PACK.pack(HEARTBEAT, 0, 0, 0, begin, begin, begin, begin + 100_000, begin, begin, 0.0, 0.0))
    return recorder.close_second(number, EngineSecond(offered={"turn": ops, "get_user": ops}, **engine))


def written(folder: Path, *intervals: Interval, end: End = PLANNED, **options: Any) -> dict[str, Any]:
    run = writer(folder, **options)
    for interval in intervals:
        run.take(0, interval)
    return run.finish(end, 3.0, 3.1)


def read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return content


def logged(path: Path) -> dict[str, HdrHistogram]:
    """Every tag of an interval log, read with the public library and added."""
    reader = HistogramLogReader(str(path), new_hdr())
    found: dict[str, HdrHistogram] = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        found.setdefault(histogram.get_tag(), new_hdr()).add(histogram)
    reader.input_file.close()
    return found


def test_a_folder_says_incomplete_until_its_end(tmp_path: Path) -> None:
    run = writer(tmp_path)
    assert read(tmp_path)["status"] == "incomplete"
    for number in range(3):
        run.take(0, second(number))
    assert read(tmp_path)["status"] == "incomplete"
    run.finish(End("planned"), 3.0, 3.1)
    assert read(tmp_path)["status"] == "complete"
    assert read(tmp_path)["validity"] == {"valid": True, "reasons": []}


def test_throughput_and_counts_are_those_of_the_measured_window(tmp_path: Path) -> None:
    run = written(tmp_path, second(0), second(1), second(2))
    assert run["totals"]["throughput_ops"] == 20.0
    assert run["turns"]["count"] == run["operations"]["get_user"]["count"] == 40
    assert run["totals"]["read_units"] == 20.0
    assert [phase["name"] for phase in run["phases"]] == ["ramp", "warmup", "measured", "drain"]


def test_the_interval_logs_open_with_the_public_library_and_say_their_unit(tmp_path: Path) -> None:
    written(tmp_path, second(0), second(1, service_ms=2.0), second(2, service_ms=7.0))
    service = logged(tmp_path / "service.hlog")
    response = logged(tmp_path / "response.hlog")
    assert service["get_user"].get_total_count() == 40  # the warm-up's 20 are not in it
    assert service["get_user"].get_value_at_percentile(50) == pytest.approx(2 * MS, rel=0.001)
    assert service["get_user"].get_max_value() == pytest.approx(7 * MS, rel=0.001)
    assert set(response) == {"get_user", "turn"}
    assert "nanoseconds" in (tmp_path / "service.hlog").read_text().splitlines()[0]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 9), st.sampled_from(OUTCOMES))))
def test_counts_are_the_same_in_run_json_in_the_intervals_and_in_the_logs(
    parts: list[tuple[int, int, int, str]],
) -> None:
    with TemporaryDirectory() as folder:
        run = RunWriter(Path(folder), FACTS, Window(0.0, 0.0, 3.0), 1_800_000_000.0, 2)
        for engine, number in product(range(2), range(3)):
            recorder = Recorder(0, 3 * SECOND)
            for _, _, ops, outcome in (part for part in parts if part[:2] == (engine, number)):
                recorder.add(b"".join(answered(number * SECOND + op, outcome) for op in range(ops)))
            run.take(engine, recorder.close_second(number, EngineSecond()))
        written = run.finish(PLANNED, 3.0, 3.1)
        rows = list(csv.DictReader((Path(folder) / "intervals.csv").read_text().splitlines()))
        sent = sum(ops for _, _, ops, _ in parts)
        failed = sum(ops for _, _, ops, outcome in parts if outcome != "ok")
        assert sum(operation["count"] for operation in written["operations"].values()) == sent
        assert sum(int(row["done"]) + int(row["failed"]) for row in rows if row["operation"] == "get_user") == sent
        assert sum(int(row["failed"]) for row in rows) == failed == written["totals"]["errors"]
        for log in ("service.hlog", "response.hlog"):
            assert sum(tag.get_total_count() for tag in logged(Path(folder) / log).values()) == sent


def answered(begin_ns: int, outcome: str) -> bytes:
    return PACK.pack(0, OUTCOMES.index(outcome), 0, 1, *[begin_ns] * 5, begin_ns + MS, 0.0, 0.0)


def test_a_failed_operation_has_a_tag_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, second(0), second(1), second(2, outcome="unavailable"))
    assert logged(tmp_path / "service.hlog")["get_user.unavailable"].get_total_count() == 20


def test_the_intervals_table_has_a_row_a_second_and_operation(tmp_path: Path) -> None:
    written(tmp_path, second(0), second(1), second(2))
    rows = list(csv.DictReader((tmp_path / "intervals.csv").read_text().splitlines()))
    assert [(row["second"], row["phase"], row["operation"], row["offered"], row["done"]) for row in rows[:2]] == [
        ("0", "warmup", "turn", "20", "20"),
        ("0", "warmup", "get_user", "20", "20"),
    ]
    assert float(rows[-1]["p50_ms"]) == pytest.approx(2.0, rel=0.001)


def test_a_second_waits_for_every_engine_and_then_holds_both(tmp_path: Path) -> None:
    run = writer(tmp_path, engines=2)
    run.take(0, second(0))
    run.take(0, second(1))
    assert len((tmp_path / "intervals.csv").read_text().splitlines()) == 1
    run.take(1, second(0))
    run.take(1, second(1))
    assert run.finish(End("planned"), 3.0, 3.1)["operations"]["get_user"]["count"] == 40


def test_an_engine_that_died_leaves_what_the_others_had(tmp_path: Path) -> None:
    run = writer(tmp_path, engines=2)
    for number in range(3):
        run.take(0, second(number))
    run.take(1, second(0))
    result = run.finish(End("engine_died", "the engine of worker 1 was killed by signal 9"), 3.0, 3.1)
    assert result["operations"]["get_user"]["count"] == 40
    assert not result["validity"]["valid"]
    assert "killed by signal 9" in result["validity"]["reasons"][0]["figure"]
    assert result["exit_code"] == 4


def test_a_failing_database_is_a_result_that_misses_the_error_limit(tmp_path: Path) -> None:
    run = written(tmp_path, second(0), second(1), second(2, outcome="unavailable"))
    assert run["validity"]["valid"]
    assert run["totals"]["errors_by_kind"] == {"unavailable": 20}
    assert (run["limits"][0]["ok"], run["exit_code"]) == (False, 1)


def test_a_run_in_which_nothing_was_completed_is_invalid(tmp_path: Path) -> None:
    run = written(tmp_path, second(0, ops=0), second(1, ops=0), second(2, ops=0))
    assert [reason["rule"] for reason in run["validity"]["reasons"]] == ["empty"]
    assert run["exit_code"] == 4


def test_an_interrupted_run_keeps_its_results_and_says_130(tmp_path: Path) -> None:
    run = written(tmp_path, second(0), second(1), end=End("interrupted", "by a signal"))
    assert (run["exit_code"], run["operations"]["get_user"]["count"]) == (130, 20)


def test_a_backlog_with_lag_in_bounds_is_overload_and_no_fault(tmp_path: Path) -> None:
    behind = [second(number, ops=10, backlog_ns=5 * SECOND) for number in range(3)]
    for interval in behind:
        interval.engine.offered["turn"] = 20
    run = written(tmp_path, *behind)
    assert run["totals"]["overloaded"]
    assert run["validity"]["valid"]


def test_cpu_over_the_window_is_that_of_the_busiest_engine(tmp_path: Path) -> None:
    run = written(
        tmp_path, *[second(number, ended_ns=number * SECOND, cpu_ns=number * 950 * MS) for number in range(3)]
    )
    assert run["totals"]["engine_cpu"] == pytest.approx(0.95)
    assert [reason["rule"] for reason in run["validity"]["reasons"]] == ["cpu"]


def test_units_are_priced_where_a_price_applies(tmp_path: Path) -> None:
    assert written(tmp_path, second(0))["totals"]["usd"] is None
    priced = written(tmp_path, second(0), second(1), prices=list_prices())
    assert priced["totals"]["usd"] == pytest.approx(20 * list_prices().usd_per_read_unit)


def test_a_percentile_with_too_few_samples_is_null(tmp_path: Path) -> None:
    run = written(tmp_path, second(0), second(1), second(2))
    response = run["turns"]["response_ms"]
    assert response["p50"] is not None
    assert response["p99"] is response["p999"] is None
    assert response["max"] == pytest.approx(np.float64(2.0), rel=0.001)

"""The arithmetic of `make bench`: what a ratio is, when a goal counts as reached, and how a side's output is read."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from benches.child import BenchError
from benches.crosscheck import Line
from benches.matches import Row, p50, throughput
from benches.peers import pgbench_log_reading, wrk_reading
from benches.proof import Proof, page, refresh_soaks
from benches.ratio import Goal, Reading, Spread, figure, ratios, spread
from benches.same_twice import findings
from benches.sides import harness_reading, locust_reading, pgbench_reading
from benches.soak import growth, lags_ms
from benches.table import line, medians
from loadtests.calibration.wire import Wire

pytestmark = pytest.mark.fast


def rounds(*ops_per_s: float, p50_ms: float | None = None) -> list[Reading]:
    return [Reading(value, p50_ms) for value in ops_per_s]


def test_a_ratio_is_taken_round_by_round_and_not_between_medians() -> None:
    # The second round ran while the machine was busy: both sides halved, and their ratio did not move.
    assert ratios(rounds(800, 400, 900), rounds(100, 50, 90), throughput) == Spread(8.0, 8.0, 10.0)


def test_rounds_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios(rounds(800, 400), rounds(100), throughput)


def test_a_p50_that_was_rounded_to_zero_gives_no_ratio() -> None:
    assert ratios(rounds(1, p50_ms=0.4), rounds(1, p50_ms=0.0), p50) is None


def test_one_round_without_its_value_leaves_no_spread() -> None:
    assert spread([1.0, None, 3.0]) is None
    assert spread([]) is None
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)


@pytest.mark.parametrize(
    ("goal", "median", "reached"),
    [
        (Goal(8.0, at_least=True), 8.0, True),
        (Goal(8.0, at_least=True), 7.99, False),
        (Goal(0.2, at_least=False), 0.2, True),
        (Goal(0.2, at_least=False), 0.21, False),
    ],
)
def test_a_goal_judges_the_median_and_its_limit_counts_as_reached(goal: Goal, median: float, reached: bool) -> None:
    assert goal.reached(Spread(median, 0.0, 99.0)) is reached


def test_a_goal_without_a_measurement_is_neither_reached_nor_missed() -> None:
    assert Goal(8.0, at_least=True).reached(None) is None


def test_a_row_whose_other_side_is_not_installed_says_so() -> None:
    row = Row("PostgreSQL: throughput", "pgbench", throughput, Goal(0.5, at_least=True))
    cells, reached = line(row, {"dbverdict": rounds(100.0)}, {"pgbench": "pgbench is not installed"})
    assert cells[2:5] == ["–", "≥ 0.5", "not measured"]
    assert cells[6] == "pgbench is not installed"
    assert reached is None


def test_a_row_without_another_side_judges_our_own_value() -> None:
    cells, reached = line(Row("ours", None, throughput, Goal(5, at_least=True)), {"dbverdict": rounds(4, 6, 7)}, {})
    assert cells[2] == "6 (4..7)"
    assert reached is True


def test_medians_keep_an_unknown_number_unknown() -> None:
    assert medians(rounds(1, 9, 5)) == Reading(5.0, None, None, None)


@pytest.mark.parametrize(("value", "text"), [(0.18675, "0.187"), (8.0, "8"), (99.94, "99.9"), (33463.4, "33,463")])
def test_figures_have_three_digits_or_thousands_separated(value: float, text: str) -> None:
    assert figure(value) == text


def test_stock_locust_is_read_from_its_own_statistics() -> None:
    entry = {
        "num_requests": 10, "num_failures": 0, "start_time": 100.0, "last_request_timestamp": 102.0,
        "response_times": {"8": 4, "9": 5, "30": 1},
    }  # fmt: skip
    assert locust_reading([entry], cpu_s=0.01) == Reading(5.0, 9.0, 1000.0)


@pytest.mark.parametrize("entries", [[], [{"num_failures": 1}]])
def test_stock_locust_with_failures_or_without_requests_is_no_reading(entries: Sequence[dict[str, float]]) -> None:
    with pytest.raises(BenchError, match="failures"):
        locust_reading(list(entries), cpu_s=1.0)


def test_pgbench_is_read_from_what_it_prints() -> None:
    out = "number of transactions actually processed: 1000\nlatency average = 0.3 ms\ntps = 500.25 (without ...)\n"
    assert pgbench_reading(out, cpu_s=0.5) == Reading(500.25, None, 500.0)
    with pytest.raises(BenchError, match="no result"):
        pgbench_reading("pgbench: error", cpu_s=0.5)


def test_wrk_is_read_from_what_it_prints() -> None:
    out = "    50%    1.25ms\n    99%    2ms\n  2000 requests in 2.00s, 1MB read\nRequests/sec:   1000.5\n"
    assert wrk_reading(out, cpu_s=0.5) == Reading(1000.5, 1.25, 250.0)
    with pytest.raises(BenchError, match="no sound result"):
        wrk_reading(out + "  Non-2xx or 3xx responses: 7\n", cpu_s=0.5)


def test_pgbench_s_log_gives_percentiles_from_the_scheduled_start() -> None:
    log = [f"0 {number} {number * 10} 0 1700000000 1 5" for number in range(1, 1001)]  # 10 µs to 10 ms
    assert pgbench_log_reading(log, 2.0) == Reading(500.0, 5.0, p99_ms=9.9)
    with pytest.raises(BenchError, match="too few"):
        pgbench_log_reading(log[:999], 2.0)


def test_the_same_thing_twice_shows_noise_alone() -> None:
    sides = (rounds(1, 1, 1, p50_ms=2.0), rounds(1, 1, 1, p50_ms=1.0))
    assert findings(sides, {"p50": p50}) == ["p50: ratio of A to A 2 (2..2); noise of one round 0 % (sd of the log)"]


def test_what_a_round_trip_leaves_is_divided_by_their_number() -> None:
    assert Line("append_message", 10, service_ms=1.0, server_ms=0.2, round_trips=4).per_trip_ms == 0.2


def test_the_proof_names_what_was_missed_and_where_it_was_made() -> None:
    table = [["what", "ratio"], ["null | CPU", "9.1"]]
    crosscheck = [Line("get_user", 1234, 0.3, 0.02, 1)]
    text = "\n".join(
        page(Proof("Some CPU", "abc1234", 6, 3.0, table, ["null: CPU/op, µs: 9.1, goal ≤ 8"], ["p50: 1"], crosscheck))
    )
    assert "revision abc1234. Some CPU." in text
    assert "- null: CPU/op, µs: 9.1, goal ≤ 8" in text
    assert "| null \\| CPU | 9.1 |" in text
    assert "| get_user | 1,234 | 0.300 | 0.020 | 1 | 0.280 |" in text


def test_a_soak_is_put_into_a_page_that_is_there_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "proof.md"
    refresh_soaks(path)
    assert not path.exists()
    path.write_text("# Proof\n\n## Soak\n\nbygone\n\n## What this does not show\n\n- much\n")
    refresh_soaks(path)
    text = path.read_text()
    assert text.startswith("# Proof\n\n## Soak\n\n")
    assert text.endswith("\n\n## What this does not show\n\n- much\n")
    assert "bygone" not in text


def test_our_side_is_read_from_run_json_and_carries_its_doubts() -> None:
    run = {
        "totals": {"throughput_ops": 2000.0, "engine_cpu": 0.5, "errors": 3},
        "turns": {"response_ms": {"p50": 0.25, "p99": 0.5}, "lag_ms": {"p99": 0.125}},
        "validity": {"reasons": [{"figure": "stall 60 ms"}]},
        "integrity": {"violations": 2},
    }
    doubts = "stall 60 ms; 3 errors; 2 wrong answers"
    assert harness_reading(run) == Reading(2000.0, 0.25, 250.0, 0.125, doubts, p99_ms=0.5)


# --- the null server -------------------------------------------------------------------------------------------


class Kept(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def requests_in(*pieces: bytes) -> tuple[list[tuple[bytes, bytes]], bool]:
    taken: list[tuple[bytes, bytes]] = []
    transport, wire = Kept(), Wire(lambda _, action, body: taken.append((action, body)))
    wire.connection_made(transport)
    for piece in pieces:
        wire.data_received(piece)
    return taken, transport.aborted


READ = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Length: 4\r\n\r\nbody"


def test_requests_may_come_in_pieces_and_several_at_once() -> None:
    assert requests_in(READ[:20], READ[20:-3], READ[-3:] + READ) == ([(b"GetItem", b"body")] * 2, False)


def test_what_is_no_dynamodb_request_is_broken_off() -> None:
    assert requests_in(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == ([], True)


# --- the soak --------------------------------------------------------------------------------------------------


def test_growth_is_the_last_quarter_over_the_second() -> None:
    assert growth([9.0, 9.0, 50.0, 50.0, 70.0, 70.0, 51.0, 51.0]) == pytest.approx(1.02)
    with pytest.raises(BenchError, match="too short"):
        growth([1.0, 2.0, 3.0])


def test_the_soak_looks_at_the_turns_of_the_measured_seconds() -> None:
    rows = [
        {"second": str(second), "phase": phase, "operation": operation, "lag_p99_ms": lag}
        for second, phase, operation, lag in [
            (1, "warmup", "turn", "9"), (2, "measured", "turn", "0.1"), (3, "measured", "turn", ""),
            (4, "measured", "turn", "0.2"), (3, "measured", "get_user", "7"), (62, "measured", "turn", "0.5"),
        ]
    ]  # fmt: skip
    assert lags_ms(rows) == [0.1, 0.2, 0.5]

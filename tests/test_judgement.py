"""Whether a run holds an SLO: kept, missed, or nothing can be said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from results.capacity.folder import EXHAUSTED, INTERRUPTED, SATURATED, SLO_MISSED, Limit
from results.capacity.judgement import Judgement, judge, step_of
from results.capacity.slo import DEFAULT_SLO, ERRORS, lowest_rate, slo_for, turns_needed, window_for
from results.folder import RunFolder, load
from results.refusal import Refusal
from results.slo import read_slos
from tests.run_folders import LAG, Synthetic, change, write_run

pytestmark = pytest.mark.fast

CPU = {"rule": "cpu", "figure": "the engine used 91% of a core, above 85%", "remedy": "lower the load"}


def run(folder: Path, **facts: Any) -> RunFolder:
    return load(write_run(folder, Synthetic(**{"rate": 100.0, **facts})))


def judged(folder: Path, **facts: Any) -> Judgement:
    return judge(run(folder, **facts), DEFAULT_SLO)


def test_a_quick_valid_run_holds(tmp_path: Path) -> None:
    assert judged(tmp_path) == Judgement(True, "")


def test_an_operation_with_too_few_samples_is_named_and_not_judged(tmp_path: Path) -> None:
    def rare(facts: dict[str, Any]) -> None:
        facts["operations"]["list_chats"]["response_ms"]["p99"] = None

    path = change(write_run(tmp_path, Synthetic(rate=100.0)), rare)
    assert judge(load(path), DEFAULT_SLO) == Judgement(True, "too few samples to judge list_chats")


def test_a_missed_limit_is_named_with_its_figure(tmp_path: Path) -> None:
    found = judged(tmp_path, median_ms=20.0)
    assert (found.holds, found.stop) == (False, SLO_MISSED)
    assert found.why.startswith("turn response p99 ")
    assert "ms, limit 200 ms; list_chats response p99 " in found.why
    assert found.why.endswith("ms, limit 50.0 ms; and 2 more")  # read_messages and append_message, not get_user


def test_a_limit_of_one_operation_is_judged_by_itself(tmp_path: Path) -> None:
    found = judge(run(tmp_path), (Limit("get_user", "response_p99_ms", 0.1), ERRORS))
    assert found.holds is False
    assert found.why.startswith("get_user response p99 ")


def test_errors_are_judged_over_all_operations(tmp_path: Path) -> None:
    found = judged(tmp_path, conflicts=15)
    assert (found.holds, found.stop) == (False, SLO_MISSED)
    assert found.why == "errors 0.24 % of operations, limit 0.1 %"


def test_a_database_that_did_not_keep_up_is_saturated_even_with_too_few_turns(tmp_path: Path) -> None:
    totals = {"offered_turns": 1_500, "backlog_s": 4.0, "throughput_turns": 40.0, "overloaded": True}
    found = judged(tmp_path, rate=40.0, totals=totals)
    assert (found.holds, found.stop) == (False, SATURATED)
    assert found.why == "40 % of the turns offered were completed, backlog 4.00 s"


def test_completing_95_of_100_turns_is_keeping_up_and_94_is_not(tmp_path: Path) -> None:
    def done(name: str, share: float) -> bool | None:
        totals = {"offered_turns": 1_500, "throughput_turns": 100 * share, "backlog_s": 1.2}
        return judged(tmp_path / name, totals=totals).holds

    assert done("enough", 0.951) is True
    assert done("behind", 0.94) is False


def test_too_few_turns_are_never_passed(tmp_path: Path) -> None:
    found = judged(tmp_path, rate=40.0)
    assert (found.holds, found.stop) == (None, EXHAUSTED)
    assert "where the limits need 1,000" in found.why


def test_an_invalid_run_holds_nothing_and_misses_nothing_by_a_little(tmp_path: Path) -> None:
    assert judged(tmp_path / "kept", reasons=(LAG,)) == Judgement(
        None, "invalid: lag p99 2.31 ms, above 1.00 ms", EXHAUSTED
    )
    assert judged(tmp_path / "missed", reasons=(LAG,), median_ms=20.0).holds is None


def far(folder: Path, *reasons: dict[str, str], **totals: Any) -> Judgement:
    totals = {"offered_turns": 3_000, "backlog_s": 5.0, "overloaded": True, **totals}
    return judged(folder, reasons=reasons, median_ms=80.0, totals=totals)


def test_a_late_harness_cannot_excuse_a_miss_by_far(tmp_path: Path) -> None:
    found = far(tmp_path, LAG)
    assert (found.holds, found.stop) == (False, SATURATED)
    assert "of the turns offered were completed" in found.why
    assert found.why.endswith("; by far, so it counts although lag p99 2.31 ms, above 1.00 ms")


def test_a_miss_by_far_is_no_miss_where_the_harness_may_have_caused_it(tmp_path: Path) -> None:
    assert far(tmp_path / "cpu", LAG, CPU).holds is None  # the load may not have been sent
    assert far(tmp_path / "stall", LAG, loop_stall_ms=9_000.0).holds is None
    assert far(tmp_path / "kept up", LAG, offered_turns=1_500, overloaded=False).holds is None


def test_an_sdk_s_process_at_its_limit_excuses_the_database_but_spoils_no_run_that_holds(tmp_path: Path) -> None:
    bound = {"generator_bound": True}
    found = judged(tmp_path / "missed", median_ms=20.0, totals=bound)
    assert (found.holds, found.stop) == (None, EXHAUSTED)
    assert "the process that runs the SDK was the limit" in found.why
    assert judged(tmp_path / "held", totals=bound).holds is True


def test_wrong_answers_are_a_miss(tmp_path: Path) -> None:
    limit = {"name": "integrity", "limit": "every answer right", "value": "1 wrong: gap 1", "ok": False}
    path = change(write_run(tmp_path, Synthetic(rate=100.0)), lambda facts: facts.update(limits=[limit]))
    assert judge(load(path), DEFAULT_SLO).why == "wrong answers: 1 wrong: gap 1"


def test_a_run_that_was_cut_short_says_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path / "a", end="interrupted") == Judgement(None, "cut short: interrupted", INTERRUPTED)
    assert judged(tmp_path / "b", end="budget").stop == INTERRUPTED
    assert judged(tmp_path / "c", complete=False) == Judgement(None, "cut short: killed", INTERRUPTED)


def test_an_engine_that_died_is_the_harness_s_fault(tmp_path: Path) -> None:
    died = {"rule": "died", "figure": "engine died: killed by signal 9", "remedy": "run again"}
    found = judged(tmp_path, end="engine_died", reasons=(died,), median_ms=80.0)
    assert found == Judgement(None, "invalid: engine died: killed by signal 9", EXHAUSTED)


def test_a_step_takes_its_figures_from_its_run(tmp_path: Path) -> None:
    found = run(tmp_path)
    step = step_of(found, "edge", 101.0, DEFAULT_SLO)
    assert (step.run, step.phase, step.rate_turns) == (found.path.name, "edge", 101.0)
    assert step.turn_p99_ms == found.percentiles("turn", "response").p99
    assert step.achieved_turns == found.total("throughput_turns")
    assert (step.valid, step.holds, step.errors) == (True, True, 0.0)


# The SLO


def slo(folder: Path, text: str, target: str = "postgres") -> tuple[Limit, ...]:
    path = folder / "dbverdict.toml"
    path.write_text(text, encoding="utf-8")
    return slo_for(target, read_slos(path, ("postgres", "dynamodb-local")))


def test_limits_of_the_file_replace_the_default_and_all_that_apply_are_held(tmp_path: Path) -> None:
    text = "[slo.turns]\nresponse_p99_ms = 300\n[slo.postgres.turns]\nresponse_p99_ms = 150\n"
    general, own = (Limit("turns", "response_p99_ms", limit) for limit in (300.0, 150.0))
    assert slo(tmp_path, text) == (general, own, ERRORS)
    assert slo(tmp_path, text, "dynamodb-local") == (general, ERRORS)


def test_another_limit_on_errors_stands_in_the_place_of_every_run_s_own(tmp_path: Path) -> None:
    assert slo(tmp_path, "[slo.turns]\nerrors_max = 0.02\n") == (Limit("turns", "errors", 0.02),)


def test_without_limits_that_apply_the_default_stands(tmp_path: Path) -> None:
    assert slo(tmp_path, "[slo.dynamodb-local.turns]\nresponse_p99_ms = 300\n") == DEFAULT_SLO
    assert [limit.text for limit in DEFAULT_SLO] == [
        "turn response p99 at most 200 ms",
        "each operation's response p99 at most 50.0 ms",
        "errors of operations at most 0.1 %",
    ]


def test_a_minimum_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"turns\.throughput is a minimum") as refused:
        slo(tmp_path, "[slo.turns]\nthroughput_min = 100\n")
    assert "\n" not in str(refused.value)


def test_a_window_holds_the_turns_that_the_limits_need() -> None:
    assert turns_needed(DEFAULT_SLO) == turns_needed((ERRORS,)) == 1_000
    assert turns_needed((Limit("turns", "response_p999_ms", 500.0),)) == 10_000
    assert turns_needed((Limit("turns", "response_p50_ms", 500.0),)) == 20
    assert lowest_rate(DEFAULT_SLO, 60.0) == pytest.approx(19.17, abs=0.01)
    assert window_for(DEFAULT_SLO, 115.0, 10.0) == 10.0
    assert window_for(DEFAULT_SLO, 57.5, 10.0) == 20.0
    assert window_for(DEFAULT_SLO, 5_000.0, 10.0) == 10.0

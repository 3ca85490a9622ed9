"""`dbverdict gate` and `baseline`: each exit code is seen to happen, and nothing is green by default."""

import json
import os
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.gates import GENEROUS, config, in_no_ci, remove_operation, said, saved
from tests.rounds import rounds
from tests.run_folders import LAG, change

__all__ = ["in_no_ci"]

pytestmark = pytest.mark.fast


def test_limits_that_hold_pass_with_0(tmp_path: Path) -> None:
    code, text = said("gate", rounds(tmp_path / "runs", 2), "--config", config(GENEROUS))
    assert code == 0
    assert text.startswith("gate passed: 2 checks")
    assert "limit at most 200 ms" in " ".join(text.split())


@pytest.mark.parametrize(
    "table",
    [
        "[slo.turns]\nresponse_p99_ms = 1\n",
        "[slo.turns]\nresponse_p50_ms_max = 0.5\n",
        "[slo.append_message]\nservice_p50_ms = 0.1\n",
        "[slo.postgres.read_messages]\nservice_p50_ms = 0.1\n",
        "[slo.turns]\nthroughput_min = 1000\n",
        "[slo.turns]\ngoodput_min = 1000\n",
    ],
)
def test_a_limit_that_is_missed_ends_with_1(tmp_path: Path, table: str) -> None:
    code, text = said("gate", rounds(tmp_path / "runs", 2), "--config", config(table))
    assert code == 1
    assert text.startswith("gate failed (1, a limit was missed): 1 of 1 checks")
    assert "MISSED" in text


def test_errors_and_consumed_capacity_have_limits_too(tmp_path: Path) -> None:
    failing = rounds(tmp_path / "failing", 2, timeouts=3)
    assert said("gate", failing, "--config", config("[slo.read_messages]\nerrors_max = 0.001\n"))[0] == 1
    assert said("gate", failing, "--config", config("[slo.read_messages]\nerrors_max = 0.5\n"))[0] == 0
    metered = rounds(tmp_path / "metered", 2, target="dynamodb-local", badge="emulator", metered=True)
    assert said("gate", metered, "--config", config("[slo.append_message]\nrcu_per_op_max = 1.4\n"))[0] == 1
    assert said("gate", metered, "--config", config("[slo.append_message]\nrcu_per_op_max = 1.6\n"))[0] == 0


def test_a_limit_of_one_target_binds_that_target_alone(tmp_path: Path) -> None:
    rounds(tmp_path / "runs", 2)
    rounds(tmp_path / "runs", 2, first_seed=20, target="dynamodb-local", badge="emulator")
    code, text = said(
        "gate", tmp_path / "runs", "--config", config("[slo.dynamodb-local.turns]\nresponse_p50_ms = 1\n")
    )
    assert code == 1
    assert "1 of 1 checks" in text


def test_a_wrong_answer_fails_the_job_whatever_the_limits_say(tmp_path: Path) -> None:
    wrong = {"name": "integrity", "limit": "every answer right", "value": "2 wrong", "ok": False}
    runs = rounds(tmp_path / "runs", 2)
    change(next(runs.iterdir()), lambda facts: facts["limits"].append(wrong))
    code, text = said("gate", runs, "--config", config(GENEROUS))
    assert code == 1
    assert "2 wrong" in " ".join(text.split())


def test_worse_than_the_baseline_ends_with_3(tmp_path: Path) -> None:
    baseline = saved(rounds(tmp_path / "main", 5))
    slow = rounds(tmp_path / "slow", 3, median_ms=0.9, first_seed=40, experiment="e2")
    code, text = said("gate", slow, "--baseline", baseline)
    assert code == 3
    assert "REGRESSION" in text
    assert "postgres is worse than postgres (baseline): turn response p99" in " ".join(text.split())
    assert said("gate", slow, "--baseline", baseline, "--config", config("[slo.turns]\nresponse_p99_ms = 1\n"))[0] == 3


def test_the_same_or_better_than_the_baseline_passes(tmp_path: Path) -> None:
    baseline = saved(rounds(tmp_path / "main", 5))
    again = rounds(tmp_path / "again", 3, first_seed=40, experiment="e2")
    code, text = said("gate", again, "--baseline", baseline)
    assert code == 0
    fast = rounds(tmp_path / "fast", 3, median_ms=0.3, first_seed=60, experiment="e3")
    code, text = said("gate", fast, "--baseline", baseline)
    assert code == 0
    assert "no regression" in text


def test_a_single_new_round_is_judged_against_the_noise_stored_in_the_baseline(tmp_path: Path) -> None:
    baseline = saved(rounds(tmp_path / "main", 5))
    slow = rounds(tmp_path / "slow", 1, median_ms=0.9, first_seed=40, experiment="e2")
    code, text = said("gate", slow, "--baseline", baseline)
    assert code == 3
    assert "1 against 5 rounds" in " ".join(text.split())


def test_invalid_runs_alone_end_with_4_and_one_valid_round_is_enough(tmp_path: Path) -> None:
    runs = rounds(tmp_path / "runs", 2, reasons=(LAG,))
    code, text = said("gate", runs, "--config", config(GENEROUS))
    assert code == 4
    assert "NO EVIDENCE" in text
    assert "lag p99 2.31 ms" in text
    rounds(runs, 1, first_seed=30, experiment="e2")
    code, text = said("gate", runs, "--config", config(GENEROUS))
    assert code == 0
    assert "left out, no evidence" in text


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[slo.turns]\nresponse_p999_ms = 9999\n", "too few"),
        ("[slo.delete_chat]\nresponse_p50_ms = 9999\n", "did not occur"),
        ("[slo.dynamodb.turns]\nresponse_p99_ms = 9999\n", "there is no run of dynamodb"),
        ("[slo.get_user]\nrcu_per_op_max = 9999\n", "does not report it"),
    ],
)
def test_what_cannot_be_judged_is_never_green(tmp_path: Path, table: str, told: str) -> None:
    code, text = said("gate", rounds(tmp_path / "runs", 2), "--config", config(table))
    assert code == 4
    assert told in " ".join(text.split())


def test_a_percentile_with_too_few_samples_in_new_rounds_is_no_evidence_against_a_baseline(tmp_path: Path) -> None:
    baseline = saved(rounds(tmp_path / "main", 3, rate=100.0))
    for path in (short := rounds(tmp_path / "short", 3, first_seed=40, rate=100.0)).iterdir():
        change(path, lambda facts: facts["turns"]["response_ms"].update(p99=None))
    assert said("gate", short, "--baseline", baseline)[0] == 4


def test_an_operation_or_a_target_that_vanished_is_loud(tmp_path: Path) -> None:
    main = rounds(tmp_path / "main", 2)
    rounds(main, 2, first_seed=20, target="memory")
    baseline = saved(main)
    only = rounds(tmp_path / "only", 2, first_seed=40)
    code, text = said("gate", only, "--baseline", baseline)
    assert code == 4
    assert "memory is in the baseline and has no run" in " ".join(text.split())
    remove_operation(next((lacking := rounds(tmp_path / "lacking", 2, first_seed=40)).iterdir()), "append_message")
    alone = saved(rounds(tmp_path / "alone", 2), "alone.json")
    code, text = said("gate", lacking, "--baseline", alone)
    assert code == 4
    assert "append_message vanished" in text


def test_a_missing_baseline_ends_with_5(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = rounds(tmp_path / "runs", 2)
    code, text = said("gate", runs, "--baseline", "nowhere.json", "--config", config(GENEROUS))
    assert code == 5
    assert "there is no baseline nowhere.json: make one with `dbverdict baseline save" in text
    assert said("baseline", "show", "nowhere.json")[0] == 5


def test_a_target_the_baseline_does_not_hold_ends_with_5(tmp_path: Path) -> None:
    baseline = saved(rounds(tmp_path / "main", 2))
    runs = rounds(tmp_path / "runs", 2, first_seed=40)
    rounds(runs, 2, first_seed=20, target="memory")
    code, text = said("gate", runs, "--baseline", baseline)
    assert code == 5
    assert "holds no rounds of memory" in " ".join(text.split())


def test_the_floor_of_an_experiment_is_judged_only_when_it_is_named(tmp_path: Path) -> None:
    runs = rounds(tmp_path / "runs", 2)
    (floor,) = set(rounds(tmp_path / "floor", 1, target="null", badge="harness", median_ms=500.0, rate=20.0).iterdir())
    change(floor, lambda facts: facts["experiment"].update(round=0))
    os.rename(floor, runs / floor.name)
    assert said("gate", runs, "--config", config(GENEROUS))[0] == 0
    named = config("[slo.null.turns]\nresponse_p50_ms = 1\n")
    assert said("gate", runs, "--config", named)[0] == 1


def test_limits_on_another_scope_leave_the_run_s_own_limit_on_errors(tmp_path: Path) -> None:
    missed = {"name": "errors", "limit": "<= 0.1% of operations", "value": "3.00%", "ok": False}
    for path in (failing := rounds(tmp_path / "failing", 2, timeouts=9)).iterdir():
        change(path, lambda facts: facts.update(limits=[missed]))
    assert said("gate", failing, "--config", config("[slo.get_user]\nerrors_max = 0.001\n"))[0] == 1
    assert said("gate", failing, "--config", config("[slo.turns]\nerrors_max = 0.5\n"))[0] == 0


def test_turns_that_were_never_issued_are_errors(tmp_path: Path) -> None:
    skipping = rounds(tmp_path / "skipping", 2, totals={"skipped": 500})
    assert said("gate", skipping, "--config", config("[slo.turns]\nerrors_max = 0.1\n"))[0] == 1


def test_rounds_that_were_planned_and_are_gone_are_no_evidence(tmp_path: Path) -> None:
    runs = rounds(tmp_path / "runs", 3)
    plan = [{"order": at, "round": at, "target": "postgres", "duration_s": 15} for at in (1, 2, 3)]
    (runs / "experiment.json").write_text(json.dumps({"format": 1, "id": "e1", "plan": plan}))
    assert said("gate", runs, "--config", config(GENEROUS))[0] == 0
    shutil.rmtree(sorted(path for path in runs.iterdir() if path.is_dir())[0])
    code, text = said("gate", runs, "--config", config(GENEROUS))
    assert code == 4
    assert "round 1 of e1 was planned and is not here" in " ".join(text.split())


def test_a_round_in_which_nothing_happened_counts_as_none_a_second(tmp_path: Path) -> None:
    for at, path in enumerate(sorted((runs := rounds(tmp_path / "runs", 2)).iterdir())):
        if at:
            remove_operation(path, "append_message")
    assert said("gate", runs, "--config", config("[slo.append_message]\nthroughput_min = 70\n"))[0] == 0
    assert said("gate", runs, "--config", config("[slo.append_message]\nthroughput_min = 100\n"))[0] == 1


def test_several_targets_share_the_confidence_and_the_primary_metric_is_the_one_asked_for(tmp_path: Path) -> None:
    main = rounds(tmp_path / "main", 3)
    rounds(main, 3, first_seed=20, target="memory")
    new = rounds(tmp_path / "new", 3, first_seed=40, experiment="e2")
    rounds(new, 3, first_seed=60, experiment="e2", target="memory")
    said("gate", new, "--baseline", saved(main), "--json", "g.json", "--primary", "turns.response_p50_ms")
    found = json.loads(Path("g.json").read_text())["comparisons"]
    assert [part["primary"]["metric"] for part in found] == ["turns.response_p50_ms"] * 2
    assert [part["primary"]["confidence"] for part in found] == [0.975, 0.975]
    code, text = said("gate", new, "--config", config(GENEROUS), "--primary", "turns.response_p50_ms")
    assert code == 2
    assert "name one with --baseline" in text


def test_evidence_that_would_not_have_shown_a_doubling_is_none(tmp_path: Path) -> None:
    main = rounds(tmp_path / "main", 2)
    quick, slow = sorted(main.iterdir())
    change(quick, lambda facts: facts["turns"]["response_ms"].update(p99=12.0, max=99.0))
    change(slow, lambda facts: facts["turns"]["response_ms"].update(p99=25.0, max=99.0))
    code, text = said("gate", rounds(tmp_path / "new", 1, first_seed=40, experiment="e2"), "--baseline", saved(main))
    assert code == 4
    assert "Not even a doubling would have been seen" in " ".join(text.split())


def test_a_dbverdict_toml_in_this_folder_is_read_unasked(tmp_path: Path) -> None:
    config(GENEROUS, "dbverdict.toml")
    assert said("gate", rounds(tmp_path / "runs", 2))[0] == 0


def test_the_outputs_tell_the_same_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    baseline = saved(rounds(tmp_path / "main", 4))
    slow = rounds(tmp_path / "slow", 3, median_ms=0.9, first_seed=40, experiment="e2")
    limits = config("[slo.turns]\nresponse_p99_ms = 1\nresponse_p999_ms = 99\nresponse_p50_ms = 99\n")
    code, text = said("gate", slow, "--baseline", baseline, "--config", limits,
                      "--junit", "j.xml", "--json", "g.json", "--markdown", "g.md")  # fmt: skip
    assert code == 4
    content = json.loads(Path("g.json").read_text())
    states = {check["name"]: check["state"] for check in content["checks"]}
    assert states == {
        "turns.response_p99_ms": "missed",
        "turns.response_p999_ms": "no evidence",
        "turns.response_p50_ms": "kept",
        "baseline turns.response_p99_ms": "regression",
    }
    assert (content["code"], content["passed"], len(content["comparisons"])) == (4, False, 1)
    suite = ElementTree.parse("j.xml").getroot()
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "2",
        "errors": "1",
    }
    assert summary.read_text() == "before\n" + Path("g.md").read_text()
    assert "gate failed (4, no valid measurement): 3 of 4 checks" in summary.read_text()
    assert text.count("::error title=dbverdict postgres") == 3


def test_a_workflow_command_cannot_be_forged_by_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    runs = rounds(tmp_path / "runs", 1, reasons=({**LAG, "figure": "x\n::error::forged"},))
    text = said("gate", runs, "--config", config(GENEROUS))[1]
    assert not [line for line in text.splitlines() if line.startswith("::error::")]


def test_a_baseline_holds_its_rounds_in_tens_of_kilobytes(tmp_path: Path) -> None:
    path = saved(rounds(tmp_path / "main", 5))
    assert path.stat().st_size < 100_000
    code, text = said("baseline", "show", path)
    assert code == 0
    assert "postgres (self-hosted), 5 rounds" in text
    assert "turn response" in text
    assert "Some CPU" in text

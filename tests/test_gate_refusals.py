"""What a gate cannot judge is told in one line and leaves nothing green."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.gates import GENEROUS, config, in_no_ci, said, saved
from tests.rounds import rounds
from tests.run_folders import LAG, change

__all__ = ["in_no_ci"]

pytestmark = pytest.mark.fast


def broken(change_it: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        content = json.loads(path.read_text())
        change_it(content)
        path.write_text(json.dumps(content))

    return apply


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.write_text(path.read_text()[:-300]), "cut short or no JSON"),
        (lambda path: path.write_text("{}"), "is no baseline"),
        (broken(lambda content: content.update(format=9)), "format 9"),
        (broken(lambda content: content["sides"][0].pop("rounds")), "was changed"),
        (broken(lambda content: content["sides"][0].update(rounds=[])), "was changed"),
        (broken(lambda content: content["sides"][0]["values"].update({"turns.errors": ["x", "y"]})), "was changed"),
        (broken(lambda content: content["sides"][0]["histograms_ns"].update({"turn.response": "AAAA"})), "was changed"),
        (broken(lambda content: content.update(sides=[])), "was changed"),
        (broken(lambda content: content["sides"].append(content["sides"][0])), "was changed"),
        (broken(lambda content: content["sides"][0]["facts"].pop("machine")), "was changed"),
        (broken(lambda content: content["sides"][0]["values"].update({"turns.errors": [-1, -1]})), "was changed"),
        (broken(lambda content: content["sides"][0].update(badge="x")), "was changed"),
        (broken(lambda content: content["sides"][0]["samples"][0].update(turns=0)), "was changed"),
    ],
)
def test_a_baseline_that_was_damaged_is_one_line(tmp_path: Path, damage: Callable[[Path], object], told: str) -> None:
    baseline = saved(rounds(tmp_path / "main", 2))
    damage(baseline)
    code, text = said("gate", rounds(tmp_path / "runs", 2, first_seed=40), "--baseline", baseline)
    assert (code, len(text.splitlines())) == (2, 1)
    assert told in text


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda facts: facts["turns"].update(errors=-5), "turns.count cannot be true"),
        (lambda facts: facts["turns"].update(errors="5"), "turns.count cannot be true"),
        (lambda facts: facts["turns"].pop("errors"), "turns.count cannot be true"),
        (lambda facts: facts["operations"]["get_user"].update(errors=10**9), "operations.get_user.count cannot be"),
        (lambda facts: facts["turns"]["response_ms"].update(p99=0.0), "turns.response_ms cannot be true"),
        (lambda facts: facts["turns"]["response_ms"].update(p99="6"), "turns.response_ms cannot be true"),
        (lambda facts: facts["totals"].update(throughput_turns=float("nan")), "cut short or no JSON"),
        (lambda facts: facts["totals"].update(throughput_turns=10**400), "totals.throughput_turns cannot be true"),
        (lambda facts: facts["totals"].update(error_rate=-0.5), "totals.error_rate cannot be true"),
        (lambda facts: facts.pop("limits"), "limits is not a list"),
        (lambda facts: facts["turns"].update(count=7), "samples of turn, run.json counts 7"),
        (lambda facts: facts.update(format=2), "format 2; this dbverdict reads 1"),
    ],
)
def test_an_edited_run_is_one_line(tmp_path: Path, edit: Callable[[dict[str, Any]], object], told: str) -> None:
    runs = rounds(tmp_path / "runs", 1)
    change(next(runs.iterdir()), edit)
    code, text = said("gate", runs, "--config", config(GENEROUS))
    assert (code, len(text.splitlines())) == (2, 1)
    assert told in text


def test_a_log_that_was_cut_at_the_end_of_a_line_is_told(tmp_path: Path) -> None:
    log = next((runs := rounds(tmp_path / "runs", 1)).iterdir()) / "response.hlog"
    log.write_text("\n".join(log.read_text().splitlines()[:-3]) + "\n")
    code, text = said("gate", runs, "--config", config(GENEROUS))
    assert code == 2
    assert "one of them was cut or changed" in text


def test_unequal_facts_are_refused_against_a_baseline(tmp_path: Path) -> None:
    baseline = saved(rounds(tmp_path / "main", 2))
    for path in (other := rounds(tmp_path / "other", 2, first_seed=40)).iterdir():
        change(path, lambda facts: facts["provenance"].update(cpu_model="Another CPU"))
    code, text = said("gate", other, "--baseline", baseline)
    assert code == 2
    assert "machine Some CPU @ 2.50GHz, 2, 7.8 against Another CPU, 2, 7.8" in text
    code, text = said("gate", other, "--baseline", baseline, "--allow-different", "machine")
    assert code == 0, text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[slo.turns]\nrespons_p99_ms = 10\n", "did you mean response_p99_ms?"),
        ("[slo.append_mesage]\nservice_p99_ms = 10\n", "did you mean append_message?"),
        ("[slo.postgres.append_mesage]\nservice_p99_ms = 10\n", "did you mean append_message?"),
        ("[slo.turns]\nservice_p99_ms = 10\n", "unknown limit 'service_p99_ms'"),
        ("[slo.turns]\nthroughput_max = 10\n", "did you mean throughput_min?"),
        ('[slo.turns]\nresponse_p99_ms = "10"\n', "must be a number"),
        ("[slo.turns]\nresponse_p99_ms = -1\n", "0 or more"),
        (f"[slo.turns]\nresponse_p99_ms = 1{'0' * 400}\n", "must be a number"),
        ("[slo.turns]\nerrors_max = 5\n", "is a fraction of all calls"),
        ("[slo]\nturns = 10\n", "slo.turns must be a table"),
        ("[sol.turns]\nresponse_p99_ms = 10\n", "did you mean slo?"),
        ("[slo.turns\n", "is no TOML"),
        ("", "there is nothing to judge by"),
    ],
)
def test_limits_that_cannot_be_read_are_one_line(tmp_path: Path, text: str, told: str) -> None:
    code, line = said("gate", rounds(tmp_path / "runs", 1), "--config", config(text))
    assert (code, len(line.splitlines())) == (2, 1)
    assert told in line


def test_a_run_that_is_found_twice_is_one_line(tmp_path: Path) -> None:
    runs = rounds(tmp_path / "runs", 2)
    copied = next(runs.iterdir())
    shutil.copytree(copied, runs / "a-copy")
    for command in (["gate", runs, "--config", config(GENEROUS)], ["baseline", "save", runs], ["report", runs]):
        code, text = said(*command)
        assert (code, len(text.splitlines())) == (2, 1)
        assert f"the run {copied.name} is found twice" in text


def test_no_runs_and_no_config_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, text = said("gate", "empty", "--config", config(GENEROUS))
    assert code == 2
    assert "empty holds no run" in text
    assert "cannot read nowhere.toml" in said("gate", rounds(tmp_path / "runs", 1), "--config", "nowhere.toml")[1]
    assert "cannot write" in said("gate", tmp_path / "runs", "--config", config(GENEROUS), "--junit", "no/where.xml")[1]


def test_runs_that_made_the_baseline_are_not_held_against_it(tmp_path: Path) -> None:
    main = rounds(tmp_path / "main", 3)
    code, text = said("gate", main, "--baseline", saved(main))
    assert code == 2
    assert "is part of the baseline itself" in text


def test_a_baseline_of_one_round_is_refused(tmp_path: Path) -> None:
    runs = rounds(tmp_path / "runs", 1)
    rounds(runs, 1, first_seed=30, experiment="e2", reasons=(LAG,))
    code, text = said("baseline", "save", runs, "--out", "b.json")
    assert code == 2
    assert "postgres has 1 valid rounds" in text
    assert not list(Path().glob("b.json*"))


def test_a_refused_gate_leaves_no_green_output_of_an_earlier_job(tmp_path: Path) -> None:
    runs = rounds(tmp_path / "runs", 2)
    assert said("gate", runs, "--config", config(GENEROUS), "--junit", "j.xml")[0] == 0
    assert ElementTree.parse("j.xml").getroot().get("errors") == "0"
    for arguments in (["--config", config("[slo.turns]\nx = 1\n")], ["--baseline", "gone.json"]):
        assert said("gate", runs, *arguments, "--junit", "j.xml")[0] in (2, 5)
        assert ElementTree.parse("j.xml").getroot().get("errors") == "1"

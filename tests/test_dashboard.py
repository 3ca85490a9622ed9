"""The dashboard as files: the same data for people and for programs, nothing from a run folder taken for code."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy import stats

import cli
from benches.dashboard_size import LIMIT_BYTES, first_view_bytes
from results.dashboard.command import limits, perform
from results.dashboard.row import COLUMNS, METRICS
from results.dashboard.script import file_name, script
from results.dashboard.site import Site, quantiles, write_site
from results.folder import RunFormatError, load
from results.metric import TURNS, samples_of, values_of
from results.refusal import Refusal
from tests.many_runs import write_capacity, write_many
from tests.run_folders import LAG, Synthetic, change, cut, write_experiment, write_run

pytestmark = pytest.mark.fast

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028'\"&"


def build(runs: Path, out: Path) -> Site:
    return write_site([runs], out, (), lambda done, total: None)


def read_script(path: Path) -> Any:
    """What a data file hands to the page."""
    text = path.read_text(encoding="ascii")
    assert text.startswith("dbverdict.take(")
    assert text.endswith(");\n")
    _, content = json.loads(f"[{text[len('dbverdict.take(') : -3]}]")
    return content


def columns_of(content: list[dict[str, Any]], rows: int) -> dict[str, list[Any]]:
    found = {}
    for column in content:
        if "texts" in column:
            found[column["name"]] = [column["texts"][at] for at in column["at"]]
        else:
            found[column["name"]] = column["numbers"] or [None] * rows
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dashboard of an experiment, a capacity search and a run that was killed."""
    folder = tmp_path_factory.mktemp("dashboard")
    write_experiment(folder / "runs" / "experiment")
    write_capacity(folder / "runs", "postgres", "self-hosted", 180.0, 200.0)
    killed = write_run(folder / "runs", Synthetic("killed", round=5, complete=False, seed=9))
    change(killed, lambda facts: facts.update(experiment=None))
    build(folder / "runs", folder / "site")
    return folder / "site"


def table(site: Path) -> pd.DataFrame:
    """The CSV file as the page says it is to be read."""
    return pd.read_csv(site / "data" / "runs.csv", keep_default_na=False, na_values=[""])


def test_the_csv_file_and_the_scripts_hold_the_same(site: Path) -> None:
    index = read_script(site / "data" / "runs.js")
    count = len(index["columns"][0]["at"])
    shown = columns_of(index["columns"], count)
    for scope, names in METRICS.items():
        if scope != TURNS:
            found = columns_of(read_script(site / "data" / "metrics" / f"{scope}.js"), count)
            assert list(found) == list(names)
            shown.update(found)
    with (site / "data" / "runs.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(COLUMNS) == list(shown)
    assert len(rows) == count == 11
    for at, row in enumerate(rows):
        for name, cell in zip(header, row, strict=True):
            value = shown[name][at]
            assert cell == value if isinstance(value, str) else cell == "" if value is None else float(cell) == value


def test_every_metric_of_a_run_is_what_the_reports_say(site: Path) -> None:
    runs = site.parent / "runs" / "experiment"
    found = table(site).set_index("id")
    for path in runs.glob("*/run.json"):
        run = load(path.parent)
        row = found.loc[run.id]
        assert {key: row[key] for key in values_of(run)} == pytest.approx(values_of(run), rel=1e-12)
        assert row[f"{TURNS}.samples"] == samples_of(run)[TURNS]


def test_pandas_reads_a_target_named_null_as_a_word(site: Path) -> None:
    assert sorted(set(table(site)["target"])) == [
        "dynamodb-local",
        "dynamodb-local-boto3",
        "killed",
        "null",
        "postgres",
    ]
    assert set(table(site)["state"]) == {"valid", "invalid", "incomplete"}


def test_the_answer_of_an_experiment_comes_first_and_ranks_no_emulator(site: Path) -> None:
    (experiment,) = read_script(site / "data" / "runs.js")["experiments"]  # a capacity search is none
    assert len(experiment["answers"]) == 2
    for answer in experiment["answers"]:
        assert (answer["verdict"] == "not ranked") == ("postgres" in (answer["a"], answer["b"]))
    assert [group["kind"] for group in experiment["scopes"][0]["groups"]] == ["database", "emulator", "harness"]


def test_steps_of_a_capacity_search_are_known_as_such(site: Path) -> None:
    steps = table(site).dropna(subset="capacity")
    assert len(steps) == 2
    (search,) = read_script(site / "data" / "capacity.js")
    assert set(steps["capacity"]) == {search["id"]}
    rows = pd.read_csv(site / "data" / "capacity.csv", keep_default_na=False, na_values=[""])
    assert list(rows["rate_turns"]) == [step["rate_turns"] for step in search["steps"]]
    assert list(rows["holds"]) == [step["holds"] for step in search["steps"]]
    assert (rows["low_turns"][0], rows["high_turns"][0]) == (180, 200)
    assert [limit["text"] for limit in search["slo"]] == [
        "turn response p99 at most 200 ms",
        "errors of operations at most 0.1 %",
    ]


@pytest.mark.parametrize("below", ["", "runs", "runs/capacity", "runs/capacity/step"])
def test_a_search_is_found_from_above_by_its_name_and_from_a_step(tmp_path: Path, below: str) -> None:
    folder = write_capacity(tmp_path / "runs", "postgres", "self-hosted", 180.0, 200.0)
    step = next(folder.glob("*/run.json")).parent
    named = {"": tmp_path, "runs": tmp_path / "runs", "runs/capacity": folder, "runs/capacity/step": step}[below]
    found = build(named, tmp_path / "site")
    assert (found.runs, found.searches) == (2, 1)
    assert set(table(tmp_path / "site")["capacity"]) == {folder.name}


def test_t_quantiles_are_scipy_s_for_as_many_rounds_as_there_are() -> None:
    found = quantiles(40)
    assert found["t"] == pytest.approx([stats.t.ppf(0.975, freedom) for freedom in range(1, 41)])


def test_nothing_of_a_run_folder_is_taken_for_markup(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs", Synthetic())

    def spoil(facts: dict[str, Any]) -> None:
        facts["id"] = facts["target"]["name"] = facts["experiment"]["id"] = facts["workload"]["name"] = HOSTILE
        facts["target"]["server"] = {HOSTILE: HOSTILE}

    change(run, spoil)
    build(tmp_path / "runs", tmp_path / "site")
    scripts = [*(tmp_path / "site" / "data").rglob("*.js")]
    assert len(scripts) == 15
    for path in scripts:
        assert b"<" not in path.read_bytes()
        read_script(path)
    (name,) = (path.name for path in (tmp_path / "site" / "data" / "runs").iterdir())
    assert re.fullmatch(r"run_[0-9a-f]{32}\.js", name)


@pytest.mark.parametrize("run_id", ["../../../etc/passwd", "a/b", "con:aux", ".hidden", "", "ü", "x" * 300, "\ud800"])
def test_an_id_that_is_no_plain_word_gives_a_file_a_name_of_our_own(run_id: str) -> None:
    assert re.fullmatch(r"run_[0-9a-f]{32}", file_name(run_id))


def test_an_id_as_dbverdict_makes_them_is_the_name_of_its_file() -> None:
    assert file_name("20261124T201838Z_chat_postgres_9c2eb2") == "20261124T201838Z_chat_postgres_9c2eb2"


def test_a_number_that_json_cannot_say_becomes_null() -> None:
    assert script("x", {"a": [float("inf"), 1.5]}) == 'dbverdict.take("x",{"a":[null,1.5]});\n'


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: (path / "run.json").write_text('{"format"'), "cut short or no JSON"),
        (lambda path: cut(path / "response.hlog", 9), "is cut short"),
        (lambda path: (path / "intervals.csv").unlink(), "cannot be read"),
        (lambda path: change(path, lambda facts: facts["workload"].pop("fingerprint")), "fingerprint is not a text"),
        (lambda path: change(path, lambda facts: facts["load"].update(users=float("inf"))), "no number"),
        (lambda path: change(path, lambda facts: facts["provenance"].update(packages=3)), ""),
    ],
)
def test_a_run_that_cannot_be_read_is_named_and_the_older_dashboard_stays(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    path = write_run(tmp_path / "runs", Synthetic())
    build(tmp_path / "runs", tmp_path / "site")
    before = (tmp_path / "site" / "data" / "runs.csv").read_bytes()
    spoil(path)
    if not message:
        build(tmp_path / "runs", tmp_path / "site")
        return
    with pytest.raises(Refusal, match=message) as told:
        build(tmp_path / "runs", tmp_path / "site")
    assert path.name in str(told.value)
    assert "\n" not in str(told.value)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["runs", "site"]
    assert (tmp_path / "site" / "data" / "runs.csv").read_bytes() == before


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(RunFormatError, match="holds no run"):
        build(tmp_path / "runs", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_two_runs_with_one_id_are_refused_with_both_folders(tmp_path: Path) -> None:
    first, second = (write_run(tmp_path / "runs" / part, Synthetic()) for part in ("a", "b"))
    with pytest.raises(RunFormatError, match="the same id") as told:
        build(tmp_path / "runs", tmp_path / "site")
    assert str(first) in str(told.value)
    assert str(second) in str(told.value)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["runs"]


def test_a_folder_that_is_no_dashboard_is_never_touched(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", Synthetic())
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("ten years")
    with pytest.raises(Refusal, match="something else than a dashboard"):
        build(tmp_path / "runs", tmp_path / "site")
    with pytest.raises(Refusal, match="something else than a dashboard"):
        build(tmp_path / "runs", tmp_path / "runs")
    assert (tmp_path / "site" / "thesis.txt").read_text() == "ten years"


def test_an_older_dashboard_is_replaced_whole_but_not_with_a_stranger_s_file_in_it(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", Synthetic())
    build(tmp_path / "runs", tmp_path / "site")
    write_run(tmp_path / "runs", Synthetic(round=2))
    assert build(tmp_path / "runs", tmp_path / "site").runs == 2
    assert len(table(tmp_path / "site")) == 2
    (tmp_path / "site" / "CNAME").write_text("results.example")
    with pytest.raises(Refusal, match="CNAME"):
        build(tmp_path / "runs", tmp_path / "site")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["runs", "site"]


def test_a_capacity_file_that_was_cut_is_named(tmp_path: Path) -> None:
    folder = write_capacity(tmp_path / "runs", "postgres", "self-hosted", 180.0, 200.0)
    cut(folder / "capacity.json", 40)
    with pytest.raises(Refusal, match=re.escape(str(folder / "capacity.json"))):
        build(tmp_path / "runs", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_limit_of_the_configuration_is_drawn_and_an_unknown_one_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "runs", Synthetic())
    config = tmp_path / "dbverdict.toml"
    config.write_text("[slo.turns]\nresponse_p99_ms = 12\n[slo.postgres.get_user]\nthroughput_min = 3\n")
    perform([tmp_path / "runs"], tmp_path / "site", config, ("postgres",))
    assert capsys.readouterr().out.splitlines()[-1] == f"dashboard: {tmp_path / 'site' / 'index.html'}"
    slos = read_script(tmp_path / "site" / "data" / "runs.js")["slos"]
    assert [(slo["metric"], slo["limit"], slo["target"]) for slo in slos] == [
        ("turns.response_p99_ms", 12.0, None),
        ("get_user.throughput", 3.0, "postgres"),
    ]
    config.write_text("[slo.turns]\nrespons_p99_ms = 12\n")
    with pytest.raises(Refusal, match="did you mean response_p99_ms"):
        limits(config, ("postgres",))


def test_an_invalid_run_is_marked_with_its_reason(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", Synthetic(reasons=(LAG,)))
    build(tmp_path / "runs", tmp_path / "site")
    (row,) = table(tmp_path / "site").to_dict("records")
    assert (row["state"], row["why"]) == ("invalid", f"{LAG['figure']}: {LAG['remedy']}")


def test_the_first_view_of_a_thousand_runs_stays_small(tmp_path: Path) -> None:
    """The index grows with the runs alone: what 36 of them add says what 1,000 would."""
    folders = sorted(write_many(tmp_path / "runs", 48))
    small, large = tmp_path / "small", tmp_path / "large"
    write_site(folders[:12], small, (), lambda done, total: None)
    seen: list[tuple[int, int]] = []
    write_site(folders, large, (), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (48, 48)
    per_run = (first_view_bytes(large) - first_view_bytes(small)) / 36
    assert first_view_bytes(large) + per_run * 952 < LIMIT_BYTES


def test_the_scripts_are_small_and_none_reaches_out(site: Path) -> None:
    for path in [site / "index.html", *(site / "assets").glob("*.js"), *(site / "assets").glob("*.css")]:
        if path.name != "vega.js":
            text = path.read_text(encoding="utf-8")
            assert len(text.splitlines()) < 300
            assert "innerHTML" not in text
            assert re.findall(r"https?://(?!vega\.github\.io/schema/)", text) == []


def test_the_command_tells_what_to_mend_in_one_line_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["dbverdict", "dashboard", "nowhere", "--out", "site"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told == "dbverdict: nowhere does not exist: name a run folder, or the folder above several\n"
    assert list(tmp_path.iterdir()) == []

"""What a capacity search leaves: its file, and the report that a reader sees."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from results.capacity.chart import curve_charts
from results.capacity.folder import FILE, Answer, Capacity, Step, load_capacity
from results.capacity.page import render_html
from results.capacity.report import answer_lines, render_markdown, render_terminal, write_report
from results.capacity.slo import DEFAULT_SLO
from results.folder import RunFormatError
from results.refusal import Refusal
from results.report_command import report_all
from results.search import find_capacities, find_runs
from tests.run_folders import Synthetic, write_run

pytestmark = pytest.mark.fast


def step(rate: float, holds: bool | None, p99_ms: float | None = 20.0, why: str = "") -> Step:
    stop = None if holds else "slo_missed"
    return Step("a_run", "bracket", rate, rate, 6 * rate, holds is not None, holds, why, 5.0, p99_ms, 0.0, stop)


MISSED = "turn response p99 231 ms, limit 200 ms"

FOUND = Capacity(
    id="20261124T210000Z_capacity_postgres_abc123",
    status="complete",
    started_utc="2026-11-24T21:00:00Z",
    ended_utc="2026-11-24T21:04:00Z",
    target="postgres",
    badge="self-hosted",
    workload={"name": "chat", "fingerprint": "b5bb9d8014a0f9b1"},
    load={"arrivals": "poisson", "connections": 16, "people": 1000},
    slo=DEFAULT_SLO,
    steps=(step(115, True), step(230, None, None, "invalid: lag"), step(230, False, 231.0, MISSED), step(163, True)),
    answer=Answer(163.0, 230.0, "interval", "slo_missed", f"postgres (self-hosted) holds the SLO at 163: {MISSED}."),
    provenance={"cores": 2},
)

EMULATOR = replace(FOUND, target="dynamodb-local", badge="emulator")


def written(folder: Path, found: Capacity = FOUND, change: Callable[[dict[str, Any]], object] | None = None) -> Path:
    content = found.to_json()
    if change is not None:
        change(content)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(content), encoding="utf-8")
    return folder


def on_terminal(found: Capacity) -> str:
    out = io.StringIO()
    render_terminal(found, Console(file=out, width=100, force_terminal=True, color_system=None))
    return out.getvalue()


# The file


def test_a_search_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert load_capacity(written(tmp_path)) == FOUND


def test_the_file_has_the_keys_that_others_rely_on(tmp_path: Path) -> None:
    content = json.loads((written(tmp_path) / FILE).read_text())
    assert (content["format"], content["status"]) == (1, "complete")
    assert content["target"] == {"name": "postgres", "badge": "self-hosted"}
    assert content["slo"][0] == {"scope": "turns", "figure": "response_p99_ms", "limit": 200.0}
    assert set(content["steps"][0]) >= {
        *("run", "phase", "rate_turns", "achieved_turns", "achieved_ops", "valid", "holds", "why"),
        *("turn_p50_ms", "turn_p99_ms", "errors"),
    }
    assert content["answer"].keys() == {"low_turns", "high_turns", "kind", "stop", "detail"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(format=2), "format 2; this dbverdict reads 1"),
        (lambda content: content.pop("steps"), "'steps' is missing"),
        (lambda content: content.update(steps=[1]), "steps is not a list of tables"),
        (lambda content: content["steps"][0].update(rate_turns="fast"), "rate_turns is not a number"),
        (lambda content: content["steps"][0].update(phase="guess"), "phase is 'guess', none of bracket"),
        (lambda content: content["slo"][0].update(figure="p98"), "figure is 'p98'"),
        (lambda content: content["target"].update(badge="cloud"), "badge is 'cloud', none of self-hosted"),
        (lambda content: content["answer"].update(kind="guess"), "kind is 'guess', none of interval"),
        (lambda content: content.update(target=None), "target is not a table"),
    ],
)
def test_a_changed_file_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(Refusal, match=re.escape(message)) as refused:
        load_capacity(written(tmp_path, change=change))
    assert "\n" not in str(refused.value)
    assert FILE in str(refused.value)


def test_a_file_that_is_cut_or_missing_or_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        load_capacity(tmp_path)
    for text, message in (('{"format": 1', "cut short or no JSON"), ("[]", "not the description")):
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        with pytest.raises(Refusal, match=message):
            load_capacity(tmp_path)


# The report


def test_the_answer_comes_first_then_every_step_by_its_rate() -> None:
    lines = on_terminal(FOUND).splitlines()
    assert lines[0].startswith("Capacity: between 163 and 230 turns/s (slo missed). postgres (self-hosted) holds")
    assert "chat · rate (poisson), 16 connections, 1,000 people" in " ".join(line.strip() for line in lines)
    assert [line.split()[0] for line in lines if re.match(r" +\d+ ", line)] == ["115", "163", "230", "230"]
    assert max(map(len, lines)) <= 100


def test_a_step_that_is_no_evidence_stands_in_brackets() -> None:
    rows = [line.split() for line in on_terminal(FOUND).splitlines() if line.strip().startswith("230")]
    assert rows[0][1] == "(230)"
    assert rows[1][1] == "230"


def test_an_emulator_s_capacity_says_that_it_is_no_evidence_about_dynamodb() -> None:
    for text in (on_terminal(EMULATOR), render_markdown(EMULATOR), render_html(EMULATOR)):
        words = re.sub(r"\s+", " ", text)
        assert "its latency is no evidence about DynamoDB" in words
        assert "Nor is its capacity evidence about DynamoDB's" in words.replace("&#39;", "'")
        assert "(emulator)" in words
    assert '<span class="badge emulator">emulator</span>' in render_html(EMULATOR)
    assert "evidence about DynamoDB" not in on_terminal(FOUND)


def test_a_lower_bound_and_no_answer_and_an_incomplete_search_are_called_so() -> None:
    bound = Answer(800.0, None, "lower_bound", "generator_exhausted", "d.")
    assert answer_lines(replace(FOUND, answer=bound))[0] == "Capacity: at least 800 turns/s (generator exhausted). d."
    none = Answer(None, 19.2, "none", "slo_missed", "d.")
    assert answer_lines(replace(FOUND, answer=none))[0] == "Capacity: none was found (slo missed). d."
    assert "The search is incomplete" in " ".join(answer_lines(replace(FOUND, status="incomplete")))


def test_the_chart_shows_the_curve_the_limit_and_the_interval_at_both_widths() -> None:
    (chart,) = curve_charts(FOUND)
    assert "the answer, 163 to 230 turns/s" in chart.caption
    for svg in (chart.wide, chart.narrow):
        words = re.sub(r"<[^>]+>", " ", svg)
        assert "turn response p99 at most 200 ms" in words
        assert "postgres (self-hosted)" in words
        assert all(word in words for word in ("holds", "MISSED", "unknown", "p50", "p99"))
        assert "mark-rect" in svg
    assert chart.wide != chart.narrow


def test_a_search_without_a_figure_has_no_chart_and_a_search_without_an_answer_no_shade() -> None:
    assert curve_charts(replace(FOUND, steps=())) == []
    unanswered = replace(FOUND, answer=Answer(None, 115.0, "none", "slo_missed", "d."))
    (chart,) = curve_charts(unanswered)
    assert "Shaded: nothing" in chart.caption


def test_what_a_file_says_is_shown_and_not_obeyed() -> None:
    evil = "<script>alert(1)</script> [red]x[/red] \x1b[2J"
    found = replace(FOUND, workload={"name": evil}, steps=(step(115, False, 231.0, evil),))
    assert "\x1b" not in on_terminal(found)
    assert "[red]x[/red]" in on_terminal(found)
    assert "<script" not in render_html(found)
    assert re.search(r"(?<!\\)<script", render_markdown(found)) is None


def test_the_page_is_one_file_that_loads_nothing() -> None:
    page = render_html(FOUND)
    assert re.findall(r"<(?:script|link|iframe|img)", page) == []
    assert re.findall(r"url\((?!#)", page) == []
    assert page.count("<figure>") == 1


# Finding it


def test_report_shows_a_search_and_runs_each_in_its_own_way(tmp_path: Path) -> None:
    search = written(tmp_path / FOUND.id)
    write_run(search, Synthetic(rate=115.0, seed=7))
    alone = write_run(tmp_path, Synthetic(seed=8))
    assert find_runs([tmp_path]) == [alone]
    assert len(find_runs([search])) == 1
    assert find_capacities([tmp_path]) == ([search], [tmp_path])
    assert find_capacities([search]) == ([search], [])
    out = io.StringIO()
    pages = list(report_all([search, alone], None, Console(file=out, width=100)))
    assert pages == [alone / "report.html", search / "report.html"]
    assert "Capacity: between 163 and 230 turns/s" in out.getvalue()
    assert "Databases · rate 80 turns/s" in out.getvalue()
    assert "rate 115" not in out.getvalue()


def test_a_report_elsewhere_gets_a_folder_of_its_own_only_beside_others(tmp_path: Path) -> None:
    search = written(tmp_path / "runs" / FOUND.id)
    run = write_run(tmp_path / "runs", Synthetic())
    console = Console(file=io.StringIO())
    assert list(report_all([search], tmp_path / "one", console)) == [tmp_path / "one" / "report.html"]
    both = list(report_all([search, run], tmp_path / "two", console))
    assert both == [tmp_path / "two" / "report.html", tmp_path / "two" / FOUND.id / "report.html"]


def test_nothing_to_report_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFormatError, match="holds no run"):
        list(report_all([tmp_path], None, Console(file=io.StringIO())))


def test_reports_are_written_whole_beside_the_search(tmp_path: Path) -> None:
    paths = write_report(FOUND, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]
    assert "**Throughput and latency" in paths.markdown.read_text()

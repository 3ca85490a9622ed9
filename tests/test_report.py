"""What a reader of a report sees: on a terminal, in a pull request, in a browser."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from results import figures, points
from results.charts import group_charts
from results.folder import RunFolder, load
from results.histogram import count
from results.html import render_html
from results.markdown import render_markdown
from results.pool import PooledRun, pool_all
from results.report import render_terminal, report_folder, write_reports
from results.scope import scopes
from results.search import find_runs
from tests.run_folders import LAG, Synthetic, change, write_experiment, write_run


def on_terminal(runs: list[RunFolder], width: int = 100) -> str:
    out = io.StringIO()
    render_terminal(runs, Console(file=out, width=width, force_terminal=True, color_system=None))
    return out.getvalue()


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experiment")
    write_experiment(folder)
    return folder


@pytest.fixture(scope="module")
def runs(experiment: Path) -> list[RunFolder]:
    return [load(path) for path in find_runs([experiment])]


@pytest.fixture(scope="module")
def page(runs: list[RunFolder]) -> str:
    return render_html(runs)


def pooled(runs: list[RunFolder], target: str) -> PooledRun:
    return next(found for found in pool_all(runs) if found.target == target)


# The terminal and Markdown


def test_the_terminal_table_sets_emulators_apart_and_the_harness_last(runs: list[RunFolder]) -> None:
    text = on_terminal(runs)
    places = [text.index(word) for word in ("Databases · rate 80", "Emulators · rate 80", "Harness · rate 80")]
    assert places == sorted(places)
    assert "its latency is no evidence about DynamoDB" in re.sub(r"\s+", " ", text)
    group = text[places[0] : places[1]]
    assert "postgres" in group
    assert "dynamodb" not in group.split("DynamoDB Local is an emulator")[0]


def test_the_terminal_table_fits_a_hundred_columns_and_loses_no_figure(runs: list[RunFolder]) -> None:
    text = on_terminal(runs)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    answer_of_80 = on_terminal(runs, 80).split("each round")[0]
    assert max(len(line.rstrip()) for line in answer_of_80.splitlines()) <= 80
    boto3 = next(line for line in text.splitlines() if line.startswith("dynamodb-local-boto3"))
    found = pooled(runs, "dynamodb-local-boto3")
    assert boto3.split()[1:6] == [
        "1/2",
        figures.rate(found.throughput_turns),
        figures.rate(found.throughput_ops),
        figures.ms(found.turn_response.p50),
        figures.ms(found.turn_response.p99),
    ]


def test_a_narrow_terminal_gets_the_same_figures_as_a_wide_one(runs: list[RunFolder]) -> None:
    def postgres(width: int) -> list[list[str]]:
        return [line.split() for line in on_terminal(runs, width).splitlines() if line.startswith("postgres ")]

    assert postgres(40) == postgres(100)
    assert len(postgres(40)) == 3  # the answer and two rounds


def test_a_pipe_gets_names_and_figures_whole_however_narrow_it_claims_to_be(runs: list[RunFolder]) -> None:
    out = io.StringIO()
    render_terminal(runs, Console(file=out, width=40))
    row = next(line for line in out.getvalue().splitlines() if line.startswith("dynamodb-local-boto3"))
    assert row.split()[1] == "1/2"
    assert row.split()[-2:] == ["5.99", "2.00"]


def test_a_percentile_on_too_fewsamples_of_is_a_dash_with_a_footnote(tmp_path: Path) -> None:
    text = on_terminal([load(write_run(tmp_path, Synthetic(rate=40.0)))])
    row = next(line for line in text.splitlines() if line.startswith("postgres"))
    assert row.split()[5] == figures.ABSENT
    assert "p99 1,000" in text


def test_the_figures_of_an_invalid_run_stand_in_brackets(tmp_path: Path) -> None:
    run = load(write_run(tmp_path, Synthetic(reasons=(LAG,))))
    text = on_terminal([run])
    row = next(line for line in text.splitlines() if line.startswith("postgres"))
    assert row.split()[1] == "0/1"
    assert row.split()[4] == f"({figures.ms(run.percentiles('turn', 'response').p50)})"
    assert "self-hosted · INVALID" in text
    assert "lower the load or add --processes" in re.sub(r"\s+", " ", text)


def test_an_overloaded_database_and_a_missed_limit_are_said_loudly(tmp_path: Path) -> None:
    path = write_run(tmp_path, Synthetic(totals={"overloaded": True, "backlog_s": 12.5}))
    missed = {"name": "errors", "limit": "<= 0.1 % of operations", "value": "0.30 %", "ok": False}
    text = re.sub(r"\s+", " ", on_terminal([load(change(path, lambda facts: facts.update(limits=[missed])))]))
    assert "self-hosted · overloaded" in text
    assert "overloaded postgres: it did not keep up with the load offered (backlog 12.5 s)" in text
    assert "errors 0.30 %, limit <= 0.1 % of operations" in text


def test_markup_and_escapes_in_a_run_folder_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    evil = "a|b <script>alert(1)</script> [red]x[/red] \x1b[2J`_"
    path = write_run(tmp_path, Synthetic())
    run = load(change(path, lambda facts: facts["workload"].update(name=evil)))
    text = on_terminal([run])
    assert "[red]x[/red]" in text
    assert "\x1b" not in text
    markdown = render_markdown([run])
    assert "a\\|b \\<script\\>" in markdown
    assert re.search(r"(?<!\\)<script", markdown) is None
    page = render_html([run])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_markdown_holds_the_answer_before_the_folded_details(runs: list[RunFolder]) -> None:
    text = render_markdown(runs)
    assert re.search(r"^\| dynamodb-local<br>emulator \| 2/2 \|", text, re.M)
    first_fold = text.index("<details>")
    assert all(text.index(f"**{name} · rate 80") < first_fold for name in ("Databases", "Emulators", "Harness"))
    assert text.count("<details>") == text.count("</details>") > 10


# The page


class Page(HTMLParser):
    """What a browser would load, and how the page is built."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.ids.extend([given["id"]] if "id" in given else [])
        names = ("src", "href", "xlink:href", "srcset", "data", "action", "poster")
        self.loads.extend((tag, given[name]) for name in names if name in given)


def test_the_page_is_one_file_that_loads_nothing(page: str) -> None:
    found = Page(page)
    assert [load for load in found.loads if not load[1].startswith("#")] == []
    assert not {"script", "link", "iframe", "img", "object", "embed", "base"} & set(found.tags)
    assert re.findall(r"url\((?!#)", page) == []
    assert "@import" not in page
    assert set(re.findall(r"https?://[^\"' <]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert len(page.encode()) < 2_500_000


def test_no_two_charts_of_a_page_share_an_id(page: str) -> None:
    found = Page(page)
    assert len(found.ids) == len(set(found.ids))
    assert set(re.findall(r"""(?:url\(#|href="#)([^)"]+)""", page)) <= set(found.ids)


def test_the_page_can_be_read_without_its_pictures(page: str) -> None:
    found = Page(page)
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>dbverdict report: " in page
    assert found.tags.count("table") == found.tags.count("caption")
    assert found.tags.count("svg") == 2 * found.tags.count("figcaption") == page.count('role="img"')


def test_no_chart_holds_an_emulator_beside_a_database_and_each_says_what_it_is(runs: list[RunFolder]) -> None:
    scope = scopes(runs)[0]
    for group in scope.groups[:2]:
        for chart in group_charts(scope, group):
            words = re.sub(r"<[^>]+>", " ", chart.wide)
            assert (group.kind.name == "emulator") == ("(emulator)" in words)
            assert (group.kind.name == "emulator") == ("dynamodb" in words)
            assert "rate 80 turns/s" in words


def test_the_emulators_badge_load_model_and_invalid_round_stand_on_the_page(page: str) -> None:
    assert '<span class="badge emulator">emulator</span>' in page
    assert '<span class="badge neutral">rate 80 turns/s (poisson)</span>' in page
    assert "lag p99 2.31 ms, above 1.00 ms: lower the load or add --processes." in page
    assert "valid: 1 of 2 rounds" in page


def test_the_spectrum_ends_where_fewer_than_tensamples_of_lie_beyond() -> None:
    counts = count(np.arange(1, 2_001, dtype=np.int64) * 1_000_000)
    found = points.spectrum(counts, "x")
    assert found[0] == {"target": "x", "x": 1.0, "ms": 1.0}
    assert found[-1]["x"] == 200.0
    assert {point["x"]: point["ms"] for point in points.spectrum_marks(found)} == {
        2.0: pytest.approx(1_000, rel=0.001),
        10.0: pytest.approx(1_800, rel=0.001),
        100.0: pytest.approx(1_980, rel=0.001),
    }
    assert points.spectrum(count(np.arange(1, 20, dtype=np.int64)), "x") == []


def test_p99_over_time_is_drawn_only_for_seconds_with_a_thousand_turns(tmp_path: Path) -> None:
    few = load(write_run(tmp_path, Synthetic(rate=80.0)))
    many = load(write_run(tmp_path, Synthetic(rate=1_300.0, round=2)))
    assert {point["series"] for point in points.latency_over_time(few, 1)} == {"middle turn (p50)", "slowest turn"}
    drawn = [point for point in points.latency_over_time(many, 1) if point["series"] == "p99"]
    assert len(drawn) == 20


def test_a_run_that_completed_nothing_has_a_page_without_empty_charts(tmp_path: Path) -> None:
    path = change(write_run(tmp_path, Synthetic(complete=False)), lambda facts: facts.update(operations={}, turns={}))
    for name in ("service.hlog", "response.hlog", "intervals.csv"):
        (path / name).unlink()
    page = render_html([load(path)])
    assert "<svg" not in page
    assert '<span class="badge bad">INCOMPLETE</span>' in page
    assert "what was recorded until then is shown in brackets" in page


def test_the_page_says_so_where_there_were_no_errors_and_no_capacity_units(page: str) -> None:
    assert page.count("Errors by kind: no operation failed.") == 2
    assert page.count("no target of this group reports capacity units") == 2


# The files


def test_reports_are_written_beside_the_runs_and_nothing_half_made_is_left(
    runs: list[RunFolder], tmp_path: Path
) -> None:
    paths = write_reports(runs[-1:], tmp_path)
    assert paths == (tmp_path / "report.html", tmp_path / "report.md")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]
    with pytest.raises(OSError, match="nowhere"):
        write_reports(runs[-1:], tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_report_of_one_run_goes_into_it_and_of_several_above_them(runs: list[RunFolder], experiment: Path) -> None:
    assert report_folder(runs[:1]) == runs[0].path
    assert report_folder(runs) == experiment


def test_the_terminal_table_needs_neither_charts_nor_drivers_nor_locust() -> None:
    heavy = "{'altair', 'vl_convert', 'jinja2', 'locust', 'asyncpg', 'boto3'}"
    code = f"import sys, results.report; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.1842, "0.184"),
        (1.416, "1.42"),
        (12.34, "12.3"),
        (1_234.0, "1,230"),
        (9.999, "10.0"),
        (0.0, "0"),
        (None, "\u2013"),
    ],
)
def test_milliseconds_have_three_significant_digits(value: float | None, printed: str) -> None:
    assert figures.ms(value) == printed


@pytest.mark.parametrize(("value", "printed"), [(0.0, "0 %"), (0.0003, "0.03 %"), (0.12, "12 %"), (1e-6, "<0.01 %")])
def test_shares_are_percentages_of_two_digits(value: float, printed: str) -> None:
    assert figures.share(value) == printed


def test_wrong_answers_are_told_with_an_example_and_a_table(tmp_path: Path) -> None:
    path = write_run(tmp_path, Synthetic())
    example = {"check": "gap", "operation": "read_messages", "person": 7, "at_s": 2.5, "detail": "no message at 3"}
    read_back = {"chats": 9, "acknowledged": 31, "lost": 1, "duplicates": 2, "not_read": 4, "note": "no answer"}
    found = {"checked": True, "replies": 1234, "violations": 5, "by_check": {"gap": 5}, "examples": [example]}
    found |= {"unknown_writes": 6, "read_back": read_back, "cost_us_per_op": 1.25}
    found |= {"staleness": {"reads": 100, "stale": 8, "age_ms": {"p99": 12.5}}}
    text = re.sub(r"\s+", " ", on_terminal([load(change(path, lambda facts: facts.update(integrity=found)))]))
    assert "gap, read_messages of person 7 at 2.5 s: no message at 3." in text
    assert "4 chats: no answer." in text
    assert "postgres 1 1,234 5 31 1 2 4 6 8 12.5 1.2" in text

"""The dashboard in a real Chromium: what a person does with it, from a disk and from a web server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from results.dashboard.site import write_site
from results.decision.evidence import evidence
from results.decision.inference import compare
from results.decision.side import make_side
from results.figures import ms, rate, share
from results.folder import RunFolder, load
from results.metric import values_of
from results.slo import read_slos
from tests.browser import DESK, PHONE, Visit, chromium, running, served
from tests.conftest import REQUIRED
from tests.many_runs import write_capacity, write_many
from tests.run_folders import Synthetic, change, write_run

HOSTILE = "<img src=x onerror=document.title='taken'>"
KEY = "turns.response_p99_ms"
SIDES_EVIDENCE = """([a, b, key]) => {
  const runs = (ids) => ids.map((id) => dbverdict.store.byId.get(id));
  const side = (ids) => ({ evidence: runs(ids).filter((run) => run.state === "valid") });
  return dbverdict.sides.evidence(side(a), side(b), key);
}"""
LONE = "20261122T220901Z_chat_lone_000063"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments, two capacity searches, a hostile run and a run on its own."""
    folder = tmp_path_factory.mktemp("site")
    runs = folder / "runs"
    write_many(runs, 24)
    for target, badge, low in (("postgres", "self-hosted", 180.0), ("dynamodb-local", "emulator", 90.0)):
        write_capacity(runs, target, badge, low, low * 1.1)

    def spoil(facts: dict[str, Any]) -> None:
        facts["id"] = facts["target"]["name"] = HOSTILE
        facts["experiment"] = None

    change(write_run(runs, Synthetic(seed=98, complete=False)), spoil)
    change(write_run(runs, Synthetic("lone", seed=99, round=9)), lambda facts: facts.update(experiment=None))
    config = folder / "dbverdict.toml"
    config.write_text("[slo.turns]\nresponse_p99_ms = 12\n", encoding="utf-8")
    write_site([runs], folder / "site", read_slos(config, ()), lambda done, total: None)
    return folder / "site"


@pytest.fixture(scope="module")
def runs(site: Path) -> dict[str, RunFolder]:
    """The runs of both experiments."""
    found = [load(path.parent) for path in (site.parent / "runs").glob("*_experiment_*/*/run.json")]
    return {run.id: run for run in found}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None:
        reason = "no Chromium here: install Debian's package chromium"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def tab(browser: Browser, site: Path) -> Iterator[Visit]:
    """One tab for most tests: a new one takes a second."""
    one = Visit(browser, f"file://{site}")
    yield one
    one.close()


@pytest.fixture
def desk(tab: Visit) -> Iterator[Visit]:
    """A visit from a disk; each test loads the page anew, and nothing may have gone wrong at its end."""
    yield tab
    tab.leave()


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, site: Path) -> Iterator[Open]:
    """Opens a visit in a tab of its own, from a disk or from `origin`; nothing may have gone wrong at its end."""
    visits: list[Visit] = []

    def make(origin: str = "", **options: Any) -> Visit:
        visits.append(Visit(browser, origin or f"file://{site}", **options))
        return visits[-1]

    yield make
    for one in visits:
        one.close()


def index(site: Path) -> dict[str, Any]:
    text = (site / "data" / "runs.js").read_text(encoding="ascii")
    content: dict[str, Any] = json.loads(f"[{text[len('dbverdict.take(') : -3]}]")[1]
    return content


def ids(site: Path, target: str) -> list[str]:
    """The runs of a target in the newest experiment, in order of time."""
    return [run for run in index(site)["experiments"][0]["runs"] if f"_chat_{target}_" in run]


def test_a_person_filters_picks_two_compares_and_comes_back(desk: Visit, site: Path) -> None:
    page = desk.go()
    expect(page.locator("#count")).to_contain_text("26 runs of 30 · 4 capacity steps hidden")
    page.get_by_label("Target").select_option("postgres")
    expect(page.locator("#count")).to_contain_text("8 runs of 30")
    page.get_by_label("Search").fill(ids(site, "postgres")[0])
    expect(page.locator("#status")).to_have_text("1 run of 30")
    page.locator("table.runs input.pick").check()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Search").fill(ids(site, "postgres-pooled")[0])
    page.locator("table.runs input.pick").check()
    expect(page.locator("#picked")).to_contain_text("2 runs picked")
    before = page.url
    page.locator("#picked").get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_focused()
    expect(page.locator(".answer")).to_contain_text("one round a side: no interval is possible")
    page.go_back()
    expect(page.locator("#picked")).to_contain_text("2 runs picked")
    assert page.url == before
    page.go_back()
    expect(page.get_by_label("Target")).to_have_value("postgres")


def test_a_link_and_a_reload_show_the_same_view_from_a_web_server(visit: Open, site: Path) -> None:
    with served(site) as origin:
        one = visit(origin)
        page = one.go()
        page.get_by_role("link", name="Compare its runs").first.click()
        page = one.settled("compare")
        page.get_by_label("Metrics of").select_option("append_message")
        expect(page.locator("table.differences").first).to_contain_text("append_message response p99")
        one.settled("compare")
        shown = page.locator("table.differences").first.inner_text()
        page.reload()
        one.settled("compare")
        assert page.locator("table.differences").first.inner_text() == shown
        other = visit(origin)
        colleague = other.go(page.url.removeprefix(f"{origin}/index.html"))
        assert colleague.locator("table.differences").first.inner_text() == shown
        assert any(request.endswith("/data/metrics/append_message.js") for request in other.requests)


def test_the_charting_library_is_loaded_only_when_a_chart_is_drawn(visit: Open) -> None:
    one = visit()
    one.go()
    assert [request for request in one.requests if request.endswith("vega.js")] == []
    one.go("#/trend")
    assert len([request for request in one.requests if request.endswith("vega.js")]) == 1


def test_the_page_s_intervals_are_those_of_the_inference(desk: Visit, site: Path, runs: dict[str, RunFolder]) -> None:
    picks = "&".join(f"pick={run}" for run in [*ids(site, "postgres"), *ids(site, "postgres-pooled")])
    page = desk.go(f"#/compare?{picks}")
    rounds = [
        {runs[run].round: values_of(runs[run]) for run in ids(site, target) if runs[run].valid}
        for target in ("postgres", "postgres-pooled")
    ]
    shared = [number for number in rounds[0] if number in rounds[1]]
    assert len(shared) >= 3
    for key in ("turns.response_p99_ms", "turns.throughput", "turns.errors"):
        sides = [[side[number][key] for number in shared] for side in rounds]
        for paired in (True, False):
            told = page.evaluate(
                "async ([a, b, paired]) => dbverdict.inference.compare(a, b, paired, await dbverdict.store.student())",
                [*sides, paired],
            )
            expected = compare(sides[0], sides[1], paired=paired)
            for name in ("ratio", "difference"):
                bounds = getattr(expected, name)
                assert (told[name] is None) == (bounds is None)
                if bounds is not None:
                    assert told[name] == pytest.approx(vars(bounds), rel=1e-9, abs=1e-12)
    (answer,) = [found for found in index(site)["experiments"][0]["answers"] if found["b"] == "postgres-pooled"]
    expect(page.locator(".answer .verdict").first).to_have_text(answer["verdict"])
    expect(page.locator(".basis").first).to_contain_text(f"{len(shared)} paired rounds")


def test_the_page_holds_the_same_values_against_each_other_as_compare(
    desk: Visit, site: Path, runs: dict[str, RunFolder]
) -> None:
    page = desk.go()
    newer, older = (set(experiment["runs"]) for experiment in index(site)["experiments"])

    def of(target: str, sessions: set[str]) -> list[str]:
        return sorted(run for run in sessions if runs[run].target == target)

    both = newer | older
    cases = [
        (of("postgres", newer), of("postgres-pooled", newer)),
        (of("postgres", both), of("postgres-pooled", both)),
        (of("postgres", newer), of("postgres", older)),
        (of("postgres", newer), of("postgres-pooled", older)),
        (of("postgres", both), of("postgres-pooled", older)[:1]),
    ]
    units = set()
    for a, b in cases:
        expected = evidence(make_side("a", [runs[run] for run in a]), make_side("b", [runs[run] for run in b]), KEY)
        told = page.evaluate(SIDES_EVIDENCE, [a, b, KEY])
        assert told["a"] == pytest.approx(expected.a, rel=1e-12)
        assert told["b"] == pytest.approx(expected.b, rel=1e-12)
        assert (told["paired"], told["unit"]) == (expected.paired, expected.unit)
        assert bool(told.get("caveat")) == bool(expected.caveat)
        units.add((expected.paired, expected.unit))
    assert len(units) >= 3


def test_figures_are_printed_as_every_other_report_prints_them(desk: Visit) -> None:
    page = desk.go()
    values = [
        0,
        0.00042,
        0.1846,
        0.9996,
        1.005,
        4.947967,
        9.996,
        10.25,
        12.35,
        12.25,
        99.96,
        100.5,
        1225,
        1234.5,
        45678.9,
        None,
    ]
    for name, printed in (("ms", ms), ("rate", rate), ("share", share)):
        assert page.evaluate(f"(values) => values.map(dbverdict.figure.{name})", values) == list(map(printed, values))


def test_an_emulator_stands_apart_with_the_reason(desk: Visit, site: Path) -> None:
    page = desk.go(f"#/compare?experiment={index(site)['experiments'][0]['id']}")
    apart = page.locator("section.kind.emulator")
    expect(apart.locator(".apart")).to_contain_text("DynamoDB Local is an emulator")
    expect(page.locator("section.kind.database table.differences")).not_to_contain_text("dynamodb-local")
    expect(apart.locator("table.differences")).not_to_contain_text("ratio")
    for caption in page.locator("figure .chart-load").all_inner_texts():
        assert caption.startswith("rate 120 turns/s (poisson)")


def test_runs_that_are_no_evidence_are_marked_and_count_for_nothing(desk: Visit, site: Path) -> None:
    page = desk.go("#/runs?state=incomplete")
    row = page.locator("table.runs tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("INCOMPLETE")
    expect(row).to_contain_text("(")
    row.locator("input.pick").check()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Search").fill(LONE)
    page.locator("table.runs input.pick").check()
    page.locator("#picked").get_by_role("link", name="Compare").click()
    desk.settled("compare")
    expect(page.locator(".callout.warn")).to_contain_text("Not evidence, and in no difference below")
    expect(page.locator(".answer")).to_contain_text("only one side gives it")


def test_a_hostile_run_is_shown_as_the_text_it_is(desk: Visit) -> None:
    page = desk.go("#/runs?state=incomplete")
    page.get_by_role("link", name=HOSTILE).click()
    desk.settled("run")
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    assert page.locator("main img").count() == 0
    assert page.title() == "Run · dbverdict"


def test_one_run_shows_its_figures_charts_and_facts(desk: Visit, site: Path) -> None:
    run = ids(site, "postgres")[0]
    page = desk.go(f"#/run?id={run}")
    assert page.locator("figure svg").count() == 4
    page.locator("figure summary").first.click()
    expect(page.locator("figure table").first).to_contain_text("turn response")
    expect(page.locator("table.facts").first).to_contain_text("asyncpg")
    page.get_by_role("button", name="Pick for comparison").click()
    expect(page.locator("#picked")).to_contain_text("1 run picked")


def test_a_trend_has_its_limit_and_capacity_its_answer(desk: Visit) -> None:
    page = desk.go("#/trend")
    expect(page.locator("section.kind.database figure")).to_contain_text("SLO: at most 12.0 ms")
    page.get_by_label("Metric").select_option("get_user.service_p50_ms")
    expect(page.locator("section.kind.database figcaption")).to_contain_text("get_user service p50, ms")
    desk.settled("trend")
    page = desk.go("#/capacity")
    expect(page.locator("section.kind.database table").first).to_contain_text("180 to 198")
    expect(page.locator("section.kind.emulator")).to_contain_text("no evidence about DynamoDB")
    page.get_by_text("Steps of postgres", exact=True).click()
    page.get_by_role("link", name="run 2026").first.click()
    desk.settled("run")


def test_the_keyboard_alone_is_enough(desk: Visit) -> None:
    page = desk.go()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "search":
            break
    page.keyboard.type("pooled")
    expect(page.locator("#status")).to_have_text("8 runs of 30")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('input.pick')"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_contain_text("1 run picked")
    assert page.evaluate("document.activeElement.matches('input.pick:checked')")
    page.get_by_role("button", name="turn p99, ms").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("th[aria-sort]")).to_contain_text("turn p99, ms")
    expect(page.get_by_role("button", name="turn p99, ms")).to_be_focused()


def test_a_phone_never_scrolls_sideways(visit: Open, site: Path) -> None:
    one = visit(viewport=PHONE)
    experiment = index(site)["experiments"][0]
    views = ["#/runs", f"#/run?id={experiment['runs'][0]}", f"#/compare?experiment={experiment['id']}"]
    for view in [*views, "#/trend", "#/capacity"]:
        page = one.go(view)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, view


def test_dark_and_light_follow_the_system_and_the_button(visit: Open) -> None:
    page = visit(color_scheme="dark", viewport=DESK).go("#/trend")
    ground = "getComputedStyle(document.body).backgroundColor"
    tick = "getComputedStyle(document.querySelector('.vega .role-axis-label text')).fill"
    dark, ink = page.evaluate(ground), page.evaluate(tick)
    assert max(map(int, dark[4:-1].split(","))) < 40
    button = page.locator("#theme")
    expect(button).to_have_text("Theme: system")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert min(map(int, page.evaluate(ground)[4:-1].split(","))) > 215
    assert page.evaluate(tick) != ink
    button.click()
    assert page.evaluate(ground) == dark


def test_a_printed_page_is_dark_on_white_without_the_controls(visit: Open) -> None:
    page = visit(color_scheme="dark").go()
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("form.filters")).to_be_hidden()
    expect(page.locator("table.runs")).to_be_visible()

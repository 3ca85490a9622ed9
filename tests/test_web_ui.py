"""Locust's web UI as a person uses it: it starts and stops a run, shows our figures and serves this run's files."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from results.figures import ABSENT, ms
from tests.locust_runs import LocustRun, wait_for
from tests.test_locust import free_port


class Page:
    """Locust's web UI, asked over HTTP."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, path: str, **form: str) -> tuple[int, str]:
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with urllib.request.urlopen(self.address + path, data=data, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def up(self) -> bool:
        try:
            return self.ask("/")[0] == 200
        except urllib.error.URLError:
            return False

    def rows(self) -> list[dict[str, str]]:
        """The tab's rows, as Locust's own page fetches them."""
        (table,) = json.loads(self.ask("/stats/requests")[1])["extended_stats"]
        assert table["key"] == "dbverdict"
        rows: list[dict[str, str]] = table["data"]
        return rows


@dataclass(frozen=True)
class Visit:
    """A web UI in which a run was started and stopped, and what it told while the run went."""

    page: Page
    locust: LocustRun
    before: str  # the page
    rows: list[dict[str, str]]
    stats: list[dict[str, Any]]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """One run in the people model, started and stopped over HTTP; the UI still answers."""
    port = free_port()
    locust = LocustRun(tmp_path_factory.mktemp("web"), "--target", "memory", "--warmup", "1s", "--stored-users", "20",
                       "--web-host", "127.0.0.1", "--web-port", str(port), headless=False).keep()  # fmt: skip
    page = Page(port)
    try:
        wait_for(page.up)
        before = page.ask("/")[1]
        assert [row["what"] for row in page.rows()] == ["no run yet"]
        assert page.ask("/dbverdict/run.json")[0] == 404
        page.ask("/swarm", user_count="40", spawn_rate="40", host="", time_scale="400", connections="4")
        locust.measuring(2)
        rows, stats = page.rows(), json.loads(page.ask("/stats/requests")[1])["stats"]
        page.ask("/stop", now="yes")
        wait_for(lambda: locust.run()["status"] == "complete" and page.ask("/dbverdict/report.html")[0] == 200)
        yield Visit(page, locust, before, rows, stats)
    finally:
        locust.process.terminate()
        locust.finish()


def test_the_form_has_our_options_and_what_is_put_there_counts(visit: Visit) -> None:
    assert "time_scale" in visit.before
    assert "chat_profile" in visit.before
    assert next(entry for entry in visit.stats if entry["name"] == "turn")["num_requests"] > 0
    run = visit.locust.run()
    assert run["end"]["reason"] == "stopped"
    assert (run["load"]["time_scale"], run["load"]["connections"], run["load"]["users"]) == (400.0, 4, 40)


def test_the_tab_tells_phase_and_figures_while_a_run_goes(visit: Visit) -> None:
    turn = next(row for row in visit.rows if row["what"] == "turn")
    assert int(turn["number"].replace(",", "")) > 0
    assert re.match(r"measured; (valid|INVALID) so far", turn["note"])


def test_at_the_end_its_figures_are_those_of_run_json(visit: Visit) -> None:
    page, locust = visit.page, visit.locust
    run = locust.run()
    found = {row["what"]: row for row in page.rows()}
    assert found["turn"]["note"] == f"ended (stopped); {'valid' if run['validity']['valid'] else 'INVALID'}"
    for name, part in {"turn": run["turns"], **run["operations"]}.items():
        assert_same_figures(found[name], part)
    assert set(run["operations"]) < set(found)


def assert_same_figures(row: dict[str, str], part: dict[str, Any]) -> None:
    assert (row["number"], row["errors"]) == (f"{part['count']:,}", str(part["errors"]))
    assert [row[f"response_{at}"] for at in ("p50", "p90", "p99", "max")] == [
        ms(part["response_ms"][at]) for at in ("p50", "p90", "p99", "max")
    ]
    service = part.get("service_ms")
    assert [row[f"service_{at}"] for at in ("p50", "p99")] == [
        ms(service[at]) if service else ABSENT for at in ("p50", "p99")
    ]


def test_the_run_s_files_are_served_and_nothing_else(visit: Visit) -> None:
    page, locust = visit.page, visit.locust
    (locust.folder().parent / "secret.json").write_text("secret")
    (locust.folder() / "secret.json").write_text("secret")
    for name in ("run.json", "report.html", "report.md", "intervals.csv", "response.hlog", "service.hlog"):
        assert page.ask(f"/dbverdict/{name}") == (200, (locust.folder() / name).read_bytes().decode())
    for name in ("secret.json", "../secret.json", "..%2fsecret.json", "%2e%2e/secret.json", "%2fetc%2fpasswd", "", "."):
        code, text = page.ask(f"/dbverdict/{name}")
        assert (code, "secret" in text) == (404, False), name


def test_the_page_has_the_tab_the_links_and_our_percentiles(
    visit: Visit,
) -> None:
    text = visit.before
    found = re.search(r"window.templateArgs = (.*)\n", text)
    assert found is not None
    arguments = json.loads(found.group(1))
    assert arguments["extended_tabs"] == [{"title": "dbverdict", "key": "dbverdict"}]
    assert [column["key"] for column in arguments["extended_tables"][0]["structure"]][:4] == [
        "what", "number", "errors", "response_p50"
    ]  # fmt: skip
    assert (arguments["percentiles_to_chart"], arguments["percentiles_to_statistics"]) == ([0.5, 0.99], [0.99])
    assert '<a href="./dbverdict/report.html"' in text
    assert "./dbverdict/run.json" in [link["href"] for link in arguments["extended_csv_files"]]
    row = visit.stats[0]
    assert "response_time_percentile_0.99" in row
    assert "response_time_percentile_0.95" not in row


HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A real Chromium, where there is one."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


def test_a_browser_draws_the_tab_and_opens_the_report(visit: Visit, browser: Browser) -> None:
    tab = browser.new_page()
    tab.goto(f"{visit.page.address}/?tab=dbverdict")
    expect(tab.get_by_role("row").nth(1)).to_contain_text("ended (stopped)")
    cells = tab.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    turn = next(row for row in visit.page.rows() if row["what"] == "turn")
    assert cells == list(turn.values())
    with tab.expect_popup() as opening:
        tab.get_by_role("link", name="report.html", exact=True).click()
    expect(opening.value.get_by_role("heading", level=1)).to_have_text("dbverdict report: memory")


def test_a_browser_draws_a_hostile_cell_as_text(visit: Visit, browser: Browser) -> None:
    tab = browser.new_page()
    answer = json.loads(visit.page.ask("/stats/requests")[1])
    answer["extended_stats"][0]["data"][0] |= {"what": HOSTILE, "note": HOSTILE}
    tab.route("**/stats/requests", lambda route: route.fulfill(json=answer))
    tab.goto(f"{visit.page.address}/?tab=dbverdict")
    expect(tab.get_by_role("row").nth(1).get_by_role("cell").first).to_have_text(HOSTILE)
    assert tab.title() == "Locust"

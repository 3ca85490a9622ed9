"""A real headless Chromium for the tests of the dashboard, driven with Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_PATIENCE_MS = 20_000
"""A busy machine is slow; whoever waits longer waits for what does not come."""

expect.set_options(timeout=_PATIENCE_MS)
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}


def chromium() -> str | None:
    """Where Debian's Chromium is; None where there is none."""
    return shutil.which("chromium")


@contextmanager
def running() -> Iterator[Browser]:
    """Chromium, ended at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


class Visit:
    """A page of a site in a browser, with everything that it complained of or asked the network for."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self.abroad: list[str] = []
        self.requests: list[str] = []
        self._context = browser.new_context(**{"viewport": DESK, **options})
        self._context.set_default_timeout(_PATIENCE_MS)
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._requested)

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((self.origin, "data:")):
            self.abroad.append(request.url)

    def go(self, address: str = "#/runs") -> Page:
        """Open a view and wait until it is there with its charts."""
        self.page.goto(f"{self.origin}/index.html{address}")
        return self.settled(address.removeprefix("#/").partition("?")[0])

    def settled(self, name: str) -> Page:
        """Wait until the page of that name is there with its charts drawn."""
        self.page.wait_for_selector(f"#main[data-page={name}]")
        self.page.wait_for_function(
            "[...document.querySelectorAll('.vega')].every((one) => one.dataset.drawn || one.querySelector('.callout'))"
        )
        return self.page

    def leave(self) -> None:
        """Leave the site, to come to it afresh; nothing may have gone wrong on the way."""
        self.page.goto("about:blank")
        self._judge()

    def close(self) -> None:
        """End the visit; nothing may have gone wrong on the way."""
        self._context.close()
        self._judge()

    def _judge(self) -> None:
        complaints, abroad = list(self.complaints), list(self.abroad)
        for told in (self.complaints, self.abroad, self.requests):
            told.clear()
        assert complaints == [], complaints
        assert abroad == [], abroad


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A plain web server of `folder` on loopback; yields its origin."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def first_view_s(site: Path, visits: int = 5) -> float:
    """How long the first view takes from its navigation until its list is painted: the median of some visits."""
    with running() as browser:
        return median(_painted_s(browser, site) for _ in range(visits))


def _painted_s(browser: Browser, site: Path) -> float:
    visit = Visit(browser, f"file://{site}")
    page = visit.go()
    page.wait_for_selector("table.runs tbody tr")
    end = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"  # its scripts have drawn the list
    paint = "Math.max(...performance.getEntriesByType('paint').map((entry) => entry.startTime))"
    took_ms = page.evaluate(f"Math.max({end}, {paint})")
    visit.close()
    return float(took_ms) / 1e3

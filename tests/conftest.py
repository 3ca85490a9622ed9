"""Real servers for the tests: each kind is started once, where it is needed, and ended at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from hypothesis import settings

from targets.catalog import CATALOG, Design, TargetOptions
from targets.server import ProviderName, RunningServer, ServerKind, ServerOptions
from tests.contract import PREFIX
from tests.locust_runs import LocustRun

REQUIRED = os.environ.get("DBVERDICT_REQUIRE_DOCKER") == "1"
"""CI says that real servers must run: there a missing one fails the tests instead of skipping them."""

PROVIDER = cast(ProviderName, os.environ.get("DBVERDICT_TEST_PROVIDER", "embedded"))

settings.register_profile("ours", deadline=None)  # a busy machine is slow, and no test asserts an absolute time
settings.load_profile("ours")


class Servers:
    """The servers of one test session; `DBVERDICT_TEST_PROVIDER` says where they come from (`embedded`)."""

    def __init__(self) -> None:
        self._shared: dict[ServerKind, RunningServer] = {}
        self._own: list[RunningServer] = []

    def shared(self, kind: ServerKind) -> RunningServer:
        """The server all tests of this session use; skips the test, with the reason, where it cannot run."""
        if kind not in self._shared:
            self._shared[kind] = _start(kind)
        return self._shared[kind]

    def own(self, kind: ServerKind) -> RunningServer:
        """A server for one test, which may break it."""
        self._own.append(_start(kind))
        return self._own[-1]

    def stop_own(self) -> None:
        while self._own:
            self._own.pop().stop()

    def stop_all(self) -> None:
        self.stop_own()
        for server in self._shared.values():
            server.stop()


def _start(kind: ServerKind) -> RunningServer:
    from targets import providers  # not at the top: most tests need no server

    found = providers.availability(kind, ServerOptions(provider=PROVIDER))
    if not found.can_run and not REQUIRED:
        pytest.skip(f"no {kind} server here: {found.reason}")
    return providers.start(kind, ServerOptions(provider=PROVIDER))


def _runnable(design: Design) -> Design:
    if design.server == "aws":
        pytest.skip(f"{design.name} needs an AWS account: only loopback is tested")
    return design


@pytest.fixture(autouse=True)
def no_locust_left() -> Iterator[None]:
    """Ends the Locust processes that a test started, also when it failed."""
    yield
    LocustRun.end_all()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The session's servers, stopped at its end."""
    running = Servers()
    yield running
    running.stop_all()


@pytest.fixture
def own_server(servers: Servers) -> Iterator[Callable[[ServerKind], RunningServer]]:
    """Starts a server that belongs to one test alone."""
    yield servers.own
    servers.stop_own()


@pytest.fixture(params=[name for name in CATALOG if name != "null"])
def design(request: pytest.FixtureRequest) -> Design:
    """Every design that answers from data; AWS is never asked by a test."""
    return _runnable(CATALOG[request.param])


@pytest.fixture(params=[design.name for design in CATALOG.values() if design.server is not None])
def served_design(request: pytest.FixtureRequest) -> Design:
    """Every design with a server that can freeze or go."""
    return _runnable(CATALOG[request.param])


@pytest.fixture
def options(design: Design, servers: Servers) -> TargetOptions:
    """Where the design's server answers."""
    url = "" if design.server is None else servers.shared(design.server).server.url
    return TargetOptions(url=url, prefix=PREFIX)


@pytest.fixture
def postgres_url(servers: Servers) -> str:
    """A real PostgreSQL."""
    return servers.shared("postgres").server.url

"""Where servers come from: real ones are started, paused and killed."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from targets.protocol import SetupError
from targets.providers import availability, choose, readiness, start
from targets.providers.embedded import EmbeddedServer, start_embedded
from targets.providers.keeper import process_tree
from targets.providers.kept import Kept
from targets.providers.url import check_url
from targets.server import ServerKind, ServerOptions

KINDS: tuple[ServerKind, ...] = ("postgres", "dynamodb-local")
EMBEDDED = ServerOptions(provider="embedded")
NO_DAEMON = "unix:///nonexistent/docker.sock"
LIMIT_S = 30.0

START_AND_WAIT = """
import os, sys
from targets.providers import start
from targets.server import ServerOptions
running = start(sys.argv[1], ServerOptions(provider="embedded"))
if sys.argv[2] == "paused":
    running.pause()
print(running.pid, flush=True)
sys.stdin.read()
"""


ANSWER_THRICE = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
for answer in (b"", bytes.fromhex(sys.argv[2]), b"R"):
    connection, _ = listener.accept()
    connection.recv(999)
    connection.sendall(answer)
    connection.close()
"""


def ended(pidfd: int) -> bool:
    """Wait for the process behind a pidfd to end, for at most LIMIT_S seconds."""
    return bool(select.select([pidfd], [], [], LIMIT_S)[0])


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()


def folder_of(pid: int) -> Path:
    """The server's own folder: its working folder, or, PostgreSQL having moved into its data, the one above."""
    here = Path(f"/proc/{pid}/cwd").readlink()
    return here.parent if here.name == "data" else here


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedServer]:
    running = start_embedded("postgres", EMBEDDED, "embedded: a test", lambda _: None)
    yield running
    running.stop()


def ask(url: str, query: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("max_connections", "200"),
        ("password_encryption", "scram-sha-256"),
        ("shared_preload_libraries", "pg_stat_statements"),
    ],
)
def test_embedded_postgres_has_the_settings_the_methodology_promises(
    postgres: EmbeddedServer, setting: str, value: str
) -> None:
    assert ask(postgres.server.url, f"SHOW {setting}") == value


def test_embedded_postgres_refuses_a_wrong_password(postgres: EmbeddedServer) -> None:
    password = urlsplit(postgres.server.url).password
    assert password is not None
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(postgres.server.url.replace(password, "wrong"), "SELECT 1")


def test_embedded_postgres_keeps_its_password_out_of_its_facts(postgres: EmbeddedServer) -> None:
    password = urlsplit(postgres.server.url).password
    assert password
    assert password not in json.dumps(dict(postgres.server.facts)) + postgres.server.reason


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_root_runs_postgres_as_an_unprivileged_user(postgres: EmbeddedServer) -> None:
    assert Path(f"/proc/{postgres.pid}").stat().st_uid != 0


def test_a_server_lives_in_a_session_of_its_own_where_no_terminal_reaches_it(postgres: EmbeddedServer) -> None:
    keeper = parent_of(postgres.pid)
    assert len({os.getsid(0), os.getsid(keeper), os.getsid(postgres.pid)}) == 3


def test_pause_stops_the_backends_too_and_resume_waits_until_it_answers(postgres: EmbeddedServer) -> None:
    async def pause_while_connected() -> tuple[set[str], object]:
        connection = await asyncpg.connect(postgres.server.url)
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        postgres.pause()
        tree = process_tree(postgres.pid)
        assert backend in tree
        states = {state_of(pid) for pid in tree}
        assert not readiness.postgres_answers("127.0.0.1", urlsplit(postgres.server.url).port or 0)
        postgres.resume()
        answer = await connection.fetchval("SELECT 7")
        await connection.close()
        return states, answer

    assert asyncio.run(pause_while_connected()) == ({"T"}, 7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_server_leaves_no_process_and_no_folder(kind: ServerKind) -> None:
    running = start(kind, EMBEDDED)
    assert running.pid is not None
    folder, pidfd = folder_of(running.pid), os.pidfd_open(running.pid)
    assert folder.is_dir()
    running.stop()
    running.stop()
    assert ended(pidfd)
    assert not folder.exists()


@pytest.mark.parametrize("state", ["running", "paused"])
@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_parent_ends_its_server_and_removes_its_folder(kind: ServerKind, state: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, kind, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server_pid = int(parent.stdout.readline())
        server, keeper = os.pidfd_open(server_pid), os.pidfd_open(parent_of(server_pid))
        folder = folder_of(server_pid)
        assert folder.is_dir()
        parent.send_signal(signal.SIGKILL)
        assert ended(server)
        assert ended(keeper)
    assert not folder.exists()


def test_a_server_that_was_killed_is_an_error_on_resume_and_leaves_no_zombie() -> None:
    running = start("postgres", EMBEDDED)
    assert running.pid is not None
    pidfd = os.pidfd_open(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    assert ended(pidfd)
    with pytest.raises(SetupError, match="does not answer"):
        running.resume()
    running.pause()
    running.stop()
    assert not Path(f"/proc/{running.pid}").exists()


def test_a_server_that_cannot_start_says_its_last_words_and_leaves_nothing(tmp_path: Path) -> None:
    order = {
        "folder": str(tmp_path / "server"), "files": {}, "before": [["/bin/sh", "-c", "echo FATAL: no room; exit 1"]],
        "argv": ["/bin/true"], "env": {}, "uid": os.geteuid(), "gid": os.getegid(), "stop_signal": int(signal.SIGTERM),
    }  # fmt: skip
    with pytest.raises(SetupError, match="the server did not start: FATAL: no room"):
        Kept(order, "the server")
    assert list(tmp_path.iterdir()) == []


def test_the_server_does_not_see_the_environment_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("PGOPTIONS", "-c fsync=off")
    running = start("postgres", EMBEDDED)
    environment = Path(f"/proc/{running.pid}/environ").read_bytes()
    running.stop()
    assert b"PGOPTIONS" not in environment
    assert b"LC_ALL=C" in environment


@pytest.mark.parametrize("options", [ServerOptions("embedded", cpus=1.0), ServerOptions("embedded", memory="1g")])
def test_limits_on_an_embedded_server_are_refused_and_not_ignored(options: ServerOptions) -> None:
    with pytest.raises(SetupError, match="need --provider docker"):
        start("postgres", options)


def test_a_cache_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DBVERDICT_CACHE", str(tmp_path / "file"))
    with pytest.raises(SetupError, match="set DBVERDICT_CACHE"):
        start("postgres", EMBEDDED)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("postgres", "mysql://user:hunter2@host/db"),
        ("postgres", "postgresql://"),
        ("postgres", "postgresql://user:hunter2@host:port/db"),
        ("postgres", "postgresql:///db?host=/run/postgresql"),
        ("dynamodb-local", "localhost:8000"),
        ("dynamodb-local", "postgresql://user:hunter2@host/db"),
        ("dynamodb-local", "http://[::1"),
    ],
)
def test_a_malformed_url_is_one_line_with_an_example_and_without_its_password(kind: ServerKind, url: str) -> None:
    with pytest.raises(SetupError) as raised:
        check_url(kind, url)
    message = str(raised.value)
    assert "\n" not in message
    assert "hunter2" not in message
    assert ("postgresql://USER" if kind == "postgres" else "http://HOST:PORT") in message


@pytest.mark.parametrize(
    ("kind", "url", "port"),
    [("postgres", "postgresql://u:p@h/d", 5432), ("postgres", "postgres://u@h:99/d", 99), ("aws", "https://h", 443)],
)
def test_a_url_without_a_port_has_the_port_of_its_scheme(kind: ServerKind, url: str, port: int) -> None:
    assert check_url(kind, url)[1] == port


def test_a_refused_connection_is_one_line_that_names_the_address() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(SetupError, match=f"nothing answers at 127.0.0.1:{port} .*mend --url") as raised:
            start("postgres", ServerOptions(urls={"postgres": f"postgresql://u:hunter2@127.0.0.1:{port}/d"}))
    assert "hunter2" not in str(raised.value)


def test_a_server_given_by_url_is_found_and_outlives_us(postgres: EmbeddedServer) -> None:
    found = start("postgres", ServerOptions(urls={"postgres": postgres.server.url}))
    found.pause()
    found.stop()
    assert ask(found.server.url, "SELECT 1") == 1
    assert (found.server.provider, found.server.reason, found.pid) == ("url", "url: given with --url", None)


def test_a_url_for_the_target_goes_before_a_url_for_its_kind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        url = f"http://127.0.0.1:{mine.getsockname()[1]}"
        options = ServerOptions(urls={"dynamodb-local": "http://127.0.0.1:1", "dynamodb-local-boto3": url})
        assert start("dynamodb-local", options, "dynamodb-local-boto3").server.url == url


@pytest.mark.parametrize(
    ("options", "provider", "reason"),
    [
        (ServerOptions(), "embedded", "embedded: no Docker daemon answers"),
        (ServerOptions("embedded"), "embedded", "embedded: asked for with --provider"),
        (ServerOptions("docker"), "docker", "docker: asked for with --provider"),
        (ServerOptions(urls={"postgres": "postgresql://h/d"}), "url", "url: given with --url"),
        (ServerOptions(urls={"dynamodb-local": "http://h"}), "embedded", "embedded: no Docker daemon answers"),
    ],
)
def test_the_choice_tells_its_reason_where_no_daemon_answers(
    monkeypatch: pytest.MonkeyPatch, options: ServerOptions, provider: str, reason: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_DAEMON)
    choice = choose("postgres", options)
    assert (choice.provider, choice.reason) == (provider, reason)


def test_docker_asked_for_without_a_daemon_is_one_line_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_DAEMON)
    with pytest.raises(SetupError, match="start Docker, or use --provider embedded"):
        start("postgres", ServerOptions("docker"))
    assert availability("postgres", ServerOptions("docker")).reason == "no Docker daemon answers"


def test_provider_url_without_a_url_says_how_to_give_one() -> None:
    with pytest.raises(SetupError, match="--url dynamodb-local-boto3=URL"):
        choose("dynamodb-local", ServerOptions("url"), "dynamodb-local-boto3")
    assert not availability("postgres", ServerOptions("url")).can_run


def test_aws_is_not_started_and_not_available_unasked() -> None:
    assert start("aws", ServerOptions()).server.provider == "aws"
    assert availability("aws", ServerOptions()).can_run is False


def test_a_listener_that_closes_or_says_it_is_starting_up_is_not_yet_an_answer() -> None:
    starting_up = b"E\x00\x00\x00\x0eSFATAL\x00C57P03\x00\x00"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        argv = [sys.executable, "-c", ANSWER_THRICE, str(listener.fileno()), starting_up.hex()]
        child = subprocess.Popen(argv, pass_fds=[listener.fileno()])
        answers = [readiness.postgres_answers("127.0.0.1", port) for _ in range(3)]
        child.wait(LIMIT_S)
    assert answers == [False, False, True]

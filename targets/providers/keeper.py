"""The keeper: runs one server in a session of its own, and ends it when whoever asked for it is gone.

Run as a script (`python -I -S keeper.py`), with the standard library only, so that it starts in milliseconds. One JSON
line on stdin says what to run; one JSON line on stdout answers. Then the keeper waits for a line or the end of stdin:
the kernel closes a pipe whose owner was killed, so even SIGKILL leaves no server behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

GRACE_S = 10.0


def process_tree(root: int) -> list[int]:
    """The process and its descendants, parents first.

    PostgreSQL's backends call setsid(2), so signalling the process group of the postmaster would miss them.
    """
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    tree = [root]
    for pid in tree:
        tree.extend(children.get(pid, []))
    return tree


def _parents() -> list[tuple[int, int]]:
    if not os.path.isdir("/proc/self"):
        lines = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        return [(int(pid), int(parent)) for pid, parent in map(str.split, lines.splitlines())]
    pairs = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it ended while we looked
            stat = Path(f"/proc/{name}/stat").read_bytes()
            pairs.append((int(name), int(stat.rpartition(b")")[2].split()[1])))
    return pairs


def is_stopped(pid: int) -> bool:
    """Whether the process takes no more CPU: stopped, a zombie, or gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except OSError:
        if os.path.isdir("/proc/self"):
            return True
        state = subprocess.run(
            ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
    return state[:1] in ("", "T", "Z")


def signal_tree(root: int, number: int) -> None:
    """Send the signal to the process and then to its descendants; those that have ended are skipped."""
    _send(root, number)  # first the parent: stopped, it starts no more children behind our back
    for pid in process_tree(root)[1:]:
        _send(pid, number)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _make_folder(folder: Path, files: dict[str, str], uid: int, gid: int) -> None:
    folder.mkdir(mode=0o700)
    for name, text in files.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, uid, gid)


def _spawn(argv: list[str], order: dict[str, Any]) -> subprocess.Popen[bytes]:
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": order["uid"], "group": order["gid"], "extra_groups": []}
    with open(Path(order["folder"]) / "log", "ab") as log:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=order["folder"], env=order["env"],
            start_new_session=True, **who,
        )  # fmt: skip


def _run_server(order: dict[str, Any]) -> subprocess.Popen[bytes] | None:
    for argv in order["before"]:
        if _spawn(argv, order).wait() != 0:
            return None
    return _spawn(order["argv"], order)


def _wait_for_the_end() -> None:
    """Until stdin speaks or ends, or a signal asks us to go; takes no CPU, so it disturbs no measurement."""
    reader, writer = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.write(writer, b"!"))
    select.select([0, reader], [], [])


def _reap_at_once(server: subprocess.Popen[bytes]) -> None:
    """A server that ends by itself must not stay behind as a zombie, which would still look alive."""
    signal.signal(signal.SIGCHLD, lambda *_: server.poll())
    server.poll()  # it may have ended before the handler stood


def _end(server: subprocess.Popen[bytes], stop_signal: int) -> None:
    if server.poll() is not None:
        return
    tree = process_tree(server.pid)
    for pid in tree:
        _send(pid, signal.SIGCONT)
    _send(server.pid, stop_signal)
    try:
        server.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        for pid in tree:
            _send(pid, signal.SIGKILL)
        server.wait(GRACE_S)


def _remove(folder: Path) -> None:
    """A server that was killed leaves children that may still write for a moment: try until they are gone."""
    deadline = time.monotonic() + GRACE_S
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)


def _answer(**facts: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone already; stdin will say so
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


def _keep_server(order: dict[str, Any]) -> None:
    folder = Path(order["folder"])
    try:
        _make_folder(folder, order["files"], order["uid"], order["gid"])
        server = _run_server(order)
        if server is None:
            _answer(error=last_line(folder / "log"))
            return
        _reap_at_once(server)
        _answer(pid=server.pid)
        _wait_for_the_end()
        _end(server, order["stop_signal"])
    except OSError as error:
        _answer(error=str(error))
    finally:
        _remove(folder)


def _keep_container(order: dict[str, Any]) -> None:
    _answer(pid=os.getpid())
    _wait_for_the_end()
    subprocess.run(order["at_end"], stdin=subprocess.DEVNULL, capture_output=True, check=False)


def last_line(log: Path) -> str:
    """The line of a server's log that says most: the last fatal one, or the last; empty when there is none."""
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    fatal = [line for line in lines if "FATAL" in line or "error:" in line or "Exception" in line]
    return (fatal or lines or [""])[-1].strip()


if __name__ == "__main__":
    with open(0, "rb", buffering=0, closefd=False) as orders:  # unbuffered: what follows must stay visible to select
        given = json.loads(orders.readline())
    if "at_end" in given:
        _keep_container(given)
    else:
        _keep_server(given)

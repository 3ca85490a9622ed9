"""The user's cache folder: what is downloaded or copied once, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from targets.protocol import SetupError

_LOCK_LIMIT_S = 300.0


def cache_folder() -> Path:
    """Where downloads are kept: DBVERDICT_CACHE, else dbverdict/ in XDG_CACHE_HOME or ~/.cache."""
    if own := os.environ.get("DBVERDICT_CACHE"):
        return Path(own).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").resolve() / "dbverdict"


def public_cache_folder() -> Path:
    """Root's cache for what an unprivileged user must reach: root's home is closed to others."""
    if own := os.environ.get("DBVERDICT_CACHE"):
        return Path(own).expanduser().resolve()
    return Path("/var/cache/dbverdict")


def make_once(place: Path, make: Callable[[Path], None]) -> Path:
    """The folder `place`, made by `make(empty folder)` the first time; others wait, and a failure leaves nothing.

    Raises `SetupError` when the disk is full or the folder cannot be written.
    """
    if place.is_dir():
        return place
    try:
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _locked(place.with_name(place.name + ".lock")):
            if not place.is_dir():
                _make(place, make)
    except OSError as error:
        where = place.parent
        raise SetupError(
            f"cannot write to the cache folder {where} ({error.strerror or error}): make room or set DBVERDICT_CACHE"
        ) from error
    return place


def _make(place: Path, make: Callable[[Path], None]) -> None:
    half = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        make(half)
        half.chmod(0o755)
        half.rename(place)
    finally:
        shutil.rmtree(half, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """An exclusive lock between processes; polled, since a blocking flock would stop every greenlet of Locust."""
    deadline = time.monotonic() + _LOCK_LIMIT_S
    with open(path, "w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SetupError(f"another process has held {path} for {_LOCK_LIMIT_S:.0f} s: end it") from None
                time.sleep(0.1)
        yield

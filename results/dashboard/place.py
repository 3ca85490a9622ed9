"""Where a dashboard stands: never over what is not one, and replaced whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from results.refusal import Refusal

MARK: Final = "dashboard.json"
"""The file by which a folder is known as a dashboard of ours."""

_CONTENT: Final = {"dashboard": 1}
_OURS: Final = frozenset({MARK, "index.html", "assets", "data"})


@dataclass(frozen=True)
class Place:
    """A folder that is free, or holds an older dashboard and nothing else."""

    out: Path

    @classmethod
    def checked(cls, out: Path) -> Place:
        """The place `out`; raises Refusal when something else is there."""
        resolved = out.resolve()
        for folder in (resolved, _beside(resolved, "part"), _beside(resolved, "old")):
            _check(folder)
        return cls(resolved)

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A folder beside the place, which takes it over at the end; removed when building fails."""
        part, old = _beside(self.out, "part"), _beside(self.out, "old")
        if old.exists() and not self.out.exists():  # killed between the two renamings below
            os.replace(old, self.out)
        for left in (part, old):
            _remove(left)
        part.mkdir(parents=True)
        (part / MARK).write_text(json.dumps(_CONTENT) + "\n", encoding="utf-8")
        try:
            yield part
            self._take_over(part, old)
        finally:
            _remove(part)
            _remove(old)

    def _take_over(self, part: Path, old: Path) -> None:
        if self.out.exists():
            os.replace(self.out, old)
        try:
            os.replace(part, self.out)
        except OSError:
            if old.exists():
                os.replace(old, self.out)
            raise


def _beside(out: Path, what: str) -> Path:
    return out.with_name(f"{out.name}.{what}")


def _check(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise Refusal(f"{folder} is a file: name another folder with --out")
    names = {entry.name for entry in folder.iterdir()}
    if not names:
        return
    if MARK not in names:
        raise Refusal(f"{folder} holds something else than a dashboard: name another folder with --out")
    foreign = sorted(names - _OURS)
    if foreign:
        raise Refusal(f"{folder} holds {foreign[0]}, which is not of the dashboard: move it, or name another --out")


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)

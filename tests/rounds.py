"""Rounds of a target for tests of what is decided from run folders; each distinct run is made up once a session."""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.run_folders import Synthetic, write_run

RATE = 150.0  # 15 s of it hold enough turns for a p99


def rounds(folder: Path, count: int, median_ms: float = 0.6, first_seed: int = 1, experiment: str | None = "e1",
           **more: Any) -> Path:  # fmt: skip
    """So many rounds of one target in one folder, of one experiment unless it is None."""
    for at in range(1, count + 1):
        named = {"median_ms": median_ms, "round": at, "rate": RATE, "seed": first_seed + at, **more}
        files = _files(json.dumps(named, sort_keys=True))
        facts = json.loads(files["run.json"])
        facts["started_utc"] = f"2026-11-22T{first_seed % 24:02}:{at:02}:00Z"
        facts["experiment"] = None if experiment is None else {"id": experiment, "round": at, "order": at}
        path = folder / facts["id"]
        path.mkdir(parents=True)
        for name, content in {**files, "run.json": json.dumps(facts).encode()}.items():
            (path / name).write_bytes(content)
    return folder


@cache
def _files(named: str) -> dict[str, bytes]:
    """The files of one synthetic run, by name: writing them takes most of a second, copying nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_run(Path(folder), Synthetic(**json.loads(named)))
        return {file.name: file.read_bytes() for file in path.iterdir()}

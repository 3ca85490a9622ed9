"""The calibration of this machine, kept for later runs: a file in the user's state folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from targets.protocol import SetupError

_FORMAT: Final = 1
_MACHINE: Final = ("cpu_model", "cores", "kernel", "python")
_REFERENCE: Final = ("utc", "max_rate_ops", "error_ms", "sentence")


def state_folder() -> Path:
    """Where what was learnt is kept: dbverdict/ in XDG_STATE_HOME or ~/.local/state."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state").resolve() / "dbverdict"


def fingerprint(machine: Mapping[str, Any]) -> str:
    """Equal for equal CPU model, cores, kernel and Python; `machine` is a run's provenance or a calibration's."""
    return sha256(json.dumps([machine[name] for name in _MACHINE]).encode()).hexdigest()[:12]


def keep(result: Mapping[str, Any]) -> Path:
    """Replace this machine's calibration; raises `SetupError` when the folder cannot be written."""
    path = _path(result["machine"])
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"format": _FORMAT, **result}, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise SetupError(
            f"cannot keep the calibration in {path.parent}: {error.strerror}; make room or set XDG_STATE_HOME"
        ) from error
    return path


def reference(machine: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a run says of this machine's calibration; None when there is none that can be read."""
    try:
        found = json.loads(_path(machine).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, not text, not JSON
        return None
    if (
        not isinstance(found, dict)
        or found.get("format") != _FORMAT
        or not all(name in found for name in (*_REFERENCE, "ceilings"))
    ):
        return None
    ceilings = [{name: ceiling[name] for name in ("workers", "max_rate_ops")} for ceiling in found["ceilings"]]
    return {**{name: found[name] for name in _REFERENCE}, "ceilings": ceilings}


def _path(machine: Mapping[str, Any]) -> Path:
    return state_folder() / f"calibration-{fingerprint(machine)}.json"

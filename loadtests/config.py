"""dbverdict.toml: any option of `dbverdict run`, in a table of that name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from targets.protocol import SetupError

TABLES = frozenset({"run", "slo"})
"""Tables the file may hold; `slo` belongs to the gate."""


def read_config(path: Path, known: Sequence[str]) -> Mapping[str, Any]:
    """The `[run]` table, keys with underscores; raises `SetupError` naming the file and what is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} is no TOML: {error}") from error
    _refuse_unknown(path, "table", content, sorted(TABLES))
    table = content.get("run", {})
    if not isinstance(table, dict):
        raise SetupError(f"{path}: run must be a table: write [run] on a line of its own")
    options = {key.replace("-", "_"): value for key, value in table.items()}
    _refuse_unknown(path, "option", options, known)
    return options


def _refuse_unknown(path: Path, what: str, found: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in found:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it may hold {', '.join(known)}"
            raise SetupError(f"{path}: unknown {what} {key!r}: {hint}")

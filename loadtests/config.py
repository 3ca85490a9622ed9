"""dbverdict.toml: any option of `dbverdict run`, in a table of that name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results.refusal import Refusal
from results.toml_file import read_toml, refuse_unknown, table_of
from targets.protocol import SetupError


def read_config(path: Path, known: Sequence[str]) -> Mapping[str, Any]:
    """The `[run]` table, keys with underscores; raises `SetupError` naming the file and what is wrong."""
    try:
        table = table_of(path, "run", read_toml(path).get("run", {}))
        options = {key.replace("-", "_"): value for key, value in table.items()}
        refuse_unknown(path, "option", options, known)
    except Refusal as error:
        raise SetupError(str(error)) from error
    return options

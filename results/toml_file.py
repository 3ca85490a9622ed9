"""A TOML file of a person's: read whole, its keys checked against what it may hold."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from results.refusal import Refusal

TABLES: Final = ("run", "slo")
"""What dbverdict.toml may hold: options of `dbverdict run`, and limits."""


def read_toml(path: Path) -> Mapping[str, Any]:
    """The content, its tables checked; raises Refusal naming the file and what is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal(f"{path} is no TOML: {error}") from error
    refuse_unknown(path, "table", content, TABLES)
    return content


def table_of(path: Path, name: str, found: object) -> Mapping[str, Any]:
    """`found` as a table; raises Refusal where it is something else."""
    if not isinstance(found, Mapping):
        raise Refusal(f"{path}: {name} must be a table: write [{name}] on a line of its own")
    return found


def refuse_unknown(path: Path, what: str, found: Collection[str], known: Collection[str]) -> None:
    """Raise Refusal for the first key that is not known, with the nearest that is."""
    for key in found:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it may hold {', '.join(known)}"
            raise Refusal(f"{path}: unknown {what} {key!r}: {hint}")

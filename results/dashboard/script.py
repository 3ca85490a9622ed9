"""Data as script files, since a page opened from a disk may load scripts and nothing else; and names safe for files."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any, Final

_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,119}\Z")


def write_script(path: Path, name: str, content: object) -> None:
    """Write a script that hands `content` to the page under `name`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script(name, content), encoding="ascii")


def script(name: str, content: object) -> str:
    """The script's text: ASCII, with no `<`, so that nothing in it can end an element or begin one."""
    return f"dbverdict.take({_json(name)},{_json(content)});\n"


def _json(content: object) -> str:
    text = json.dumps(finite(content), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def finite(content: Any) -> Any:
    """The same without what JSON cannot say: a number that is none becomes null."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {str(key): finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content


def file_name(run_id: str) -> str:
    """The name of a run's file: its id where that is a plain word, else a hash of it. Ids come from strangers."""
    if _SAFE_NAME.match(run_id):
        return run_id
    return f"run_{hashlib.sha256(run_id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"

"""Our options on Locust's command line and in its web UI's form."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from loadtests.settings import OPTIONS
from targets.catalog import CATALOG

_SECRET: Final = frozenset({"url"})
"""Options that may hold a password: never shown in the web UI's form."""


def add_options(parser: ArgumentParser) -> None:
    """Our options, in a group of their own; texts are checked at the start, so that a mistake is one line."""
    group = parser.add_argument_group("dbverdict", "What is asked, of which database, under which load")
    target = group.add_argument("--target", default="", help="the database design: " + ", ".join(CATALOG))
    gate = group.add_argument("--gate", default="", help="a dbverdict.toml whose limits decide the exit code")
    actions = [target, gate]
    for option in OPTIONS:
        text = option.help + (f" ({', '.join(option.choices)})" if option.choices else "")
        text += f" [{option.default}]" if option.default else ""
        kind: dict[str, Any] = (
            {"action": "store_true"} if option.flag else {"default": "" if not option.multiple else None}
        )
        if option.multiple:
            kind["action"] = "append"
        actions.append(group.add_argument(f"--{option.name}", help=text.replace("%", "%%"), **kind))
    for action in actions:
        action.include_in_web_ui = action.dest not in _SECRET  # type: ignore[attr-defined]

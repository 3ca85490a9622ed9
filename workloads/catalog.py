"""Every workload by name, the options they share, and the defaults."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from workloads.chat import ChatWorkload
from workloads.micro import AppendWorkload, PointReadWorkload
from workloads.parameters import TURNS_PER_CHAT
from workloads.replay import ReplayWorkload
from workloads.workload import Workload

NAMES = ("chat", "replay", "point-read", "append")
"""The workloads, the default first."""

PROFILES = tuple(TURNS_PER_CHAT)
"""Values of `--chat-profile`, the default first."""


@dataclass(frozen=True)
class WorkloadOptions:
    """What a person chose; each workload uses what concerns it."""

    name: str = "chat"
    chat_profile: str = "consumer"
    stored_users: int = 1000
    stored_chats_per_user: int = 8  # 37 is realistic, and takes five times as long to load
    trace: str | None = None
    speed: float = 1.0  # of a replay: divides the trace's instants
    people: int = 1000  # of a replay: the persons its requests are dealt to


def make_workload(options: WorkloadOptions) -> Workload:
    """The workload of these options. Raises ValueError, one line that names the cure, for what cannot be."""
    _check(options)
    users, chats = options.stored_users, options.stored_chats_per_user
    if options.name == "replay":
        if options.trace is None:
            raise ValueError("replay needs a trace: give --trace FILE (an Azure CSV or a Mooncake JSONL)")
        return ReplayWorkload(options.trace, options.speed, options.people, users, chats)
    if options.name == "point-read":
        return PointReadWorkload(users)
    if options.name == "append":
        return AppendWorkload(users)
    return ChatWorkload(options.chat_profile, users, chats)


def _check(options: WorkloadOptions) -> None:
    _check_name("workload", options.name, NAMES)
    _check_name("chat profile", options.chat_profile, PROFILES)
    _check_least("--stored-users", options.stored_users, 1)
    _check_least("--stored-chats-per-user", options.stored_chats_per_user, 0)
    _check_least("--people", options.people, 1)
    if not (math.isfinite(options.speed) and options.speed > 0):
        raise ValueError(f"--speed must be above 0, not {options.speed}: 10 replays ten times as fast")


def _check_name(kind: str, given: str, known: Iterable[str]) -> None:
    names = list(known)
    if given in names:
        return
    close = get_close_matches(given, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown {kind} {given!r}: {hint}there are {', '.join(names)}")


def _check_least(option: str, given: int, least: int) -> None:
    if given < least:
        raise ValueError(f"{option} must be at least {least}, not {given}")

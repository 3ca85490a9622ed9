"""The options of `dbverdict capacity`: those of `dbverdict run` that make sense where the search sets the rate."""

from __future__ import annotations

from typing import Final

from loadtests.settings import OPTIONS, Option

WARMUP: Final = "3s"
DURATION: Final = "10s"
LONGEST: Final = "60s"
RESOLUTION: Final = "10"
REPEATS: Final = "3"

UNUSED: Final = ("rate", "saturate", "time_scale", "users", "spawn_rate", "rounds")
"""Options of `dbverdict run` that set the load: passed over where dbverdict.toml holds them."""

_OWN: Final = (
    Option("target", None, "the database design: one a call", multiple=True),
    Option("duration", DURATION, "the measured window of each step"),
    Option("longest", LONGEST, "the longest a window may become so that it holds enough turns for its p99"),
    Option("start", None, "turns a second to begin with; without it the lowest that needs no longer window"),
    Option("resolution", RESOLUTION, "how near, in per cent, the two ends of the interval should come"),
    Option("repeats", REPEATS, "how often both ends are measured in all"),
)

CAPACITY_OPTIONS: Final = (
    *_OWN,
    *(
        option._replace(default=WARMUP) if option.name == "warmup" else option
        for option in OPTIONS
        if option.name.replace("-", "_") not in UNUSED
    ),
)
"""Every option of `dbverdict capacity`."""

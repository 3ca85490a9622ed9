"""The workers that Locust's `--processes` forks from the master's process."""

from __future__ import annotations

import psutil


def release_workers() -> None:
    """End this process's forks: Locust forgets those that still run, and they would wait a minute for a master."""
    me = psutil.Process()
    mine = me.cmdline()
    for child in me.children():
        try:
            if child.cmdline() == mine:  # a fork, and no server or engine
                child.terminate()
        except psutil.NoSuchProcess:
            continue

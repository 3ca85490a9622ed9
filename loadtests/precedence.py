"""How the engine shares the processor with what it measures."""

from __future__ import annotations

import os


def take_precedence(model: str) -> str:
    """Ask the kernel to run this process when its work is due, not when a busy neighbour yields; says what it got.

    An engine below its CPU limit needs a few tens of microseconds at a time. Where the machine allows it
    (root, CAP_SYS_NICE) they are real-time. A saturated engine is the opposite, `batch`: woken by each answer it
    would interrupt the database thousands of times a second, so it takes several answers at a time instead.
    """
    if not hasattr(os, "SCHED_RR"):
        return "normal"
    policy, parameter = (os.SCHED_BATCH, 0) if model == "saturate" else (os.SCHED_RR, 1)
    try:
        os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_param(parameter))
    except OSError:
        return "normal"
    return "batch" if model == "saturate" else "real-time"

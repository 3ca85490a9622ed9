"""Where a signal arrives in a process full of greenlets."""

from __future__ import annotations

from types import FrameType

import gevent


def interrupt_main(number: int, frame: FrameType | None) -> None:
    """Have a signal arrive in the main greenlet, where Locust waits for it.

    Python raises KeyboardInterrupt in whichever greenlet happens to run: in the one that reads an engine it would
    end the reading, and with it the last seconds of the run.
    """
    hub = gevent.get_hub()
    hub.loop.run_callback(hub.handle_system_error, KeyboardInterrupt, KeyboardInterrupt())

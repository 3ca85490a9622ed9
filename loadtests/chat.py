"""The locustfile: `locust -f loadtests/chat.py --headless -u 50 -r 25 -t 60s --target postgres`.

`python -m loadtests.chat` is the same command without the `-f`. Its `--help` shows our options too, which
`locust --help` cannot: Locust prints its help before it loads a locustfile.

Locust decides how many people there are; the engine, a process of its own, sends their turns and measures.
"""

from __future__ import annotations

import sys

import gevent
from locust import User, task
from locust.main import main

from loadtests import control

control.install()


class Person(User):
    """Somebody who chats; what they do happens in the engine, so their greenlet only waits to be stopped."""

    @task
    def chat(self) -> None:
        """Be there."""
        gevent.sleep(3600)


if __name__ == "__main__":
    sys.argv[1:1] = ["--locustfile", __file__]
    main()

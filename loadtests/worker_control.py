"""What a Locust worker does with the master's orders."""

from __future__ import annotations

from typing import Any, Final

from locust.env import Environment

from loadtests.node import Node
from loadtests.plan import Plan

ORDER: Final = "dbverdict_order"
EVENT: Final = "dbverdict_event"
"""The names of the messages from the master to its workers and back."""


class WorkerControl:
    """A Locust worker: a node that obeys the master."""

    def __init__(self, environment: Environment) -> None:
        self._runner = environment.runner
        self._node: Node | None = None
        environment.runner.register_message(ORDER, self._on_order)
        environment.events.quitting.add_listener(self._on_quitting)

    def _on_order(self, environment: Environment, msg: Any, **_: Any) -> None:
        order = msg.data
        if order["order"] == "plan":
            if self._node is not None:
                self._node.close()
            self._node = Node(Plan(**order["plan"]), self._tell)
        elif self._node is not None:
            self._node.obey(order)

    def _tell(self, event: dict[str, Any]) -> None:
        self._runner.send_message(EVENT, event)

    def _on_quitting(self, environment: Environment, **_: Any) -> None:
        """A Ctrl-C reaches workers too: let the engine finish first, so that its last seconds are not lost."""
        if self._node is not None:
            self._node.obey({"order": "stop", "reason": "interrupted"})
            self._node.wait(8.0)
            self._node.close()

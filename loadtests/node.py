"""One worker's part of a run, in the Locust process: an engine, its recorder, and what is told to the director."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadtests.engine_process import EngineProcess
from loadtests.plan import Plan
from results.recorder import EngineSecond, Recorder

Tell = Callable[[dict[str, Any]], None]
"""Hands an event to the director; plain values that msgpack carries."""


class Node:
    """Starts an engine for a plan and turns what it says into events: ready, interval, finished, failed."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self.plan = plan
        self._tell = tell
        self._start_ns = 0
        self._recorder: Recorder | None = None
        self._engine = EngineProcess(self._samples, self._event, self._death)
        self._engine.order("plan", **plan.to_json())

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out an order of the director: start, people or stop."""
        match order["order"]:
            case "start":
                self._engine.order("start", wall_ns=order["wall_ns"])
            case "people":
                self._engine.order("people", count=self.plan.own_people(order["total"]))
            case "stop":
                self._engine.order("stop", reason=order["reason"], detail=order.get("detail", ""))

    def wait(self, timeout_s: float) -> bool:
        """Wait until the engine has ended; answers whether it has."""
        return bool(self._engine.ended.wait(timeout_s))

    def close(self) -> None:
        """End the engine, whatever it does."""
        self._engine.close()

    def _samples(self, blob: bytes) -> None:
        if self._recorder is not None:
            self._recorder.add(blob)

    def _event(self, event: str, values: dict[str, Any]) -> None:
        match event:
            case "started":
                self._start_ns = values["start_ns"]
                self._recorder = Recorder(values["open_ns"], values["close_ns"])
            case "second" if self._recorder is not None:
                interval = self._recorder.close_second(values["second"], EngineSecond(**values["engine"]))
                self._tell({"event": "interval", "interval": interval.to_message()})
            case "closing" if self._recorder is not None:
                self._recorder.close_ns = values["close_ns"]
                self._tell({"event": "closing", "close_s": (values["close_ns"] - self._start_ns) / 1e9})
            case "finished":
                self._tell({"event": "finished", **self._seconds(values)})
            case _:
                self._tell({"event": event, **values})

    def _seconds(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "reason": values["reason"],
            "detail": values["detail"],
            "issued": values.get("issued"),
            "integrity": values.get("integrity"),
            "close_s": (values["close_ns"] - self._start_ns) / 1e9,
            "end_s": (values["end_ns"] - self._start_ns) / 1e9,
        }

    def _death(self, status: int) -> None:
        how = f"killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self._tell({"event": "died", "detail": f"the engine of worker {self.plan.worker} was {how}"})

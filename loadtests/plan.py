"""What an engine is to do, as it travels from the Locust process: plain values, no secrets on a command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Model = Literal["people", "rate", "saturate"]
Arrivals = Literal["poisson", "constant", "trace"]


@dataclass(frozen=True)
class Plan:
    """One engine's part of a run. Rates and connections are the run's totals; `worker` of `workers` takes its share."""

    target: str
    target_options: dict[str, Any]
    workload: dict[str, Any]
    seed: int
    model: Model
    connections: int
    timeout_s: float
    warmup_s: float
    ramp_s: float = 0.0
    duration_s: float | None = None  # of the measured window; None: until told to stop
    rate_turns: float | None = None
    arrivals: Arrivals | None = None
    people: int = 1000  # people that arrivals are shared among, in the rate model
    time_scale: float = 1.0
    oracle: bool = True  # whether the answers are checked
    worker: int = 0
    workers: int = 1

    def to_json(self) -> dict[str, Any]:
        """Plain values, for JSON or msgpack."""
        return asdict(self)

    def for_worker(self, worker: int, workers: int) -> Plan:
        """The same run as worker `worker` of `workers` sees it."""
        return replace(self, worker=worker, workers=workers)

    @property
    def own_connections(self) -> int:
        """This worker's share of the connections; the shares add up to the total."""
        return self.connections // self.workers + (self.worker < self.connections % self.workers)

    def own_people(self, total: int) -> int:
        """How many of people 0 … total-1 are this worker's: those with p mod workers = worker."""
        return max(0, (total - self.worker + self.workers - 1) // self.workers)

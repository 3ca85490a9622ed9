"""What a run may cost: consumed capacity at list price against `--max-usd`, looked at as the run goes."""

from __future__ import annotations

from loadtests.settings import Settings
from results.prices import Prices, list_prices
from results.run import RunWriter
from results.window import End


class Budget:
    """Knows what was spent on loading and on reading back; the rest stands in the run's own totals."""

    def __init__(self, settings: Settings) -> None:
        server = settings.design.server
        self._max_usd = settings.max_usd
        # DynamoDB Local costs nothing: its units count against --max-usd only when that was asked for.
        self._capped = server == "aws" or settings.max_usd_given
        self.prices: Prices | None = list_prices() if server in ("aws", "dynamodb-local") else None
        self.loading_usd = 0.0
        self._reading: dict[int, float] = {}

    def read_back(self, worker: int, read_units: float) -> None:
        """Reading back has taken so many units on this worker so far."""
        self._reading[worker] = read_units

    def spent(self, writer: RunWriter | None) -> End | None:
        """The end of a run that has spent its budget; None while it has not."""
        usd = writer.usd(sum(self._reading.values())) if writer is not None and self._capped else None
        if usd is None or usd + self.loading_usd < self._max_usd:
            return None
        return End("budget", f"consumed capacity reached ${usd:.4f} of --max-usd {self._max_usd}")

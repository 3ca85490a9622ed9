"""What consumed capacity costs at DynamoDB's dated list price; the price stands in `prices.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

_FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Prices:
    """On-demand list prices in USD per single request unit, their region, date and source."""

    region: str
    valid_from: date
    checked: date
    source: str
    usd_per_read_unit: float
    usd_per_write_unit: float


def list_prices(file: Path = _FILE) -> Prices:
    """The dated list price; raises OSError, KeyError or ValueError when the file is not what we ship."""
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    return Prices(
        region=str(entries["region"]),
        valid_from=entries["valid_from"],
        checked=entries["checked"],
        source=str(entries["source"]),
        usd_per_read_unit=float(entries["usd_per_million_read_units"]) / 1e6,
        usd_per_write_unit=float(entries["usd_per_million_write_units"]) / 1e6,
    )


def usd(read_units: float, write_units: float, prices: Prices) -> float:
    """USD for this much consumed capacity; storage, backups and traffic are not in it."""
    return read_units * prices.usd_per_read_unit + write_units * prices.usd_per_write_unit

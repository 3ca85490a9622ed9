"""`--max-usd` bounds what is read back after the load, too."""

from pathlib import Path
from typing import Any

import pytest

from loadtests.director import Director
from loadtests.settings import read
from results.prices import list_prices, usd
from results.run import RunWriter
from results.window import Window
from tests.test_run import FACTS, PLANNED

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("share_of_budget", "stops"), [(0.9, False), (1.1, True)])
def test_reading_back_ends_when_its_units_have_spent_the_budget(
    tmp_path: Path, share_of_budget: float, stops: bool
) -> None:
    sent: list[tuple[int, dict[str, Any]]] = []
    director = Director(read({"target": "dynamodb-local", "max_usd": "0.5"}), lambda line: None)
    prices = list_prices()
    director._writer = RunWriter(tmp_path, FACTS, Window(0.0, 1.0, 3.0), 1_800_000_000.0, 2, prices)
    director._send = lambda worker, order: sent.append((worker, order))
    director._workers = 2
    units = share_of_budget * 0.5 / usd(1, 0, prices)
    director.on_event(0, {"event": "reading_back", "read_units": units / 4})
    assert sent == []
    director.on_event(1, {"event": "reading_back", "read_units": units / 4})
    director.on_event(0, {"event": "reading_back", "read_units": units * 3 / 4})  # of all it has read so far
    assert [worker for worker, order in sent if order["reason"] == "budget"] == ([0, 1] if stops else [])
    director._writer.finish(director._end or PLANNED, 3.0, 3.1)

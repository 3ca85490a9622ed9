"""The bill of a run, at the list price of 1 November 2024."""

from __future__ import annotations

from datetime import date

import pytest

from results.prices import list_prices, usd

pytestmark = pytest.mark.fast


def test_a_million_strong_reads_of_4_kb_cost_12_and_a_half_cents() -> None:
    assert usd(1_000_000, 0, list_prices()) == pytest.approx(0.125)


def test_a_million_writes_of_1_kb_cost_62_and_a_half_cents() -> None:
    assert usd(0, 1_000_000, list_prices()) == pytest.approx(0.625)


def test_the_decision_documents_load_costs_492_dollars_a_month_when_it_never_rests() -> None:
    """500 strong reads and 100 writes of two units a second for 730 hours: $164.25 + $328.50 (CLAIMS, C35 and C36)."""
    seconds = 730 * 3600
    assert usd(500 * seconds, 200 * seconds, list_prices()) == pytest.approx(492.75)


def test_half_units_count() -> None:
    assert usd(0.5, 0, list_prices()) == pytest.approx(0.0625e-6)


def test_the_price_says_where_and_when_it_holds() -> None:
    prices = list_prices()
    assert (prices.region, prices.valid_from) == ("us-east-1", date(2024, 11, 1))
    assert prices.checked >= prices.valid_from
    assert "infracost" in prices.source

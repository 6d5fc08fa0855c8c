"""At which price and in which currency a label counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ladle
from ladle.labelling import MemoryStore
from ladle.labelling.measures.prices import Prices
from ladle.labelling.settings import Settings

OF_NONE = (None, "")


def prices_of(settings: Settings, *pairs: tuple[float | None, str]) -> list[tuple[float | None, str]]:
    """The pairs in force, of a campaign whose price and currency were these one after the other."""
    changed = [replace(settings, price=price, currency=currency) for price, currency in pairs]

    class Changes:
        settings = np.array([each.to_json() for each in changed[1:]], object)
        event = np.arange(1, len(changed))

    found = Prices.of(changed[0], Changes())  # type: ignore[arg-type]
    return list(zip(found.price, found.currency, strict=True))


@pytest.mark.parametrize(
    ("pairs", "held"),
    [
        ([OF_NONE, (2.0, "GBP")], [(2.0, "GBP"), (2.0, "GBP")]),
        ([(1.0, "USD"), (None, "USD"), (2.0, "GBP")], [(1.0, "USD"), (2.0, "GBP"), (2.0, "GBP")]),
        ([(None, "USD"), (1.0, "GBP")], [(1.0, "GBP"), (1.0, "GBP")]),
        ([(1.0, ""), (1.0, "EUR"), (2.0, "USD")], [(1.0, "EUR"), (1.0, "EUR"), (2.0, "USD")]),
    ],
)
def test_a_price_and_its_currency_were_set_together(
    pairs: list[tuple[float | None, str]], held: list[tuple[float | None, str]]
) -> None:
    campaign = ladle.Campaign.create(MemoryStore(), name="c", pool=np.eye(3), labels=["cat"], strategy="uniform")
    assert prices_of(campaign.settings, *pairs) == held

"""What labels have cost: each at the price that held when it was told. A later price changes nothing of it.

A price or a currency that was not set counts as the first that was set afterwards: it was not known, and not nothing.
A price that was a mistake counts as what a lead has set instead of it (`Settings.correction`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from ladle.counts import counted
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.tables import SettingsTable
from ladle.labelling.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """The prices of a label over time.

    events: (p,) int64, ascending: the change of the settings from which each holds; 0 for the founding ones. price,
    currency: of each; None where no price has been set since.
    """

    events: Int64
    price: tuple[float | None, ...]
    currency: tuple[str, ...]

    @classmethod
    def of(cls, founding: Settings, changes: SettingsTable) -> Prices:
        """The prices by the settings of the beginning and their changes."""
        settings = [founding, *(Settings.from_json(text) for text in changes.settings.tolist())]
        prices, currencies = [each.price for each in settings], [each.currency for each in settings]
        for place, each in enumerate(settings):
            _correct(prices, currencies, each.correction, until=place)
        for place in range(len(settings) - 2, -1, -1):
            if prices[place] is None:
                prices[place], currencies[place] = prices[place + 1], currencies[place + 1]
            currencies[place] = currencies[place] or currencies[place + 1]
        return cls(np.concatenate([[0], changes.event]).astype(np.int64), tuple(prices), tuple(currencies))

    def held_at(self, events: Int64) -> Int64:
        """(e,) the place of the price that held when these events were."""
        return np.searchsorted(self.events, events, side="right") - 1

    def unpriced(self, events: Int64) -> int:
        """How many labels that were stored by these events have no price."""
        return self.unpriced_by_price(Counter(self.held_at(events).tolist()))

    def unpriced_by_price(self, counts: Mapping[int, int]) -> int:
        """As `unpriced`, of so many labels by the place of the price that held."""
        return sum(count for place, count in counts.items() if self.price[place] is None)

    def costs(self, events: Int64) -> dict[str, float]:
        """What labels cost that were stored by these events, by currency; without those that have no price.

        Decimal sums, so without the errors of binary fractions.
        """
        return self.costs_by_price(Counter(self.held_at(events).tolist()))

    def costs_by_price(self, counts: Mapping[int, int]) -> dict[str, float]:
        """As `costs`, of so many labels by the place of the price that held."""
        totals: dict[str, Decimal] = {}
        for place, count in sorted(counts.items()):
            price = self.price[place]
            if price is not None:
                word = self.currency[place]
                totals[word] = totals.get(word, Decimal()) + count * Decimal(str(price))
        return {word: float(total) for word, total in totals.items()}


def _correct(prices: list[float | None], currencies: list[str], correction: Mapping[str, Any], *, until: int) -> None:
    """Put the right price, currency or both in the place of a mistaken price among the first `until` ones."""
    for place in range(until if correction else 0):
        if prices[place] == correction["instead_of"]:
            prices[place] = correction.get("price", prices[place])
            currencies[place] = correction.get("currency", currencies[place])


def costs_text(costs: Mapping[str, float], unpriced: int = 0) -> str:
    """Costs for people, such as "2.05 EUR + 1.00 USD", and how many labels they leave out because these have no price.

    Empty without costs.
    """
    text = " + ".join(f"{cost:,.2f} {word}".rstrip() for word, cost in costs.items())
    return f"{text} (without {counted(unpriced, 'label')} of no price)" if text and unpriced else text

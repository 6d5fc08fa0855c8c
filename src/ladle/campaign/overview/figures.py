"""The counts of a campaign that a page shows, from those that are kept."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ladle.campaign.session.damage import newest_part
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import IMPORTED_LABEL, BatchTable, EventTable, SettingsTable, TallyTable
from ladle.labelling.contract.tallies import DAY_HOURS, Tally, counts_in, day_sheet
from ladle.labelling.figures import Figures
from ladle.labelling.measures.prices import Prices
from ladle.labelling.measures.speed import DAY, WINDOW_DAYS, hourly_labels_per_day
from ladle.labelling.measures.spending import spend_kept
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, STATES, WAITING

DAY_SECONDS = 24 * 3600.0
_SHEETS = ("tasks", "labels", "classes", "pairs", "excluded", "quarantined", "payments", "days")


def figures(view: View, settings: Settings, at: int) -> Figures:
    """All counts of one moment. at: now, in microseconds.

    Raises: CorruptFileError when a kept count is lost. Cost: reads the kept counts but for those of earlier days.
    """
    today = at // DAY
    if isinstance(view, CountedView):
        view.check((TallyTable,))
    days = range(today - WINDOW_DAYS, today + 1)
    kept = counts_in(view.read(TallyTable, "sheet", [*_SHEETS, *map(day_sheet, days)]))
    last, rounds = view.last(EventTable), view.last(BatchTable)
    spend = spend_kept(settings, kept)
    periods = {period: count for (sheet, _, period, _), count in kept.items() if sheet == "payments"}
    prices = Prices.of(Settings.from_json(view.settings), view.read(SettingsTable))
    costs = {} if set(prices.price) == {None} else prices.costs_by_price(periods)
    speed, outstanding = _speed(view, kept, at), _tasks(kept, WAITING)
    return Figures(
        name=settings.name,
        at_event=int(last.seq[0]),
        pool=int(newest_part(view).rows[0]),
        asked=_tasks(kept, range(len(STATES))),
        labelled=_tasks(kept, (LABELLED,)),
        labelled_unasked=_tasks(kept, (LABELLED,), asked=False),
        outstanding=outstanding,
        disputed=_tasks(kept, (DISPUTED,)) + _tasks(kept, (DISPUTED,), asked=False),
        disputed_unasked=_tasks(kept, (DISPUTED,), asked=False),
        excluded=_sum(kept, "excluded"),
        rounds=int(rounds.round[0]) if len(rounds) else 0,
        quarantined=_sum(kept, "quarantined"),
        labels=_sum(kept, "labels"),
        imported=sum(count for (sheet, *_, how), count in kept.items() if (sheet, how) == ("labels", IMPORTED_LABEL)),
        spend=spend.paid,
        reserved=spend.reserved,
        budget=settings.budget,
        left=spend.left(settings.budget),
        cost=costs.get(settings.currency, None if settings.price is None else 0.0),
        currency=settings.currency,
        costs=costs,
        unpriced=prices.unpriced_by_price(periods),
        labels_per_day=speed,
        seconds_left=spend.reserved / speed * DAY_SECONDS if speed and outstanding else None if outstanding else 0.0,
        agreement=None if settings.labels.kind == "value" else _agreement(kept),
        annotators=_by_name(kept, "labels"),
        today=_by_name(kept, day_sheet(today)),
        classes=_by_name(kept, "classes"),
    )


def founded_at(view: View) -> int:
    """When the campaign was created, in microseconds; 0 where its log is lost."""
    first = view.read(EventTable, "seq", [1])
    return int(first.at[0]) if len(first) else 0


def _sum(kept: Tally, sheet: str) -> int:
    return sum(count for (of, *_), count in kept.items() if of == sheet)


def _by_name(kept: Tally, sheet: str) -> dict[str, int]:
    """The counts of a sheet by name, in the order of the names."""
    found = Counter[str]()
    for (of, name, *_), count in kept.items():
        found[name] += count if of == sheet else 0
    return {name: count for name, count in sorted(found.items()) if count}


def _tasks(kept: Tally, states: tuple[int, ...] | range, *, asked: bool = True) -> int:
    """The tasks in these states that an ask has chosen, or that none has."""
    words = [STATES[state] for state in states]
    return sum(
        count
        for (sheet, word, batch, _), count in kept.items()
        if sheet == "tasks" and word in words and asked == (batch > 0)
    )


def _agreement(kept: Tally) -> float | None:
    pairs = kept["pairs", "all", 0, 0]
    return kept["pairs", "equal", 0, 0] / pairs if pairs else None


def _speed(view: View, kept: Tally, at: int) -> float | None:
    first = founded_at(view) // DAY
    hours = Counter[int]()
    for (sheet, _, number, _), count in kept.items():
        if sheet.startswith("day ") and (day := int(sheet[4:])) >= first:
            hours[day * DAY_HOURS + number] += count
    total = sum(count for (sheet, _, day, _), count in kept.items() if sheet == "days" and day >= first)
    return hourly_labels_per_day(
        np.array(list(hours), np.int64), np.array(list(hours.values()), np.int64), at, total=total
    )

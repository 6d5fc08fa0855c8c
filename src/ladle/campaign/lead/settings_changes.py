"""Settings that a lead changes while the campaign runs: budget, price, people, agreement, the length of leases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ladle.campaign.session.session import Session
from ladle.errors import ArgumentError
from ladle.labelling.answers import SettingsChange
from ladle.labelling.contract.events import next_number, record
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    AdjudicationTable,
    EventTable,
    ExclusionTable,
    LabelTable,
    QuarantineTable,
    SettingsTable,
    TaskTable,
)
from ladle.labelling.measures.prices import Prices
from ladle.labelling.rules import settings as settings_rules
from ladle.labelling.rules.tell import KnownRows
from ladle.labelling.settings import UNCHANGED, Settings, Unchanged, check_currency, check_price


class _Open(Protocol):
    """An open campaign."""

    _session: Session


def set_settings(
    campaign: _Open,
    *,
    budget: int | Unchanged | None = UNCHANGED,
    annotators_per_task: int | Unchanged = UNCHANGED,
    agreement: str | Unchanged = UNCHANGED,
    lease_seconds: float | Unchanged = UNCHANGED,
    price: float | Unchanged | None = UNCHANGED,
    currency: str | Unchanged = UNCHANGED,
    gold_accuracy: float | Unchanged = UNCHANGED,
    control: float | Unchanged = UNCHANGED,
    instead_of: float | None = None,
) -> SettingsChange:
    """Change settings of the running campaign. Its tasks are judged anew in the same transaction.

    Parameters
    ----------
    budget, annotators_per_task, agreement, lease_seconds, price, currency, gold_accuracy, control : optional
        As in `Campaign.create`; a setting that is left out stays as it is. `budget=None` is no limit, `price=None`
        no price. Leases that run already keep their length.
    instead_of : float, optional
        A price that was a mistake. Labels that were told while it held cost the given price, are in the given currency,
        or both. Where it is in force, it is replaced; a later price stays in force.

    Returns
    -------
    SettingsChange
        The old and the new value of each setting that differs, and how many tasks have another state now.

    Raises
    ------
    ArgumentError
        For a value that is out of range, and without any setting; for `instead_of` without a price or a currency, and
        for a price that never held.

    Notes
    -----
    To undo it, set the old values. Cost: reads all tasks and labels where people or agreement change.
    """
    given = {
        "budget": budget,
        "annotators_per_task": annotators_per_task,
        "agreement": agreement,
        "lease_seconds": lease_seconds,
        "price": price,
        "currency": currency,
        "gold_accuracy": gold_accuracy,
        "control": control,
    }
    return change(campaign._session, given, instead_of)


set_settings.__qualname__ = "Campaign.set"  # so Python's own errors name it as callers do


def change(session: Session, given: Mapping[str, Any], instead_of: float | None) -> SettingsChange:
    """Change the settings that are not UNCHANGED, and judge the tasks anew. Raises: ArgumentError."""
    wanted = {name: value for name, value in given.items() if value is not UNCHANGED}
    if not wanted:
        names = ", ".join(f"`{name}`" for name in given)
        raise ArgumentError("the settings", wanted=f"be one or more of {names}", got="none")
    correction = {} if instead_of is None else _correction(wanted, instead_of)
    at = session.now()
    with session.writing() as writer:
        before = session.settings
        if correction and before.price != correction["instead_of"]:
            wanted = {name: value for name, value in wanted.items() if name not in correction}
        after = replace(before, **wanted)
        if correction and not _was_corrected(writer, correction):
            after = replace(after, correction=correction)
        judges = bool(settings_rules.changes_between(before, after).keys() & set(settings_rules.JUDGING))
        known = known_tasks(writer, at) if judges else no_tasks(writer, at)
        number = next_number(writer, SettingsTable)
        effects = settings_rules.change_settings(before, after, known, number=number)
        if effects:
            record(writer, session.act("set", at), effects)
            session.settings = replace(after, correction={})
    changed = {name: (old, new) for name, (old, new) in effects.report["changed"].items()}
    corrected = effects.report.get("corrected", {})
    return SettingsChange(changed, tasks=int(effects.report["tasks"]), corrected=corrected)


def _correction(wanted: Mapping[str, Any], instead_of: float) -> dict[str, Any]:
    """What holds in the place of a mistaken price. Raises: ArgumentError."""
    right = {name: wanted[name] for name in ("price", "currency") if wanted.get(name) is not None}
    if not right:
        got = "none of them"
        raise ArgumentError("`instead_of`", wanted="come with the right `price`, `currency` or both", got=got)
    mistaken = check_price(instead_of, "`instead_of`")
    if "price" in right:
        right["price"] = check_price(right["price"])
    if "currency" in right:
        right["currency"] = check_currency(right["currency"])
    return {"instead_of": mistaken, **right}


def _was_corrected(view: View, correction: Mapping[str, Any]) -> bool:
    """Whether no price is left that this correction would change. Raises: ArgumentError for a price that never held."""
    changes, mistaken = view.read(SettingsTable), correction["instead_of"]
    every = [Settings.from_json(text) for text in (view.settings, *changes.settings.tolist())]
    prices = Prices.of(every[0], changes)
    left = [pair for pair in zip(prices.price, prices.currency, strict=True) if pair[0] == mistaken]
    if not left and correction not in [each.correction for each in every]:
        held = ", ".join(f"{price:g}" for price in dict.fromkeys(prices.price) if price is not None)
        got = f"{mistaken:g}, and no price has held" if not held else f"{mistaken:g}"
        raise ArgumentError("`instead_of`", wanted=f"be a price that has held{held and ': '}{held}", got=got)
    words = {word for _, word in left if word}
    if "currency" in correction and len(words) > 1:
        raise ArgumentError(
            "`instead_of`",
            wanted="be a price that held in one currency, to be corrected with its currency",
            got=f"{mistaken:g}, which held in {' and '.join(sorted(words))}",
            remedy="Correct the price alone: each label keeps its currency.",
        )
    return all(
        (correction.get("price", price), correction.get("currency", word)) == (price, word) for price, word in left
    )


def known_tasks(view: View, at: int) -> KnownRows:
    """What the campaign knows of all its tasks. Cost: reads all of them and their labels."""
    exclusions = view.read(ExclusionTable)
    return replace(
        no_tasks(view, at),
        task=view.read(TaskTable),
        label=view.read(LabelTable),
        excluded=exclusions.row[exclusions.active == 1],
        adjudication=view.read(AdjudicationTable),
    )


def no_tasks(view: View, at: int) -> KnownRows:
    """The numbers of the next rows alone."""
    return KnownRows(
        task=TaskTable.empty(),
        label=LabelTable.empty(),
        excluded=TaskTable.empty().row,
        adjudication=AdjudicationTable.empty(),
        next_label=next_number(view, LabelTable),
        next_quarantined=next_number(view, QuarantineTable),
        event=next_number(view, EventTable),
        at=at,
    )

"""What to do next in a campaign: the facts of one moment, and the steps that `ladle.labelling.next_steps` finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.campaign.overview import progress, waiting
from ladle.campaign.reader import Reader
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    TOLD_LABEL,
    BatchTable,
    EventTable,
    GoldTable,
    LabelTable,
    PersonTable,
    gold_of,
    labels_of,
)
from ladle.labelling.figures import Progress
from ladle.labelling.measures.review_rule import EVERYBODY, REASONS
from ladle.labelling.next_steps import CampaignFacts, DueReview, NextStep, near_equal, steps
from ladle.labelling.rules.ask import pool_state
from ladle.labelling.settings import Settings
from ladle.strategies import describe

_BACKUP = "backup"  # the kind of its event


@dataclass(frozen=True, slots=True)
class Status:
    """Where a campaign stands, and what to do next, the most pressing first."""

    progress: Progress
    facts: CampaignFacts
    steps: tuple[NextStep, ...]
    is_value: bool = False  # whether labels are numbers


def status(campaign: Reader) -> Status:
    """Where a campaign stands, and what to do next.

    Parameters
    ----------
    campaign : Campaign or Reader
        An open campaign.

    Returns
    -------
    Status
        All of it of one moment.

    Notes
    -----
    Cost: reads all tasks and labels.
    """
    session = campaign._session
    at = session.now()
    with session.reading(whole=True) as view:
        figures = progress.progress(session, view, at, people=True)
        facts = _facts(view, session.settings, figures, at)
    return Status(figures, facts, tuple(steps(facts)), session.settings.labels.kind == "value")


def _facts(view: View, settings: Settings, figures: Progress, at: int) -> CampaignFacts:
    batches, label = view.read(BatchTable), view.read(LabelTable)
    told = labels_of(label)
    told = told.take(told.origin == TOLD_LABEL)
    given = Counter(told.annotator.tolist())
    gold = len(gold_of(view.read(GoldTable)))
    holdings = waiting.holdings(view, settings, at)
    out = [(f"{row.who or 'nobody named'}: {row.tasks:,} ({row.how})", bool(row.ended)) for row in holdings]
    models = figures.curve
    persons = view.read(PersonTable)
    names = {*given, *persons.name[persons.merged_into == 0].tolist()}
    names -= set(persons.name[persons.merged_into != 0].tolist())
    digests = [each for each in batches.scores_digest.tolist() if each]
    return CampaignFacts(
        batches=figures.rounds,
        waiting=figures.outstanding,
        waiting_unasked=waiting.count_unasked(view),
        holders=tuple(text for text, is_over in out if not is_over),
        overdue=tuple(text for text, is_over in out if is_over) + _overdue_batches(view, batches, at),
        disputes=len(waiting.disputes(view, at)),
        quarantined=figures.quarantined,
        needs=tuple(describe(settings.strategy).needs),
        near_equal=near_equal({name: given[name] for name in names}),
        reviews=_reviews(figures),
        untested=_untested(settings, figures, told=len(told), people=len(given), gold=gold),
        answers=len(label),
        gold=gold,
        newest_model=str(models["version"][-1]) if len(models) else "",
        labelled=figures.labelled,
        labelled_unasked=figures.labelled_unasked,
        model_labelled=int(models["labelled"][-1]) if len(models) else 0,
        scored_batches=len(digests),
        same_scores=_had_same_scores(batches, label),
        left=figures.left,
        is_backed_up=_BACKUP in view.read(EventTable).kind.tolist(),
        stop=tuple(verdict.told for verdict in figures.stopping if verdict.stop),
        to_choose=figures.pool - len(pool_state(view, at).closed),
    )


def _reviews(figures: Progress) -> tuple[DueReview, ...]:
    """The people whose work is due for a review, each with all reasons. What concerns everybody is `_untested`."""
    rows: dict[str, list[Any]] = {}
    for row in figures.reviews:
        if row.annotator != EVERYBODY:
            rows.setdefault(row.annotator, []).append(row)
    return tuple(
        DueReview(name, tuple(REASONS[row.reason].short for row in mine), tuple(row.text for row in mine))
        for name, mine in rows.items()
    )


def _untested(settings: Settings, figures: Progress, *, told: int, people: int, gold: int) -> int:
    """How many labels there are where gold has tested nobody, though it could; 0 where that is no matter yet."""
    found = [int(row.count) for row in figures.reviews if row.annotator == EVERYBODY]
    if not found and people > 1 and not gold and settings.labels.kind != "value":
        return told
    return max(found, default=0)


def _overdue_batches(view: View, batches: BatchTable, at: int) -> tuple[str, ...]:
    """Batches without a holder whose lease is over and whose tasks still wait."""
    task = view.ranked((0, -1), 1 << 62)
    count = np.bincount(task.batch, minlength=int(batches.number.max(initial=0)) + 1)
    over = batches.take((batches.lease_until <= at) & (batches.holder == "") & (count[batches.number] > 0))
    return tuple(f"batch {number}: {int(count[number]):,}" for number in over.number.tolist())


def _had_same_scores(batches: BatchTable, label: LabelTable) -> bool:
    """Whether the last batch had the scores of the one before, though labels were stored between them."""
    if len(batches) < 2 or not batches.scores_digest[-1] or batches.scores_digest[-1] != batches.scores_digest[-2]:
        return False
    since, until = int(batches.asked_at[-2]), int(batches.asked_at[-1])
    return bool(((label.recorded_at >= since) & (label.recorded_at <= until)).any())

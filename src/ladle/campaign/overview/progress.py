"""The progress of a campaign: counts, annotators, speed, the learning curve, the stopping rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from itertools import pairwise

import numpy as np

from ladle.campaign.overview import quality
from ladle.campaign.overview.control import control_if_there
from ladle.campaign.overview.figures import DAY_SECONDS, figures, founded_at
from ladle.campaign.session.damage import newest_part
from ladle.campaign.session.session import Session
from ladle.counts import counted
from ladle.errors import LadleError
from ladle.labelling.contract.columns import Int64, texts
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.events import next_number
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    IMPORTED_LABEL,
    BatchTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    ModelTable,
    QuarantineTable,
    SettingsTable,
    TaskTable,
    answers_of,
    gold_of,
    labels_of,
)
from ladle.labelling.contract.tallies import counted_labels, paid_for, standing
from ladle.labelling.figures import Figures, Progress
from ladle.labelling.measures.annotators import agreement_of, gold_scores
from ladle.labelling.measures.prices import Prices
from ladle.labelling.measures.speed import labels_per_day, times_per_day
from ladle.labelling.measures.spending import payments, spend_of
from ladle.labelling.records import Records, UnreadRecords, times
from ladle.labelling.rules.people import name_changes
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, WAITING, as_counted
from ladle.stopping import GainPlateau, Verdict

MANY_LABELS = 100_000  # versions; of more, no label is read unless somebody asks for it
LEAST_GAIN = 0.002  # a smaller gain of a metric from the next batch is a plateau


def progress(session: Session, view: View, at: int, *, people: bool | None) -> Progress:
    """All figures of one moment. people: as `Reader.progress` has it.

    Raises: CorruptFileError for lost rows, without people of the kept counts alone.
    """
    if people or (people is None and next_number(view, LabelTable) <= MANY_LABELS + 1):
        return _whole_progress(session, view, at)
    return _kept_progress(session, view, at)


def _kept_progress(session: Session, view: View, at: int) -> Progress:
    """The progress without what takes a reading of all labels. Cost: some milliseconds, whatever the size."""
    counts, curve = figures(view, session.settings, at), learning_curve(view)
    mine = {each.name for each in fields(Progress)} - {"annotators"}
    shared = {each.name: getattr(counts, each.name) for each in fields(Figures) if each.name in mine}
    why = f"the campaign has {counted(counts.labels, 'label')}"
    remedy = "Call Campaign.progress(people=True), which reads all of them."
    has_control = session.settings.control > 0
    return Progress(
        **shared,
        annotators=UnreadRecords("the progress of each annotator", why, remedy),
        reviews=UnreadRecords("the reviews of a progress", why, remedy),
        curve=curve,
        stopping=stopping(curve),
        not_read=("annotators", "reviews", *(("control",) if has_control else ())),
    )


def _whole_progress(session: Session, view: View, at: int) -> Progress:
    """All of the progress. Cost: reads all tasks and labels; with a control, as `control_view`."""
    if isinstance(view, CountedView):
        view.check()
    settings = session.settings
    task, label = as_counted(view.read(TaskTable), gold_of(view.read(GoldTable)).row), view.read(LabelTable)
    exclusions, quarantine = view.read(ExclusionTable), view.read(QuarantineTable)
    current, paid = labels_of(label), paid_for(label)
    asked, labelled, disputed = task.batch > 0, task.state == LABELLED, task.state == DISPUTED
    outstanding = int((asked & np.isin(task.state, WAITING)).sum())
    bought = payments(label, name_changes(view))
    spend, (costs, unpriced) = spend_of(settings, task, label, bought), costs_of(view, bought)
    since, people, is_value = founded_at(view), quality.figures(view, settings, label), settings.labels.kind == "value"
    agreements = {} if is_value else {each.name: each.agreement for each in people}
    stands = standing(paid, current)
    speed = labels_per_day(stands, at, since=since)
    curve = learning_curve(view)
    return Progress(
        name=settings.name,
        pool=int(newest_part(view).rows[0]),
        asked=int(asked.sum()),
        labelled=int((labelled & asked).sum()),
        labelled_unasked=int((labelled & ~asked).sum()),
        outstanding=outstanding,
        rounds=len(view.read(BatchTable)),
        excluded=int(exclusions.active.sum()),
        disputed=int(disputed.sum()),
        disputed_unasked=int((disputed & ~asked).sum()),
        quarantined=int((quarantine.closed == 0).sum()),
        labels=len(current),
        imported=int((current.origin == IMPORTED_LABEL).sum()),
        spend=spend.paid,
        reserved=spend.reserved,
        budget=settings.budget,
        left=spend.left(settings.budget),
        cost=costs.get(settings.currency, None if settings.price is None else 0.0),
        currency=settings.currency,
        costs=costs,
        unpriced=unpriced,
        labels_per_day=speed,
        seconds_left=spend.reserved / speed * DAY_SECONDS if speed and outstanding else None if outstanding else 0.0,
        agreement=None if is_value else agreement_of(counted_labels(label, exclusions)),
        annotators=annotators(view, label, stands, agreements, kind=settings.labels.kind, at=at, since=since),
        reviews=quality.reviews_of(people, settings),
        curve=curve,
        stopping=stopping(curve),
        control=control_if_there(session, view),
    )


def costs_of(view: View, payments: LabelTable) -> tuple[dict[str, float], int]:
    """What the labels that were paid for cost, by currency, and how many of them have no price."""
    prices = Prices.of(Settings.from_json(view.settings), view.read(SettingsTable))
    return {} if set(prices.price) == {None} else prices.costs(payments.event), prices.unpriced(payments.event)


def annotators(
    view: View,
    label: LabelTable,
    stands: LabelTable,
    agreements: Mapping[str, float],
    *,
    kind: str,
    at: int,
    since: int,
) -> Records:
    """One row for each annotator, by name. label: every version of all answers. stands: as `standing`.

    agreements: by name. kind: of the labels. The last answer is the last one that stands, a skip or a label.
    """
    current, answers = labels_of(label), answers_of(label)
    names = sorted(set(label.annotator.tolist()))
    right, seen = gold_scores(current, view.read(GoldTable), kind)
    who, whose = _places(current, names), _places(stands, names)
    counts = np.bincount(who, minlength=len(names)).astype(np.int64)
    imported = np.bincount(who[current.origin == IMPORTED_LABEL], minlength=len(names)).astype(np.int64)
    last, speed = np.zeros(len(names), np.int64), np.full(len(names), np.nan)
    np.maximum.at(last, _places(answers, names), answers.told_at)
    order = np.argsort(whose, kind="stable")
    given = np.minimum(stands.told_at, stands.recorded_at)[order]
    ends = np.searchsorted(whose[order], np.arange(len(names)), side="right").tolist()
    for place, (start, end) in enumerate(pairwise([0, *ends])):
        known = times_per_day(given[start:end], at, since=since)
        speed[place] = np.nan if known is None else known
    return Records(
        {
            "annotator": texts(names),
            "labels": counts,
            "imported": imported,
            "gold_right": np.array([right.get(name, 0) for name in names], np.int64),
            "gold_seen": np.array([seen.get(name, 0) for name in names], np.int64),
            "agreement": np.array([agreements.get(name, np.nan) for name in names], np.float64),
            "labels_per_day": speed,
            "last_told_at": times(last),
        }
    )


def _places(label: LabelTable, names: list[str]) -> Int64:
    """(l,) the place of the annotator of each label among the names."""
    place = {name: number for number, name in enumerate(names)}
    return np.fromiter(map(place.__getitem__, label.annotator.tolist()), np.int64, len(label))


def learning_curve(view: View) -> Records:
    """One row for each recorded model: version, at, round, labelled, metrics (a dict), scores, scores_digest."""
    model = view.read(ModelTable)
    return Records(
        {
            "version": model.version,
            "at": times(model.at),
            "round": model.round,
            "labelled": model.labelled,
            "metrics": [json.loads(each) for each in model.metrics.tolist()],
            "scores": model.scores,
            "scores_digest": model.scores_digest,
        }
    )


def stopping(curve: Records) -> tuple[Verdict, ...]:
    """The verdict of `GainPlateau` for each metric that all models have. Errors and losses change their sign."""
    measured = [row.metrics for row in curve]
    names = [name for name in (measured[0] if measured else {}) if all(name in each for each in measured)]
    verdicts = []
    for name in names:
        sign = -1.0 if any(word in name.lower() for word in ("loss", "error")) else 1.0
        values = [sign * float(each[name]) for each in measured]
        with suppress(LadleError):  # no rule can judge some curves, such as two models of the same labels
            verdicts.append(GainPlateau(LEAST_GAIN).verdict(labels=curve["labelled"], accuracies=values))
    return tuple(verdicts)

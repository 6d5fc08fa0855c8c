"""The progress of a campaign: counts, annotators, speed, the learning curve, the stopping rules."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np

from ladle.campaign.damage import newest_part
from ladle.errors import LadleError
from ladle.labelling.annotators import agreement_of, gold_scores
from ladle.labelling.answers import Progress
from ladle.labelling.columns import texts
from ladle.labelling.contract import View
from ladle.labelling.records import Records, times
from ladle.labelling.rules import ask as ask_rules
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, OPEN
from ladle.labelling.tables import MICROSECONDS, GoldTable, LabelTable, ModelTable, QuarantineTable, labels_of
from ladle.stopping import GainPlateau, Verdict

DAY = 24 * 3600 * MICROSECONDS
WINDOW_DAYS = 7  # the speed is measured over these days
LEAST_GAIN = 0.002  # a smaller gain of a metric from the next batch is a plateau


def progress(view: View, settings: Settings, at: int) -> Progress:
    """All figures of one moment. Cost: reads all tasks and labels."""
    state, label = ask_rules.pool_state(view, settings), view.read(LabelTable)
    current = labels_of(label)
    task = state.task
    mine = task.batch > 0
    outstanding = int((mine & np.isin(task.state, (OPEN, DISPUTED))).sum())
    speed = labels_per_day(label, at)
    needed = outstanding * settings.annotators_per_task - int(
        np.isin(current.row, task.row[mine & np.isin(task.state, (OPEN, DISPUTED))]).sum()
    )
    curve = learning_curve(view)
    return Progress(
        name=settings.name,
        pool=int(newest_part(view).rows[0]),
        asked=int(mine.sum()),
        labelled=int((task.state == LABELLED).sum()),
        outstanding=outstanding,
        rounds=state.batches,
        excluded=len(state.excluded),
        disputed=int((task.state == DISPUTED).sum()),
        quarantined=len(view.read(QuarantineTable)),
        labels=len(current),
        spend=state.asked_labels,
        budget=settings.budget,
        labels_per_day=speed,
        seconds_left=max(needed, outstanding) / speed * 86400 if speed else (0.0 if not outstanding else None),
        agreement=agreement_of(current)[0],
        annotators=annotators(view, current, label, at),
        curve=curve,
        stopping=stopping(curve),
    )


def labels_per_day(label: LabelTable, at: int) -> float:
    """Labels per day over the last `WINDOW_DAYS` days, or since the first label where that is later."""
    if not len(label):
        return 0.0
    start = max(at - WINDOW_DAYS * DAY, int(label.told_at.min()))
    recent = int((label.told_at >= start).sum())
    return recent / max((at - start) / DAY, 1 / 24)  # over an hour at least: the first minutes say little


def annotators(view: View, current: LabelTable, label: LabelTable, at: int) -> Records:
    """One row for each annotator, by name."""
    names = sorted(set(label.annotator.tolist()))
    _, agreements = agreement_of(current)
    right, seen = gold_scores(current, view.read(GoldTable))
    counts, last = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    speed = np.zeros(len(names))
    by_name: dict[str, Any] = {name: label.annotator == name for name in names}
    for place, name in enumerate(names):
        counts[place] = int((current.annotator == name).sum())
        last[place] = int(label.told_at[by_name[name]].max())
        speed[place] = labels_per_day(label.take(by_name[name]), at)
    return Records(
        {
            "annotator": texts(names),
            "labels": counts,
            "gold_right": np.array([right.get(name, 0) for name in names], np.int64),
            "gold_seen": np.array([seen.get(name, 0) for name in names], np.int64),
            "agreement": np.array([agreements.get(name, np.nan) for name in names], np.float64),
            "labels_per_day": speed,
            "last_told_at": times(last),
        }
    )


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

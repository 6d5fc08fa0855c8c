"""Where a campaign stands: progress, people, speed, the learning curve, when to stop."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import numpy as np

from ladle.campaign.damage import newest_part
from ladle.errors import LadleError
from ladle.labelling import ask_rules
from ladle.labelling.annotators import agreement_of, gold_scores
from ladle.labelling.answers import Progress
from ladle.labelling.columns import Texts
from ladle.labelling.contract import View
from ladle.labelling.records import Records, times
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, OPEN
from ladle.labelling.tables import CURRENT, MICROSECONDS, Gold, Label, Model, Quarantined
from ladle.stopping import GainPlateau, Verdict

DAY = 24 * 3600 * MICROSECONDS
WINDOW_DAYS = 7  # over which speed is measured
LEAST_GAIN = 0.002  # of a metric, from the next batch: less is a plateau


def progress(view: View, settings: Settings, at: int) -> Progress:
    """All figures of a moment. Cost: all tasks and labels are read."""
    place, told = ask_rules.standing(view, settings), view.read(Label)
    current = told.take(told.status == CURRENT)
    task = place.task
    mine = task.batch > 0
    outstanding = int((mine & np.isin(task.state, (OPEN, DISPUTED))).sum())
    speed = labels_per_day(told, at)
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
        rounds=place.batches,
        excluded=len(place.excluded),
        disputed=int((task.state == DISPUTED).sum()),
        quarantined=len(view.read(Quarantined)),
        labels=len(current),
        spend=place.asked_labels,
        budget=settings.budget,
        labels_per_day=speed,
        seconds_left=max(needed, outstanding) / speed * 86400 if speed else (0.0 if not outstanding else None),
        agreement=agreement_of(current)[0],
        annotators=annotators(view, current, told, at),
        curve=curve,
        stopping=stopping(curve),
    )


def labels_per_day(told: Label, at: int) -> float:
    """Labels told in the last days, a day: over the window, or since the first label where that is later."""
    if not len(told):
        return 0.0
    begun = max(at - WINDOW_DAYS * DAY, int(told.told_at.min()))
    recent = int((told.told_at >= begun).sum())
    return recent / max((at - begun) / DAY, 1 / 24)  # an hour at least, or the first minutes would promise too much


def annotators(view: View, current: Label, told: Label, at: int) -> Records:
    """One row each annotator, by name."""
    names = sorted(set(told.annotator.tolist()))
    _, agreements = agreement_of(current)
    right, seen = gold_scores(current, view.read(Gold))
    counts, last = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    speed = np.zeros(len(names))
    by_name: dict[str, Any] = {name: told.annotator == name for name in names}
    for place, name in enumerate(names):
        counts[place] = int((current.annotator == name).sum())
        last[place] = int(told.told_at[by_name[name]].max())
        speed[place] = labels_per_day(told.take(by_name[name]), at)
    return Records(
        {
            "annotator": _texts(names),
            "labels": counts,
            "gold_right": np.array([right.get(name, 0) for name in names], np.int64),
            "gold_seen": np.array([seen.get(name, 0) for name in names], np.int64),
            "agreement": np.array([agreements.get(name, np.nan) for name in names], np.float64),
            "labels_per_day": speed,
            "last_told_at": times(last),
        }
    )


def learning_curve(view: View) -> Records:
    """One row each recorded model: version, at, round, labelled, metrics (a dict), scores, scores_digest."""
    found = view.read(Model)
    return Records(
        {
            "version": found.version,
            "at": times(found.at),
            "round": found.round,
            "labelled": found.labelled,
            "metrics": [json.loads(each) for each in found.metrics.tolist()],
            "scores": found.scores,
            "scores_digest": found.scores_digest,
        }
    )


def stopping(curve: Records) -> tuple[Verdict, ...]:
    """What `GainPlateau` says of each metric that every model was measured by, errors and losses turned round."""
    measured = [row.metrics for row in curve]
    names = [name for name in (measured[0] if measured else {}) if all(name in each for each in measured)]
    verdicts = []
    for name in names:
        sign = -1.0 if any(word in name.lower() for word in ("loss", "error")) else 1.0
        values = [sign * float(each[name]) for each in measured]
        with suppress(LadleError):  # a curve that no rule can judge, such as two models of the same labels
            verdicts.append(GainPlateau(LEAST_GAIN).verdict(labels=curve["labelled"], accuracies=values))
    return tuple(verdicts)


def _texts(values: list[str]) -> Texts:
    column = np.empty(len(values), object)
    column[:] = values
    return column

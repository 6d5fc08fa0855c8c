"""What the control of a campaign tells, from its tables and the random order of its pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.campaign.overview.resolving import resolved_labels
from ladle.campaign.session.session import Session
from ladle.errors import LadleError
from ladle.labelling.classes import rewritten
from ladle.labelling.contract.columns import Int64, Texts, texts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    BatchRowsTable,
    BatchTable,
    ControlTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    gold_of,
)
from ladle.labelling.control_figures import ControlEstimate, ControlFigures
from ladle.labelling.labels import parsed
from ladle.labelling.measures.control_estimates import (
    NEVER,
    ControlEnd,
    ControlFacts,
    mean_of,
    model_tests,
    share_with,
)
from ladle.labelling.records import Records, times
from ladle.labelling.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class ControlView:
    """The pool without its excluded examples, as the control sees it.

    rows: (n,) ascending. label: (n,) the resolved label of each by its place in `told`; -1 for none. predicted: (n,)
    likewise, what a model predicted. told: distinct labels as canonical JSON.
    """

    facts: ControlFacts
    rows: Int64
    label: Int64
    predicted: Int64
    told: Texts

    def class_of(self, rows: Int64) -> Int64:
        """The place in `told` of the label of each of these rows; -1 for none."""
        places = np.searchsorted(self.rows, rows)
        return self.label[places]


def control_view(session: Session, view: View) -> ControlView | None:
    """The control now; None for a campaign without one. Raises: as `Session.examples`.

    Cost: about a microsecond for each id of the pool, once; reads all labels.
    """
    control = view.read(ControlTable)
    if not len(control):
        return None
    settings, words = session.settings, session.control_words(view)
    exclusion, label, gold = view.read(ExclusionTable), view.read(LabelTable), gold_of(view.read(GoldTable))
    excluded = exclusion.row[(exclusion.active == 1) & (exclusion.row >= 0)]
    resolved = resolved_labels(view, settings)
    first = np.full(len(words), NEVER, np.int64)
    said = label.take((label.label != "") & (label.row >= 0))
    np.minimum.at(first, said.row, said.event)
    first[gold.row[gold.row >= 0]] = 0
    told, codes = _coded([resolved.label, rewritten(settings.labels, control.predicted)[0]])
    labelled, predicted = (np.full(len(words), -1, np.int64) for _ in range(2))
    inside = resolved.row >= 0
    labelled[resolved.row[inside]] = codes[0][inside]
    known = control.row >= 0
    predicted[control.row[known]] = codes[1][known]
    rows = np.setdiff1d(np.arange(len(words)), excluded)
    facts = ControlFacts(words[rows], labelled[rows] >= 0, first[rows], _ends(view, control, words))
    return ControlView(facts, rows, labelled[rows], predicted[rows], told)


def _coded(columns: list[Texts]) -> tuple[Texts, list[Int64]]:
    """The distinct texts of all columns, and the columns as places among them; -1 for "", which is no label."""
    distinct = dict.fromkeys(text for column in columns for text in column.tolist() if text)
    place = {"": -1} | {text: number for number, text in enumerate(distinct)}
    return texts(distinct), [np.array([place[text] for text in column.tolist()], np.int64) for column in columns]


def _ends(view: View, control: ControlTable, words: npt.NDArray[np.uint64]) -> list[ControlEnd]:
    """How far the control came with each batch. The event of a batch is that of its ask: a renewal has another one."""
    chosen, inside = view.read(BatchRowsTable), control.take(control.row >= 0)
    asked = dict(zip(chosen.number.tolist(), chosen.event.tolist(), strict=True))
    ends: list[ControlEnd] = []
    word = 0
    for batch in np.unique(inside.batch).tolist():
        word = max(word, int(words[inside.row[inside.batch == batch]].max()))
        ends.append(ControlEnd(batch, asked[batch], word))
    return ends


def control_if_there(session: Session, view: View) -> ControlFigures | None:
    """What the control tells now; None for a campaign without one, and where the ids of the pool cannot be read."""
    try:
        seen = control_view(session, view)
    except LadleError:
        return None  # `verify` and the pool say why
    return None if seen is None else control_figures(view, session.settings, seen)


def control_figures(
    view: View, settings: Settings, seen: ControlView, tested: tuple[ControlEstimate | None, str] = (None, "")
) -> ControlFigures:
    """What the control tells now. tested: the accuracy of scores that were given, and what it is of."""
    facts, end = seen.facts, seen.facts.last_end
    inside = facts.members(len(facts.ends) - 1)
    sample = facts.members(end) & facts.labelled
    return ControlFigures(
        share=settings.control,
        population=len(seen.rows),
        members=int(inside.sum()),
        waiting=int((inside & ~facts.labelled).sum()),
        batch=facts.ends[end].batch if end >= 0 else 0,
        labelled=int(sample.sum()),
        classes=_classes(seen, settings, end),
        tests=_tests(view, seen),
        sample=_sample(seen, sample),
        accuracy=tested[0],
        accuracy_of=tested[1],
        mean=_mean(seen, sample) if settings.labels.kind == "value" else None,
    )


def _mean(seen: ControlView, sample: npt.NDArray[np.bool_]) -> ControlEstimate | None:
    """The mean of all values, from those of the labelled members."""
    said = np.array([float(parsed(text)) for text in seen.told.tolist()], np.float64)
    return mean_of(said[seen.label[sample]], len(seen.rows))


def _sample(seen: ControlView, which: npt.NDArray[np.bool_]) -> Records:
    """The labelled members in the order of the control."""
    places = np.flatnonzero(which)
    places = places[np.argsort(seen.facts.word[places], kind="stable")]
    said = [parsed(text) for text in seen.told[seen.label[places]].tolist()]
    return Records({"row": seen.rows[places], "label": said})


def _classes(seen: ControlView, settings: Settings, end: int) -> Records:
    """One row for each class, in the order of the campaign; none for labels that are numbers."""
    found: list[tuple[Any, ControlEstimate, bool]] = []
    if settings.labels.kind != "value" and end >= 0:
        said = [parsed(text) for text in seen.told.tolist()]
        known = sorted({each for label in said for each in _parts(label)}, key=lambda each: (str(type(each)), each))
        for name in settings.labels.classes or known:
            having = np.array([name in _parts(label) for label in said] + [False])
            found.append((name, *share_with(seen.facts, having[seen.label], end)))
    names, estimates, alls = zip(*found, strict=True) if found else ((), (), ())
    figures = {name: np.array([getattr(each, name) for each in estimates], float) for name in ("value", "low", "high")}
    return Records(
        {
            "label": list(names),
            "share": figures["value"],
            "low": figures["low"],
            "high": figures["high"],
            "labels": np.array([each.count for each in estimates], np.int64),
            "all_labels": np.array(alls, bool),
        }
    )


def _parts(label: Any) -> list[Any]:
    """The classes of a label."""
    return label if isinstance(label, list) else [label]


def _tests(view: View, seen: ControlView) -> Records:
    """One row for each batch that tests its model."""
    found, batches = list(model_tests(seen.facts, seen.predicted, seen.label)), view.read(BatchTable)
    numbers = np.array([each.batch for each in found], np.int64)
    place = np.searchsorted(batches.number, numbers)

    def figure(name: str) -> npt.NDArray[np.float64]:
        known = [each.accuracy for each in found]
        return np.array([np.nan if each is None else getattr(each, name) for each in known], float)

    return Records(
        {
            "batch": numbers,
            "model": batches.model[place],
            "accuracy": figure("value"),
            "low": figure("low"),
            "high": figure("high"),
            "tests": np.array([each.tests for each in found], np.int64),
            "waiting": np.array([each.waiting for each in found], np.int64),
            "at": times(batches.asked_at[place]),
        }
    )

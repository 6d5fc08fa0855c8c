"""What tells the examples of a campaign apart on a map, and its clusters in figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.arrays import Rows
from ladle.campaign.overview.resolving import resolved_labels
from ladle.campaign.overview.views import names, rounds_of
from ladle.errors import ArgumentError, ClassCountError, DataError, ShapeError
from ladle.hac.tree.level import LEVELS
from ladle.labelling.contract.columns import Texts, repeated, texts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import ExclusionTable, LabelTable, ModelTable, TaskTable, labels_of
from ladle.labelling.labels import parsed
from ladle.labelling.records import Records
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, LABELLED, STATES
from ladle.numbers import choice

Clusters = npt.NDArray[np.int32]  # (n,)


def colours(view: View, settings: Settings, by: str) -> Records:
    """One row for each example with a value: row and value. Raises: ArgumentError."""
    choice(by, "`by`", COLOURS)
    rows, values = COLOURS[by](view, settings)
    inside = rows >= 0  # examples that were taken out of the pool are nowhere on its map
    return Records({"row": rows[inside], "value": values[inside]})


def _states(view: View, settings: Settings) -> tuple[Rows, Texts]:
    """The states of tasks, and "excluded" for examples that were excluded without being a task."""
    task, exclusion = view.read(TaskTable), view.read(ExclusionTable)
    others = np.setdiff1d(exclusion.row[exclusion.active == 1], task.row)
    words = np.concatenate([names(STATES, task.state), repeated(STATES[EXCLUDED], len(others))])
    order = np.argsort(rows := np.concatenate([task.row, others]))
    return rows[order], words[order]


def _rounds(view: View, settings: Settings) -> tuple[Rows, Texts]:
    task = view.read(TaskTable)
    task = task.take(task.batch > 0)
    rounds, place = np.unique(rounds_of(view, task), return_inverse=True)
    return task.row, texts([str(each) for each in rounds.tolist()])[place]


def _labels(view: View, settings: Settings) -> tuple[Rows, Texts]:
    found = resolved_labels(view, settings)
    written, place = np.unique(found.label, return_inverse=True)
    return found.row, texts([shown_label(each) for each in written.tolist()])[place]


def _annotators(view: View, settings: Settings) -> tuple[Rows, Texts]:
    """Who gave the last label of each example. A skip is none, and says nothing of who labelled it."""
    label = labels_of(view.read(LabelTable))
    last = len(label) - 1 - np.unique(label.row[::-1], return_index=True)[1]
    return label.row[last], label.annotator[last]


COLOURS: dict[str, Callable[[View, Settings], tuple[Rows, Texts]]] = {
    "state": _states,
    "round": _rounds,
    "label": _labels,
    "annotator": _annotators,
}


def shown_label(label: str) -> str:
    """A label as people write it: the class, the number, or the classes with commas."""
    value = parsed(label)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def flat_clusters(clusters: Any, settings: Settings) -> Clusters | None:
    """The cluster of each row: an array as it is, a tree cut at the level of the strategy's options."""
    if clusters is None:
        return None
    if isinstance(clusters, np.ndarray):
        return clusters.astype(np.int32)
    level = {name: settings.options[name] for name in LEVELS if settings.options.get(name) is not None}
    cut: Clusters = clusters.cut(**level)
    return cut


def members_of(clusters: Any, settings: Settings, number: int) -> Rows:
    """The rows of a cluster, ascending. Raises: ArgumentError where there is none of this number."""
    flat = flat_clusters(clusters, settings)
    count = 0 if flat is None else int(flat.max(initial=-1)) + 1
    if flat is None or number >= count:
        wanted = (
            f"be the number of one of the {count:,} clusters" if count else "be left out in a campaign without clusters"
        )
        raise ArgumentError("`cluster`", wanted=wanted, got=f"{number:,}")
    return np.flatnonzero(flat == number).astype(np.int64)


def last_scores(view: View) -> tuple[str, str, str] | None:
    """Version, path and digest of the last recorded model with scores."""
    model = view.read(ModelTable)
    known = np.flatnonzero(model.scores != "")
    if not len(known):
        return None
    last = int(known[-1])
    return str(model.version[last]), str(model.scores[last]), str(model.scores_digest[last])


def task_rows(view: View) -> Rows:
    """The rows with a task that are in the pool: they may lack a score."""
    rows = view.read(TaskTable).row
    return rows[rows >= 0]


def read_margins(path: str, pool: Any, waived: Rows, settings: Settings) -> npt.NDArray[np.float32]:
    """(n,) the margins in a file of probabilities or of margins.

    Raises: as `open_scores`; what is wrong of it as probabilities, where it is neither.
    """
    from ladle.scores import margin
    from ladle.scores.files.score_file import open_scores

    def of_probabilities(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return margin(values, multilabel="mean" if settings.labels.kind == "multi" else None)

    labels = settings.labels
    try:
        return open_scores(
            path,
            pool,
            read_as="multilabel" if labels.kind == "multi" else "probabilities",
            labelled=waived,
            classes=labels.classes,
            ignore_extra_scores=True,
        ).reduced(of_probabilities)
    except (ArgumentError, ClassCountError, DataError) as error:
        try:
            return open_scores(path, pool, single=True, labelled=waived, ignore_extra_scores=True).reduced(np.asarray)
        except (ArgumentError, ClassCountError, DataError):
            raise error from None


def check_margins(margins: object, rows: int) -> npt.NDArray[np.float32]:
    """Margins as an array. Raises: ArgumentError for what holds no numbers; ShapeError for another length."""
    values = as_array(margins, "`margins`")
    if values.dtype.kind not in "fiu":
        raise ArgumentError("`margins`", wanted="be numbers", got=f"dtype {values.dtype}")
    if values.shape != (rows,):
        raise ShapeError("`margins`", wanted=f"have shape ({rows},)", got=f"shape {values.shape}")
    return values.astype(np.float32)


def clusters_of_tasks(
    view: View, settings: Settings, clusters: Clusters | None, margins: npt.NDArray[np.float32] | None = None
) -> Records:
    """One row for each cluster that has tasks, see `CampaignMap.clusters_of_tasks`."""
    task = view.read(TaskTable)
    task = task.take(task.row >= 0)
    if clusters is None:
        clusters, task = np.empty(0, np.int32), task.take(np.zeros(len(task), bool))
    of_task = clusters[task.row]
    count = int(clusters.max(initial=-1)) + 1

    def counted(which: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.bincount(of_task[which], minlength=count).astype(np.int64)

    found = resolved_labels(view, settings)
    inside = (found.row >= 0) & (found.row < len(clusters))
    of_label, classes = clusters[found.row[inside]].astype(np.int64), np.unique(found.label, return_inverse=True)[1]
    pairs, votes = np.unique(of_label * (len(found.row) + 1) + classes[inside], return_counts=True)
    largest, several = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.maximum.at(largest, pairs // (len(found.row) + 1), votes)
    np.add.at(several, pairs // (len(found.row) + 1), 1)
    labels = np.bincount(of_label, minlength=count)
    first = np.full(count, -1, np.int64)
    first[of_task[::-1]] = task.row[::-1]
    size = np.bincount(clusters, minlength=count).astype(np.int64)
    unsure = np.full(count, np.nan)
    if margins is not None and count:
        unsure = np.bincount(clusters, weights=margins, minlength=count) / np.maximum(size, 1)
    there = np.flatnonzero(counted(np.ones(len(task), bool)) > 0)
    columns = {
        "cluster": np.arange(count),
        "size": size,
        "asked": counted(task.batch > 0),
        "labelled": counted(task.state == LABELLED),
        "disputed": counted(task.state == DISPUTED),
        "excluded": counted(task.state == EXCLUDED),
        "labels": several,
        "mixed": np.where(labels > 0, 1 - largest / np.maximum(labels, 1), 0.0),
        "margin": unsure,
        "first_row": first,
    }
    return Records({name: column[there] for name, column in columns.items()})

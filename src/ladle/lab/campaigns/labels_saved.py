"""What a campaign has saved so far against uniform labelling, from its control.

A learner is fitted to nested parts of the control, which are uniform samples, and to all labels. Each fit is tested on
members of the control that it has not seen (`FOLDS` parts in turn). So the errors of uniform labelling are known up to
the size of the control. Where all labels are worth more, the curve is continued as a power law, by the steepest of the
slopes of its last one, two and three octaves. Errors of learners fall ever more slowly, on logarithmic axes, so this is
the best case for uniform labelling. It gives the least number of labels saved, and no greatest one.

All labels are tested a little too hard: the strategy has chosen around the labels of the control, and the learner that
is tested on one of them lacks it. This understates what was saved. So it is never said that nothing was saved.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.campaign.reader import Reader
from ladle.errors import ArgumentError
from ladle.lab.learners.learner import Learner
from ladle.lab.learners.logistic import Logistic
from ladle.labelling.control_figures import LabelsSaved
from ladle.pool import Pool
from ladle.seeds import check_seed, stream

FOLDS = 5
LEARNER = Logistic(strength=0.01, standardise=True)
OCTAVES = 3  # of the curve: an eighth of the control's part, a quarter, a half, all
MOST_PARTS = 4  # of each size, whose results are averaged
LEAST_MEMBERS = 200  # of the control
LEAST_ERRORS = 10  # on them, by the learner with all labels
LEAST_PER_CLASS = 8  # members for each class, on average
FARTHEST = 8.0  # times the size of the curve: how far it is continued at most
DRAWS = 2_000
CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]


def labels_saved(campaign: Reader, *, learner: Learner | None = None, seed: int = 0) -> LabelsSaved:
    """Compare all labels of a campaign with uniform labelling, by a learner on the vectors of the pool.

    Parameters
    ----------
    campaign : Campaign or Reader
        An open campaign with a control, whose pool can be opened and whose labels are one class each.
    learner : Learner, optional
        By default logistic regression on standardised features (C = 0.01).
    seed : int, default 0
        Of the learner and of the resampling.

    Returns
    -------
    LabelsSaved

    Raises
    ------
    NotFoundError
        For a campaign without a control.
    ArgumentError
        For labels of another kind; for a pool that cannot be opened, also FileError.

    Notes
    -----
    Cost: one pass over the pool, `FOLDS` fits to all labels and about 60 to parts of the control.
    """
    seed, kind = check_seed(seed), campaign.settings.labels.kind
    if kind != "single":
        raise ArgumentError("the labels of the campaign", wanted="be one class for each example", got=f"kind {kind}")
    sample, resolved = campaign.control().sample, campaign.resolved()
    row, label = resolved["row"], resolved["label"]
    inside = np.flatnonzero(row >= 0)
    rows = row[inside]
    place: dict[object, int] = {}
    codes = np.array([place.setdefault(label[each], len(place)) for each in inside.tolist()], np.int64)
    members = np.searchsorted(rows, sample["row"][np.isin(sample["row"], rows)])
    inputs = _vectors(campaign.pool.opened(), rows)
    return saved_of(inputs, codes, members, classes=max(2, len(place)), learner=learner or LEARNER, seed=seed)


def _vectors(pool: Pool, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """(r, dim) the vectors at these ascending rows, in one pass over the pool."""
    found = np.empty((len(rows), pool.dim), np.float32)
    for block, vectors in pool.blocks():
        first, last = np.searchsorted(rows, [block.start, block.stop])
        found[first:last] = vectors[rows[first:last] - block.start]
    return found


def saved_of(
    inputs: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    members: npt.NDArray[np.int64],
    *,
    classes: int,
    learner: Learner,
    seed: int,
) -> LabelsSaved:
    """Labels saved so far, or why that cannot be told.

    inputs: (l, dim) of all labelled examples, labels: (l,) their classes. members: (m,) the places of the control among
    them, in its random order. Cost: `FOLDS` fits to all labels, and about 50 to parts of the control.
    """
    count, least = len(members), max(LEAST_MEMBERS, LEAST_PER_CLASS * classes)
    if count < least:
        why = f"the control has {count:,} labels, and {least:,} are needed"
        return LabelsSaved(None, len(labels), why)
    right, sizes = _right(inputs, labels, members, classes=classes, learner=learner, seed=seed)
    wrong = round(float((1 - right[:, -1]).sum()))
    if wrong < LEAST_ERRORS:
        why = f"the learner errs on {wrong:,} of the {count:,} examples of the control, too few to compare"
        return LabelsSaved(None, len(labels), why)
    worth = float(np.quantile(_worth(_resampled(right, seed), sizes, count), (1 - CONFIDENCE) / 2))
    means = right.mean(axis=0).tolist()
    curve = tuple((round(size), each) for size, each in zip(sizes.tolist(), means[:-1], strict=True))
    known = f"the curve of uniform labelling is known up to {sizes[-1]:,.0f} labels"
    if worth > len(labels):
        why = f"{known}, and continued by its steepest slope"
        return LabelsSaved(round(worth) - len(labels), len(labels), why, curve, means[-1])
    if len(labels) >= FARTHEST * sizes[-1]:
        why = f"{known}, which is too few to compare {len(labels):,} labels with: a larger share tells more"
    else:
        why = f"{known}; the {len(labels):,} labels may be worth {worth:,.0f} uniform ones, or more"
    return LabelsSaved(None, len(labels), why, curve, means[-1])


def _right(
    inputs: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    members: npt.NDArray[np.int64],
    *,
    classes: int,
    learner: Learner,
    seed: int,
) -> tuple[Floats, Floats]:
    """(m, sizes + 1) how often each member was classified rightly by a fit that did not see it; (sizes,) the sizes.

    The last column is of all labels.
    """
    fold = np.arange(len(members)) % FOLDS
    right = np.zeros((len(members), OCTAVES + 2))
    sizes = np.zeros(OCTAVES + 1)

    def classified(train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]) -> Floats:
        model = learner.fit(inputs[train], labels[train], classes=classes, seed=seed)
        hits: Floats = (model.probabilities(inputs[test]).argmax(axis=1) == labels[test]).astype(float)
        return hits

    for part in range(FOLDS):
        test, rest = members[fold == part], members[fold != part]
        for octave in range(OCTAVES + 1):
            size = len(rest) >> (OCTAVES - octave)
            sizes[octave] += size / FOLDS
            starts = [each * size for each in range(min(MOST_PARTS, len(rest) // size))]
            hits = [classified(rest[start : start + size], test) for start in starts]
            right[fold == part, octave] = np.mean(hits, axis=0)
        right[fold == part, -1] = classified(np.setdiff1d(np.arange(len(labels)), test), test)
    return right, sizes


def _resampled(right: Floats, seed: int) -> Floats:
    """(draws, sizes + 1) the mean of each column, over members drawn with replacement."""
    random = stream(seed, "labels saved")
    weights = random.multinomial(len(right), np.full(len(right), 1 / len(right)), DRAWS)
    means: Floats = weights @ right / len(right)
    return means


def _worth(accuracy: Floats, sizes: Floats, count: int) -> Floats:
    """(draws,) how many uniform labels are worth all labels. accuracy: (draws, sizes + 1)."""
    errors = np.maximum(1 - accuracy, 0.5 / count)
    curve, target = np.minimum.accumulate(errors[:, :-1], axis=1), errors[:, -1]
    logs = np.log(sizes)
    falls = [(np.log(curve[:, place]) - np.log(curve[:, -1])) / (logs[-1] - logs[place]) for place in range(OCTAVES)]
    slope = np.max(falls, axis=0)
    beyond = logs[-1] + (np.log(curve[:, -1]) - np.log(target)) / np.maximum(slope, 1e-9)
    worth = np.exp(np.minimum(beyond, logs[-1] + np.log(FARTHEST)))
    for draw in np.flatnonzero(target >= curve[:, -1]):
        worth[draw] = np.exp(np.interp(-np.log(target[draw]), -np.log(curve[draw]), logs))
    found: Floats = worth
    return found

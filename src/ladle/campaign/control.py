"""`Reader.control`: what the control tells, and the accuracy of given scores on it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from ladle.campaign.overview.control import ControlView, control_figures, control_view
from ladle.campaign.session.session import Session
from ladle.campaign.work.score_arrays import arrays_of, as_probabilities, check_class_count, check_entries
from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling.contract.store import View
from ladle.labelling.control_figures import ControlEstimate, ControlFigures
from ladle.labelling.measures.control_estimates import ENOUGH, share_of
from ladle.labelling.rules.control import predictions
from ladle.numbers import switch, whole

Given = tuple[ControlEstimate | None, str]


class _Open(Protocol):
    """An open campaign."""

    _session: Session


def control_of(
    campaign: _Open,
    *,
    probabilities: npt.ArrayLike | None = None,
    held_out: bool = False,
    unseen_from: int | None = None,
    binary: bool = False,
    normalise: bool = False,
) -> ControlFigures:
    """What the control of the campaign tells: class shares of the pool and accuracies, with intervals of 95%.

    A label tests a model fairly only if the model was not trained on it. The scores that an ask gets are tested on the
    members of the control that came with its batch, by what they predicted before these labels came: `tests`. Other
    scores are given here.

    Parameters
    ----------
    probabilities : array of shape (n, c), optional
        The probabilities of a model for the whole pool, in row order, for the classes of the campaign.
    held_out : bool, default False
        Whether no model of the campaign was ever trained on the control: then all its labels are a fair test, also of
        how the model does on new examples like those of the pool.
    unseen_from : int, optional
        The first batch whose labels the model was not trained on; by default the last one. The accuracy is that on the
        examples which had no label when this batch was asked for.
    binary, normalise : bool, default False
        How to read the probabilities, see `ladle.margin`.

    Returns
    -------
    ControlFigures

    Raises
    ------
    NotFoundError
        For a campaign whose batches have drawn no control yet.
    ArgumentError
        For `held_out` or `unseen_from` without probabilities, or both; where labels are not one class of a list.
    MismatchError
        For scores of another length than the pool. Also what `Campaign.ask` raises for probabilities.

    Notes
    -----
    Cost: about a microsecond for each id of the pool, once; reads all labels.
    """
    plain = arrays_of({"probabilities": probabilities})
    check_entries(plain)
    given = as_probabilities(plain, binary=binary, normalise=normalise)
    held_out = switch(held_out, "`held_out`")
    first = None if unseen_from is None else whole(unseen_from, "`unseen_from`", least=1)
    if held_out and first is not None:
        raise ArgumentError("`unseen_from`", wanted="be left out with `held_out`", got="both")
    scores = given.get("probabilities")
    if scores is None and (held_out or first is not None):
        raise ArgumentError("`held_out` and `unseen_from`", wanted="come with `probabilities`", got="none")
    session = campaign._session
    with session.reading(whole=True) as view:
        seen = control_view(session, view)
        if seen is None:
            raise NotFoundError(
                f"the control of {session.name}",
                wanted="have members",
                got="none",
                remedy="Set a share of the coming batches: Campaign.set(control=0.05).",
            )
        tested: Given = (None, "")
        if scores is not None:
            tested = _tested(session, view, seen, scores, held_out=held_out, first=first)
        return control_figures(view, session.settings, seen, tested)


control_of.__qualname__ = "Campaign.control"  # so Python's own errors name it as callers do


def _tested(
    session: Session,
    view: View,
    seen: ControlView,
    scores: npt.NDArray[np.generic],
    *,
    held_out: bool,
    first: int | None,
) -> Given:
    """The accuracy of these scores on their fair tests, and what it is of."""
    rows = len(session.examples(view))
    if len(scores) != rows:
        raise MismatchError(
            "`probabilities`", wanted=f"have one entry for each of the pool's {rows:,} examples", got=f"{len(scores):,}"
        )
    labels = session.settings.labels
    check_class_count({"probabilities": scores}, labels.classes, view)
    if labels.kind != "single" or labels.classes is None or scores.ndim != 2:
        wanted = "be one column for each class, of a campaign whose labels are one class of a list"
        raise ArgumentError("`probabilities`", wanted=wanted, got=f"{scores.ndim} axes, labels of kind {labels.kind}")
    facts = seen.facts
    if held_out:
        which, population = facts.members(facts.last_end), None
        what = "examples like those of the pool, if no model was trained on the control"
    else:
        place = _place_of(seen, first)
        which = np.zeros(len(seen.rows), bool)
        for until in range(len(facts.ends) - 1, place - 1, -1):
            which = facts.tests(place, until)
            if which.any() and facts.labelled[which].mean() >= ENOUGH:
                break
        population = int((~facts.members(place - 1) & (facts.first > facts.ends[place].event)).sum())
        what = f"the examples that had no label before batch {facts.ends[place].batch}"
    done = which & facts.labelled
    predicted = predictions(labels, scores, seen.rows[done])
    right = int((predicted == seen.told[seen.label[done]]).sum())
    if not done.any() or done.sum() < ENOUGH * which.sum():
        return (
            None,
            f"{what}: cannot be told before {int((which & ~facts.labelled).sum()):,} more labels of the control",
        )
    return share_of(right, int(done.sum()), *([] if population is None else [population])), what


def _place_of(seen: ControlView, first: int | None) -> int:
    """The place of the first batch whose labels are unseen. Raises: ArgumentError for a batch after the last."""
    ends = seen.facts.ends
    if first is None:
        return len(ends) - 1
    found = [place for place, end in enumerate(ends) if end.batch >= first]
    if not found:
        wanted = f"be a batch that drew control, {ends[-1].batch} at most"
        raise ArgumentError("`unseen_from`", wanted=wanted, got=f"{first:,}")
    return found[0]

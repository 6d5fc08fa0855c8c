"""The work of one person: which tasks this person may see, and how much came of it since a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ladle.campaign.session.session import microseconds
from ladle.campaign.work.arguments import check_name
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import CURRENT, LabelTable, LeaseTable, PersonTable
from ladle.labelling.people import People, person_name

if TYPE_CHECKING:
    from ladle.campaign.reader import Reader


def has_taken(reader: Reader, annotator: str, ids: object) -> npt.NDArray[np.bool_]:
    """Whether an annotator has, or had, each of these examples to label.

    Parameters
    ----------
    annotator : str
        The person, under any name that this person has had.
    ids : list or array of shape (k,)
        The examples.

    Returns
    -------
    ndarray of bool, shape (k,)
        True where this person has taken the task, even if the lease has ended since, or has answered it.

    Raises
    ------
    IdError
        For unknown ids.

    Notes
    -----
    Cost: the tasks that this person has ever taken.
    """
    session = reader._session
    with session.reading() as view:
        examples = session.examples(view)
        rows = examples.rows_of(examples.checked(ids))
        names = _names(view, annotator)
        leased = view.read(LeaseTable, "annotator", names).row
        labels = view.read(LabelTable, "row", np.setdiff1d(rows, leased).tolist())
        answered = labels.row[np.isin(labels.annotator, names)]
    mask: npt.NDArray[np.bool_] = np.isin(rows, leased) | np.isin(rows, answered)
    return mask


def labels_given(reader: Reader, annotator: str, *, since: Any) -> int:
    """How many tasks that an annotator took have a label of this person that came since a moment.

    Parameters
    ----------
    annotator : str
        The person, under any name that this person has had.
    since : datetime with a time zone or seconds since 1970
        The moment, such as midnight.

    Returns
    -------
    int
        Tasks whose first label of this person, not a skip, was recorded then or later and which has one now.

    Raises
    ------
    ArgumentError
        For what is no time.

    Notes
    -----
    Cost: the leases of this person, and the labels of the tasks whose lease did not end before that moment.
    """
    session = reader._session
    at = microseconds(since, "`since`")
    with session.reading() as view:
        names = _names(view, annotator)
        leases = view.read(LeaseTable, "annotator", names)
        label = view.read(LabelTable, "row", np.unique(leases.row[leases.lease_until >= at]).tolist())
    own = label.take(np.isin(label.annotator, names))
    given = own.row[(own.status == CURRENT) & (own.label != "")]
    earlier = own.row[(own.recorded_at < at) & (own.label != "")]
    return len(np.setdiff1d(given, earlier))


def _names(view: View, annotator: str) -> list[str]:
    people = People(view.read(PersonTable))
    name = people.name_of(person_name(check_name(annotator, "annotator")))
    return sorted({*people.aliases_of(name), name})

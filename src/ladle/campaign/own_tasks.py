"""The tasks of one annotator: `Reader.has_taken`, for programs that show an annotator nothing else; `labels_given`."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ladle.campaign.session.session import Session, microseconds
from ladle.campaign.work.arguments import check_name
from ladle.labelling.contract.events import event_times
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import CURRENT, NO_ROW, LabelTable, LeaseTable, PersonTable
from ladle.labelling.people import People, person_name
from ladle.labelling.rules.lease import ended_by_time


class _Open(Protocol):
    """An open campaign."""

    _session: Session


def has_taken(campaign: _Open, annotator: str, ids: object) -> npt.NDArray[np.bool_]:
    """Whether an annotator has taken or answered each of some examples.

    Parameters
    ----------
    annotator : str
        The annotator.
    ids : list or array of shape (a,)
        The examples.

    Returns
    -------
    ndarray of shape (a,), bool
        True for an example under a lease of this annotator, also one that has ended by its time: an answer may come
        late. True for an example that the annotator has answered. False after `release`, for an example that was
        assigned to others since, and for an unknown id.

    Raises
    ------
    IdError
        For ids of another kind than the pool's.

    Notes
    -----
    Cost: the leases and labels of these examples.
    """
    session, name = campaign._session, person_name(check_name(annotator, "annotator"))
    with session.reading() as view:
        examples = session.examples(view)
        rows = examples.find_ever(examples.checked(ids))
        known = np.unique(rows[rows != NO_ROW]).tolist()
        names = _names_of(view, name)
        lease, label = view.read(LeaseTable, "row", known), view.read(LabelTable, "row", known)
        lease = lease.take(np.isin(lease.annotator, names))
        stands = lease.lease_until > session.now()
        stands |= ended_by_time(lease.lease_until, event_times(view, lease.event))
        own = np.union1d(lease.row[stands], label.row[np.isin(label.annotator, names)])
    found: npt.NDArray[np.bool_] = np.isin(rows, own) & (rows != NO_ROW)
    return found


def labels_given(campaign: _Open, annotator: str, *, since: Any) -> int:
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
    at, name = microseconds(since, "`since`"), person_name(check_name(annotator, "annotator"))
    with campaign._session.reading() as view:
        names = _names_of(view, name)
        leases = view.read(LeaseTable, "annotator", names)
        label = view.read(LabelTable, "row", np.unique(leases.row[leases.lease_until >= at]).tolist())
    own = label.take(np.isin(label.annotator, names))
    given = own.row[(own.status == CURRENT) & (own.label != "")]
    earlier = own.row[(own.recorded_at < at) & (own.label != "")]
    return len(np.setdiff1d(given, earlier))


def _names_of(view: View, name: str) -> list[str]:
    """All names of the person of this name, without that of the team."""
    people = People(view.read(PersonTable))
    person = people.name_of(name)
    return [each for each in people.aliases_of(person) if people.name_of(each) == person]


has_taken.__qualname__ = "Reader.has_taken"  # so Python's own errors name it as callers do
labels_given.__qualname__ = "Reader.labels_given"

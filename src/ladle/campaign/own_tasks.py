"""`Reader.has_taken`: whether tasks are an annotator's own, for programs that show an annotator nothing else."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import check_name
from ladle.labelling.contract.events import event_times
from ladle.labelling.contract.tables import NO_ROW, LabelTable, LeaseTable, PersonTable
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
        people = People(view.read(PersonTable))
        person = people.name_of(name)
        names = [each for each in people.aliases_of(person) if people.name_of(each) == person]  # not that of the team
        lease, label = view.read(LeaseTable, "row", known), view.read(LabelTable, "row", known)
        lease = lease.take(np.isin(lease.annotator, names))
        stands = lease.lease_until > session.now()
        stands |= ended_by_time(lease.lease_until, event_times(view, lease.event))
        own = np.union1d(lease.row[stands], label.row[np.isin(label.annotator, names)])
    found: npt.NDArray[np.bool_] = np.isin(rows, own) & (rows != NO_ROW)
    return found


has_taken.__qualname__ = "Reader.has_taken"  # so Python's own errors name it as callers do

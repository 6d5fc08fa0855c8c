"""`Reader.asked`: the batches as they were asked, without what became of their tasks."""

from __future__ import annotations

from typing import Protocol

from ladle.campaign.overview import views
from ladle.campaign.session.session import Session
from ladle.labelling.contract.tables import BatchTable
from ladle.labelling.records import Records


class _Open(Protocol):
    """An open campaign."""

    _session: Session


def asked_of(campaign: _Open) -> Records:
    """The batches as they were asked.

    Returns
    -------
    Records
        As `Reader.batches`, without outstanding.

    Notes
    -----
    Cost: reads the batches, and no task.
    """
    with campaign._session.reading() as view:
        return views.asked_batches(view.read(BatchTable))


asked_of.__qualname__ = "Reader.asked"  # so Python's own errors name it as callers do

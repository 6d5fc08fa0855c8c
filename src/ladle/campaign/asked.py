"""`Reader.asked`: the batches as they were asked, without what became of their tasks."""

from __future__ import annotations

from ladle.campaign.overview import views
from ladle.campaign.session.session import HasSession
from ladle.labelling.contract.tables import BatchTable
from ladle.labelling.records import Records


def asked_of(campaign: HasSession) -> Records:
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

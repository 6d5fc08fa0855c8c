"""`Reader.asked`, `Reader.chosen`, `Reader.models`: batches as they were asked and recorded models; no task is read."""

from __future__ import annotations

import numpy as np

from ladle.campaign.overview import progress, views
from ladle.campaign.overview.paging import MOST_ROWS
from ladle.campaign.session.session import HasSession
from ladle.errors import NotFoundError
from ladle.labelling.contract.tables import BatchRowsTable, BatchTable
from ladle.labelling.records import Records
from ladle.labelling.rules import ask as ask_rules
from ladle.numbers import whole


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


def chosen_of(campaign: HasSession, number: int, *, first: int = 0, count: int = 100) -> Records:
    """A part of what a batch chose, in the order of choice.

    Parameters
    ----------
    number : int
        The number of the batch, from 1.
    first : int, default 0
        The place of the first example of the part.
    count : int, default 100
        How many examples at most, up to 10,000.

    Returns
    -------
    Records
        One row for each example: id, row, order (its place in the batch, from 0).

    Raises
    ------
    NotFoundError
        When there is no such batch.
    ArgumentError
        For numbers that are out of range.

    Notes
    -----
    Cost: 8 bytes for each example of the batch, and the ids of the part.
    """
    number, first = whole(number, "`number`", least=1), whole(first, "`first`", least=0)
    count = whole(count, "`count`", least=1, most=MOST_ROWS)
    session = campaign._session
    with session.reading() as view:
        found = view.read(BatchRowsTable, "number", [number])
        if not len(found):
            raise NotFoundError(f"batch {number}", wanted="have been asked", got="no batch of this number")
        rows = ask_rules.rows_of(found)[0][first : first + count]
        ids = session.examples(view).at(rows)
    return Records({"id": ids, "row": rows, "order": np.arange(first, first + len(rows))})


def models_of(campaign: HasSession) -> Records:
    """The recorded models, as `Progress.curve` has them.

    Returns
    -------
    Records
        One row for each: version, at, round, labelled, metrics (a dict), scores, scores_digest.

    Notes
    -----
    Cost: reads the models, and no task. `ladle.campaign.overview.progress.stopping` judges them.
    """
    with campaign._session.reading() as view:
        return progress.learning_curve(view)


chosen_of.__qualname__ = "Reader.chosen"
models_of.__qualname__ = "Reader.models"
asked_of.__qualname__ = "Reader.asked"  # so Python's own errors name it as callers do

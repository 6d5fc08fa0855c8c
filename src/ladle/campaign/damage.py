"""Tables that do not hold together: what is wrong with them, and a crash over them as the error that says so.

Rows carry seals, so a changed row is refused where it is read. Rows that are gone are not read at all: what goes by
them would end anywhere. The rules look at what holds in every campaign instead of guarding each step: where a step
crashes, all that must hold is checked, and if something does not, that is the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from ladle.campaign.examples import Examples
from ladle.errors import CorruptFileError, LadleError
from ladle.labelling.columns import Columns
from ladle.labelling.contract import Store, View
from ladle.labelling.invariants import CRASHES, Everything, problems
from ladle.labelling.settings import Settings
from ladle.labelling.tables import KINDS, Exclusion, Gold, PoolPart, Task
from ladle.progress import SILENT, Reporter

REMEDY = "`verify` names all of it. Copy the database away as it is, then restore a backup: ladle campaign restore."


@contextmanager
def explained(store: Store, settings: Settings) -> Iterator[None]:
    """Turn a crash over a campaign whose tables do not hold together into the error that says what is wrong.

    Raises: CorruptFileError. A crash over sound tables is a bug, and stays what it is.
    """
    try:
        yield
    except LadleError:
        raise
    except CRASHES as cause:
        with store.reading(settings.name) as view:
            tables, found = tables_of(view)
        if len(tables) == len(KINDS):
            found += problems(Everything(settings, tables))
        if not found:
            raise
        raise broken(store, settings.name, found[0]) from cause


def broken(store: Store, campaign: str, what: str) -> CorruptFileError:
    """The error for a campaign that lost rows, or has some that do not belong together."""
    return CorruptFileError(
        f"the campaign {campaign!r} in {store.name}", wanted="hold what was written", got=what, remedy=REMEDY
    )


def tables_of(view: View, progress: Reporter = SILENT) -> tuple[dict[type[Columns], Columns], list[str]]:
    """All tables that can be read, and what is wrong with the others, a line each."""
    tables: dict[type[Columns], Columns] = {}
    found: list[str] = []
    with progress.task("Reading the campaign", len(KINDS)) as advance:
        for kind in KINDS:
            try:
                tables[kind] = view.read(kind)
            except LadleError as error:
                found.append(str(error))
            advance(1)
    return tables, found


def newest_part(view: View) -> PoolPart:
    """The pool as it is now. Raises: CorruptFileError where no row says."""
    part = view.last(PoolPart)
    if not len(part):
        raise CorruptFileError(
            f"the table {PoolPart.NAME}", wanted="say which pool the campaign has", got="no row", remedy=REMEDY
        )
    return part


def foreign_ids(examples: Examples, tables: Mapping[type[Columns], Columns]) -> Iterator[str]:
    """The tables that know rows of the pool under other ids than the pool's, a line each."""
    for kind in (Task, Exclusion, Gold):
        if kind not in tables:
            continue
        rows, ids = tables[kind].column("row"), tables[kind].column("example_id")
        if len(rows) and (rows.max() >= len(examples) or not np.array_equal(examples.texts_at(rows), ids)):
            yield f"ids of the table {kind.NAME} are not those of the pool"

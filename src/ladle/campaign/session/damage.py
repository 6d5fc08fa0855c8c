"""Damaged tables: what is wrong with them, and the error in place of a crash over them.

Rows have seals, so a changed row is refused where it is read. A lost row is not read at all, and the rules that need it
crash. The rules do not guard every step against that. When a step crashes, all invariants are checked, and a broken
one is the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from ladle.campaign.session.examples import Examples, from_texts
from ladle.counts import counted
from ladle.errors import CorruptFileError, LadleError
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import Store, View
from ladle.labelling.contract.tables import (
    KINDS,
    AdjudicationTable,
    AssignmentTable,
    ControlTable,
    ExclusionTable,
    GoldTable,
    PoolPartTable,
    TaskTable,
)
from ladle.labelling.invariants import CRASHES, Everything, problems
from ladle.labelling.settings import Settings
from ladle.progress import SILENT, Reporter

REMEDY = "`verify` lists all problems. Copy the database away as it is, then restore a backup: ladle campaign restore."


@contextmanager
def explain_crashes(store: Store, settings: Settings) -> Iterator[None]:
    """Turn a crash over damaged tables into the error that says what is damaged.

    Raises: CorruptFileError. A crash over sound tables is a bug and is raised as it is.
    """
    try:
        yield
    except LadleError:
        raise
    except CRASHES as cause:
        with store.reading(settings.name) as view:
            tables, lines = tables_of(view)
        if len(tables) == len(KINDS):
            lines += problems(Everything(settings, tables))
        if not lines:
            raise
        raise broken(store, settings.name, lines[0]) from cause


def broken(store: Store, campaign: str, what: str) -> CorruptFileError:
    """The error for a campaign with lost or contradicting rows."""
    return CorruptFileError(
        f"the campaign {campaign!r} in {store.name}", wanted="hold what was written", got=what, remedy=REMEDY
    )


def tables_of(view: View, progress: Reporter = SILENT) -> tuple[dict[type[Columns], Columns], list[str]]:
    """All tables that can be read, and one line for each other table."""
    tables: dict[type[Columns], Columns] = {}
    lines: list[str] = []
    with progress.task("Reading the campaign", len(KINDS)) as advance:
        for kind in KINDS:
            try:
                tables[kind] = view.read(kind)
            except LadleError as error:
                lines.append(str(error))
            advance(1)
    return tables, lines


def newest_part(view: View) -> PoolPartTable:
    """The newest part of the pool. Raises: CorruptFileError when there is no row."""
    part = view.last(PoolPartTable)
    if not len(part):
        raise CorruptFileError(
            f"the table {PoolPartTable.NAME}", wanted="say which pool the campaign has", got="no row", remedy=REMEDY
        )
    return part


def foreign_ids(examples: Examples, tables: Mapping[type[Columns], Columns]) -> Iterator[str]:
    """One line for each table that has other ids than the pool at some rows, or has taken out what is in the pool."""
    for kind in (TaskTable, ExclusionTable, GoldTable, AdjudicationTable, AssignmentTable, ControlTable):
        if kind not in tables:
            continue
        rows, ids = tables[kind].column("row"), tables[kind].column("example_id")
        known = np.isin(rows, examples.taken_out.row) | ((rows >= 0) & (rows < len(examples)))
        if not known.all() or not np.array_equal(examples.texts_at(rows), ids):
            yield f"ids of the table {kind.NAME} are not those of the pool"
    gone = from_texts(examples.taken_out.example_id, examples.ids.kind).tolist()
    if gone and (inside := np.flatnonzero(examples.find(examples.checked(gone)) >= 0)).size:
        first = gone[inside[0]]
        yield f"{counted(inside.size, 'example', 'is')} both in the pool and taken out of it, such as {first!r}"

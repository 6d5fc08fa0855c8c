"""Whether a campaign is sound: its tables, its database, its pool and its files, all of them read."""

from __future__ import annotations

import numpy as np

from ladle.campaign.answers import Verdict
from ladle.campaign.columns import Columns
from ladle.campaign.contract import View
from ladle.campaign.invariants import Everything, problems
from ladle.campaign.tables import KINDS, Artefact, Event, Exclusion, Gold, Label, PoolPart, Task
from ladle.errors import LadleError
from ladle.progress import Progress
from ladle.store.desk import Desk


def verify(desk: Desk, progress: Progress) -> Verdict:
    """Check every invariant. Raises: NotFoundError, StoreBusyError; all else is a problem told."""
    with progress.task("Checking the database", 1) as advance:
        found: list[str] = [f"the database: {line}" for line in _of_database(desk)]
        advance(1)
    with desk.store.reading(desk.name) as view:
        tables = _tables(view, found, progress)
        counted = {"changes": Event, "tasks": Task, "labels": Label, "files": Artefact}
        checked = {what: len(tables[kind]) for what, kind in counted.items() if kind in tables}
        if len(tables) == len(KINDS):
            found += problems(Everything(desk.settings, tables))
        found += _of_examples(desk, view, tables)
        artefacts = tables.get(Artefact, Artefact.empty())
        assert isinstance(artefacts, Artefact)
        found += _of_files(desk, artefacts)
        checked["stray files"] = len(desk.files.strays(artefacts))  # of a crash before its commit: no harm
    return Verdict(ok=not found, problems=tuple(found), checked=checked)


def _of_database(desk: Desk) -> list[str]:
    try:
        return desk.store.problems()
    except LadleError as error:
        return [str(error)]


def _tables(view: View, found: list[str], progress: Progress) -> dict[type[Columns], Columns]:
    tables: dict[type[Columns], Columns] = {}
    with progress.task("Reading the campaign", len(KINDS)) as advance:
        for kind in KINDS:
            try:
                tables[kind] = view.read(kind)
            except LadleError as error:
                found.append(str(error))
            advance(1)
    return tables


def _of_examples(desk: Desk, view: View, tables: dict[type[Columns], Columns]) -> list[str]:
    """The ids of tasks are those of the pool, where it can be opened."""
    if PoolPart not in tables:
        return []
    try:
        examples = desk.examples(view)
    except LadleError as error:
        return [f"the pool: {error}"]
    found = []
    for kind in (Task, Exclusion, Gold):
        if kind not in tables:
            continue
        columns = tables[kind]
        rows, ids = columns.column("row"), columns.column("example_id")
        if len(rows) and (rows.max() >= len(examples) or not np.array_equal(examples.texts_at(rows), ids)):
            found.append(f"ids of the table {kind.NAME} are not those of the pool")
    return found


def _of_files(desk: Desk, artefacts: Artefact) -> list[str]:
    """Every file is there, with its checksum."""
    found = []
    for name in artefacts.name.tolist():
        try:
            desk.files.checked(name, artefacts)
        except LadleError as error:
            found.append(str(error))
    return found

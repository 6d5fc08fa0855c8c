"""Whether a campaign is sound: its tables, its database, its pool and its files, all of them read."""

from __future__ import annotations

from ladle.campaign.damage import foreign_ids, tables_of
from ladle.campaign.session import Desk
from ladle.errors import LadleError
from ladle.labelling.answers import Verdict
from ladle.labelling.columns import Columns
from ladle.labelling.contract import View
from ladle.labelling.invariants import CRASHES, Everything, problems
from ladle.labelling.tables import KINDS, Artefact, Event, Label, PoolPart, Task
from ladle.progress import Reporter


def verify(desk: Desk, progress: Reporter) -> Verdict:
    """Check every invariant. Raises: NotFoundError, StoreBusyError; all else is a problem told."""
    with progress.task("Checking the database", 1) as advance:
        found: list[str] = [f"the database: {line}" for line in _of_database(desk)]
        advance(1)
    with desk.store.reading(desk.name) as view:
        tables, unreadable = tables_of(view, progress)
        found += unreadable
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


def _of_examples(desk: Desk, view: View, tables: dict[type[Columns], Columns]) -> list[str]:
    """The ids of tasks are those of the pool, where it can be opened."""
    if PoolPart not in tables:
        return []
    try:
        return list(foreign_ids(desk.examples(view), tables))
    except LadleError as error:
        return [f"the pool: {error}"]
    except CRASHES as cause:
        return [f"the pool: it could not be compared ({type(cause).__name__}: {cause})"]


def _of_files(desk: Desk, artefacts: Artefact) -> list[str]:
    """Every file is there, with its checksum."""
    found = []
    for name in artefacts.name.tolist():
        try:
            size = desk.files.checked(name, artefacts).stat().st_size
            if size != artefacts.file_bytes[artefacts.name == name][0]:
                found.append(f"the file {name} has another size than the campaign says")
        except (LadleError, OSError, ValueError) as error:  # a name that no file can have, or one that cannot be read
            found.append(str(error))
    return found

"""The integrity check of a campaign: it reads all tables, the database, the pool and the files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ladle.campaign.session.damage import foreign_ids, tables_of
from ladle.campaign.session.files import CampaignFiles
from ladle.campaign.session.session import Session, database_file, folder_of
from ladle.counts import counted
from ladle.errors import CorruptFileError, LadleError
from ladle.labelling.answers import Verification
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    KINDS,
    ArtefactTable,
    ControlTable,
    EventTable,
    ExclusionTable,
    LabelTable,
    PoolPartTable,
    TaskTable,
)
from ladle.labelling.invariants import CRASHES, Everything, problems
from ladle.labelling.settings import Settings, settings_in_force
from ladle.progress import Reporter


def verify(session: Session, progress: Reporter) -> Verification:
    """Check every invariant. Raises: NotFoundError, StoreBusyError; any other error is one of the problems."""
    with progress.task("Checking the database", 1) as advance:
        lines: list[str] = [f"the database: {line}" for line in _of_database(session)]
        advance(1)
    with session.store.reading(session.name) as view:
        tables, unreadable = tables_of(view, progress)
        lines += unreadable
        counted = {"changes": EventTable, "tasks": TaskTable, "labels": LabelTable, "files": ArtefactTable}
        checked = {what: len(tables[kind]) for what, kind in counted.items() if kind in tables}
        if len(tables) == len(KINDS):
            lines += problems(Everything(settings_in_force(view), tables))
        lines += _of_examples(session, view, tables)
        artefacts = tables.get(ArtefactTable, ArtefactTable.empty())
        assert isinstance(artefacts, ArtefactTable)
        lines += _of_files(session, artefacts)
    checked["stray files"] = len(_strays(session, artefacts))  # left by a crash; no harm
    return Verification(ok=not lines, problems=tuple(lines), checked=checked)


def _strays(session: Session, artefacts: ArtefactTable) -> list[str]:
    """The files in the folder that no campaign of this database names; none where another campaign cannot be read.

    A folder that campaigns of several databases share has files that this database cannot know: they count too.
    """
    known, store = artefacts.name.tolist(), session.store
    try:
        for name in set(store.names()) - {session.name}:
            with store.reading(name) as view:
                founding, others = Settings.from_json(view.settings), view.read(ArtefactTable)
            folder = CampaignFiles(folder_of(founding, database_file(store)))
            known += session.files.names_in(folder, others)
    except (LadleError, *CRASHES):
        return []
    return session.files.strays(known)


def require_passed(name: str, result: Verification) -> None:
    """Refuse to go on with a campaign that has problems. Raises: CorruptFileError with the first of them."""
    if not result.ok:
        first = "; ".join(result.problems[:3])
        is_of_pool = all(line.startswith("the pool: ") for line in result.problems)
        raise CorruptFileError(
            f"the campaign {name}",
            wanted="be sound",
            got=f"{counted(len(result.problems), 'problem')}: {first}",
            remedy="" if is_of_pool else "Restore a backup: ladle campaign restore.",
        )


def _of_database(session: Session) -> list[str]:
    try:
        return session.store.problems()
    except LadleError as error:
        return [str(error)]


def _of_examples(session: Session, view: View, tables: dict[type[Columns], Columns]) -> list[str]:
    """Check that tasks have the ids of the pool, where it can be opened."""
    if PoolPartTable not in tables:
        return []
    try:
        examples = session.examples(view)
        examples.pool_if_there()  # one that has changed is a problem; without its pool a campaign goes on
        return [*foreign_ids(examples, tables), *_of_control(session, view, tables)]
    except LadleError as error:
        return [f"the pool: {error}"]
    except CRASHES as cause:
        return [f"the pool: it could not be compared ({type(cause).__name__}: {cause})"]


def _of_control(session: Session, view: View, tables: dict[type[Columns], Columns]) -> Iterator[str]:
    """Check that the control is the beginning of its order, where the pool and the exclusions never changed."""
    control, exclusion, part = (tables.get(kind) for kind in (ControlTable, ExclusionTable, PoolPartTable))
    if control is None or exclusion is None or part is None or not len(control) or len(exclusion) or len(part) > 1:
        return
    words = session.control_words(view)
    members = control.column("row")
    if np.sum(words <= words[members].max()) != len(members):
        yield "the control is not the beginning of the random order of the pool"


def _of_files(session: Session, artefacts: ArtefactTable) -> list[str]:
    """Check that every file is there and passes its checksum."""
    lines = []
    for name in artefacts.name.tolist():
        try:
            size = session.files.checked(name, artefacts).stat().st_size
            if size != artefacts.file_bytes[artefacts.name == name][0]:
                lines.append(f"the file {name} has another size than the campaign says")
        except (LadleError, OSError, ValueError) as error:  # a name that no file can have, or one that cannot be read
            lines.append(str(error))
    return lines

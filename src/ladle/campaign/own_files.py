"""The files that a campaign lives in. No output may take the place of one: its database, its files, its pool."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from ladle.campaign.session.damage import newest_part
from ladle.campaign.session.files import CHECKPOINT
from ladle.campaign.session.session import Session, database_file
from ladle.errors import ArgumentError
from ladle.labelling.contract.tables import ArtefactTable
from ladle.numbers import path_of

JOURNALS = ("-journal", "-wal", "-shm")  # SQLite's own files beside a database


def refuse_own_file(session: Session, path: object, subject: str = "`path`") -> Path:
    """The path of an output, if it is none of the campaign's own files, by its path or by a link of any kind.

    The files are: its database with the journals beside it; its folder of files, or where the caller has named that
    folder, the files in it that the campaign knows; its pool, and everything in the folder of a pool of several files.
    Raises: ArgumentError; FileError for a path that no system has. Cost: looks at these files, reads none.
    """
    target = Path(path_of(path, subject))
    for own, what in _own_files(session):
        if _is_same(target, own) or _is_inside(target, own):
            raise ArgumentError(
                f"the output {target}",
                wanted="be none of the files that the campaign lives in",
                got=what,
                remedy="Name another file. These are never replaced.",
            )
    return target


def _own_files(session: Session) -> Iterator[tuple[Path, str]]:
    """The files and folders, and what each is."""
    database, folder = database_file(session.store), session.files.folder
    if database is not None:
        yield database, f"its database, {database}"
        for place in {str(database), os.path.realpath(database)}:  # SQLite follows links
            yield from ((Path(place + end), f"a journal of its database, {database}") for end in JOURNALS)
    with session.reading() as view:
        names = view.read(ArtefactTable).name.tolist()
        how = json.loads(str(newest_part(view).reopen[0]) or "{}")
    if not session.founding.files:
        yield folder.parent, f"a file in its folder of files, {folder.parent}"
    for name in (*names, CHECKPOINT):
        yield folder / name, f"one of its files, {folder / name}"
    given = None if session.pool is None else session.pool.source
    for source in filter(None, (how.get("path"), given)):
        if os.path.lexists(source):  # a pool may have moved, and an array has no file
            yield Path(source), f"its pool, {source}"


def _is_same(target: Path, own: Path) -> bool:
    """Whether two paths are one file: also by a hard link, and before the file exists."""
    try:
        return target.samefile(own)
    except OSError:  # one of them is not there
        return os.path.realpath(target) == os.path.realpath(own)


def _is_inside(target: Path, own: Path) -> bool:
    """Whether a path is, or leads to, a file in this folder or in a subfolder, also by a hard link."""
    try:
        is_folder = own.is_dir()
    except OSError:  # a name that a damaged database has, and no system
        is_folder = False
    if not is_folder:
        return False
    if Path(os.path.realpath(own)) in Path(os.path.realpath(target)).parents:
        return True
    is_linked = target.is_file() and target.stat().st_nlink > 1
    return is_linked and any(_is_same(target, each) for each in own.rglob("*"))

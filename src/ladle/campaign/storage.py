"""`Reader.storage`: what a campaign takes of the disk, and its last backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ladle.campaign.session.session import HasSession, database_file
from ladle.labelling.contract.tables import EventTable
from ladle.labelling.records import moment

BACKUP = "backup"  # the kind of its event


@dataclass(frozen=True, slots=True)
class Storage:
    """What a campaign takes of the disk, and its last backup.

    Attributes
    ----------
    database_bytes : int or None
        The size of the database file, which may have other campaigns too; None for a database on a server.
    files_bytes : int
        The files of the campaign: clusters, ids, layouts of its map.
    last_backup : datetime or None
        When the last backup was made, in UTC; None before the first.
    last_backup_by : str
        Who made it.
    changes_since : int
        How many changes the log has since then; all of them before the first backup.
    """

    database_bytes: int | None
    files_bytes: int
    last_backup: datetime | None
    last_backup_by: str
    changes_since: int


def storage_of(campaign: HasSession) -> Storage:
    """What the campaign takes of the disk, and its last backup.

    Returns
    -------
    Storage

    Notes
    -----
    Cost: reads the records of backups, and the sizes of the files.
    """
    session = campaign._session
    with session.reading() as view:
        backups, last = view.read(EventTable, "kind", [BACKUP]), int(view.last(EventTable).seq[0])
    file, folder = database_file(session.store), session.files.folder
    sizes = [each.stat().st_size for each in folder.rglob("*") if each.is_file()] if folder.is_dir() else []
    made = len(backups) > 0
    return Storage(
        database_bytes=None if file is None or not Path(file).exists() else Path(file).stat().st_size,
        files_bytes=sum(sizes),
        last_backup=moment(int(backups.at[-1])) if made else None,
        last_backup_by=str(backups.actor[-1]) if made else "",
        changes_since=last - int(backups.seq[-1]) if made else last,
    )


storage_of.__qualname__ = "Reader.storage"  # so Python's own errors name it as callers do

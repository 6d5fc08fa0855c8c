"""The files of a campaign out of a backup: checked in a folder of their own, then put in place, all or none."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ladle import durable
from ladle.campaign.damage import foreign_ids
from ladle.campaign.examples import Examples
from ladle.campaign.files import Files
from ladle.errors import CorruptFileError, FileError, LadleError
from ladle.labelling.invariants import CRASHES, Everything
from ladle.labelling.tables import Artefact, PoolPart


def check(staging: Path, tables: Everything, source: Path) -> None:
    """Refuse files that cannot be what the tables say. Raises: CorruptFileError. Cost: opens each of them."""
    files, artefacts, parts = Files(staging), tables.of(Artefact), tables.of(PoolPart)
    names = set(artefacts.name.tolist())
    for part in (parts.take(parts.number == number) for number in parts.number.tolist()):
        number = int(part.number[0])
        try:
            if f"ids-{number}.arrow" in names or not part.reopen[0]:
                _check_ids(files, part, tables, newest=number == len(parts))
            _check_clusters(files, part, artefacts)
        except (LadleError, OSError, *CRASHES) as error:
            raise CorruptFileError(
                f"the backup {source}",
                wanted="hold a whole campaign",
                got=f"files of the pool's part {number} that are none ({error})",
                remedy="Restore another backup.",
            ) from error


def _check_ids(files: Files, part: PoolPart, tables: Everything, *, newest: bool) -> None:
    ids = files.ids(int(part.number[0]), tables.of(Artefact))
    if len(ids) != part.rows[0] or ids.digest != part.digest[0] or ids.kind != part.id_type[0]:
        raise ValueError("ids of another pool")
    for line in foreign_ids(Examples(ids), tables.tables) if newest else ():
        raise ValueError(line)


def _check_clusters(files: Files, part: PoolPart, artefacts: Artefact) -> None:
    clusters = files.clusters(artefacts, int(part.number[0]))
    rows = None if clusters is None else len(clusters) if isinstance(clusters, np.ndarray) else clusters.n
    if rows not in (None, int(part.rows[0])):
        raise ValueError(f"clusters of {rows:,} examples")


def place(staging: Path, folder: Path) -> None:
    """Put the files of `staging` into `folder`, all or none.

    Raises: FileError when one of that name and with other bytes is there, as of another campaign, or when it cannot be
    written.
    """
    sources = sorted(staging.iterdir())
    for source in sources:
        target = folder / source.name
        if target.exists() and not (target.is_file() and durable.file_digest(target) == durable.file_digest(source)):
            raise FileError(
                f"the file {target}",
                wanted="be free for the restored campaign",
                got="another one",
                remedy="Name another folder of files, or move that file away.",
            )
    with ExitStack() as undo:
        if sources and not folder.exists():
            durable.folder(folder)
            undo.callback(_emptied, folder)
        for source in sources:
            target = folder / source.name
            if not target.exists():
                undo.callback(target.unlink, missing_ok=True)
                with durable.writing(target) as file, source.open("rb") as packed:
                    shutil.copyfileobj(packed, file)
        undo.pop_all()  # they stay


def _emptied(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()

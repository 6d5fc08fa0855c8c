"""The files of a campaign, and how their user finds out whether they are whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ladle
from benchmarks.reliability import birds
from benchmarks.reliability.snapshots import DATABASE, NAME, snapshot, url
from ladle.cli.campaign.batches import write_batch
from ladle.formats import FORMATS, Form, read
from ladle.formats.fields import TASK_FIELDS

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # thousands of copies: no disk need see them
FILES = f"{DATABASE}.files/{NAME}"


@dataclass(frozen=True, slots=True)
class Artefact:
    """file: in the folder that `prepare` fills. check: what its user learns of damage, or an error of Ladle.

    read: everything that can be read of it, to be compared. must_be_noticed: whether all damage must be noticed.
    """

    name: str
    file: str
    prepare: Callable[[Path], None]
    check: Callable[[Path], list[str]]
    read: Callable[[Path], Any]
    must_be_noticed: bool = True


def _database_read(folder: Path) -> Any:
    """Every row, and what the database itself holds besides: schema, indexes."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
        indexes = [
            connection.execute(f"SELECT * FROM pragma_index_xinfo('{name}')").fetchall()
            for kind, name, *_ in schema
            if kind == "index"
        ]
    return snapshot(folder), schema, indexes


def _verified(folder: Path) -> list[str]:
    with birds.opened(folder) as campaign:
        return list(campaign.verify().problems)


def _tree_prepared(folder: Path) -> None:
    ladle.cluster(birds.pool(), mean_size=3).save(folder / "tree.npz")


def _tree_checked(folder: Path) -> list[str]:
    ladle.Dendrogram.load(folder / "tree.npz")
    return []


def _without_campaign(folder: Path) -> None:
    shutil.rmtree(folder / f"{DATABASE}.files", ignore_errors=True)
    (folder / DATABASE).unlink(missing_ok=True)


def _backed_up(folder: Path) -> None:
    birds.full(folder)
    with birds.opened(folder) as campaign:
        campaign.backup(folder / "birds.backup")
    _without_campaign(folder)


def _restored(folder: Path) -> list[str]:
    ladle.Campaign.restore(url(folder), folder / "birds.backup").close()
    problems_found = _verified(folder)
    _without_campaign(folder)
    return problems_found


def _batch(name: str) -> Artefact:
    """A batch exported in a format: the same export again tells whether the file is as it was written."""
    file = f"batch{FORMATS[name].suffixes[0]}"

    def write(folder: Path) -> bool:
        with birds.opened(folder) as campaign:
            tasks = campaign.batch(key="round 1").to_arrow()
            return write_batch(campaign, tasks, folder / file, format_name=None, force=False)[1]

    def prepare(folder: Path) -> None:
        birds.full(folder)
        write(folder)

    def check(folder: Path) -> list[str]:
        return [] if write(folder) else ["the file was not there"]

    return Artefact(f"batch, {name}", file, prepare, check, lambda folder: (folder / file).read_bytes())


def _returned(name: str) -> Artefact:
    """The same file read by itself, as it comes back from those who label: text has no checksum."""
    written = _batch(name)

    def table(folder: Path) -> Any:
        return read(folder / written.file, form=Form(), fields=TASK_FIELDS)

    def check(folder: Path) -> list[str]:
        table(folder)
        return []

    return Artefact(
        f"returned, {name}",
        written.file,
        written.prepare,
        check,
        lambda folder: table(folder).to_pylist(),
        must_be_noticed=False,
    )


ARTEFACTS = {
    each.name: each
    for each in (
        Artefact("database", DATABASE, birds.large, _verified, _database_read),
        Artefact("tree of a campaign", f"{FILES}/tree-1.npz", birds.large, _verified, snapshot),
        Artefact("ids of a campaign", f"{FILES}/ids-1.arrow", birds.large, _verified, snapshot),
        Artefact("tree", "tree.npz", _tree_prepared, _tree_checked, lambda folder: b""),
        Artefact("backup", "birds.backup", _backed_up, _restored, lambda folder: b""),
        *map(_batch, FORMATS),
        *map(_returned, FORMATS),
    )
}

"""Scenarios of a campaign in SQLite, made by the library: everything that changes it."""

from __future__ import annotations

import gzip
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa

import ladle
from benchmarks.reliability import birds
from benchmarks.reliability.birds import doing
from benchmarks.reliability.scenarios import Act, Scenario, Snapshot, whole_or_not
from benchmarks.reliability.snapshots import DATABASE, NAME, problems, snapshot, url
from ladle.errors import MismatchError
from ladle.pool.array_pool import ArrayPool
from ladle.pool.ids.example_ids import Ids
from ladle.store.upgrade import NEWEST

BACKUP = "birds.backup"
GOLDEN = Path(__file__).parents[2] / "tests" / "golden"


def _act(name: str, prepare: Callable[[Path], None], do: Callable[[Path], None]) -> Scenario:
    return whole_or_not(Act(name, prepare, do, snapshot, problems))


def _change(name: str, prepare: Callable[[Path], None], change: birds.Change) -> Scenario:
    return _act(name, prepare, doing(change))


def _taken(folder: Path) -> None:
    birds.with_batch(folder)
    doing(birds.takes)(folder)


def _excluded(folder: Path) -> None:
    birds.labelled(folder)
    doing(birds.excludes)(folder)


def _backed_up(folder: Path) -> None:
    birds.full(folder)
    birds.backs_up(folder)
    for path in sorted((folder / f"{DATABASE}.files").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / DATABASE).unlink()


def _restores(folder: Path) -> None:
    try:
        ladle.Campaign.restore(url(folder), folder / BACKUP).close()
    except MismatchError:  # restored before
        return


def _backup_snapshot(folder: Path) -> Snapshot:
    """What a backup brings back; nothing where there is none."""
    if not (folder / BACKUP).exists():
        return {}
    with tempfile.TemporaryDirectory(dir=folder.parent) as elsewhere:
        ladle.Campaign.restore(url(Path(elsewhere)), folder / BACKUP, name=NAME).close()
        return snapshot(Path(elsewhere)) | {"campaign": []}  # which says where its files are


def _old(folder: Path) -> None:
    """A database of the first schema. The files of its campaign are not there."""
    (folder / DATABASE).write_bytes(gzip.decompress((GOLDEN / "campaign-0001.db.gz").read_bytes()))


def _migrates(folder: Path) -> None:
    with mock.patch("time.time", return_value=birds.BY_CLOCK):  # the upgrade is an event of this time
        ladle.Campaign.migrate(url(folder))


def _problems_once_new(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        (version,) = connection.execute("SELECT version_num FROM ladle_schema").fetchone()
    return [line for line in problems(folder) if "ids-" not in line] if version == NEWEST else []


def _renames(campaign: ladle.Campaign) -> None:
    if "cat" in (campaign.settings.labels.classes or ()):
        campaign.classes.rename("cat", "feline")


def _merges_classes(campaign: ladle.Campaign) -> None:
    if "dog" in (campaign.settings.labels.classes or ()):
        campaign.classes.merge("dog", "cat")


def _unmerges_classes(campaign: ladle.Campaign) -> None:
    if "dog" not in (campaign.settings.labels.classes or ()):
        campaign.classes.unmerge("dog")


def _with_merged_classes(folder: Path) -> None:
    birds.full(folder)
    doing(_merges_classes)(folder)


def _merges(campaign: ladle.Campaign) -> None:
    if "bob" not in campaign.labels()["annotator"]:
        return  # merged before
    campaign.people.merge("bob", "ann")


def _replaces(campaign: ladle.Campaign) -> None:
    """A pool without its first clump, in which all other examples have other rows."""
    whole = birds.pool()
    rows = np.arange(6, birds.ROWS)
    pool = ArrayPool([whole.embeddings()[rows]], Ids(whole.ids.take(pa.array(rows))), "an array")
    campaign.extend(pool, replace=True)


CAMPAIGN = (
    whole_or_not(Act("migrate", _old, _migrates, snapshot, _problems_once_new)),
    _act("create", birds.nothing, birds.created),
    _change("ask", birds.created, birds.asks),
    _change("ask again", birds.with_batch, birds.asks),
    _change("tell", birds.with_batch, birds.tells),
    _change("tell mixed", birds.labelled, birds.tells_mixed),
    _change("import", birds.labelled, lambda each: each.import_labels(birds.IDS, ["cat"] * 12, source="old", key="k")),
    _change("delete", birds.full, lambda each: each.delete_labels(birds.IDS[:3], reason="a mistake", key="d")),
    _change("take", birds.with_batch, birds.takes),
    _change("release", _taken, lambda each: each.release("cleo")),
    _change("exclude", birds.labelled, birds.excludes),
    _change("include", _excluded, lambda each: each.include(birds.IDS[:2])),
    _change("extend", birds.labelled, lambda each: each.extend(birds.pool(birds.ROWS + 12))),
    _change("gold", birds.labelled, birds.adds_gold),
    _change("model", birds.labelled, birds.records_model),
    _change("skip", birds.labelled, lambda each: each.skip(birds.IDS[:4], annotator="bob", reason="dark", key="s")),
    _change("adjudicate", birds.full, lambda each: each.adjudicate(birds.IDS[:3], "dog", reason="seen")),
    _change("assign", birds.labelled, lambda each: each.assign(birds.IDS[:6], to="eve")),
    _change("set", birds.full, lambda each: each.set(annotators_per_task=2, budget=9_000)),
    _change("rename a class", birds.full, _renames),
    _change("merge classes", birds.full, _merges_classes),
    _change("unmerge classes", _with_merged_classes, _unmerges_classes),
    _change("merge people", birds.full, _merges),
    _change("close the quarantine", birds.full, lambda each: each.withdrawals.close_quarantined(reason="seen")),
    _change("replace the pool", birds.full, _replaces),
    whole_or_not(Act("backup", birds.full, birds.backs_up, _backup_snapshot, problems)),
    _act("restore", _backed_up, _restores),
)

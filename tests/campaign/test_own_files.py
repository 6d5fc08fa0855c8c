"""No output takes the place of a file that the campaign lives in: its database, its files, its pool."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.campaign.session.session import database_file
from ladle.errors import ArgumentError
from ladle.labelling import Store
from tests.campaign.made import ids_of

ROWS = 12


@pytest.fixture
def campaign(store: Store, tmp_path: Path) -> Iterator[ladle.Campaign]:
    """With clusters and a pool of two files."""
    (tmp_path / "pool").mkdir()
    halves = np.arange(ROWS * 2, dtype=np.float32).reshape(2, ROWS // 2, 2)
    for number, half in enumerate(halves):
        np.save(tmp_path / "pool" / f"{number}.npy", half)
    np.save(tmp_path / "pool" / "ids.npy", np.array(ids_of(ROWS)))
    with ladle.Campaign.create(
        store,
        name="birds",
        pool=ladle.open_pool(tmp_path / "pool"),
        strategy="cluster-margin",
        tree=[row // 3 for row in range(ROWS)],
        files=str(tmp_path / "files"),
    ) as made:
        (tmp_path / "files" / "clustering").mkdir()  # as if a clustering of the next pool were going on
        (tmp_path / "files" / "clustering" / "state").write_bytes(b"half")
        made.tell(ids_of(1), ["cat"], annotator="ann")
        yield made


def own_files(campaign: ladle.Campaign, folder: Path) -> list[Path]:
    names = [
        "files/ids-1.arrow",
        "files/clusters-1.npy",
        "files/clustering/state",
        "pool",
        "pool/0.npy",
        "pool/ids.npy",
    ]
    database = database_file(campaign._session.store)
    ends = [] if database is None else ["", "-journal", "-wal", "-shm"]
    return [*(folder / name for name in names), *(Path(f"{database}{end}") for end in ends)]


def test_a_backup_is_refused_there_and_changes_nothing(campaign: ladle.Campaign, tmp_path: Path) -> None:
    for number, own in enumerate(own_files(campaign, tmp_path)):
        other = tmp_path / f"link-{number}"
        other.symlink_to(own)
        others = [own, other, own.parent / ".." / own.parent.name / own.name]
        if own.is_file():
            os.link(own, tmp_path / f"hard-{number}")
            others.append(tmp_path / f"hard-{number}")
        before = own.read_bytes() if own.is_file() else None
        for path in others:
            with pytest.raises(ArgumentError, match="none of the files that the campaign lives in"):
                campaign.backup(path)
            assert (own.read_bytes() if own.is_file() else None) == before, path
    assert campaign.verify().ok
    assert campaign.audit()[-1].kind == "tell"


def test_files_beside_them_are_written(campaign: ladle.Campaign, tmp_path: Path) -> None:
    for name in ("pool.zip", "files/birds.backup", "birds.backup"):
        assert campaign.backup(tmp_path / name) == str(tmp_path / name)
    assert campaign.backup(tmp_path / "birds.backup")  # a second time, over the first
    assert campaign.verify().ok


def test_a_folder_that_the_campaign_made_is_its_own(tmp_path: Path) -> None:
    with ladle.Campaign.create(
        tmp_path / "birds.db", name="birds", pool=np.eye(4, dtype=np.float32), strategy="margin"
    ) as campaign:
        for place in ("birds.db.files/birds/mine", "birds.db.files/others"):
            with pytest.raises(ArgumentError, match="folder of files"):
                campaign.backup(tmp_path / place)
        assert campaign.backup(tmp_path / "birds.db.backup")
        (tmp_path / "link.db").symlink_to(tmp_path / "birds.db")
    with ladle.Campaign.open(tmp_path / "link.db") as linked:
        for place in ("birds.db", "link.db", "birds.db-journal", "link.db-journal"):
            with pytest.raises(ArgumentError, match="database"):
                linked.backup(tmp_path / place)

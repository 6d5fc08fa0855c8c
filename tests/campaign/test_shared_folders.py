"""Campaigns whose files lie in one folder never write over each other's files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle import durable
from ladle.campaign.session.files import CampaignFiles
from ladle.errors import MismatchError
from ladle.labelling import MemoryStore, Store
from tests.campaign.made import pool_of


def created(database: object, rows: int, files: Path | None, name: str = "birds") -> ladle.Campaign:
    flat = np.arange(rows) // 3
    where = {} if files is None else {"files": str(files)}
    return ladle.Campaign.create(database, name=name, pool=pool_of(rows), labels=["cat", "dog"], tree=flat, **where)


@pytest.mark.parametrize("names", [("birds", "birds"), ("birds", "fish")])
def test_two_campaigns_in_one_folder(names: tuple[str, str], tmp_path: Path) -> None:
    shared, pools = tmp_path / "shared", (40, 30)
    first, second = (created(MemoryStore(), rows, shared, name) for rows, name in zip(pools, names, strict=True))
    for campaign in (first, second):
        assert campaign.verify().ok
    for campaign, rows in zip((first, second), pools, strict=True):
        campaign.extend(pool_of(rows + 5), tree=np.arange(rows + 5) // 2)
        assert len(campaign.ask(3, margins=np.linspace(0, 1, rows + 5)).ids) == 3
    for place, campaign in enumerate((first, second)):
        assert campaign.verify().ok
        campaign.backup(tmp_path / f"{place}.backup")


@pytest.mark.parametrize("below", ["", "fish"])
def test_files_of_another_campaign_are_no_strays(store: Store, below: str, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    campaigns = [created(store, 40, shared, "birds"), created(store, 30, shared / below, "fish")]
    campaigns[1].extend(pool_of(35), tree=np.arange(35) // 2)
    assert [each.verify().checked["stray files"] for each in campaigns] == [0, 0]
    (shared / "tree-9.npz").write_bytes(b"never named by a commit")
    assert campaigns[0].verify().checked["stray files"] == 1
    assert campaigns[1].verify().checked["stray files"] == (0 if below else 1)


def test_the_same_files_are_kept_once(tmp_path: Path) -> None:
    first, second = (created(MemoryStore(), 40, tmp_path / "shared") for _ in range(2))
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["clusters-1.npy", "ids-1.arrow"]
    assert first.verify().ok
    assert second.verify().ok


def test_a_database_that_was_moved_away_and_back(tmp_path: Path) -> None:
    here, away = tmp_path / "a.db", tmp_path / "old.db"
    created(here, 40, None).close()
    shutil.move(here, away)
    created(here, 30, None).close()
    with ladle.Campaign.open(here) as campaign:
        assert campaign.verify().ok
    here.unlink()
    shutil.move(away, here)
    with ladle.Campaign.open(here) as campaign:
        assert campaign.verify().ok


def test_who_comes_second_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, saved = tmp_path / "a.db", CampaignFiles.save_ids
    others: list[ladle.Campaign] = []

    def while_another_creates(self, ids, number):
        if not others:
            others.append(None)
            others[0] = created(here, 40, None)
        return saved(self, ids, number)

    monkeypatch.setattr(CampaignFiles, "save_ids", while_another_creates)
    with pytest.raises(MismatchError):
        created(here, 30, None)
    assert others[0].verify().ok


def test_placed_replaces_nothing(tmp_path: Path) -> None:
    def new(content: bytes) -> Path:
        path = tmp_path / f"new-{content.hex()}.bin"
        path.write_bytes(content)
        return path

    assert durable.placed(new(b"one"), "a.bin") == "a.bin"
    assert durable.placed(new(b"one"), "a.bin") == "a.bin"
    other = durable.placed(new(b"two"), "a.bin")
    assert other != "a.bin"
    assert durable.placed(new(b"two"), "a.bin") == other
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.bin": b"one", other: b"two"}


def test_placed_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("os.link", refuse)
    test_placed_replaces_nothing(tmp_path)

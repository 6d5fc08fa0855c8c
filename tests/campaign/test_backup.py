"""A backup is the campaign, in any database; a damaged one is refused and nothing is founded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.campaign import backups
from ladle.errors import CorruptFileError, FileError, FileFormatError, MismatchError
from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore
from tests.golden.make_campaign import Clock, everything, told_of


def test_a_backup_restored_into_any_store_is_the_campaign(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = everything(MemoryStore(), tmp_path / "files", clock)  # type: ignore[arg-type]
    before = told_of(campaign)
    path = campaign.backup(tmp_path / "birds.zip")
    restored = ladle.Campaign.restore(store, path, files=str(tmp_path / "other"))
    opened = ladle.Campaign.open(store, name="birds", clock=clock)
    assert told_of(opened) == before
    event = campaign.audit()[-1]
    assert (event.kind, event.actor, event.details["file"]) == ("backup", "lead", str(tmp_path / "birds.zip"))
    assert campaign.verify().ok
    assert restored.verify().ok
    assert ladle.Campaign.restore(store, path, name="again", files=str(tmp_path / "third")).name == "again"
    back = opened.backup(tmp_path / "back.zip")
    assert told_of(ladle.Campaign.restore(MemoryStore(), back))["labels"] == told_of(campaign)["labels"]
    assert opened.ask(3, margins=np.zeros(60)).number == 3


def test_a_campaign_is_not_restored_over_another(store: Store, tmp_path: Path) -> None:
    campaign = everything(store, tmp_path / "files", Clock())  # type: ignore[arg-type]
    path = campaign.backup(tmp_path / "birds.zip")
    with pytest.raises(MismatchError, match="birds"):
        ladle.Campaign.restore(store, path)
    assert campaign.verify().ok


def test_a_damaged_backup_is_refused_and_nothing_is_founded(tmp_path: Path) -> None:
    campaign = everything(MemoryStore(), tmp_path / "files", Clock())  # type: ignore[arg-type]
    whole = Path(campaign.backup(tmp_path / "birds.zip")).read_bytes()
    random, damaged, store = np.random.default_rng(0), tmp_path / "damaged.zip", MemoryStore()
    for place in random.integers(0, len(whole), 60).tolist():
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(CorruptFileError):
            ladle.Campaign.restore(store, damaged)
    for size in np.linspace(0, len(whole) - 1, 20).astype(int).tolist():
        damaged.write_bytes(whole[:size])
        with pytest.raises(FileError):
            ladle.Campaign.restore(store, damaged)
    with pytest.raises(FileError, match="no such file"):
        ladle.Campaign.restore(store, tmp_path / "absent.zip")
    assert store.names() == []


def test_another_zip_is_refused(tmp_path: Path) -> None:
    from ladle import durable

    with durable.writing(tmp_path / "other.zip") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme.txt", "nothing of ours")
        durable.seal(file)
    with pytest.raises(FileFormatError, match="another zip"):
        ladle.Campaign.restore(MemoryStore(), tmp_path / "other.zip")


@pytest.mark.parametrize("what", ["damaged", "absent", "no file", "files in the way", "a full disk"])
def test_a_failed_restore_leaves_no_new_file(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = everything(MemoryStore(), tmp_path / "made", Clock())  # type: ignore[arg-type]
    path = Path(campaign.backup(tmp_path / "birds.zip"))
    target = tmp_path / "again"
    target.mkdir()
    if what == "damaged":
        path.write_bytes(path.read_bytes()[:-40])
    elif what in ("absent", "no file"):
        path.unlink()
        if what == "no file":
            path.mkdir()
    elif what == "files in the way":
        (target / "again.db.files" / "birds").mkdir(parents=True)
        (target / "again.db.files" / "birds" / "ids-1.arrow").write_bytes(b"another")
    else:
        monkeypatch.setattr(backups, "_place", full)
    before = sorted(target.rglob("*"))
    with pytest.raises((FileError, OSError)):
        ladle.Campaign.restore(f"sqlite:///{target}/again.db", path)
    assert sorted(target.rglob("*")) == before


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_failed_restore_takes_nothing_from_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = everything(MemoryStore(), tmp_path / "made", Clock())  # type: ignore[arg-type]
    path, url = campaign.backup(tmp_path / "birds.zip"), f"sqlite:///{tmp_path}/again.db"

    def meanwhile() -> None:
        with SqlStore.creating(url):
            ladle.Campaign.restore(url, path, name="other").close()  # another process
            full()

    with pytest.raises(OSError, match="No space"):
        meanwhile()
    assert ladle.Campaign.names(url) == ["other"]
    monkeypatch.setattr(backups, "_place", full)
    with pytest.raises(OSError, match="No space"):
        ladle.Campaign.restore(url, path)
    assert ladle.Campaign.names(url) == ["other"], "a database that was there stays"


def test_a_create_that_is_refused_leaves_no_new_file(tmp_path: Path) -> None:
    pool = ladle.open_pool(np.arange(20, dtype=np.float32).reshape(10, 2))
    with pytest.raises(MismatchError, match="`tree`"):
        ladle.Campaign.create(f"sqlite:///{tmp_path}/new.db", name="a", pool=pool, tree=np.zeros(7, np.int64))
    assert list(tmp_path.iterdir()) == []

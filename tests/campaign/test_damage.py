"""Damage to a database or its files is found: by verify, or by a clear error before it."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import CorruptFileError, LadleError
from tests.golden.make_campaign import Clock, everything

FLIPS = 400
CUTS = 40


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a campaign that has rows in every table, as it was written."""
    folder = tmp_path_factory.mktemp("sound")
    with everything(f"sqlite:///{folder}/birds.db", folder / "files", Clock()) as campaign:
        assert campaign.verify().ok
    return folder


def found(database: Path) -> bool:
    """Whether the damage shows: what verify says, or the error that opening or verifying ends in."""
    try:
        with ladle.Campaign.open(f"sqlite:///{database}", name="birds") as campaign:
            return not campaign.verify().ok
    except LadleError:
        return True


def told(database: Path) -> list[tuple]:
    """Everything a database tells whoever asks it: all rows of all tables, and how they were made."""
    connection = sqlite3.connect(database)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows = [connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()]
    rows += [connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables]
    connection.close()
    return rows


@pytest.mark.parametrize("flips", [FLIPS // 10, pytest.param(FLIPS, marks=pytest.mark.long)])
def test_every_flipped_bit_is_found_or_says_nothing(sound: Path, tmp_path: Path, flips: int) -> None:
    whole, truth = (sound / "birds.db").read_bytes(), told(sound / "birds.db")
    damaged = tmp_path / "birds.db"
    random = np.random.default_rng(0)
    header = [(place, bit) for place in range(0, 100, FLIPS // flips) for bit in (0, 7)]  # the file's own, all of it
    body = zip(random.integers(100, len(whole), flips).tolist(), random.integers(0, 8, flips).tolist(), strict=True)
    silent = []
    for place, bit in [*header, *body]:
        changed = bytearray(whole)
        changed[place] ^= 1 << bit
        damaged.write_bytes(changed)
        if not found(damaged) and told(damaged) != truth:
            silent.append((place, bit))
    assert silent == []


def test_every_truncation_is_found(sound: Path, tmp_path: Path) -> None:
    whole, damaged = (sound / "birds.db").read_bytes(), tmp_path / "birds.db"
    for size in np.linspace(0, len(whole) - 1, CUTS).astype(int).tolist():
        damaged.write_bytes(whole[:size])
        assert found(damaged), size


@pytest.mark.parametrize("name", ["ids-1.arrow", "ids-2.arrow"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_damaged_files_are_found(sound: Path, tmp_path: Path, name: str, damage: str) -> None:
    shutil.copytree(sound, tmp_path / "copy")
    campaign = ladle.Campaign.open(f"sqlite:///{tmp_path}/copy/birds.db", name="birds")
    path = Path(campaign.files) / name
    kept = path.read_bytes()
    try:
        if damage == "gone":
            path.unlink()
        else:
            middle = len(kept) // 2
            path.write_bytes(
                kept[:middle] + (b"" if damage == "cut" else bytes([kept[middle] ^ 1]) + kept[middle + 1 :])
            )
        verdict = campaign.verify()
        assert any(name in line for line in verdict.problems)
        assert re.match(r"[12] problems? in", str(verdict))
        if name == "ids-2.arrow":  # the pool as it is now
            with pytest.raises(LadleError, match=name):
                campaign.tell(["bilder/1.jpg"], ["cat"])
    finally:
        path.write_bytes(kept)


def test_files_that_a_crash_left_are_counted_and_harmless(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "copy")
    campaign = ladle.Campaign.open(f"sqlite:///{tmp_path}/copy/birds.db", name="birds")
    left = Path(campaign.files) / "tree-9.npz"
    left.write_bytes(b"never named by a commit")
    try:
        verdict = campaign.verify()
        assert verdict.ok
        assert verdict.checked["stray files"] == 1
    finally:
        left.unlink()


def test_a_changed_row_is_refused_when_it_is_read(sound: Path, tmp_path: Path) -> None:
    shutil.copy(sound / "birds.db", tmp_path / "birds.db")
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        connection.execute("UPDATE ladle_label SET label = '\"dog\"' WHERE number = 1")
    connection.close()
    campaign = ladle.Campaign.open(f"sqlite:///{tmp_path}/birds.db", name="birds")
    with pytest.raises(CorruptFileError, match="ladle_label"):
        campaign.labels()
    assert any("ladle_label" in line for line in campaign.verify().problems)


def test_changed_settings_are_refused(sound: Path, tmp_path: Path) -> None:
    shutil.copy(sound / "birds.db", tmp_path / "birds.db")
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        (settings,) = connection.execute("SELECT settings FROM ladle_campaign").fetchone()
        changed = {**json.loads(settings), "annotators_per_task": 7}
        connection.execute("UPDATE ladle_campaign SET settings = ?", (json.dumps(changed),))
    connection.close()
    with pytest.raises(CorruptFileError, match="settings"):
        ladle.Campaign.open(f"sqlite:///{tmp_path}/birds.db", name="birds")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ladle_label WHERE number = 3",
        "DELETE FROM ladle_event WHERE seq = 2",
        "DELETE FROM ladle_lease WHERE row = (SELECT min(row) FROM ladle_lease)",  # which nothing else refers to
        "DELETE FROM ladle_gold WHERE row = (SELECT max(row) FROM ladle_gold)",
    ],
)
def test_a_row_that_vanished_is_missed(sound: Path, tmp_path: Path, statement: str) -> None:
    shutil.copy(sound / "birds.db", tmp_path / "birds.db")
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        connection.execute(statement)
    connection.close()
    assert not ladle.Campaign.open(f"sqlite:///{tmp_path}/birds.db", name="birds").verify().ok

"""Damage to what SQLite knows of the tables, which no row's seal can show, is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import ladle


@pytest.mark.parametrize(
    ("sound", "damaged"),
    [
        (b"REFERENCES ladle_campaign", b"REFERENCES laDle_campaign"),
        (b"CREATE UNIQUE INDEX ladle_event_key", b"CREATE UNIQUE INDEX ladle_eVent_key"),
        (b"sqlite_autoindex_ladle_batch_1", b"sqlite_autoindex_ladle_batcH_1"),
    ],
)
def test_a_changed_letter_shows(tmp_path: Path, sound: bytes, damaged: bytes) -> None:
    path = tmp_path / "birds.db"
    with ladle.Campaign.create(f"sqlite:///{path}", name="birds", pool=[[0.0], [1.0]], strategy="uniform") as campaign:
        assert campaign.verify().ok
        whole = path.read_bytes()
        assert whole.count(sound) == 1 or b"REFERENCES" in sound
        path.write_bytes(whole.replace(sound, damaged, 1))
        problems = campaign.verify().problems
    assert problems
    assert all("is not as this version makes it" in line for line in problems)


def test_what_else_the_database_holds_is_nobodys_affair(tmp_path: Path) -> None:
    with ladle.Campaign.create(
        f"sqlite:///{tmp_path}/birds.db", name="birds", pool=[[0.0], [1.0]], strategy="uniform"
    ) as campaign:
        with closing(sqlite3.connect(tmp_path / "birds.db")) as connection:
            connection.execute("CREATE TABLE notes (text)")
        assert campaign.verify().ok

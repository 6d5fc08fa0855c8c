"""A campaign that is refused, or whose making fails, leaves no new database; one that was there stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import LadleError
from tests.campaign.made import begun, pool_of

REFUSED: dict[str, Callable[[Path], dict[str, Any]]] = {
    "a file in place of the folder of files": lambda folder: {"files": str(folder / "file")},
    "a file above the folder of files": lambda folder: {"files": str(folder / "file" / "files")},
    "a folder that no system makes": lambda _: {"files": "/proc/x/y"},
    "a file as a parent": lambda _: {"files": "/dev/null/files"},
    "a clock of no time": lambda _: {"clock": lambda: float("nan")},
    "a tree of another pool": lambda _: {"tree": [0, 1], "strategy": "cluster-margin"},
    "a pool that cannot be clustered": lambda _: {"pool": np.zeros((9, 2), np.float32), "strategy": "cluster-margin"},
}


def create(url: Path, given: dict[str, Any]) -> ladle.Campaign:
    return ladle.Campaign.create(url, **{"name": "new", "pool": pool_of(9), "strategy": "margin"} | given)


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_new_is_left(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(LadleError):
        create(tmp_path / "new.db", REFUSED[what](tmp_path))
    assert not (tmp_path / "new.db").exists()
    assert (tmp_path / "file").read_text() == "mine"
    create(tmp_path / "new.db", {}).close()  # the name is free


@pytest.mark.parametrize("what", REFUSED)
def test_a_database_that_was_there_stays(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with begun(tmp_path / "there.db", tmp_path / "there", 9) as there:
        with pytest.raises(LadleError):
            create(tmp_path / "there.db", REFUSED[what](tmp_path))
        assert there.verify().ok
        assert ladle.Campaign.names(tmp_path / "there.db") == ["birds"]

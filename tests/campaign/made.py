"""Small campaigns for the tests, and a clock that is set by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import ladle
from ladle.labelling import Store
from ladle.labelling.contract.events import Act, Effects, next_number, record
from ladle.labelling.contract.tables import EventTable, PersonTable

HOUR = 3600.0


def enrol(store: Store, person: str, team: str) -> None:
    """A person of a team, whom nobody has labelled or taken anything as yet."""
    with store.writing("birds") as writer:
        number, event = next_number(writer, PersonTable), next_number(writer, EventTable)
        row = PersonTable.of([(number, person, team, 0, event)])
        record(writer, Act("person", 1_000_000, "lead"), Effects(added=(row,)))


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def ids_of(rows: int) -> list[str]:
    return [f"images/{row}.jpg" for row in range(rows)]


def pool_of(rows: int = 40) -> ladle.Pool:
    """Of text ids and tiny embeddings."""
    return ladle.open_pool(np.arange(rows * 2, dtype=np.float32).reshape(rows, 2), ids=ids_of(rows))


def begun(store: Store | str | Path, folder: Path, rows: int = 40, **settings: Any) -> ladle.Campaign:
    """A campaign that chooses by margin."""
    settings = {"strategy": "margin", "lease_seconds": HOUR, "name": "birds", "files": str(folder / "files")} | settings
    return ladle.Campaign.create(store, pool=pool_of(rows), **settings)


def margins(rows: int = 40) -> np.ndarray:
    """The first rows are the least sure."""
    return np.linspace(0, 1, rows, dtype=np.float32)

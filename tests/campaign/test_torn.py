"""A database that lost rows or was torn: whatever a lead looks at says so, as `verify` does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

import ladle
from ladle.errors import LadleError
from ladle.labelling import MemoryStore, Store
from ladle.labelling.contract.tables import BatchTable, ExclusionTable, GoldTable, LabelTable, TaskTable
from ladle.store import SqlStore
from ladle.store.schema import TABLES
from tests.campaign.made import begun, ids_of, margins

LOOKS: dict[str, Callable[[ladle.Campaign], Any]] = {
    "labels": lambda campaign: campaign.labels(),
    "resolved": lambda campaign: campaign.resolved(),
    "progress": lambda campaign: campaign.progress(),
    "rounds": lambda campaign: campaign.rounds(),
}
# Table -> what reads all of it.
READ_BY = {
    TaskTable: ("labels", "resolved", "progress", "rounds"),
    LabelTable: ("labels", "resolved", "progress"),
    GoldTable: ("resolved", "progress"),
    ExclusionTable: ("resolved", "progress"),
    BatchTable: ("labels", "progress", "rounds"),
}


def worked_on(store: Store, folder: Path) -> ladle.Campaign:
    campaign = begun(store, folder)
    for number in (1, 2, 3):
        batch = campaign.ask(8, margins=margins(), key=str(number))
        campaign.tell(batch.ids, ["cat", "dog"] * 4, annotator="ann")
    campaign.exclude(ids_of(40)[36:], reason="dark")
    campaign.add_gold(ids_of(40)[30:33], ["cat", "dog", "cat"])
    return campaign


def lose_a_row(store: Store, kind: type, last: bool) -> None:
    """Remove the first or the last row of a table behind the back of the store."""
    if isinstance(store, MemoryStore):
        _, tables = store._campaigns["birds"]
        rows = sorted(tables[kind])
        del tables[kind][rows[-1 if last else 0]]
        return
    assert isinstance(store, SqlStore)
    table, key = TABLES[kind], TABLES[kind].c[kind.KEY[0]]  # type: ignore[attr-defined]
    engine = sa.create_engine(store.url)
    with engine.begin() as connection:
        place = connection.execute(sa.select(sa.func.max(key) if last else sa.func.min(key))).scalar_one()
        assert connection.execute(sa.delete(table).where(key == place)).rowcount == 1
    engine.dispose()


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("table", READ_BY, ids=lambda table: table.NAME)
def test_a_lost_row_is_noticed_by_whatever_reads_the_table(
    table: type, last: bool, store: Store, tmp_path: Path
) -> None:
    campaign = worked_on(store, tmp_path)
    assert campaign.verify().ok
    lose_a_row(store, table, last)
    assert not campaign.verify().ok
    for name in READ_BY[table]:  # type: ignore[index]
        with pytest.raises(LadleError, match=r"the log counts|hold what was written|damage"):
            LOOKS[name](campaign)


@pytest.mark.parametrize("share", np.linspace(0.05, 0.98, 14).round(3).tolist())
def test_a_torn_file_is_noticed(share: float, tmp_path: Path) -> None:
    """A file that lost its end is refused by every look, or tells what it told before; it tells nothing else."""
    campaign = worked_on(SqlStore.create(f"sqlite:///{tmp_path}/birds.db"), tmp_path)
    before = {name: str(look(campaign)) for name, look in LOOKS.items()}
    campaign.close()
    torn = tmp_path / "torn.db"
    shutil.copy(tmp_path / "birds.db", torn)
    with torn.open("r+b") as file:
        file.truncate(int(torn.stat().st_size * share))
    for name, look in LOOKS.items():
        try:
            with ladle.Campaign.open(torn, name="birds") as again:
                now = str(look(again))
        except LadleError:
            continue
        assert now == before[name]

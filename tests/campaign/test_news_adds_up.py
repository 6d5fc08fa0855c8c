"""An old export and what is new since make the export of now, whatever was done in between, over all stores."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import LadleError
from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore
from tests.campaign.made import Clock

AGREEMENTS = ("majority", "unanimous", "latest", "first", "dawid-skene")
IDS = [f"images/{place}.jpg" for place in range(15)]
POOL = 12  # rows: the pool has some of the ids
PEOPLE = ("ann", "bob", "cy", "dee")
CLASSES = ("cat", "dog", "cow")
OF_THE_EXAMPLE = {"round", "origin", "adjudicated"}  # columns of labels that tell how the example is now
STEPS = 30


class Changes:
    """A campaign, and the things that are done to it at random."""

    def __init__(self, store: Store, folder: Path, agreement: str, seed: int) -> None:
        self.random, self.folder, self.clock, self.files = np.random.default_rng(seed), folder, Clock(), 0
        self.campaign = ladle.Campaign.create(
            store,
            name=f"birds {seed}",
            pool=self.pool(IDS[:POOL]),
            strategy="margin",
            labels=list(CLASSES),
            agreement=agreement,
            annotators_per_task=1 + seed % 2,
            files=str(folder / f"files {seed}"),
            clock=self.clock,
        )
        self.acts: list[Callable[[], object]] = [
            *[self.tell] * 5,
            *[self.tell_file] * 3,
            *[self.untell] * 3,
            lambda: self.campaign.delete_labels(self.ids(), reason="blurred"),
            lambda: self.campaign.exclude(self.ids(), reason="a smudge"),
            lambda: self.campaign.include(self.ids()),
            lambda: self.campaign.add_gold(self.ids(1), [self.one(self.classes())]),
            lambda: self.campaign.withdrawals.remove_gold(self.ids()),
            lambda: self.campaign.adjudicate(self.ids(1), [self.one(self.classes())]),
            lambda: self.campaign.undo_adjudication(self.ids()),
            lambda: self.campaign.skip(self.ids(1), annotator=self.one(PEOPLE), reason="too dark"),
            lambda: self.campaign.classes.rename(self.one(self.classes()), self.one([*CLASSES, "emu"])),
            lambda: self.campaign.classes.merge(self.one(self.classes()), self.one(self.classes())),
            lambda: self.campaign.classes.unmerge(self.one(CLASSES)),
            lambda: self.campaign.people.merge(self.one(PEOPLE), self.one(PEOPLE)),
            lambda: self.campaign.people.rename(self.one(PEOPLE), self.one(["eve", *PEOPLE])),
            lambda: self.campaign.extend(self.pool(self.random.permutation(IDS)[:POOL].tolist()), replace=True),
            lambda: self.campaign.set(annotators_per_task=int(self.random.integers(1, 3))),
            lambda: self.campaign.set(agreement=self.one(AGREEMENTS)),
            lambda: self.campaign.ask(2, margins=self.random.random(POOL).astype(np.float32)),
        ]

    def pool(self, ids: list[str]) -> ladle.Pool:
        return ladle.open_pool(np.zeros((len(ids), 2), np.float32), ids=ids)

    def classes(self) -> list[str]:
        return [str(each) for each in self.campaign.classes]

    def one(self, values: Any) -> Any:
        return values[self.random.integers(len(values))]

    def ids(self, count: int = 2) -> list[str]:
        return self.random.permutation(IDS[:POOL])[:count].tolist()

    def moment(self) -> datetime:
        return datetime.fromtimestamp(1_790_000_000 + int(self.random.integers(5)), UTC)

    def tell(self) -> None:
        ids = self.ids(3)
        labels = [self.one(CLASSES) for _ in ids]
        self.campaign.tell(ids, labels, annotator=self.one(PEOPLE), told_at=self.moment())

    def tell_file(self) -> None:
        self.files += 1
        lines = ["id,label,annotator,told_at"]
        lines += [f"{each},{self.one(CLASSES)},{self.one(PEOPLE)},{self.moment().isoformat()}" for each in self.ids(3)]
        self.file(self.files).write_text("\n".join(lines) + "\n")
        self.campaign.tell_file(self.file(self.files))

    def untell(self) -> None:
        self.campaign.withdrawals.untell(self.file(int(self.random.integers(1, self.files + 2))))

    def file(self, number: int) -> Path:
        return self.folder / f"{self.campaign.name} {number}.csv"

    def act(self) -> None:
        """Something that the campaign accepts."""
        before = self.campaign.last_event()
        while self.campaign.last_event() == before:
            self.clock.now += 1
            with suppress(LadleError):
                self.one(self.acts)()


def resolved_of(records: Any) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in records.to_pylist()}


def labels_of(records: Any) -> dict[int, dict[str, Any]]:
    return {
        each["number"]: {name: str(value) for name, value in each.items() if name not in OF_THE_EXAMPLE}
        for each in records.to_pylist()
    }


@pytest.mark.filterwarnings("ignore:Dawid and Skene's model still changes:RuntimeWarning")
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_an_old_export_and_its_news_are_the_export_of_now(
    kind: str, agreement: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for seed in range(4 if kind == "memory" else 1):
        changes = Changes(store_of(kind, tmp_path / f"{seed}", request), tmp_path, agreement, seed)
        campaign, exports = changes.campaign, []
        for _ in range(STEPS):
            changes.act()
            exports.append((campaign.last_event(), resolved_of(campaign.resolved()), labels_of(campaign.labels())))
        now, labels_now = resolved_of(campaign.resolved()), labels_of(campaign.labels())
        assert {each: campaign.story(each).label for each in now} == {each: row["label"] for each, row in now.items()}
        for event, resolved, labels in exports:
            newer, gone = resolved_of(campaign.resolved(since=event)), set(campaign.withdrawn(since=event)["id"])
            updated = resolved | newer
            assert {each: updated[each] for each in updated.keys() - gone} == now, (seed, event)
            assert not gone & now.keys(), (seed, event)
            assert labels | labels_of(campaign.labels(since=event)) == labels_now, (seed, event)
        assert not len(campaign.resolved(since=event)) + len(gone) + len(campaign.labels(since=event))


def store_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> Store:
    if kind == "memory":
        return MemoryStore()
    folder.mkdir()
    url = f"sqlite:///{folder}/store.db" if kind == "sqlite" else request.getfixturevalue("server").new_database()
    return SqlStore.create(url)

"""A small campaign in SQLite, step by step. Its clock stands still, so that the same acts leave the same rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import ladle
from benchmarks.reliability.snapshots import NAME, url
from ladle.pool.array_pool import ArrayPool
from ladle.pool.ids.example_ids import Ids

ROWS, CLASSES = 60, 2
BY_CLOCK = 1_800_000_000.0  # seconds since 1970
Change = Callable[[ladle.Campaign], object]
IDS = [f"bird {row:02d}.jpg" for row in range(0, ROWS, 5)]


def random() -> np.random.Generator:
    return np.random.default_rng(6)


def pool(rows: int = ROWS) -> ArrayPool:
    """Points in clumps of six, with text for ids: a pool that a campaign cannot open again. More rows only add."""
    random = np.random.default_rng(6)
    clumps = [random.normal(size=4) + random.normal(scale=0.05, size=(6, 4)) for _ in range(rows // 6)]
    ids = Ids([f"bird {row:02d}.jpg" for row in range(rows)])
    return ArrayPool([np.concatenate(clumps).astype(np.float32)], ids, "an array")


def probabilities(rows: int = ROWS) -> np.ndarray:
    return random().dirichlet(np.ones(CLASSES), rows)


def opened(folder: Path) -> ladle.Campaign:
    return ladle.Campaign.open(url(folder), name=NAME, clock=lambda: BY_CLOCK)


def doing(change: Change) -> Callable[[Path], None]:
    """The change, made by somebody who opens the campaign for it."""

    def do(folder: Path) -> None:
        with opened(folder) as campaign:
            change(campaign)

    return do


def nothing(folder: Path) -> None:
    """Before the beginning."""


def created(folder: Path, rows: int = ROWS) -> None:
    labels = ["cat", "dog"]
    ladle.Campaign.create(
        url(folder), name=NAME, pool=pool(rows), labels=labels, budget=10_000, seed=3, clock=lambda: BY_CLOCK
    ).close()


def asks(campaign: ladle.Campaign) -> None:
    campaign.ask(12, probabilities=probabilities(), key="round 1", holder="ann", model="m0")


def with_batch(folder: Path) -> None:
    created(folder)
    doing(asks)(folder)


def tells(campaign: ladle.Campaign) -> None:
    campaign.tell(campaign.batch(key="round 1").ids, ["cat", "dog"] * 6, annotator="ann", source="desk", key="day 1")


def tells_mixed(campaign: ladle.Campaign) -> None:
    """Relabels, repeats, examples outside the batch, an unknown id and two things that are no label."""
    ids = [*IDS, "bird 01.jpg", "no such bird", "bird 02.jpg", "bird 03.jpg"]
    labels = ["dog"] * 6 + ["cat"] * 6 + ["cat", "cat", "cow", None]
    campaign.tell(ids, labels, annotator=["ann"] * 8 + ["bob"] * 8, source="desk", key="day 2")


def labelled(folder: Path) -> None:
    with_batch(folder)
    doing(tells)(folder)


def takes(campaign: ladle.Campaign) -> None:
    campaign.take("cleo", 5, share=True)  # the batch is held by ann


def excludes(campaign: ladle.Campaign) -> None:
    campaign.exclude(IDS[:5], reason="blurred")


def adds_gold(campaign: ladle.Campaign) -> None:
    campaign.add_gold(["bird 58.jpg", "bird 59.jpg"], ["cat", "dog"])


def records_model(campaign: ladle.Campaign) -> None:
    campaign.record_model("m1", metrics={"accuracy": 0.81})


def backs_up(folder: Path) -> None:
    with opened(folder) as campaign:
        campaign.backup(folder / "birds.backup")


def full(folder: Path) -> None:
    """Rows of every kind."""
    labelled(folder)
    with opened(folder) as campaign:
        for change in (tells_mixed, excludes, adds_gold, records_model):
            change(campaign)
        campaign.ask(10, probabilities=probabilities(), gold=2, key="round 2")
        takes(campaign)


def large(folder: Path) -> None:
    """With so many rows that most bytes of the database have a meaning."""
    created(folder, rows=1_800)
    doing(tells_mixed)(folder)
    with opened(folder) as campaign:
        for number in (1, 2, 3):
            batch = campaign.ask(300, probabilities=probabilities(1_800), key=f"round {number}", holder="ann")
            for annotator in ("ann", "bob"):
                labels = random().choice(["cat", "dog", "cow"], len(batch), p=[0.5, 0.48, 0.02]).tolist()
                campaign.tell(batch.ids, labels, annotator=annotator, source="desk", key=f"{annotator} {number}")
            campaign.record_model(f"m{number}", metrics={"accuracy": 0.7 + number / 20})
        campaign.ask(150, probabilities=probabilities(1_800), key="round 4")
        campaign.exclude(pool(1_800).id_column.values[:60], reason="blurred")
        campaign.take("cleo", 40)

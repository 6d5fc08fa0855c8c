"""Scenarios of a campaign in SQLite: create, ask, tell, and what else changes it. The clock stands still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import ladle
from campaign_sight import NAME, seen, unsound, url
from ladle.pool.ids import Ids
from ladle.pool.memory import ArrayPool
from scenarios import Act, Scenario, whole_or_not

ROWS, CLASSES = 60, 3
BY_CLOCK = 1_800_000_000.0  # seconds since 1970


def random() -> np.random.Generator:
    return np.random.default_rng(6)


def pool() -> ArrayPool:
    """Sixty points in ten clumps, with text for ids: a pool that a campaign cannot open again."""
    centres = random().normal(size=(ROWS // 6, 4))
    points = np.repeat(centres, 6, axis=0) + random().normal(scale=0.05, size=(ROWS, 4))
    return ArrayPool([points.astype(np.float32)], Ids([f"bird {row:02d}.jpg" for row in range(ROWS)]), "an array")


def probabilities() -> np.ndarray:
    return random().dirichlet(np.ones(CLASSES), ROWS)


def created(folder: Path) -> ladle.Campaign:
    return ladle.Campaign.create(
        url(folder), name=NAME, pool=pool(), labels=["cat", "dog"], budget=1_000, seed=3, clock=lambda: BY_CLOCK
    )


def opened(folder: Path) -> ladle.Campaign:
    return ladle.Campaign.open(url(folder), name=NAME, clock=lambda: BY_CLOCK)


def _doing(change: Callable[[ladle.Campaign], object]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        with opened(folder) as campaign:
            change(campaign)

    return do


def _asks(campaign: ladle.Campaign) -> None:
    campaign.ask(12, probabilities=probabilities(), key="round 1", holder="ann", model="m0")


def _tells(campaign: ladle.Campaign) -> None:
    ids = campaign.batch(key="round 1").ids if hasattr(campaign, "batch") else IDS
    campaign.tell(ids, ["cat", "dog"] * 6, annotator="ann", source="desk", key="day 1")


IDS = [f"bird {row:02d}.jpg" for row in range(0, 60, 5)]


def _tells_mixed(campaign: ladle.Campaign) -> None:
    """Relabels, repeats, examples nobody asked for, an unknown id and two things that are no label."""
    ids = [*IDS, "bird 01.jpg", "no such bird", "bird 02.jpg", "bird 03.jpg"]
    labels = ["dog"] * 6 + ["cat"] * 6 + ["cat", "cat", "cow", None]
    campaign.tell(ids, labels, annotator=["ann"] * 8 + ["bob"] * 8, source="desk", key="day 2")


def _nothing(folder: Path) -> None:
    return None


def _created(folder: Path) -> None:
    created(folder).close()


def _asked(folder: Path) -> None:
    _created(folder)
    _doing(_asks)(folder)


def _labelled(folder: Path) -> None:
    _asked(folder)
    _doing(_tells)(folder)


def _scenario(name: str, prepare: Callable[[Path], None], do: Callable[[Path], None]) -> Scenario:
    return whole_or_not(Act(name, prepare, do, seen, unsound))


CAMPAIGN = (
    _scenario("create", _nothing, _created),
    _scenario("ask", _created, _doing(_asks)),
    _scenario("ask again", _asked, _doing(_asks)),
    _scenario("tell", _asked, _doing(_tells)),
    _scenario("tell mixed", _labelled, _doing(_tells_mixed)),
)

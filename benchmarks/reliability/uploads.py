"""Labels on their way into a campaign, with all that goes wrong between people, and what must come of them.

Uploads overlap: the same label twice, the same annotator with another label, two annotators at odds, ids that no pool
has. A plain model of a dictionary says what a campaign must hold after them, in the order in which it took them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

import ladle

NAME = "birds"
POOL_ROWS, LABELLED_ROWS = 20_000, 2_000  # the rows that get labels: so few that labels meet
CLASSES = ("cat", "dog", "cow")
ANNOTATORS = ("ann", "bob", "cleo", "dan")
UNKNOWN_SHARE, ERROR_SHARE = 0.01, 0.2
Version = tuple[int, str, int, str, str]  # id, annotator, version, label, status


@dataclass(frozen=True, slots=True)
class Upload:
    """Labels under one key; the key alone decides what they are."""

    key: str
    ids: list[int]
    labels: list[str]
    annotator: str


def upload(key: str, size: int) -> Upload:
    random = np.random.default_rng(zlib.crc32(key.encode()))
    ids = random.integers(0, LABELLED_ROWS, size)
    classes = np.where(random.random(size) < ERROR_SHARE, random.integers(0, len(CLASSES), size), ids % len(CLASSES))
    ids = np.where(random.random(size) < UNKNOWN_SHARE, POOL_ROWS + ids, ids)
    annotator = ANNOTATORS[int(random.integers(len(ANNOTATORS)))]
    return Upload(key, ids.tolist(), [CLASSES[each] for each in classes], annotator)


def founded(url: str) -> ladle.Campaign:
    """A campaign of 20,000 examples, two labels each."""
    points = np.random.default_rng(5).normal(size=(POOL_ROWS, 2)).astype(np.float32)
    return ladle.Campaign.create(url, name=NAME, pool=points, strategy="uniform", labels=CLASSES, annotators_per_task=2)


def model(uploads: Iterable[Upload]) -> tuple[list[Version], int]:
    """Every version of every label after these uploads, in the order they came, and how many are quarantined."""
    current: dict[tuple[int, str], int] = {}
    versions: list[Version] = []
    quarantined = 0
    for each in uploads:
        for example, label in zip(each.ids, each.labels, strict=True):
            if example >= POOL_ROWS:
                quarantined += 1
                continue
            place = current.get((example, each.annotator))
            number = 1
            if place is not None:
                if versions[place][3] == label:
                    continue
                number = versions[place][2] + 1
                versions[place] = (*versions[place][:4], "superseded")
            current[example, each.annotator] = len(versions)
            versions.append((example, each.annotator, number, label, "current"))
    return versions, quarantined


def held(campaign: ladle.Campaign) -> list[Version]:
    """The same versions, read from the campaign."""
    table = campaign.labels()
    columns = (table["id"].tolist(), table["annotator"], table["version"].tolist(), table["label"], table["status"])
    return list(zip(*columns, strict=True))


def wrong(campaign: ladle.Campaign, keys: set[str], size: int, *, unheard: int = 0) -> list[str]:
    """What is not as the model has it after these acknowledged uploads.

    unheard: so many more at most were taken and not acknowledged, by processes that died in between.
    """
    taken = [row.key for row in campaign.audit() if row.kind == "tell"]
    problems = [f"{len(taken) - len(set(taken))} uploads taken twice"] * (len(taken) != len(set(taken)))
    lost, strange = keys - set(taken), set(taken) - keys
    problems += [f"{len(lost)} acknowledged uploads lost"] * bool(lost) + [f"{len(strange)} unheard of"] * (
        len(strange) > unheard
    )
    versions, quarantined = model(upload(key, size) for key in taken)
    if held(campaign) != versions:
        problems.append("the labels are not those of the uploads in their order")
    if len(campaign.quarantine()) != quarantined:
        problems.append(f"{len(campaign.quarantine())} in quarantine instead of {quarantined}")
    return problems + list(campaign.verify().problems)

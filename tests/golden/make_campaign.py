"""Make the database of a campaign that has seen everything, in the schema of this Ladle; run it once a schema version.

python tests/golden/make_campaign.py        writes campaign-VERSION.db.gz and campaign-VERSION.json beside this file

They are never made again: later Ladles must upgrade the database and tell what the JSON tells.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import ladle
from ladle.store.upgrade import NEWEST

HERE = Path(__file__).parent
DAY = 86400.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0  # 2026-01-01

    def __call__(self) -> float:
        return self.now


def ids_of() -> list[str]:
    """Of the whole pool, once it has grown."""
    return [f"bilder/{row}.jpg" if row % 7 else f"bilder/ö{row}.jpg" for row in range(60)]


def everything(url: str, folder: Path, clock: Clock) -> ladle.Campaign:
    """A campaign of two annotators a task on which every kind of change was made."""
    embeddings = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    ids = ids_of()
    settings: dict[str, Any] = {"labels": ["cat", "dog"], "annotators_per_task": 2, "budget": 200, "seed": 5}
    campaign = ladle.Campaign.create(
        url,
        name="birds",
        pool=ladle.open_pool(embeddings[:50], ids=ids[:50]),
        strategy="margin",
        options={"noise": "power"},
        files=str(folder),
        clock=clock,
        by="lead",
        **settings,
    )
    margins = np.linspace(0, 1, 60, dtype=np.float32)
    campaign.add_gold(ids[40:43], ["cat", "dog", "dog"])
    batch = campaign.ask(20, margins=margins[:50], key="first", holder="team", model="m0", gold=2)
    clock.now += DAY
    for annotator in ("ann", "bob"):
        taken = campaign.take(annotator, 8, share=True)
        words = ["cat", "dog"] * 4 if annotator == "ann" else ["cat"] * 8
        campaign.tell(taken.ids, words[: len(taken)], annotator=annotator, key=f"by {annotator}", source="desk")
    campaign.tell(batch.ids[:2], ["dog", "dog"], annotator="ann")
    campaign.tell([ids[45], "nobody", ids[46]], ["cat", "cat", "cow"], annotator="cy")
    campaign.import_labels(ids[30:33], ["dog", "dog", "cat"], source="an older project", annotator="archive")
    campaign.exclude(ids[10:13], reason="blurred")
    campaign.include(ids[12:13])
    campaign.delete_labels(batch.ids[4:5], annotator="bob", reason="wrong key pressed")
    campaign.record_model("m1", metrics={"accuracy": 0.5, "loss": 1.25})
    campaign.skip(ids[20:22], annotator="bob", reason="too dark", seconds=4.5)
    campaign.comment(ids[20:21], "two birds", annotator="bob")
    campaign.tell(ids[23:24], ["dog"], annotator="Ann", told_at=clock.now - DAY)
    campaign.people.merge("Ann", "ann")
    campaign.people.set_team("bob", "vendor")
    campaign.tell([ids[45]], ["cow"], annotator="cy")
    campaign.withdrawals.close_quarantined([1], reason="nobody knows it")
    campaign.add_gold(ids[43:44], ["cat"])
    campaign.withdrawals.remove_gold(ids[43:44])
    campaign.record_model("m1", metrics={"loss": 1.2}, correct=True)
    campaign.extend(ladle.open_pool(embeddings, ids=ids))
    clock.now += 8 * DAY
    campaign.set(control=0.2)
    campaign.ask(10, probabilities=np.stack([0.5 + margins / 2, 0.5 - margins / 2], axis=1), lease_seconds=DAY)
    campaign.take("cy", 3)
    campaign.release("cy")
    campaign.adjudicate([ids[45], ids[46], ids[47]], ["dog", "cat", "cat"], reason="seen on the film")
    campaign.undo_adjudication(ids[47:48])
    campaign.assign(ids[48:51], to="dora")
    campaign.unassign(ids[50:51])
    campaign.set(budget=250, price=0.05, currency="EUR")
    campaign.classes.add("cow")
    return campaign


def told_of(campaign: ladle.Campaign) -> dict[str, Any]:
    """All that a campaign tells of itself, as JSON can carry it."""
    waiting = ("outstanding", "holdings", "disputes", "adjudications")
    tables = ("labels", "resolved", *waiting, "quarantine", "rounds", "batches", "audit", "comments")
    told: dict[str, Any] = {name: getattr(campaign, name)().to_pylist() for name in tables}
    told |= {"progress": campaign.progress().to_dict(), "settings": json.loads(campaign.settings.to_json())}
    told["settings"].pop("files")
    told["batch"] = campaign.batch(key="first").ids.tolist()
    told["story"] = str(campaign.story(told["batch"][0]))
    return json.loads(json.dumps(told, default=str).replace(": NaN", ": null"))  # unknown seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, clock = Path(folder) / "campaign.db", Clock()
        with everything(f"sqlite:///{path}", Path(folder) / "files", clock) as campaign:
            assert campaign.verify().ok
            told = told_of(campaign)
        (HERE / f"campaign-{NEWEST}.db.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    text = json.dumps(told, indent=1, ensure_ascii=False)
    (HERE / f"campaign-{NEWEST}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Progress in figures that can be counted by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ladle.labelling import MemoryStore
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins

DAY = 24 * HOUR


def test_speed_and_time_left(tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(MemoryStore(), tmp_path, clock=clock, annotators_per_task=2, budget=100)
    batch = campaign.ask(20, margins=margins())
    assert campaign.progress().labels_per_day == 0
    assert campaign.progress().seconds_left is None
    campaign.tell(batch.ids[:10], ["cat"] * 10, annotator="ann")
    clock.now += 5 * DAY
    campaign.tell(batch.ids[:10], ["cat"] * 5 + ["dog"] * 5, annotator="bob")
    progress = campaign.progress()
    assert progress.labels_per_day == pytest.approx(4)  # 20 in 5 days
    assert (progress.labelled, progress.disputed, progress.outstanding) == (5, 5, 15)
    assert progress.seconds_left == pytest.approx((15 * 2 - 10) / 4 * DAY)
    assert progress.agreement == pytest.approx(0.5)
    assert (progress.spend, progress.budget) == (40, 100)
    clock.now += 5 * DAY
    assert campaign.progress().labels_per_day == pytest.approx(10 / 7)  # those of ann are older than a week
    clock.now += 30 * DAY
    assert campaign.progress().labels_per_day == 0
    people = {row.annotator: row for row in progress.annotators}
    assert people["ann"].labels == people["bob"].labels == 10
    assert people["bob"].last_told_at == datetime.fromtimestamp(clock.now - 35 * DAY, UTC)
    assert json.loads(json.dumps(progress.to_dict()))["annotators"][0]["annotator"] == "ann"
    assert str(progress).startswith("birds: 5 of 20 examples asked for are labelled, 15 outstanding")


def test_a_flat_curve_says_stop(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    for step in range(8):
        batch = campaign.ask(4, margins=margins())
        campaign.tell(batch.ids, ["cat"] * 4)
        height = 0.9 if step else 0.2
        campaign.record_model(f"m{step}", metrics={"accuracy": height, "test loss": 1 - height, "epochs": step})
    verdicts = campaign.progress().stopping
    assert [verdict.rule for verdict in verdicts] == ["gain-plateau"] * 3
    assert sorted(verdict.stop for verdict in verdicts) == [False, True, True], verdicts  # epochs still grow


@pytest.mark.parametrize("made", ["datetimes", "seconds", "numpy", "arrow"])
def test_labels_keep_the_time_they_were_given(made: str, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(MemoryStore(), tmp_path, clock=clock)
    when = [datetime(2026, 1, day, 12, 30, 0, 250_000, UTC) for day in (1, 2)]
    told_at = {
        "datetimes": when,
        "seconds": [each.timestamp() for each in when],
        "numpy": np.array([each.replace(tzinfo=None) for each in when], "datetime64[us]"),
        "arrow": pa.array(when),
    }[made]
    campaign.tell(ids_of(2), ["cat", "dog"], told_at=told_at, annotator=["ann", "bob"], source=["desk", "phone"])
    labels = campaign.labels()
    assert [row.told_at for row in labels] == when
    assert [(row.annotator, row.source) for row in labels] == [("ann", "desk"), ("bob", "phone")]
    assert labels[0].recorded_at == datetime.fromtimestamp(clock.now, UTC)
    again = begun(MemoryStore(), tmp_path / "again")
    again.tell(labels["id"], labels["label"], told_at=labels["told_at"], annotator=labels["annotator"].tolist())
    assert [row.told_at for row in again.labels()] == when


def test_the_latest_label_is_the_one_given_last_not_the_one_recorded_last(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, agreement="latest")
    campaign.tell(ids_of(1), ["cat"], annotator="ann", told_at=1_700_000_000)
    campaign.tell(ids_of(1), ["dog"], annotator="bob", told_at=1_600_000_000)
    assert campaign.resolved()["label"] == ["cat"]


def test_dawid_skene_goes_by_current_labels_alone(tmp_path: Path) -> None:
    words = np.array(["cat", "dog"] * 20)
    noise = np.where(np.arange(40) % 3 == 0, "cat", words)
    resolved = []
    for corrected in (False, True):
        settings = {"agreement": "dawid-skene", "annotators_per_task": 2}
        campaign = begun(MemoryStore(), tmp_path / str(corrected), **settings)
        for name, said in (("ann", words), ("bob", noise), ("cy", words)):
            if corrected and name == "ann":  # who first said the other of each, and then thought better of it
                campaign.tell(ids_of(40), np.roll(said, 1), annotator=name)
            campaign.tell(ids_of(40), said, annotator=name)
        resolved.append(campaign.resolved())
    assert resolved[0]["label"] == resolved[1]["label"]
    np.testing.assert_allclose(resolved[0]["share"], resolved[1]["share"])


def test_dawid_skene_resolves_what_a_vote_would_not(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, agreement="dawid-skene", annotators_per_task=2)
    words = np.array(["cat", "dog"] * 20)
    noise = np.where(np.arange(40) % 3 == 0, "cat", words)
    for name, said in (("ann", words), ("bob", noise), ("cy", words)):
        campaign.tell(ids_of(40), said, annotator=name)
    resolved = campaign.resolved()
    assert resolved["label"] == words.tolist()
    assert set(resolved["how"]) == {"dawid-skene"}
    assert (resolved["share"] > 0.9).all()
    assert campaign.verify().ok

"""Progress in figures that can be counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import ladle
from ladle.campaign.overview import progress as overview
from ladle.errors import ArgumentError
from ladle.labelling import MemoryStore, Store
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.tables import LabelTable, TaskTable
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins

DAY = 24 * HOUR


def test_speed_and_time_left(tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(MemoryStore(), tmp_path, clock=clock, annotators_per_task=2, budget=100)
    batch = campaign.ask(20, margins=margins())
    assert campaign.progress().labels_per_day is None
    assert campaign.progress().seconds_left is None
    campaign.tell(batch.ids[:10], ["cat"] * 10, annotator="ann")
    clock.now += 5 * DAY
    campaign.tell(batch.ids[:10], ["cat"] * 5 + ["dog"] * 5, annotator="bob")
    progress = campaign.progress()
    assert progress.labels_per_day == pytest.approx(4)  # 20 in 5 days
    assert (progress.labelled, progress.disputed, progress.outstanding) == (5, 5, 15)
    assert progress.seconds_left == pytest.approx((10 * 2 + 5) / 4 * DAY)  # 10 open tasks, 5 disputed
    assert progress.agreement == pytest.approx(0.5)
    assert (progress.spend, progress.reserved, progress.left, progress.budget) == (20, 25, 55, 100)
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


def test_imports_and_examples_nobody_asked_for_stand_apart(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    batch = campaign.ask(4, margins=margins())
    campaign.import_labels(ids_of(40)[10:30], ["cat"] * 20, source="old", annotator="archive")
    campaign.tell(ids_of(40)[30:33], ["cat"] * 3, annotator="ann")
    campaign.tell(ids_of(40)[32:33], ["dog"], annotator="bob")
    found = campaign.progress()
    assert (found.labelled, found.asked, found.outstanding) == (0, 4, 4)  # not "23 of 4"
    assert (found.labelled_unasked, found.disputed, found.disputed_unasked) == (22, 1, 1)
    words = "0 of 4 examples asked for are labelled, 4 outstanding, after 1 round; pool of 40. 22 others are labelled."
    assert words in str(found)
    assert (found.labels, found.imported, found.spend) == (24, 20, 4)
    campaign.tell(batch.ids[:1], ["cat"], annotator="ann")
    campaign.tell(batch.ids[:2], ["dog", "cat"], annotator="bob")
    found = campaign.progress()
    assert (found.labelled, found.asked, found.outstanding, found.disputed) == (1, 4, 3, 2)
    people = {row.annotator: (row.labels, row.imported) for row in found.annotators}
    assert people == {"archive": (20, 20), "ann": (4, 0), "bob": (3, 0)}


UNKNOWN: dict[str, Callable[[ladle.Campaign, Clock], object]] = {
    "no labels": lambda campaign, clock: None,
    "imports alone": lambda campaign, clock: [
        campaign.import_labels(ids_of(40)[:9], ["cat"] * 9, source="old"),
        wait(clock, 20 * DAY),
        campaign.import_labels(ids_of(40)[9:12], ["cat"] * 3, source="old"),
    ],
    "one label just now": lambda campaign, clock: campaign.tell(ids_of(40)[:1], ["cat"]),
    "one label of two days": lambda campaign, clock: [campaign.tell(ids_of(40)[:1], ["cat"]), wait(clock, 2 * DAY)],
    "a minute of labels": lambda campaign, clock: [
        campaign.tell(ids_of(40)[:9], ["cat"] * 9, told_at=[clock.now - 6 * second for second in range(9)]),
        wait(clock, 60.0),
    ],
    "all at one moment": lambda campaign, clock: [campaign.tell(ids_of(40)[:9], ["cat"] * 9), wait(clock, 3 * DAY)],
    "all given last year": lambda campaign, clock: [
        campaign.tell(ids_of(40)[:9], ["cat"] * 9, told_at=[clock.now - (300 + day) * DAY for day in range(9)]),
        wait(clock, 3 * DAY),
    ],
    "all given next year": lambda campaign, clock: [
        campaign.tell(ids_of(40)[:9], ["cat"] * 9, told_at=[clock.now + (300 + day) * DAY for day in range(9)]),
        wait(clock, 3 * DAY),
    ],
}


def wait(clock: Clock, seconds: float) -> None:
    clock.now += seconds


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_speed_that_is_not_known_is_no_figure(case: str, store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(20, margins=margins())
    clock.now += HOUR
    UNKNOWN[case](campaign, clock)
    found = campaign.progress()
    assert (found.labels_per_day, found.seconds_left) == (None, None)
    assert all(np.isnan(row.labels_per_day) for row in found.annotators)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["labels_per_day"] is None


def test_the_clocks_of_tools_do_not_make_a_speed(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(20, margins=margins())
    future = clock.now + 300 * DAY
    campaign.tell(ids_of(40)[:4], ["cat"] * 4, annotator="ann", told_at=future)  # counts from when it was recorded
    clock.now += 2 * DAY
    campaign.tell(ids_of(40)[4:8], ["cat"] * 4, annotator="ann")
    assert campaign.progress().labels_per_day == pytest.approx(4)
    clock.now += 20 * DAY
    assert campaign.progress().labels_per_day == 0  # known: nothing came in seven days
    assert campaign.progress().seconds_left is None
    campaign.tell(ids_of(40)[8:20], ["cat"] * 12, annotator="ann")
    assert campaign.progress().labels_per_day == pytest.approx(12 / 7)
    assert (campaign.progress().outstanding, campaign.progress().seconds_left) == (0, 0.0)


def test_the_last_answer_of_a_person_is_one_that_stands(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    first = datetime.fromtimestamp(clock.now, UTC)
    campaign.tell(ids_of(40)[:1], ["cat"], annotator="ann")
    campaign.skip(ids_of(40)[2:3], annotator="cy", reason="dark")
    wait(clock, DAY)
    campaign.tell(ids_of(40)[1:2], ["cat"], annotator="ann")
    campaign.tell(ids_of(40)[1:2], ["cat"], annotator="bob")

    def last() -> list[dict[str, datetime | None]]:
        shown = {row.annotator: row.last_told_at for row in campaign.progress().annotators}
        return [shown, {row.name: row.last_told_at for row in campaign.people.list()}]

    assert last() == [{"ann": first + timedelta(days=1), "bob": first + timedelta(days=1), "cy": first}] * 2
    campaign.delete_labels(ids_of(40)[1:2], annotator="ann", reason="slip")
    campaign.delete_labels(ids_of(40)[1:2], annotator="bob", reason="slip")
    assert last() == [{"ann": first, "bob": None, "cy": first}] * 2
    assert {row.name: row.labels for row in campaign.people.list()} == {"ann": 1, "bob": 0, "cy": 0}


def test_deleted_labels_make_no_speed(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(20, margins=margins())
    campaign.tell(ids_of(40)[:8], ["cat"] * 8, annotator="ann")
    wait(clock, DAY)
    campaign.tell(ids_of(40)[8:12], ["cat"] * 4, annotator="ann")
    wait(clock, DAY)
    assert campaign.progress().labels_per_day == pytest.approx(6)
    campaign.delete_labels(ids_of(40)[4:8], annotator="ann", reason="slip")
    found = campaign.progress()
    assert (found.labels, found.spend) == (8, 12)
    assert found.labels_per_day == pytest.approx(4)
    assert found.annotators[0].labels_per_day == pytest.approx(4)
    assert found.seconds_left == pytest.approx(12 / 4 * DAY)
    campaign.delete_labels(ids_of(40)[:12], annotator="ann", reason="slip")
    found = campaign.progress()
    assert (found.labels_per_day, found.seconds_left) == (None, None)


def test_the_progress_of_many_labels_says_what_it_has_not_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2, control=0.5)
    batch = campaign.ask(10, margins=margins())
    campaign.tell(batch.ids, ["cat"] * 10, annotator="ann")
    campaign.tell(batch.ids[:4], ["cat"] * 3 + ["dog"], annotator="bob")
    campaign.record_model("m", metrics={"accuracy": 0.5})
    monkeypatch.setattr(overview, "MANY_LABELS", 14)
    assert campaign.progress().not_read == ()
    assert campaign.progress().control is not None
    monkeypatch.setattr(overview, "MANY_LABELS", 13)
    kinds = []
    read = CountedView.read
    monkeypatch.setattr(CountedView, "read", lambda view, kind, *more: kinds.append(kind) or read(view, kind, *more))
    short = campaign.progress()
    assert not {TaskTable, LabelTable} & set(kinds)
    assert short.not_read == ("annotators", "reviews", "control")
    assert (short.labels, short.labelled, short.disputed, short.control) == (14, 3, 1, None)
    assert [row.version for row in short.curve] == ["m"]
    told = json.loads(json.dumps(short.to_dict()))
    assert (told["annotators"], told["reviews"], told["control"]) == (None, None, None)
    assert told["not_read"] == ["annotators", "reviews", "control"]
    for table in (short.annotators, short.reviews):
        assert "not read, because the campaign has 14 labels" in repr(table)
        for use in (
            lambda table=table: len(table),
            lambda table=table: list(table),
            lambda table=table: table["labels"],
            lambda table=table: table[0],
            lambda table=table: table.columns,
            lambda table=table: table.to_pylist(),
            lambda table=table: table.to_arrow(),
        ):
            with pytest.raises(ArgumentError, match=r"progress\(people=True\)"):
                use()
    assert short == campaign.progress(people=False)
    whole = campaign.progress(people=True)
    assert [row.annotator for row in whole.annotators] == ["ann", "bob"]
    assert whole.control is not None
    assert whole.to_dict()["not_read"] == []
    assert whole != short
    with pytest.raises(ArgumentError, match="`people`"):
        campaign.progress(people="ann")  # type: ignore[arg-type]

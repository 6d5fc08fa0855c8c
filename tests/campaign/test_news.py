"""What is new since a time, a round or an event, over all stores."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.errors import ArgumentError
from ladle.labelling import Store
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins, pool_of


def last_event(campaign: ladle.Campaign) -> int:
    return int(campaign.audit()["seq"][-1])


def ids(records: Any) -> list[str]:
    return list(records["id"])


def test_labels_since_each_kind_of_moment(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, lease_seconds=100 * HOUR)
    first = campaign.ask(3, margins=margins(), key="one")
    campaign.tell(first.ids, ["cat"] * 3, annotator="ann")
    mark = last_event(campaign)
    clock.now += HOUR
    between = datetime.fromtimestamp(clock.now, UTC)
    clock.now += HOUR
    second = campaign.ask(2, margins=margins(), key="two")
    clock.now += HOUR
    campaign.ask(3, margins=margins(), key="one")  # renews the lease of the first round
    campaign.tell(second.ids, ["dog"] * 2, annotator="ann")
    for since in (mark, f"event:{mark}", between, between.isoformat(), "round:2"):
        assert ids(campaign.labels(since=since)) == list(second.ids), since
        assert ids(campaign.resolved(since=since)) == sorted(second.ids), since
    assert len(campaign.labels(since="round:1")) == len(campaign.labels()) == 5
    assert len(campaign.labels(since=last_event(campaign))) == 0
    assert len(campaign.resolved(since=last_event(campaign))) == 0


def test_corrections_and_deletions_are_news(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell(ids_of(4), ["cat"] * 4, annotator="ann")
    mark = last_event(campaign)
    campaign.tell(ids_of(1), ["dog"], annotator="ann")
    campaign.delete_labels(ids_of(2)[1:], reason="blurred")
    found = campaign.labels(since=mark)
    assert [(row.id, row.label, row.status) for row in found] == [
        (ids_of(1)[0], "cat", "superseded"),
        (ids_of(2)[1], "cat", "deleted"),
        (ids_of(1)[0], "dog", "current"),
    ]
    assert [(row.id, row.label) for row in campaign.resolved(since=mark)] == [(ids_of(1)[0], "dog")]
    assert ids(campaign.withdrawn(since=mark)) == ids_of(2)[1:]


def test_what_else_changes_a_resolved_label(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    five = ids_of(5)
    campaign.tell(five, ["cat"] * 5, annotator="ann")
    campaign.exclude(five[:1], reason="a smudge")
    mark = last_event(campaign)
    campaign.include(five[:1])
    campaign.exclude(five[1:2], reason="a smudge")
    campaign.add_gold(five[2:3], ["dog"])
    campaign.tell(five[3:4], ["dog"], annotator="bob")  # disputed
    campaign.adjudicate(five[4:5], ["emu"])
    campaign.ask(3, margins=margins())
    found = campaign.resolved(since=mark)
    assert [(row.id, row.label, row.how) for row in found] == [
        (five[0], "cat", "majority"),
        (five[2], "dog", "gold"),
        (five[4], "emu", "adjudicated"),
    ]
    gone = campaign.withdrawn(since=mark)
    assert [(row.id, row.state) for row in gone] == [(five[1], "excluded"), (five[3], "disputed")]
    assert gone.columns == ["id", "row", "state"]


def test_gold_and_final_words_that_went_are_withdrawn(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    five = ids_of(5)
    campaign.add_gold(five[:2], ["cat"] * 2)
    campaign.adjudicate(five[2:5], "cat")
    mark = last_event(campaign)
    campaign.withdrawals.remove_gold(five[:1])
    campaign.undo_adjudication(five[2:3])
    campaign.adjudicate(five[3:4], "dog")
    campaign.classes.rename("cat", "puss")
    campaign.exclude([five[1], *five[3:5]], reason="a smudge")
    assert not len(campaign.resolved(since=mark))
    assert [(row.id, row.state) for row in campaign.withdrawn(since=mark)] == [
        (five[0], "unasked"),
        (five[1], "unasked"),
        (five[2], "unasked"),
        (five[3], "excluded"),
        (five[4], "excluded"),
    ]


@pytest.mark.parametrize(("agreement", "before", "after"), [("latest", "dog", "cat"), ("first", "cat", "dog")])
def test_another_time_of_a_label_is_news(store: Store, tmp_path: Path, agreement: str, before: str, after: str) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2, agreement=agreement)
    (one,) = ids_of(1)
    campaign.tell([one], ["cat"], annotator="ann", told_at=1_000_000.0)
    campaign.tell([one], ["dog"], annotator="bob", told_at=1_000_001.0)
    marks = [last_event(campaign)]
    path = tmp_path / "again.csv"
    path.write_text(f"id,label,annotator,told_at\n{one},cat,ann,1970-01-20T00:00:00Z\n")
    assert campaign.resolved()["label"] == [before]
    campaign.tell_file(path)
    marks.append(last_event(campaign))
    assert [(row.id, row.label) for row in campaign.resolved(since=marks[0])] == [(one, after)]
    assert [row.annotator for row in campaign.labels(since=marks[0])] == ["ann"]
    campaign.withdrawals.untell(path)
    for mark in marks:
        assert [(row.id, row.label) for row in campaign.resolved(since=mark)] == [(one, before)]
        assert [row.annotator for row in campaign.labels(since=mark)] == ["ann"]
        assert not len(campaign.withdrawn(since=mark))


def test_a_label_of_another_example_is_news_under_dawid_skene(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2, agreement="dawid-skene")
    for annotator in ("ann", "bob"):
        campaign.tell(ids_of(3), ["cat", "dog", "cat"], annotator=annotator)
    campaign.tell(ids_of(4)[3:], ["cat"], annotator="ann")  # open: nothing to withdraw
    mark = last_event(campaign)
    campaign.tell(ids_of(1), ["dog"], annotator="cy")
    assert ids(campaign.resolved(since=mark)) == ids_of(3)
    assert ids(campaign.labels(since=mark)) == ids_of(1)
    assert not len(campaign.withdrawn(since=mark))
    mark = last_event(campaign)
    campaign.ask(2, margins=margins()[::-1])
    campaign.comment(ids_of(1), "a fine one", annotator="ann")
    assert not len(campaign.resolved(since=mark))


def test_labels_that_stand_again_or_say_something_else(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    two, path = ids_of(2), tmp_path / "bad.csv"
    campaign.tell(two, ["cat", "dog"], annotator=["ann", "bob"])
    path.write_text(f"id,label,annotator\n{two[0]},dog,ann\n")
    campaign.tell_file(path)

    def news(mark: int) -> list[tuple]:
        return [(row.label, row.annotator, row.status) for row in campaign.labels(since=mark)]

    mark = last_event(campaign)
    campaign.withdrawals.untell(path)
    assert news(mark) == [("cat", "ann", "current"), ("dog", "ann", "deleted")]
    mark = last_event(campaign)
    campaign.classes.rename("cat", "puss")
    assert news(mark) == [("puss", "ann", "current")]
    mark = last_event(campaign)
    campaign.people.rename("bob", "rob")
    assert news(mark) == [("dog", "rob", "current")]
    assert not len(campaign.resolved(since=mark))


def test_other_rows_of_the_pool_are_news(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    three = ids_of(3)
    campaign.tell(three[:1], ["cat"], annotator="ann")
    campaign.add_gold(three[1:2], ["dog"])
    campaign.adjudicate(three[2:], "emu")
    mark = last_event(campaign)
    pool = ladle.open_pool(pool_of().embeddings()[:], ids=ids_of(40)[::-1])
    campaign.extend(pool, replace=True)
    found = campaign.resolved(since=mark)
    assert {row.id: row.row for row in found} == dict(zip(three, (39, 38, 37), strict=True))
    assert campaign.labels(since=mark)["row"].tolist() == [39]
    assert not len(campaign.withdrawn(since=mark))


def test_moments_that_the_campaign_does_not_have(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(3, margins=margins())
    with pytest.raises(ArgumentError, match=r"have one meaning; got '1'\. Write event:1 or round:1"):
        campaign.labels(since="1")
    with pytest.raises(ArgumentError, match="2, and it has 1 rounds"):
        campaign.resolved(since="round:2")
    with pytest.raises(ArgumentError, match="3, and it has 2 events"):
        campaign.withdrawn(since=3)
    with pytest.raises(ArgumentError, match="a time that has passed"):
        campaign.labels(since=datetime.fromtimestamp(clock.now + 1, UTC))

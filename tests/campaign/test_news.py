"""What is new since a time, a round or an event, over all stores."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.errors import ArgumentError
from ladle.labelling import Store
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins


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

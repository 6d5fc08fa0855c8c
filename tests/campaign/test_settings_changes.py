"""Settings that change while the campaign runs: tasks are judged anew at once, and the old values are on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.errors import ArgumentError, MismatchError
from ladle.labelling import Labels, MemoryStore, Store
from ladle.labelling.settings import UNCHANGED
from ladle.store import SqlStore
from tests.campaign.made import Clock, begun, ids_of, margins

ONE, TWO, THREE, FOUR = ids_of(4)


def states(campaign: ladle.Campaign) -> list[str]:
    return [campaign.story(each).state for each in (ONE, TWO, THREE, FOUR)]


def again(campaign: ladle.Campaign, store: Store) -> ladle.Campaign:
    """The campaign as another process opens it."""
    other = SqlStore.open(store.url) if isinstance(store, SqlStore) else store
    return ladle.Campaign.open(other, name="birds", clock=campaign._session.clock)


def test_tasks_are_judged_anew_by_other_people_and_agreement(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(4, margins=margins())
    campaign.tell([ONE, TWO, THREE], ["cat"] * 3, annotator="ann")
    campaign.tell([TWO, THREE], ["cat", "dog"], annotator="bob")
    campaign.tell([THREE], ["dog"], annotator="cid")
    assert states(campaign) == ["labelled", "labelled", "labelled", "open"]
    change = campaign.set(annotators_per_task=2)
    assert (dict(change.changed), change.tasks) == ({"annotators_per_task": (1, 2)}, 1)
    assert states(campaign) == ["open", "labelled", "labelled", "open"]
    assert campaign.set(agreement="unanimous").tasks == 1
    assert states(campaign) == ["open", "labelled", "disputed", "open"]
    assert campaign.progress().reserved == 1 + 1 + 2
    assert campaign.set(annotators_per_task=3).tasks == 1
    assert states(campaign) == ["open", "open", "disputed", "open"]
    assert campaign.verify().ok
    undone = campaign.set(annotators_per_task=1, agreement="majority")
    assert undone.changed == {"annotators_per_task": (3, 1), "agreement": ("unanimous", "majority")}
    assert states(campaign) == ["labelled", "labelled", "labelled", "open"]
    assert campaign.verify().ok


def test_the_record_has_who_when_and_both_values(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=10, by="lead")
    campaign.set(budget=2000, price=0.04, currency="EUR", lease_seconds=3 * 86400)
    event = campaign.audit()[-1]
    assert (event.kind, event.actor) == ("set", "lead")
    assert event.details["changed"] == {
        "budget": [10, 2000],
        "price": [None, 0.04],
        "currency": ["", "EUR"],
        "lease_seconds": [3600.0, 259200.0],
    }


def test_the_same_settings_again_change_nothing(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=10)
    assert not campaign.set(budget=10, annotators_per_task=1)
    assert campaign.set(budget=None)
    assert not campaign.set(budget=None)
    assert [row.kind for row in campaign.audit()] == ["create", "set"]


def test_everyone_has_the_new_settings(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, clock=Clock(), budget=5)
    other = again(campaign, store)
    campaign.set(budget=8, lease_seconds=7200)
    assert other.settings.budget == 8
    assert again(campaign, store).settings.budget == 8
    batch = other.ask(8, margins=margins())
    assert (batch.lease_until - batch.asked_at).total_seconds() == 7200
    with pytest.raises(ArgumentError, match="budget of 8"):
        campaign.ask(1, margins=margins())
    other.set(budget=20)
    assert len(campaign.ask(12, margins=margins())) == 12


def test_a_budget_below_what_is_spent_ends_asking(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    batch = campaign.ask(10, margins=margins())
    campaign.tell(batch.ids, ["cat"] * 10, annotator="ann")
    campaign.set(budget=3)
    assert (campaign.progress().spend, campaign.progress().left) == (10, 0)
    assert campaign.verify().ok
    with pytest.raises(ArgumentError, match="budget of 3"):
        campaign.ask(1, margins=margins())


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "the settings"),
        ({"budget": 0}, "`budget`"),
        ({"budget": 2.5}, "`budget`"),
        ({"annotators_per_task": 0}, "`annotators_per_task`"),
        ({"annotators_per_task": None}, "`annotators_per_task`"),
        ({"agreement": "most"}, "`agreement`"),
        ({"lease_seconds": 0}, "`lease_seconds`"),
        ({"price": -1}, "`price`"),
        ({"budget": 7, "price": -1}, "`price`"),
        ({"budget": UNCHANGED}, "the settings"),
    ],
)
def test_settings_that_are_none_change_nothing(settings: dict[str, Any], named: str, tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, budget=5)
    before = campaign.settings
    with pytest.raises(ArgumentError, match=named):
        campaign.set(**settings)
    assert campaign.settings == before
    assert len(campaign.audit()) == 1


def test_a_rule_that_the_labels_do_not_fit(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, labels=Labels.multi(["a", "b"]))
    with pytest.raises(ArgumentError, match="dawid-skene"):
        campaign.set(agreement="dawid-skene")


def test_create_again_opens_it_with_the_first_or_the_present_settings(store: Store, tmp_path: Path) -> None:
    first = {"labels": ["cat", "dog"], "budget": 10}
    campaign = begun(store, tmp_path, **first)
    campaign.set(budget=20, annotators_per_task=2)
    campaign.classes.rename("dog", "hound")
    campaign.classes.add("emu")
    present = {"labels": ["cat", "hound", "emu"], "budget": 20, "annotators_per_task": 2}
    for settings in (first, present):
        assert begun(store, tmp_path, **settings).settings.budget == 20
    for mixed in (first | {"budget": 20}, present | {"budget": 10}, present | {"labels": ["cat", "dog", "emu"]}):
        with pytest.raises(MismatchError, match="or has now"):
            begun(store, tmp_path, **mixed)
    assert [row.kind for row in campaign.audit()] == ["create", "set", "class", "class"]


def test_a_backup_keeps_the_settings_in_force(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    campaign.tell([ONE, TWO], ["cat", "dog"], annotator="ann")
    campaign.set(annotators_per_task=2, price=0.5)
    campaign.classes.merge("dog", "cat")
    campaign.backup(tmp_path / "b.backup")
    with ladle.Campaign.restore(MemoryStore(), tmp_path / "b.backup", files=str(tmp_path / "again")) as restored:
        assert (restored.settings.annotators_per_task, restored.settings.labels.classes) == (2, ("cat",))
        assert (restored.progress().labelled_unasked, restored.progress().cost) == (0, 1.0)
        assert restored.verify().ok
        assert restored.tell([THREE], ["dog"], annotator="ann").accepted == 1

"""Examples assigned to people and teams: they get them first, and nobody else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ladle.errors import ArgumentError, IdError
from ladle.labelling import Assigned, Store
from tests.campaign.made import begun, enrol, ids_of, margins

ONE, TWO, THREE, FOUR = ids_of(4)


def test_the_assignee_gets_them_first_and_nobody_else_does(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(3, margins=margins())
    unasked = ids_of(40)[-1]
    assert campaign.assign([THREE, unasked], to=" ann ").examples == 2
    assert campaign.assign([THREE], to="ann").examples == 0
    assert campaign.take("bob", 9).ids.tolist() == [ONE, TWO]
    campaign.release("bob")
    assert campaign.take("ann", 3).ids.tolist() == [THREE, unasked, ONE]
    assert campaign.verify().ok


def test_a_team_gets_them(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    enrol(store, "ann", "red")
    enrol(store, "bob", "red")
    campaign.assign([ONE, TWO], to="red")
    assert len(campaign.take("cy", 9)) == 0
    assert campaign.take("ann", 1).ids.tolist() == [ONE]
    assert campaign.take("bob", 9).ids.tolist() == [TWO]


def test_an_ask_does_not_choose_them(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=10)
    campaign.assign([ONE, TWO], to="ann")
    assert campaign.ask(2, margins=margins(10)).ids.tolist() == [THREE, FOUR]
    with pytest.raises(ArgumentError, match=r"at most the 6 examples .* 4 are out for labelling"):
        campaign.ask(7, margins=margins(10))
    campaign.unassign([ONE])
    assert campaign.ask(1, margins=margins(10)).ids.tolist() == [ONE]
    assert campaign.verify().ok


def test_ended_it_is_anybodys_again(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(2, margins=margins())
    campaign.assign([ONE, TWO], to="ann")
    campaign.assign([ONE], to="bob")
    assert campaign.take("bob", 9).ids.tolist() == [ONE], "any of those it is assigned to"
    campaign.release("bob")
    assert campaign.unassign([ONE, TWO], to="ann") == 2
    assert campaign.unassign([ONE, TWO], to="ann") == 0
    assert campaign.take("cy", 9).ids.tolist() == [TWO]
    assert campaign.unassign([ONE]) == 1
    assert campaign.take("cy", 9).ids.tolist() == [TWO, ONE]
    assert campaign.assign([ONE], to="bob").examples == 1, "and it may be assigned again"
    assert campaign.verify().ok


def test_what_someone_has_taken_is_taken_from_them(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(3, margins=margins())
    campaign.take("ann", 3)
    campaign.assign([ONE], to="bob")
    assert campaign.audit()[-1].details["taken_from"] == {"ann": 1}
    assert campaign.take("bob", 9).ids.tolist() == [ONE]
    campaign.assign([ONE], to="cy")
    assert campaign.take("cy", 9).ids.tolist() == [], "bob is one of those it is assigned to: he keeps it"
    assert campaign.take("ann", 9).ids.tolist() == [TWO, THREE]
    campaign.tell([TWO], ["cat"], annotator="bob")
    campaign.delete_labels([TWO], reason="a slip")
    assert campaign.verify().ok


def test_it_stands_above_the_holder_of_a_batch(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(2, margins=margins(), holder="vendorA")
    campaign.assign([ONE], to="ann")
    assert campaign.take("vendorA", 9).ids.tolist() == [TWO]
    assert campaign.take("ann", 9).ids.tolist() == [ONE]
    assert campaign.take("bob", 9, share=True).ids.tolist() == []


def test_an_assignee_who_has_answered_keeps_nobody_from_it(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    campaign.assign([ONE], to="ann")
    campaign.tell([ONE], ["cat"], annotator="ann")
    assert campaign.ask(1, margins=margins()).ids.tolist() == [ONE], "the second label"
    campaign.tell([ONE], ["dog"], annotator="bob")
    assert campaign.take("cy", 9).ids.tolist() == [ONE], "and the third"


def test_disputes_are_assigned_to_experts(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO] * 2, ["cat", "cat", "dog", "dog"], annotator=["a", "a", "b", "b"])
    campaign.assign(campaign.disputes()["id"][1:], to="eve")
    assert campaign.take("cy", 9, disputed=True).ids.tolist() == [ONE]
    assert campaign.take("eve", 1, disputed=True).ids.tolist() == [TWO], "what is assigned comes first"
    assert campaign.disputes()["assigned_to"].tolist() == ["", "eve"]


def test_the_outstanding_show_them(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(2, margins=margins())
    campaign.assign([TWO, FOUR], to="bob")
    campaign.assign([FOUR], to="ann")
    campaign.exclude([THREE], reason="dark")
    campaign.assign([THREE], to="ann")
    rows = campaign.outstanding()
    assert rows["id"].tolist() == [ONE, TWO, FOUR]
    assert rows["round"].tolist() == [1, 1, 0]
    assert rows["assigned_to"].tolist() == ["", "bob", "ann, bob"]
    found = {(row.who, row.how): (row.tasks, row.until, row.ended) for row in campaign.holdings()}
    assert found == {("ann", "assigned"): (1, None, False), ("bob", "assigned"): (2, None, False)}
    campaign.tell([FOUR], ["cat"], annotator="bob")
    assert campaign.outstanding()["assigned_to"].tolist() == ["", "bob"]


def test_it_is_on_the_record(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="lea")
    campaign.assign([ONE], to="ann")
    assert "assigned to ann by lea" in str(campaign.story(ONE))
    campaign.unassign([ONE])
    assert "no longer assigned to ann, by lea" in str(campaign.story(ONE))
    assert campaign.audit()["kind"].tolist() == ["create", "assign", "unassign"]
    assert campaign.audit()[1].details == {"assigned": 1, "to": "ann", "taken_from": {}, "left_out": [], "ids": [ONE]}
    assert campaign.story(ONE).state == "unasked", "it waits for nobody"
    campaign.assign([ONE], to="bob")
    assert campaign.story(ONE).state == "open"
    campaign.tell(ids_of(40)[30:31], ["cat"], annotator="ann")
    campaign.delete_labels(ids_of(40)[30:31], annotator="ann", reason="slip")
    campaign.set(annotators_per_task=2)
    campaign.skip(ids_of(40)[31:32], annotator="ann", reason="dark")
    states = [campaign.story(each).state for each in ids_of(40)[30:33]]
    assert states == ["unasked"] * 3, "deleted, skipped, untouched"
    assert [row.id for row in campaign.outstanding()] == [ONE]


def test_what_cannot_be_assigned(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    with pytest.raises(ArgumentError, match="name a person or a team"):
        campaign.assign([ONE], to=" ")
    with pytest.raises(IdError):
        campaign.assign(["nobody"], to="ann")
    with pytest.raises(IdError):
        campaign.unassign(["nobody"])
    assert campaign.audit()["kind"].tolist() == ["create"]


def test_it_says_whose_tasks_it_takes(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    campaign.ask(4, margins=margins())
    campaign.take("ann", 2)
    campaign.take("bob", 3)
    found = campaign.assign([ONE, TWO, THREE], to="eve")
    assert (found.examples, found.taken_from, found.left_out) == (3, {"ann": 2, "bob": 3}, 0)
    assert campaign.audit()[-1].details["taken_from"] == {"ann": 2, "bob": 3}
    assert campaign.assign([ONE], to="eve").taken_from == {}


def test_what_someone_has_answered_is_not_assigned_to_them(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    enrol(store, "ann", "red")
    enrol(store, "bob", "red")
    campaign.tell([ONE, TWO] * 2, ["cat", "cat", "dog", "dog"], annotator=["ann", "ann", "bob", "cy"])
    before = campaign.last_event()
    for name in ("bob", "red"):
        assert campaign.assign([ONE], to=name) == Assigned(0, {}, 1)
    assert campaign.last_event() == before
    found = campaign.assign([ONE, TWO, THREE], to="bob")
    assert (found.examples, found.left_out) == (2, 1)
    assert campaign.disputes()["assigned_to"].tolist() == ["", "bob"]
    assert campaign.take("bob", 9).ids.tolist() == [TWO, THREE]
    assert campaign.assign([ONE, TWO], to="red") == Assigned(1, {}, 1), "a team whose members have not all answered"
    campaign.skip([FOUR], reason="too dark", annotator="bob")
    assert campaign.assign([FOUR], to="bob").left_out == 1, "a skip is an answer"
    assert campaign.verify().ok

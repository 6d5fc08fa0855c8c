"""Classes that are added, renamed and merged while the campaign runs: labels, gold and final words go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling import Labels, MemoryStore, Store
from ladle.labelling.tables import LabelTable
from tests.campaign.made import begun, ids_of, margins

ONE, TWO, THREE, FOUR = ids_of(4)


def as_told(store: Store) -> list[tuple[str, str]]:
    with store.reading("birds") as view:
        label = view.read(LabelTable)
    return list(zip(label.label.tolist(), label.as_told.tolist(), strict=True))


def probabilities(classes: int) -> np.ndarray:
    return np.full((40, classes), 1 / classes, np.float32)


def test_a_new_class_is_the_last_one(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    assert campaign.tell([ONE], ["emu"], annotator="ann").quarantined == 1
    change = campaign.classes.add("emu", "owl")
    assert dict(change.changed) == {"classes": (["cat", "dog"], ["cat", "dog", "emu", "owl"])}
    assert list(campaign.classes) == ["cat", "dog", "emu", "owl"]
    assert "emu" in campaign.classes
    assert campaign.tell([ONE], ["emu"], annotator="ann").accepted == 1
    assert campaign.verify().ok
    event = campaign.audit()[1 + 1]
    assert (event.kind, event.actor, event.details["change"]) == ("class", "tester", "add")


def test_a_renamed_class_keeps_its_labels_and_its_old_name(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["kat", "dog"])
    campaign.add_gold([FOUR], ["kat"])
    campaign.tell([ONE, TWO], ["kat", "dog"], annotator="ann")
    campaign.tell([ONE], ["dog"], annotator="ann")
    campaign.tell([ONE], ["kat"], annotator="ann")
    assert campaign.classes.rename("kat", "cat").labels == 2  # one of them superseded
    assert campaign.labels()["label"] == ["cat", "dog", "dog", "cat"]
    assert as_told(store) == [('"cat"', '"kat"'), ('"dog"', '"dog"'), ('"dog"', '"dog"'), ('"cat"', '"kat"')]
    assert {row.id: row.label for row in campaign.resolved()} == {ONE: "cat", TWO: "dog", FOUR: "cat"}
    assert campaign.tell([ONE], ["kat"], annotator="ann").repeated == 1
    assert campaign.tell([THREE], ["kat"], annotator="ann").accepted == 1
    assert campaign.story(THREE).label == "cat"
    assert campaign.settings.labels.former == (("kat", "cat"),)
    assert [(row.name, row.labels, row.former) for row in campaign.classes.counts()] == [
        ("cat", 2, ["kat"]),
        ("dog", 1, []),
    ]
    assert campaign.verify().ok


def test_a_rename_is_undone_by_its_opposite(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["kat", "dog"])
    campaign.tell([ONE, TWO], ["kat", "dog"], annotator="ann")
    campaign.classes.rename("kat", "cat")
    campaign.classes.rename("cat", "chat")
    assert campaign.settings.labels.former == (("kat", "chat"), ("cat", "chat"))
    campaign.classes.rename("chat", "kat")
    assert campaign.labels()["label"] == ["kat", "dog"]
    assert campaign.settings.labels.classes == ("kat", "dog")
    assert campaign.settings.labels.former == (("cat", "kat"), ("chat", "kat"))
    assert campaign.tell([THREE], ["chat"], annotator="ann").accepted == 1
    assert campaign.story(THREE).label == "kat"
    assert campaign.verify().ok


def test_merged_classes_settle_a_dispute(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "kitten", "dog"], annotators_per_task=2)
    campaign.ask(3, margins=margins())
    campaign.add_gold([FOUR], ["kitten"])
    campaign.tell([ONE, TWO, THREE], ["cat", "dog", "kitten"], annotator="ann")
    campaign.tell([ONE, TWO, THREE], ["kitten", "cat", "kitten"], annotator="bob")
    assert campaign.progress().disputed == 2
    change = campaign.classes.merge("kitten", "cat")
    assert (change.labels, change.tasks) == (3, 1)
    assert (campaign.progress().disputed, campaign.progress().agreement) == (1, pytest.approx(2 / 3))
    assert {row.id: row.label for row in campaign.resolved()} == {ONE: "cat", THREE: "cat", FOUR: "cat"}
    assert campaign.settings.labels.classes == ("cat", "dog")
    assert campaign.tell([TWO], ["kitten"], annotator="cid").labelled == 1
    details = campaign.audit()[-2].details
    assert (details["old"], details["into"], details["gold"], details["tasks"]) == ("kitten", "cat", 1, 1)
    assert campaign.verify().ok


def test_merged_classes_may_make_a_dispute(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["a", "b", "c"], annotators_per_task=4)
    campaign.tell([ONE] * 4, ["a", "a", "b", "c"], annotator=["ann", "bob", "cid", "dan"])
    assert campaign.story(ONE).label == "a"
    assert campaign.classes.merge("b", "c").tasks == 1
    assert campaign.story(ONE).state == "disputed"
    assert campaign.verify().ok


def test_several_classes_an_example(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=Labels.multi(["b", "a", "c"]))
    campaign.tell([ONE, TWO, THREE], [["a", "b"], ["c", "a"], []], annotator="ann")
    campaign.classes.rename("a", "z")
    assert campaign.labels()["label"] == [["b", "z"], ["c", "z"], []]
    campaign.classes.merge("z", "b")
    assert campaign.labels()["label"] == [["b"], ["b", "c"], []]
    assert campaign.tell([FOUR], [["a", "z", "b"]], annotator="ann").accepted == 1
    assert campaign.story(FOUR).label == ["b"]
    assert campaign.verify().ok


def test_numbers_and_texts_are_other_classes(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=[1, 2, "2"])
    campaign.tell([ONE, TWO, THREE], [1, 2, "2"], annotator="ann")
    campaign.classes.merge("2", 1)
    assert campaign.labels()["label"] == [1, 2, 1]
    campaign.classes.rename(2, "two")
    assert campaign.labels()["label"] == [1, "two", 1]
    assert campaign.tell([FOUR], [2], annotator="ann").accepted == 1
    assert campaign.story(FOUR).label == "two"
    assert campaign.verify().ok


def test_any_class_is_accepted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO, THREE], ["kat", "cat", "dog"], annotator="ann")
    campaign.classes.merge("kat", "cat")
    campaign.classes.rename("dog", "hound")
    assert campaign.labels()["label"] == ["cat", "cat", "hound"]
    assert campaign.settings.labels.classes is None
    assert sorted(campaign.classes) == ["cat", "hound"]
    assert campaign.tell([FOUR], ["kat"], annotator="ann").accepted == 1
    assert campaign.story(FOUR).label == "cat"
    with pytest.raises(ArgumentError, match="accepts any class"):
        campaign.classes.add("emu")
    assert campaign.verify().ok


CHANGES: dict[str, tuple[Any, type[Exception], str]] = {
    "add a class there is": (lambda c: c.add("dog"), ArgumentError, "a class already"),
    "add nothing as a class": (lambda c: c.add(""), ArgumentError, "empty"),
    "add two of a name": (lambda c: c.add("owl", "owl"), ArgumentError, "a class already"),
    "add a former name": (lambda c: c.add("kat"), MismatchError, "former name of 'cat'"),
    "rename what is none": (lambda c: c.rename("cow", "ox"), NotFoundError, "no such class"),
    "rename a former name": (lambda c: c.rename("kat", "ox"), NotFoundError, "no such class"),
    "rename to another class": (lambda c: c.rename("dog", "cat"), ArgumentError, "class merge"),
    "rename to itself": (lambda c: c.rename("dog", "dog"), ArgumentError, "which is one"),
    "rename to a former name of another": (lambda c: c.rename("dog", "kat"), MismatchError, "former name of 'cat'"),
    "rename to a number of the same digits": (lambda c: c.rename("dog", 1.5), ArgumentError, "whole number"),
    "merge with itself": (lambda c: c.merge("dog", "dog"), ArgumentError, "be two"),
    "merge what is none": (lambda c: c.merge("cow", "dog"), NotFoundError, "no such class"),
    "merge into what is none": (lambda c: c.merge("dog", "cow"), NotFoundError, "no such class"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_that_cannot_be(name: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["kat", "dog"])
    campaign.classes.rename("kat", "cat")
    act, error, words = CHANGES[name]
    with pytest.raises(error, match=words):
        act(campaign.classes)
    assert campaign.settings.labels.classes == ("cat", "dog")
    assert len(campaign.audit()) == 2


def test_numbers_have_no_classes(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=Labels.value(0, 1))
    for act in (
        lambda: campaign.classes.add("a"),
        lambda: campaign.classes.rename("a", "b"),
        lambda: campaign.classes.merge("a", "b"),
    ):
        with pytest.raises(ArgumentError, match="labels that are numbers"):
            act()


def test_scores_of_the_classes_of_before_are_refused(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    first = campaign.ask(5, probabilities=probabilities(2), key="first")
    campaign.classes.add("emu")
    with pytest.raises(MismatchError, match=r"campaign's 3 classes; got 2 columns.*train"):
        campaign.ask(5, probabilities=probabilities(2))
    with pytest.raises(MismatchError, match=r"campaign's 3 classes; got 2 columns"):
        campaign.round(5, probabilities=probabilities(2), model="m1")
    assert len(campaign.progress().curve) == 0
    assert campaign.ask(5, probabilities=probabilities(2), key="first").ids.tolist() == first.ids.tolist()
    assert len(campaign.ask(5, probabilities=probabilities(3))) == 5
    campaign.classes.merge("emu", "dog")
    with pytest.raises(MismatchError, match=r"campaign's 2 classes; got 3 columns"):
        campaign.ask(5, probabilities=probabilities(3))


def test_another_process_refuses_scores_of_before(tmp_path: Path) -> None:
    store = MemoryStore()
    campaign, other = begun(store, tmp_path, labels=["cat", "dog"]), begun(store, tmp_path, labels=["cat", "dog"])
    campaign.classes.add("emu")
    with pytest.raises(MismatchError, match=r"campaign's 3 classes; got 2 columns"):
        other.ask(5, probabilities=probabilities(2))
    assert other.tell([ONE], ["emu"], annotator="ann").accepted == 1


OLD_NAMES = [(3, "three", [4]), ("three", 3, [4]), (3, 33, [4]), ("x", "y", ["z"])]


@pytest.mark.parametrize(("old", "new", "others"), OLD_NAMES)
def test_a_late_file_has_the_old_name(old: Any, new: Any, others: list[Any], tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, labels=[old, *others])
    campaign.tell([ONE], [old], annotator="ann")
    campaign.classes.rename(old, new)
    lines = [f"{ONE},{old}", f"{TWO},{others[0]}", f"{THREE},{new}"]
    (tmp_path / "late.csv").write_text("\n".join(["id,label", *lines, ""]))
    told = campaign.tell_file(tmp_path / "late.csv", annotator="ann")
    assert (told.accepted, told.repeated, told.quarantined) == (2, 1, 0)
    assert campaign.labels()["label"] == [new, others[0], new]
    assert campaign.verify().ok

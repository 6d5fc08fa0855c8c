"""Classes that are added, renamed and merged while the campaign runs: labels, gold and final words go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ladle.campaign.work import telling
from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling import Labels, MemoryStore, Store
from ladle.labelling.contract.tables import LabelTable
from tests.campaign.made import begun, ids_of, margins

ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE = ids_of(9)


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
    with pytest.raises(ArgumentError, match="accepts any class"):
        campaign.classes.remove("cat")
    assert campaign.verify().ok


def test_the_only_class_stays(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat"])
    with pytest.raises(ArgumentError, match="be one at least"):
        campaign.classes.remove("cat")


CHANGES: dict[str, tuple[Any, type[Exception], str]] = {
    "add a class there is": (lambda c: c.add("dog"), ArgumentError, "a class already"),
    "add nothing as a class": (lambda c: c.add(""), ArgumentError, "empty"),
    "add two of a name": (lambda c: c.add("owl", "owl"), ArgumentError, "a class already"),
    "add a former name": (lambda c: c.add("kat"), MismatchError, "former name of 'cat'"),
    "rename what is none": (lambda c: c.rename("cow", "ox"), NotFoundError, "no such class"),
    "rename a former name": (lambda c: c.rename("kat", "ox"), NotFoundError, "no such class"),
    "rename to another class": (lambda c: c.rename("dog", "cat"), ArgumentError, "classes.merge"),
    "rename to itself": (lambda c: c.rename("dog", "dog"), ArgumentError, "which is one"),
    "rename to a former name of another": (lambda c: c.rename("dog", "kat"), MismatchError, "former name of 'cat'"),
    "rename to a number of the same digits": (lambda c: c.rename("dog", 1.5), ArgumentError, "whole number"),
    "remove what is none": (lambda c: c.remove("cow"), NotFoundError, "no such class"),
    "remove a former name": (lambda c: c.remove("kat"), NotFoundError, "no such class"),
    "unmerge a renamed class": (lambda c: c.unmerge("kat"), NotFoundError, "was merged: none"),
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
        lambda: campaign.classes.remove("a"),
    ):
        with pytest.raises(ArgumentError, match="labels that are numbers"):
            act()


def test_a_merge_is_undone(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "kit", "dog"], annotators_per_task=2)
    campaign.add_gold([FOUR, FIVE], ["kit", "cat"])
    campaign.adjudicate([SIX, SEVEN], ["kit", "cat"], reason="seen")
    campaign.tell([ONE, TWO], ["cat", "kit"], annotator="ann")
    campaign.tell([ONE, TWO], ["kit", "kit"], annotator="bob")
    campaign.tell([TWO], ["dog"], annotator="bob")
    campaign.classes.rename("kit", "kitten")
    campaign.classes.merge("kitten", "cat")
    campaign.classes.add("emu")
    campaign.tell([THREE, EIGHT], ["cat", "kit"], annotator="ann")  # EIGHT under an old name, THREE under the kept one
    campaign.add_gold([NINE], ["kitten"])
    assert campaign.story(ONE).label == "cat"
    change = campaign.classes.unmerge("kitten")
    assert dict(change.changed) == {"classes": (["cat", "dog", "emu"], ["cat", "kitten", "dog", "emu"])}
    assert (change.labels, change.tasks) == (4, 1)
    assert campaign.story(ONE).state == "disputed"
    assert campaign.labels()["label"] == ["cat", "kitten", "kitten", "kitten", "dog", "cat", "kitten"]
    assert {row.id: row.label for row in campaign.adjudications()} == {SIX: "kitten", SEVEN: "cat"}
    assert {row.id: row.label for row in campaign.resolved()}.items() >= {FOUR: "kitten", NINE: "kitten"}.items()
    assert campaign.settings.labels.former == (("kit", "kitten"),)
    assert [(row.name, row.labels) for row in campaign.classes.counts()] == [
        *(("cat", 2), ("kitten", 3)),
        *(("dog", 1), ("emu", 0)),
    ]
    event = campaign.audit()[-1]
    assert (event.kind, event.actor, event.details["change"], event.details["gold"]) == (
        "class",
        "tester",
        "unmerge",
        2,
    )
    assert campaign.verify().ok
    campaign.classes.merge("kitten", "dog")  # and again, into another one
    assert campaign.classes.unmerge("kitten").labels == 4
    assert campaign.verify().ok


def test_a_merge_of_several_classes_is_undone(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=Labels.multi(["a", "b", "c", 3]))
    campaign.tell([ONE, TWO, THREE], [["a", "b"], ["c", 3], ["c"]], annotator="ann")
    campaign.classes.merge("b", "c")
    campaign.classes.merge("c", "a")
    campaign.classes.merge(3, "a")
    assert campaign.labels()["label"] == [["a"], ["a"], ["a"]]
    campaign.classes.unmerge("b")  # out of what was merged since
    assert campaign.labels()["label"] == [["a", "b"], ["a"], ["a"]]
    campaign.classes.unmerge("c")
    campaign.classes.unmerge(3)
    assert campaign.labels()["label"] == [["a", "b"], [3, "c"], ["c"]]
    assert campaign.settings.labels.classes == ("a", "b", "c", 3)
    assert campaign.settings.labels.former == ()
    assert campaign.verify().ok


def test_a_merge_is_undone_where_any_class_is_accepted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO, THREE], ["kat", "kit", "cat"], annotator="ann")
    campaign.classes.rename("kat", "kitten")
    campaign.classes.merge("kit", "kitten")
    campaign.classes.merge("kitten", "cat")
    campaign.classes.unmerge("kitten")
    assert campaign.labels()["label"] == ["kitten", "kitten", "cat"]
    campaign.classes.unmerge("kit")
    assert campaign.labels()["label"] == ["kitten", "kit", "cat"]
    campaign.classes.merge("kit", "cat")
    campaign.classes.rename("cat", "kit")
    campaign.classes.rename("kit", "cat")
    with pytest.raises(MismatchError, match="no other meaning"):
        campaign.classes.unmerge("kit")
    assert campaign.verify().ok


NO_UNMERGE: dict[str, tuple[Any, str, type[Exception], str]] = {
    "never merged": (lambda c: None, "dog", NotFoundError, "be one that was merged: 'kitten'"),
    "no class": (lambda c: None, "cow", NotFoundError, "no such class"),
    "undone before, and renamed since": (
        lambda c: (c.unmerge("kitten"), c.rename("kitten", "puss")),
        *("kitten", NotFoundError, "was merged: none"),
    ),
    "its name taken": (lambda c: c.rename("cat", "kitten"), "kitten", NotFoundError, "no such class"),
    "its name taken for a time": (
        lambda c: (c.rename("cat", "kitten"), c.rename("kitten", "cat")),
        *("kitten", MismatchError, "no other meaning"),
    ),
    "an old name of it taken": (lambda c: c.rename("cat", "kit"), "kitten", MismatchError, "no other meaning"),
}


@pytest.mark.parametrize("name", NO_UNMERGE)
def test_merges_that_cannot_be_undone(name: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "kit", "dog"])
    campaign.tell([ONE, TWO], ["cat", "kit"], annotator="ann")
    campaign.classes.rename("kit", "kitten")
    campaign.classes.merge("kitten", "cat")
    act, what, error, words = NO_UNMERGE[name]
    act(campaign.classes)
    events = len(campaign.audit())
    with pytest.raises(error, match=words):
        campaign.classes.unmerge(what)
    assert len(campaign.audit()) == events


def test_an_answer_that_repeats_a_merged_class_is_not_stored(store: Store, tmp_path: Path) -> None:
    """The documented limit of an undone merge: what was told first stands."""
    campaign = begun(store, tmp_path, labels=["cat", "kitten"])
    campaign.tell([ONE], ["kitten"], annotator="ann")
    campaign.classes.merge("kitten", "cat")
    assert campaign.tell([ONE], ["cat"], annotator="ann").repeated == 1
    campaign.classes.unmerge("kitten")
    assert campaign.labels()["label"] == ["kitten"]


def test_a_class_that_was_never_used_is_removed(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog", "emo"])
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.classes.rename("emo", "emu")
    change = campaign.classes.remove("emu")
    assert dict(change.changed) == {"classes": (["cat", "dog", "emu"], ["cat", "dog"])}
    assert campaign.settings.labels.former == ()
    assert campaign.tell([TWO, THREE], ["emu", "emo"], annotator="ann").quarantined == 2
    assert len(campaign.ask(5, probabilities=probabilities(2))) == 5
    event = next(each for each in campaign.audit() if each.details.get("change") == "remove")
    assert (event.kind, event.actor, event.details["name"]) == ("class", "tester", "emu")
    campaign.classes.add("emo")  # its old name is free again
    assert campaign.tell([TWO], ["emo"], annotator="ann").accepted == 1
    assert campaign.verify().ok


def _labelled(campaign: Any) -> None:
    campaign.tell([ONE, TWO], ["emu", "emu"], annotator="ann")
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.delete_labels([TWO], reason="wrong")


def _merged_in(campaign: Any) -> None:
    campaign.tell([ONE], ["owl"], annotator="ann")
    campaign.classes.merge("owl", "emu")


def _gold(campaign: Any) -> None:
    campaign.add_gold([ONE], ["emu"])
    campaign.withdrawals.remove_gold([ONE])


def _final(campaign: Any) -> None:
    campaign.adjudicate([ONE], "emu", reason="seen")
    campaign.undo_adjudication([ONE])


USES = {
    "2 superseded or deleted labels": _labelled,
    "1 label": _merged_in,
    "1 gold example": _gold,
    "1 final word": _final,
}


@pytest.mark.parametrize("use", USES)
def test_a_class_in_use_is_not_removed(use: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "emu", "owl"])
    USES[use](campaign)
    with pytest.raises(ArgumentError, match=rf"got {use}\. .*Campaign.classes.merge"):
        campaign.classes.remove("emu")
    assert "emu" in campaign.settings.labels.classes
    assert campaign.verify().ok


def test_classes_change_while_a_label_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check of a tell and its transaction a class goes and a merge is undone."""
    campaign = begun(store, tmp_path, labels=["cat", "kitten", "emu"])
    campaign.classes.merge("kitten", "cat")
    request = telling.check_request(
        campaign._session, [ONE, TWO], ["kitten", "emu"], annotator="ann", source="", told_at=None, key="k", kind="tell"
    )
    campaign.classes.remove("emu")
    campaign.classes.unmerge("kitten")
    told = telling.tell(campaign._session, request)
    assert (told.accepted, told.quarantined) == (1, 1)
    assert campaign.labels()["label"] == ["kitten"]
    assert campaign.quarantine()["label"] == ['"emu"']
    assert campaign.tell([ONE, TWO], ["kitten", "emu"], annotator="ann", key="k").repeat_of_key
    assert campaign.verify().ok


def test_numbers_of_numpy_name_classes(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=[0, 1])
    campaign.classes.add(np.int64(2))
    campaign.classes.rename(np.int64(2), np.int64(3))
    campaign.classes.merge(np.int64(3), np.int64(1))
    campaign.classes.unmerge(np.int64(3))
    campaign.classes.remove(np.int64(3))
    assert campaign.settings.labels.classes == (0, 1)


def test_scores_of_the_classes_of_before_are_refused(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    first = campaign.ask(5, probabilities=probabilities(2), key="first")
    campaign.classes.add("emu")
    words = r"3 classes .* has now \('emu' added on \d{4}-\d\d-\d\d \(event 3\)\); got .* knows 2 classes"
    with pytest.raises(MismatchError, match=words + r"\. Train the model"):
        campaign.ask(5, probabilities=probabilities(2))
    with pytest.raises(MismatchError, match=words):
        campaign.round(5, probabilities=probabilities(2), model="m1")
    assert len(campaign.progress().curve) == 0
    assert campaign.ask(5, probabilities=probabilities(2), key="first").ids.tolist() == first.ids.tolist()
    assert len(campaign.ask(5, probabilities=probabilities(3))) == 5
    campaign.classes.merge("emu", "dog")
    with pytest.raises(MismatchError, match=r"'emu' merged into 'dog' on .* \(event 6\)\); got .* knows 3 classes"):
        campaign.ask(5, probabilities=probabilities(3))
    campaign.classes.add("a", "b")
    campaign.classes.add("c")
    campaign.classes.remove("a")
    words = r"4 classes that the campaign has now \('a', 'b' added .*; 'c' added .*; 'a' removed on .* knows 2 classes"
    with pytest.raises(MismatchError, match=words):
        campaign.ask(5, probabilities=probabilities(2))
    with pytest.raises(MismatchError, match=r"be of the 4 classes that the campaign has; got 7 columns"):
        campaign.ask(5, probabilities=probabilities(7))
    campaign.ask(5, margins=margins())  # they have no classes


def test_another_process_refuses_scores_of_before(tmp_path: Path) -> None:
    store = MemoryStore()
    campaign, other = begun(store, tmp_path, labels=["cat", "dog"]), begun(store, tmp_path, labels=["cat", "dog"])
    campaign.classes.add("emu")
    with pytest.raises(MismatchError, match=r"3 classes .* knows 2 classes"):
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


@pytest.mark.parametrize("name", [20, "20"])
def test_a_name_that_looks_like_a_former_one_is_refused(name: int | str, store: Store, tmp_path: Path) -> None:
    """In files the number 20 and the text 20 look the same, also once integer classes have got a text among them."""
    with begun(store, tmp_path, labels=[10, 20, 30]) as campaign:
        campaign.classes.rename(20, "big")
        with pytest.raises(MismatchError, match="former name of 'big'"):
            campaign.classes.add(name)
        with pytest.raises(MismatchError, match="former name of 'big'"):
            campaign.classes.rename(10, name)
        with pytest.raises(ArgumentError, match="which is one"):
            campaign.classes.rename("big", "30")
        assert list(campaign.classes) == [10, "big", 30]
        campaign.classes.rename("big", 20)
        assert list(campaign.classes) == [10, 20, 30]

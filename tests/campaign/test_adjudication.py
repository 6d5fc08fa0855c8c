"""A lead's final word: it ends a dispute, it stands whatever comes later, and it is on the record."""

from __future__ import annotations

from pathlib import Path

import pytest

import ladle
from ladle.errors import ArgumentError, IdError, ShapeError
from ladle.labelling import Labels, MemoryStore, Store
from tests.campaign.made import begun, ids_of, margins

ONE, TWO, THREE, FOUR = ids_of(4)


def disputed(store: Store, folder: Path, **settings: object) -> ladle.Campaign:
    """Two examples that people disagree on, and nobody asked for."""
    campaign = begun(store, folder, by="lea", **settings)  # type: ignore[arg-type]
    campaign.tell([ONE, TWO] * 2, ["cat", "cat", "dog", "dog"], annotator=["ann", "ann", "bob", "bob"])
    return campaign


def labels_of(campaign: ladle.Campaign) -> dict[str, object]:
    return {row.id: (row.label, row.how) for row in campaign.resolved()}


def test_disputes_say_who_said_what(store: Store, tmp_path: Path) -> None:
    campaign = disputed(store, tmp_path)
    campaign.ask(1, margins=margins(), key="x")
    campaign.tell([THREE] * 2, ["emu", "dog"], annotator=["cy", "ann"])
    first, _, third = campaign.disputes()
    assert (first.id, first.row, first.why, first.votes, first.round) == (ONE, 0, "disagree", 2, 0)
    assert (third.id, third.round) == (THREE, 1)
    assert first.labels == {"ann": "cat", "bob": "dog"}
    assert third.labels == {"cy": "emu", "ann": "dog"}
    assert first.since == campaign.audit()[1].at
    assert third.since == campaign.audit()[3].at
    campaign.take("dora", 1, disputed=True)
    assert [row.taken_by for row in campaign.disputes()] == ["dora", "", ""]


def test_a_final_word_ends_a_dispute(store: Store, tmp_path: Path) -> None:
    campaign = disputed(store, tmp_path)
    assert campaign.adjudicate([ONE], ["dog"], reason="the ears") == 1
    assert campaign.disputes()["id"].tolist() == [TWO]
    assert labels_of(campaign) == {ONE: ("dog", "adjudicated")}
    assert campaign.take("cy", 9).ids.tolist() == [TWO]
    assert campaign.adjudicate([ONE], ["dog"]) == 0, "said again"
    assert campaign.audit()["kind"].tolist() == ["create", "tell", "adjudicate", "take"]
    (word,) = campaign.adjudications()
    assert (word.id, word.label, word.by, word.reason) == (ONE, "dog", "lea", "the ears")
    assert campaign.verify().ok


def test_later_labels_do_not_dispute_it(store: Store, tmp_path: Path) -> None:
    campaign = disputed(store, tmp_path)
    campaign.adjudicate([ONE, TWO], "emu")
    told = campaign.tell([ONE] * 3, ["cat"] * 3, annotator=["x", "y", "z"])
    assert (told.accepted, told.disputed, told.labelled) == (3, 0, 0)
    assert campaign.delete_labels([TWO], reason="all of them") == 2
    assert labels_of(campaign) == {ONE: ("emu", "adjudicated"), TWO: ("emu", "adjudicated")}
    assert campaign.progress().labelled_unasked == 2
    assert [row.adjudicated for row in campaign.labels()] == ["emu"] * 7
    assert campaign.verify().ok


def test_it_is_replaced_by_another_and_taken_back(store: Store, tmp_path: Path) -> None:
    campaign = disputed(store, tmp_path)
    campaign.adjudicate([ONE, TWO], ["cat", "dog"])
    assert campaign.adjudicate([ONE, TWO], ["dog", "dog"], reason="a second look") == 1
    assert [(row.label, row.reason) for row in campaign.adjudications()] == [("dog", "a second look"), ("dog", "")]
    assert campaign.audit()[-1].details["changed"] == 1
    assert campaign.undo_adjudication([TWO, THREE]) == 1
    assert campaign.undo_adjudication([TWO]) == 0
    assert campaign.disputes()["id"].tolist() == [TWO]
    assert labels_of(campaign) == {ONE: ("dog", "adjudicated")}
    assert campaign.adjudicate([TWO], ["cat"]) == 1, "and it may be said again"
    assert len(campaign.disputes()) == 0
    assert campaign.verify().ok


def test_an_example_that_is_no_task_becomes_one(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    assert campaign.adjudicate([FOUR], ["cat"]) == 1
    assert labels_of(campaign) == {FOUR: ("cat", "adjudicated")}
    assert FOUR not in campaign.ask(5, margins=margins()).ids.tolist()
    assert campaign.undo_adjudication([FOUR]) == 1
    assert labels_of(campaign) == {}
    assert campaign.ask(35, margins=margins()).ids.tolist()[0] == FOUR, "an ask may choose it now"
    assert campaign.verify().ok


def test_what_is_excluded_stays_excluded(store: Store, tmp_path: Path) -> None:
    campaign = disputed(store, tmp_path)
    campaign.exclude([ONE, THREE], reason="private")
    assert campaign.adjudicate([ONE, THREE], "cat") == 2
    assert labels_of(campaign) == {}
    assert campaign.progress().excluded == 2
    assert campaign.verify().ok
    campaign.include([ONE, THREE])
    assert labels_of(campaign) == {ONE: ("cat", "adjudicated"), THREE: ("cat", "adjudicated")}


def test_skips_leave_a_dispute_for_the_lead(store: Store, tmp_path: Path) -> None:
    """A skip is an answer without a label; enough answers and too few labels are disputed."""
    campaign = begun(store, tmp_path, annotators_per_task=2)
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.skip([ONE], annotator="bob", reason="too dark")
    (dispute,) = campaign.disputes()
    assert (dispute.why, dispute.labels, dispute.votes) == ("skipped", {"ann": "cat", "bob": None}, 1)
    campaign.adjudicate([ONE], "dog")
    assert labels_of(campaign) == {ONE: ("dog", "adjudicated")}
    assert campaign.verify().problems == ()


def test_the_story_tells_of_it(store: Store, tmp_path: Path) -> None:
    campaign = disputed(store, tmp_path)
    campaign.adjudicate([ONE], "dog", reason="the ears")
    story = campaign.story(ONE)
    assert (story.state, story.label) == ("labelled", "dog")
    assert "decided by lea: 'dog' (the ears)" in str(story)
    campaign.undo_adjudication([ONE])
    assert "the final word of lea was taken back by lea: it was 'dog' (the ears)" in str(campaign.story(ONE))


def test_what_cannot_be_a_final_word(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    campaign.add_gold([FOUR], ["cat"])
    log = len(campaign.audit())
    for ids, labels, error, text in [
        (["nobody"], ["cat"], IdError, "nobody"),
        ([ONE, ONE], ["cat", "cat"], ArgumentError, "each example once"),
        ([ONE], ["cow"], ArgumentError, "cow"),
        ([ONE, TWO], ["cat"], ShapeError, "one for each of the 2 ids"),
        ([ONE, FOUR], ["cat", "dog"], ArgumentError, "gold"),
    ]:
        with pytest.raises(error, match=text):
            campaign.adjudicate(ids, labels)
    with pytest.raises(IdError):
        campaign.undo_adjudication(["nobody"])
    assert len(campaign.audit()) == log
    assert len(campaign.adjudications()) == 0


def test_final_words_of_every_kind_of_label(tmp_path: Path) -> None:
    for name, kind, word in [
        ("one", Labels.single([1, 2]), 2),
        ("some", Labels.multi(["a", "b"]), ["b", "a"]),
        ("value", Labels.value(0, 1), 0.5),
    ]:
        campaign = begun(MemoryStore(), tmp_path / name, labels=kind)
        campaign.adjudicate([ONE, TWO], [word, word])
        wanted = sorted(word) if isinstance(word, list) else word
        assert campaign.resolved()["label"] == [wanted, wanted]


def test_dawid_skene_leaves_final_words(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, agreement="dawid-skene", annotators_per_task=2)
    campaign.tell([ONE, TWO] * 2, ["cat"] * 4, annotator=["ann", "ann", "bob", "bob"])
    campaign.adjudicate([ONE], "dog")
    assert labels_of(campaign) == {ONE: ("dog", "adjudicated"), TWO: ("cat", "dawid-skene")}


def test_a_gold_label_that_changes_is_said(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    assert campaign.add_gold(ids_of(2), ["cat", "cat"]) == 2
    assert campaign.notices == ()
    assert campaign.add_gold(ids_of(2), ["dog", "cat"]) == 0
    (said,) = campaign.notices
    assert said == f'The gold example {ids_of(1)[0]} has another known label now: it was "cat".'
    assert campaign.audit()[-1].details["was"] == {ids_of(1)[0]: '"cat"'}
    events = campaign.last_event()
    assert campaign.add_gold(ids_of(2), ["dog", "cat"]) == 0
    assert campaign.last_event() == events


def test_the_label_of_a_story_is_the_resolved_one(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2, agreement="dawid-skene", labels=["cat", "dog"])
    four = ids_of(4)
    for annotator, last in {"ann": "cat", "cy": "cat", "bob": "dog"}.items():  # the last of them is wrong
        campaign.tell(four, ["cat", "dog", "cat", last], annotator=annotator)
    campaign.add_gold([*ids_of(6)[4:], four[0]], ["dog", "cat", "dog"])
    campaign.exclude(ids_of(6)[5:], reason="a smudge")
    resolved = {row.id: row.label for row in campaign.resolved()}
    assert resolved == dict(zip(ids_of(5), ["dog", "dog", "cat", "cat", "dog"], strict=True))
    assert {each: campaign.story(each).label for each in resolved} == resolved
    assert campaign.story(ids_of(6)[5]).label is None
    assert campaign.story(ids_of(7)[6]).label is None

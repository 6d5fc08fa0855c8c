"""A label that is told again, later, earlier, by someone of nearly the same name, or by nobody: what stands."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, DataError, IdError, MismatchError, QuarantinedError
from ladle.labelling import Labels, MemoryStore, Store
from tests.campaign.made import begun, ids_of, margins, pool_of

ONE, TWO, THREE = ids_of(3)
DAY = 86_400.0
NINTH, TENTH = 1_700_000_000.0, 1_700_000_000.0 + DAY


def written(folder: Path, name: str, *lines: str, header: str = "id,label") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def standing(campaign: ladle.Campaign) -> dict[tuple[str, str], Any]:
    return {(row.id, row.annotator): row.label for row in campaign.labels() if row.status == "current"}


def test_good_wrong_good_ends_good(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    good, wrong = written(tmp_path, "good.csv", f"{ONE},cat"), written(tmp_path, "wrong.csv", f"{ONE},dog")
    for path, label in ((good, "cat"), (wrong, "dog"), (good, "cat"), (wrong, "dog"), (good, "cat")):
        told = campaign.tell_file(path, annotator="ann")
        assert (told.accepted, told.repeat_of_key) == (1, False)
        assert standing(campaign) == {(ONE, "ann"): label}
    for _ in range(2):
        again = campaign.tell_file(good, annotator="ann")
        assert (again.accepted, again.repeat_of_key) == (1, True), "the counts are those of that time"
    assert len(campaign.labels()) == 5
    assert campaign.verify().ok


def test_a_file_whose_label_was_deleted_is_news(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "ann.csv", f"{ONE},cat", f"{TWO},dog")
    campaign.tell_file(path, annotator="ann")
    campaign.delete_labels([ONE], reason="a slip")
    told = campaign.tell_file(path, annotator="ann")
    assert (told.accepted, told.repeated, told.repeat_of_key) == (1, 1, False)
    assert standing(campaign) == {(ONE, "ann"): "cat", (TWO, "ann"): "dog"}
    assert campaign.tell_file(path, annotator="ann").repeat_of_key


def test_an_explicit_key_stays_one_tell(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "ann.csv", f"{ONE},cat")
    campaign.tell_file(path, annotator="ann", key="monday")
    campaign.delete_labels([ONE], reason="a slip")
    assert campaign.tell_file(path, annotator="ann", key="monday").repeat_of_key
    assert standing(campaign) == {}
    with pytest.raises(MismatchError, match="'monday'"):
        campaign.tell_file(written(tmp_path, "bob.csv", f"{TWO},cat"), annotator="ann", key="monday")


def test_refused_entries_are_put_aside_once(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    path = written(tmp_path, "ann.csv", f"{ONE},cat", f"{TWO},cow", "stranger,cat")
    assert campaign.tell_file(path, annotator="ann").quarantined == 2
    campaign.delete_labels([ONE], reason="a slip")
    again = campaign.tell_file(path, annotator="ann")
    assert (again.accepted, again.quarantined) == (1, 2)
    assert len(campaign.quarantine()) == 2
    assert [(row.file, row.place) for row in campaign.quarantine()] == [(str(path), "line 3"), (str(path), "line 4")]


@pytest.mark.parametrize("gone", ["corrected", "deleted"])
def test_a_round_refuses_a_file_that_does_not_stand_any_more(store: Store, tmp_path: Path, gone: str) -> None:
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "ann.csv", f"{ONE},cat", f"{TWO},cat")
    campaign.tell_file(path, annotator="ann")
    if gone == "corrected":
        campaign.tell([ONE], ["dog"], annotator="ann")
    else:
        campaign.delete_labels([ONE], reason="a slip")
    before = campaign.labels()
    with pytest.raises(MismatchError, match=r"1 label stands no more.*Tell it again.*Leave the file out"):
        campaign.round(4, margins=margins(), labels=[path], annotator="ann")
    assert campaign.labels() == before
    assert len(campaign.batches()) == 0
    campaign.tell_file(path, annotator="ann")
    done = campaign.round(4, margins=margins(), labels=[path], annotator="ann")
    assert done.told[0].repeat_of_key
    campaign.delete_labels([TWO], reason="later")
    again = campaign.round(4, margins=margins(), labels=[path], annotator="ann")
    assert again.done_before, "the batch exists: the round is repeated, and tells nothing"
    assert standing(campaign) == {(ONE, "ann"): "cat"}


def test_files_of_one_round_may_correct_each_other(store: Store, tmp_path: Path, monkeypatch: Any) -> None:
    campaign = begun(store, tmp_path)
    files = [written(tmp_path, "a.csv", f"{ONE},cat", f"{TWO},cat"), written(tmp_path, "b.csv", f"{ONE},dog")]

    class Interrupted(BaseException):
        pass

    def interrupted(*given: Any, **named: Any) -> Any:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(ladle.Campaign, "verify", interrupted)
        with pytest.raises(Interrupted):
            campaign.round(4, margins=margins(), labels=files, annotator="ann")
    for order in (files, files[::-1]):
        done = campaign.round(4, margins=margins(), labels=order, annotator="ann")
        assert all(each.repeat_of_key for each in done.told)
    assert standing(campaign) == {(ONE, "ann"): "dog", (TWO, "ann"): "cat"}


def test_the_later_label_of_an_annotator_stands(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=TENTH)
    older = campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", told_at=NINTH)
    assert (older.accepted, older.older, older.changed) == (2, 1, 0)
    assert "older than what the same annotators gave since" in older.notices[0]
    assert standing(campaign) == {(ONE, "ann"): "dog", (TWO, "ann"): "cat"}
    history = [(row.label, row.version, row.status) for row in campaign.labels() if row.id == ONE]
    assert history == [("dog", 1, "current"), ("cat", 2, "superseded")]
    again = campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", told_at=NINTH)
    assert (again.repeated, again.older) == (2, 0), "it is on record"
    assert campaign.tell([ONE], ["owl"], annotator="ann", told_at=TENTH).changed == 1, "of one time, the last to come"
    assert campaign.tell([ONE], ["cat"], annotator="bob", told_at=NINTH).older == 0, "another annotator"
    assert standing(campaign)[ONE, "ann"] == "owl"
    assert campaign.verify().ok


def test_older_answers_replace_nothing(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["dog", "dog"], annotator="ann", told_at=TENTH)
    skipped = campaign.skip([ONE], annotator="ann", reason="too dark", told_at=NINTH)
    assert (skipped.skipped, skipped.older, skipped.changed) == (1, 1, 0)
    assert skipped.notices[0].startswith("1 answer is older than what the same annotators gave since")
    labelled = campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", told_at=[NINTH, TENTH])
    assert (labelled.accepted, labelled.older, labelled.changed) == (2, 1, 1)
    assert standing(campaign) == {(ONE, "ann"): "dog", (TWO, "ann"): "cat"}


def test_times_within_one_tell_decide_too(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    told = campaign.tell([ONE, ONE], ["dog", "cat"], annotator="ann", told_at=[TENTH, NINTH])
    assert (told.accepted, told.older) == (2, 1)
    assert standing(campaign) == {(ONE, "ann"): "dog"}
    campaign.tell([TWO, TWO], ["dog", "cat"], annotator="ann")
    assert standing(campaign)[TWO, "ann"] == "cat"


def test_a_label_told_without_a_time_is_the_newest(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, clock=lambda: NINTH)
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=TENTH)  # by a clock that is ahead
    assert campaign.tell([ONE], ["cat"], annotator="ann").older == 0
    assert standing(campaign) == {(ONE, "ann"): "cat"}


def test_the_same_label_again_at_a_later_time_is_as_late_as_that(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=NINTH)
    assert campaign.tell([ONE], ["dog"], annotator="ann", told_at=TENTH).repeated == 1
    assert campaign.tell([ONE], ["cat"], annotator="ann", told_at=NINTH + 1).older == 1
    assert [row.told_at.timestamp() for row in campaign.labels() if row.status == "current"] == [TENTH]


def test_a_label_told_again_without_a_time_keeps_its_own(store: Store, tmp_path: Path) -> None:
    """A repeat changes nothing, so that a call may be repeated: only a time that somebody says moves a label."""
    campaign = begun(store, tmp_path, clock=lambda: TENTH + DAY)
    campaign.tell([ONE, TWO], ["dog", "dog"], annotator="ann", told_at=NINTH)
    again = campaign.tell([ONE, TWO], ["dog", "dog"], annotator="ann", told_at=[None, TENTH + 1])
    assert again.repeated == 2
    assert [row.told_at.timestamp() for row in campaign.labels()] == [NINTH, TENTH + 1]
    past = campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", told_at=TENTH)
    assert (past.changed, past.older) == (1, 1)
    assert standing(campaign) == {(ONE, "ann"): "cat", (TWO, "ann"): "dog"}


@pytest.mark.parametrize(
    "before",
    [[("dog", 4)], [("cat", 3.5), ("dog", 4)], [("dog", 1), ("dog", 4)], [("dog", 2), ("dog", 4), ("owl", 4.5)], []],
    ids=str,
)
def test_a_file_told_again_is_a_repeat_at_once(before: list[tuple[str, float]], store: Store, tmp_path: Path) -> None:
    """Its label of the time 3 is older than the same label of the time 4, which stood and does not stand any more."""
    campaign = begun(store, tmp_path)
    for label, told_at in before:
        campaign.tell([ONE], [label], annotator="ann", told_at=told_at)
    lines = [f"{ONE},{label},1970-01-01T00:00:0{told_at}Z" for label, told_at in (("dog", 3), ("cat", 5))]
    path = written(tmp_path, "both.csv", *lines, header="id,label,told_at")
    first = campaign.tell_file(path, annotator="ann")
    labels, log = campaign.labels(), len(campaign.audit())
    assert first.accepted + first.repeated == 2
    again = campaign.tell_file(path, annotator="ann")
    assert again.repeat_of_key
    assert (campaign.labels(), len(campaign.audit())) == (labels, log)
    assert campaign.tell([ONE, ONE], ["dog", "cat"], annotator="ann", told_at=[3, 5]).repeated == 2
    assert campaign.labels() == labels
    campaign.tell([ONE], ["owl"], annotator="ann", told_at=6)
    assert campaign.tell_file(path, annotator="ann").repeat_of_key
    assert standing(campaign) == {(ONE, "ann"): "owl"}
    assert campaign.verify().ok


def test_a_file_with_times_is_repeated_though_newer_labels_stand(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    early = written(tmp_path, "early.csv", f"{ONE},cat,2026-01-09T00:00:00Z", header="id,label,told_at")
    late = written(tmp_path, "late.csv", f"{ONE},dog,2026-01-10T00:00:00Z", header="id,label,told_at")
    campaign.tell_file(early, annotator="ann")
    campaign.tell_file(late, annotator="ann")
    assert campaign.tell_file(early, annotator="ann").repeat_of_key, "its time decides: nothing is new"
    assert standing(campaign) == {(ONE, "ann"): "dog"}
    assert campaign.round(4, margins=margins(), labels=[early], annotator="ann").told[0].repeat_of_key


SAME = [("ann", "ann"), ("ann", " ann  "), ("ann", ""), ("", " "), ("ann", "Ann")]  # names of one person as they count


@pytest.mark.parametrize("way", ["file", "round", "skip"])
def test_a_file_with_two_answers_of_one_person_is_refused_by_the_names_as_they_count(
    way: str, store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([TWO, TWO], ["cat", "cat"], annotator=["ann", "Ann"])
    campaign.people.merge("Ann", "ann")
    log = len(campaign.audit())
    said = r"two\.csv must be one of each annotator for an example; got 1 more, such as '.*' \(line 4 after line 3\)"
    for (one, other), label in itertools.product(SAME, ("dog", "cat")):
        second = f"{ONE},,{other},yes" if way == "skip" else f"{ONE},{label},{other},"
        lines = [f"{TWO},cat,bob,", f"{ONE},cat,{one},", second]
        path = written(tmp_path, "two.csv", *lines, header="id,label,annotator,skip")
        in_round = partial(campaign.round, 4, margins=margins(), labels=[path])
        alone = partial(campaign.tell_file, path)
        with pytest.raises(DataError, match=said) as refused:
            (in_round if way == "round" else alone)(annotator="ann")
        assert ("'ann' and 'Ann' are one person" in str(refused.value)) == (other == "Ann")
        assert len(campaign.audit()) == log, "nothing of it is told"


def test_times_decide_between_two_names_of_one_person_in_a_file(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([TWO, TWO], ["cat", "cat"], annotator=["ann", "Ann"])
    campaign.people.merge("Ann", "ann")
    for number, name in enumerate(("ann", " ann", "", "Ann")):
        lines = [f"{ONE},dog,ann,1970-01-0{number + 3}T00:00:00Z", f"{ONE},cat,{name},1970-01-0{number + 2}T01:00:00Z"]
        path = written(tmp_path, f"{number}.csv", *lines, header="id,label,annotator,told_at")
        campaign.tell_file(path, annotator="ann")
        assert standing(campaign)[ONE, "ann"] == "dog"
        assert campaign.tell_file(path, annotator="ann").repeat_of_key


def test_a_file_of_two_people_is_a_repeat_once_they_are_one(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "both.csv", f"{ONE},cat,ann", f"{ONE},cat,Ann", header="id,label,annotator")
    campaign.tell_file(path)
    campaign.people.merge("Ann", "ann")
    assert campaign.tell_file(path).repeat_of_key


@pytest.mark.parametrize(
    "moment", ["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "0001-01-02T00:00:00Z", "9000-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("kind", ["label", "skip", "comment"])
def test_a_time_that_no_campaign_stores_is_refused_with_its_line(kind: str, moment: str, tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    cells = {"label": "cat,,", "skip": ",yes,", "comment": ",,a smudge"}[kind]
    lines = [f"{ONE},cat,,,2026-01-09T00:00:00Z", f"{TWO},{cells},{moment}", f"{THREE},,,,{moment}"]
    path = written(tmp_path, "old.csv", *lines, header="id,label,skip,comment,told_at")
    with pytest.raises(
        DataError, match=r"line 3 of .*old\.csv must have a time after the beginning of 1970 .* 1 such time in all"
    ):
        campaign.tell_file(path, annotator="ann")
    assert campaign.audit()["kind"].tolist() == ["create"]


@pytest.mark.parametrize("way", ["tell", "import", "file", "empty cell", "round"])
def test_labels_of_nobody_are_refused_where_several_people_label(store: Store, tmp_path: Path, way: str) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=3)
    plain = written(tmp_path, "plain.csv", f"{ONE},cat")
    cells = written(tmp_path, "cells.csv", f"{ONE},cat,ann", f"{TWO},cat, ", header="id,label,annotator")
    acts = {
        "tell": lambda: campaign.tell([ONE], ["cat"]),
        "import": lambda: campaign.import_labels([ONE], ["cat"], source="old"),
        "file": lambda: campaign.tell_file(plain),
        "empty cell": lambda: campaign.tell_file(cells),
        "round": lambda: campaign.round(4, margins=margins(), labels=[written(tmp_path, "b.csv", f"{TWO},cat"), plain]),
    }
    with pytest.raises(ArgumentError, match=r"name who gave them, because 3 people label each example; got 1 of"):
        acts[way]()
    assert len(campaign.labels()) == len(campaign.batches()) == 0
    assert campaign.audit()["kind"].tolist() == ["create"]
    assert campaign.tell_file(cells, annotator="bob").accepted == 2, "the option names the empty cell"
    assert set(campaign.labels()["annotator"].tolist()) == {"ann", "bob"}


def test_where_one_person_labels_nobody_need_be_named(store: Store, tmp_path: Path) -> None:
    assert begun(store, tmp_path).tell([ONE], ["cat"]).accepted == 1


def test_a_name_has_one_spelling_and_near_ones_are_told(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    for name in ("José A.", " Jose\u0301  A. ", "José\u00a0A."):
        told = campaign.tell([ONE], ["cat"], annotator=name)
        assert told.notices == ()
    assert campaign.labels()["annotator"].tolist() == ["José A."]
    assert campaign.tell([TWO], ["cat"], annotator="bob").notices == ()
    near = campaign.tell([ONE], ["cat"], annotator="josé a")
    assert len(near.notices) == 1
    assert "'josé a' and 'José A.'" in near.notices[0]
    both = campaign.tell([TWO, TWO], ["cat", "cat"], annotator=["Cy", "cy"])
    assert len(both.notices) == 1
    assert campaign.labels()["told_by"].tolist()[0] == "José A."


def test_skips_are_answers_without_a_label(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    batch = campaign.ask(2, margins=margins())
    skipped = campaign.skip(batch.ids, annotator="ann", reason="too dark", seconds=[1.5, None])
    assert (skipped.labels, skipped.skipped, skipped.accepted, skipped.repeated) == (2, 2, 0, 0)
    assert campaign.skip(batch.ids, annotator="ann", reason="too dark").repeated == 2
    assert len(campaign.take("ann", 5)) == 0, "who has skipped is not asked again"
    assert campaign.take("bob", 5).ids.tolist() == batch.ids.tolist()
    assert campaign.tell(batch.ids, ["cat", "dog"], annotator="bob").disputed == 2
    assert [row.state for row in campaign.outstanding()] == ["disputed"] * 2
    assert len(campaign.resolved()) == 0, "one label of two is too little"
    assert campaign.tell(batch.ids[:1], ["cat"], annotator="cy").labelled == 1
    assert campaign.tell(batch.ids[1:], ["dog"], annotator="ann").labelled == 1, "a label replaces the skip"
    assert {row.label for row in campaign.resolved()} == {"cat", "dog"}
    rows = [(row.label, row.reason, row.status) for row in campaign.labels() if row.annotator == "ann"]
    assert rows == [(None, "too dark", "current"), (None, "too dark", "superseded"), ("dog", "", "current")]
    assert campaign.labels()["seconds"].tolist()[0] == 1.5
    assert campaign.labels()[1].seconds != campaign.labels()[1].seconds, "NaN: unknown"
    assert campaign.skip([batch.ids[0]], annotator="bob", reason="on second thought").changed == 0
    assert campaign.progress().disputed == 1
    assert "skipped by ann: too dark" in str(campaign.story(batch.ids[0]))
    assert campaign.verify().ok


def test_a_skip_needs_a_reason_and_an_example(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    with pytest.raises(ArgumentError, match="say why"):
        campaign.skip([ONE], annotator="ann", reason=" ")
    with pytest.raises(ArgumentError, match="name who gave them"):
        campaign.skip([ONE], annotator="", reason="too dark")
    told = campaign.skip(["stranger"], annotator="ann", reason="too dark")
    assert (told.quarantined, told.skipped) == (1, 0)
    assert campaign.quarantine()[0].label == '{"skip": "too dark"}'


def test_comments_are_kept_once_each(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="ann")
    assert campaign.comment([ONE, TWO], ["a smudge", "two birds"], annotator=" ann ") == 2
    assert campaign.comment([ONE, TWO], ["a smudge", "three birds"], annotator="ann") == 1
    assert campaign.comment([ONE], "a smudge", annotator="bob") == 1
    said = [(row.id, row.text, row.annotator) for row in campaign.comments()]
    assert said == [
        (ONE, "a smudge", "ann"),
        (TWO, "two birds", "ann"),
        (TWO, "three birds", "ann"),
        (ONE, "a smudge", "bob"),
    ]
    assert len(campaign.labels()) == 0
    assert "ann said: a smudge" in str(campaign.story(ONE))
    with pytest.raises(IdError, match="stranger"):
        campaign.comment(["stranger"], "who?", annotator="ann")
    with pytest.raises(ArgumentError, match="say something"):
        campaign.comment([ONE], " ", annotator="ann")
    assert campaign.verify().ok


def test_seconds_are_kept_for_each_label(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", seconds=2)
    assert campaign.labels()["seconds"].tolist() == [2.0, 2.0]
    for wrong in (-1, [1.0], float("nan")):
        with pytest.raises((ArgumentError, ValueError)):
            campaign.tell([THREE, ONE], ["cat", "dog"], annotator="ann", seconds=wrong)


def test_a_round_stops_when_a_whole_file_is_quarantined(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    bad = written(tmp_path, "bad.csv", f"{ONE},cow", "stranger,cat")
    good = written(tmp_path, "good.csv", f"{TWO},cat", f"{THREE},cow")
    for _ in range(2):
        with pytest.raises(QuarantinedError, match=r"bad\.csv must .* 2 that all went to quarantine"):
            campaign.round(4, margins=margins(), labels=[bad, good], annotator="ann", model="v1")
        assert standing(campaign) == {(TWO, "ann"): "cat"}, "what was told stays told"
        assert len(campaign.batches()) == len(campaign.progress().curve) == 0
        assert len(campaign.quarantine()) == 3
    result = campaign.round(4, margins=margins(), labels=[bad, good], annotator="ann", model="v1", go_on=True)
    assert len(result.batch) == 4
    assert campaign.round(4, margins=margins(), labels=[bad, good], annotator="ann", model="v1", go_on=True).done_before


def test_a_batch_that_is_all_labelled_says_so(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    batch = campaign.ask(4, margins=margins(), key="first")
    campaign.tell(batch.ids[:3], ["cat"] * 3)
    assert campaign.ask(4, margins=margins(), key="first").notices == ()
    campaign.tell(batch.ids[3:], ["cat"])
    again = campaign.ask(4, margins=margins(), key="first")
    assert again.renewed
    assert "this batch of 4 examples is labelled" in again.notices[0]
    assert "new scores" in again.notices[0]
    stale = campaign.ask(4, margins=margins(), key="second")
    assert "the scores are those of round 1" in stale.notices[0]
    assert campaign.ask(4, margins=margins() + 1, key="third").notices == ()


@pytest.mark.parametrize("column", ["ladle_row", "row"])
def test_ids_that_do_not_fit_their_rows_are_refused(column: str, tmp_path: Path) -> None:
    store = MemoryStore()
    campaign = ladle.Campaign.create(
        store, name="birds", pool=[[float(row)] for row in range(9)], strategy="uniform", files=str(tmp_path / "f")
    )
    others = "" if column == "ladle_row" else ",order,round"
    ends = "" if column == "ladle_row" else ",0,1"
    lines = [f"{number},cat,{row}{ends}" for number, row in ((1, 1), (2, 7), (3, 8))]
    path = written(tmp_path, "renumbered.csv", *lines, header=f"id,label,{column}{others}")
    for act in (
        lambda: campaign.tell_file(path, annotator="ann"),
        lambda: campaign.round(2, labels=[path], annotator="ann"),
    ):
        with pytest.raises(IdError, match=rf"name the example of row 7, as its column `{column}` says; got the id 2"):
            act()
    assert campaign.audit()["kind"].tolist() == ["create"]


def test_the_same_request_is_a_repeat_whatever_the_campaign_accepts_since(store: Store, tmp_path: Path) -> None:
    """Its digest is that of what the caller gave: a class that was refused, an id that was unknown, names since."""
    campaign = begun(store, tmp_path, labels=["cat", "dog"], rows=4)
    ids, labels = [*ids_of(4), ids_of(5)[4]], ["cat", "cow", "dog", None, "cat"]

    def told() -> list[ladle.campaign.Told]:
        return [
            campaign.tell(ids, labels, annotator="ann", key="once"),
            campaign.skip(ids[3:], annotator="bob", reason="dark", key="once"),
            campaign.import_labels(ids, labels, source="old", key="once"),
        ]

    first = told()
    assert [each.quarantined for each in first] == [3, 1, 3]
    campaign.classes.add("cow")
    assert all(each.repeat_of_key for each in told()), "a class was added"
    campaign.extend(pool_of(5))
    assert all(each.repeat_of_key for each in told()), "an unknown id is in the pool now"
    campaign.classes.rename("cat", "lynx")
    campaign.classes.merge("dog", "cow")
    again = told()
    assert all(each.repeat_of_key for each in again), "classes have other names"
    assert [each.accepted for each in again] == [each.accepted for each in first]
    with pytest.raises(MismatchError, match="once"):
        campaign.tell(ids, ["cat", "owl", *labels[2:]], annotator="ann", key="once")
    with pytest.raises(MismatchError, match="once"):
        campaign.tell(ids, ["cat", "cow", "dog", "", "cat"], annotator="ann", key="once")


@pytest.mark.parametrize(
    ("kind", "first", "same", "other"),
    [
        ("single", ["cat", 3, 4.5], ["cat", 3.0, 4.5], ["cat", "3", 4.5]),
        ("multi", [["cat", "dog"], [], "cat"], [["dog", "cat"], [], "cat"], [["cat", "dog"], [], ["cat"]]),
        ("value", [1, 0.5, "x"], [1.0, 0.5, "x"], [1, 0.5, "y"]),
    ],
)
def test_equal_labels_are_the_same_request(
    kind: str, first: list, same: list, other: list, store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path, labels=Labels(kind))  # type: ignore[arg-type]
    campaign.tell(ids_of(3), first, annotator="ann", key="once")
    assert campaign.tell(ids_of(3), same, annotator="ann", key="once").repeat_of_key
    with pytest.raises(MismatchError, match="once"):
        campaign.tell(ids_of(3), other, annotator="ann", key="once")


def test_a_deletion_is_done_once_whatever_rows_its_examples_have(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=6)
    campaign.tell(ids_of(6), ["cat"] * 6, annotator="ann")
    assert campaign.delete_labels([ids_of(6)[1], ids_of(6)[4]], reason="wrong", key="once") == 2
    order = [5, 4, 3, 2, 1, 0]
    turned = ladle.open_pool(np.eye(6, dtype=np.float32)[order], ids=[ids_of(6)[row] for row in order])
    campaign.extend(turned, replace=True)
    assert campaign.delete_labels([ids_of(6)[1], ids_of(6)[4]], reason="wrong", key="once") == 2
    assert campaign.progress().labels == 4


@pytest.mark.parametrize(
    ("labels", "times", "replaced", "stands"),
    [
        (["cat", "dog"], None, 1, "dog"),
        (["cat", "dog", "cat"], None, 2, "cat"),
        (["cat", "cat"], None, 0, "cat"),
        (["cat", "dog"], [NINTH, NINTH], 1, "dog"),
        (["cat", "dog"], [TENTH, NINTH], 0, "cat"),
        (["cat", "dog"], [NINTH, TENTH], 0, "dog"),
        (["cat", "dog"], [NINTH, None], 1, "dog"),
    ],
)
def test_two_answers_of_one_person_in_one_call_are_noticed(
    labels: list[str], times: list[float | None] | None, replaced: int, stands: str, store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path)
    others = {"annotator": [*["ann"] * len(labels), "bob"], "told_at": None if times is None else [*times, None]}
    told = campaign.tell([*[ONE] * len(labels), ONE], [*labels, "owl"], **others, key="twice")  # type: ignore[arg-type]
    words = [each for each in told.notices if "in this call" in each]
    count = "1 answer replaces" if replaced == 1 else f"{replaced} answers replace"
    assert [each.startswith(count) for each in words] == [True] * bool(replaced)
    assert standing(campaign) == {(ONE, "ann"): stands, (ONE, "bob"): "owl"}
    again = campaign.tell([*[ONE] * len(labels), ONE], [*labels, "owl"], **others, key="twice")  # type: ignore[arg-type]
    assert again.notices == told.notices
    assert campaign.tell([ONE], ["emu"], annotator="ann").notices == (), "of two calls the later one is newer"

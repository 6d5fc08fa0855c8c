"""The story of an example tells everything that happened to it, in order of time, with who did it and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.labelling import Store
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins
from tests.campaign.test_told_again import written

ONE, TWO = ids_of(2)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def campaign(store: Store, tmp_path: Path, clock: Clock) -> ladle.Campaign:
    return begun(store, tmp_path, clock=clock, by="lea", labels=["cat", "dog"], annotators_per_task=2)


def told(campaign: ladle.Campaign, example: str = ONE) -> list[str]:
    """The lines of a story without their times, which have to be in order."""
    lines = campaign.story(example).lines
    assert [at for at, _ in lines] == sorted(at for at, _ in lines)
    return [what for _, what in lines]


def test_every_take_and_release_is_told(campaign: ladle.Campaign, clock: Clock) -> None:
    campaign.ask(2, margins=margins(), holder="vendor", lease_seconds=HOUR, key="first")
    clock.now += 60
    campaign.ask(2, margins=margins(), holder="vendor", lease_seconds=HOUR, key="first")
    clock.now += 60
    campaign.take("bob", 2, share=True)
    clock.now += 60
    campaign.release("bob")
    clock.now += 60
    campaign.take("bob", 1, share=True)
    clock.now += 60
    campaign.release("vendor")
    clock.now += 60
    campaign.release("bob", [ONE])
    assert told(campaign) == [
        "asked in round 1, place 1 of 2 for vendor, by lea",
        "batch 1 asked for again by lea, until 2027-01-15 09:01 UTC",
        "taken by bob until 2027-01-15 09:02 UTC, entered by lea",
        "given back by bob, entered by lea",
        "taken by bob until 2027-01-15 09:04 UTC, entered by lea",
        "batch 1 given back by vendor, entered by lea",
        "given back by bob, entered by lea",
    ]
    assert sum("by bob" in what for what in told(campaign, TWO)) == 2, "the second time it was not taken"


def test_every_assignment_is_told_and_whom_it_took_the_task_from(campaign: ladle.Campaign) -> None:
    campaign.ask(2, margins=margins())
    campaign.take("bob", 2)
    campaign.assign([ONE], to="eve")
    campaign.unassign([ONE], to="eve")
    campaign.assign([ONE], to="dora")
    campaign.assign([ONE, TWO], to="eve")
    campaign.unassign([ONE, TWO])
    assert told(campaign)[2:] == [
        "assigned to eve by lea",
        "taken away from bob by lea, because of this assignment",
        "no longer assigned to eve, by lea",
        "assigned to dora by lea",
        "assigned to eve by lea",
        "no longer assigned to dora, by lea",
        "no longer assigned to eve, by lea",
    ]
    assert told(campaign, TWO)[2:] == [
        "assigned to eve by lea",
        "taken away from bob by lea, because of this assignment",
        "no longer assigned to eve, by lea",
    ]


def test_every_exclusion_final_word_and_gold_label_is_told(campaign: ladle.Campaign) -> None:
    campaign.exclude([ONE, TWO], reason="blurred")
    campaign.include([ONE])
    campaign.exclude([ONE], reason="too dark")
    campaign.include([ONE])
    campaign.adjudicate([ONE], ["cat"], reason="the ears")
    campaign.adjudicate([ONE], ["dog"], reason="the tail")
    campaign.undo_adjudication([ONE])
    campaign.classes.rename("dog", "hound")
    campaign.add_gold([ONE], ["cat"])
    campaign.add_gold([ONE], ["hound"])
    campaign.withdrawals.remove_gold([ONE])
    assert told(campaign) == [
        "excluded by lea: blurred",
        "included again by lea (was excluded: blurred)",
        "excluded by lea: too dark",
        "included again by lea (was excluded: too dark)",
        "decided by lea: 'cat' (the ears)",
        "decided by lea: 'hound' (then 'dog') (the tail), in place of 'cat' (the ears) by lea",
        "the final word of lea was taken back by lea: it was 'hound' (then 'dog') (the tail)",
        "class 'dog' is named 'hound' from here on, by lea",
        "gold: known to be 'cat', by lea",
        "gold: known to be 'hound', by lea, in place of 'cat'",
        "gold no more, by lea: it was known to be 'hound'",
    ]
    assert told(campaign, TWO) == ["excluded by lea: blurred"]


def test_an_older_answer_never_stood(campaign: ladle.Campaign, clock: Clock) -> None:
    now = clock.now
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=now - 2 * HOUR)
    campaign.tell([ONE], ["cat"], annotator="ann", told_at=now - 3 * HOUR)
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=now - HOUR)
    campaign.skip([ONE], annotator="ann", reason="no idea")
    assert told(campaign) == [
        "labelled 'dog' by ann, entered by lea, said 2027-01-15 06:00:00",
        "labelled 'cat' by ann (version 2), entered by lea, said 2027-01-15 05:00:00; "
        "it never stood: a later answer of ann did",
        "the label 'dog' of ann was given again, said 2027-01-15 07:00:00",
        "skipped by ann: no idea (version 3), entered by lea",
    ]
    assert {at.timestamp() for at, _ in campaign.story(ONE).lines} == {now}, "lines stand where they were recorded"


def test_what_an_untold_file_changed_is_told(campaign: ladle.Campaign, tmp_path: Path) -> None:
    newer = written(tmp_path, "newer.csv", f"{ONE},dog,2026-01-10T00:00:00Z", header="id,label,told_at")
    older = written(tmp_path, "older.csv", f"{ONE},cat,2026-01-09T00:00:00Z", header="id,label,told_at")
    campaign.tell_file(newer, annotator="ann")
    campaign.tell_file(older, annotator="ann")
    campaign.withdrawals.untell(newer, reason="another project")
    assert told(campaign) == [
        "labelled 'dog' by ann, entered by lea, said 2026-01-10 00:00:00",
        "labelled 'cat' by ann (version 2), entered by lea, said 2026-01-09 00:00:00; "
        "it did not stand then: a later answer of ann did",
        f"the label 'cat' of ann stands again, because lea untold {newer}: another project",
        f"the label 'dog' of ann was deleted, because lea untold {newer}: another project",
    ]
    campaign.tell_file(newer, annotator="ann")
    campaign.withdrawals.untell(older)
    assert told(campaign)[-1] == f"the label 'cat' of ann was deleted, because lea untold {older}: no reason was given"


def test_an_untold_answer_that_never_stood_says_so(campaign: ladle.Campaign, tmp_path: Path) -> None:
    older = written(tmp_path, "older.csv", f"{ONE},cat,2026-01-09T00:00:00Z", header="id,label,told_at")
    campaign.tell([ONE], ["dog"], annotator="ann")
    campaign.tell_file(older, annotator="ann")
    campaign.withdrawals.untell(older)
    assert told(campaign)[1].endswith("said 2026-01-09 00:00:00; it never stood: a later answer of ann did")


def test_a_deletion_names_who_and_why(campaign: ladle.Campaign) -> None:
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.skip([ONE], annotator="bob", reason="no idea")
    campaign.delete_labels([ONE], reason="wrong key pressed")
    assert told(campaign)[2:] == [
        "the label 'cat' of ann was deleted by lea: wrong key pressed",
        "the skip of bob was deleted by lea: wrong key pressed",
    ]


def test_a_merge_of_people_and_names_of_then_are_told(campaign: ladle.Campaign, clock: Clock) -> None:
    campaign.ask(2, margins=margins())
    campaign.take("Ann", 1)
    campaign.tell([ONE], ["cat"], annotator="Ann")
    clock.now += 60
    campaign.tell([ONE], ["dog"], annotator="ann")
    campaign.people.merge("Ann", "ann")
    assert told(campaign)[1:] == [
        "taken by ann (then named Ann) until 2027-01-15 09:00 UTC, entered by lea",
        "labelled 'cat' by ann (then named Ann), entered by lea",
        "labelled 'dog' by ann (version 2), entered by lea",
        "the label 'cat' of ann (then named Ann) stands no more: lea merged Ann into ann, and the later answer stands",
    ]


def test_the_quarantine_is_told_with_its_end(campaign: ladle.Campaign) -> None:
    campaign.tell([ONE], ["cow"], annotator="ann")
    campaign.withdrawals.close_quarantined([1], reason="no cows here")
    assert told(campaign)[1:] == ["entry 1 of the quarantine was closed by lea: no cows here"]


def test_the_story_follows_its_example_into_another_pool(store: Store, tmp_path: Path, clock: Clock) -> None:
    vectors = np.arange(24, dtype=np.float32).reshape(12, 2)
    ids = ids_of(12)
    pool = ladle.open_pool(vectors, ids=ids)
    settings = {"strategy": "margin", "files": str(tmp_path / "files"), "clock": clock, "by": "lea"}
    campaign = ladle.Campaign.create(store, name="birds", pool=pool, **settings)
    campaign.ask(12, margins=margins(12))
    campaign.take("ann", 1)
    campaign.release("ann")
    campaign.extend(ladle.open_pool(vectors[1:], ids=ids[1:]), replace=True)
    campaign.take("bob", 1)
    campaign.extend(ladle.open_pool(vectors[::-1].copy(), ids=ids[::-1]), replace=True)
    lease = f"until {'2027-01-22 08:00'} UTC"
    assert told(campaign)[1:] == [
        f"taken by ann {lease}, entered by lea",
        "given back by ann, entered by lea",
        "removed from the pool by lea: another one took its place",
        "in the pool again, by lea",
    ]
    assert told(campaign, TWO)[1:] == [f"taken by bob {lease}, entered by lea"]


def test_labels_have_the_name_of_then_too_and_changes_of_classes_are_told(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="lea", labels=[0, 1, 9], annotators_per_task=2)
    campaign.tell([ONE], [9], annotator="ann")
    campaign.tell([ONE, TWO], [0, 1], annotator="bob")
    campaign.adjudicate([ONE], [9], reason="a tail")
    campaign.adjudicate([ONE], [0], reason="changed my mind")
    campaign.classes.merge(9, 0)
    campaign.add_gold([ONE], [9])
    campaign.classes.rename(0, "zero")
    campaign.delete_labels([ONE], annotator="ann", reason="a slip")
    assert told(campaign) == [
        "labelled 'zero' (then 9) by ann, entered by lea",
        "labelled 'zero' (then 0) by bob, entered by lea",
        "decided by lea: 'zero' (then 9) (a tail)",
        "decided by lea: 'zero' (then 0) (changed my mind), in place of 'zero' (then 9) (a tail) by lea",
        "class 9 counts as 0 from here on, by lea",
        "gold: known to be 'zero' (then 0), by lea",
        "class 0 is named 'zero' from here on, by lea",
        "the label 'zero' (then 9) of ann was deleted by lea: a slip",
    ]
    assert told(campaign, TWO) == ["labelled 1 by bob, entered by lea"], "neither change is about it"


def test_an_unmerged_class_has_its_own_name_in_the_story_again(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="lea", labels=[0, 9])
    campaign.tell([ONE], [9], annotator="ann")
    campaign.classes.merge(9, 0)
    campaign.classes.unmerge(9)
    assert told(campaign) == [
        "labelled 9 by ann, entered by lea",
        "class 9 counts as 0 from here on, by lea",
        "class 9 is a class of its own again from here on, by lea",
    ]


def test_who_typed_an_answer_a_comment_or_a_refused_label_is_told(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="ann", labels=["cat", "dog"], annotators_per_task=2)
    desk = ladle.Campaign.open(store, name="birds", by="desk")
    campaign.tell([ONE], ["cat"], annotator="ann")
    desk.tell([ONE], ["dog"], annotator="bob")
    desk.tell([TWO], ["cow"], annotator="ann")
    desk.skip([ONE], annotator="cy", reason="too dark")
    campaign.comment([ONE], ["an ear"], annotator="ann")
    desk.comment([ONE], ["a tail"], annotator="ann")
    campaign.people.rename("ann", "anna")
    assert told(campaign) == [
        "labelled 'cat' by anna (then named ann)",
        "labelled 'dog' by bob, entered by desk",
        "skipped by cy: too dark, entered by desk",
        "anna (then named ann) said: an ear",
        "anna (then named ann) said, entered by desk: a tail",
    ]
    assert told(campaign, TWO) == [
        'a label "cow" by anna (then named ann) went to quarantine, entered by desk: '
        "a label is one of 'cat', 'dog'; got 'cow'"
    ]


def test_an_ask_names_who_asked_the_holder_of_then_and_the_batch_before(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, by="lea", labels=["cat", "dog"])
    campaign.ask(2, margins=margins(), holder="vendor", lease_seconds=HOUR)
    campaign.people.rename("vendor", "Vendor Ltd")
    clock.now += 2 * HOUR
    ladle.Campaign.open(store, name="birds", clock=clock, by="max").ask(1, margins=margins())
    assert told(campaign) == [
        "asked in round 1, place 1 of 2 for Vendor Ltd (then named vendor), by lea",
        "asked in round 2, place 1 of 1, by max, passed on from batch 1",
    ]
    assert campaign.audit()[1].details["holder"] == "vendor"


def test_a_batch_given_back_is_told_of_the_examples_that_wait_in_it(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, by="lea", labels=["cat", "dog"])
    one, two, three, four, five, six = ids = ids_of(6)
    campaign.ask(6, margins=margins(), holder="max", lease_seconds=HOUR, key="six")
    campaign.tell([one], ["cat"], annotator="ann")
    campaign.adjudicate([three], ["dog"])
    campaign.exclude([four], reason="blurred")
    campaign.skip([five], annotator="max", reason="too dark")
    clock.now += 2 * HOUR
    campaign.ask(1, margins=margins(), lease_seconds=HOUR)
    campaign.ask(6, margins=margins(), holder="max", lease_seconds=HOUR, key="six")
    campaign.release("max")
    again = "batch 1 asked for again by lea, until 2027-01-15 11:00 UTC"
    back = "batch 1 given back by max, entered by lea"
    found = {name: [what for what in told(campaign, name) if what in (again, back)] for name in ids}
    assert found == {one: [], two: [], three: [], four: [], five: [], six: [again, back]}
    assert told(campaign, two)[1] == "asked in round 2, place 1 of 1, by lea, passed on from batch 1"


def test_a_batch_given_back_goes_by_the_labels_and_settings_of_then(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="lea", labels=["cat", "dog"], annotators_per_task=2)
    campaign.ask(2, margins=margins(), holder="max", key="two")
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.tell([TWO], ["cat"], annotator="ann")
    campaign.tell([TWO], ["dog"], annotator="bob")
    campaign.release("max")
    campaign.set(annotators_per_task=1)
    campaign.tell([ONE], ["cat"], annotator="max")
    back = "batch 1 given back by max, entered by lea"
    assert back in told(campaign), "one of two labels was there"
    assert back in told(campaign, TWO), "it was disputed"


def test_a_take_of_what_one_has_keeps_it(campaign: ladle.Campaign, clock: Clock) -> None:
    campaign.ask(1, margins=margins())
    campaign.take("bob", 1, lease_seconds=HOUR)
    clock.now += 60
    campaign.take("bob", 1, lease_seconds=HOUR)
    clock.now += 2 * HOUR
    campaign.take("bob", 1, lease_seconds=HOUR)
    assert told(campaign)[1:] == [
        "taken by bob until 2027-01-15 09:00 UTC, entered by lea",
        "kept by bob until 2027-01-15 09:01 UTC, entered by lea",
        "taken by bob until 2027-01-15 11:01 UTC, entered by lea",
    ]


def test_a_lease_that_is_renewed_again_and_again_has_one_line(campaign: ladle.Campaign, clock: Clock) -> None:
    campaign.ask(1, margins=margins())
    for _ in range(4):
        campaign.take("bob", 1, lease_seconds=HOUR)
        clock.now += 60
    campaign.comment([ids_of(1)[0]], "odd", annotator="bob")
    campaign.take("bob", 1, lease_seconds=HOUR)
    assert [line for line in told(campaign)[1:] if "bob until" in line] == [
        "taken by bob until 2027-01-15 09:00 UTC, entered by lea",
        "kept by bob until 2027-01-15 09:03 UTC, entered by lea (renewed 3 times)",
        "kept by bob until 2027-01-15 09:04 UTC, entered by lea",
    ]


def test_where_an_answer_came_from(campaign: ladle.Campaign) -> None:
    campaign.ask(3, margins=margins())
    for one, source in zip(ids_of(3), ("page", "group", "model-3"), strict=True):
        campaign.tell([one], ["cat"], annotator="ann", source=source)
    lines = [str(campaign.story(one)) for one in ids_of(3)]
    for line, words in zip(lines, ("by ann, on the page", "by ann, for a group", "by ann by model-3"), strict=True):
        assert f"labelled 'cat' {words}" in line


def test_what_two_names_took_is_told_under_the_names_of_then(campaign: ladle.Campaign, clock: Clock) -> None:
    """Gold goes to everybody: two names of one person have it at once. Only what the person takes after is kept."""
    campaign.add_gold([ONE], ["cat"])
    campaign.ask(1, margins=margins(), gold=1)
    for name in ("Ann", "ann"):
        clock.now += 60
        campaign.take(name, 2, lease_seconds=HOUR)
    campaign.people.merge("Ann", "ann")
    campaign.take("ann", 2, lease_seconds=2 * HOUR)
    campaign.people.rename("ann", "Ann Lee")
    campaign.take("Ann Lee", 2, lease_seconds=2 * HOUR)
    assert [what.partition(" until")[0] for what in told(campaign) if "by lea" in what][2:] == [
        "taken by Ann Lee (then named Ann)",
        "taken by Ann Lee (then named ann)",
        "kept by Ann Lee (then named ann)",
        "kept by Ann Lee",
    ]


def test_every_line_has_the_name_of_then(campaign: ladle.Campaign) -> None:
    """Of people in comments, refused labels and ended answers, and of those who were assigned alone."""
    campaign.assign([ONE], to="vendor")
    campaign.comment([ONE], "too dark", annotator="ann")
    campaign.tell([ONE, ONE], ["cat", "emu"], annotator="ann")
    campaign.delete_labels([ONE], reason="a slip")
    campaign.people.rename("ann", "Ann Lee")
    campaign.people.rename("vendor", "Vendor Ltd")
    campaign.classes.rename("cat", "kitten")
    assert [what for what in told(campaign) if "then" in what] == [
        "assigned to Vendor Ltd (then named vendor) by lea",
        "Ann Lee (then named ann) said, entered by lea: too dark",
        "labelled 'kitten' (then 'cat') by Ann Lee (then named ann), entered by lea",
        'a label "emu" by Ann Lee (then named ann) went to quarantine, entered by lea: '
        "a label is one of 'cat', 'dog'; got 'emu'",
        "the label 'kitten' (then 'cat') of Ann Lee (then named ann) was deleted by lea: a slip",
    ]


def test_a_removed_example_has_no_row_in_its_story(campaign: ladle.Campaign) -> None:
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.extend(ladle.open_pool(np.ones((1, 2), np.float32), ids=[TWO]), replace=True)
    assert str(campaign.story(ONE)).startswith(f"{ONE} (not in the pool any more): excluded")


def test_why_labels_are_enough_or_not_any_more_is_told(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, by="lea", labels=["cat", "kitten", "dog"], annotators_per_task=2)
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.tell([ONE], ["kitten"], annotator="bob")
    campaign.tell([TWO], ["dog"], annotator="ann")
    assert campaign.story(ONE).state == "disputed"
    campaign.classes.merge("kitten", "cat")
    campaign.set(annotators_per_task=1)
    campaign.set(price=1.0)
    campaign.set(annotators_per_task=3)
    assert told(campaign)[2:] == [
        "class 'kitten' counts as 'cat' from here on, by lea: its labels are enough now",
        "people for each example 1 became 3, by lea: its labels are not enough any more",
    ]
    assert told(campaign, TWO)[1:] == [
        "people for each example 2 became 1, by lea: its labels are enough now",
        "people for each example 1 became 3, by lea: its labels are not enough any more",
    ]
    campaign.adjudicate([ONE], ["cat"])
    campaign.set(annotators_per_task=2)
    assert told(campaign)[-1] == "decided by lea: 'cat'"

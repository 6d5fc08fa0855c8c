"""People: one name, one person; two names of one person merged; renamed; in teams."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import ladle
from ladle.campaign import PersonChange
from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling import Store
from ladle.labelling.contract.tables import AssignmentTable
from tests.campaign.made import begun, ids_of, margins
from tests.campaign.test_told_again import NINTH, TENTH, standing, written

ONE, TWO, THREE, FOUR = ids_of(4)


def people(campaign: ladle.Campaign) -> list[tuple[int, str, str, int, list[str]]]:
    return [(row.number, row.name, row.team, row.labels, row.also_named) for row in campaign.people.list()]


def test_a_person_is_known_from_the_first_answer(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    campaign.tell([ONE, ONE], ["cat", "dog"], annotator=["ann", "bob"])
    campaign.import_labels([TWO], ["cat"], source="old", annotator="archive")
    campaign.tell([THREE], ["cow"], annotator="quarantined")
    campaign.tell([THREE], ["cat"])
    campaign.skip([FOUR], annotator="cy", reason="too dark")
    campaign.comment([FOUR], "a smudge", annotator="dee")
    assert people(campaign) == [
        (1, "ann", "", 1, []),
        (2, "bob", "", 1, []),
        (3, "archive", "", 1, []),
        (4, "cy", "", 0, []),
        (5, "dee", "", 0, []),
    ]
    assert len(campaign.people) == 5


def test_two_names_of_one_person_are_merged(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=2)
    batch = campaign.ask(4, margins=margins())
    assert batch.rows.tolist() == [0, 1, 2, 3]
    campaign.tell([ONE, TWO, THREE], ["cat", "cat", "cat"], annotator="ann", told_at=NINTH)
    campaign.tell([ONE, TWO], ["cat", "dog"], annotator="Ann", told_at=TENTH)
    campaign.tell([FOUR], ["owl"], annotator="Ann", told_at=NINTH)
    assert (campaign.progress().labelled, campaign.progress().disputed) == (1, 1)
    assert campaign.people.merge("Ann", "ann") == PersonChange(3, 2, 3)
    assert standing(campaign) == {
        (ONE, "ann"): "cat",
        (TWO, "ann"): "dog",
        (THREE, "ann"): "cat",
        (FOUR, "ann"): "owl",
    }
    assert (campaign.progress().labelled, campaign.progress().disputed) == (0, 0), "one person of two has answered"
    versions = [(row.id, row.version, row.status, row.told_by) for row in campaign.labels() if row.id in (ONE, FOUR)]
    assert versions == [
        (ONE, 1, "superseded", "ann"),
        (ONE, 2, "current", "Ann"),
        (FOUR, 1, "current", "Ann"),
    ]
    assert people(campaign) == [(1, "ann", "", 4, ["Ann"])]
    assert "by ann (then named Ann)" in str(campaign.story(FOUR))
    late = campaign.tell([FOUR], ["cat"], annotator="Ann ")
    assert (late.changed, late.notices) == (1, ()), "later labels under the old name are the person's"
    assert standing(campaign)[FOUR, "ann"] == "cat"
    assert len(campaign.take("ann", 5)) == 0
    assert campaign.tell([ONE], ["cat"], annotator="bob").labelled == 1
    last = campaign.audit()[-3]
    assert (last.kind, last.details["merged"], last.details["into"]) == ("merge people", "Ann", "ann")
    assert campaign.verify().ok


def test_a_merge_and_a_rename_count_labels_and_skips_apart(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "dog"], annotator="Ann")
    campaign.skip([TWO, THREE, FOUR], annotator="Ann", reason="too dark")
    campaign.tell([ONE], ["cat"], annotator="ann")
    assert campaign.people.merge("Ann", "ann") == PersonChange(labels=2, superseded=1, tasks=4, skips=3)
    details = campaign.audit()[-1].details
    assert (details["labels"], details["skips"]) == (2, 3)
    assert campaign.people.rename("ann", "Ann Lee") == PersonChange(labels=3, skips=3)
    details = campaign.audit()[-1].details
    assert (details["labels"], details["skips"]) == (3, 3)


def test_a_merge_decides_by_time_and_then_by_arrival(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["dog", "dog"], annotator="ann", told_at=[TENTH, NINTH])
    campaign.tell([ONE, TWO], ["cat", "cat"], annotator="Ann", told_at=NINTH)
    campaign.people.merge("Ann", "ann")
    assert standing(campaign) == {(ONE, "ann"): "dog", (TWO, "ann"): "cat"}
    assert {row.label for row in campaign.resolved()} == {"cat", "dog"}, "no dispute is left"
    assert campaign.verify().ok


def test_merges_follow_each_other(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, annotators_per_task=3)
    for name in ("ANN", "Ann", "ann"):
        campaign.tell([ONE], ["cat"], annotator=name)
    assert len(campaign.resolved()) == 1, "three names settle a task"
    campaign.people.merge("ANN", "Ann")
    campaign.people.merge("Ann", "ann")
    assert people(campaign) == [(3, "ann", "", 1, ["ANN", "Ann"])]
    assert len(campaign.resolved()) == 0
    with pytest.raises(ArgumentError, match="one person already"):
        campaign.people.merge("ANN", "ann")
    with pytest.raises(NotFoundError, match="nobody of that name"):
        campaign.people.merge("bob", "ann")
    campaign.tell([ONE], ["dog"], annotator="ANN")
    assert standing(campaign) == {(ONE, "ann"): "dog"}


def test_leases_and_assignments_go_to_the_person(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(4, margins=margins())
    held = campaign.take("Ann", 2)
    campaign.tell([FOUR], ["cat"], annotator="ann")
    campaign.tell([FOUR], ["cat"], annotator="Ann")
    campaign.people.merge("Ann", "ann")
    assert campaign.take("bob", 5).ids.tolist() == [THREE], "what Ann holds is held by ann"
    mine = campaign.take("ann", 5)
    assert (mine.ids.tolist(), mine.renewed) == (held.ids.tolist(), 2)
    assert campaign.verify().ok


def test_an_assignment_is_handed_over(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "cat"], annotator=["Ann", "ann"])
    with store.writing("birds") as writer:
        writer.add(AssignmentTable.of([(row, "Ann", ids_of(4)[row], 1, 1, 1) for row in (2, 3)]))
    campaign.people.rename("Ann", "Ann Lee")
    with store.reading("birds") as view:
        rows = sorted((row, who, active) for row, who, _, _, active, _ in view.read(AssignmentTable).tuples())
    assert rows == [(2, "Ann", 0), (2, "Ann Lee", 1), (3, "Ann", 0), (3, "Ann Lee", 1)]


def test_a_person_is_renamed_and_named_back(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "cat"], annotator=["ann", "bob"])
    assert campaign.people.rename("ann", " Ann  Lee ") == PersonChange(labels=1)
    assert people(campaign) == [(1, "Ann Lee", "", 1, ["ann"]), (2, "bob", "", 1, [])]
    assert campaign.tell([ONE], ["dog"], annotator="ann").changed == 1, "the old name is the person's"
    with pytest.raises(ArgumentError, match="'bob', who is another person"):
        campaign.people.rename("Ann Lee", "bob")
    with pytest.raises(ArgumentError, match="an empty one"):
        campaign.people.rename("bob", " ")
    assert campaign.people.rename("Ann Lee", "ann") == PersonChange(labels=2)
    assert campaign.people.rename("ann", "ann") == PersonChange(done_before=True)
    assert people(campaign) == [(1, "ann", "", 1, ["Ann Lee"]), (2, "bob", "", 1, [])]
    assert campaign.verify().ok


def test_people_are_put_into_teams(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.people.set_team("ann", "vendorA")
    campaign.people.set_team("new", "vendorA")
    assert [(row.name, row.team) for row in campaign.people.list()] == [("ann", "vendorA"), ("new", "vendorA")]
    log = len(campaign.audit())
    assert campaign.people.set_team("ann", "vendorA").done_before
    assert len(campaign.audit()) == log
    assert campaign.people.set_team("ann", "")
    assert campaign.people.list()[0].team == ""
    with pytest.raises(ArgumentError, match="no person has"):
        campaign.people.set_team("ann", "new")
    assert campaign.verify().ok


def test_a_file_told_under_a_merged_name_is_a_repeat(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "ann.csv", f"{ONE},cat")
    campaign.tell_file(path, annotator="Ann")
    campaign.tell([TWO], ["cat"], annotator="ann")
    campaign.people.merge("Ann", "ann")
    assert campaign.tell_file(path, annotator="Ann").repeat_of_key
    assert campaign.tell_file(path, annotator="ann").repeated == 1
    assert campaign.delete_labels(annotator="Ann", reason="all of it") == 2


def test_an_unknown_name_is_refused(store: Store, tmp_path: Path) -> None:
    """A name that nobody has would take back, release or end nothing, and say 0 of it."""
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "ann.csv", f"{ONE},cat", f"{TWO},cat")
    campaign.tell_file(path, annotator="Ann Lee", source="desk")
    campaign.ask(2, margins=margins(), holder="vendorA")
    campaign.assign([THREE], to="experts")
    campaign.people.set_team("cy", "red")
    log = len(campaign.audit())
    for name, meant in {
        "nobody": "",
        "ann lee": "'Ann Lee'",
        "AnnLee": "'Ann Lee'",
        "Ann Lew": "`Ann Lee`",
    }.items():
        said = re.escape(f"the person {name!r} must be one who") + ".*" + re.escape(meant)
        for call in (
            lambda name=name: campaign.delete_labels(annotator=name, reason="all"),
            lambda name=name: campaign.delete_labels([ONE], annotator=name, reason="all"),
            lambda name=name: campaign.withdrawals.preview_deletion(annotator=name),
            lambda name=name: campaign.withdrawals.untell(path, annotator=name),
            lambda name=name: campaign.release(name),
            lambda name=name: campaign.unassign([THREE], to=name),
            lambda name=name: campaign.people.merge(name, "cy"),
            lambda name=name: campaign.people.rename(name, "dee"),
        ):
            with pytest.raises(NotFoundError, match=said):
                call()  # type: ignore[no-untyped-call]
    with pytest.raises(NotFoundError, match=r"the source 'Desk' must .* Did you mean 'desk'"):
        campaign.delete_labels(source="Desk", reason="all")
    assert len(campaign.audit()) == log
    for name in ("vendorA", "experts", "red", "cy", " Ann  Lee "):
        assert campaign.release(name) == (2 if name == "vendorA" else 0), "known names, of which one has a batch"
        assert campaign.unassign([ONE], to=name) == 0
    assert campaign.delete_labels(annotator="cy", reason="all") == 0, "a person without labels"
    assert campaign.notices == ("'experts' is a new name: no person, team or holder of this campaign has it.",)


def test_a_new_name_may_get_work_and_is_said(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["cat"], annotator="ann")
    assert campaign.assign([TWO], to="ann").examples == 1
    assert campaign.notices == (), "ann is known"
    assert campaign.assign([TWO], to="Ann").examples == 1, "people get work before their first label"
    campaign.assign([TWO], to="ANN")
    campaign.assign([TWO], to="zed")
    new = "is a new name: no person, team or holder of this campaign has it."
    assert campaign.notices == (
        f"'Ann' {new} Did you mean 'ann'?",
        f"'ANN' {new} Did you mean 'ann'?",
        f"'zed' {new}",
    )
    assert "the annotators 'ann.' and 'ann'" in opened(store, lambda each: each.take("ann.", 3))
    assert opened(store, lambda each: each.assign([TWO], to="zed")) == "", "it was named before"
    assert opened(store, lambda each: each.people.set_team("zedd", "red")).startswith("'zedd' is a new name")
    assert opened(store, lambda each: each.people.set_team("bob", "red")) == ""
    batch = campaign.ask(1, margins=margins(), holder="Red")
    assert batch.notices == (f"'Red' {new} Did you mean 'red'?",)
    assert campaign.ask(1, margins=margins(), holder="Red").notices == ()
    assert campaign.ask(1, margins=margins(), holder="vendorA").notices == ()


def opened(store: Store, call: Callable[[ladle.Campaign], object]) -> str:
    """What a campaign that is opened for one call notices."""
    campaign = ladle.Campaign.open(store, name="birds")
    call(campaign)
    return " ".join(campaign.notices)


def test_a_name_is_that_of_a_person_or_of_a_team(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["cat"], annotator="ann")
    log = len(campaign.audit())
    for name, team in (("Q", "Q"), ("ann", "ann"), ("ann", " ann "), ("Q", "ann")):
        with pytest.raises(ArgumentError, match="the team must have a name that no person has"):
            campaign.people.set_team(name, team)
    assert len(campaign.audit()) == log
    campaign.people.set_team("ann", "red")
    with pytest.raises(ArgumentError, match="'red', which is a team"):
        campaign.people.rename("ann", "red")
    with pytest.raises(ArgumentError, match="the person must have a name that no team has; got 'red'"):
        campaign.people.set_team("red", "blue")
    assert len(campaign.audit()) == log + 1
    campaign.people.set_team("ann", "")
    assert campaign.people.rename("ann", "red").labels == 1, "it is no team any more"


def held(campaign: ladle.Campaign) -> list[tuple[str, str, int]]:
    return sorted((row.who, row.how, row.tasks) for row in campaign.holdings())


def test_names_that_only_got_work_are_merged(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(2, margins=margins(), holder="Vendor A", key="first")
    campaign.ask(3, margins=margins(), holder="vendorA", key="second")
    campaign.assign([ids_of(20)[19], ids_of(20)[18]], to="vendorA")
    assert campaign.people.merge("vendorA", "Vendor A") == PersonChange(batches=1, assigned=2)
    assert held(campaign) == [("Vendor A", "assigned", 2), ("Vendor A", "batch 1", 2), ("Vendor A", "batch 2", 3)]
    log = len(campaign.audit())
    assert campaign.people.merge("vendorA", "Vendor A") == PersonChange(done_before=True)
    assert len(campaign.audit()) == log
    assert campaign.ask(3, margins=margins(), holder="vendorA", key="second").renewed, "the same ask"
    with pytest.raises(MismatchError, match="the same ask for vendorB; Vendor A has it"):
        campaign.ask(3, margins=margins(), holder="vendorB", key="second")
    campaign.people.set_team("ann", "Vendor A")
    assert len(campaign.take("ann", 20)) == 7, "no person has the name, so it may be a team's"
    assert campaign.release("Vendor A") == 5
    assert campaign.verify().ok


def test_a_team_is_merged_and_renamed(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.people.set_team("ann", "vendorA")
    campaign.ask(2, margins=margins(), holder="vendorA")
    campaign.ask(3, margins=margins(), holder="Vendor A")
    assert campaign.people.merge("vendorA", "Vendor A") == PersonChange(batches=1)
    assert [(row.name, row.team) for row in campaign.people.list()] == [("ann", "Vendor A")]
    assert campaign.people.rename("Vendor A", "A") == PersonChange(batches=2)
    assert campaign.people.rename("Vendor A", "A") == PersonChange(done_before=True)
    assert held(campaign) == [("A", "batch 1", 2), ("A", "batch 2", 3)]
    assert len(campaign.take("bob", 20)) == 0
    assert len(campaign.take("ann", 20)) == 5
    for call in (lambda: campaign.people.merge("A", "ann"), lambda: campaign.people.merge("ann", "A")):
        with pytest.raises(ArgumentError, match="two people, or of two teams; got 'A', which is a team, and a person"):
            call()
    campaign.ask(1, margins=margins(), holder="B")
    with pytest.raises(ArgumentError, match="'A', which is known already"):
        campaign.people.rename("B", "A")
    assert campaign.verify().ok


@pytest.mark.parametrize(("name", "into"), [("ann", "Ann"), ("Ann", "ann")])
def test_a_holder_and_a_person_are_one(name: str, into: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ids_of(20)[19]], ["cat"], annotator="ann")
    campaign.ask(2, margins=margins(), holder="Ann")
    change = PersonChange(labels=1, tasks=1) if name == "ann" else PersonChange(batches=1)
    assert campaign.people.merge(name, into) == change
    assert people(campaign) == [(1 if into == "ann" else 2, into, "", 1, [name])]
    assert held(campaign) == [(into, "batch 1", 2)]
    campaign.tell([TWO], ["dog"], annotator=name)
    assert standing(campaign)[TWO, into] == "dog", "later labels under the old name count"
    assert len(campaign.take("bob", 20)) == 0
    assert campaign.release(name) >= 1
    assert campaign.verify().ok


def test_a_rename_takes_the_batches_along(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ids_of(20)[19]], ["cat"], annotator="ann")
    campaign.ask(2, margins=margins(), holder="ann")
    assert campaign.people.rename("ann", "Ann Lee") == PersonChange(labels=1, batches=1)
    assert held(campaign) == [("Ann Lee", "batch 1", 2)]
    assert campaign.verify().ok


def test_a_person_does_not_get_the_name_of_a_holder(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(2, margins=margins(), holder="vendorA")
    campaign.tell([ids_of(20)[19]], ["cat"], annotator="bob")
    with pytest.raises(ArgumentError, match="'vendorA', which got work before"):
        campaign.people.rename("bob", "vendorA")
    assert held(campaign) == [("vendorA", "batch 1", 2)]
    assert campaign.people.merge("vendorA", "bob") == PersonChange(batches=1)
    assert campaign.verify().ok


def test_a_team_that_labels_under_its_own_name(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.people.set_team("ann", "red")
    campaign.ask(2, margins=margins(), holder="red")
    told = campaign.tell([ids_of(20)[19]], ["cat"], annotator="red")
    assert told.notices == ("'red' is a team: who labels under its name counts as one more person",)
    campaign.people.set_team("bob", "red")
    with pytest.raises(ArgumentError, match="'red', which is both"):
        campaign.people.rename("red", "zoe")
    assert held(campaign) == [("red", "batch 1", 2)]
    assert len(campaign.take("bob", 5)) == 2
    assert campaign.verify().ok


@pytest.mark.parametrize("second", ["merge", "told and renamed"])
def test_a_keyed_ask_is_repeated_after_two_changes_of_its_holder(second: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(2, margins=margins(), holder="v1", key="k")
    campaign.people.rename("v1", "v2")
    if second == "merge":
        campaign.tell([ids_of(20)[19]], ["cat"], annotator="ann")
        campaign.people.merge("v2", "ann")
    else:
        campaign.tell([ids_of(20)[19]], ["cat"], annotator="v2")
        campaign.people.rename("v2", "v3")
    assert campaign.ask(2, margins=margins(), holder="v1", key="k").renewed
    with pytest.raises(MismatchError, match="the same ask for v9"):
        campaign.ask(2, margins=margins(), holder="v9", key="k")


def test_an_old_name_in_use_again_is_another_holder(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(1, margins=margins(), holder="x")
    campaign.people.rename("x", "y")
    campaign.ask(1, margins=margins(), holder="x", key="kx")
    campaign.ask(1, margins=margins(), holder="y", key="ky")
    for holder, key in (("x", "ky"), ("y", "kx")):
        with pytest.raises(MismatchError, match="the same ask for"):
            campaign.ask(1, margins=margins(), holder=holder, key=key)
    assert campaign.ask(1, margins=margins(), holder="x", key="kx").renewed

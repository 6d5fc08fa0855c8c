"""Changes that meet each other: a pool that is replaced, a class that is renamed, a person who is merged meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import LadleError, MismatchError
from ladle.labelling import MemoryStore, Store
from tests.campaign.made import Clock

IDS = [f"e{place}" for place in range(4)]


def pool_of(*ids: str) -> ladle.Pool:
    return ladle.open_pool(np.array([[float(each[1:]), 1.0] for each in ids], np.float32), ids=list(ids))


class Meanwhile(Clock):
    """A clock that lets something happen when it is next looked at: between a call's checks and its write."""

    def __init__(self) -> None:
        super().__init__()
        self.act: Callable[[], object] | None = None

    def __call__(self) -> float:
        act, self.act = self.act, None
        if act is not None:
            act()
        return self.now


def begun(store: Store, folder: Path, labels: list[str] | None, clock: Clock) -> ladle.Campaign:
    return ladle.Campaign.create(
        store,
        name="birds",
        pool=pool_of(*IDS),
        strategy="margin",
        labels=labels,
        clock=clock,
        files=str(folder / "files"),
    )


def other(store: Store) -> ladle.Campaign:
    return ladle.Campaign.open(store, name="birds", clock=Clock())


def file_of(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / f"{len(list(folder.glob('*.jsonl')))}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def resolved(campaign: ladle.Campaign) -> dict[str, object]:
    return {row.id: row.label for row in campaign.resolved()}


def test_an_example_that_comes_back_by_an_extension_has_its_records(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.tell(["e0"], ["a"], annotator="ann")
    campaign.adjudicate(["e0"], ["a"])
    campaign.extend(pool_of("e1", "e2"), replace=True)
    campaign.extend(pool_of("e1", "e2", "e0", "e9"))
    campaign.tell(["e0"], ["b"], annotator="ann")
    assert resolved(campaign) == {"e0": "a"}
    current = [(row.row, row.label) for row in campaign.labels() if row.status == "current"]
    assert current == [(2, "b")]
    assert campaign.progress().spend == 1
    assert campaign.verify().ok
    campaign.extend(pool_of(*IDS), replace=True)
    assert campaign.verify().ok
    assert resolved(campaign) == {"e0": "a"}


def test_a_file_with_comments_is_refused_once_the_pool_was_replaced_meanwhile(store: Store, tmp_path: Path) -> None:
    clock = Meanwhile()
    campaign = begun(store, tmp_path, ["a", "b"], clock)
    campaign.skip(IDS, annotator="zoe", reason="dark")
    file = file_of(tmp_path, {"id": "e0", "label": "a", "annotator": "ann", "comment": "odd"})
    clock.act = lambda: other(store).extend(pool_of(*reversed(IDS)), replace=True)
    with pytest.raises(MismatchError, match="Repeat the change"):
        campaign.tell_file(file)
    campaign.tell_file(file)
    assert [(row.id, row.row) for row in campaign.labels() if row.label == "a"] == [("e0", 3)]
    assert campaign.verify().ok


@pytest.mark.parametrize("act", ["tell", "adjudicate"])
def test_a_class_that_is_merged_meanwhile_counts_as_the_other(act: str, store: Store, tmp_path: Path) -> None:
    clock = Meanwhile()
    campaign = begun(store, tmp_path, ["a", "b"], clock)
    clock.act = lambda: other(store).classes.merge("a", "b")
    more = {"annotator": "ann"} if act == "tell" else {}
    getattr(campaign, act)(["e0"], ["a"], **more)
    assert resolved(campaign) == {"e0": "b"}
    assert campaign.verify().ok


def test_a_file_untold_after_a_merge_leaves_what_stood_before_it(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.tell(["e0"], ["a"], annotator="ann")
    campaign.tell(["e0"], ["b"], annotator="bob")
    campaign.delete_labels(annotator="ann", reason="a slip")
    campaign.people.merge("ann", "bob")
    file = file_of(tmp_path, {"id": "e0", "label": "a", "annotator": "bob"})
    campaign.tell_file(file)
    assert campaign.withdrawals.untell(file).restored == 1
    assert resolved(campaign) == {"e0": "b"}


def test_a_file_untold_leaves_what_two_people_had_said_before_they_were_one(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b", "c"], Clock())
    campaign.tell(["e0", "e1"], ["a", "a"], annotator="ann", told_at=10)
    campaign.tell(["e0"], ["b"], annotator="ann2", told_at=5)
    campaign.delete_labels(["e0"], annotator="ann", reason="a slip")
    campaign.people.rename("ann2", "Ann")
    campaign.people.merge("Ann", "ann")
    assert resolved(campaign) == {"e0": "b", "e1": "a"}
    file = file_of(tmp_path, {"id": "e0", "label": "c", "annotator": "ann", "told_at": "2026-01-09"})
    campaign.tell_file(file)
    assert campaign.withdrawals.untell(file).restored == 1
    assert resolved(campaign) == {"e0": "b", "e1": "a"}
    assert campaign.verify().ok


def test_what_was_untold_for_one_person_was_not_for_another_who_is_the_same_now(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b", "c"], Clock())
    campaign.tell(["e0", "e1"], ["a", "a"], annotator=["ann", "bob"], told_at=10)
    said = [{"id": example, "label": "a", "annotator": who} for example, who in (("e0", "ann"), ("e1", "bob"))]
    first = file_of(tmp_path, *(each | {"told_at": "1970-01-01T00:00:50Z"} for each in said))
    campaign.tell_file(first)
    campaign.withdrawals.untell(first, annotator="ann")
    campaign.people.merge("bob", "ann")
    second = {"id": "e1", "label": "b", "annotator": "ann", "told_at": "1970-01-01T00:01:10Z"}
    campaign.tell_file(file_of(tmp_path, second))
    assert campaign.withdrawals.untell(tmp_path / "1.jsonl").restored == 1
    times = {row.id: row.told_at.timestamp() for row in campaign.labels() if row.status == "current"}
    assert times == {"e0": 10, "e1": 50}
    assert campaign.withdrawals.untell(first).retimed == 1, "the rest of it"
    assert {row.told_at.timestamp() for row in campaign.labels() if row.status == "current"} == {10}
    assert campaign.verify().ok


TELLS = st.tuples(st.just("tell"), st.sampled_from(["ann", "Ann"]), st.sampled_from("ab"), st.integers(1, 9))
DELETIONS = st.tuples(st.just("delete"), st.sampled_from(["ann", "Ann"]), st.just(""), st.just(0))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(TELLS | DELETIONS, max_size=5),
    after=st.lists(TELLS, max_size=4),
    who=st.sampled_from(["ann", "Ann"]),
    at=st.integers(1, 9),
    merged_at=st.integers(0, 10),
    is_renamed=st.booleans(),
)
def test_a_file_untold_at_any_time_leaves_what_stands_without_it(
    before: list[tuple[str, str, str, int]],
    after: list[tuple[str, str, str, int]],
    who: str,
    at: int,
    merged_at: int,
    is_renamed: bool,
    tmp_path: Path,
) -> None:
    """Two people answer for an example, and are merged at some time; the file has a label that nobody else gives.

    Different labels are never of one time, at which the order of arrival decides.
    """
    file = file_of(tmp_path, {"id": "e0", "label": "c", "annotator": who, "told_at": f"1970-01-01T00:00:0{at}.2Z"})

    def ends(*, is_told: bool) -> set[tuple[str, str, float]]:
        campaign = begun(MemoryStore(), tmp_path, ["a", "b", "c"], Clock())
        campaign.tell(["e3", "e3"], ["a", "a"], annotator=["ann", "Ann"])
        acts = [*before, ("file", "", "", 0), *after]
        acts.insert(min(merged_at, len(acts)), ("merge", "", "", 0))
        for act, name, label, told_at in acts:
            if act == "tell":
                campaign.tell(["e0"], [label], annotator=name, told_at=told_at + (label == "b") / 10)
            elif act == "delete":
                campaign.delete_labels(["e0"], annotator=name, reason="a slip")
            elif act == "file" and is_told:
                campaign.tell_file(file)
            elif act == "merge":
                if is_renamed:
                    campaign.people.rename("Ann", "Ann Lee")
                campaign.people.merge("Ann", "ann")
        if is_told:
            campaign.withdrawals.untell(file)
        assert campaign.verify().ok
        labels = [row for row in campaign.labels() if row.status == "current" and row.id == "e0"]
        return {(row.label, row.annotator, row.told_at.timestamp()) for row in labels}

    assert ends(is_told=True) == ends(is_told=False)


def test_a_rename_onto_a_class_of_gold_is_refused_where_any_class_is_accepted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, None, Clock())
    campaign.tell(["e0"], ["cat"], annotator="ann")
    campaign.add_gold(["e1"], ["dog"])
    campaign.adjudicate(["e2"], ["emu"])
    for taken in ("dog", "emu"):
        with pytest.raises(LadleError):
            campaign.classes.rename("cat", taken)
    campaign.classes.rename("emu", "rhea")
    assert resolved(campaign) == {"e0": "cat", "e1": "dog", "e2": "rhea"}


def test_a_comment_is_stored_once_whatever_its_author_is_called_now(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.comment(["e0"], "odd", annotator="ann")
    campaign.tell(["e0"], ["a"], annotator="ann")
    campaign.people.rename("ann", "anna")
    assert campaign.comment(["e0"], "odd", annotator="ann") == 0
    assert len(campaign.comments()) == 1


def test_who_has_only_taken_tasks_is_known(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.ask(2, margins=np.zeros(4))
    campaign.take("Ann", 1)
    campaign.people.rename("Ann", "ann")
    assert [row.taken_by for row in campaign.outstanding() if row.taken_by] == ["ann"]

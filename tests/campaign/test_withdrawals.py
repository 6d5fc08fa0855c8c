"""What is taken back: labels by who, when and from where; whole files; the quarantine; gold; a mistyped metric."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.campaign import Withdrawn
from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling import MemoryStore, Store
from tests.campaign.made import begun, ids_of, margins
from tests.campaign.test_told_again import NINTH, TENTH, standing, written

ONE, TWO, THREE, FOUR = ids_of(4)


@pytest.fixture
def campaign(store: Store, tmp_path: Path) -> ladle.Campaign:
    """Labels of ann on the ninth, of bob on the tenth, and of bob's file."""
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", told_at=NINTH, source="desk")
    campaign.tell([TWO, THREE], ["dog", "dog"], annotator="bob", told_at=TENTH, source="vendor")
    path = written(tmp_path, "bob.csv", f"{FOUR},cat,2026-01-10T00:00:00Z", header="id,label,told_at")
    campaign.tell_file(path, annotator="bob", source="vendor")
    return campaign


@pytest.mark.parametrize(
    ("which", "gone"),
    [
        ({"annotator": "bob"}, {(TWO, "bob"), (THREE, "bob"), (FOUR, "bob")}),
        ({"annotator": " bob "}, {(TWO, "bob"), (THREE, "bob"), (FOUR, "bob")}),
        ({"ids": [ONE], "annotator": "bob"}, set()),
        ({"source": "desk"}, {(ONE, "ann"), (TWO, "ann")}),
        ({"file": "bob.csv"}, {(FOUR, "bob")}),
        ({"since": TENTH}, {(TWO, "bob"), (THREE, "bob"), (FOUR, "bob")}),
        ({"until": TENTH}, {(ONE, "ann"), (TWO, "ann")}),
        ({"since": datetime.fromtimestamp(TENTH, UTC), "until": TENTH + 1}, {(TWO, "bob"), (THREE, "bob")}),
        ({"ids": [TWO], "annotator": "bob"}, {(TWO, "bob")}),
        ({"ids": [TWO, FOUR], "since": TENTH}, {(TWO, "bob"), (FOUR, "bob")}),
    ],
)
def test_labels_are_deleted_by_who_gave_them_and_when(
    campaign: ladle.Campaign, tmp_path: Path, which: dict[str, Any], gone: set[tuple[str, str]]
) -> None:
    if "file" in which:
        which = {"file": tmp_path / which["file"]}
    before, log = standing(campaign), len(campaign.audit())
    found = campaign.withdrawals.preview_deletion(**which)
    assert found == Withdrawn(len(gone), len({example for example, _ in gone}))
    assert (standing(campaign), len(campaign.audit())) == (before, log), "a preview changes nothing"
    assert campaign.delete_labels(**which, reason="wrong guide") == len(gone)
    assert set(before) - set(standing(campaign)) == gone
    assert campaign.delete_labels(**which, reason="wrong guide") == 0
    assert campaign.verify().ok


def test_a_deletion_says_which_labels_and_why(campaign: ladle.Campaign) -> None:
    with pytest.raises(ArgumentError, match="named by their examples, annotator, source, file or time; got none"):
        campaign.delete_labels(reason="everything")
    with pytest.raises(ArgumentError, match="say why"):
        campaign.delete_labels(annotator="bob", reason="")
    with pytest.raises(NotFoundError, match="be one whose labels were told; got one that was never told"):
        campaign.delete_labels(file="other.csv", reason="wrong")
    assert campaign.delete_labels(annotator="bob", reason="wrong", key="once") == 3
    campaign.tell([TWO], ["dog"], annotator="bob")
    assert campaign.delete_labels(annotator="bob", reason="wrong", key="once") == 3, "done once"
    assert (TWO, "bob") in standing(campaign)
    with pytest.raises(MismatchError, match="once"):
        campaign.delete_labels(annotator="bob", since=TENTH, reason="wrong", key="once")


def test_an_untold_file_leaves_what_it_replaced(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    good = written(tmp_path, "good.csv", f"{ONE},cat", f"{TWO},cat")
    wrong = written(tmp_path, "wrong.csv", f"{ONE},dog", f"{THREE},dog", f"{FOUR},cow")
    campaign.tell_file(good, annotator="ann")
    campaign.tell_file(wrong, annotator="ann")
    assert campaign.progress().quarantined == 1
    expected = Withdrawn(2, 2, restored=1, closed=1)
    log = len(campaign.audit())
    assert campaign.withdrawals.untell(wrong, dry_run=True) == expected
    assert len(campaign.audit()) == log
    assert campaign.withdrawals.untell(wrong, reason="another project") == expected
    assert standing(campaign) == {(ONE, "ann"): "cat", (TWO, "ann"): "cat"}
    assert campaign.progress().quarantined == 0
    assert campaign.verify().ok
    assert campaign.withdrawals.untell(wrong) == Withdrawn(0, 0), "it is untold already"
    assert campaign.audit()["kind"].tolist().count("untell") == 1
    assert "was deleted" in str(campaign.story(THREE))
    told = campaign.tell_file(wrong, annotator="ann")
    assert (told.accepted, told.repeat_of_key) == (2, False), "telling it again undoes it"
    assert standing(campaign)[ONE, "ann"] == "dog"


def test_labels_that_were_not_told_are_taken_back_in_other_ways(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.add_gold([ONE], ["cat"])
    campaign.adjudicate([TWO], ["cat"])
    with pytest.raises(NotFoundError, match=r"withdrawals\.remove_gold\. .*Campaign\.undo_adjudication\."):
        campaign.withdrawals.untell("gold.csv")


def test_what_is_newer_stays_when_a_file_is_untold(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    first, second = written(tmp_path, "1.csv", f"{ONE},cat"), written(tmp_path, "2.csv", f"{ONE},dog")
    campaign.tell_file(first, annotator="ann")
    campaign.tell_file(second, annotator="ann")
    assert campaign.withdrawals.untell(first) == Withdrawn(0, 0, replaced=1)
    assert standing(campaign) == {(ONE, "ann"): "dog"}
    assert campaign.withdrawals.untell(second).restored == 0, "the first file is untold too"
    assert standing(campaign) == {}
    assert campaign.verify().ok


def test_a_deleted_label_does_not_stand_again(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.tell([ONE], ["dog"], annotator="ann")
    campaign.delete_labels([ONE], reason="neither")
    path = written(tmp_path, "late.csv", f"{ONE},owl")
    campaign.tell_file(path, annotator="ann")
    assert campaign.withdrawals.untell(path).restored == 0
    assert standing(campaign) == {}


def test_an_older_label_stands_once_the_newer_file_is_untold(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    newer = written(tmp_path, "newer.csv", f"{ONE},dog,2026-01-10T00:00:00Z", header="id,label,told_at")
    older = written(tmp_path, "older.csv", f"{ONE},cat,2026-01-09T00:00:00Z", header="id,label,told_at")
    campaign.tell_file(newer, annotator="ann")
    assert campaign.tell_file(older, annotator="ann").older == 1
    assert campaign.withdrawals.untell(newer).restored == 1
    assert standing(campaign) == {(ONE, "ann"): "cat"}


def test_a_file_that_is_gone_is_named_by_its_path_or_its_digest(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    path = written(tmp_path, "gone.csv", f"{ONE},cat")
    digest = campaign.tell_file(path, annotator="ann").sha256
    path.unlink()
    assert campaign.withdrawals.untell(digest, dry_run=True) == Withdrawn(1, 1)
    assert campaign.withdrawals.untell(path) == Withdrawn(1, 1)
    with pytest.raises(NotFoundError, match=r"other\.csv must be one whose labels were told"):
        campaign.withdrawals.untell(written(tmp_path, "other.csv", f"{ONE},cat", f"{TWO},cat"))


def test_the_quarantine_is_closed_one_by_one_or_all(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    campaign.tell(ids_of(3), ["cow", "owl", "hen"], annotator="ann")
    assert campaign.progress().quarantined == 3
    assert campaign.withdrawals.close_quarantined([2], reason="a typing error") == 1
    assert campaign.withdrawals.close_quarantined([2], reason="again") == 0
    assert campaign.progress().quarantined == 2
    with pytest.raises(NotFoundError, match="be a number of the quarantine; got 9, and there are 3"):
        campaign.withdrawals.close_quarantined([1, 9], reason="a typing error")
    with pytest.raises(ArgumentError, match="say why"):
        campaign.withdrawals.close_quarantined(reason=" ")
    assert campaign.withdrawals.close_quarantined(reason="told again") == 2
    entries = [(row.is_open, row.closing) for row in campaign.quarantine()]
    assert entries == [(False, "told again"), (False, "a typing error"), (False, "told again")]
    assert campaign.progress().quarantined == 0
    assert campaign.audit()["kind"].tolist().count("close quarantined") == 2


def test_gold_is_taken_back_and_given_again(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.add_gold([ONE, TWO], ["cat", "dog"])
    assert campaign.ask(2, margins=margins()).rows.tolist() == [2, 3], "gold is not asked"
    campaign.tell([ONE], ["cat"], annotator="ann")
    assert campaign.withdrawals.remove_gold([ONE, TWO, THREE]) == 2
    assert campaign.withdrawals.remove_gold([ONE]) == 0
    assert [(row.gold_right, row.gold_seen) for row in campaign.progress().annotators] == [(0, 0)]
    assert {row.id: row.how for row in campaign.resolved()} == {ONE: "majority"}
    assert campaign.ask(1, margins=margins()).rows.tolist() == [1]
    with pytest.raises(ArgumentError):
        campaign.ask(1, margins=margins(), gold=1)
    assert campaign.add_gold([ONE], ["cat"]) == 1
    assert [(row.gold_right, row.gold_seen) for row in campaign.progress().annotators] == [(1, 1)]
    assert "known to be 'cat'" in str(campaign.story(ONE))
    assert campaign.verify().ok


def test_a_mistyped_metric_is_corrected(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.record_model("v1", metrics={"accuracy": 9.1, "loss": 1.0})
    with pytest.raises(MismatchError, match="other metrics"):
        campaign.record_model("v1", metrics={"accuracy": 0.91, "loss": 1.0})
    campaign.record_model("v1", metrics={"accuracy": 0.91}, correct=True)
    assert campaign.progress().curve[0].metrics == {"accuracy": 0.91, "loss": 1.0}
    last = campaign.audit()[-1]
    assert (last.kind, last.details["before"]) == ("correct model", {"accuracy": 9.1, "loss": 1.0})
    log = len(campaign.audit())
    campaign.record_model("v1", metrics={"accuracy": 9.1, "loss": 1.0})  # the command before, repeated
    campaign.record_model("v1", metrics={"accuracy": 0.91}, correct=True)
    assert len(campaign.audit()) == log
    assert campaign.progress().curve[0].metrics == {"accuracy": 0.91, "loss": 1.0}
    with pytest.raises(NotFoundError, match="'v2' must be recorded"):
        campaign.record_model("v2", metrics={"accuracy": 0.5}, correct=True)


def test_files_untold_in_any_order_leave_what_the_others_leave(tmp_path: Path) -> None:
    """As if a file had never been told: three files, each told and untold at any place."""
    texts = {"a": "cat", "b": "dog", "c": "owl"}
    for gone in texts:
        for order in (("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")):
            ends = []
            for is_told in (True, False):
                folder = tmp_path / f"{gone}{''.join(order)}{is_told}"
                folder.mkdir()
                campaign = begun(MemoryStore(), folder)
                for name in order:
                    if is_told or name != gone:
                        campaign.tell_file(written(folder, name + ".csv", f"{ONE},{texts[name]}"), annotator="ann")
                if is_told:
                    campaign.withdrawals.untell(folder / f"{gone}.csv")
                ends.append(standing(campaign))
                assert campaign.verify().ok
            assert ends[0] == ends[1], (gone, order)


def test_an_untold_file_gives_back_the_times_it_had_moved(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "cat"], annotator="ann", told_at=NINTH)
    path = written(
        tmp_path, "again.csv", f"{ONE},cat,{iso(TENTH)}", f"{TWO},dog,{iso(TENTH)}", header="id,label,told_at"
    )
    campaign.tell_file(path, annotator="ann")
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=NINTH + 60)  # older than the file, and newer than before
    assert standing(campaign) == {(ONE, "ann"): "cat", (TWO, "ann"): "dog"}
    expected = Withdrawn(1, 1, restored=2, retimed=1)
    assert campaign.withdrawals.untell(path, dry_run=True) == expected
    assert campaign.withdrawals.untell(path) == expected
    assert standing(campaign) == {(ONE, "ann"): "dog", (TWO, "ann"): "cat"}
    times = {(row.id, row.label): (row.told_at.timestamp(), row.status) for row in campaign.labels() if row.file == ""}
    assert times == {
        (ONE, "cat"): (NINTH, "superseded"),
        (ONE, "dog"): (NINTH + 60, "current"),
        (TWO, "cat"): (NINTH, "current"),
    }
    assert campaign.verify().ok
    assert not campaign.withdrawals.untell(path), "nothing of it is left"
    assert not campaign.tell_file(path, annotator="ann").repeat_of_key, "and it may be told again"
    assert standing(campaign) == {(ONE, "ann"): "cat", (TWO, "ann"): "dog"}


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_files_that_move_times_leave_none_behind(order: tuple[str, ...], tmp_path: Path) -> None:
    """Three files give one label again at other times, and a fourth another label: untold in any order."""
    times = {"a": NINTH + 30, "b": NINTH + 90, "c": NINTH + 60}

    def told(folder: Path, names: tuple[str, ...], gone: tuple[str, ...]) -> set[tuple[Any, ...]]:
        folder.mkdir()
        campaign = begun(MemoryStore(), folder)
        campaign.tell([ONE], ["cat"], annotator="ann", told_at=NINTH)
        for name in names:
            path = written(folder, f"{name}.csv", f"{ONE},cat,{iso(times[name])}", header="id,label,told_at")
            campaign.tell_file(path, annotator="ann")
        campaign.tell([ONE], ["owl"], annotator="ann", told_at=NINTH + 45)
        for name in gone:
            campaign.withdrawals.untell(folder / f"{name}.csv")
        assert campaign.verify().ok
        return {(row.label, row.told_at.timestamp(), row.status) for row in campaign.labels()}

    for count in (1, 2, 3):
        gone = order[:count]
        left = tuple(name for name in "abc" if name not in gone)
        after = told(tmp_path / f"with {count}", ("a", "b", "c"), gone)
        assert after == told(tmp_path / f"without {count}", left, ())


def test_the_labels_of_one_person_are_untold(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"], annotators_per_task=2)
    lines = [f"{example},{label},{who}" for example, label in ((ONE, "cat"), (TWO, "dog")) for who in ("ann", "bob")]
    lines += [f"{THREE},cow,ann", f"{THREE},cow,bob"]
    path = written(tmp_path, "both.csv", *lines, header="id,label,annotator")
    campaign.tell_file(path)
    assert campaign.withdrawals.untell(path, dry_run=True) == Withdrawn(4, 2, closed=2), "labels and examples apart"
    expected = Withdrawn(2, 2, closed=1)
    assert campaign.withdrawals.untell(path, annotator=" bob", dry_run=True) == expected
    assert campaign.withdrawals.untell(path, annotator="bob") == expected
    assert standing(campaign) == {(ONE, "ann"): "cat", (TWO, "ann"): "dog"}
    assert campaign.audit()[-1].details["annotator"] == "bob"
    assert campaign.progress().quarantined == 1
    assert campaign.progress().spend == 4, "what was paid stays paid"
    assert not campaign.withdrawals.untell(path, annotator="bob")
    assert campaign.withdrawals.untell(path) == Withdrawn(2, 2, closed=1)
    assert standing(campaign) == {}
    assert campaign.verify().ok


def test_what_was_deleted_since_stays_deleted_when_a_time_goes_back(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE], ["cat"], annotator="ann", told_at=NINTH)
    path = written(tmp_path, "again.csv", f"{ONE},cat,{iso(TENTH)}", header="id,label,told_at")
    campaign.tell_file(path, annotator="ann")
    campaign.tell([ONE], ["dog"], annotator="ann", told_at=NINTH + 60)
    campaign.delete_labels([ONE], reason="neither")
    assert not campaign.withdrawals.untell(path)
    assert standing(campaign) == {}
    assert campaign.verify().ok


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def test_deletions_count_labels_and_skips_apart(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    one, two, three = ids_of(20)[:3]
    campaign.tell([one, two], ["cat", "dog"], annotator="ann", source="s")
    campaign.skip([three], annotator="ann", reason="too dark")
    found = campaign.withdrawals.preview_deletion(annotator="ann")
    assert (found.labels, found.skips, found.answers, found.tasks) == (2, 1, 3, 3)
    assert campaign.delete_labels(annotator="ann", reason="a mistake") == 3
    assert not campaign.withdrawals.preview_deletion(annotator="ann")
    campaign.skip([three], annotator="ann", reason="too dark")
    assert bool(campaign.withdrawals.preview_deletion(annotator="ann")), "a skip alone is something too"
    assert campaign.verify().ok

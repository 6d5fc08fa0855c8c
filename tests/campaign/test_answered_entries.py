"""Entries of the quarantine after the file was mended and told again: which of them are answered, and none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

import ladle
from ladle.errors import ArgumentError
from ladle.labelling import Store
from tests.campaign.made import begun, ids_of, pool_of

ONE, TWO, THREE, FOUR = ids_of(4)


def written(folder: Path, name: str, *lines: str, header: str = "id,label") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def entries(campaign: ladle.Campaign) -> list[tuple[str, str, bool, bool]]:
    return [(row.id, row.label, row.is_open, row.is_answered) for row in campaign.quarantine()]


def test_a_mended_file_answers_its_entries_which_are_closed_together(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    faulty = written(tmp_path, "a.csv", f"{ONE},cat", f"{TWO},cow", f"{THREE},cow", "stranger,cat")
    assert campaign.tell_file(faulty, annotator="ann").quarantined == 3
    assert campaign.withdrawals.close_quarantined(reason="told again", answered=True) == 0
    mended = written(tmp_path, "b.csv", f"{ONE},cat", f"{TWO},dog", f"{THREE},cow", "stranger,cat")
    told = campaign.tell_file(mended, annotator="ann")
    assert (told.accepted, told.repeated, told.quarantined, told.answered) == (1, 1, 2, 1)
    assert entries(campaign) == [
        (TWO, '"cow"', True, True),
        (THREE, '"cow"', True, False),
        ("stranger", '"cat"', True, False),
    ], "the same faults are there once"
    log = len(campaign.audit())
    assert campaign.withdrawals.close_quarantined(reason="told again", answered=True) == 1
    assert campaign.withdrawals.close_quarantined(reason="told again", answered=True) == 0
    assert len(campaign.audit()) == log + 1
    assert [row.closing for row in campaign.quarantine()] == ["told again", "", ""]
    assert campaign.progress().quarantined == 2
    assert campaign.verify().ok


def test_an_entry_is_answered_by_its_annotator_and_later(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    campaign.tell([ONE], ["cat"], annotator="ann")
    campaign.tell([ONE, TWO], ["cow", "cow"], annotator="ann")
    assert campaign.tell([ONE, TWO], ["dog", "dog"], annotator="bob").answered == 0, "another annotator"
    assert campaign.tell([ONE], ["cat"], annotator="ann").answered == 0, "it stood before: `cow` may correct it"
    assert campaign.skip([TWO], annotator="ann", reason="dark").answered == 1
    assert [row[3] for row in entries(campaign)] == [False, True]
    campaign.delete_labels([TWO], annotator="ann", reason="a slip")
    assert [row[3] for row in entries(campaign)] == [False, False]
    campaign.people.merge("bob", "ann")
    assert [row[3] for row in entries(campaign)] == [True, True], "bob's answers are ann's"
    with pytest.raises(ArgumentError, match="`answered`"):
        campaign.withdrawals.close_quarantined(reason="x", answered="yes")  # type: ignore[arg-type]
    assert campaign.withdrawals.close_quarantined([2], reason="x", answered=True) == 1
    assert campaign.verify().ok


def test_an_answer_and_a_new_fault_of_one_example_are_both_on_record(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    for expected in (1, 1):
        campaign.tell([ONE], ["cow"], annotator="ann")
        assert len(campaign.quarantine()) == expected, "the same value again is there already"
    campaign.tell([ONE], ["horse"], annotator="ann")
    campaign.tell([ONE], ["cow"], annotator="bob")
    assert len(campaign.quarantine()) == 3, "another value, another annotator"
    campaign.tell([ONE], ["dog"], annotator="ann")
    assert campaign.tell([ONE], ["cow"], annotator="ann").quarantined == 1
    assert [row[1:] for row in entries(campaign)] == [
        ('"cow"', True, True),
        ('"horse"', True, True),
        ('"cow"', True, False),
        ('"cow"', True, False),
    ], "it came after the answer"


def test_an_unknown_id_is_answered_once_the_pool_has_it(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=3)
    campaign.tell([FOUR], ["cat"], annotator="ann")
    path = written(tmp_path, "c.csv", f"{ONE},cat,", f"{FOUR},,a smudge", header="id,label,comment")
    campaign.tell_file(path, annotator="ann")
    campaign.extend(pool_of(4))
    assert campaign.tell([FOUR], ["cat"], annotator="ann").answered == 1
    assert [row[3] for row in entries(campaign)] == [True, False], "a label is no answer to a comment"

"""Pages of tasks, labels, events and the quarantine hold what the whole tables hold, in every store."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.campaign import Page
from ladle.errors import ArgumentError, MismatchError
from ladle.labelling import Store
from tests.campaign.made import begun, ids_of, margins

ROWS = 30


@pytest.fixture
def campaign(store: Store, tmp_path: Path) -> ladle.Campaign:
    """Two batches; labelled, disputed, excluded, assigned, taken and gold tasks, and some of no batch."""
    made = begun(store, tmp_path, ROWS, labels=["cat", "dog", "cow"], annotators_per_task=2)
    ids = ids_of(ROWS)
    made.add_gold(ids[:2], ["cat", "dog"])
    made.ask(10, margins=margins(ROWS))
    made.ask(6, margins=margins(ROWS), gold=2)
    made.tell(ids[:8], ["cat"] * 8, annotator="ann")
    made.tell(ids[:6], ["cat", "cat", "dog", "dog", "cat", "cat"], annotator="bob")
    made.tell(ids[4:6], ["dog", "dog"], annotator="bob")
    made.tell([*ids[25:28], "stranger", ids[2]], ["cow", "cat", "cow", "cow", "owl"], annotator="cy")
    made.skip(ids[10:12], annotator="cy", reason="dark")
    made.exclude(ids[9:11], reason="broken")
    made.assign([ids[12], ids[29]], to="ann")
    made.take("bob", 3)
    made.tell([ids[29]], ["cow"], annotator="ann")
    return made


def all_of(read: Any, limit: int, **given: Any) -> list[dict[str, Any]]:
    """The rows of all pages, as `plain`."""
    rows: list[dict[str, Any]] = []
    page: Page = read(limit=limit, **given)
    while True:
        assert len(page) <= limit
        rows += plain(page.rows)
        if page.next is None:
            return rows
        page = read(limit=limit, after=page.next, **given)


def plain(rows: ladle.campaign.Records) -> list[dict[str, Any]]:
    """Rows that are equal when they say the same: NaN is not equal to itself."""
    return [{name: None if value != value else value for name, value in row.items()} for row in rows.to_pylist()]


FILTERS: dict[str, list[Any]] = {
    "state": [None, "open", "labelled", "disputed"],
    "batch": [None, 2],
    "annotator": [None, "bob"],
    "label": [None, "cat"],
    "assigned_to": [None, "ann"],
}


@pytest.mark.parametrize("limit", [2, 100])
def test_pages_of_tasks_are_the_tasks_that_pass(campaign: ladle.Campaign, limit: int) -> None:
    """Every combination of filters, against the whole table filtered here."""
    whole = all_of(campaign.task_page, 1000)
    current = [row for row in campaign.labels() if row.status == "current"]
    answers = {row["row"]: {each.annotator: each.label for each in current if each.row == row["row"]} for row in whole}
    progress, rounds = campaign.progress(), campaign.rounds()
    assert [row["row"] for row in whole] == sorted(row["row"] for row in whole)
    assert (
        sum(row["batch"] > 0 for row in whole)
        == progress.asked
        == sum(sum(getattr(each, word) for word in ("open", "labelled", "disputed", "excluded")) for each in rounds)
    )
    assert sum(row["state"] == "labelled" for row in whole) == progress.labelled + progress.labelled_unasked
    assert [row["row"] for row in whole if row["state"] == "disputed"] == sorted(campaign.disputes()["row"].tolist())
    assert {row["row"]: row["labels"] for row in whole} == answers
    out = {row.row: row for row in campaign.outstanding()}
    for row in whole:
        if row["row"] in out:
            same = out[row["row"]]
            assert (row["taken_by"], row["assigned_to"], row["round"], row["order"]) == (
                *(same.taken_by, same.assigned_to),
                *(same.round, same.order),
            )
    assigned = {12, 29}
    others = [("excluded", None, None, None, None), (None, 0, None, None, None), (None, 9, "nobody", "cow", None)]
    for chosen in [*product(*FILTERS.values()), *others]:
        given = {name: value for name, value in zip(FILTERS, chosen, strict=True) if value is not None}
        state, batch, annotator, label, to = chosen
        expected = [
            row["row"]
            for row in whole
            if (state is None or row["state"] == state or (state, row["state"]) == ("open", "unasked"))
            and (batch is None or row["batch"] == batch)
            and (annotator is None or annotator in row["labels"])
            and (
                label is None
                or label in (row["labels"].values() if annotator is None else [row["labels"].get(annotator)])
            )
            and (to is None or row["row"] in assigned)
        ]
        found = all_of(campaign.task_page, limit, **given)
        assert sorted(row["row"] for row in found) == expected, given
        assert all(row in whole for row in found)


@pytest.mark.parametrize("limit", [3, 100])
def test_pages_of_the_other_tables_are_the_tables(campaign: ladle.Campaign, limit: int) -> None:
    assert all_of(campaign.label_page, limit) == plain(campaign.labels())
    assert all_of(campaign.audit_page, limit) == plain(campaign.audit())[::-1]
    assert all_of(campaign.quarantine_page, limit, open_only=False) == plain(campaign.quarantine())
    campaign.withdrawals.close_quarantined([1], reason="seen")
    opened = [row for row in plain(campaign.quarantine()) if row["is_open"]]
    assert len(opened) == 1
    assert all_of(campaign.quarantine_page, limit) == opened


def test_labels_of_several_pages_are_of_one_moment(campaign: ladle.Campaign) -> None:
    """What is told between two pages is not in them; other changes end the reading."""
    whole = plain(campaign.labels())
    page = campaign.label_page(limit=2)
    found = plain(page.rows)
    campaign.tell(ids_of(ROWS)[:9], ["cow"] * 9, annotator="ann")  # supersedes some
    while page.next:
        page = campaign.label_page(limit=2, after=page.next)
        found += plain(page.rows)
    assert found == whole
    first = campaign.label_page(limit=2)
    campaign.delete_labels(ids_of(ROWS)[:1], reason="wrong")
    with pytest.raises(MismatchError, match="Begin again"):
        campaign.label_page(limit=2, after=first.next)


@pytest.mark.parametrize("after", ["", "x", "1.2.3.4", "01.2", "9" * 40, "1.-", "1,2"])
def test_another_after_is_refused(campaign: ladle.Campaign, after: str) -> None:
    for read in (campaign.task_page, campaign.label_page, campaign.audit_page, campaign.quarantine_page):
        with pytest.raises(ArgumentError, match="`after`"):
            read(after=after)

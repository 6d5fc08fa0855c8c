"""Pages of tasks, labels, events and the quarantine hold what the whole tables hold, in every store."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
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


@pytest.mark.parametrize("limit", [2, 100])
@pytest.mark.parametrize("agreement", ["majority", "dawid-skene"])
def test_pages_of_resolved_labels_are_the_resolved_labels(campaign: ladle.Campaign, limit: int, agreement: str) -> None:
    """With every filter, gold of no answer and final words that nobody else has said among them."""
    campaign.set(agreement=agreement)
    ids = ids_of(ROWS)
    campaign.add_gold(ids[20:22], ["cow", "cow"])
    campaign.tell(ids[6:8], ["cat", "cat"], annotator="bob")
    campaign.adjudicate([ids[3], ids[13]], ["cow", "cow"])
    campaign.exclude(ids[5:6], reason="late")
    whole = plain(campaign.resolved())
    batch_of = {row["row"]: row["batch"] for row in all_of(campaign.task_page, 1000)}
    assert {row["how"] for row in whole} == {"gold", "adjudicated", agreement}
    for batch, label in product([None, 0, 1, 2, 9], [None, "cat", "dog", "cow"]):
        given = {name: each for name, each in (("batch", batch), ("label", label)) if each is not None}
        found = all_of(campaign.resolved_page, limit, **given)
        expected = [
            row for row in whole if batch in (None, batch_of.get(row["row"], 0)) and label in (None, row["label"])
        ]
        assert sorted(found, key=lambda row: row["row"]) == expected, given


@pytest.mark.parametrize("limit", [2, 100])
def test_tasks_of_a_cluster_and_with_a_comment(store: Store, tmp_path: Path, limit: int) -> None:
    """With all other filters, against the whole table filtered here; the totals are the lengths."""
    clusters = np.arange(ROWS, dtype=np.int32) // 5
    made = begun(store, tmp_path, ROWS, strategy="cluster-margin", tree=clusters, labels=["cat", "dog"])
    ids = ids_of(ROWS)
    made.ask(12, margins=margins(ROWS))
    asked = made.batch().ids.tolist()
    made.tell(asked[:6], ["cat", "dog"] * 3, annotator="ann")
    made.assign(asked[4:8], to="bob")
    made.comment([asked[0], asked[7], ids[29]], ["odd", "flag", "odd"], annotator="ann")
    whole = {row["id"]: row for row in all_of(made.task_page, 1000)}
    noted = {"odd": {asked[0], ids[29]}, "flag": {asked[7]}, "": {asked[0], asked[7], ids[29]}, "none": set()}
    labels = {asked[place]: "cat" if place % 2 == 0 else "dog" for place in range(6)}
    for cluster, comment, state, annotator, label, to in product(
        [None, 0, 3], [None, *noted], [None, "open"], [None, "ann"], [None, "dog"], [None, "bob"]
    ):
        chosen = (cluster, comment, state, annotator, label, to)
        names = ("cluster", "comment", "state", "annotator", "label", "assigned_to")
        given = {name: each for name, each in zip(names, chosen, strict=True) if each is not None}
        expected = {
            example
            for example, row in whole.items()
            if (cluster is None or row["row"] // 5 == cluster)
            and (comment is None or example in noted[comment])
            and (state is None or row["state"] in ("open", "unasked"))
            and (annotator is None or example in labels)
            and (label is None or labels.get(example) == label)
            and (to is None or example in asked[4:8])
        }
        found = [row["id"] for row in all_of(made.task_page, limit, **given)]
        assert len(found) == len(set(found))
        assert set(found) == expected, given
        total = made.task_total(**given)
        assert total == (None if annotator or label or to else len(expected)), given
    for number in (6, 99):
        with pytest.raises(ArgumentError, match="6 clusters"):
            made.task_page(cluster=number)


def test_totals_are_those_of_all_pages(campaign: ladle.Campaign) -> None:
    states = [None, "open", "labelled", "disputed", "excluded"]
    for state, batch in product(states, [None, 0, 1, 2, 9]):
        given = {name: each for name, each in (("state", state), ("batch", batch)) if each is not None}
        assert campaign.task_total(**given) == len(all_of(campaign.task_page, 1000, **given)), given
    with pytest.raises(ArgumentError, match="without clusters"):
        campaign.task_total(cluster=0)


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

"""Spend is labels paid for; labels that tasks of batches still lack are reserved apart from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ladle
from ladle.campaign import compare
from ladle.errors import ArgumentError
from ladle.labelling import MemoryStore, Store
from ladle.labelling.contract.columns import repeated, texts
from ladle.labelling.contract.tables import LabelTable
from ladle.labelling.contract.tallies import paid_for
from ladle.labelling.measures.spending import cost_of, payments
from ladle.labelling.people import NameChange
from tests.campaign.made import begun, ids_of, margins


def labels_told(rows: list[tuple[int, str, str, int, str, int]]) -> LabelTable:
    """rows: (row, annotator, label, origin, told_by, event), in the order of their numbers."""
    row, annotator, label, origin, told_by, event = zip(*rows, strict=True) if rows else ((),) * 6
    zeros, nothing = repeated(0, len(rows)), repeated("", len(rows))
    return LabelTable(
        number=np.arange(1, len(rows) + 1),
        row=np.array(row, np.int64),
        annotator=texts(annotator),
        version=zeros,
        label=texts(label),
        told_at=zeros,
        recorded_at=zeros,
        source=nothing,
        status=zeros,
        event=np.array(event, np.int64),
        ended=zeros,
        as_told=nothing,
        told_by=texts(told_by),
        origin=np.array(origin, np.int64),
        spent_ms=zeros,
        reason=nothing,
        file=nothing,
    )


def money(campaign: ladle.Campaign) -> tuple[int, int, int | None]:
    found = campaign.progress()
    return found.spend, found.reserved, found.left


def test_labels_are_paid_for_when_they_are_told(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=20, labels=["cat", "dog"])
    batch = campaign.ask(10, margins=margins())
    assert money(campaign) == (0, 10, 10)
    campaign.tell(batch.ids[:4], ["cat"] * 4, annotator="ann")
    assert money(campaign) == (4, 6, 10)
    campaign.tell(ids_of(40)[20:25], ["cat"] * 5, annotator="ann")  # nobody asked for these
    assert money(campaign) == (9, 6, 5)
    words = r"20 labels: 9 are paid for, 6 reserved .* and 5 left for 5 examples; got 6"
    with pytest.raises(ArgumentError, match=words):
        campaign.ask(6, margins=margins())
    assert len(campaign.ask(5, margins=margins())) == 5
    assert money(campaign) == (9, 11, 0)
    assert campaign.verify().ok


def test_more_labels_than_the_budget_are_all_counted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=20)
    campaign.tell(ids_of(40), ["cat"] * 40, annotator="ann")
    assert money(campaign) == (40, 0, 0)
    assert campaign.verify().ok
    with pytest.raises(ArgumentError, match="40 are paid for, 0 reserved"):
        campaign.ask(1, margins=margins())


def test_a_correction_is_not_paid_for_again(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=20)
    batch = campaign.ask(10, margins=margins())
    campaign.tell(batch.ids, ["cat"] * 10, annotator="ann")
    campaign.tell(batch.ids, ["dog"] * 10, annotator="ann")
    assert money(campaign) == (10, 0, 10)
    campaign.delete_labels(batch.ids[:4], reason="wrong")  # paid for all the same, and to be labelled again
    assert money(campaign) == (10, 4, 6)
    campaign.tell(batch.ids[:4], ["dog"] * 4, annotator="ann")
    assert money(campaign) == (10, 0, 10)
    campaign.tell(batch.ids[:4], ["dog"] * 4, annotator="bob")
    assert money(campaign) == (14, 0, 6)


def test_labels_of_disputes_are_paid_for(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=30, annotators_per_task=2)
    batch = campaign.ask(10, margins=margins())
    assert money(campaign) == (0, 20, 10)
    campaign.tell(batch.ids, ["cat"] * 10, annotator="ann")
    assert money(campaign) == (10, 10, 10)
    campaign.tell(batch.ids, ["cat"] * 7 + ["dog"] * 3, annotator="bob")
    assert money(campaign) == (20, 3, 7)
    campaign.tell(batch.ids[-3:], ["dog"] * 3, annotator="cid")
    assert money(campaign) == (23, 0, 7)


def test_imported_labels_are_free(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=10)
    batch = campaign.ask(10, margins=margins())
    campaign.import_labels(batch.ids[:4], ["cat"] * 4, source="old", annotator="archive")
    campaign.import_labels(ids_of(40)[30:], ["cat"] * 10, source="old", annotator="archive")
    assert money(campaign) == (0, 6, 4)


def test_an_excluded_example_without_a_label_reserves_nothing(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=20)
    batch = campaign.ask(20, margins=margins())
    campaign.tell(batch.ids[:5], ["cat"] * 5, annotator="ann")
    campaign.exclude(batch.ids[:10], reason="blurred")
    assert money(campaign) == (5, 10, 5)
    assert len(campaign.ask(5, margins=margins())) == 5
    campaign.include(batch.ids[:10])  # they are wanted again: beyond the budget, and nothing more can be asked
    assert money(campaign) == (5, 20, 0)
    assert campaign.verify().ok


def test_a_price_makes_a_cost(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=0.1, currency="EUR")
    assert (campaign.progress().cost, campaign.progress().left) == (0.0, None)
    campaign.tell(ids_of(40)[:3], ["cat"] * 3, annotator="ann")
    assert (campaign.progress().cost, campaign.progress().currency) == (0.3, "EUR")
    other = begun(store, tmp_path / "other", name="owls")
    assert other.progress().cost is None


def test_a_new_price_changes_nothing_of_what_was_paid(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=0.05, currency="EUR")
    other = begun(store, tmp_path / "other", name="owls", price=0.1, currency="USD")
    batch = campaign.ask(12, margins=margins())
    campaign.tell(batch.ids[:4], ["cat"] * 4, annotator="ann")
    campaign.set(price=0.10, currency="USD")
    assert (campaign.progress().costs, campaign.progress().cost) == ({"EUR": 0.2}, 0.0)
    campaign.tell(batch.ids[3:6], ["dog"] * 3, annotator="ann")  # one corrects a label that was paid for
    campaign.delete_labels(batch.ids[:1], annotator="ann", reason="slip")
    found = campaign.progress()
    assert (found.costs, found.cost, found.spend) == ({"EUR": 0.2, "USD": 0.2}, 0.2, 6)
    compared = {row.campaign: row.costs for row in compare(campaign, other).campaigns}
    assert compared == {"birds": "0.20 EUR + 0.20 USD", "owls": ""}
    campaign.set(price=None)
    assert campaign.progress().costs == {"EUR": 0.2, "USD": 0.2}
    campaign.tell(batch.ids[6:7], ["dog"], annotator="ann")  # at the next price that is set
    assert campaign.progress().costs == {"EUR": 0.2, "USD": 0.2}
    campaign.set(price=1.0)
    assert campaign.progress().costs == {"EUR": 0.2, "USD": 1.2}
    assert campaign.verify().ok


def test_a_price_that_comes_late_is_that_of_all_labels_before(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell(ids_of(40)[:3], ["cat"] * 3, annotator="ann")
    assert (campaign.progress().cost, campaign.progress().costs) == (None, {})
    campaign.set(price=0.1)
    assert campaign.progress().costs == {"": 0.3}
    campaign.set(currency="EUR")
    assert (campaign.progress().cost, campaign.progress().costs) == (0.3, {"EUR": 0.3})


def test_labels_paid_twice_keep_the_price_of_their_time(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=1.0, currency="EUR")
    campaign.tell(ids_of(40)[:3], ["cat"] * 3, annotator="ann")
    campaign.tell(ids_of(40)[:2], ["cat"] * 2, annotator="Ann")
    campaign.set(price=10.0)
    campaign.tell(ids_of(40)[2:3], ["cat"], annotator="Ann")
    assert campaign.progress().costs == {"EUR": 15.0}
    campaign.people.merge("Ann", "ann")
    assert (campaign.progress().costs, campaign.progress().spend) == ({"EUR": 15.0}, 6)
    campaign.people.rename("ann", "Ann Lee")
    campaign.tell(ids_of(40)[:3], ["dog"] * 3, annotator="Ann Lee")  # her corrections
    assert campaign.progress().costs == {"EUR": 15.0}


MERGED, RENAMED, DELETED = "merged", "renamed", "deleted"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ([MERGED], "Ann"),
        ([RENAMED], "ann"),
        ([RENAMED], "Ann Lee"),
        ([MERGED, RENAMED], "Ann"),
        ([MERGED, RENAMED], "Ann Lee"),
        ([DELETED, RENAMED], "ann"),
        ([DELETED, MERGED], "Ann"),
    ],
)
def test_free_corrections_stay_free_when_people_are_merged(
    changes: list[str], name: str, store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path, price=1.0, currency="EUR")
    ids = ids_of(40)
    campaign.tell(ids[:1], ["cat"], annotator="ann")
    campaign.tell(ids[1:2], ["cat"], annotator="Ann")
    for change in changes:
        if change == MERGED:
            campaign.people.merge("Ann", "ann")
        elif change == RENAMED:
            campaign.people.rename("ann", "Ann Lee")
        else:
            campaign.delete_labels(ids[:2], reason="a wrong guide")
    campaign.tell(ids[:1], ["dog"], annotator=name)  # a correction
    campaign.set(price=5.0)
    campaign.tell(ids[:1], ["cat"], annotator=name)  # another one
    campaign.tell(ids[:1], ["dog"], annotator="cid")
    assert (campaign.progress().costs, campaign.progress().spend) == ({"EUR": 7.0}, 3)
    campaign.people.merge("cid", name)
    assert (campaign.progress().costs, campaign.progress().spend) == ({"EUR": 7.0}, 3)
    assert campaign.verify().ok


NAMED = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.one_of(
    st.tuples(st.just("tell"), st.tuples(st.integers(0, 1), NAMED)),
    st.tuples(st.sampled_from(["merge", "rename"]), st.tuples(NAMED, NAMED)),
)


@given(st.lists(STEPS, max_size=14))
def test_payments_are_what_was_new_of_each_person_at_its_time(steps: list[tuple[str, tuple]]) -> None:
    """Truth: sets of the names of each person, and of the examples that each person was paid for."""
    names_of = {name: {name} for name in "abcd"}  # a name -> all names of its person
    shown = {name: name for name in "abcd"}  # a name -> the name that its person goes by
    told: list[tuple[int, str, int]] = []
    changes: list[NameChange] = []
    expected = []
    for event, (kind, (one, other)) in enumerate(steps, start=1):
        if kind == "tell":
            if not any(row == one and name in names_of[other] for row, name, _ in told):
                expected.append(event)
            told.append((one, other, event))
            continue
        is_own = other in names_of[one]
        is_new = names_of[other] == {other} and all(name != other for _, name, _ in told)
        if (is_own if kind == "merge" else not is_own and not is_new) or shown[one] == other:
            continue
        new = shown[other] if kind == "merge" else other
        changes.append(NameChange(event, shown[one], new))
        everything = names_of[one] | names_of[other]
        names_of |= dict.fromkeys(everything, everything)
        shown |= dict.fromkeys(everything, new)
    label = labels_told([(row, shown[name], '"cat"', 0, name, event) for row, name, event in told])
    assert payments(label, changes).event.tolist() == expected


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"price": -0.01}, "`price`"),
        ({"price": float("nan")}, "`price`"),
        ({"price": "0.1"}, "`price`"),
        ({"price": True}, "`price`"),
        ({"currency": "x" * 21}, "`currency`"),
        ({"currency": "EUR\n"}, "`currency`"),
        ({"currency": None}, "`currency`"),
    ],
)
def test_a_price_that_is_none(settings: dict, named: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=named):
        begun(MemoryStore(), tmp_path, **settings)


def test_a_budget_that_others_use_up_meanwhile(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = begun(store, tmp_path, budget=10, strategy="uniform")
    choose = ladle.campaign.work.asking._select

    def slowly(*arguments: object) -> object:
        monkeypatch.undo()
        selection = choose(*arguments)  # type: ignore[arg-type]
        closed = set(range(40)) - set(selection.rows.tolist())
        rows = sorted(closed)[:3]
        campaign.tell([ids_of(40)[row] for row in rows], ["cat"] * 3, annotator="ann")
        return selection

    monkeypatch.setattr(ladle.campaign.work.asking, "_select", slowly)
    with pytest.raises(ArgumentError, match="3 are paid for"):
        campaign.ask(8)
    assert campaign.progress().rounds == 0
    assert campaign.verify().ok


NAMES, WORDS = st.sampled_from(["ann", "bob", ""]), st.sampled_from(["", '"a"', '"b"'])


@given(st.lists(st.tuples(st.integers(0, 3), NAMES, WORDS, st.integers(0, 1)), max_size=12))
def test_paid_for_is_what_a_set_of_pairs_says(rows: list[tuple[int, str, str, int]]) -> None:
    label = labels_told([(*row, "", 0) for row in rows])
    first: dict[tuple[int, str], int] = {}
    for number, (row, name, text, origin) in enumerate(rows, start=1):
        if text and not origin:
            first.setdefault((row, name), number)
    assert paid_for(label).number.tolist() == sorted(first.values())


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_a_cost_is_exact_to_the_cent(labels: int, cents: int) -> None:
    assert cost_of(labels, cents / 100) == labels * cents / 100
    assert cost_of(labels, None) is None


def test_what_was_paid_stays_paid_when_people_are_merged(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=20)
    batch = campaign.ask(4, margins=margins())
    for name in ("ann", "Ann", "ANN"):
        campaign.tell(batch.ids, ["cat"] * 4, annotator=name)
    campaign.skip(ids_of(5)[4:], annotator="Ann", reason="dark")
    campaign.tell(ids_of(5)[4:], ["cat"], annotator="ann")
    assert money(campaign) == (13, 0, 7)
    campaign.people.merge("Ann", "ann")
    assert campaign.audit()[-1].details["paid_twice"] == 4
    assert money(campaign) == (13, 0, 7)
    campaign.people.merge("ANN", "ann")
    assert money(campaign) == (13, 0, 7)
    campaign.tell(batch.ids, ["dog"] * 4, annotator="Ann")  # her corrections
    campaign.people.rename("ann", "Ann Lee")
    campaign.tell(batch.ids, ["owl"] * 4, annotator="Ann Lee")
    assert money(campaign) == (13, 0, 7)
    with pytest.raises(ArgumentError, match="20 labels: 13 are paid for"):
        campaign.ask(8, margins=margins())
    campaign.tell(batch.ids, ["owl"] * 4, annotator="bob")
    assert money(campaign) == (17, 0, 3)
    assert campaign.verify().ok


def test_an_assignment_reserves_nothing_until_it_is_asked_for(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=6)
    campaign.ask(2, margins=margins())
    campaign.assign(ids_of(40)[:1] + ids_of(40)[30:33], to="ann")
    assert money(campaign) == (0, 2, 4), "what an ask has chosen is reserved, and nothing else"
    campaign.tell(ids_of(40)[30:33], ["cat"] * 3, annotator="ann")
    assert money(campaign) == (3, 2, 1), "its labels are paid for as all others"
    assert "reserves" in str(ladle.Campaign.assign.__doc__)


def test_a_mistaken_price_is_corrected_for_what_was_paid_at_it(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=0.04, currency="EUR", by="lea", labels=["cat", "dog"])
    ids = ids_of(40)

    def costs(first: int) -> dict[str, float]:
        campaign.tell(ids[first : first + 2], ["cat"] * 2, annotator="ann")
        return campaign.progress().costs

    assert costs(0) == {"EUR": 0.08}
    campaign.set(price=5)
    assert costs(2) == {"EUR": 10.08}
    change = campaign.set(price=0.05, instead_of=5)
    assert change.corrected == {"instead_of": 5.0, "price": 0.05}
    assert change.changed == {"price": (5.0, 0.05)}
    assert campaign.progress().costs == {"EUR": 0.18}
    assert costs(4) == {"EUR": 0.28}
    details = campaign.audit()[-2].details
    assert (details["corrected"], details["changed"]) == (change.corrected, {"price": [5.0, 0.05]})
    assert not campaign.set(price=0.05, instead_of=5), "it was done before"
    campaign.set(price=5)
    assert costs(6) == {"EUR": 10.28}, "a price that is meant stays"
    campaign.set(price=1)
    campaign.classes.rename("dog", "wolf")
    assert not campaign.set(price=6, instead_of=5).changed, "a later price stays in force"
    assert costs(8) == {"EUR": 14.28}
    assert campaign.set(currency="USD", instead_of=6).corrected == {"instead_of": 6.0, "currency": "USD"}
    assert campaign.progress().costs == {"EUR": 2.28, "USD": 12.0}
    assert campaign.settings.correction == {}
    assert campaign.verify().ok


def test_a_correction_that_cannot_be_is_refused(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=0.04)
    event = campaign.last_event()
    with pytest.raises(ArgumentError, match=r"`instead_of` must be a price that has held: 0\.04; got 5"):
        campaign.set(price=0.05, instead_of=5)
    with pytest.raises(ArgumentError, match="`instead_of` must come with the right `price`"):
        campaign.set(budget=100, instead_of=0.04)
    with pytest.raises(ArgumentError, match="`instead_of` must come with the right `price`"):
        campaign.set(price=None, instead_of=0.04)
    with pytest.raises(ArgumentError, match="`price`"):
        campaign.set(price=-1, instead_of=0.04)
    assert campaign.last_event() == event


def test_labels_without_a_price_are_counted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=5, currency="EUR")
    other = begun(store, tmp_path / "other", name="owls")
    ids = ids_of(40)
    other.tell(ids[:1], ["cat"], annotator="ann")
    campaign.tell(ids[:3], ["cat"] * 3, annotator="ann")
    assert campaign.progress().unpriced == 0
    campaign.set(price=None)
    campaign.tell(ids[2:5], ["cat"] * 3, annotator="ann")
    found = campaign.progress()
    assert (found.costs, found.unpriced) == ({"EUR": 15.0}, 2)
    compared = {row.campaign: row.costs for row in compare(campaign, other).campaigns}
    assert compared == {"birds": "15.00 EUR (without 2 labels of no price)", "owls": ""}
    assert (other.progress().costs, other.progress().unpriced) == ({}, 1)
    campaign.set(price=1)
    assert (campaign.progress().costs, campaign.progress().unpriced) == ({"EUR": 17.0}, 0)


def test_a_currency_is_corrected_for_prices_of_one_currency_alone(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, price=1.0, currency="EUR")
    campaign.tell(ids_of(40)[:2], ["cat"] * 2, annotator="ann")
    campaign.set(currency="USD")
    campaign.tell(ids_of(40)[2:3], ["cat"], annotator="ann")
    with pytest.raises(ArgumentError, match="1, which held in EUR and USD"):
        campaign.set(currency="GBP", instead_of=1.0)
    assert campaign.progress().costs == {"EUR": 2.0, "USD": 1.0}
    campaign.set(price=2.0, instead_of=1.0)
    assert campaign.progress().costs == {"EUR": 4.0, "USD": 2.0}

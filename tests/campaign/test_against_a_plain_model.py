"""Whatever is done to a campaign, in whatever order, every store answers as the plain model does."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import ladle
from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore
from tests.campaign.counted_anew import assert_figures_are_those_of_all_rows
from tests.campaign.made import enrol
from tests.campaign.plain_model import Model

POOL = 14
LEASE = 100.0
ROWS = st.integers(0, POOL - 1)
SOME_ROWS = st.lists(ROWS, min_size=1, max_size=4, unique=True)
ANNOTATORS = st.sampled_from(["ann", "Ann", "bob", "cy", ""])
PEOPLE = st.sampled_from(["ann", "bob", "cy"])
TEAMS = {"ann": "red", "bob": "red"}
NAMES = st.sampled_from(["ann", "cy", "red"])
CLASSES = st.sampled_from(["cat", "dog", "cow", "emu"])
BEGINNING = 1_000_000.0
SHARES = st.sampled_from([0.0, 0.2, 0.5])
SAID = st.lists(
    st.tuples(
        st.integers(-2, POOL + 1),
        st.sampled_from(["cat", "dog", "cat", "dog", "cow", "emu", None]),
        ANNOTATORS,
        st.sampled_from([None, None, BEGINNING - 50, BEGINNING, BEGINNING + 50]),
    ),
    min_size=1,
    max_size=6,
)


def word_of(seed: int, example_id: str) -> int:
    """Where the control has an example in its order."""
    text = f"{seed}\x1fcontrol\x1f{example_id}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class Machine(RuleBasedStateMachine):
    """One campaign, and the model of it."""

    def __init__(self, make: object) -> None:
        super().__init__()
        self.store: Store = make()  # type: ignore[operator]
        self.told: dict[str, tuple[list, object]] = {}
        self.asked: dict[str, tuple[int, int]] = {}

    @initialize(per_task=st.integers(1, 2), budget=st.sampled_from([None, 18]), seed=st.integers(0, 3), control=SHARES)
    def begin(self, per_task: int, budget: int | None, seed: int, control: float) -> None:
        self.now = BEGINNING
        order = sorted(range(POOL), key=lambda row: word_of(seed, f"image {row}"))
        self.model = Model(POOL, per_task, budget, control=control, order=order, now=self.now, teams=TEAMS)
        self.folder = tempfile.TemporaryDirectory()
        self.ids = [f"image {row}" for row in range(POOL)]
        pool = ladle.open_pool(np.zeros((POOL, 1)), ids=self.ids)
        self.campaign = ladle.Campaign.create(
            self.store,
            name="birds",
            pool=pool,
            strategy="uniform",
            labels=["cat", "dog"],
            annotators_per_task=per_task,
            budget=budget,
            seed=seed,
            control=control,
            price=1.0,
            currency="EUR",
            lease_seconds=LEASE,
            files=self.folder.name,
            clock=self.clock,
        )
        for person, team in TEAMS.items():
            enrol(self.store, person, team)

    def clock(self) -> float:
        return self.now

    def named(self, row: int) -> str:
        return self.ids[row] if 0 <= row < POOL else f"stranger {row}"

    def rows(self, ids: object) -> list[int]:
        return [self.ids.index(each) for each in ids]  # type: ignore[attr-defined]

    @rule(size=st.integers(1, 6), keyed=st.booleans(), gold=st.integers(0, 1), holder=st.just("") | NAMES)
    def ask(self, size: int, keyed: bool, gold: int, holder: str) -> None:
        key = f"ask {len(self.model.batches)}" if keyed else ""
        free, tests = self.model.free(), min(gold, len(set(self.model.gold) - set(self.model.excluded)))
        if size > len(free) or size + tests > self.model.left():
            with pytest.raises(ArgumentError):
                self.campaign.ask(size, key=key, gold=tests)
            return
        batch = self.campaign.ask(size, key=key, gold=tests, holder=holder)
        rows = self.rows(batch.ids)
        assert rows == batch.rows.tolist()
        assert len(set(rows)) == len(rows) == size + tests
        assert not set(rows) & set(self.model.excluded)
        chosen = {row for row in rows if row not in self.model.gold}
        assert len(chosen) == size
        assert chosen <= free
        drawn = self.model.draw(size)
        assert set(drawn) <= chosen
        assert sorted(batch.control.tolist()) == sorted(set(rows) & self.model.members.keys())
        assert batch.number == len(self.model.batches) + 1
        assert not batch.renewed
        assert batch.passed_on == self.model.ask(rows, LEASE, key, holder)
        self.asked[key] = (size, tests)

    @precondition(lambda self: any(batch["key"] for batch in self.model.batches))
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([n for n, batch in enumerate(self.model.batches) if batch["key"]]))
        known = self.model.batches[number]
        size, gold = self.asked[known["key"]]
        with pytest.raises(MismatchError):
            self.campaign.ask(size + 1, key=known["key"], gold=gold)
        batch = self.campaign.ask(size, key=known["key"], gold=gold)
        assert self.rows(batch.ids) == known["rows"]
        assert batch.renewed
        known["lease_until"] = max(known["lease_until"], self.now + LEASE)
        known["ended"] = False

    @rule(said=SAID, keyed=st.booleans())
    def tell(self, said: list, keyed: bool) -> None:
        key = f"tell {len(self.told)}" if keyed else None
        if self.model.annotators_per_task > 1 and any(not annotator for _, _, annotator, _ in said):
            with pytest.raises(ArgumentError, match="name who gave them"):
                self.told_of(said, key)
            return
        told = self.told_of(said, key)
        expected = self.model.tell(said)
        assert {name: getattr(told, name) for name in expected} == dict(expected)
        assert not told.repeat_of_key
        if key:
            self.told[key] = (said, told)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.told)))
        said, told = self.told[key]
        again = self.told_of(said, key)
        assert again.repeat_of_key
        assert again.accepted == told.accepted  # type: ignore[attr-defined]
        with pytest.raises(MismatchError):
            self.told_of([*said, (0, "cat", "ann", None)], key)

    def told_of(self, said: list, key: str | None) -> ladle.campaign.Told:
        rows, labels, annotators, times = zip(*said, strict=True)
        ids = list(map(self.named, rows))
        return self.campaign.tell(ids, list(labels), annotator=list(annotators), key=key, told_at=list(times))

    @rule(rows=SOME_ROWS, annotator=PEOPLE, at=st.sampled_from([None, BEGINNING - 50, BEGINNING + 50]))
    def skip(self, rows: list[int], annotator: str, at: float | None) -> None:
        told = self.campaign.skip([self.ids[row] for row in rows], annotator=annotator, reason="too dark", told_at=at)
        expected = self.model.tell([(row, "skip", annotator, at) for row in rows])
        assert {name: getattr(told, name) for name in expected} == dict(expected)

    @rule(annotator=PEOPLE, size=st.integers(1, 4), share=st.booleans(), disputed=st.booleans())
    def take(self, annotator: str, size: int, share: bool, disputed: bool) -> None:
        taken = self.campaign.take(annotator, size, share=share, disputed=disputed)
        assert self.rows(taken.ids) == self.model.take(annotator, size, LEASE, share, disputed)

    @rule(rows=SOME_ROWS, label=st.sampled_from(["cat", "dog"]))
    def adjudicate(self, rows: list[int], label: str) -> None:
        ids = [self.ids[row] for row in rows]
        if set(rows) & self.model.gold.keys() or label not in self.model.meaning:
            with pytest.raises(ArgumentError):
                self.campaign.adjudicate(ids, label)
            return
        assert self.campaign.adjudicate(ids, label, reason="seen") == self.model.adjudicate(set(rows), label)

    @rule(rows=SOME_ROWS)
    def undo_adjudication(self, rows: list[int]) -> None:
        count = self.campaign.undo_adjudication([self.ids[row] for row in rows])
        assert count == len([self.model.final.pop(row) for row in rows if row in self.model.final])

    @rule(rows=SOME_ROWS, to=NAMES)
    def assign(self, rows: list[int], to: str) -> None:
        is_new, before = not self.model.knows(to), len(self.campaign.notices)
        left_out = sum(self.model.done(to, row) for row in set(rows))
        found = self.campaign.assign([self.ids[row] for row in rows], to=to)
        assert (found.examples, found.left_out) == (self.model.assign(set(rows), to), left_out)
        assert not is_new or any(f"{to!r} is a new name" in each for each in self.campaign.notices[before:])

    @rule(rows=SOME_ROWS, to=st.none() | NAMES)
    def unassign(self, rows: list[int], to: str | None) -> None:
        ids = [self.ids[row] for row in rows]
        if to is not None and not self.model.knows(to):
            with pytest.raises(NotFoundError, match="nobody of that name"):
                self.campaign.unassign(ids, to=to)
            return
        assert self.campaign.unassign(ids, to=to) == self.model.unassign(set(rows), to)

    @rule(annotator=PEOPLE | st.just("red"))
    def release(self, annotator: str) -> None:
        if not self.model.knows(annotator):
            with pytest.raises(NotFoundError, match="nobody of that name"):
                self.campaign.release(annotator)
            return
        held = self.held_by(annotator)
        before = [self.given_back(each) for each in self.ids]
        released = self.campaign.release(annotator)
        assert released == self.model.release(annotator) == held
        told = sum(self.given_back(each) > count for each, count in zip(self.ids, before, strict=True))
        assert told == released, "the stories tell as many"

    def held_by(self, annotator: str) -> int:
        """The tasks that the lists say this person or team has, without those that are only assigned."""
        gold = sum(row.tasks for row in self.campaign.holdings() if (row.who, row.how) == (annotator, "gold"))
        listed = self.campaign.outstanding()
        taken = [annotator in (*row.taken_by.split(", "), *row.overdue_by.split(", ")) for row in listed]
        batch = [row.holder == annotator and row.held_since is not None for row in listed]
        return gold + sum(has or with_batch for has, with_batch in zip(taken, batch, strict=True))

    def given_back(self, example_id: str) -> int:
        """How often the story of an example says that it, or its batch, was given back."""
        return sum("given back by" in what for _, what in self.campaign.story(example_id).lines)

    @rule(rows=SOME_ROWS)
    def exclude(self, rows: list[int]) -> None:
        count = self.campaign.exclude([self.ids[row] for row in rows], reason="blurred")
        assert count == len(set(rows) - self.model.excluded)
        self.model.excluded |= set(rows)

    @rule(rows=SOME_ROWS)
    def include(self, rows: list[int]) -> None:
        assert self.campaign.include([self.ids[row] for row in rows]) == len(set(rows) & self.model.excluded)
        self.model.excluded -= set(rows)

    @rule(rows=SOME_ROWS, annotator=st.sampled_from([None, "ann", "bob"]))
    def delete(self, rows: list[int], annotator: str | None) -> None:
        ids = [self.ids[row] for row in rows]
        deleted = self.campaign.delete_labels(ids, annotator=annotator, reason="a mistake")
        assert deleted == self.model.delete(set(rows), annotator)

    @rule(people=st.integers(1, 3), budget=st.sampled_from([None, 6, 18]), control=SHARES)
    def set_settings(self, people: int, budget: int | None, control: float) -> None:
        before = {"annotators_per_task": self.model.annotators_per_task, "budget": self.model.budget}
        before["control"] = self.model.control
        after = {"annotators_per_task": people, "budget": budget, "control": control}
        changed = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
        states = [self.model.state(row) for row in range(POOL)]
        self.model.annotators_per_task, self.model.budget, self.model.control = people, budget, control
        moved = [self.model.state(row) != state and self.model.is_task(row) for row, state in enumerate(states)]
        change = self.campaign.set(**after)
        assert (dict(change.changed), change.tasks) == (changed, sum(moved))

    @rule(price=st.sampled_from([1, 5, 100]))
    def set_price(self, price: int) -> None:
        self.campaign.set(price=price / 100)
        self.model.price = price

    @rule(old=CLASSES, new=CLASSES)
    def rename_or_merge_classes(self, old: str, new: str) -> None:
        merges = new in self.model.classes
        is_taken = self.model.former.get(new, old) != old
        change = self.campaign.classes.merge if merges else self.campaign.classes.rename
        if old not in self.model.classes or old == new or is_taken:
            self.refused_or_repeated(change, old, new)
            return
        before = self.named_labels()
        (self.model.merge_classes if merges else self.model.rename_class)(old, new)
        assert change(old, new).labels == self.renamed_since(before)

    @rule(name=CLASSES)
    def unmerge_a_class(self, name: str) -> None:
        number = self.model.merged(name)
        if number is None:
            self.refused_or_repeated(self.campaign.classes.unmerge, name)
            return
        before = self.named_labels()
        del self.model.part_of[number]
        assert self.campaign.classes.unmerge(name).labels == self.renamed_since(before)

    def named_labels(self) -> list[object]:
        return [self.model.name(each["meant"]) for each in self.model.labels]

    def renamed_since(self, before: list[object]) -> int:
        return sum(one != other for one, other in zip(before, self.named_labels(), strict=True))

    def refused_or_repeated(self, change: Callable[..., object], *given: str) -> None:
        """A change that the model does not know: a mistake, or one that was made before and changes nothing."""
        before = self.campaign.last_event()
        with suppress(ArgumentError, MismatchError, NotFoundError):
            assert not change(*given)
        assert self.campaign.last_event() == before

    @rule(name=CLASSES)
    def add_a_class(self, name: str) -> None:
        if name in self.model.meaning:
            self.refused_or_repeated(self.campaign.classes.add, name)
            return
        self.campaign.classes.add(name)
        self.model.add_class(name)

    @rule(name=CLASSES)
    def remove_a_class(self, name: str) -> None:
        if name not in self.model.classes or self.model.is_used(name) or len(self.model.classes) == 1:
            self.refused_or_repeated(self.campaign.classes.remove, name)
            return
        self.campaign.classes.remove(name)
        self.model.remove_class(name)

    @invariant()
    def classes_are_the_models(self) -> None:
        assert list(self.campaign.settings.labels.classes) == self.model.classes
        assert dict(self.campaign.settings.labels.former) == self.model.former

    @rule(annotator=st.sampled_from([None, "ann", "bob"]), since=st.sampled_from([BEGINNING - 20, BEGINNING + 20]))
    def delete_since(self, annotator: str | None, since: float) -> None:
        found = self.campaign.withdrawals.preview_deletion(annotator=annotator, since=since)
        deleted = self.campaign.delete_labels(annotator=annotator, since=since, reason="a wrong guide")
        assert found.labels + found.skips == deleted == self.model.delete(None, annotator, since)

    @precondition(lambda self: {"ann", "Ann"} <= {each["annotator"] for each in self.model.labels})
    @rule()
    def merge(self) -> None:
        self.campaign.people.merge("Ann", "ann")
        self.model.merge("Ann", "ann")

    @rule(row=ROWS, word=st.sampled_from(["cat", "dog"]))
    def add_gold(self, row: int, word: str) -> None:
        if word not in self.model.meaning:
            with pytest.raises(ArgumentError):
                self.campaign.add_gold([self.ids[row]], [word])
            return
        assert self.campaign.add_gold([self.ids[row]], [word]) == (row not in self.model.gold)
        self.model.make_gold(row, word)

    @rule(row=ROWS)
    def remove_gold(self, row: int) -> None:
        assert self.campaign.withdrawals.remove_gold([self.ids[row]]) == (row in self.model.gold)
        self.model.gold.pop(row, None)

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.model.now = self.now

    @rule()
    def open_again(self) -> None:
        if isinstance(self.store, SqlStore):
            self.store = SqlStore.open(self.store.url)
        self.campaign = ladle.Campaign.open(self.store, name="birds", clock=self.clock)

    @invariant()
    def progress_is_the_models(self) -> None:
        found, states = (
            self.campaign.progress(),
            [self.model.counted(row) for row in range(POOL) if self.model.is_task(row)],
        )
        assert found.asked == len(self.model.holds)
        held = [self.model.counted(row) for row in self.model.holds]
        assert found.labelled == held.count("labelled")
        assert found.labelled + found.labelled_unasked == states.count("labelled")
        assert found.disputed - found.disputed_unasked == held.count("disputed")
        assert found.disputed == states.count("disputed")
        assert found.outstanding == len(self.model.asked_waiting())
        assert found.rounds == len(self.model.batches)
        assert found.excluded == len(self.model.excluded)
        assert found.quarantined == self.model.quarantined
        assert (found.spend, found.reserved) == (self.model.paid(), self.model.reserved())
        assert found.costs == ({"EUR": sum(self.model.bought.values()) / 100} if self.model.bought else {})

    @invariant()
    def kept_counts_are_those_of_all_rows(self) -> None:
        assert_figures_are_those_of_all_rows(self.campaign)

    @invariant()
    def labels_are_the_models(self) -> None:
        found = [
            (row.row, row.annotator, row.label or "skip", row.version, row.status, row.told_at.timestamp())
            for row in self.campaign.labels()
        ]
        labels = [each | {"label": self.model.name(each["meant"])} for each in self.model.labels]
        assert found == [tuple(each[name] for name in LABEL) for each in labels]

    @invariant()
    def lists_are_the_models(self) -> None:
        self.model.settle()
        assert self.campaign.disputes()["row"].tolist() == self.model.disputes()
        outstanding = self.campaign.outstanding()
        assert outstanding["row"].tolist() == self.model.outstanding()
        assert outstanding["assigned_to"].tolist() == [
            ", ".join(sorted(self.model.assignees(row))) for row in self.model.outstanding()
        ]
        words = {row: self.model.name(meant) for row, meant in self.model.final.items()}
        assert {row.row: row.label for row in self.campaign.adjudications()} == words
        assert {row.row: row.label for row in self.campaign.resolved()} == self.model.resolved()
        for table in (self.campaign.labels(), outstanding, self.campaign.resolved()):
            assert {row.row for row in table if row.control} == set(table["row"].tolist()) & self.model.members.keys()

    def teardown(self) -> None:
        if hasattr(self, "campaign"):
            verdict = self.campaign.verify()
            assert verdict.ok, verdict
            self.campaign.close()
            self.folder.cleanup()


LABEL = ("row", "annotator", "label", "version", "status", "told_at")


@pytest.mark.parametrize(("kind", "examples", "steps"), [("memory", 40, 40), ("sqlite", 6, 25), ("postgres", 4, 25)])
def test_every_store_answers_as_the_plain_model(
    kind: str, examples: int, steps: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = iter(range(10**6))

    def make() -> Store:
        if kind == "memory":
            return MemoryStore()
        if kind == "sqlite":
            return SqlStore.create(f"sqlite:///{tmp_path}/{next(made)}.db")
        return SqlStore.create(request.getfixturevalue("server").new_database())

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=checks,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a database takes minutes to shrink an example
    )
    run_state_machine_as_test(lambda: Machine(make), settings=profile)

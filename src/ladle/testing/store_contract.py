"""The guarantees of `ladle.labelling.contract.store`, as tests for any store.

    class TestMine(StoreContract):
        @pytest.fixture
        def store(self): ...

Needs pytest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest

from ladle.errors import MismatchError, NotFoundError, StoreError
from ladle.labelling.contract import tables
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import Store, Writer
from ladle.labelling.states import DISPUTED, LABELLED, OPEN

TEXTS = ("", "plain", "Ünï©ode 猫 🐈", "quotes ' \" and \\ back", "two\nlines\tand a tab", "%s %(x)s :name ?")
NUMBERS = (0, 1, -1, 2**40, 2**63 - 1, -(2**63))
OCTETS = (b"", b"\x00\xff" * 5, bytes(range(256)))


def rows_of(kind: type[Columns], count: int = 6) -> Columns:
    """`count` rows of a kind with ascending keys; all other values are extreme or unusual."""
    rows = []
    for place in range(count):
        values: list[object] = []
        for name, holds in kind.layout().items():
            if name in kind.KEY and holds == "number":
                values.append(place + 1)
            elif name in kind.KEY or (kind is tables.EventTable and name == "key"):
                values.append(f"{place:06} {TEXTS[place % len(TEXTS)]}")
            else:
                odd = {"number": NUMBERS, "text": TEXTS, "octets": OCTETS}[holds]
                values.append(odd[(place + len(values)) % len(odd)])
        rows.append(tuple(values))
    return kind.of(rows)


def same(one: Columns, other: Columns) -> bool:
    """Whether they hold the same rows in the same order."""
    return type(one) is type(other) and list(one.tuples()) == list(other.tuples())


def tasks(*rows: tuple[int, int, int, int]) -> tables.TaskTable:
    """Tasks of these (row, state, batch, place)."""
    return tables.TaskTable.of([(row, str(row), 0, state, batch, place, 1) for row, state, batch, place in rows])


def label_place(name: str) -> int:
    """The place of a field in a row of labels."""
    return list(tables.LabelTable.layout()).index(name)


class StoreContract:
    """The tests of the contract of a store. Subclass it with a fixture `store` that makes an empty one."""

    def again(self, store: Store) -> Store:
        """Another handle to the same campaigns, such as another process has; by default the same handle."""
        return store

    @pytest.mark.parametrize("kind", tables.KINDS, ids=lambda kind: kind.NAME)
    def test_what_is_read_is_what_was_written(self, store: Store, kind: type[Columns]) -> None:
        """Guarantee 4, for every table and every unusual value."""
        rows = rows_of(kind)
        with store.founding("a", "settings") as writer:
            writer.add(rows)
            assert same(writer.read(kind), rows), "a writer reads its own changes"
        with self.again(store).reading("a") as view:
            assert view.settings == "settings"
            assert same(view.read(kind), rows)

    @pytest.mark.parametrize("kind", tables.KINDS, ids=lambda kind: kind.NAME)
    def test_rows_come_in_the_order_of_their_keys(self, store: Store, kind: type[Columns]) -> None:
        """Guarantee 4, whatever order they were written in."""
        rows = rows_of(kind)
        backwards = rows.take(np.arange(len(rows))[::-1])
        with store.founding("a", "") as writer:
            writer.add(backwards)
        with store.reading("a") as view:
            assert same(view.read(kind), rows)
            field = kind.KEY[0]
            assert same(view.read(kind, field, backwards.column(field).tolist()), rows)

    @pytest.mark.parametrize("kind", tables.KINDS, ids=lambda kind: kind.NAME)
    def test_changed_rows_are_as_they_were_changed(self, store: Store, kind: type[Columns]) -> None:
        """A change replaces the rows of its keys and no other rows."""
        rows = rows_of(kind, 12)
        keys = range(len(kind.KEY))
        names = list(kind.layout())
        turned = [list(row) for row in rows.tuples()]
        for place, row in enumerate(turned[:6]):
            for position, name in enumerate(names):
                if name not in kind.KEY and name != "key":
                    row[position] = turned[place + 6][position]
        changed = kind.of([tuple(row) for row in turned[:6]])
        assert len(keys) > 0
        with store.founding("a", "") as writer:
            writer.add(rows)
        with store.writing("a") as writer:
            writer.change(changed)
        with self.again(store).reading("a") as view:
            assert same(view.read(kind), kind.joined([changed, rows.take(np.arange(6, 12))]))

    def test_a_block_that_raises_leaves_nothing(self, store: Store) -> None:
        """Guarantee 1, for a new campaign and for a change."""
        with pytest.raises(KeyboardInterrupt):
            interrupted(store.founding("a", ""), [], [rows_of(tables.TaskTable)])
        assert store.names() == []
        with store.founding("a", "") as writer:
            writer.add(rows_of(tables.TaskTable))
        with pytest.raises(KeyboardInterrupt):
            interrupted(store.writing("a"), [tasks((1, LABELLED, 1, 1))], [rows_of(tables.LabelTable)])
        with self.again(store).reading("a") as view:
            assert same(view.read(tables.TaskTable), rows_of(tables.TaskTable))
            assert len(view.read(tables.LabelTable)) == 0

    @pytest.mark.parametrize("act", ["add", "change"])
    def test_wrong_keys_are_refused_and_nothing_is_written(self, store: Store, act: str) -> None:
        """Guarantee 5: `add` of an existing key and `change` of a missing one, also among good rows."""
        with store.founding("a", "") as writer:
            writer.add(tasks((1, OPEN, 0, 0), (3, OPEN, 0, 0)))
        wrong = {
            "add": tasks((2, OPEN, 0, 0), (3, LABELLED, 0, 0)),
            "change": tasks((1, LABELLED, 0, 0), (2, OPEN, 0, 0)),
        }
        with pytest.raises(StoreError), store.writing("a") as writer:
            getattr(writer, act)(wrong[act])
        with store.reading("a") as view:
            assert same(view.read(tables.TaskTable), tasks((1, OPEN, 0, 0), (3, OPEN, 0, 0)))

    def test_a_key_of_an_event_is_used_once_a_kind(self, store: Store) -> None:
        """Guarantee 5: except the empty key."""

        def event(seq: int, kind: str, key: str) -> tables.EventTable:
            return tables.EventTable.of([(seq, 1, kind, "", key, "", "{}", "")])

        with store.founding("a", "") as writer:
            for seq, kind, key in [(1, "tell", "k"), (2, "ask", "k"), (3, "tell", ""), (4, "tell", "")]:
                writer.add(event(seq, kind, key))
        with pytest.raises(StoreError), store.writing("a") as writer:
            writer.add(event(5, "tell", "k"))
        with store.reading("a") as view:
            assert view.read(tables.EventTable, "key", ["k"]).seq.tolist() == [1, 2]
            assert view.read(tables.EventTable, "key", ["", "k"]).seq.tolist() == [1, 2, 3, 4]

    def test_campaigns_do_not_see_each_other(self, store: Store) -> None:
        """Guarantee 6: the same key in two campaigns is two rows."""
        for name in ("b", "a"):
            with store.founding(name, f"settings of {name}") as writer:
                writer.add(tasks((1, OPEN, 1, ord(name))))
                writer.add(tables.EventTable.of([(1, 1, "tell", "", "k", "", "{}", "")]))
        assert self.again(store).names() == ["a", "b"]
        with store.writing("a") as writer:
            writer.change(tasks((1, DISPUTED, 2, 0)))
        with store.reading("b") as view:
            assert view.settings == "settings of b"
            assert same(view.read(tables.TaskTable), tasks((1, OPEN, 1, ord("b"))))
            assert same(view.ranked((0, -1), 10), tasks((1, OPEN, 1, ord("b"))))

    def test_a_campaign_begins_once(self, store: Store) -> None:
        """A second campaign of the same name is refused, and the first one does not change."""
        with store.founding("a", "first"):
            pass
        with pytest.raises(MismatchError, match="'a'"), store.founding("a", "second"):
            pass
        with store.reading("a") as view:
            assert view.settings == "first"

    def test_what_is_not_there_is_said_so(self, store: Store) -> None:
        """Readers and writers get an error that names the campaign."""
        with store.founding("Äpfel", ""):
            pass
        for opened in (store.reading, store.writing):
            with pytest.raises(NotFoundError, match="'nobody'"), opened("nobody"):
                pass

    def test_rows_are_found_by_a_field(self, store: Store) -> None:
        """By numbers and by texts, also by more values than a database accepts as parameters."""
        rows = rows_of(tables.LabelTable, 3_000)
        with store.founding("a", "") as writer:
            writer.add(rows)
        with store.reading("a") as view:
            assert same(view.read(tables.LabelTable, "number", [5, 2, 2, 9_999]), rows.take(np.array([1, 4])))
            assert len(view.read(tables.LabelTable, "number", [])) == 0
            assert same(view.read(tables.LabelTable, "number", range(-40_000, 40_000)), rows)
            odd = TEXTS[2]
            assert same(
                view.read(tables.LabelTable, "annotator", [odd, "absent"]), rows.take(rows.column("annotator") == odd)
            )

    @pytest.mark.parametrize("count", [0, 3, 99, 200])
    def test_rows_are_found_among_many_values(self, store: Store, count: int) -> None:
        """Also where a table has fewer rows than there are values, and again after one more was added."""
        rows, numbers = rows_of(tables.LabelTable, count + 1), list(range(2_000, 0, -2))
        known = rows.take(np.arange(count))
        names = [*(f"nobody {each}" for each in numbers), TEXTS[2]]
        with store.founding("a", "") as writer:
            writer.add(known)
        with store.writing("a") as writer:
            is_even, is_named = known.column("number") % 2 == 0, known.column("annotator") == TEXTS[2]
            assert same(writer.read(tables.LabelTable, "number", numbers), known.take(is_even))
            assert same(writer.read(tables.LabelTable, "annotator", names), known.take(is_named))
            writer.add(rows.take(np.array([count])))
            is_even = rows.column("number") % 2 == 0
            assert same(writer.read(tables.LabelTable, "number", numbers), rows.take(is_even))

    def test_the_last_row_is_that_of_the_highest_number(self, store: Store) -> None:
        """An empty table has no last row."""
        with store.founding("a", "") as writer:
            assert len(writer.last(tables.LabelTable)) == 0
            rows = rows_of(tables.LabelTable, 11)
            writer.add(rows.take(np.array([3, 10, 0])))
            assert same(writer.last(tables.LabelTable), rows.take(np.array([10])))

    def test_the_counts_are_those_of_this_campaign(self, store: Store) -> None:
        """Each table is counted as it is at the moment, without the rows of other campaigns."""
        rows = {kind: rows_of(kind, 3 + place) for place, kind in enumerate(tables.KINDS)}
        wanted = {kind.NAME: len(each) for kind, each in rows.items()}
        with store.founding("a", "") as writer:
            assert set(writer.counts().values()) == {0}
            for each in rows.values():
                writer.add(each)
            assert writer.counts() == wanted
        with store.founding("b", "") as writer:
            writer.add(rows[tables.LabelTable])
        with store.reading("a") as view:
            assert view.counts() == wanted

    def test_pages_are_ranges_in_an_order(self, store: Store) -> None:
        """By any fields, after a place, at most `limit`, also of long texts, and only of this campaign."""
        long = "x" * 5_000
        count = 30
        number = np.arange(1, count + 1)
        fields = dict(zip(tables.LabelTable.layout(), rows_of(tables.LabelTable, count).lists(), strict=True))
        fields |= {"row": (40 - number % 7).tolist(), "status": (number % 5 == 0).astype(int).tolist()}
        fields |= {"annotator": [("ann", "bob")[each % 2] for each in range(count)]}
        fields |= {"label": [(long, '"cat"')[each % 3 > 0] for each in range(count)]}
        label = tables.LabelTable.of_fields(list(fields.values()))
        with store.founding("b", "") as writer:
            writer.add(label)
            writer.add(tasks((3, OPEN, 1, 0)))
        with store.founding("a", "") as writer:
            writer.add(label.take(np.arange(len(label))[::-1]))
            writer.add(tasks((8, OPEN, 2, 0), (9, OPEN, 1, 1), (2, OPEN, 2, 5), (5, DISPUTED, 1, 2)))
            assert writer.page(tables.TaskTable, {"state": OPEN}, ("batch", "row"), (0, 0), 9).row.tolist() == [9, 2, 8]
            assert writer.page(tables.TaskTable, {"state": OPEN}, ("batch", "row"), (1, 9), 1).row.tolist() == [2]
            of_batch = {"state": OPEN, "batch": 2}
            assert writer.page(tables.TaskTable, of_batch, ("row",), (2,), 9).row.tolist() == [8]
            assert writer.page(tables.TaskTable, {}, ("row",), (2,), 2).row.tolist() == [5, 8]
        with self.again(store).reading("a") as view:
            assert same(view.page(tables.LabelTable, {}, ("number",), (7,), 5), label.take(np.arange(7, 12)))
            for name, value in (("annotator", "bob"), ("label", '"cat"'), ("label", long), ("annotator", "nobody")):
                chosen = [row for row in label.tuples() if row[label_place(name)] == value and row[8] == 0]
                ordered = sorted(chosen, key=lambda row: (row[1], row[0]))
                where = {name: value, "status": 0}
                assert list(view.page(tables.LabelTable, where, ("row", "number"), (-1, 0), 99).tuples()) == ordered
                later = [row for row in ordered if (row[1], row[0]) > (36, 20)]
                assert list(view.page(tables.LabelTable, where, ("row", "number"), (36, 20), 2).tuples()) == later[:2]

    def test_some_tables_are_counted(self, store: Store) -> None:
        """Only those that are named."""
        with store.founding("a", "") as writer:
            writer.add(tasks((8, OPEN, 2, 0), (9, OPEN, 1, 1)))
            assert writer.counts((tables.TaskTable, tables.LabelTable)) == {"task": 2, "label": 0}

    def test_a_writer_reads_what_it_has_just_written(self, store: Store) -> None:
        """By the same question as before the change, of rows, of one row and of the last."""
        with store.founding("a", "") as writer:
            for state in (OPEN, LABELLED, DISPUTED):
                (writer.change if state else writer.add)(tasks((1, state, 0, 0)))
                assert writer.read(tables.TaskTable, "row", [1]).state.tolist() == [state]
                assert writer.last(tables.TaskTable).state.tolist() == [state]
                assert writer.read(tables.TaskTable).state.tolist() == [state]
            writer.rewrite(tasks((1, OPEN, 0, 0), (2, OPEN, 0, 0)))
            assert writer.last(tables.TaskTable).row.tolist() == [2]
            assert writer.read(tables.TaskTable, "row", [1]).state.tolist() == [OPEN]

    def test_changes_together_stand_or_fall_alone(self, store: Store) -> None:
        """Of the changes of a block `together`, one that raises is undone alone; each sees those before it."""
        with store.founding("a", "") as writer:
            writer.add(tasks((1, OPEN, 1, 1), (2, OPEN, 1, 2)))
        with store.together("a"):
            with store.writing("a") as writer:
                writer.change(tasks((1, LABELLED, 1, 1)))
                assert same(writer.read(tables.TaskTable), tasks((1, LABELLED, 1, 1), (2, OPEN, 1, 2)))
            with pytest.raises(KeyboardInterrupt):
                interrupted(store.writing("a"), [tasks((2, LABELLED, 1, 2))], [tasks((3, OPEN, 1, 3))])
            with pytest.raises(StoreError), store.writing("a") as writer:
                writer.add(tasks((1, OPEN, 1, 1)))
            with store.reading("a") as view:
                assert same(view.read(tables.TaskTable), tasks((1, LABELLED, 1, 1), (2, OPEN, 1, 2)))
                assert len(view.read(tables.TaskTable, "row", [2, 3])) == 1
            with store.writing("a") as writer:
                writer.add(tasks((4, OPEN, 1, 4)))
        with self.again(store).reading("a") as view:
            expected = tasks((1, LABELLED, 1, 1), (2, OPEN, 1, 2), (4, OPEN, 1, 4))
            assert same(view.read(tables.TaskTable), expected)

    def test_the_list_of_waiting_tasks(self, store: Store) -> None:
        """The open and disputed tasks of batches, in order, after a place, at most `limit`."""
        listed = [(9, OPEN, 1, 0), (2, DISPUTED, 1, 7), (5, OPEN, 1, 8), (1, OPEN, 2, 0), (7, OPEN, 3, 2)]
        others = [(3, LABELLED, 1, 1), (4, OPEN, 0, 0), (6, LABELLED, 2, 1), (8, LABELLED + 2, 2, 2)]
        with store.founding("a", "") as writer:
            writer.add(tasks(*listed[::2], *others, *listed[1::2]))
            assert same(writer.ranked((0, -1), 100), tasks(*listed))
            assert same(writer.ranked((1, 7), 2), tasks(*listed[2:4]))
            assert same(writer.ranked((2, 0), 100), tasks(*listed[4:]))
            assert len(writer.ranked((3, 2), 100)) == 0

    def test_the_list_of_disputed_tasks(self, store: Store) -> None:
        """The disputed tasks, of batches or not, in order of event and row, after a place, at most `limit`."""
        states = {9: DISPUTED, 2: DISPUTED, 5: OPEN, 1: DISPUTED, 7: LABELLED, -3: DISPUTED}
        events = {9: 1, 2: 2, 5: 2, 1: 2, 7: 1, -3: 3}
        batches = {9: 1, 2: 0, 5: 1, 1: 4, 7: 0, -3: 0}
        rows = [(row, str(row), 0, states[row], batches[row], 0, events[row]) for row in sorted(states)]
        with store.founding("b", "") as writer:
            writer.add(tasks((8, DISPUTED, 1, 0)))
        with store.founding("a", "") as writer:
            writer.add(tables.TaskTable.of(rows))
            assert writer.disputed((0, -(2**53)), 100).row.tolist() == [9, 1, 2, -3]
            assert writer.disputed((2, 1), 1).row.tolist() == [2]
            assert writer.disputed((2, 1), 100).row.tolist() == [2, -3]
            assert len(writer.disputed((3, -3), 100)) == 0
            assert same(writer.disputed((0, 0), 1), tables.TaskTable.of([(9, "9", 0, DISPUTED, 1, 0, 1)]))

    def test_writers_come_one_after_another(self, store: Store) -> None:
        """Guarantee 2: the reads of a writer are still true when it writes, so no number is used twice."""
        with store.founding("a", ""):
            pass

        def count() -> None:
            mine = self.again(store)
            for _ in range(10):
                with mine.writing("a") as writer:
                    number = len(writer.read(tables.TaskTable)) + 1
                    writer.add(tasks((number, OPEN, 0, 0)))

        together(count, 4)
        with store.reading("a") as view:
            assert view.read(tables.TaskTable).row.tolist() == list(range(1, 41))

    def test_a_view_is_of_one_moment(self, store: Store) -> None:
        """Guarantee 3: a writer meanwhile waits, or its changes are not seen."""
        with store.founding("a", "") as writer:
            writer.add(tasks((1, OPEN, 0, 0)))
        begun = threading.Event()

        def write() -> None:
            begun.set()
            with self.again(store).writing("a") as writer:
                writer.add(tasks((2, OPEN, 0, 0)))
                writer.change(tasks((1, LABELLED, 0, 0)))

        with store.reading("a") as view:
            seen = view.read(tables.TaskTable)
            thread = threading.Thread(target=write)
            thread.start()
            begun.wait()
            thread.join(0.2)  # long enough for a writer that does not wait for readers
            assert same(view.read(tables.TaskTable), seen)
            assert len(view.read(tables.TaskTable, "row", [2])) == 0
        thread.join()
        with store.reading("a") as view:
            assert same(view.read(tables.TaskTable), tasks((1, LABELLED, 0, 0), (2, OPEN, 0, 0)))

    def test_a_view_cannot_write(self, store: Store) -> None:
        """Guarantee 7: a reader has no method that changes rows."""
        with store.founding("a", "settings"):
            pass
        with store.reading("a") as view:
            assert not isinstance(view, Writer)
            assert not hasattr(view, "add")
            assert not hasattr(view, "change")
            assert view.settings == "settings"

    def test_a_sound_store_has_no_problems(self, store: Store) -> None:
        """An undamaged store with rows in every table reports no problem."""
        with store.founding("a", "") as writer:
            for kind in tables.KINDS:
                writer.add(rows_of(kind))
        assert store.problems() == []


def interrupted(block: AbstractContextManager[Writer], changed: list[Columns], added: list[Columns]) -> None:
    """Write, and raise KeyboardInterrupt before the block ends."""
    with block as writer:
        for columns in changed:
            writer.change(columns)
        for columns in added:
            writer.add(columns)
        raise KeyboardInterrupt


def together(work: Callable[[], None], count: int) -> None:
    """Run `work` in `count` threads at once, and raise the first error of any of them."""
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]

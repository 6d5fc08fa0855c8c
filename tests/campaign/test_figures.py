"""The kept counts are those of all rows after every kind of change, in every store, and are read without the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import CorruptFileError
from ladle.labelling import MemoryStore, Store, View
from ladle.labelling.contract.store import Kind
from ladle.labelling.contract.tables import LabelTable, TallyTable, TaskTable, labels_of
from ladle.labelling.contract.tallies import paid_for, standing
from ladle.labelling.measures.speed import DAY, hourly_labels_per_day, labels_per_day
from tests.campaign.counted_anew import assert_figures_are_those_of_all_rows
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins, pool_of

ROWS = 30
IDS = ids_of(ROWS)


def steps(campaign: ladle.Campaign, clock: Clock, folder: Path) -> Iterator[str]:
    """Every kind of change, one after another."""
    (folder / "a.csv").write_text(f"id,label\n{IDS[20]},cow\n{IDS[21]},cow\n")
    yield "created"
    campaign.add_gold(IDS[:3], ["cat", "dog", "cat"])
    yield "gold"
    campaign.ask(10, margins=margins(ROWS), gold=2)
    yield "asked"
    campaign.tell(IDS[:8], ["cat"] * 8, annotator="ann")
    yield "told"
    campaign.tell([*IDS[:6], "stranger", IDS[7]], ["dog"] * 6 + ["cat", "owl"], annotator="bob")
    yield "disputed and quarantined"
    campaign.add_gold(IDS[3:4], ["cat"])
    yield "gold in dispute"
    campaign.exclude(IDS[22:23], reason="no example at all")
    yield "excluded without a task"
    clock.now += 30 * HOUR
    campaign.tell(IDS[:2], ["cow"] * 2, annotator="ann")
    yield "corrected"
    campaign.skip(IDS[8:10], annotator="cy", reason="dark")
    yield "skipped"
    campaign.import_labels(IDS[15:18], ["cow", "cat", "cow"], annotator="old", source="old")
    yield "imported"
    campaign.set(price=0.5, currency="EUR", annotators_per_task=3, budget=90)
    yield "set"
    campaign.tell(IDS[6:12], ["dog"] * 6, annotator="cy")
    yield "told at a price"
    campaign.exclude(IDS[3:5], reason="broken")
    campaign.assign(IDS[11:13], to="dee")
    campaign.adjudicate(IDS[5:7], "cow")
    yield "excluded, assigned and decided"
    campaign.include(IDS[3:4])
    campaign.undo_adjudication(IDS[5:6])
    yield "taken back"
    campaign.tell_file(folder / "a.csv", annotator="dee")
    yield "a file"
    campaign.withdrawals.untell(folder / "a.csv")
    yield "untold"
    campaign.delete_labels(IDS[:2], annotator="bob", reason="wrong")
    yield "deleted"
    campaign.tell(IDS[1:2], ["cat"], annotator="bob")
    yield "told again"
    campaign.people.merge("cy", "bob")
    yield "people merged"
    campaign.classes.merge("cow", "dog")
    yield "classes merged"
    campaign.withdrawals.remove_gold(IDS[2:3])
    campaign.withdrawals.close_quarantined([1], reason="seen")
    yield "closed"
    campaign.take("eve", 3)
    campaign.release("eve")
    clock.now += 20 * HOUR
    campaign.ask(4, margins=margins(ROWS))
    yield "asked again"
    vectors = np.arange(2 * ROWS, dtype=np.float32).reshape(ROWS, 2)[::-1]
    fewer = [each for each in IDS[::-1] if each not in IDS[4:7]]
    campaign.extend(ladle.open_pool(vectors[: len(fewer)].copy(), ids=fewer), replace=True)
    yield "pool replaced"
    campaign.extend(pool_of(ROWS), replace=True)
    yield "pool back"
    campaign.tell(IDS[9:10], ["dog"], annotator="ann")
    yield "told in the end"


def test_after_every_kind_of_change_the_counts_are_those_of_all_rows(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(
        store, tmp_path, ROWS, labels=["cat", "dog", "cow"], annotators_per_task=2, clock=clock, lease_seconds=20 * HOUR
    )
    seen = []
    for step in steps(campaign, clock, tmp_path):
        seen.append(step)
        assert_figures_are_those_of_all_rows(campaign)
        assert_speed_and_day_are_those_of_the_labels(campaign, clock)
        verdict = campaign.verify()
        assert verdict.ok, (step, verdict)
    assert len(seen) == 25
    figures = campaign.figures()
    assert figures.imported == 3
    assert figures.unpriced == 0
    assert figures.costs == {"EUR": figures.spend * 0.5}
    assert campaign.backup(tmp_path / "a.backup")
    shared = ("labels", "spend", "reserved", "agreement", "annotators", "classes")
    with ladle.Campaign.restore(MemoryStore(), tmp_path / "a.backup", files=str(tmp_path / "again")) as again:
        restored = again.figures()
    assert {name: getattr(restored, name) for name in shared} == {name: getattr(figures, name) for name in shared}


def by_the_hour(given: np.ndarray, at: int) -> float | None:
    """The speed of labels that were given at these times."""
    hours, counts = np.unique(given // (3600 * 1_000_000), return_counts=True)
    return hourly_labels_per_day(hours, counts, at, total=len(given))


def assert_speed_and_day_are_those_of_the_labels(campaign: ladle.Campaign, clock: Clock) -> None:
    """The labels by the hour, counted from the whole table."""
    at = round(clock.now * 1e6)
    with campaign._session.reading() as view:
        label = view.read(LabelTable)
    stands = standing(paid_for(label), labels_of(label))
    given = np.minimum(stands.told_at, stands.recorded_at)
    hours = Counter((given // (3600 * 1_000_000)).tolist())
    kept = campaign.figures()
    expected = hourly_labels_per_day(
        np.array(list(hours), np.int64), np.array(list(hours.values())), at, total=len(given)
    )
    assert kept.labels_per_day == expected
    today = given // DAY == at // DAY
    assert kept.today == Counter(stands.annotator[today].tolist())


@pytest.mark.parametrize(
    "ago", [[0], [0, 1], [30, 0], [30, 30, 29, 3], [200, 30, 3], [400, 200], [168.5, 1], [166.5, 1]]
)
def test_the_speed_by_the_hour_is_that_of_the_labels_to_the_hour(ago: list[float]) -> None:
    """With all times on the hour, the two are equal; on other times they differ by an hour at most."""
    at = round(1_800_000_000e6) // DAY * DAY
    given = np.array([at - round(hours * 3600e6) for hours in ago], np.int64)
    zeros = np.zeros(len(given), np.int64)
    timed = ("told_at", "recorded_at")
    paid = LabelTable(*(given if name in timed else zeros for name in LabelTable.layout()))
    found = by_the_hour(given, at)
    exact = labels_per_day(paid, at, since=0)
    assert found == (None if exact is None else pytest.approx(exact, rel=0.05))


class _Watched(View):
    """A view that knows which tables were read."""

    def __init__(self, view: View, read: list[str]) -> None:
        self._view, self._read = view, read

    @property
    def settings(self) -> str:
        return self._view.settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        self._read.append(kind.NAME)
        return self._view.read(kind, field, among)

    def last(self, kind: type[Kind]) -> Kind:
        return self._view.last(kind)

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        self._read.append(kind.NAME)
        return self._view.page(kind, where, by, after, limit)

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        raise AssertionError("figures read tasks")

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        raise AssertionError("figures read tasks")


def test_figures_read_no_task_and_no_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, read = MemoryStore(), list[str]()
    campaign = begun(store, tmp_path, ROWS)
    campaign.ask(10, margins=margins(ROWS))
    campaign.tell(IDS[:4], ["cat"] * 4, annotator="ann")
    reading = store.reading

    @contextmanager
    def watched(name: str) -> Iterator[View]:
        with reading(name) as view:
            yield _Watched(view, read)

    monkeypatch.setattr(store, "reading", watched)
    assert campaign.figures().labels == 4
    assert set(read) <= {"tally", "settings", "event", "person", "model"}


@pytest.mark.parametrize("change", ["lost", "other"])
def test_a_kept_count_that_is_lost_is_refused(change: str, tmp_path: Path) -> None:
    """A lost row is refused by figures, and by verify; a changed one by verify, whose seal is right."""
    store = MemoryStore()
    campaign = begun(store, tmp_path, ROWS)
    campaign.ask(10, margins=margins(ROWS))
    rows: Any = store._campaigns["birds"][1][TallyTable]
    key = next(key for key, row in rows.items() if row[1] == "tasks")
    if change == "lost":
        del rows[key]
        with pytest.raises(CorruptFileError, match="tally"):
            campaign.figures()
    else:
        rows[key] = (*rows[key][:5], 9, rows[key][6])
    assert "the kept count ('tasks', 'open', 1, 0) is" in str(campaign.verify())

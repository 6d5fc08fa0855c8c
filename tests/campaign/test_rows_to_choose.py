"""The rows that no ask may choose, found from the lists of batches, are those that all tasks say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.labelling import Store
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.tables import (
    AssignmentTable,
    BatchTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    TaskTable,
    gold_of,
)
from ladle.labelling.people import People
from ladle.labelling.rules import ask as ask_rules
from ladle.labelling.rules.assign import kept_rows
from ladle.labelling.states import LABELLED, OPEN
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins
from tests.campaign.test_figures import ROWS, steps


def assert_closed_are_those_of_all_tasks(campaign: ladle.Campaign, at: int) -> None:
    with campaign._session.reading() as view:
        task, exclusion = view.read(TaskTable), view.read(ExclusionTable)
        until = ask_rules.lease_ends(task, view.read(BatchTable), view.read(LeaseTable))
        gold = gold_of(view.read(GoldTable)).row
        assigned = kept_rows(view.read(AssignmentTable), view.read(LabelTable), People(view.read(PersonTable)))
        held = task.row[(task.state != OPEN) | (until > at)]
        closed = np.concatenate([held, exclusion.row[exclusion.active == 1], gold, assigned])
        labelled = np.concatenate([task.row[task.state == LABELLED], gold])
        state = ask_rules.pool_state(view, at)
        assert state.closed.tolist() == sorted({row for row in closed.tolist() if row >= 0})
        found = ask_rules.labelled_rows(view, state.gold)
        assert found.tolist() == sorted({row for row in labelled.tolist() if row >= 0})


def test_after_every_kind_of_change_the_closed_rows_are_those_of_all_tasks(store: Store, tmp_path: Path) -> None:
    """Also at later moments, when leases have ended."""
    clock = Clock()
    campaign = begun(
        store, tmp_path, ROWS, labels=["cat", "dog", "cow"], annotators_per_task=2, clock=clock, lease_seconds=20 * HOUR
    )
    for _ in steps(campaign, clock, tmp_path):
        for hours in (0, 10, 30):
            assert_closed_are_those_of_all_tasks(campaign, round((clock.now + hours * HOUR) * 1e6))


def test_what_is_taken_from_a_batch_whose_lease_has_ended_is_closed(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, ROWS, clock=clock, lease_seconds=20 * HOUR)
    campaign.ask(10, margins=margins(ROWS))
    campaign.tell(ids_of(ROWS)[:1], ["cat"], annotator="ann")
    clock.now += 30 * HOUR
    assert len(campaign.take("fay", 2).ids) == 2
    for hours, count in ((0, 3), (30, 1)):
        at = round((clock.now + hours * HOUR) * 1e6)
        assert_closed_are_those_of_all_tasks(campaign, at)
        with campaign._session.reading() as view:
            assert len(ask_rules.pool_state(view, at).closed) == count


def test_an_ask_reads_no_task_that_it_does_not_choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = begun(tmp_path / "birds.db", tmp_path, ROWS)
    campaign.ask(10, margins=margins(ROWS))
    whole = []
    read = CountedView.read
    monkeypatch.setattr(
        CountedView, "read", lambda view, kind, *more: whole.extend([] if more else [kind]) or read(view, kind, *more)
    )
    batch = campaign.ask(5, margins=margins(ROWS))
    assert batch.ids.tolist() == ids_of(ROWS)[10:15]
    assert not {TaskTable, LabelTable} & set(whole)

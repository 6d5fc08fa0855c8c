"""What is new in a campaign since a time, a round or an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.labelling.columns import Columns, Int64
from ladle.labelling.contract import View
from ladle.labelling.settings import Settings
from ladle.labelling.since import SinceLimits, is_new, since_of
from ladle.labelling.tables import (
    AdjudicationTable,
    BatchTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    SettingsTable,
    TaskTable,
)


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """new: says of numbers of events whether each is new; 0 stands for none, which is not."""

    view: View
    new: Callable[[Int64], npt.NDArray[np.bool_]]

    @classmethod
    def since(cls, view: View, given: object, now: int) -> News:
        """The news since the caller's time, round or event. now: in microseconds. Raises: as `since_of`."""
        events, batches = view.read(EventTable), view.last(BatchTable)
        rounds = int(batches.round[0]) if len(batches) else 0
        limits = SinceLimits(rounds, int(events.seq.max(initial=0)), now)
        return cls(view, is_new(since_of(given, limits), events))

    def labels(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) whether each was stored, superseded or deleted since."""
        return self.new(label.event) | self.new(label.ended)

    def changed_rows(self, settings: Settings) -> Int64:
        """The rows whose resolved label may be another since: ascending.

        All rows with a label, where the rule of agreement, the people for each example or the classes have changed.
        """
        label = self.view.read(LabelTable)
        touched = [label.row if self._rules_changed(settings) else label.row[self.labels(label)]]
        for kind in (TaskTable, GoldTable, ExclusionTable, AdjudicationTable):
            table: Columns = self.view.read(kind)
            touched.append(table.column("row")[self.new(table.column("event"))])
        rows: Int64 = np.unique(np.concatenate(touched))
        return rows

    def had_labels_before(self) -> Int64:
        """The rows that had a label, a lead's word or a gold label before: ascending."""
        before = []
        for kind in (LabelTable, GoldTable, AdjudicationTable):
            table: Columns = self.view.read(kind)
            before.append(table.column("row")[~self.new(table.column("event"))])
        rows: Int64 = np.unique(np.concatenate(before))
        return rows

    def _rules_changed(self, settings: Settings) -> bool:
        """Whether other rules made one label of an example then than now."""
        changes = self.view.read(SettingsTable)
        if not self.new(changes.event).any():
            return False
        earlier = changes.take(~self.new(changes.event))
        before = Settings.from_json(str(earlier.settings[-1]) if len(earlier) else self.view.settings)

        def rules(each: Settings) -> tuple[object, ...]:
            return each.agreement, each.annotators_per_task, each.labels

        return rules(before) != rules(settings)

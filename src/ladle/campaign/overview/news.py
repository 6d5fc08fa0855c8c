"""What is new in a campaign since a time, a round or an event."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.classes import rewritten
from ladle.labelling.contract.columns import Columns, Int64
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    CURRENT,
    DELETED,
    AdjudicationTable,
    BatchTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    PersonTable,
    SettingsTable,
    TaskTable,
)
from ladle.labelling.people import People
from ladle.labelling.settings import Settings
from ladle.labelling.since import SinceLimits, is_new, since_of

_TELLS = ["tell", "import", "skip"]


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
        """(labels,) whether each was stored, superseded or deleted since, stands again, or says something else now.

        That is: its time, its class, its annotator or the row of its example is another one. Some may be as before:
        all labels, where another pool has moved examples, and all of a person who was renamed or merged.
        """
        if self._is_moved():
            return np.ones(len(label), bool)
        people = self._other_people()
        listed: npt.NDArray[np.bool_] = np.array([each in people for each in label.annotator.tolist()], bool)
        listed |= self._answers(label) | self._stand_again(label) | self._other_classes(label)
        return listed

    def changed_rows(self, settings: Settings) -> Int64:
        """The rows whose resolved label, or whose row, may be another since: ascending.

        All rows with a label, where another pool has moved examples; and under "dawid-skene", which estimates all
        labels together, where any of them has changed.
        """
        own, labelled = self.own_rows(settings), self.view.read(LabelTable).row
        if self._is_moved():
            return np.union1d(own, self._rows_with_labels(lambda events: np.ones(len(events), bool)))
        is_joint = settings.agreement == "dawid-skene"
        if is_joint and (np.isin(labelled, own).any() or self._other_people()):
            return np.union1d(own, labelled)
        return own

    def own_rows(self, settings: Settings) -> Int64:
        """The rows whose resolved label may have changed, or gone, by what was done to the example itself: ascending.

        All rows with a label, where the rule of agreement, the people for each example or the classes have changed.
        """
        label = self.view.read(LabelTable)
        touched = [label.row if self._rules_changed(settings) else label.row[self._answers(label)]]
        for kind in (TaskTable, GoldTable, ExclusionTable, AdjudicationTable):
            table: Columns = self.view.read(kind)
            touched.append(table.column("row")[self.new(table.column("event"))])
        rows: Int64 = np.unique(np.concatenate(touched))
        return rows

    def had_labels_before(self) -> Int64:
        """The rows that had a label before, and all that ever had a gold label or a lead's word: ascending.

        Gold and final words keep the event of their last change alone: those that changed since may be from before.
        """
        return self._rows_with_labels(lambda events: ~self.new(events))

    def _rules_changed(self, settings: Settings) -> bool:
        """Whether other rules made one label of an example then than now."""
        if not self.new(self.view.read(SettingsTable).event).any():
            return False

        def rules(each: Settings) -> tuple[object, ...]:
            return each.agreement, each.annotators_per_task, each.labels

        return rules(self._before()) != rules(settings)

    def _before(self) -> Settings:
        """The settings at that moment."""
        changes = self.view.read(SettingsTable)
        earlier = changes.take(~self.new(changes.event))
        return Settings.from_json(str(earlier.settings[-1]) if len(earlier) else self.view.settings)

    def _reports(self, kinds: list[str], *, of_all: bool = False) -> list[dict[str, Any]]:
        """The reports of the events of these kinds since; of_all: of those before too. "is_new" says which."""
        events = self.view.read(EventTable, "kind", kinds)
        is_new = self.new(events.seq)
        return [
            {**json.loads(details)["told"], "seq": seq, "is_new": fresh}
            for seq, details, fresh in zip(events.seq.tolist(), events.details.tolist(), is_new.tolist(), strict=True)
            if fresh or of_all
        ]

    def _is_moved(self) -> bool:
        """Whether another pool has moved examples to other rows since."""
        return any(each.get("moved") for each in self._reports(["replace"]))

    def _answers(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) whether each was stored, superseded or deleted, or has another time, since."""
        return self.new(label.event) | self.new(label.ended) | np.isin(label.number, self._retimed())

    def _retimed(self) -> list[int]:
        """The numbers of the labels that a tell has given another time, or an untell their old one."""
        untold = {each["sha256"] for each in self._reports(["untell"])}
        tells = self._reports(_TELLS, of_all=bool(untold))
        meant = [each for each in tells if each["is_new"] or each.get("sha256") in untold]
        return [number for each in meant for number, *_ in each.get("retimed", ())]

    def _stand_again(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) whether each stands, and an untell has deleted or retimed one of its annotator for its example."""
        untold = [each["seq"] for each in self._reports(["untell"])]
        if not untold:
            return np.zeros(len(label), bool)
        pairs = list(zip(label.row.tolist(), label.annotator.tolist(), strict=True))
        undone = (np.isin(label.ended, untold) & (label.status == DELETED)) | np.isin(label.number, self._retimed())
        touched = {pairs[place] for place in np.flatnonzero(undone).tolist()}
        again: npt.NDArray[np.bool_] = np.array([pair in touched for pair in pairs], bool)
        again &= label.status == CURRENT
        return again

    def _other_classes(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) whether the class of each had another name."""
        if not self._reports(["class"]):
            return np.zeros(len(label), bool)
        before, _ = rewritten(self._before().labels, label.as_told)
        return np.asarray((before != label.label) & (label.label != ""), bool)

    def _other_people(self) -> set[str]:
        """The names of the people who were renamed, or merged with others."""
        crew = People(self.view.read(PersonTable))
        merged = [each["into"] for each in self._reports(["merge people"])]
        return {crew.name_of(name) for name in merged + [each["to"] for each in self._reports(["rename person"])]}

    def _rows_with_labels(self, which: Callable[[Int64], npt.NDArray[np.bool_]]) -> Int64:
        """The rows of the labels whose events are meant, and of all gold and all final words: ascending."""
        label = self.view.read(LabelTable)
        others = [self.view.read(GoldTable).row, self.view.read(AdjudicationTable).row]
        rows: Int64 = np.unique(np.concatenate([label.row[which(label.event)], *others]))
        return rows

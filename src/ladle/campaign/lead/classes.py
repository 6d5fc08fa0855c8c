"""`Campaign.classes`: the classes of a running campaign, which a lead may add to, remove, rename and merge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladle.campaign.lead.settings_changes import known_tasks
from ladle.campaign.session.session import Session
from ladle.campaign.work.score_arrays import refuse_earlier_classes
from ladle.errors import LadleError
from ladle.labelling import classes as class_names
from ladle.labelling.answers import SettingsChange
from ladle.labelling.contract.events import Effects, next_number, record
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import CURRENT, EventTable, GoldTable, LabelTable, SettingsTable, labels_of
from ladle.labelling.labels import Class, Labels
from ladle.labelling.records import Records
from ladle.labelling.rules.classes import change_classes, uses_of
from ladle.labelling.rules.tell import KnownRows
from ladle.labelling.settings import Settings
from ladle.numbers import text, whole


@dataclass(frozen=True, slots=True, eq=False)
class _Before:
    """The campaign before a change of its classes."""

    labels: Labels
    view: View
    known: KnownRows
    gold: GoldTable

    def present(self) -> list[Class]:
        """The classes that have labels, where any class is accepted."""
        named = (self.known.label, self.gold, self.known.adjudication) if self.labels.classes is None else ()
        return class_names.classes_in(text for table in named for text in table.label.tolist())


Change = Callable[[_Before, dict[str, Any]], Labels]  # the labels after the change, whose classes the dict names


class Classes:
    """The classes of a campaign. `len`, `in` and iteration are those of the list of classes.

    A name is that of a class exactly, or else but for spaces and Unicode's forms of a letter. A new one is stored
    without spaces around it, each gap one space, in the form NFC. One that differs from a class in looks alone is
    noticed.

    A campaign that accepts any class has those that occur in its labels. A change can be repeated: where it was made
    before, and no later change names its classes, nothing is changed, and the `SettingsChange` is false.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, *names: Class) -> SettingsChange:
        """Add classes at the end of the list.

        Parameters
        ----------
        names : str or int
            The new classes.

        Returns
        -------
        SettingsChange

        Raises
        ------
        ArgumentError
            For a name that is a class already, a campaign that accepts any class, and one whose labels are numbers.
        MismatchError
            For the former name of another class.

        Notes
        -----
        A model has to give scores for the new classes too: an ask refuses scores of another number of classes.
        """

        def add_all(before: _Before, what: dict[str, Any]) -> Labels:
            labels = before.labels
            for name in what["classes"]:
                labels = class_names.added(labels, name)
            return labels

        return self._change(add_all, {"change": "add", "classes": list(names)})

    def remove(self, name: Class) -> SettingsChange:
        """Remove a class that was never used.

        Parameters
        ----------
        name : str or int
            A class.

        Returns
        -------
        SettingsChange

        Raises
        ------
        NotFoundError
            When it is no class.
        ArgumentError
            When a label, a gold example or a final word on record names it, whatever became of them: see `merge`. For
            the only class, and a campaign that accepts any class.

        Notes
        -----
        A model gives no scores for it any more. Cost: reads all labels. To undo it, add the class again.
        """

        def remove(before: _Before, what: dict[str, Any]) -> Labels:
            uses = uses_of(before.labels, what["name"], before.known, before.gold)
            return class_names.removed(before.labels, what["name"], uses)

        return self._change(remove, {"change": "remove", "name": name})

    def rename(self, old: Class, new: Class) -> SettingsChange:
        """Give a class another name. All its labels have the new name; late labels of the old name count as the new.

        Parameters
        ----------
        old, new : str or int
            A class, and a name that no class has.

        Returns
        -------
        SettingsChange

        Raises
        ------
        NotFoundError
            When there is no class `old`.
        ArgumentError
            When `new` is a class, see `merge`; when the labels are numbers.
        MismatchError
            When `new` is the former name of another class.

        Notes
        -----
        Cost: reads all labels and writes those of this class. To undo it, rename the class back.
        """

        def rename(before: _Before, what: dict[str, Any]) -> Labels:
            return class_names.renamed(before.labels, what["old"], what["new"], before.present())

        return self._change(rename, {"change": "rename", "old": old, "new": new})

    def merge(self, old: Class, into: Class) -> SettingsChange:
        """Count a class as another one. All its labels have that name; late labels of the old name count as it.

        Parameters
        ----------
        old, into : str or int
            Two classes. `old` is no class afterwards.

        Returns
        -------
        SettingsChange

        Raises
        ------
        NotFoundError
            When one of them is no class.
        ArgumentError
            For a class and itself; when the labels are numbers.

        Notes
        -----
        Cost: as `rename`. The record keeps each label as it was told. To undo it, see `unmerge`.
        """

        def merge(before: _Before, what: dict[str, Any]) -> Labels:
            return class_names.merged(before.labels, what["old"], what["into"], before.present())

        return self._change(merge, {"change": "merge", "old": old, "into": into})

    def unmerge(self, name: Class) -> SettingsChange:
        """Undo the merge of a class: it is a class again, at its old place, with all that was told under its names.

        Parameters
        ----------
        name : str or int
            A class that was merged into another, by the name that it had then.

        Returns
        -------
        SettingsChange

        Raises
        ------
        NotFoundError
            When no class of this name was merged, or its merge is undone already.
        MismatchError
            When another class took one of its names since, so that labels of this name cannot be told apart.

        Notes
        -----
        Labels, gold and final words go by the name that they were told under, before the merge or after it. Those that
        were told under the name of the other class stay there. An answer that repeated the merged class was not stored,
        so the answer that it repeated stands. Other changes of classes since then stay. Cost: as `rename`.
        """

        def unmerge(before: _Before, what: dict[str, Any]) -> Labels:
            founding = Settings.from_json(before.view.settings).labels
            return class_names.unmerged(founding, _changes(before.view), what["name"], before.labels)

        return self._change(unmerge, {"change": "unmerge", "name": name})

    def counts(self) -> Records:
        """The classes in order, and how many labels name each.

        Returns
        -------
        Records
            One row for each class: name, labels (current ones that name it), former (the names that count as it).
        """
        with self._session.reading(whole=True) as view:
            kind, label = self._session.settings.labels, labels_of(view.read(LabelTable))
        counts: dict[tuple[type, Class], int] = {}
        for written in label.label.tolist():
            for each in class_names.classes_in([written]):
                counts[type(each), each] = counts.get((type(each), each), 0) + 1
        listed = [name for _, name in counts] if kind.classes is None else list(kind.classes)
        former = [[old for old, new in kind.former if class_names.same_class(new, each)] for each in listed]
        numbers = np.array([counts.get((type(each), each), 0) for each in listed], np.int64)
        return Records({"name": listed, "labels": numbers, "former": former})

    def refuse_earlier(self, subject: str, count: int) -> None:
        """Refuse scores of as many classes as the campaign had once and has not now.

        Parameters
        ----------
        subject : str
            The scores, for the error.
        count : int
            How many classes they are of.

        Raises
        ------
        ClassCountError
            With the changes since then.
        ArgumentError
            The subject is no text, or the count no count.
        """
        subject, count = text(subject, "`subject`"), whole(count, "`count`", least=0)
        with self._session.reading() as view:
            classes = self._session.settings.labels.classes
            if classes is not None and count != len(classes):
                refuse_earlier_classes(subject, count, len(classes), view)

    def __iter__(self) -> Iterator[Class]:
        return iter(self.counts()["name"])

    def __len__(self) -> int:
        return len(self.counts())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, (str, int)) and class_names.is_among(name, self)

    def __repr__(self) -> str:
        return f"<Classes of {self._session.name!r}: {', '.join(map(repr, self))}>"

    def _change(self, change: Change, what: dict[str, Any]) -> SettingsChange:
        session = self._session
        at = session.now()
        with session.writing() as writer:
            before, known, gold = session.settings, known_tasks(writer, at), writer.read(GoldTable)
            state = _Before(before.labels, writer, known, gold)
            classes = state.present() if before.labels.classes is None else list(before.labels.classes)
            what = class_names.spelled(what, [*classes, *(old for old, _ in before.labels.former)])
            try:
                after = replace(before, labels=change(state, what))
            except LadleError:
                if class_names.was_made(_changes(writer), what):  # a repeat, as after a crash
                    return SettingsChange({})
                raise
            if after.labels == before.labels:
                return SettingsChange({})
            effects: Effects = change_classes(after, known, gold, number=next_number(writer, SettingsTable), what=what)
            record(writer, session.act("class", at), effects)
            session.settings = after
        for each in class_names.near_notices(what, classes):
            session.note(each)
        old, new = before.labels.to_dict()["classes"], after.labels.to_dict()["classes"]
        tasks, moved = int(effects.report["tasks"]), effects.changed[0]
        ended = int((moved.column("status") != CURRENT).sum())
        return SettingsChange({"classes": (old, new)}, tasks=tasks, labels=len(moved), ended=ended)


def _changes(view: View) -> list[dict[str, Any]]:
    """The changes of classes in the log, in order."""
    return [json.loads(each)["told"] for each in view.read(EventTable, "kind", ["class"]).details]

"""`Campaign.classes`: the classes of a running campaign, which a lead may add to, rename and merge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ladle.campaign.lead.settings_changes import known_tasks
from ladle.campaign.session import Session
from ladle.labelling import classes as class_names
from ladle.labelling.answers import SettingsChange
from ladle.labelling.events import Effects, next_number, record
from ladle.labelling.labels import Class, Labels
from ladle.labelling.records import Records
from ladle.labelling.rules.classes import change_classes
from ladle.labelling.tables import GoldTable, LabelTable, SettingsTable, labels_of

# From the labels of before and the classes that have labels to the labels of after.
Change = Callable[[Labels, Sequence[Class]], Labels]


class Classes:
    """The classes of a campaign. `len`, `in` and iteration are those of the list of classes.

    A campaign that accepts any class has those that occur in its labels.
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

        def add_all(labels: Labels, _present: Sequence[Class]) -> Labels:
            for name in names:
                labels = class_names.added(labels, name)
            return labels

        return self._change(add_all, {"change": "add", "classes": list(names)})

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
        what = {"change": "rename", "old": old, "new": new}
        return self._change(lambda labels, present: class_names.renamed(labels, old, new, present), what)

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
        Cost: as `rename`. The record keeps each label as it was told.
        """
        what = {"change": "merge", "old": old, "into": into}
        return self._change(lambda labels, present: class_names.merged(labels, old, into, present), what)

    def counts(self) -> Records:
        """The classes in order, and how many labels name each.

        Returns
        -------
        Records
            One row for each class: name, labels (current ones that name it), former (the names that count as it).
        """
        with self._session.reading() as view:
            kind, label = self._session.settings.labels, labels_of(view.read(LabelTable))
        counts: dict[tuple[type, Class], int] = {}
        for text in label.label.tolist():
            for each in class_names.classes_in([text]):
                counts[type(each), each] = counts.get((type(each), each), 0) + 1
        listed = [name for _, name in counts] if kind.classes is None else list(kind.classes)
        former = [[old for old, new in kind.former if class_names.same_class(new, each)] for each in listed]
        numbers = np.array([counts.get((type(each), each), 0) for each in listed], np.int64)
        return Records({"name": listed, "labels": numbers, "former": former})

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
            named = (known.label, gold, known.adjudication) if before.labels.classes is None else ()
            present = class_names.classes_in(text for table in named for text in table.label.tolist())
            after = replace(before, labels=change(before.labels, present))
            if after.labels == before.labels:
                return SettingsChange({})
            effects: Effects = change_classes(after, known, gold, number=next_number(writer, SettingsTable), what=what)
            record(writer, session.act("class", at), effects)
            session.settings = after
        old, new = before.labels.to_dict()["classes"], after.labels.to_dict()["classes"]
        report = effects.report
        return SettingsChange({"classes": (old, new)}, tasks=int(report["tasks"]), labels=int(report["labels"]))

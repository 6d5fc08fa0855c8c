"""What a change of the classes writes: the new settings, and labels, gold and final words under the new names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ladle.labelling.classes import classes_in, is_among, rewritten
from ladle.labelling.contract.columns import Texts, repeated
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import CURRENT, AdjudicationTable, GoldTable, LabelTable, SettingsTable
from ladle.labelling.labels import Class, Labels
from ladle.labelling.rules.tell import KnownRows, rejudge
from ladle.labelling.settings import Settings


def change_classes(after: Settings, known: KnownRows, gold: GoldTable, *, number: int, what: dict[str, Any]) -> Effects:
    """The settings with other classes, and every label that has another name under them.

    All versions of labels are rewritten, those that ended long ago too. Each is what was told (`as_told`) under the
    names of the classes now, so undoing a merge gives back what it was. after: the new settings. known, gold: of all
    tasks. number: of the new row of settings. what: the change, for the log. Cost: one look-up for each label.
    """
    row = SettingsTable.of([(number, after.to_json(), known.event)])
    labels = replace(known.label, label=_under(after, known.label))  # a label keeps the event that stored it
    final = known.adjudication
    new_gold, new_final = _under(after, gold), _under(after, final)
    gold_moved, final_moved = new_gold != gold.label, new_final != final.label
    other_gold = replace(gold, label=new_gold, event=repeated(known.event, len(gold))).take(gold_moved)
    words: AdjudicationTable = replace(final, label=new_final, event=repeated(known.event, len(final)))
    other_words = words.take(final_moved)
    after_all = replace(known, adjudication=replace(final, label=new_final))
    moved = rejudge("class", after, after_all, labels, known.task.row)
    other_labels = labels.take(labels.label != known.label.label) if len(labels) else labels
    report = {
        **what,
        "labels": len(other_labels),
        "gold": len(other_gold),
        "adjudications": len(other_words),
        "tasks": len(moved),
    }
    return Effects(added=(row,), changed=(other_labels, other_gold, other_words, moved), report=report)


def uses_of(labels: Labels, name: Class, known: KnownRows, gold: GoldTable) -> dict[str, int]:
    """How many labels, gold examples and final words on record name a class, those that ended long ago too."""
    ended = known.label.status != CURRENT
    as_told = {
        "label": known.label.as_told[~ended],
        "superseded or deleted label": known.label.as_told[ended],
        "gold example": gold.as_told,
        "final word": known.adjudication.as_told,
    }
    return {what: _named_in(rewritten(labels, column)[0], name) for what, column in as_told.items()}


def _named_in(written: Texts, name: Class) -> int:
    """How many of these labels name the class."""
    naming = {text for text in set(written.tolist()) if is_among(name, classes_in([text]))}
    return sum(text in naming for text in written.tolist())


def _under(after: Settings, table: LabelTable | GoldTable | AdjudicationTable) -> Texts:
    """(rows,) the labels under the new names; "" for skips and for gold that was taken back."""
    written, refused = rewritten(after.labels, table.as_told)
    assert not refused  # a class that labels name is never removed
    written[table.label == ""] = ""
    return written

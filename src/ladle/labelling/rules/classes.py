"""What a change of the classes writes: the new settings, and labels, gold and final words under the new names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ladle.labelling.classes import rewritten
from ladle.labelling.columns import repeated
from ladle.labelling.events import Effects
from ladle.labelling.rules.tell import KnownRows, rejudge
from ladle.labelling.settings import Settings
from ladle.labelling.tables import AdjudicationTable, GoldTable, LabelTable, SettingsTable


def change_classes(after: Settings, known: KnownRows, gold: GoldTable, *, number: int, what: dict[str, Any]) -> Effects:
    """The settings with other classes, and every label that has another name under them.

    All versions of labels are rewritten, those that ended long ago too; `as_told` keeps the label as it was told.
    after: the new settings. known, gold: of all tasks. number: of the new row of settings. what: the change, for the
    log. Cost: one look-up for each label.
    """
    row = SettingsTable.of([(number, after.to_json(), known.event)])
    labels = _rewritten_labels(after, known.label)
    final = known.adjudication
    new_gold, new_final = rewritten(after.labels, gold.label), rewritten(after.labels, final.label)
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


def _rewritten_labels(after: Settings, label: LabelTable) -> LabelTable:
    """All labels under the new names. A label keeps the event that stored it."""
    return replace(label, label=rewritten(after.labels, label.label))

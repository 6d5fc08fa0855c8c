"""The resolved labels of a campaign: by gold, by a lead's final word, or by the rule of agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, Texts, texts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import AdjudicationTable, ExclusionTable, GoldTable, LabelTable, TaskTable, gold_of
from ladle.labelling.rules import tell as tell_rules
from ladle.labelling.settings import Settings
from ladle.labelling.states import LABELLED


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedLabels:
    """One entry for each example with a resolved label.

    row: (e,) ascending. label: (e,) canonical JSON. votes: (e,) the labels that count. share: (e,) the share of them
    for this label. how: (e,) the rule of agreement, "adjudicated" or "gold".
    """

    row: Int64
    label: Texts
    votes: Int64
    share: npt.NDArray[np.float64]
    how: Texts

    def take(self, which: npt.NDArray[Any]) -> ResolvedLabels:
        """The examples at these places, or where a mask is set."""
        return ResolvedLabels(*(getattr(self, each.name)[which] for each in fields(self)))


def resolved_labels(view: View, settings: Settings, rows: Sequence[int] | None = None) -> ResolvedLabels:
    """The resolved labels of these rows, or of all: gold examples have their gold label.

    Cost: reads the labels of these rows; under "dawid-skene", which estimates all labels together, those of all.
    """
    keyed = () if rows is None or settings.agreement == "dawid-skene" else ("row", rows)
    task, gold = view.read(TaskTable, *keyed), gold_of(view.read(GoldTable, *keyed))
    labelled = task.row[task.state == LABELLED]
    label, final = view.read(LabelTable, *keyed), view.read(AdjudicationTable, *keyed)
    final = final.take(np.isin(final.row, labelled))
    by_rule = tell_rules.resolve(settings, label.take(np.isin(label.row, labelled)), final)
    by_rule = by_rule.take(~np.isin(by_rule.row, gold.row))
    excluded = view.read(ExclusionTable, *keyed)
    gold = gold.take(~np.isin(gold.row, excluded.row[excluded.active == 1]))
    row = np.concatenate([by_rule.row, gold.row])
    how = ["adjudicated" if each else settings.agreement for each in by_rule.final.tolist()] + ["gold"] * len(gold)
    found = ResolvedLabels(
        row=row,
        label=np.concatenate([by_rule.label, gold.label]),
        votes=np.concatenate([by_rule.votes, np.zeros(len(gold), np.int64)]),
        share=np.concatenate([by_rule.share, np.ones(len(gold))]),
        how=texts(how),
    ).take(np.argsort(row))
    return found if rows is None else found.take(np.isin(found.row, np.asarray(rows, np.int64)))

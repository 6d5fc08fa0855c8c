"""A lead's final word on examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladle.campaign.lead.pool_changes import find_named
from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import LONGEST_REASON, check_text
from ladle.campaign.work.telling import as_given, known_rows, under_classes
from ladle.errors import ArgumentError
from ladle.labelling.contract.events import record
from ladle.labelling.contract.tables import GoldTable, gold_of
from ladle.labelling.rules import adjudicate as adjudicate_rules
from ladle.labelling.rules.pool import NamedExamples


def adjudicate(session: Session, ids: object, labels: object, reason: str) -> int:
    """Decide the labels of examples: how many final words are new or other ones. Raises: see `Campaign.adjudicate`."""
    check_text(reason, "reason", longest=LONGEST_REASON)
    with session.reading() as view:
        examples = session.examples(view)
    listed = examples.checked(ids)
    rows, given = examples.rows_of(listed), _one_for_each(labels, len(listed))
    if len(np.unique(rows)) < len(rows):
        raise ArgumentError("`ids`", wanted="name each example once", got="one of them twice")
    as_told = as_given(session.settings.labels, given, len(listed), listed)
    order, at = np.argsort(rows), session.now()
    chosen = NamedExamples(rows[order], examples.texts_at(rows[order]))
    with session.writing() as writer:
        gold = gold_of(writer.read(GoldTable, "row", rows.tolist()))
        if len(gold):
            raise ArgumentError(
                f"the example {gold.example_id[0]}",
                wanted="have no known label yet",
                got=f"gold, whose label is {gold.label[0]}",
                remedy="A gold example has its label already. Leave it out.",
            )
        known = known_rows(writer, chosen.row, at)
        written = under_classes(session.settings.labels, as_told)
        effects = adjudicate_rules.adjudicate(
            session.settings, chosen, written[order], known, as_told=as_told[order], by=session.by, reason=reason
        )
        if effects:
            record(writer, session.act("adjudicate", at), effects)
    return int(effects.report["adjudicated"])


def undo(session: Session, ids: object) -> int:
    """Take back the final words on examples: how many there were."""
    chosen, at = find_named(session, ids), session.now()
    with session.writing() as writer:
        effects = adjudicate_rules.undo(session.settings, known_rows(writer, chosen.row, at))
        if effects:
            record(writer, session.act("undo-adjudication", at), effects)
    return int(effects.report["undone"])


def _one_for_each(labels: object, count: int) -> Any:
    """`labels`, or the same label for each example where one is given."""
    return [labels] * count if isinstance(labels, (str, int, float)) else labels

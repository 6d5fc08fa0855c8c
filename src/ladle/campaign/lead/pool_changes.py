"""Changes beside asking and telling: exclusions, gold, deleted labels, recorded models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladle import durable
from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import LONGEST_REASON, check_text
from ladle.campaign.work.telling import as_given, known_rows, under_classes
from ladle.counts import counted
from ladle.errors import ArgumentError, FileError, IdError
from ladle.labelling.contract.events import next_number, record, replacements
from ladle.labelling.contract.tables import (
    BatchTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    ModelTable,
    TaskTable,
    gold_of,
)
from ladle.labelling.rules import pool as pool_rules
from ladle.labelling.rules.pool import NamedExamples
from ladle.labelling.states import LABELLED, as_counted
from ladle.numbers import path_of, shown, whole

if TYPE_CHECKING:
    pass


def find_named(session: Session, ids: object) -> NamedExamples:
    """The examples of these ids, each once, or of a boolean mask of the pool. Raises: as `find_rows_named`.

    An example that was taken out of the pool is named by its id as all others are: its records go on.
    """
    with session.reading() as view:
        examples = session.examples(view)
    rows = examples.rows_named(list(ids) if isinstance(ids, Set) else ids)
    return NamedExamples(rows, examples.texts_at(rows))


def exclude(session: Session, ids: object, reason: str) -> int:
    """Exclude examples: how many were not excluded before."""
    if not check_text(reason, "reason", longest=LONGEST_REASON):
        raise ArgumentError("`reason`", wanted="say why", got="nothing")
    chosen, at = find_named(session, ids), session.now()
    with session.writing() as writer:
        exclusions, removals = writer.read(ExclusionTable, "row", chosen.row.tolist()), replacements(writer)
        effects = pool_rules.exclude(
            chosen, exclusions, known_rows(writer, chosen.row, at), reason=reason, removals=removals
        )
        if effects:
            record(writer, session.act("exclude", at), effects)
    return int(effects.report["excluded"])


def include(session: Session, ids: object) -> int:
    """End exclusions: how many there were. Raises: IdError for an example that is not in the pool any more."""
    chosen, at = find_named(session, ids), session.now()
    if (chosen.row < 0).any():
        raise IdError(
            "`ids`",
            wanted="be in the pool",
            got=f"{int((chosen.row < 0).sum()):,} that were removed from it, the first {chosen.example_id[0]!r}",
            remedy="An example that was removed is excluded until a pool has it again.",
        )
    with session.writing() as writer:
        exclusions = writer.read(ExclusionTable, "row", chosen.row.tolist())
        effects = pool_rules.include(session.settings, exclusions, known_rows(writer, chosen.row, at))
        if effects:
            record(writer, session.act("include", at), effects)
    return int(effects.report["included"])


def add_gold(session: Session, ids: object, labels: object) -> int:
    """Add gold: how many examples were not gold before. Raises: ArgumentError for a value that is no label."""
    with session.reading() as view:
        examples = session.examples(view)
    listed = examples.checked(ids)
    rows, as_told = examples.rows_of(listed), as_given(session.settings.labels, labels, len(listed), listed)
    order = np.argsort(rows)
    chosen = NamedExamples(rows[order], examples.texts_at(rows[order]))
    if len(np.unique(rows)) < len(rows):
        raise ArgumentError("`ids`", wanted="name each example once", got="one of them twice")
    with session.writing() as writer:
        gold = writer.read(GoldTable, "row", rows.tolist())
        written = under_classes(session.settings.labels, as_told)
        event = next_number(writer, EventTable)
        effects = pool_rules.add_gold(chosen, written[order], as_told[order], gold, event=event)
        if effects:
            record(writer, session.act("gold", session.now()), effects)
    was = effects.report.get("was", {})
    if was:
        example, label = next(iter(was.items()))
        more = "" if len(was) == 1 else f", and so have {counted(len(was) - 1, 'other')}"
        session.note(f"The gold example {example} has another known label now: it was {label}{more}.")
    return int(effects.report["gold"])


def record_model(
    session: Session,
    version: str,
    metrics: Mapping[str, Any] | None,
    scores: str | os.PathLike[str] | None,
    number: int | None,
    *,
    is_correction: bool = False,
) -> int:
    """Record a version of the model, or correct it: the number of labelled examples at that time."""
    if not check_text(version, "version"):
        raise ArgumentError("`version`", wanted="name the model", got="nothing")
    number = None if number is None else whole(number, "`round`", least=1)
    path_of(scores, "`scores`", undecided=True)
    text = pool_rules.check_metrics(metrics, is_correction=is_correction)
    path = "" if scores is None else str(Path(scores).absolute())
    digest = _score_digest(Path(path)) if path else ""
    with session.writing() as writer:
        batches, at = writer.read(BatchTable), session.now()
        if number is not None and number not in batches.round:
            raise ArgumentError("`round`", wanted=f"be one of the {len(batches):,} rounds", got=shown(number))
        of_round = int(batches.round.max(initial=0)) if number is None else number
        task = as_counted(writer.read(TaskTable), gold_of(writer.read(GoldTable)).row)
        labelled = int((task.state == LABELLED).sum())
        first = (next_number(writer, ModelTable), version, at, of_round, labelled)
        row = ModelTable.of([(*first, text, path, digest, next_number(writer, EventTable))])
        corrections = writer.read(EventTable, "kind", ["correct model"])
        if is_correction:
            removed = pool_rules.removed_metrics(corrections, version)
            effects = pool_rules.correct_model(row, writer.read(ModelTable), removed)
        else:
            former = pool_rules.former_models(corrections, version)
            effects = pool_rules.record_model(row, writer.read(ModelTable), former)
        if effects:
            record(writer, session.act("correct model" if is_correction else "model", at), effects)
    return int(effects.report["labelled"])


def _score_digest(path: Path) -> str:
    if not path.is_file():
        raise FileError(f"the scores {path}", wanted="be a file", got="no such file")
    return durable.file_digest(path)

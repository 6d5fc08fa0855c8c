"""The history of one example, oldest event first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ladle.campaign.examples import Examples
from ladle.campaign.overview.resolving import resolved_labels
from ladle.errors import NotFoundError
from ladle.labelling.answers import TaskStory
from ladle.labelling.classes import rewritten
from ladle.labelling.columns import texts
from ladle.labelling.contract import View
from ladle.labelling.labels import parsed
from ladle.labelling.people import People, person_name
from ladle.labelling.records import moment
from ladle.labelling.rules.ask import rows_of
from ladle.labelling.settings import Settings
from ladle.labelling.states import STATES, as_counted
from ladle.labelling.tables import (
    NO_ROW,
    STATUSES,
    AdjudicationTable,
    AssignmentTable,
    BatchRowsTable,
    BatchTable,
    CommentTable,
    ControlTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    QuarantineTable,
    TaskTable,
    gold_of,
)

Line = tuple[int, str]  # when, what


def story(view: View, settings: Settings, examples: Examples, example_id: Any) -> TaskStory:
    """The history of one example. Raises: NotFoundError when the pool has no such id."""
    listed = examples.checked([example_id], "the id")
    row = int(examples.find_ever(listed)[0])
    if row == NO_ROW:
        raise NotFoundError(f"the example {example_id!r}", wanted="be in the pool", got="no such id")
    gold, labels = gold_of(view.read(GoldTable, "row", [row])), view.read(LabelTable, "row", [row])
    task = as_counted(view.read(TaskTable, "row", [row]), gold.row)
    lines = [*_batches(view, row), *_labels(view, labels), *_comments(view, row)]
    lines += [*_leases(view, row), *_exclusions(view, row)]
    lines += [*_final_words(view, row), *_assignments(view, row)]
    lines += _control(view, settings, row)
    lines += _quarantined(view, str(listed.cast("large_string")[0].as_py()))
    if len(gold):
        lines.append((_at(view, int(gold.event[0])), f"gold: known to be {parsed(gold.label[0])!r}"))
    label = resolved_labels(view, settings, [row]).label
    return TaskStory(
        id=example_id,
        row=row,
        state=STATES[int(task.state[0])] if len(task) else "excluded" if _excluded(view, row) else "unasked",
        label=parsed(label[0]) if len(label) else None,
        lines=tuple((moment(at), what) for at, what in sorted(lines, key=lambda line: line[0])),
    )


def _batches(view: View, row: int) -> Iterator[Line]:
    known = view.read(BatchTable)
    for place, number in enumerate(known.number.tolist()):
        rows, _ = rows_of(view.read(BatchRowsTable, "number", [number]))
        places = np.flatnonzero(rows == row)
        if len(places):
            holder = f" for {known.holder[place]}" if known.holder[place] else ""
            what = f"asked in round {known.round[place]}, place {int(places[0]) + 1:,} of {len(rows):,}{holder}"
            yield int(known.asked_at[place]), what


def _labels(view: View, labels: LabelTable) -> Iterator[Line]:
    names = ("annotator", "version", "label", "recorded_at", "source", "status", "ended", "reason", "told_by")
    for annotator, version, label, recorded_at, source, status, ended, reason, told_by in zip(
        *(labels.column(name).tolist() for name in names), strict=True
    ):
        person = annotator or "someone"
        named = f" (then named {told_by})" if told_by and person_name(told_by) != annotator else ""
        who = person + named + (f" by {source}" if source else "")
        again = "" if version == 1 else f" (version {version})"
        if label:
            yield recorded_at, f"labelled {parsed(label)!r} by {who}{again}"
        else:
            yield recorded_at, f"skipped by {who}{f': {reason}' if reason else ''}{again}"
        if ended and STATUSES[status] == "deleted":
            yield _at(view, ended), f"the {'label' if label else 'skip'} of {person} was deleted"


def _comments(view: View, row: int) -> Iterator[Line]:
    crew = People(view.read(PersonTable))
    for _, _, _, annotator, text, _, event in view.read(CommentTable, "row", [row]).tuples():
        yield _at(view, event), f"{crew.name_of(annotator) or 'someone'} said: {text}"


def _leases(view: View, row: int) -> Iterator[Line]:
    for _, annotator, until, event, _ in view.read(LeaseTable, "row", [row]).tuples():
        yield _at(view, event), f"taken by {annotator} until {moment(until):%Y-%m-%d %H:%M} UTC"


def _exclusions(view: View, row: int) -> Iterator[Line]:
    for _, _, reason, at, active, _ in view.read(ExclusionTable, "row", [row]).tuples():
        yield at, f"excluded: {reason}" if active else f"included again (was excluded: {reason})"


def _final_words(view: View, row: int) -> Iterator[Line]:
    for _, _, label, by, reason, at, active, event, _ in view.read(AdjudicationTable, "row", [row]).tuples():
        word = f"{parsed(label)!r}" + (f" ({reason})" if reason else "")
        if active:
            yield at, f"decided by {by}: {word}"
        else:
            yield at, f"the final word of {by} was taken back by {_actor(view, event)}: it was {word}"


def _assignments(view: View, row: int) -> Iterator[Line]:
    for _, assignee, _, at, active, event in view.read(AssignmentTable, "row", [row]).tuples():
        by = _actor(view, event)
        yield at, f"assigned to {assignee} by {by}" if active else f"no longer assigned to {assignee}, by {by}"


def _control(view: View, settings: Settings, row: int) -> Iterator[Line]:
    for _, _, batch, drawn, predicted, event in view.read(ControlTable, "row", [row]).tuples():
        how = (
            f"drawn uniformly for the control in batch {batch}"
            if drawn
            else f"counted as control from batch {batch} on"
        )
        written = rewritten(settings.labels, texts([predicted]))[0][0] if predicted else ""
        yield _at(view, event), how + (f", when the model predicted {parsed(written)!r}" if written else "")


def _quarantined(view: View, example_id: str) -> Iterator[Line]:
    for _, at, _, label, annotator, _, reason, *_ in view.read(QuarantineTable, "example_id", [example_id]).tuples():
        yield at, f"a label {label} by {annotator or 'someone'} went to quarantine: {reason}"


def _excluded(view: View, row: int) -> bool:
    return bool((view.read(ExclusionTable, "row", [row]).active == 1).any())


def _actor(view: View, event: int) -> str:
    return str(view.read(EventTable, "seq", [event]).actor[0]) or "someone"


def _at(view: View, event: int) -> int:
    return int(view.read(EventTable, "seq", [event]).at[0])

"""The history of one example, oldest event first: from the tables what they keep, from the log what they do not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ladle.campaign.overview.class_lines import class_lines
from ladle.campaign.overview.resolving import resolved_labels
from ladle.campaign.overview.settled import state_before
from ladle.campaign.overview.views import state_words
from ladle.campaign.session.examples import Examples
from ladle.errors import NotFoundError
from ladle.labelling.answers import TaskStory
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    DELETED,
    MICROSECONDS,
    NO_ROW,
    SUPERSEDED,
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
from ladle.labelling.example_events import (
    SOMEONE,
    ExampleHistory,
    Line,
    example_lines,
    label_words,
    lease_end,
    nameless_line,
    time_text,
    who_words,
)
from ladle.labelling.labels import parsed
from ladle.labelling.people import People
from ladle.labelling.records import moment
from ladle.labelling.rules.ask import rows_of
from ladle.labelling.rules.people import name_changes
from ladle.labelling.settings import Settings
from ladle.labelling.states import as_counted

_KEPT = re.compile(r"(kept by .*) until [-0-9]{10} [:0-9]{5} UTC(.*)")  # a lease that was renewed: whose, by whom
_SOURCES = {"page": ", on the page", "group": ", for a group"}  # of the labelling page


def story(view: View, settings: Settings, examples: Examples, example_id: Any) -> TaskStory:
    """The history of one example. Raises: NotFoundError when the pool has no such id.

    Cost: reads the log, and the rows of all batches.
    """
    listed = examples.checked([example_id], "the id")
    row = int(examples.find_ever(listed)[0])
    if row == NO_ROW:
        raise NotFoundError(f"the example {example_id!r}", wanted="be in the pool", got="no such id")
    gold, exclusion = gold_of(view.read(GoldTable, "row", [row])), view.read(ExclusionTable, "row", [row])
    task = as_counted(view.read(TaskTable, "row", [row]), gold.row)
    found = _lines(view, settings, str(listed.cast("large_string")[0].as_py()), row)
    lines = _folded(sorted(found, key=lambda line: line[:2]))
    label = resolved_labels(view, settings, [row]).label
    is_excluded = bool((exclusion.active == 1).any())
    return TaskStory(
        id=example_id,
        row=row,
        state=state_words(view, task)[0] if len(task) else "excluded" if is_excluded else "unasked",
        label=parsed(label[0]) if len(label) else None,
        lines=tuple((moment(at), what) for at, _, what in lines),
    )


def _folded(lines: list[Line]) -> list[Line]:
    """The lines, where a lease that was renewed several times with nothing between has one line, of the last time."""
    folded: list[Line] = []
    last, count = None, 0
    for line in lines:
        found = _KEPT.fullmatch(line[2])
        kept = None if found is None else found.groups()
        count = count + 1 if kept is not None and kept == last else 1
        if count > 1:
            folded.pop()
        folded.append((*line[:2], f"{line[2]} (renewed {count:,} times)" if count > 1 else line[2]))
        last = kept
    return folded


@dataclass(frozen=True, slots=True, eq=False)
class _Log:
    """The events of the campaign, looked up by their numbers."""

    events: EventTable

    def place(self, event: int) -> int:
        return int(np.searchsorted(self.events.seq, event))

    def at(self, event: int) -> int:
        return int(self.events.at[self.place(event)])

    def kind(self, event: int) -> str:
        return str(self.events.kind[self.place(event)])

    def actor(self, event: int) -> str:
        return str(self.events.actor[self.place(event)]) or SOMEONE

    def told(self, event: int) -> Mapping[str, Any]:
        report: Mapping[str, Any] = json.loads(self.events.details[self.place(event)])["told"]
        return report


def _lines(view: View, settings: Settings, example_id: str, row: int) -> list[Line]:
    """All that happened to the example."""
    log, people = _Log(view.read(EventTable)), People(view.read(PersonTable))
    batches, answers = list(_batches(view, log, row)), view.read(LabelTable, "row", [row])
    history = ExampleHistory(
        example_id=example_id,
        row=row,
        batches={number: (line[1], holder) for number, holder, line in batches},
        state_before=partial(state_before, view, answers),
        answers=answers,
        people=people,
        name_changes=name_changes(view, holders=True),
        classes=settings.labels,
        by_row="replace" not in log.events.kind.tolist(),
        lease_ends={event: until for _, _, until, event, _ in view.read(LeaseTable, "row", [row]).tuples()},
        exclusion=_old_exclusion(view, log, example_id, row),
    )
    lines = [line for _, _, line in batches]
    lines += example_lines(log.events, history)  # first: the others read what it finds
    lines += class_lines(view, log.events, history)
    lines += [*_answers(log, history), *_comments(view, log, history), *_quarantined(view, log, history)]
    lines += _control(view, log, history)
    return [*lines, *_last_known(view, log, history), *nameless_line(history)]


def _old_exclusion(view: View, log: _Log, example_id: str, row: int) -> str:
    """Why an older Ladle has excluded the example, where no exclusion in the log names it; else ""."""
    details = log.events.details[log.events.kind == "exclude"].tolist()
    is_named = any(example_id in json.loads(each)["told"].get("ids", ()) for each in details)
    reason = view.read(ExclusionTable, "row", [row]).reason
    return "" if is_named or not len(reason) else str(reason[0])


def _batches(view: View, log: _Log, row: int) -> Iterator[tuple[int, str, Line]]:
    """The number and the holder of each batch that has the row, and its line. An older log names no holder of then."""
    known, earlier = view.read(BatchTable), 0
    for place, number in enumerate(known.number.tolist()):
        chosen = view.read(BatchRowsTable, "number", [number])
        rows, gold = rows_of(chosen)
        places = np.flatnonzero(rows == row)
        if len(places):
            event, holder = int(chosen.event[0]), str(known.holder[place])
            then = log.told(event).get("holder", holder)
            what = f"asked in round {known.round[place]}, place {int(places[0]) + 1:,} of {len(rows):,}"
            what += f" for {holder}" if holder else ""
            what += f" (then named {then})" if then != holder else ""
            what += f", by {log.actor(event)}"
            what += f", passed on from batch {earlier:,}" if earlier and not (gold == row).any() else ""
            earlier = number
            yield number, holder, (int(known.asked_at[place]), event, what)


def _control(view: View, log: _Log, history: ExampleHistory) -> Iterator[Line]:
    """When the example became one of the control."""
    for _, _, batch, drawn, predicted, event in view.read(ControlTable, "row", [history.row]).tuples():
        how = f"drawn uniformly for the control in batch {batch}"
        how = how if drawn else f"counted as control from batch {batch} on"
        said = f", when the model predicted {history.label(predicted)}" if predicted else ""
        yield log.at(event), event, how + said


def _answers(log: _Log, history: ExampleHistory) -> Iterator[Line]:
    """When each answer came, when it was said, whether it stood, and what ended it. Reads what the log has told."""
    for each in history.answers.tuples():
        row = dict(zip(LabelTable.layout(), each, strict=True))
        number, person = row["number"], row["annotator"] or SOMEONE
        who = who_words(row["annotator"], row["told_by"]) + _source_words(row["source"])
        if row["label"]:
            what = f"labelled {label_words(row['label'], row['as_told'])} by {who}"
        else:
            what = f"skipped by {who}" + (f": {row['reason']}" if row["reason"] else "")
        what += "" if row["version"] == 1 else f" (version {row['version']})"
        what += history.entered(log.actor(row["event"]), row["annotator"], row["told_by"])
        said = history.said.get(number, row["told_at"])
        what += f", said {time_text(said)}" if abs(said - row["recorded_at"]) >= MICROSECONDS else ""
        if number in history.stand_again and number in history.never_stood:
            what += f"; it did not stand then: a later answer of {person} did"
        elif number in history.never_stood or (row["status"] == SUPERSEDED and row["ended"] == row["event"]):
            what += f"; it never stood: a later answer of {person} did"
        yield row["recorded_at"], row["event"], what
        if row["status"] in (SUPERSEDED, DELETED):
            yield from _end(log, history, number, row["ended"], is_deleted=row["status"] == DELETED)


def _source_words(source: str) -> str:
    """Where an answer came from, after its annotator."""
    return _SOURCES.get(source, f" by {source}") if source else ""


def _end(log: _Log, history: ExampleHistory, number: int, event: int, *, is_deleted: bool) -> Iterator[Line]:
    """What ended an answer, where that is no later answer of the same person."""
    kind, actor, answer = log.kind(event), log.actor(event), history.answer(number)
    if kind not in ("delete", "untell", "merge people"):
        return
    told = log.told(event)
    reason = told.get("reason") or "no reason was given"
    if kind == "delete":
        what = f"{answer} was deleted by {actor}: {reason}"
    elif kind == "untell":
        ended = "was deleted" if is_deleted else "stands no more"
        what = f"{answer} {ended}, because {actor} untold {told['file']}: {reason}"
    else:
        what = (
            f"{answer} stands no more: {actor} merged {told['merged']} into {told['into']}, and the later answer stands"
        )
    yield log.at(event), event, what


def _comments(view: View, log: _Log, history: ExampleHistory) -> Iterator[Line]:
    for _, _, _, annotator, text, told_at, event in view.read(CommentTable, "row", [history.row]).tuples():
        at = log.at(event)
        said = f" ({time_text(told_at)})" if abs(told_at - at) >= MICROSECONDS else ""
        entered = history.entered(log.actor(event), annotator)
        yield at, event, f"{history.named(annotator, event)} said{said}{entered}: {text}"


def _quarantined(view: View, log: _Log, history: ExampleHistory) -> Iterator[Line]:
    entries = view.read(QuarantineTable, "example_id", [history.example_id])
    for number, at, _, label, annotator, _, reason, event, _, _, closed, closing in entries.tuples():
        entered = history.entered(log.actor(event), annotator)
        yield at, event, f"a label {label} by {history.named(annotator, event)} went to quarantine{entered}: {reason}"
        if closed:
            what = f"entry {number:,} of the quarantine was closed by {log.actor(closed)}: {closing}"
            yield log.at(closed), closed, what


def _last_known(view: View, log: _Log, history: ExampleHistory) -> Iterator[Line]:
    """The last take of each person, exclusion and gold label of which the log of an older Ladle does not tell."""
    for _, annotator, until, event, since in view.read(LeaseTable, "row", [history.row]).tuples():
        if history.people.name_of(annotator) not in history.taken_by:
            yield since, event, f"taken by {history.named(annotator, event)} {lease_end(until)}"
        if log.kind(event) == "release" and "ids" not in log.told(event):
            yield log.at(event), event, f"given back by {history.named(annotator, event)}"
    if not history.is_exclusion_told:
        for _, _, reason, at, active, event in view.read(ExclusionTable, "row", [history.row]).tuples():
            by = log.actor(event)
            what = f"excluded by {by}: {reason}" if active else f"included again by {by} (was excluded: {reason})"
            yield at, event, what
    gold = gold_of(view.read(GoldTable, "row", [history.row]))
    if len(gold) and not history.is_gold_told:
        event = int(gold.event[0])
        yield log.at(event), event, f"gold: known to be {label_words(gold.label[0], gold.as_told[0])}"

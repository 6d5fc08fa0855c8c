"""Columns that mean something in other tools: one table of what each means there, and what happens to it here.

A column of this table that a file has is understood, or the file is refused by the name of the column. No label is
taken beside a column that says that the label does not count. `ignore` takes a column out of the reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

Meaning = Literal[
    "verdict", "flag", "choices", "reason", "comment", "comments", "seconds", "ms", "annotator", "time", "epoch"
]
# What becomes of a row. The later of two outcomes of one row wins.
Outcome = Literal["counts", "machine", "open", "skipped", "rejected", "stale", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("counts", "machine", "open", "skipped", "rejected", "stale", "refused")

_TYPES: dict[str, Any] = {
    "verdict": pa.large_string(),
    "flag": pa.bool_(),
    "choices": pa.list_(pa.large_string()),
    "reason": pa.large_string(),
    "comment": pa.large_string(),
    "comments": pa.large_string(),  # lists are joined
    "seconds": pa.float64(),
    "ms": pa.float64(),
    "annotator": pa.large_string(),
    "time": pa.timestamp("us", "UTC"),
    "epoch": pa.float64(),
}
Vocabulary = tuple[str, Mapping[str, Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignColumn:
    """A column that means something in other tools.

    Attributes
    ----------
    name : str
        Its name there; case and blanks around it do not matter.
    meaning : str
        "verdict" (a word decides whether the label counts), "flag" (yes or no decides), "choices" (the chosen classes),
        "reason" (of a skip), "comment", "comments" (a list), "seconds" or "ms" (time spent), "annotator", "time"
        (when), "epoch" (when, in seconds since 1970).
    says : str
        What it means, for people.
    vocabularies : tuple of (tool, mapping of word to outcome)
        Of a verdict: the words of each tool. All words of a file must be of one tool.
    yes, no : str
        Of a flag: what becomes of a row with it and without it.
    beside : tuple of str
        It is read only in files that have one of these columns too; () for every file.
    """

    name: str
    meaning: Meaning
    says: str
    vocabularies: tuple[Vocabulary, ...] = ()
    yes: Outcome = "counts"
    no: Outcome = "counts"
    beside: tuple[str, ...] = ()

    @property
    def type(self) -> Any:
        """The Arrow type of its values."""
        return _TYPES[self.meaning]


_PRODIGY = ("answer", "_task_hash", "_input_hash", "_view_id")
_LABEL_STUDIO = ("annotation_id",)
_ARGILLA: dict[str, Outcome] = {
    "completed": "counts",
    "submitted": "counts",
    "pending": "open",
    "draft": "open",
    "discarded": "skipped",
}
_ARGILLA_1: dict[str, Outcome] = {"Validated": "counts", "Default": "open", "Edited": "open", "Discarded": "skipped"}
_LADLE: dict[str, Outcome] = {"current": "counts", "superseded": "stale", "deleted": "stale"}

FOREIGN_COLUMNS: tuple[ForeignColumn, ...] = (
    ForeignColumn(
        name="answer",
        meaning="verdict",
        says="Prodigy: accept, the label is right; reject, it is wrong, and no other is known; ignore, a skip",
        vocabularies=(("Prodigy", {"accept": "counts", "reject": "rejected", "ignore": "skipped"}),),
    ),
    ForeignColumn(name="accept", meaning="choices", says="Prodigy: the options that were chosen", beside=_PRODIGY),
    ForeignColumn(name="_annotator_id", meaning="annotator", says="Prodigy: who answered"),
    ForeignColumn(name="_session_id", meaning="annotator", says="Prodigy: the session, which names who answered"),
    ForeignColumn(name="_timestamp", meaning="epoch", says="Prodigy: when, in seconds since 1970"),
    ForeignColumn(
        name="status",
        meaning="verdict",
        says="Ladle: superseded and deleted do not count; Argilla: pending and draft are open, discarded is a skip",
        vocabularies=(("Ladle", _LADLE), ("Argilla", _ARGILLA), ("Argilla 1", _ARGILLA_1)),
    ),
    ForeignColumn(name="was_cancelled", meaning="flag", says="Label Studio: skipped", yes="skipped"),
    ForeignColumn(name="lead_time", meaning="seconds", says="Label Studio: seconds spent", beside=_LABEL_STUDIO),
    ForeignColumn(name="updated_at", meaning="time", says="Label Studio: when it changed last", beside=_LABEL_STUDIO),
    ForeignColumn(name="created_at", meaning="time", says="Label Studio: when it was made", beside=_LABEL_STUDIO),
    ForeignColumn(name="completed_by", meaning="annotator", says="Label Studio: who labelled"),
    ForeignColumn(name="skip", meaning="flag", says="a skip in place of a label", yes="skipped"),
    ForeignColumn(name="skipped", meaning="flag", says="a skip in place of a label", yes="skipped"),
    ForeignColumn(name="is_skipped", meaning="flag", says="a skip in place of a label", yes="skipped"),
    ForeignColumn(name="skip_reason", meaning="reason", says="why it was skipped"),
    ForeignColumn(name="comment", meaning="comment", says="what an annotator remarks"),
    ForeignColumn(name="comments", meaning="comments", says="doccano: what annotators remark"),
    ForeignColumn(name="flagged", meaning="flag", says="something is wrong with the row", yes="refused"),
    ForeignColumn(name="rejected", meaning="flag", says="the label is wrong, and no other is known", yes="rejected"),
    ForeignColumn(name="is_rejected", meaning="flag", says="the label is wrong, and no other is known", yes="rejected"),
    ForeignColumn(name="deleted", meaning="flag", says="the label does not stand", yes="stale"),
    ForeignColumn(name="is_deleted", meaning="flag", says="the label does not stand", yes="stale"),
    ForeignColumn(name="accepted", meaning="flag", says="a reviewer accepts the label", no="refused"),
    ForeignColumn(name="approved", meaning="flag", says="a reviewer accepts the label", no="refused"),
    ForeignColumn(name="human-annotated", meaning="flag", says="Ground Truth: no, a machine's label", no="machine"),
    ForeignColumn(name="spent_ms", meaning="ms", says="milliseconds spent"),
    ForeignColumn(name="seconds", meaning="seconds", says="seconds spent"),
    ForeignColumn(name="seconds_spent", meaning="seconds", says="seconds spent"),
    ForeignColumn(name="Seconds to Label", meaning="seconds", says="Labelbox: seconds spent"),
    ForeignColumn(
        name="AssignmentStatus",
        meaning="verdict",
        says="Mechanical Turk: rejected assignments do not count",
        vocabularies=(("Mechanical Turk", {"Submitted": "counts", "Approved": "counts", "Rejected": "rejected"}),),
    ),
    ForeignColumn(name="WorkerId", meaning="annotator", says="Mechanical Turk: who labelled"),
    ForeignColumn(name="WorkTimeInSeconds", meaning="seconds", says="Mechanical Turk: seconds spent"),
)
FOREIGN = {each.name: each for each in FOREIGN_COLUMNS}
# A column that only exports of one tool have: their labels are nested, or have one column a control.
MARKS = {
    "annotation_id": "Label Studio",
    "_task_hash": "Prodigy",
    "data_row": "Labelbox",
    "labeled data": "Labelbox",
    "datarow id": "Labelbox",
    "imagepath": "LabelMe",
    "hitid": "Mechanical Turk",
}
# Exports whose labels are nested. Ladle does not take them apart; nothing in them is a column of labels.
NESTED = {"data_row", "labeled data", "datarow id", "imagepath"}

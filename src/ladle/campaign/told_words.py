"""What became of a file of labels, as JSON can hold it and in a line: for commands, for `/v1` and for pages."""

from __future__ import annotations

from typing import Any

from ladle.counts import counted
from ladle.formats import LabelFile
from ladle.labelling.answers import Told


def tell_facts(file: LabelFile, result: Told) -> dict[str, Any]:
    """The result of a file of labels as JSON can hold it."""
    return {
        "file": file.source,
        "sha256": file.sha256,
        "done_before": result.repeat_of_key,
        "labels": result.labels,
        "accepted": result.accepted,
        "changed": result.changed,
        "repeated": result.repeated,
        "quarantined": result.quarantined,
        "answered": result.answered,
        "disputed": result.disputed,
        "labelled": result.labelled,
        "unasked": result.unasked,
        "older": result.older,
        "skipped": result.skipped,
        "comments": result.comments,
        "unlabelled_rows": file.unlabelled,
        "superseded_rows": file.superseded,
        "rejected_rows": file.rejected,
        "skipped_rows": file.skip_rows.size,
        "notices": list(file.notices),
    }


def tell_text(file: LabelFile, result: Told) -> str:
    """The result of a file of labels in a line."""
    parts = [f"{result.accepted:,} accepted"]
    for count, noun, what in (
        (result.changed, "new version", "among them"),
        (result.older, "", "older than what stands"),
        (result.skipped, "skip", ""),
        (result.comments, "comment", ""),
        (result.repeated, "", "known before"),
        (result.quarantined, "", "quarantined"),
        (result.disputed, "task", "in dispute"),
        (file.unlabelled, "row", "still without a label"),
        (file.superseded, "row", "out of date, left out"),
        (file.rejected, "", "rejected, left out"),
    ):
        if count:
            parts.append(" ".join(filter(None, [counted(count, noun) if noun else f"{count:,}", what])))
    return ", ".join(parts)

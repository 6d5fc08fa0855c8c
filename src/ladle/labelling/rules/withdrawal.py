"""What takes labels back: deletions of some labels, and files untold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.columns import Int64, repeated
from ladle.labelling.events import Effects
from ladle.labelling.rules.tell import KnownRows, overlay, rejudge
from ladle.labelling.settings import Settings
from ladle.labelling.tables import CURRENT, DELETED, SUPERSEDED, GoldTable, LabelTable, QuarantineTable, gold_of


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """Which answers are meant; None for any.

    annotator: the name of a person. sha256: of the file that they came in. since, until: microseconds of `told_at`, the
    first included, the last not.
    """

    annotator: str | None = None
    source: str | None = None
    sha256: str | None = None
    since: int | None = None
    until: int | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__slots__)

    def fits(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) the current answers that are meant."""
        wanted: npt.NDArray[np.bool_] = label.status == CURRENT
        for name, value in (("annotator", self.annotator), ("source", self.source), ("file", self.sha256)):
            if value is not None and len(label):
                wanted &= label.column(name) == value
        if self.since is not None:
            wanted &= label.told_at >= self.since
        if self.until is not None:
            wanted &= label.told_at < self.until
        return wanted


def delete(settings: Settings, known: KnownRows, which: LabelFilter, report: Mapping[str, Any]) -> Effects:
    """Delete the current answers of the known rows that are meant, and judge the tasks again."""
    gone = known.label.take(which.fits(known.label))
    gone = replace(gone, status=repeated(DELETED, len(gone)), ended=repeated(known.event, len(gone)))
    rows = np.unique(gone.row)
    moved = rejudge("delete", settings, known, overlay(known.label, gone), rows)
    return Effects(changed=(gone, moved), report={"deleted": len(gone), "tasks": len(rows), **report})


def untell(
    settings: Settings,
    known: KnownRows,
    sha256: str,
    *,
    untold: Collection[int],
    entries: QuarantineTable,
    report: Mapping[str, Any],
) -> Effects:
    """Make everything as if a file had never been told, where nothing newer exists.

    Its answers are deleted. Where one of them stood, the answer stands again that would stand without it. untold: the
    events that untold files. entries: those of the file in the quarantine, which are closed.
    """
    mine = known.label.take(known.label.status != DELETED)
    mine = mine.take(np.array([each == sha256 for each in mine.file.tolist()], bool))
    stood = mine.take(mine.status == CURRENT)
    gone = replace(mine, status=repeated(DELETED, len(mine)), ended=repeated(known.event, len(mine)))
    others = overlay(known.label, gone)
    places = _standing_again(others, stood, untold={*untold, known.event})
    back = others.take(places)
    back = replace(back, status=repeated(CURRENT, len(back)), ended=repeated(0, len(back)))
    rows = np.unique(stood.row)
    moved = rejudge("untell", settings, known, overlay(others, back), rows)
    closed = entries.take(entries.closed == 0)
    closed = close_entries(closed, reason="the file was untold", event=known.event)
    counts = {"deleted": len(stood), "restored": len(back), "tasks": len(rows), "closed": len(closed)}
    return Effects(changed=(gone, back, moved, closed), report=counts | dict(report))


def close_entries(entries: QuarantineTable, *, reason: str, event: int) -> QuarantineTable:
    """These entries of the quarantine, closed."""
    return replace(entries, closed=repeated(event, len(entries)), closing=repeated(reason, len(entries)))


def _standing_again(label: LabelTable, stood: LabelTable, untold: Collection[int]) -> Int64:
    """The places of the answers that stand again in place of those that stood.

    What happened to each example and annotator is done again in order, without the files that were untold.
    """
    pairs = set(zip(stood.row.tolist(), stood.annotator.tolist(), strict=True))
    happened: dict[tuple[int, str], list[tuple[int, int, int, bool]]] = {pair: [] for pair in pairs}
    names = ("row", "annotator", "number", "event", "status", "ended")
    for place, (row, annotator, number, event, status, ended) in enumerate(
        zip(*(label.column(name).tolist() for name in names), strict=True)
    ):
        if (row, annotator) not in pairs or (status == DELETED and ended in untold):
            continue
        happened[row, annotator].append((event, number, place, False))
        if status == DELETED:
            happened[row, annotator].append((ended, 0, place, True))
    again = []
    for steps in happened.values():
        current = -1
        for _, _, place, is_deletion in sorted(steps):
            if is_deletion:
                current = -1 if current == place else current
            elif current < 0 or label.told_at[place] >= label.told_at[current]:
                current = place
        if current >= 0 and label.status[current] == SUPERSEDED:
            again.append(current)
    return np.array(sorted(again), np.int64)


def remove_gold(gold: GoldTable, *, event: int) -> Effects:
    """Take gold back: these examples are gold no more. Their rows stay, without a label."""
    gone = gold_of(gold)
    removed = replace(gone, label=repeated("", len(gone)), event=repeated(event, len(gone)))
    labels = dict(zip(gone.example_id.tolist(), gone.label.tolist(), strict=True))
    return Effects(changed=(removed,), report={"removed": len(gone), "labels": dict(list(labels.items())[:100])})

"""What a campaign answers: batches, what came of a tell, progress, stories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.labelling.records import Records
from ladle.stopping import Verdict as StopVerdict

Ids = npt.NDArray[Any]  # int64, or objects of str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What is to be labelled now, in order.

    ids: (b,) int64, or objects of str for text. rows: (b,) int64 positions in the pool. number, round: from 1.
    story: the selection's, as plain numbers and text. renewed: an ask repeated under its key, which got the same batch
    again with a longer lease. passed_on: tasks in it whose lease had lapsed elsewhere.
    """

    ids: Ids
    rows: Rows
    number: int
    round: int
    key: str
    holder: str
    asked_at: datetime
    lease_until: datetime
    story: Mapping[str, Any]
    model: str = ""
    renewed: bool = False
    passed_on: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.ids.tolist())

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` of id, row, order (int64, from 0) and round."""
        order = np.arange(len(self), dtype=np.int64)
        rounds = np.full(len(self), self.round, np.int64)
        return Records({"id": self.ids, "row": self.rows, "order": order, "round": rounds}).to_arrow()

    def __repr__(self) -> str:
        shown = ", ".join(repr(each) for each in self.ids[:3].tolist()) + (", ..." if len(self) > 3 else "")
        return f"<Batch {self.number}: {len(self):,} examples until {self.lease_until:%Y-%m-%d %H:%M} UTC: {shown}>"


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """The tasks one annotator has taken from the shared list, in order; as `Batch`.

    renewed: those held before, whose lease is longer now. passed_on: those others let lapse.
    """

    ids: Ids
    rows: Rows
    annotator: str
    lease_until: datetime
    renewed: int = 0
    passed_on: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.ids.tolist())

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` of id, row and order (int64, from 0)."""
        order = np.arange(len(self), dtype=np.int64)
        return Records({"id": self.ids, "row": self.rows, "order": order}).to_arrow()


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a tell, in labels.

    labels: told. accepted: kept as new. changed: those of them that are a new version of an earlier one. repeated: said
    before, word for word. quarantined: kept aside, see `Campaign.quarantine`. disputed, labelled: tasks that became so.
    unasked: examples nobody had asked for. repeat_of_key: this very tell was made before under its key; the figures are
    those of that time.
    """

    labels: int
    accepted: int
    changed: int = 0
    repeated: int = 0
    quarantined: int = 0
    disputed: int = 0
    labelled: int = 0
    unasked: int = 0
    repeat_of_key: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign has come.

    pool: examples. asked: tasks asked for. labelled: examples with a label that stands. outstanding: asked and neither
    labelled nor excluded. rounds: batches asked. excluded, disputed: examples. quarantined: entries. labels: current
    ones, by all annotators. spend: labels asked for so far; budget: of how many, or None. labels_per_day: told in the
    last seven days, a day; seconds_left: at that speed, for what is outstanding (None when nothing moves). agreement:
    the share of pairs of annotators that agree, over examples with two labels or more (None without). annotators: one
    row each: annotator, labels, gold_right, gold_seen, agreement (NaN when unknown), labels_per_day, last_told_at.
    curve: one row a recorded model. stopping: what the rules that can tell say.
    """

    name: str
    pool: int
    asked: int
    labelled: int
    outstanding: int
    rounds: int
    excluded: int
    disputed: int
    quarantined: int
    labels: int
    spend: int
    budget: int | None
    labels_per_day: float
    seconds_left: float | None
    agreement: float | None
    annotators: Records
    curve: Records
    stopping: tuple[StopVerdict, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        others = ("annotators", "curve", "stopping")
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in others}
        tables = {"annotators": _plain_rows(self.annotators), "curve": _plain_rows(self.curve)}
        return plain | tables | {"stopping": [verdict.to_dict() for verdict in self.stopping]}

    def __str__(self) -> str:
        text = (
            f"{self.name}: {self.labelled:,} of {self.asked:,} examples asked for are labelled, {self.outstanding:,} "
            f"outstanding, after {self.rounds:,} rounds; pool of {self.pool:,}."
        )
        return text + (f" {self.disputed:,} disputed." if self.disputed else "")


@dataclass(frozen=True, slots=True)
class TaskStory:
    """All that happened to one example, oldest first: `lines` of (time, what). `str()` reads well.

    state: "open", "labelled", "disputed", "excluded", or "unasked". label: what stands, or None.
    """

    id: Any
    row: int
    state: str
    label: Any
    lines: tuple[tuple[datetime, str], ...] = field(default_factory=tuple)

    def __str__(self) -> str:
        head = f"{self.id} (row {self.row:,}): {self.state}" + ("" if self.label is None else f", {self.label!r}")
        return "\n".join([head, *(f"  {at:%Y-%m-%d %H:%M:%S} {what}" for at, what in self.lines)])


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a campaign is sound. problems: a line each, none when `ok`. checked: how much of what was looked at."""

    ok: bool
    problems: tuple[str, ...]
    checked: Mapping[str, int]

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        looked = ", ".join(f"{count:,} {what}" for what, count in self.checked.items())
        if self.ok:
            return f"Sound: {looked}."
        return "\n".join([f"{len(self.problems):,} problems in {looked}:", *(f"  {line}" for line in self.problems)])


def _plain_rows(records: Records) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return None if isinstance(value, float) and np.isnan(value) else value

    return [{name: plain(value) for name, value in row.items()} for row in records.to_pylist()]

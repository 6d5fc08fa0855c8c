"""What a campaign returns: batches, the results of tells, progress, histories, integrity checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.counts import counted
from ladle.labelling.records import Records

Ids = npt.NDArray[Any]  # int64, or objects of str


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The examples of one ask, in the order in which they are to be labelled.

    Attributes
    ----------
    ids : ndarray of shape (b,)
        int64, or objects of str for text ids.
    rows : ndarray of shape (b,), int64
        The rows of the pool.
    number, round : int
        From 1.
    key, holder : str
        As `Campaign.ask` got them; "" for none.
    asked_at, lease_until : datetime
        In UTC.
    story : mapping
        How the strategy chose, as plain numbers and text.
    model : str
        The version of the model that made the scores; "" when it was not named.
    renewed : bool
        Whether this is the batch of an earlier ask with the same key, whose lease is longer now.
    passed_on : int
        How many of its tasks came from an earlier batch, because their lease had expired.
    notices : tuple of str
        What users should know: that all of a batch which was asked for again is labelled, that scores are old.
    control : ndarray of int64
        The rows that were drawn uniformly for the control, in the order of the batch. They are not marked in `to_arrow`
        and in batch files: people should label all examples alike.
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
    notices: tuple[str, ...] = ()
    control: Rows = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.ids.tolist())

    def to_arrow(self) -> Any:
        """The batch as a `pyarrow.Table` with the columns id, row, order (int64, from 0) and round."""
        order = np.arange(len(self), dtype=np.int64)
        rounds = np.full(len(self), self.round, np.int64)
        return Records({"id": self.ids, "row": self.rows, "order": order, "round": rounds}).to_arrow()

    def __repr__(self) -> str:
        first = ", ".join(repr(each) for each in self.ids[:3].tolist()) + (", ..." if len(self) > 3 else "")
        return f"<Batch {self.number}: {len(self):,} examples until {self.lease_until:%Y-%m-%d %H:%M} UTC: {first}>"


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """The tasks that one annotator has taken from the shared list, in order.

    Attributes
    ----------
    ids : ndarray of shape (t,)
        int64, or objects of str for text ids.
    rows : ndarray of shape (t,), int64
        The rows of the pool.
    annotator : str
        Who has taken them.
    lease_until : datetime
        In UTC.
    renewed : int
        How many of them the annotator held before, with a longer lease now.
    passed_on : int
        How many of them another annotator held before, with an expired lease.
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
        """The tasks as a `pyarrow.Table` with the columns id, row and order (int64, from 0)."""
        order = np.arange(len(self), dtype=np.int64)
        return Records({"id": self.ids, "row": self.rows, "order": order}).to_arrow()

    def __repr__(self) -> str:
        return f"<Taken: {len(self):,} tasks of {self.annotator!r} until {self.lease_until:%Y-%m-%d %H:%M} UTC>"


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an assignment has changed.

    Attributes
    ----------
    examples : int
        Those that were not assigned to this name before, and are now.
    taken_from : mapping of str to int
        The people who had tasks of these examples under a lease and have them no more, and how many tasks each.
    left_out : int
        Examples that are not assigned, because this person, or all of this team, have answered them.
    """

    examples: int
    taken_from: Mapping[str, int]
    left_out: int


@dataclass(frozen=True, slots=True)
class Told:
    """The result of a tell, counted in answers: labels and skips.

    Attributes
    ----------
    labels : int
        Answers in the tell: accepted, skipped, repeated and quarantined ones.
    accepted : int
        Labels stored as new.
    changed : int
        Accepted labels that replace an earlier answer of the same annotator.
    repeated : int
        Answers that were stored before with the same value.
    quarantined : int
        Labels and comments put aside with a reason, see `Reader.quarantine`. One that is there and open is not stored
        again: the same value of the same annotator for the same example.
    disputed, labelled : int
        Tasks that entered this state. A gold example is never disputed, see `Progress.disputed`.
    unasked : int
        Examples that no ask had chosen.
    repeat_of_key : bool
        Whether the same tell was made before under its key; the counts are those of that time.
    older : int
        New answers that are older than what the same annotator gave since. They are stored, and the later ones stand.
    skipped : int
        Skips stored as new.
    comments : int
        Comments stored as new.
    notices : tuple of str
        What users should know: names of annotators that are nearly the same, older answers.
    file, sha256 : str
        The file that the labels came from, as the caller named it, and its digest; "" for none.
    answered : int
        Open entries of the quarantine, of these examples, whose annotators have another answer that stands now: see
        `CampaignWithdrawals.close_quarantined`.
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
    older: int = 0
    skipped: int = 0
    comments: int = 0
    notices: tuple[str, ...] = ()
    file: str = ""
    sha256: str = ""
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a deletion, or a file untold, takes back. It is false where that is nothing.

    Attributes
    ----------
    labels : int
        Labels that stood and are deleted, without skips; one example may have several, of several annotators.
    tasks : int
        Examples that they belong to.
    restored : int
        Earlier answers that stand again.
    closed : int
        Entries of the quarantine that are closed.
    replaced : int
        Answers of a file that is untold that did not stand: later ones had replaced them.
    retimed : int
        Answers of others that the file had given again later, and that have their own time again.
    skips : int
        Skips that stood and are deleted.
    """

    labels: int
    tasks: int
    restored: int = 0
    closed: int = 0
    replaced: int = 0
    retimed: int = 0
    skips: int = 0

    @property
    def answers(self) -> int:
        """Labels and skips together."""
        return self.labels + self.skips

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What a change of people has changed: a merge, a new name, a team. It is false where everything was so before.

    Attributes
    ----------
    labels : int
        Labels that have another annotator now, all versions counted, without skips.
    superseded : int
        Labels and skips of two merged names that do not stand any more, because the other's is later.
    tasks : int
        Examples whose labels or skips have changed hands.
    batches : int
        Batches that have another holder now.
    assigned : int
        Assigned examples that have another assignee now.
    skips : int
        Skips that have another annotator now, all versions counted.
    done_before : bool
        Whether everything was so before: nothing was changed, and the counts are 0.
    """

    labels: int = 0
    superseded: int = 0
    tasks: int = 0
    batches: int = 0
    assigned: int = 0
    skips: int = 0
    done_before: bool = False

    def __bool__(self) -> bool:
        return not self.done_before


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """What a change of settings or classes did. It is false where everything was so before.

    Attributes
    ----------
    changed : mapping of str to (old, new)
        The settings that differ now; for a change of classes, "classes" alone.
    tasks : int
        Tasks that have another state now.
    labels : int
        Labels that have another name now, those that were superseded or deleted among them.
    ended : int
        How many of these were superseded or deleted.
    corrected : mapping of str to object
        The mistaken price of labels of before (`instead_of`), and the `price`, the `currency` or both that count in its
        place; empty where none was corrected.
    """

    changed: Mapping[str, tuple[Any, Any]]
    tasks: int = 0
    labels: int = 0
    ended: int = 0
    corrected: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changed or self.corrected)


@dataclass(frozen=True, slots=True, repr=False)
class TaskStory:
    """The history of one example, oldest event first. `str()` makes text for people.

    Attributes
    ----------
    id : int or str
        The example id.
    row : int
        The row of the pool.
    state : str
        "open" (waits for labels), "labelled", "disputed", "excluded" or "unasked": no batch and no assignment has it.
    label : object
        The resolved label, as `Campaign.resolved` has it, or None. Gold has one though nobody was asked ("unasked").
    lines : tuple of (datetime, str)
        When and what, times in UTC.
    """

    id: Any
    row: int
    state: str
    label: Any
    lines: tuple[tuple[datetime, str], ...] = field(default_factory=tuple)

    def __repr__(self) -> str:
        return f"<TaskStory of {self.id!r}: {self.state}, {len(self.lines):,} lines>"

    def __str__(self) -> str:
        where = f"row {self.row:,}" if self.row >= 0 else "not in the pool any more"
        title = f"{self.id} ({where}): {self.state}" + ("" if self.label is None else f", {self.label!r}")
        return "\n".join([title, *(f"  {at:%Y-%m-%d %H:%M:%S} {what}" for at, what in self.lines)])


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """The result of an integrity check of a campaign. It is true when the campaign has passed.

    Attributes
    ----------
    ok : bool
        Whether no problem was found.
    problems : tuple of str
        One line for each problem.
    checked : mapping of str to int
        How many rows and files of each kind were checked.
    """

    ok: bool
    problems: tuple[str, ...]
    checked: Mapping[str, int]

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Verification: {'passed' if self.ok else counted(len(self.problems), 'problem')}>"

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {what}" for what, count in self.checked.items())
        if self.ok:
            return f"Sound: {counts}."
        return "\n".join(
            [f"{counted(len(self.problems), 'problem')} in {counts}:", *(f"  {line}" for line in self.problems)]
        )


Verdict = Verification  # the earlier name of this class, which callers may import

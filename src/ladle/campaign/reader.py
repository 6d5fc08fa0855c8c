"""What a campaign tells of itself, to whoever only looks."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from ladle.campaign import asking, stories, verify, views
from ladle.campaign import progress as standings
from ladle.campaign.session import Desk
from ladle.labelling.answers import Batch, Progress, TaskStory, Verdict
from ladle.labelling.records import Records
from ladle.labelling.settings import Settings
from ladle.pool.ids.example_ids import Ids
from ladle.progress import SILENT, Reporter


class Reader:
    """The half of `Campaign` that changes nothing. All that one call tells is of one moment."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self._desk.name

    @property
    def settings(self) -> Settings:
        """What it was founded with."""
        return self._desk.settings

    @property
    def url(self) -> str:
        """Its database, for people: without a password."""
        return self._desk.store.name

    @property
    def files(self) -> str:
        """The folder of its files, which may not be there yet."""
        return str(self._desk.files.folder)

    @property
    def ids(self) -> Ids:
        """The ids of the pool, in row order. Raises: FileError, MismatchError when the pool is not as it was."""
        with self._desk.reading() as view:
            return self._desk.examples(view).ids

    def labels(self) -> Records:
        """One row a label, every version of it, in the order they came.

        Columns: id, label, annotator, told_at, version, status ("current", "superseded", "deleted"), row, round (0:
        never asked), source, origin ("asked", "told", "imported"), recorded_at, number.
        """
        with self._desk.reading() as view:
            return views.labels(view)

    def resolved(self) -> Records:
        """One row an example whose label stands, in row order: what a model trains on.

        Columns: id, row, label, votes (labels that counted), share (of them, those for this label), how (the rule, or
        "gold"). Disputed and excluded examples are not among them.
        """
        with self._desk.reading() as view:
            return views.resolved(view, self.settings)

    def outstanding(self) -> Records:
        """One row a task that was asked and waits for labels, in order of choice, gold among them.

        Columns: id, row, round, order (in its batch, from 0), state ("open", "disputed"), lease_until, holder.
        """
        with self._desk.reading() as view:
            return views.outstanding(view)

    def progress(self) -> Progress:
        """How far it has come. Cost: all tasks and labels are read."""
        with self._desk.reading() as view:
            return standings.progress(view, self.settings, self._desk.now())

    def quarantine(self) -> Records:
        """One row an entry that could not be taken. Columns: number, at, id, label, annotator, source, reason."""
        with self._desk.reading() as view:
            return views.quarantine(view)

    def audit(self) -> Records:
        """One row a change, in order. Columns: seq, at, kind, actor, key, details (a dict), chain (the seal so far)."""
        with self._desk.reading() as view:
            return views.audit(view)

    def rounds(self) -> Records:
        """One row a round. Columns: round, asked_at, size, then its tasks by state now, model, models (trained on it).

        A task that passed on to a later round counts there.
        """
        with self._desk.reading() as view:
            return views.rounds(view)

    def batches(self) -> Records:
        """One row a batch. Columns: number, round, key, holder, asked_at, lease_until, size, passed_on, outstanding ...

        ... model, scores_digest, story (a dict).
        """
        with self._desk.reading() as view:
            return views.batches(view)

    def batch(self, number: int | None = None, *, key: str | None = None) -> Batch:
        """A batch as it was asked, by its number or the key of its ask; the last one without either.

        Raises: NotFoundError when there is none.
        """
        with self._desk.reading() as view:
            return asking.batch_answer(self._desk, view, asking.number_of(view, number, key))

    def story(self, example_id: Any) -> TaskStory:
        """All that happened to one example, oldest first. Raises: NotFoundError when the pool has no such id."""
        with self._desk.reading() as view:
            return stories.story(view, self.settings, self._desk.examples(view), example_id)

    def verify(self, *, progress: Reporter = SILENT) -> Verdict:
        """Check all that must hold: checksums, the log, batches, labels, states, ids, files, the database itself.

        Raises: NotFoundError, StoreBusyError; all else is told as a problem. Cost: reads all of it.
        """
        return verify.verify(self._desk, progress)

    def close(self) -> None:
        """Let go of the database. What was done is there already."""
        self._desk.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} in {self.url}>"

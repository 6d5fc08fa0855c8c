"""What a campaign says about itself, for programs that change nothing."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Any, Self

from ladle.campaign import asked, control, creation, groups, own_tasks, pages, pool_map, storage
from ladle.campaign.overview import quality, splitting, stories, verify, views, waiting
from ladle.campaign.overview.news import News
from ladle.campaign.pools import CampaignPool
from ladle.campaign.session.clocks import Clock
from ladle.campaign.session.session import Database, Session
from ladle.campaign.work import asking
from ladle.campaign.work.arguments import check_text
from ladle.campaign.work.label_files import form_of
from ladle.formats import Form
from ladle.labelling.answers import Batch, TaskStory, Verification
from ladle.labelling.contract.store import Store, View
from ladle.labelling.contract.tables import BatchTable, EventTable, LabelTable
from ladle.labelling.measures.agreement_summary import Agreement
from ladle.labelling.records import Records
from ladle.labelling.settings import Settings
from ladle.pool.ids.example_ids import Ids
from ladle.progress import SILENT, Reporter, reporter
from ladle.store.sql import SqlStore

Since = datetime | str | int  # see `Reader.labels`


class Reader:
    """The methods of `Campaign` that change nothing. Everything that one call returns is of one moment."""

    __slots__ = ("_session",)

    # Functions that take the campaign as their first argument. They stand with their rules, because this file is long.
    split, control = splitting.split_of, control.control_of
    figures, progress = pages.figures_of, pages.progress_of
    has_taken, labels_given = own_tasks.has_taken, own_tasks.labels_given
    groups_of, are_near, group_audit = groups.groups_of, groups.are_near, groups.group_audit
    task_page, task_total, label_page = pages.task_page_of, pages.task_total_of, pages.label_page_of
    audit_page, quarantine_page, resolved_page = pages.audit_page_of, pages.quarantine_page_of, pages.resolved_page_of
    asked, chosen, models = asked.asked_of, asked.chosen_of, asked.models_of
    storage, map = storage.storage_of, pool_map.map_of

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def open(
        cls, url: Database, *, name: str | None = None, pool: object = None, clock: Clock | None = None, by: str = ""
    ) -> Self:
        """Open a campaign.

        Parameters
        ----------
        url : str, path or Store
            As in `Campaign.create`.
        name : str, optional
            The name of the campaign. It may be left out where the database has one campaign.
        pool : Pool or argument of `ladle.open_pool`, optional
            Needed only by strategies that read embeddings, where the pool has moved or cannot be opened again, such as
            an array. A path is read by the names of columns that the campaign has stored. `move_pool` records it.
        clock : callable, optional
            As in `Campaign.create`: its word is final.
        by : str, optional
            Who acts, for the log; by default LADLE_USER, otherwise the user of the system.

        Returns
        -------
        Campaign or Reader
            Of the class whose method is called.

        Raises
        ------
        NotFoundError
            When the database has no campaign of this name, or none at all.
        ArgumentError
            Without a name, when the database has several campaigns.
        FileError
            When there is no database.
        FileFormatError
            When the database has the schema of another version.
        MismatchError
            For another pool, when the pool is first needed.
        """
        store = url if isinstance(url, Store) else SqlStore.open(url)
        name = creation.only_name(store) if name is None else check_text(name, "name")
        return cls(creation.open_existing(store, name, pool=pool, clock=clock, by=by))

    @classmethod
    def names(cls, url: Database) -> list[str]:
        """List the campaigns in a database.

        Parameters
        ----------
        url : str, path or Store
            As in `Campaign.create`.

        Returns
        -------
        list of str
            In alphabetical order.

        Raises
        ------
        FileError, FileFormatError
            As `open`.
        """
        store = url if isinstance(url, Store) else SqlStore.open(url)
        return store.names()

    def acting(self, by: str) -> Self:
        """The same campaign in the name of another person, for a program that serves several people at a time.

        A campaign serves one call at a time; the one that is returned may be used beside this one, by another thread.
        The two share the database and what is open of the pool. Close only one of them.

        Parameters
        ----------
        by : str
            Who acts, as in `open`.

        Returns
        -------
        Campaign or Reader

        Raises
        ------
        ArgumentError
            For a name that is too long, or that a database cannot store.
        """
        return type(self)(self._session.acting(by))

    @property
    def name(self) -> str:
        """The name of the campaign."""
        return self._session.name

    @property
    def settings(self) -> Settings:
        """The settings in force, read anew: others may have changed them."""
        return self._session.read_settings()

    @property
    def url(self) -> str:
        """The database, without a password."""
        return self._session.store.name

    @property
    def notices(self) -> tuple[str, ...]:
        """What was noticed of clocks that differ, and of names that are new or nearly the same; mostly nothing."""
        return (*self._session.times.warnings, *self._session.notes)

    @property
    def files(self) -> str:
        """The folder of the campaign's files, which may not exist yet."""
        return str(self._session.files.folder)

    @property
    def ids(self) -> Ids:
        """The ids of the pool, in row order.

        Raises
        ------
        FileError, MismatchError
            When the pool cannot be opened, or has changed.
        """
        with self._session.reading() as view:
            return self._session.examples(view).ids

    @property
    def pool(self) -> CampaignPool:
        """The pool: where it was and is, and whether it can be read."""
        return CampaignPool(self._session)

    @property
    def form(self) -> Form:
        """The types of the ids and labels of the campaign in files, for `ladle.formats.read_labels`.

        Raises
        ------
        FileError, MismatchError
            As `ids`.
        """
        return form_of(self.settings.labels, self.ids)

    def labels(self, *, since: Since | None = None) -> Records:
        """All labels and skips, in the order in which they came.

        Parameters
        ----------
        since : datetime with a time zone, str or int, optional
            Only labels that are new or changed since: a time (as text in ISO 8601; UTC without a zone), "round:3" from
            its ask on, or after the event of this number. More may be listed, never less: see docs/campaign.md.

        Returns
        -------
        Records
            One row for each version of an answer: id, label (None for a skip), annotator, told_at, version, status
            ("current", "superseded" or "deleted"), row, round (0 when no ask has chosen the example), source, origin
            ("asked", "told", "imported", "assigned" or "adjudicated": what made the task), recorded_at, number,
            adjudicated (the label that a lead has decided for the example, or None), reason (of a skip), seconds (of
            work; NaN when unknown), told_by (the annotator as the caller wrote it), file (its SHA-256), control
            (whether the example is a member of the control now).

        Raises
        ------
        ArgumentError
            For a `since` that the campaign does not have, or that can be read in two ways.
        """
        with self._session.reading(whole=True) as view:
            return views.labels(view, self._news(view, since))

    def comments(self) -> Records:
        """All comments on examples, in the order in which they came.

        Returns
        -------
        Records
            One row for each comment: id, text, annotator, told_at, row, number.
        """
        with self._session.reading(whole=True) as view:
            return views.comments(view)

    def resolved(self, *, since: Since | None = None) -> Records:
        """The resolved label of each labelled example, in row order: what a model trains on.

        Parameters
        ----------
        since : datetime with a time zone, str or int, optional
            As in `labels`: only examples whose resolved label may have changed; under "dawid-skene" all, after any new
            label. An earlier result, updated by id with these and without those of `withdrawn`, is that of now.

        Returns
        -------
        Records
            One row for each example: id, row, label, votes (the labels that count), share (the share of them for this
            label), how (the rule of agreement, "adjudicated" or "gold"), control (as in `labels`). Disputed and
            excluded examples are left out.
        """
        with self._session.reading(whole=True) as view:
            return views.resolved(view, self.settings, self._news(view, since))

    def withdrawn(self, *, since: Since) -> Records:
        """The examples with labels from before that may have changed since and have no resolved label now.

        Parameters
        ----------
        since : datetime with a time zone, str or int
            As in `labels`.

        Returns
        -------
        Records
            One row for each example: id, row, state ("open", "disputed", "excluded" or "unasked"); some had none then.
        """
        with self._session.reading(whole=True) as view:
            return views.withdrawn(view, self.settings, News.since(view, since, self._session.now()))

    def agreement(self) -> Agreement:
        """How far people agree: all of them, each pair, and on each class, beyond chance.

        Returns
        -------
        Agreement

        Notes
        -----
        Cost: reads all labels; about 5 s for a million labels of 50 people.
        """
        with self._session.reading(whole=True) as view:
            return quality.agreement(view, self.settings)

    def reviews(self) -> Records:
        """Whose work is due for a review, and why.

        Returns
        -------
        Records
            One row for each reason: annotator ("" for everybody), reason ("gold", "agreement", "speed" or "untested"),
            figure, limit (what it should have reached), count (of labels), text.

        """
        with self._session.reading(whole=True) as view:
            return quality.reviews(view, self.settings, view.read(LabelTable))

    def last_event(self) -> int:
        """The number of the last event: the `since` of the next `labels` or `resolved`."""
        with self._session.reading() as view:
            return int(view.last(EventTable).seq[0])

    def outstanding(self) -> Records:
        """The tasks that wait for labels, and who has each of them since when.

        Returns
        -------
        Records
            One row for each task: id, row, round (0 when no ask has chosen it), order (in its batch, from 0), state
            ("open" or "disputed"), lease_until (of the longest lease), holder (for whom its batch was asked),
            held_since, held_until (while the holder owes an answer; ended where past), taken_by (who has a lease now),
            taken_since (the earliest), overdue_by (whose lease has ended by its time without an answer), assigned_to
            (several names with commas), control (as in `labels`). What is unknown is empty. Tasks of batches come
            first, in order of choice, gold among them; then other assigned examples; then the other disputed ones, the
            oldest dispute first. A gold example is never disputed: its label is known.
        """
        with self._session.reading(whole=True) as view:
            return waiting.outstanding(view, self.settings, self._session.now())

    def holdings(self) -> Records:
        """Who has tasks that wait for labels, or gold that has them already: by batch, taking or assignment.

        Returns
        -------
        Records
            One row for each: who, how ("batch 3", "taken", "assigned" or "gold"), tasks, since, until (of the last
            lease; None for an assignment), ended (that is past: others may get them). Overdue ones have their own row.
        """
        with self._session.reading(whole=True) as view:
            return waiting.holdings(view, self.settings, self._session.now())

    def disputes(self) -> Records:
        """The disputed examples, whether an ask chose them or not: the oldest dispute first, then by row.

        Returns
        -------
        Records
            One row for each example: id, row, why ("disagree", or "skipped" when skips leave too few labels), labels (a
            dict, by annotator; None for a skip), votes (how many of them are labels), since (when it became disputed),
            round (0 when no ask has chosen it), taken_by (who has a lease of it now), assigned_to. A gold example is
            never disputed: its label is known. Cost: the disputed tasks and their labels.
        """
        with self._session.reading(whole=True) as view:
            return waiting.disputes(view, self._session.now())

    def adjudications(self) -> Records:
        """The final words of leads that stand, in row order: id, row, label, by, reason, at."""
        with self._session.reading(whole=True) as view:
            return waiting.adjudications(view)

    def quarantine(self) -> Records:
        """The entries that were told and could not be stored as labels.

        Returns
        -------
        Records
            One row for each entry: number, at, id, label, annotator, source, reason, file (as the caller named it),
            place (in the file, such as "line 7"), is_open, is_answered (open, and the same annotator has an answer for
            the example that was stored later), closing (why it was closed).
        """
        with self._session.reading(whole=True) as view:
            return views.quarantine(view)

    def audit(self) -> Records:
        """All changes of the campaign, in order.

        Returns
        -------
        Records
            One row for each event: seq, at, kind, actor, key, details (a dict), chain (the seal of it and all earlier
            events).
        """
        with self._session.reading(whole=True) as view:
            return views.audit(view)

    def rounds(self) -> Records:
        """All rounds. A task that has moved to a later round counts there.

        Returns
        -------
        Records
            One row for each round: round, asked_at, size, the number of its tasks in each state now, model (that made
            the scores), models (trained on it).
        """
        with self._session.reading(whole=True) as view:
            return views.rounds(view)

    def batches(self) -> Records:
        """All batches.

        Returns
        -------
        Records
            One row for each batch: number, round, key, holder, asked_at, lease_until, size, passed_on, outstanding,
            model, scores_digest, story (a dict).
        """
        with self._session.reading(whole=True) as view:
            return views.batches(view)

    def batch(self, number: int | None = None, *, key: str | None = None) -> Batch:
        """A batch as it was asked.

        Parameters
        ----------
        number : int, optional
            Its number, from 1.
        key : str, optional
            The key of its ask. Without both, the last batch is returned.

        Returns
        -------
        Batch

        Raises
        ------
        NotFoundError
            When there is no such batch.
        ArgumentError
            When both are given.
        """
        with self._session.reading(whole=True) as view:
            return asking.read_batch(self._session, view, asking.number_of(view, number, key))

    def has_batch(self, key: str) -> bool:
        """Whether an ask under this key has made a batch.

        Parameters
        ----------
        key : str
            The key of the ask.

        Returns
        -------
        bool
        """
        check_text(key, "key")
        with self._session.reading() as view:
            return key in view.read(BatchTable).key.tolist()

    def story(self, example_id: Any) -> TaskStory:
        """All that happened to one example: when, by whom and why, oldest event first.

        Parameters
        ----------
        example_id : int or str
            An id of the pool.

        Returns
        -------
        TaskStory

        Raises
        ------
        NotFoundError
            When the pool has no such id.
        """
        with self._session.reading(of_example=True) as view:
            return stories.story(view, self.settings, self._session.examples(view), example_id)

    def verify(self, *, progress: Reporter = SILENT) -> Verification:
        """Check the integrity of the campaign: checksums, log, batches, labels, states, ids, files, and the database.

        Parameters
        ----------
        progress : Reporter, optional
            Receives the progress of the check.

        Returns
        -------
        Verification
            All problems. Only NotFoundError and StoreBusyError are raised.

        Notes
        -----
        Cost: reads all of the campaign.
        """
        return verify.verify(self._session, reporter(progress))

    def close(self) -> None:
        """Close the database. Everything that a method has returned is stored already."""
        self._session.store.close()

    def _news(self, view: View, since: Since | None) -> News | None:
        return None if since is None else News.since(view, since, self._session.now())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} in {self.url}>"

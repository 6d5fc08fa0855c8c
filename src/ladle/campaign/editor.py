"""The changes to a campaign beside asking and telling: leases, exclusions, gold, the pool, models, backups."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from ladle.campaign import backups, creation
from ladle.campaign.lead import adjudication, assignments, pool_changes, pools
from ladle.campaign.session.examples import as_pool
from ladle.campaign.session.session import Database
from ladle.campaign.teller import Teller
from ladle.campaign.work import asking, leases
from ladle.campaign.work.arguments import check_text
from ladle.labelling.answers import Assigned, Taken
from ladle.numbers import path_of, switch
from ladle.progress import SILENT, Reporter, reporter
from ladle.store.sql import SqlStore


class Editor(Teller):
    """The methods of `Campaign` that change it in other ways than by asking and telling."""

    __slots__ = ()

    @classmethod
    def migrate(cls, url: str | os.PathLike[str]) -> tuple[str, str]:
        """Bring a database of an older Ladle to the schema of this one, in one transaction.

        Parameters
        ----------
        url : str or path
            As in `Campaign.create`.

        Returns
        -------
        tuple of two str
            The versions of the schema before and after.

        Raises
        ------
        FileFormatError
            For the database of a newer Ladle. Also what `open` raises.
        """
        return SqlStore.migrate(url)

    @classmethod
    def restore(
        cls, url: Database, path: str | os.PathLike[str], *, name: str | None = None, files: str | None = None
    ) -> Self:
        """Create the campaign of a backup in any database, completely or not at all.

        Parameters
        ----------
        url : str, path or Store
            As in `Campaign.create`.
        path : path
            The file that `backup` wrote.
        name : str, optional
            Another name than the campaign's own.
        files : str, optional
            The folder of the campaign's files, as in `Campaign.create`.

        Returns
        -------
        Campaign

        Raises
        ------
        ArgumentError
            For a `name` that cannot name a campaign.
        MismatchError
            When the database has a campaign of this name.
        FileError, FileFormatError, CorruptFileError
            When the backup is missing, of another format or version, or damaged.
        MemoryPlanError
            When its tables do not fit memory.

        Notes
        -----
        Cost: reads and checks the whole backup before it writes anything. After an error there is no new file.
        """
        name = None if name is None else check_text(name, "name")
        folder = path_of(files, "`files`", undecided=True)
        return cls(creation.restore(url, path, name=name, files="" if folder is None else str(folder)))

    def take(
        self,
        annotator: str,
        size: int,
        *,
        lease_seconds: float | None = None,
        share: bool = False,
        disputed: bool = False,
        renew_below_seconds: float | None = None,
    ) -> Taken:
        """Take the next tasks of the list that all annotators share, under a lease.

        Tasks that the annotator holds already come first, and their lease is renewed. Then come tasks assigned to the
        annotator or to the annotator's team, then the tasks that lack labels, in the order of rounds and of choice,
        then the disputed examples that no ask has chosen, the oldest dispute first. A disputed task goes to one more
        annotator. Gold goes to every annotator once.

        Tasks under the lease of others are left out, and so are those of a batch that was asked with a `holder` who is
        neither the annotator nor the annotator's team, while the lease of that batch lasts and the holder has not
        answered them. A task whose lease has expired passes on. Tasks assigned to others are left out too.

        Parameters
        ----------
        annotator : str
            Who takes them.
        size : int
            How many tasks at most; fewer at the end of the list.
        lease_seconds : float, optional
            How long the tasks are leased; by default as in `Campaign.create`.
        share : bool, default False
            Whether to take from the batches of other holders too: both will label the tasks.
        disputed : bool, default False
            Whether to take disputed tasks only, the oldest dispute first, asked for or not.
        renew_below_seconds : float, optional
            Where the annotator holds enough tasks already and has each of them for more than these seconds, nothing is
            changed and nothing is logged: `lease_until` is then the end of the first lease to end. By default a take
            always renews.

        Returns
        -------
        Taken

        Raises
        ------
        ArgumentError
            For an empty name, a size below 1, or seconds below 0.

        Notes
        -----
        Cost: the tasks taken, and the tasks of the list before them.
        """
        lease = asking.lease_of(self._session, lease_seconds)
        request = leases.TakeRequest(annotator, size, lease, share, disputed, renew_below_seconds)
        return leases.take(self._session, request)

    def release(self, annotator: str, ids: object = None) -> int:
        """Release tasks that an annotator has taken.

        Parameters
        ----------
        annotator : str
            Who releases them.
        ids : list or array, optional
            Only these examples. Without it, all tasks and the batches that were asked with this holder.

        Returns
        -------
        int
            How many tasks go back: those that wait for a label that this annotator has not given. Tasks that are
            overdue, by a lease of the annotator or of a batch, count too: nobody owes them afterwards.

        Raises
        ------
        IdError
            For unknown ids.
        NotFoundError
            For a name that no person, team, holder or assignee has.
        """
        rows = None if ids is None else pool_changes.find_named(self._session, ids).row
        return leases.release(self._session, annotator, rows)

    def adjudicate(self, ids: object, labels: object, *, reason: str = "") -> int:
        """Decide the labels of examples. The final word of a lead stands whatever annotators have said or will say.

        An example need not be disputed, nor asked for. One that is excluded stays excluded.

        Parameters
        ----------
        ids : list or array of shape (a,)
            The examples, each once.
        labels : list or array of shape (a,), or one class or number
            Their labels; a single one is for all of them.
        reason : str, default ""
            Why, for the record.

        Returns
        -------
        int
            How many final words are new, or other ones than before.

        Raises
        ------
        IdError, ShapeError
            For unknown ids; when there is not one label for each id.
        ArgumentError
            For an id that occurs twice, a value that is no label of the campaign, and a gold example, whose label is
            known.
        """
        return adjudication.adjudicate(self._session, ids, labels, reason)

    def undo_adjudication(self, ids: object) -> int:
        """Take back the final words on examples. Each task gets the state that its labels give.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,)
            The examples.

        Returns
        -------
        int
            How many final words there were.

        Raises
        ------
        IdError
            For unknown ids.
        """
        return adjudication.undo(self._session, ids)

    def assign(self, ids: object, *, to: str) -> Assigned:
        """Assign examples to a person or a team. `take` gives them to these people first, and to nobody else.

        An example that no ask has chosen becomes a task, and no ask chooses it. Assigned to several, it goes to any of
        them. What someone else has taken is taken from them. An assignment stands above the holder of a batch. It has
        done its work for a person who has answered, and for a team when all of it have: an example that needs one more
        label may then go to others. An assignment reserves nothing of the budget, because only an ask does; a label of
        an assigned example is paid for when it is told.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,)
            The examples.
        to : str
            The name of a person or a team. It may be new, because people get work before their first label; then
            `notices` and the command say so, with the known name that is most like it.

        Returns
        -------
        Assigned
            How many of them were not assigned to this name before, whose tasks they were, and how many are left out:
            those that this person, or all of this team, have answered.

        Raises
        ------
        IdError, ArgumentError
            For unknown ids; without a name.
        """
        return assignments.assign(self._session, ids, to)

    def unassign(self, ids: object, *, to: str | None = None) -> int:
        """End the assignments of examples.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,)
            The examples.
        to : str, optional
            Only those to this person or team.

        Returns
        -------
        int
            How many assignments have ended. Leases of tasks that were taken go on.

        Raises
        ------
        IdError
            For unknown ids.
        NotFoundError
            For a name that no person, team, holder or assignee has.
        """
        return assignments.unassign(self._session, ids, to)

    def exclude(self, ids: object, *, reason: str) -> int:
        """Exclude examples from labelling, training and asking. Their labels are kept, also those that come later.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,)
            The examples.
        reason : str
            Why, for the audit log.

        Returns
        -------
        int
            How many of them were not excluded by a person before.

        Raises
        ------
        IdError, ArgumentError
            For unknown ids; without a reason.
        """
        return pool_changes.exclude(self._session, ids, reason)

    def include(self, ids: object) -> int:
        """End the exclusion of examples.

        Parameters
        ----------
        ids : list or array, or boolean mask of shape (n,)
            The examples.

        Returns
        -------
        int
            How many of them were excluded.

        Raises
        ------
        IdError
            For unknown ids, and for an example that was removed from the pool.
        """
        return pool_changes.include(self._session, ids)

    def extend(self, pool: object, *, tree: Any = None, replace: bool = False, progress: Reporter = SILENT) -> int:
        """Extend the pool by new examples at its end, or replace it by another pool.

        Where it is replaced, labels, leases, gold and all other records follow their examples by id, whatever the order
        of the examples is. An example that is no longer in the pool keeps its records and gets a negative row; it is
        excluded with the reason "removed from the pool", until a later pool has it again. It is known by its id until
        then: all that names examples finds it, its labels too, and only `include` refuses it. An exclusion by a person
        stays when the example comes back, whatever its reason says.

        Parameters
        ----------
        pool : Pool or argument of `ladle.open_pool`
            The new pool. Unless it replaces the campaign's, it begins with that, in the same order.
        tree : Dendrogram, path or array of shape (n,), optional
            The clusters of the new pool. Without it, new examples are assigned to the campaign's tree, see
            `ladle.Dendrogram.assign`. A pool that replaces the campaign's is clustered anew, with the same metric.
        replace : bool, default False
            Whether the new pool takes the place of the campaign's: for examples that were removed or have another
            order, and for a pool that was embedded anew.
        progress : Reporter, optional
            Receives the progress of the assignment or the clustering.

        Returns
        -------
        int
            How many examples are new.

        Raises
        ------
        MismatchError
            When the pool does not begin with the campaign's; for a tree of other vectors, and ids of another kind.
        ArgumentError
            When the strategy needs clusters, and there is no tree to assign to, or to make anew.
        FileError
            For a file that cannot be read or written. Also what the assignment or the clustering raises.

        Notes
        -----
        Cost: that of the assignment or the clustering; to replace it, all records are written anew in one transaction.
        Repeats: the same pool again changes nothing.
        """
        change = pools.replace_by if switch(replace, "`replace`") else pools.extend
        return change(self._session, as_pool(pool), tree, reporter(progress)).added

    def move_pool(self, pool: object) -> bool:
        """Record where the pool is now. Its examples are the same.

        Parameters
        ----------
        pool : Pool or path
            The pool in its new place. A path is read by the names of columns that the campaign has stored.

        Returns
        -------
        bool
            Whether this is another place than before.

        Raises
        ------
        MismatchError
            For another pool: other ids, another order or another dim; other vectors than the campaign's tree.
        ArgumentError
            For a pool that cannot be opened again, such as an array.
        FileError
            As `ladle.open_pool`.

        Notes
        -----
        The record keeps both places. Cost: reads the ids, and all vectors where the campaign has a tree.
        """
        return pools.move(self._session, pool)

    def add_gold(self, ids: object, labels: object) -> int:
        """Add gold: examples with a known label, which test annotators. An ask never chooses them as its own.

        Parameters
        ----------
        ids, labels : list or array of shape (g,)
            The examples, each once, and their labels.

        Returns
        -------
        int
            How many of them were not gold before.

        Raises
        ------
        IdError, ShapeError
            For unknown ids; when there is not one label for each id.
        ArgumentError
            For an id that occurs twice, and a value that is no label of the campaign.
        """
        return pool_changes.add_gold(self._session, ids, labels)

    def record_model(
        self,
        version: str,
        *,
        metrics: Mapping[str, float | None] | None = None,
        scores: str | os.PathLike[str] | None = None,
        round: int | None = None,  # noqa: A002 - the campaign's word for it
        correct: bool = False,
    ) -> int:
        """Record a version of the model that was trained on the current labels.

        Parameters
        ----------
        version : str
            The name of this version.
        metrics : mapping of str to float, optional
            Its metrics for the learning curve, such as {"accuracy": 0.93}.
        scores : path, optional
            The file of its scores of the pool. The path and the digest are stored.
        round : int, optional
            The last round whose labels it was trained on; by default the last round.
        correct : bool, default False
            Whether to correct a recorded version: the metrics that are given, and the scores where some are given. A
            metric that is None is removed. The old values stay in the log, and to record them again changes nothing.

        Returns
        -------
        int
            How many examples are labelled.

        Raises
        ------
        ArgumentError
            For metrics that are no numbers, and for a round that was not asked.
        FileError
            When there is no file of scores.
        MismatchError
            When this version is recorded with other metrics or scores.
        NotFoundError
            When a version that is not recorded is to be corrected.
        """
        is_correction = switch(correct, "`correct`")
        return pool_changes.record_model(self._session, version, metrics, scores, round, is_correction=is_correction)

    def backup(self, path: str | os.PathLike[str]) -> str:
        """Write the campaign and its files into one sealed file, as they are at one moment.

        Parameters
        ----------
        path : path
            Where to write it: a zip of JSON lines, which `restore` reads into any database.

        Returns
        -------
        str
            The path.

        Raises
        ------
        ArgumentError
            For a file that the campaign lives in: its database, one of its files, its pool.
        FileError, CorruptFileError
            When the file cannot be written; when a file of the campaign is damaged.

        Notes
        -----
        Cost: reads all of it, some microseconds for each row.
        """
        return str(backups.backup(self._session, path))

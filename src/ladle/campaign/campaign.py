"""`Campaign`: ask, label, tell, over weeks, with people and machines failing in between."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from ladle.campaign import asking, backups, creation, leases, pool_changes, telling
from ladle.campaign.asking import Order
from ladle.campaign.examples import opened
from ladle.campaign.reader import Reader
from ladle.campaign.session import Clock
from ladle.campaign.telling import Saying, check_text
from ladle.labelling.answers import Batch, Taken, Told
from ladle.labelling.contract import Store
from ladle.labelling.labels import Class, Labels
from ladle.labelling.settings import Settings
from ladle.labelling.tables import IMPORTED, TOLD
from ladle.progress import SILENT, Reporter
from ladle.store.sql import SqlStore


class Campaign(Reader):
    """A labelling campaign in a database, made with `create` and found again with `open`.

    Every change is durable before its method returns, and all of it or nothing. Any number of processes may work on one
    campaign at a time. `close` it, or use it in a `with`. What it tells of itself is in `Reader`.
    """

    __slots__ = ()

    @classmethod
    def create(
        cls,
        url: str | Store,
        *,
        name: str,
        pool: object,
        strategy: str = "cluster-margin",
        options: Mapping[str, Any] | None = None,
        tree: Any = None,
        labels: Labels | Iterable[Class] | None = None,
        budget: int | None = None,
        annotators_per_task: int = 1,
        agreement: str = "majority",
        seed: int = 0,
        lease_seconds: float = 7 * 24 * 3600,
        files: str | None = None,
        clock: Clock | None = None,
        progress: Reporter = SILENT,
    ) -> Campaign:
        """Begin a campaign.

        url: `sqlite:///birds.db`, `postgresql://user@host/database`, or a `ladle.campaign.Store`.
        pool: a `ladle.Pool`, or what `ladle.open_pool` takes.
        strategy, options: one of `ladle.strategies.names()` and its options. tree: its clusters, as a
        `ladle.Dendrogram`, the path of one, or (n,) flat clusters; without, a strategy that needs them has the pool
        clustered here, at a mean size of 10; killed on the way, the same call goes on from where it was.
        labels: the classes there are, or `ladle.campaign.Labels.single`, `.multi` or `.value`; None: any class.
        budget: how many labels may be asked for. annotators_per_task: how many people label each example; agreement:
        how their labels become one, see `ladle.labelling.agreement`.
        lease_seconds: how long what was asked stays out before it may be chosen again.
        files: the folder of what does not fit a database, by default beside it: `birds.db.files/NAME`.
        clock: seconds since 1970, UTC.
        Raises: ArgumentError; MismatchError when there is a campaign of this name that began otherwise; what
        `ladle.open_pool` and `ladle.cluster` raise; FileError, StoreError, StoreBusyError.
        Repeats: the same call again finds the campaign it began.
        """
        given = Labels.of(labels)
        settings = Settings(
            name=name,
            strategy=strategy,
            labels=given,
            options=dict(options or {}),
            budget=budget,
            annotators_per_task=annotators_per_task,
            agreement=agreement,
            seed=seed,
            lease_seconds=lease_seconds,
            files=files or "",
        )
        plan = creation.Plan(settings, opened(pool), tree, clock or time.time, progress)
        store = url if isinstance(url, Store) else SqlStore.create(url)
        return cls(creation.found(store, plan))

    @classmethod
    def open(cls, url: str | Store, *, name: str, pool: object = None, clock: Clock | None = None) -> Campaign:
        """Go on with a campaign.

        pool: needed only where it is no longer where it was, or cannot be opened again from there, such as an array,
        and then only by strategies that go by embeddings; of a path, the columns have the names they had.
        Raises: NotFoundError; FileError when there is no database; FileFormatError for one of another version;
        MismatchError for another pool, when it is first needed; StoreError, StoreBusyError.
        """
        store = url if isinstance(url, Store) else SqlStore.open(url)
        return cls(creation.find(store, name, pool=pool, clock=clock or time.time))

    @classmethod
    def names(cls, url: str | Store) -> list[str]:
        """The campaigns in a database, in alphabetical order. Raises: as `open`."""
        store = url if isinstance(url, Store) else SqlStore.open(url)
        return store.names()

    @classmethod
    def restore(
        cls, url: str | Store, path: str | os.PathLike[str], *, name: str | None = None, files: str | None = None
    ) -> Campaign:
        """Found the campaign of a backup, under its own name or another, in any database: whole or not at all.

        files: the folder of its files, as in `create`. Raises: MismatchError when there is one of that name; FileError,
        FileFormatError, CorruptFileError; StoreError, StoreBusyError.
        """
        store = url if isinstance(url, Store) else SqlStore.create(url)
        return cls(creation.restored(store, path, name=name, files=files or ""))

    @classmethod
    def migrate(cls, url: str) -> tuple[str, str]:
        """Bring a database of an older Ladle to this one's schema, in one transaction: the versions before and after.

        Raises: as `open`; FileFormatError for one of a newer Ladle.
        """
        return SqlStore.migrate(url)

    def ask(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
        votes: npt.ArrayLike | None = None,
        key: str | None = None,
        holder: str = "",
        lease_seconds: float | None = None,
        model: str | None = None,
        scores_digest: str | None = None,
        gold: int = 0,
        binary: bool = False,
        normalise: bool = False,
        progress: Reporter = SILENT,
    ) -> Batch:
        """Choose `size` examples to label next; a round begins. They are out under a lease, which is durable.

        Chosen are examples of the pool that are not labelled, disputed, excluded, of gold or out under a lease. One
        whose lease has lapsed may be chosen again: it passes on to this batch.
        probabilities (n, c), margins (n,), embeddings (n, dim), votes (n, t): of the whole pool in row order, whichever
        the strategy needs, see `ladle.strategies`; the embeddings of a pool that can be opened need not be given.
        binary, normalise: what the probabilities are, see `ladle.margin`; they are of as many classes as the campaign.
        key: an ask repeated under its key is one ask: the same batch, its lease renewed. holder: who has the batch.
        model: the version of the model that scored the pool; scores_digest: of its score file (or of the arrays), told
        apart under one key. gold: so many gold examples more, at random places.
        Raises: ArgumentError when there are not so many to choose, or the budget does not allow it; MismatchError for
        a key that stands for something else, and arrays of another shape; the strategy's; StoreError, StoreBusyError.
        Cost: the strategy's. Repeats: set by the campaign's seed, the round and what is labelled or out.
        """
        arrays = {"probabilities": probabilities, "margins": margins, "embeddings": embeddings, "votes": votes}
        return asking.ask(
            self._desk,
            Order(
                size=size,
                gold=gold,
                key=check_text(key or "", "key"),
                holder=check_text(holder, "holder"),
                lease=asking.lease_of(self._desk, lease_seconds),
                model=check_text(model or "", "model"),
                scores_digest=scores_digest or "",
                given=arrays,
                binary=binary,
                normalise=normalise,
                progress=progress,
            ),
        )

    def tell(
        self,
        ids: object,
        labels: object,
        *,
        annotator: str | Sequence[str] = "",
        key: str | None = None,
        source: str | Sequence[str] = "",
        told_at: Any = None,
    ) -> Told:
        """Take labels; they are durable before this returns.

        ids, labels: (l,) lists, numpy or pyarrow arrays, in the order they were given; an id may come several times.
        annotator, source: one for all, or one each. told_at: when, as a datetime with a time zone or seconds since
        1970, one for all or one each; None: now.
        The same label by the same annotator again changes nothing; another one is a new version that supersedes it.
        Examples nobody asked for are taken too. Unknown ids and what is no label go to quarantine with a reason.
        key: the same tell under its key is one tell.
        Raises: IdError for ids of another kind than the pool's, ShapeError for labels that are not one each,
        ArgumentError; MismatchError for a key that stands for something else; StoreError, StoreBusyError.
        Cost: some 20 microseconds a label.
        """
        return self._told(ids, labels, annotator=annotator, key=key, source=source, told_at=told_at, kind="tell")

    def import_labels(
        self,
        ids: object,
        labels: object,
        *,
        source: str | Sequence[str],
        annotator: str | Sequence[str] = "",
        key: str | None = None,
        told_at: Any = None,
    ) -> Told:
        """Take labels that were made elsewhere, of examples asked for or not; otherwise as `tell`."""
        return self._told(ids, labels, annotator=annotator, key=key, source=source, told_at=told_at, kind="import")

    def take(self, annotator: str, size: int, *, lease_seconds: float | None = None) -> Taken:
        """The next `size` tasks of the list that all annotators share, under a lease of this one; fewer at its end.

        First those the annotator holds already, whose lease is renewed; then tasks in order of round and choice that
        still lack labels, not counting those under another's lease. A lease that lapsed passes its task on. A disputed
        task is given to one more annotator, gold to everyone once.
        Raises: ArgumentError; StoreError, StoreBusyError. Cost: the tasks found, and those passed over.
        """
        return leases.take(self._desk, annotator, size, asking.lease_of(self._desk, lease_seconds))

    def release(self, annotator: str, ids: object = None) -> int:
        """Give back tasks that the annotator took, all or these: how many. All: also batches asked with it as holder.

        Raises: IdError; StoreError, StoreBusyError.
        """
        rows = None if ids is None else pool_changes.named(self._desk, ids).row
        return leases.release(self._desk, annotator, rows)

    def delete_labels(self, ids: object, *, annotator: str | None = None, reason: str, key: str | None = None) -> int:
        """Delete the current labels of these examples, of one annotator or all: how many. They stay on record.

        The tasks are again what their other labels make of them.
        Raises: IdError, ArgumentError; MismatchError for a key that stands for something else; StoreError ...
        """
        key = check_text(key or "", "key")
        return pool_changes.delete_labels(self._desk, ids, annotator=annotator, reason=reason, key=key)

    def exclude(self, ids: object, *, reason: str) -> int:
        """These examples are not to be labelled, trained on or chosen: how many were not excluded before.

        Labels they have, and labels that come late, are kept. Raises: IdError, ArgumentError; StoreError ...
        """
        return pool_changes.exclude(self._desk, ids, reason)

    def include(self, ids: object) -> int:
        """End their exclusion: how many. Raises: IdError; StoreError, StoreBusyError."""
        return pool_changes.include(self._desk, ids)

    def extend(self, pool: object, *, tree: Any = None, progress: Reporter = SILENT) -> int:
        """The pool has grown to `pool`: by how many examples. It must begin with the campaign's, in their order.

        tree: its clusters; without, the campaign's tree takes the newcomers in, see `ladle.Dendrogram.assign`.
        Raises: MismatchError; ArgumentError when it needs clusters and has no tree to grow; what assigning raises;
        FileError, StoreError, StoreBusyError. Cost: that of assigning. Repeats: the same pool again changes nothing.
        """
        return pool_changes.extend(self._desk, opened(pool), tree, progress)

    def add_gold(self, ids: object, labels: object) -> int:
        """Examples whose label is known, to test annotators with: how many that were not. They are not chosen by ask.

        Raises: IdError, ShapeError, ArgumentError for what is no label of the campaign; StoreError, StoreBusyError.
        """
        return pool_changes.add_gold(self._desk, ids, labels)

    def record_model(
        self,
        version: str,
        *,
        metrics: Mapping[str, float] | None = None,
        scores: str | os.PathLike[str] | None = None,
        round: int | None = None,  # noqa: A002 - the campaign's word for it
    ) -> int:
        """Record a version of the model, trained on what is labelled now: how many examples that is.

        metrics: numbers under names, such as {"accuracy": 0.93}, for the learning curve. scores: the file of its scores
        of the pool, whose digest is kept. round: the last whose labels it knows, by default the last one asked.
        Raises: ArgumentError, FileError; MismatchError when this version was recorded with other metrics or scores;
        StoreError, StoreBusyError.
        """
        return pool_changes.record_model(self._desk, version, metrics, scores, round)

    def backup(self, path: str | os.PathLike[str]) -> str:
        """Write the campaign as it is now, with its files, into one sealed file: its path.

        A zip of JSON lines, which `restore` reads into any database. Raises: FileError, CorruptFileError, StoreError.
        Cost: reads all of it, some microseconds a row.
        """
        return str(backups.backup(self._desk, path))

    def _told(self, ids: object, labels: object, *, kind: str, key: str | None, **said: Any) -> Told:
        origin = TOLD if kind == "tell" else IMPORTED
        return telling.tell(
            self._desk, Saying(ids, labels, key=check_text(key or "", "key"), kind=kind, origin=origin, **said)
        )

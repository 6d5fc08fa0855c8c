"""`Campaign`: ask, label, tell, over weeks, with people and machines failing in between."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from ladle.campaign.answers import Batch, Progress, Told
from ladle.campaign.contract import Store
from ladle.campaign.events import digest_of
from ladle.campaign.labels import Class, Labels
from ladle.campaign.records import Records
from ladle.campaign.settings import Settings
from ladle.campaign.tables import IMPORTED, TOLD
from ladle.progress import SILENT
from ladle.progress import Progress as Bars
from ladle.store import asks, founding, readings, standings, tells
from ladle.store.asks import Order
from ladle.store.desk import Clock, Desk
from ladle.store.examples import opened
from ladle.store.sql import SqlStore
from ladle.store.tells import Saying, check_text


class Campaign:
    """A labelling campaign in a database, made with `create` and found again with `open`.

    Every change is durable before its method returns, and all of it or nothing. Any number of processes may work on one
    campaign at a time. `close` it, or use it in a `with`.
    """

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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
        progress: Bars = SILENT,
    ) -> Campaign:
        """Begin a campaign.

        url: `sqlite:///birds.db`, `postgresql://user@host/database`, or a `ladle.campaign.Store`.
        pool: a `ladle.Pool`, or what `ladle.open_pool` takes.
        strategy, options: one of `ladle.strategies.names()` and its options. tree: its clusters, as a
        `ladle.Dendrogram`, the path of one, or (n,) flat clusters; without, a strategy that needs them has the pool
        clustered here, at a mean size of 10; killed on the way, the same call goes on from where it was.
        labels: the classes there are, or `ladle.campaign.Labels.single`, `.multi` or `.value`; None: any class.
        budget: how many labels may be asked for. annotators_per_task: how many people label each example; agreement:
        how their labels become one, see `ladle.campaign.agreement`.
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
        plan = founding.Plan(settings, opened(pool), tree, clock or time.time, progress)
        store = url if isinstance(url, Store) else SqlStore.create(url)
        return cls(founding.found(store, plan))

    @classmethod
    def open(cls, url: str | Store, *, name: str, pool: object = None, clock: Clock | None = None) -> Campaign:
        """Go on with a campaign.

        pool: needed only where it cannot be opened again from where it was, such as an array, and only by strategies
        that go by embeddings. Raises: NotFoundError; FileError when there is no database; FileFormatError for one of
        another version; MismatchError for another pool, when it is first needed; StoreError, StoreBusyError.
        """
        store = url if isinstance(url, Store) else SqlStore.open(url)
        given = None if pool is None else opened(pool)
        return cls(founding.find(store, name, pool=given, clock=clock or time.time))

    @classmethod
    def names(cls, url: str | Store) -> list[str]:
        """The campaigns in a database, in alphabetical order. Raises: as `open`."""
        store = url if isinstance(url, Store) else SqlStore.open(url)
        return store.names()

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self._desk.name

    @property
    def settings(self) -> Settings:
        """What it was founded with."""
        return self._desk.settings

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
        progress: Bars = SILENT,
    ) -> Batch:
        """Choose `size` examples to label next; a round begins. They are out under a lease, which is durable.

        Chosen are examples of the pool that are not labelled, disputed, excluded, of gold or out under a lease. One
        whose lease has lapsed may be chosen again: it passes on to this batch.
        probabilities (n, c), margins (n,), embeddings (n, dim), votes (n, t): of the whole pool in row order, whichever
        the strategy needs, see `ladle.strategies`; the embeddings of a pool that can be opened need not be given.
        key: an ask repeated under its key is one ask: the same batch, its lease renewed. holder: who has the batch.
        model: the version of the model that scored the pool; scores_digest: of its score file, told apart under one key
        (of the arrays, where it is not given). gold: so many gold examples more, at random places.
        Raises: ArgumentError when there are not so many to choose, or the budget does not allow it; MismatchError for
        a key that stands for something else, and arrays of another length; what the strategy raises; StoreError,
        StoreBusyError.
        Cost: the strategy's; a few microseconds a task. Repeats: set by the campaign's seed, the round and what is
        labelled or out: after a crash, the same ask chooses the same.
        """
        arrays = {"probabilities": probabilities, "margins": margins, "embeddings": embeddings, "votes": votes}
        given = {kind: array for kind, array in arrays.items() if array is not None}
        return asks.ask(
            self._desk,
            Order(
                size=size,
                gold=gold,
                key=check_text(key or "", "key"),
                holder=check_text(holder, "holder"),
                lease=asks.lease_of(self._desk, lease_seconds),
                model=check_text(model or "", "model"),
                scores_digest=scores_digest or (asks.digest_of_arrays(given) if key else ""),
                request=digest_of(size, gold),
                given=given,
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
        The same label by the same annotator again changes nothing; another one is a new version, and the old one is
        superseded. Examples nobody asked for are taken too. Unknown ids and what is no label of the campaign go to
        quarantine with a reason.
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

    def labels(self) -> Records:
        """One row a label, every version of it, in the order they came.

        Columns: id, label, annotator, told_at, version, status ("current", "superseded", "deleted"), row, round (0:
        never asked), source, origin ("asked", "told", "imported"), recorded_at, number.
        """
        with self._desk.store.reading(self.name) as view:
            return readings.labels(view)

    def progress(self) -> Progress:
        """How far it has come. Cost: all tasks and labels are read."""
        with self._desk.store.reading(self.name) as view:
            return standings.progress(view, self.settings, self._desk.now())

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
        return f"<Campaign {self.name!r} in {self._desk.store.name}>"

    def _told(self, ids: object, labels: object, *, kind: str, key: str | None, **said: Any) -> Told:
        origin = TOLD if kind == "tell" else IMPORTED
        return tells.tell(
            self._desk, Saying(ids, labels, key=check_text(key or "", "key"), kind=kind, origin=origin, **said)
        )

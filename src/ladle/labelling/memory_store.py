"""The reference store: dicts that are gone when the process ends. It does what every store must do, in few lines."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ladle.errors import MismatchError, NotFoundError, StoreBusyError, StoreError
from ladle.labelling import states
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import Kind, Store, View, Writer
from ladle.labelling.contract.tables import KINDS, EventTable, TaskTable
from ladle.numbers import number

RowsByKey = dict[tuple[Any, ...], tuple[Any, ...]]
Tables = dict[type[Columns], RowsByKey]


class MemoryStore(Store):
    """A store of campaigns in memory, for tests and trials.

    Parameters
    ----------
    wait_seconds : float, default 60
        How long a writer waits for another writer before it raises StoreBusyError.

    Raises
    ------
    ArgumentError
        For a `wait_seconds` below 0.
    """

    def __init__(self, *, wait_seconds: float = 60.0) -> None:
        self._wait_seconds = float(number(wait_seconds, "`wait_seconds`", least=0))
        self._campaigns: dict[str, tuple[str, Tables]] = {}
        self._writing = threading.Lock()

    @property
    def name(self) -> str:
        """See `Store`."""
        return "memory"

    def names(self) -> list[str]:
        """See `Store`."""
        return sorted(self._campaigns)

    @contextmanager
    def founding(self, campaign: str, settings: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._held():
            if campaign in self._campaigns:
                raise MismatchError(f"the campaign {campaign!r}", wanted="be a new one", got="one of that name")
            yield from self._staged(campaign, settings, {kind: {} for kind in KINDS})

    @contextmanager
    def reading(self, campaign: str) -> Iterator[View]:
        """See `Store`."""
        # A writer works on copies and replaces the tables, so what a reader has does not change.
        yield _MemoryView(*self._existing(campaign))

    @contextmanager
    def writing(self, campaign: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._held():
            settings, tables = self._existing(campaign)
            yield from self._staged(campaign, settings, {kind: dict(rows) for kind, rows in tables.items()})

    def problems(self) -> list[str]:
        """See `Store`: a store in memory has none."""
        return []

    def close(self) -> None:
        """See `Store`: a store in memory holds no files or connections."""

    def _staged(self, campaign: str, settings: str, tables: Tables) -> Iterator[Writer]:
        yield _MemoryWriter(settings, tables)
        self._campaigns[campaign] = (settings, tables)

    @contextmanager
    def _held(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=self._wait_seconds):
            raise StoreBusyError("the store", wanted=f"be free within {self._wait_seconds:g} s", got="another writer")
        try:
            yield
        finally:
            self._writing.release()

    def _existing(self, campaign: str) -> tuple[str, Tables]:
        if campaign not in self._campaigns:
            raise NotFoundError(f"the campaign {campaign!r}", wanted="be in this store", got="none of that name")
        return self._campaigns[campaign]


class _MemoryView(View):
    def __init__(self, settings: str, tables: Tables) -> None:
        self._settings = settings
        self._tables = tables

    @property
    def settings(self) -> str:
        return self._settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        rows = self._tables[kind]
        if field == kind.KEY[0] and len(kind.KEY) == 1:
            return kind.of([rows[key] for key in sorted({(value,) for value in among} & rows.keys())])
        ordered = [row for _, row in sorted(rows.items())]
        if not field:
            return kind.of(ordered)
        place, values = list(kind.layout()).index(field), set(among)
        return kind.of([row for row in ordered if row[place] in values])

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        return {kind.NAME: len(self._tables[kind]) for kind in kinds}

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        rows = kind.of(list(self._tables[kind].values()))
        for name, value in where.items():
            rows = rows.take(rows.column(name) == value)
        keys = list(zip(*(rows.column(name).tolist() for name in by), strict=True))
        later = [place for place, key in enumerate(keys) if key > tuple(after)]
        return rows.take(np.array(sorted(later, key=keys.__getitem__)[:limit], np.int64))

    def last(self, kind: type[Kind]) -> Kind:
        rows = self._tables[kind]
        return kind.of([rows[max(rows)]] if rows else [])

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        rows = TaskTable.of(list(self._tables[TaskTable].values()))
        rows = rows.take((rows.batch > 0) & np.isin(rows.state, states.WAITING))
        order = np.lexsort((rows.place, rows.batch))
        later = [place for place in order.tolist() if (rows.batch[place], rows.place[place]) > after]
        return rows.take(np.array(later[:limit], np.int64))

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        rows = TaskTable.of(list(self._tables[TaskTable].values()))
        rows = rows.take(rows.state == states.DISPUTED)
        order = np.lexsort((rows.row, rows.event))
        later = [place for place in order.tolist() if (rows.event[place], rows.row[place]) > after]
        return rows.take(np.array(later[:limit], np.int64))


class _MemoryWriter(Writer):
    def __init__(self, settings: str, tables: Tables) -> None:
        self._view = _MemoryView(settings, tables)
        self._tables = tables

    @property
    def settings(self) -> str:
        return self._view.settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        return self._view.read(kind, field, among)

    def last(self, kind: type[Kind]) -> Kind:
        return self._view.last(kind)

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        return self._view.counts(kinds)

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        return self._view.page(kind, where, by, after, limit)

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        return self._view.ranked(after, limit)

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        return self._view.disputed(after, limit)

    def add(self, columns: Columns) -> None:
        rows = self._tables[type(columns)]
        for key, row in zip(columns.each_key(), columns.tuples(), strict=True):
            if key in rows or (isinstance(columns, EventTable) and self._has_key_of(row)):
                raise StoreError(f"the {columns.NAME} {key}", wanted="be new", got="one that is there")
            rows[key] = row

    def change(self, columns: Columns) -> None:
        rows = self._tables[type(columns)]
        for key, row in zip(columns.each_key(), columns.tuples(), strict=True):
            if key not in rows:
                raise StoreError(f"the {columns.NAME} {key}", wanted="be there to be changed", got="none")
            rows[key] = row

    def rewrite(self, columns: Columns) -> None:
        self._tables[type(columns)] = {}
        self.add(columns)

    def _has_key_of(self, event: tuple[Any, ...]) -> bool:
        place, kind = list(EventTable.layout()).index("key"), list(EventTable.layout()).index("kind")
        mine = (event[kind], event[place])
        return bool(event[place]) and any((row[kind], row[place]) == mine for row in self._tables[EventTable].values())

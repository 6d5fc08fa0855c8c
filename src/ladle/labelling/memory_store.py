"""The reference store: dicts, gone when the process ends. What the others must do, in the fewest lines."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ladle.errors import MismatchError, NotFoundError, StoreBusyError, StoreError
from ladle.labelling import states
from ladle.labelling.columns import Columns
from ladle.labelling.contract import Kind, Store, View, Writer
from ladle.labelling.tables import KINDS, Event, Task
from ladle.numbers import number

Rows = dict[tuple[Any, ...], tuple[Any, ...]]  # key -> row
Tables = dict[type[Columns], Rows]


class MemoryStore(Store):
    """Campaigns in memory. wait_seconds: how long a writer waits for another."""

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
        yield _MemoryWriter(*self._found(campaign))  # tables are replaced, never written, so this one stays as it is

    @contextmanager
    def writing(self, campaign: str) -> Iterator[Writer]:
        """See `Store`."""
        with self._held():
            settings, tables = self._found(campaign)
            yield from self._staged(campaign, settings, {kind: dict(rows) for kind, rows in tables.items()})

    def problems(self) -> list[str]:
        """See `Store`: none."""
        return []

    def close(self) -> None:
        """See `Store`: nothing to let go of."""

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

    def _found(self, campaign: str) -> tuple[str, Tables]:
        if campaign not in self._campaigns:
            raise NotFoundError(f"the campaign {campaign!r}", wanted="be in this store", got="none of that name")
        return self._campaigns[campaign]


class _MemoryWriter(Writer):
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
        found = sorted(rows.items())
        if field:
            place, values = list(kind.layout()).index(field), set(among)
            return kind.of([row for _, row in found if row[place] in values])
        return kind.of([row for _, row in found])

    def last(self, kind: type[Kind]) -> Kind:
        rows = self._tables[kind]
        return kind.of([rows[max(rows)]] if rows else [])

    def ranked(self, after: tuple[int, int], limit: int) -> Task:
        rows = Task.of(list(self._tables[Task].values()))
        rows = rows.take((rows.batch > 0) & np.isin(rows.state, states.WAITING))
        order = np.lexsort((rows.place, rows.batch))
        later = [place for place in order.tolist() if (rows.batch[place], rows.place[place]) > after]
        return rows.take(np.array(later[:limit], np.int64))

    def add(self, columns: Columns) -> None:
        rows = self._tables[type(columns)]
        for key, row in zip(columns.each_key(), columns.tuples(), strict=True):
            if key in rows or (isinstance(columns, Event) and self._known_key(row)):
                raise StoreError(f"the {columns.NAME} {key}", wanted="be new", got="one that is there")
            rows[key] = row

    def change(self, columns: Columns) -> None:
        rows = self._tables[type(columns)]
        for key, row in zip(columns.each_key(), columns.tuples(), strict=True):
            if key not in rows:
                raise StoreError(f"the {columns.NAME} {key}", wanted="be there to be changed", got="none")
            rows[key] = row

    def _known_key(self, event: tuple[Any, ...]) -> bool:
        place, kind = list(Event.layout()).index("key"), list(Event.layout()).index("kind")
        mine = (event[kind], event[place])
        return bool(event[place]) and any((row[kind], row[place]) == mine for row in self._tables[Event].values())

"""A view that notices lost rows: a whole table, and its last number, are as the last event of the log counts them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from ladle.counts import counted
from ladle.errors import CorruptFileError
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.store import Kind, View
from ladle.labelling.contract.tables import KINDS, EventTable, ModelTable, PersonTable, TaskTable

_REMEDY = "See all of it: ladle campaign verify. Copy the database away, then restore a backup."
CHANGED_ALONE = (PersonTable, ModelTable)  # small tables of which an event may change rows and add none


class CountedView(View):
    """`view`, which refuses a whole table of another length than the log counts, and a last row of another number.

    Every row has a seal and the log counts the rows, so a table of the right length has lost nothing. Numbered tables
    have no gap, so the last number is the count: without its newest row, an older one would stand for it.
    Cost: one row of the log, read once.
    """

    def __init__(self, view: View) -> None:
        self._view = view

    @property
    def settings(self) -> str:
        """See `View`."""
        return self._view.settings

    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        """See `View`. Raises: CorruptFileError when a whole table has lost rows."""
        columns = self._view.read(kind, field, among)
        if not field:
            self._check(columns.NAME, len(columns))
            self._check_events(columns)
        return columns

    def last(self, kind: type[Kind]) -> Kind:
        """See `View`. Raises: CorruptFileError when the last row of a numbered table is lost."""
        columns = self._view.last(kind)
        if kind.KEY == ("number",):
            self._check(kind.NAME, int(columns.column("number").max(initial=0)))
        return columns

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        """See `View`."""
        return self._view.counts(kinds)

    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        """See `View`."""
        return self._view.page(kind, where, by, after, limit)

    def check(self, kinds: Sequence[type[Columns]] = KINDS) -> None:
        """Refuse one of these tables that has lost rows, whether it is read or not. Raises: CorruptFileError."""
        for name, rows in self.counts(kinds).items():
            self._check(name, rows)
        for kind in CHANGED_ALONE:
            self._check_events(self._view.read(kind))

    def now(self) -> int | None:
        """See `View`."""
        return self._view.now()

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        """See `View`."""
        return self._view.ranked(after, limit)

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        """See `View`."""
        return self._view.disputed(after, limit)

    def _check_events(self, columns: Columns) -> None:
        """Refuse rows of an event that the log does not have: its last events are lost."""
        named = [columns.column(name) for name in ("event", "ended") if name in columns.layout()]
        newest, known = max((int(each.max(initial=0)) for each in named), default=0), self._counts[EventTable.NAME]
        if newest > known:
            raise CorruptFileError(
                f"the table {EventTable.NAME}",
                wanted=f"have event {newest:,}, which a row of the table {columns.NAME} is of",
                got=f"{counted(known, 'event')}: the database is damaged",
                remedy=_REMEDY,
            )

    def _check(self, name: str, rows: int) -> None:
        wanted = self._counts.get(name, 0)
        if rows != wanted:
            raise CorruptFileError(
                f"the table {name}",
                wanted=f"have the {counted(wanted, 'row')} that the log counts",
                got=f"{rows:,}: the database is damaged",
                remedy=_REMEDY,
            )

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        last = self._view.last(EventTable)
        if not len(last):
            return {EventTable.NAME: 0}
        counts: Mapping[str, int] = {EventTable.NAME: int(last.seq[0]), **json.loads(last.details[0])["rows"]}
        return counts

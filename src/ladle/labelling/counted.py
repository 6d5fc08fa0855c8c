"""A view that notices lost rows: a whole table has as many rows as the last event of the log counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property

from ladle.errors import CorruptFileError
from ladle.labelling.columns import Columns
from ladle.labelling.contract import Kind, View
from ladle.labelling.tables import EventTable, TaskTable


class CountedView(View):
    """`view`, which refuses a whole table of another length than the log counts.

    Every row has a seal and the log counts the rows, so a table of the right length has lost nothing.
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
            self._check(columns)
        return columns

    def last(self, kind: type[Kind]) -> Kind:
        """See `View`."""
        return self._view.last(kind)

    def now(self) -> int | None:
        """See `View`."""
        return self._view.now()

    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        """See `View`."""
        return self._view.ranked(after, limit)

    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        """See `View`."""
        return self._view.disputed(after, limit)

    def _check(self, columns: Columns) -> None:
        wanted = self._counts.get(columns.NAME, 0)
        if len(columns) != wanted:
            raise CorruptFileError(
                f"the table {columns.NAME}",
                wanted=f"have the {wanted:,} rows that the log counts",
                got=f"{len(columns):,}: the database is damaged",
                remedy="See all of it: ladle campaign verify. Copy the database away, then restore a backup.",
            )

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        last = self._view.last(EventTable)
        if not len(last):
            return {}
        counts: Mapping[str, int] = {EventTable.NAME: int(last.seq[0]), **json.loads(last.details[0])["rows"]}
        return counts

"""A page of a long table: some rows, and where the next page begins."""

from __future__ import annotations

from dataclasses import dataclass

from ladle.labelling.records import Records


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Some rows of a table that may be long.

    Attributes
    ----------
    rows : Records
        The rows, at most as many as were asked for; there may be fewer before the end, and none.
    next : str or None
        The `after` of the next page; None at the end of the table.
    """

    rows: Records
    next: str | None

    def __len__(self) -> int:
        return len(self.rows)

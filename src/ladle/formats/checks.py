"""The columns of Ladle's own batch files, and the check that each of their lines has.

Annotation tools have columns `row`, `order` and `round` of their own. So all columns of a batch except `id` and `label`
begin with `ladle_`. The check ties an id to its row and its batch. An id that a tool or a spreadsheet has renumbered,
shifted or sorted apart from its line does not fit the check of that line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from ladle.formats.fields import ID, LABEL

PREFIX = "ladle_"
ID_COPY, ROW, BATCH = f"{PREFIX}id", f"{PREFIX}row", f"{PREFIX}batch"
ORDER, ROUND, CHECK = f"{PREFIX}order", f"{PREFIX}round", f"{PREFIX}check"
# The columns of batches before they had the prefix. Other tools have a `row` too: only all three are a batch.
OLD_BATCH_FIELDS = ("row", "order", "round")
_HEX_DIGITS = 8


@dataclass(frozen=True, slots=True)
class WrongChecks:
    """The lines of a table whose check does not fit their id and row.

    Attributes
    ----------
    first : int
        The first of them: a position in the table, from 0.
    count : int
        How many there are.
    """

    first: int
    count: int


def line_check(example_id: object, row: int, number: int) -> str:
    """The check of one line of a batch.

    Parameters
    ----------
    example_id : str or int
        The id; a number counts as its decimal text, as CSV writes it.
    row : int
        Its row in the pool when the batch was made.
    number : int
        The number of the batch, from 1; 0 for none.

    Returns
    -------
    str
        The number, "-" and 8 hexadecimal digits of the SHA-256 of the JSON list [id, row, number].
    """
    text = json.dumps([str(example_id), int(row), int(number)])
    return f"{number}-{sha256(text.encode()).hexdigest()[:_HEX_DIGITS]}"


def line_checks(ids: Iterable[object], rows: Iterable[int], numbers: Iterable[int]) -> list[str]:
    """The check of each line, see `line_check`. Cost: about two seconds for a million lines."""
    return [line_check(*line) for line in zip(ids, rows, numbers, strict=True)]


def find_wrong_checks(
    ids: Iterable[object], rows: Iterable[int | None], checks: Iterable[str | None]
) -> WrongChecks | None:
    """Find the lines whose check does not fit.

    Parameters
    ----------
    ids : iterable of length n
        The column of ids, as the file has it now.
    rows : iterable of length n
        Its column `ladle_row`; None where a cell is empty.
    checks : iterable of length n
        Its column `ladle_check`. A line without a check was added by someone: it has nothing to fit.

    Returns
    -------
    WrongChecks or None
        None where every check fits.

    Notes
    -----
    A check is wrong too where it is no check, or has no row beside it. Cost: about two seconds for a million lines.
    """
    wrong = [
        place
        for place, (example_id, row, check) in enumerate(zip(ids, rows, checks, strict=True))
        if check and (row is None or not fits(example_id, row, check))
    ]
    return WrongChecks(wrong[0], len(wrong)) if wrong else None


def fits(example_id: object, row: int, check: str) -> bool:
    """Whether this is the check of a line of this id and row, of whatever batch."""
    number = check.partition("-")[0]
    return number.isdecimal() and number.isascii() and check == line_check(example_id, row, int(number))


def as_batch_file(tasks: Any, numbers: Any, label_type: Any) -> Any:
    """The table of a batch file: id, an empty label, and the other columns under names that no tool uses.

    tasks: a table with id and row, and any other columns. numbers: (n,) int64, the batch of each task; 0 for none.
    """
    count = tasks.num_rows
    ids, rows = tasks.column(ID), tasks.column("row")
    order = tasks.column("order") if "order" in tasks.schema.names else pa.array(np.arange(count))
    columns = {ID: ids, LABEL: pa.nulls(count, label_type), ID_COPY: ids, ROW: rows}
    columns |= {BATCH: pa.array(np.asarray(numbers, np.int64)), ORDER: order}
    others = [name for name in tasks.schema.names if name not in (ID, LABEL, "row", "order")]
    columns |= {f"{PREFIX}{name}": tasks.column(name) for name in others}
    checks = line_checks(ids.to_pylist(), rows.to_pylist(), np.asarray(numbers).tolist())
    return pa.table(columns | {CHECK: pa.array(checks, pa.large_string())})

"""The ids of the rows of a table: those in a column, those of another file, or the row numbers.

The column `id` holds them, unless another column is named. A table without such a column may hold ids under another
name: in a column with a name for ids, whose values are integers or text, none missing and none repeated. Then the
caller has to choose between that column and the row numbers. Without such a column the ids are the row numbers, and a
notice says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow.compute as pc

from ladle.errors import ArgumentError, IdError, LadleError, did_you_mean
from ladle.notices import notice
from ladle.pool.ids.example_ids import Ids, as_id_array
from ladle.pool.tables.id_types import can_be_ids
from ladle.pool.tables.table_readers import TableReader, read_column
from ladle.pool.tables.vector_columns import list_names

ID_COLUMN = "id"
ROW_NUMBERS = "row-numbers"  # the value of `ids` that chooses them
_ID_WORDS = {
    *("id", "ids", "uid", "uuid", "guid", "key", "pk", "idx", "index", "identifier", "hash", "md5", "sha", "sha1"),
    *("sha256", "name", "file", "filename", "filepath", "path", "url", "uri"),
}


def find_id_column(columns: TableReader, name: str | None) -> str | None:
    """The id column: the one named, else `id`; None if the table has none.

    Raises: ArgumentError for an unknown name, and for an unnamed column that looks like ids.
    Cost: reads the columns that look like ids.
    """
    names = columns.schema.names
    if name is not None and name not in names:
        raise ArgumentError(
            columns.source,
            wanted=f"have the id column `{name}`",
            got=f"columns {list_names(names)}",
            remedy=did_you_mean(name, names) or "Name the column that holds the ids with `id`.",
        )
    if name is not None or ID_COLUMN in names:
        return name or ID_COLUMN
    likely = [each for each in dict.fromkeys(names) if is_id_name(each) and holds_ids(columns, each)]
    if not likely:
        return None
    raise ArgumentError(
        columns.source,
        wanted=f"have an id column `{ID_COLUMN}`, or a column that `id` names",
        got=f"columns {list_names(names)}, of which {list_names(likely)} may hold them",
        remedy=f'Say id="{likely[0]}" (--id {likely[0]}), or ids="{ROW_NUMBERS}" (--ids {ROW_NUMBERS}) to take the row '
        "numbers.",
    )


def read_row_ids(
    columns: TableReader, name: str | None, ids: Ids | str | None, count: Callable[[], int]
) -> tuple[str | None, Ids]:
    """The column of the ids, or None, and the ids.

    ids: those of another file, or `ROW_NUMBERS`. count: returns the number of rows; called only if needed.
    Raises: ArgumentError, CorruptFileError; IdError, also for another number of ids than rows.
    """
    if ids is not None and (name is not None or ID_COLUMN in columns.schema.names):
        column = name or ID_COLUMN
        raise ArgumentError("`ids`", wanted=f"be left out for a table with the id column `{column}`", got="both")
    if isinstance(ids, Ids):
        rows = count()
        if len(ids) != rows:
            raise IdError(
                f"the ids of {columns.source}", wanted=f"be one for each of the {rows:,} rows", got=f"{len(ids):,} ids"
            )
        return None, ids
    id_column = None if ids == ROW_NUMBERS else find_id_column(columns, name)
    if id_column is not None:
        columns.check([id_column])
        own_ids = Ids(read_column(columns, id_column), f"the ids `{id_column}` of {columns.source}")
        own_ids.column = id_column
        return id_column, own_ids
    rows = count()
    numbers = Ids.row_numbers(rows)
    numbers.place = ROW_NUMBERS
    if ids is None:
        numbers.notice = f"{columns.source} has no column of ids: the ids are the row numbers, 0 to {rows - 1:,}."
        notice(numbers.notice)
    return None, numbers


def is_id_name(name: str) -> bool:
    """Whether a column is likely to hold ids by its name: `image_id`, `ImageID`, `docid`, `file_name`, `url`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+", name)
    return any(word.lower() in _ID_WORDS for word in words) or name.lower().endswith("id")


def count_rows(columns: TableReader, name: str) -> int:
    """The number of rows of a table, counted in one of its columns if the table does not state it."""
    if columns.rows is not None:
        return int(columns.rows)
    return sum(batch.num_rows for batch in columns.batches([name], 1 << 17))


def holds_ids(columns: TableReader, name: str) -> bool:
    """Whether a column holds integers or texts, none missing and none repeated."""
    if not can_be_ids(columns.schema.field(name).type):
        return False
    try:
        values = as_id_array(read_column(columns, name), name)
    except LadleError:  # not in every file, nulls, or of two kinds
        return False
    return int(pc.count_distinct(values).as_py()) == len(values)

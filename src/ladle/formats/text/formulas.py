"""Text cells that a spreadsheet would run as formulas, made plain text.

A spreadsheet takes a cell of a CSV file for a formula when it begins with one of = + - @, a tab or a carriage return,
and a formula can send what is in other cells elsewhere. The texts of a campaign come from people who label, and from
the pool. So a cell that begins so gets an apostrophe before it. A program that reads the file takes it off.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_BEGINS = r"^[=+\-@\t\r]"


def without_formulas(table: Any) -> Any:
    """The table with an apostrophe before every text that a spreadsheet would run. Numbers stay as they are."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = table.column(place).combine_chunks()
            runs = pc.fill_null(pc.match_substring_regex(column, _BEGINS), False)
            if pc.any(runs).as_py():
                marked = pc.binary_join_element_wise(pa.scalar("'", field.type), column, pa.scalar("", field.type))
                table = table.set_column(place, field, pc.if_else(runs, marked, column))
    return table

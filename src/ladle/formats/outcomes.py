"""What the columns of other tools say of each row: whether its label counts, who gave it, when, how long it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.counts import counted
from ladle.errors import DataError
from ladle.formats.fields import LABEL, TIME
from ladle.formats.foreign import FOREIGN, OUTCOMES, ForeignColumn, Outcome
from ladle.formats.text.jsonrows import ignore_remedy

Codes = npt.NDArray[np.int64]
At = Callable[[int], str]  # the place of a row in words
SKIP_COLUMNS = ("skip", "skipped", "is_skipped")  # an annotator who fills these in gives no label beside
_CODES = {outcome: code for code, outcome in enumerate(OUTCOMES)}


def code_of(outcome: Outcome) -> int:
    """The number of an outcome: of two outcomes of a row, the larger wins."""
    return _CODES[outcome]


def find_outcomes(table: Any, at: At) -> Codes:
    """(n,) the code of what becomes of each row, by all columns of other tools.

    Raises: DataError naming the first row with a word that no tool defines, and the first row that is refused.
    """
    codes = np.zeros(table.num_rows, np.int64)
    for name in table.schema.names:
        column = FOREIGN.get(name)
        if column is None or column.meaning not in ("verdict", "flag"):
            continue
        values = table.column(name).combine_chunks()
        found = _verdicts(values, column, at) if column.meaning == "verdict" else _flags(values, column)
        refused = np.flatnonzero(found == code_of("refused"))
        if refused.size:
            raise DataError(
                at(int(refused[0])),
                wanted=f"have `{name}` decided",
                got=f"{str(column.yes == 'refused').lower()}, as {counted(refused.size, 'row', 'has')}",
                remedy=ignore_remedy(name, name),
            )
        codes = np.maximum(codes, found)
    return codes


def _verdicts(values: Any, column: ForeignColumn, at: At) -> Codes:
    words = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    used = [word for word in pc.unique(pc.drop_null(words)).to_pylist() if word]
    known = [{word.lower(): outcome for word, outcome in words.items()} for _, words in column.vocabularies]
    for outcomes in known:
        if set(used) <= set(outcomes):
            code_of_word = {word: code_of(outcome) for word, outcome in outcomes.items()}
            return np.array([code_of_word.get(word, 0) for word in words.to_pylist()], np.int64)
    nearest = max(known, key=lambda outcomes: sum(word in outcomes for word in used))
    odd = next(word for word in used if word not in nearest)
    row = pc.index(words, pa.scalar(odd, words.type)).as_py()
    spelled = " or ".join(f"{', '.join(words)} ({tool})" for tool, words in column.vocabularies)
    raise DataError(
        at(row),
        wanted=f"have {spelled} in `{column.name}`",
        got=repr(values[row].as_py()),
        remedy=ignore_remedy(column.name, column.name),
    )


def _flags(values: Any, column: ForeignColumn) -> Codes:
    yes = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    no = pc.fill_null(pc.invert(values), False).to_numpy(zero_copy_only=False)
    return np.where(yes, code_of(column.yes), np.where(no, code_of(column.no), 0)).astype(np.int64)


def refuse_skipped_labels(table: Any, labels: Any, at: At) -> None:
    """Refuse a row that has a label and is skipped too, by a column that an annotator fills in. Raises: DataError."""
    for name in SKIP_COLUMNS:
        if name in table.schema.names:
            both = pc.and_(pc.fill_null(table.column(name), False), labels.is_valid())
            row = pc.index(both, True).as_py()
            if row >= 0:
                raise DataError(
                    at(row), wanted="have a label or be skipped", got=f"a label, and yes in `{name}`",
                    remedy="Empty one of the two.",
                )  # fmt: skip


def first_filled(table: Any, field: str, meanings: tuple[str, ...]) -> Any:
    """The column of a field, filled from the columns of other tools with these meanings; None where there is none."""
    names = [name for name in table.schema.names if name in FOREIGN and FOREIGN[name].meaning in meanings]
    order = list(FOREIGN)
    columns = [table.column(name) for name in sorted(names, key=order.index)]
    columns = [_as_time(column) if field == "told_at" else column for column in columns]
    if field in table.schema.names and field not in names:
        columns.insert(0, table.column(field))
    return pc.coalesce(*columns) if columns else None


def _as_time(column: Any) -> Any:
    """Seconds since 1970 as times; times as they are."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.round(pc.multiply(column, 1e6)).cast(pa.int64(), safe=False).cast(TIME)


def spent_ms(table: Any, at: At) -> Any:
    """(n,) int64 milliseconds that each label took, null where it is unknown; None without such a column.

    Raises: DataError for a negative time, and for one of more than a year.
    """
    columns = []
    for name in table.schema.names:
        if name in FOREIGN and FOREIGN[name].meaning in ("seconds", "ms"):
            factor = 1000.0 if FOREIGN[name].meaning == "seconds" else 1.0
            values = pc.multiply(table.column(name), factor)
            odd = pc.fill_null(pc.or_(pc.less(values, 0.0), pc.greater(values, 366 * 86_400_000.0)), False)
            row = pc.index(odd, True).as_py()
            if row >= 0:
                raise DataError(
                    at(row), wanted=f"have the time spent on a label in `{name}`",
                    got=str(table.column(name)[row].as_py()), remedy=ignore_remedy(name, name),
                )  # fmt: skip
            columns.append(pc.round(values).cast(pa.int64()))
    return pc.coalesce(*columns) if columns else None


def with_choices(table: Any, single: bool, at: At) -> Any:
    """The column of labels, filled from the options that were chosen (Prodigy's `accept`); None without both.

    Raises: DataError for several options where a label is one class, and for options beside another label.
    """
    label = table.column(LABEL).combine_chunks() if LABEL in table.schema.names else None
    if "accept" not in table.schema.names:
        return label
    chosen = table.column("accept").combine_chunks()
    given_labels = [None] * len(chosen) if label is None else label.to_pylist()
    made = []
    for row, (options, given) in enumerate(zip(chosen.to_pylist(), given_labels, strict=True)):
        if options and single and len(options) > 1:
            raise DataError(at(row), wanted="have one option in `accept`", got=str(options))
        value = options if not single else options[0] if options else None
        if given and value is not None and given != value:
            raise DataError(at(row), wanted="have one answer", got=f"{given!r} in `label`, {value!r} in `accept`")
        made.append(given if value is None else value)
    kind = label.type if label is not None else (chosen.type.value_type if single else chosen.type)
    return pa.array(made, kind)

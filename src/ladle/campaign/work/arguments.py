"""The arguments of those who tell, checked: names, texts, times and seconds, one for all answers or one for each."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping, Sequence, Set
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arraylikes import as_array, refuse_masked
from ladle.campaign.session.session import microseconds
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import is_frame
from ladle.labelling.contract.columns import Int64, Texts, repeated, texts
from ladle.labelling.labels import holdable
from ladle.labelling.people import is_person_name
from ladle.labelling.records import moment
from ladle.labelling.times_ahead import FARTHEST
from ladle.numbers import number, shown

LONGEST_NAME, LONGEST_REASON = 500, 10_000  # characters
LONGEST_SECONDS = 10 * 366 * 86_400  # that anyone works on one label


def listed_values(values: object, name: str = "labels") -> list[Any]:
    """A list or an array of any library as a Python list. Raises: ArgumentError, ShapeError."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return list(values.to_pylist())
    refuse_masked(values, name)
    if isinstance(values, (np.ndarray, np.generic)) and values.ndim == 0:
        raise ShapeError(f"`{name}`", wanted="be one for each id", got=f"the single value {shown(values)}"[:200])
    if hasattr(values, "toarray") or (hasattr(values, "__array__") and not isinstance(values, Iterable)):
        values = as_array(values, name)
    unordered = isinstance(values, (Set, Mapping)) and not isinstance(values, KeysView)
    tabular = is_frame(values) or hasattr(values, "iter_rows") or hasattr(values, "column_names")
    if isinstance(values, (str, bytes)) or unordered or tabular or not isinstance(values, Iterable):
        got = f"a table ({type(values).__name__})" if tabular else shown(values)[:200]
        remedy = f"Give one column of it, such as {name}['label']." if tabular else ""
        raise ArgumentError(f"`{name}`", wanted="be a list or an array, one for each id", got=got, remedy=remedy)
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return list(values)  # not every date fits a Python datetime
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def check_text(value: object, name: str, *, longest: int = LONGEST_NAME) -> str:
    """`value`, if it is text that every database can store. Raises: ArgumentError."""
    if not isinstance(value, str) or len(value) > longest or not holdable(value):
        wanted = f"be text of {longest:,} characters at most, none of them NUL or half of one"
        raise ArgumentError(f"`{name}`", wanted=wanted, got=shown(value)[:80])
    return value


def check_name(value: object, name: str) -> str:
    """`value`, if it may be the name of a person or a team, or names nobody. Raises: ArgumentError."""
    plain = check_text(value, name)
    if not is_person_name(plain):
        wanted, remedy = "be a name with a letter or a digit", "Leave it empty where nobody is known."
        raise ArgumentError(f"`{name}`", wanted=wanted, got=shown(plain)[:80], remedy=remedy)
    return plain


def people_named(value: str | Sequence[str], count: int) -> Texts:
    """(count,) annotators. Raises: ArgumentError, ShapeError."""
    named = broadcast(value, count, "annotator")
    for each in dict.fromkeys(named.tolist()):
        check_name(each, "annotator")
    return named


def broadcast(value: str | Sequence[str], count: int, name: str, *, longest: int = LONGEST_NAME) -> Texts:
    """(count,) texts: one for all, or one for each. Raises: ArgumentError, ShapeError."""
    if isinstance(value, str):
        return repeated(check_text(value, name, longest=longest), count)
    listed = [check_text(each, name, longest=longest) for each in listed_values(value, name)]
    if len(listed) != count:
        raise ShapeError(
            f"`{name}`", wanted=f"be one text, or one for each of the {count:,} ids", got=f"{len(listed):,}"
        )
    return texts(listed)


def times_said(value: Any, count: int, now: int) -> tuple[Int64, Int64]:
    """(count,) microseconds, and 1 where the caller said them: None and a null stand for now."""
    if value is None:
        return repeated(now, count), repeated(0, count)
    moments, is_timed = _said_times(value, count, now)
    if moments.max(initial=0) > now + FARTHEST:
        got = f"{moment(int(moments.max())):%Y-%m-%d %H:%M} UTC, and it is {moment(now):%Y-%m-%d %H:%M} UTC"
        raise ArgumentError("`told_at`", wanted="be at most a year ahead of now", got=got)
    return moments, is_timed


def _said_times(value: Any, count: int, now: int) -> tuple[Int64, Int64]:
    """As `times_said`, of what the caller said. Raises: ArgumentError, ShapeError."""
    if isinstance(value, (pa.Array, pa.ChunkedArray)) and pa.types.is_timestamp(value.type):
        if not value.type.tz:
            raise ArgumentError("`told_at`", wanted="be times with a time zone", got=str(value.type))
        known = pc.cast(value, pa.timestamp("us", value.type.tz)).to_numpy(zero_copy_only=False)
        value = [None if np.isnat(each) else each for each in known]
    if isinstance(value, Iterable) and not isinstance(value, str):
        listed = listed_values(value, "told_at")
        if len(listed) != count:
            raise ShapeError(
                "`told_at`", wanted=f"be one time, or one for each of the {count:,} ids", got=f"{len(listed):,}"
            )
        said = [each is not None for each in listed]
        moments = [microseconds(each) if is_said else now for each, is_said in zip(listed, said, strict=True)]
        return np.array(moments, np.int64), np.array(said, np.int64)
    return repeated(microseconds(value), count), repeated(1, count)


def time_spent(seconds: Any, count: int) -> Int64:
    """(count,) whole milliseconds, 0 where nobody said. Raises: ArgumentError, ShapeError."""
    if seconds is None:
        return repeated(0, count)
    listed = listed_values(seconds, "seconds") if isinstance(seconds, Iterable) else [seconds] * count
    if len(listed) != count:
        raise ShapeError(
            "`seconds`", wanted=f"be one number, or one for each of the {count:,} ids", got=f"{len(listed):,}"
        )
    known = [0 if each is None else number(each, "`seconds`", least=0, most=LONGEST_SECONDS) for each in listed]
    return np.array([round(each * 1000) for each in known], np.int64)

"""Ids of the many Arrow types as the two types that Ladle uses: int64 and large_string.

Text may be stored as string, large_string, string_view, or a dictionary of them (pandas Categorical, polars Categorical
and Enum). A UUID becomes its usual text in lower case. Other bytes are refused, because nothing says which text they
stand for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import IdError
from ladle.numbers import shown

SHOWN = 3  # ids or rows shown in an error; the count tells the rest
REMEDY = "Ids must be integers or text, one for each example, none repeated."
_BYTES = "Write the bytes as text first, such as [id.hex() for id in ids], or [id.decode() for id in ids]."
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)  # positions of the dashes in the 36 characters of a UUID
_DIGIT_PLACES = [place for place in range(36) if place not in _DASHES]


def is_text(kind: Any) -> bool:
    """Whether a column type holds text, in any layout."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view())


def is_uuid(kind: Any) -> bool:
    """Whether a column type is declared as UUID; 16 bytes alone are not."""
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def can_be_ids(kind: Any) -> bool:
    """Whether a column of this type can hold ids."""
    if pa.types.is_dictionary(kind):
        return can_be_ids(kind.value_type)
    return bool(pa.types.is_integer(kind) or is_text(kind) or is_uuid(kind))


def are_alike(first: Any, second: Any) -> bool:
    """Whether ids of these two types are of one kind: both integers, or both text."""
    return can_be_ids(first) and can_be_ids(second) and _is_integer(first) == _is_integer(second)


def as_id_type(array: Any, name: str) -> Any:
    """An Arrow array of ids (not chunked) as int64 or large_string; nulls stay. Raises: IdError for another type."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return as_id_type(array.dictionary, name).take(array.indices)
    if pa.types.is_null(kind):
        return array.cast(pa.int64())
    if is_uuid(kind):
        return _uuid_texts(array.storage)
    if pa.types.is_integer(kind):
        target = pa.int64()
    elif is_text(kind):
        target = pa.large_string()
    else:
        raw = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
        raise IdError(
            name,
            wanted="be integers or text",
            got=f"{kind} such as {show_ids(array)}",
            remedy=_BYTES if raw or kind == pa.binary_view() else REMEDY,
        )
    try:
        return array.cast(target)
    except pa.ArrowInvalid as cause:  # an unsigned 64-bit id above the int64 range
        raise IdError(
            name, wanted="fit signed 64-bit integers", got=str(cause), remedy="Store them as text."
        ) from cause


def join_ids(chunks: list[Any], name: str) -> Any:
    """Arrow arrays of ids as one array; the types may differ, the kind may not. Raises: IdError."""
    parts = [as_id_type(chunk, name) for chunk in chunks if len(chunk)]
    if not parts:
        return as_id_type(chunks[0], name) if chunks else pa.array([], pa.int64())
    for part in parts:
        if part.type != parts[0].type:
            raise IdError(name, wanted="be all integers or all text", got=f"{parts[0].type} and {part.type}")
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)


def show_ids(values: Any) -> str:
    """The first `SHOWN` ids, for a message."""
    return ", ".join(shown(value) for value in values[:SHOWN].to_pylist())


def _is_integer(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind.value_type if pa.types.is_dictionary(kind) else kind))


def _uuid_texts(storage: Any) -> Any:
    """The 16 bytes of each UUID as 36 characters; nulls stay."""
    rows = len(storage)
    if rows == 0:
        return pa.array([], pa.large_string())
    raw = np.frombuffer(storage.buffers()[1], np.uint8)[16 * storage.offset :][: 16 * rows].reshape(rows, 16)
    text = np.full((rows, 36), ord("-"), np.uint8)
    text[:, _DIGIT_PLACES[0::2]] = _DIGITS[raw >> 4]
    text[:, _DIGIT_PLACES[1::2]] = _DIGITS[raw & 15]
    offsets = np.arange(rows + 1, dtype=np.int64) * 36
    texts = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))
    return texts if storage.null_count == 0 else pc.if_else(storage.is_valid(), texts, None)

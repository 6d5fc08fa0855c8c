"""Columns keep what they are given, and their seals notice any bit that changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.errors import CorruptFileError
from ladle.labelling.contract import tables
from ladle.labelling.contract.columns import Columns, repeated

INTEGERS = st.integers(-(2**63), 2**63 - 1)
VALUES = {"number": INTEGERS, "text": st.text(st.characters(exclude_categories=["Cs"])), "octets": st.binary()}


@st.composite
def rows_of(draw: st.DrawFn, kind: type[Columns]) -> list[tuple]:
    row = st.tuples(*(VALUES[holds] for holds in kind.layout().values()))
    return draw(st.lists(row, min_size=1, max_size=5))


@st.composite
def any_columns(draw: st.DrawFn) -> Columns:
    kind = draw(st.sampled_from(tables.KINDS))
    return kind.of(draw(rows_of(kind)))


@given(any_columns())
def test_rows_come_back_as_they_went_in(columns: Columns) -> None:
    rows = list(columns.tuples())
    again = type(columns).of(rows)
    assert list(again.tuples()) == rows
    assert {type(value) for row in rows for value in row} <= {int, str, bytes}
    assert len(again) == len(rows)
    joined = type(columns).joined([again, again.take(np.array([0]))])
    assert list(joined.tuples()) == [*rows, rows[0]]


@given(any_columns(), st.integers(-(2**31), 2**31), st.data())
def test_a_seal_notices_every_flipped_bit(columns: Columns, salt: int, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(columns) - 1))
    name = data.draw(st.sampled_from(list(columns.layout())))
    values = columns.column(name).copy()
    old = values[row]
    if isinstance(old, bytes | str):
        raw = bytearray(old if isinstance(old, bytes) else old.encode())
        if not raw:
            return
        place = data.draw(st.integers(0, len(raw) * 8 - 1))
        raw[place // 8] ^= 1 << place % 8
        try:
            values[row] = bytes(raw) if isinstance(old, bytes) else raw.decode()
        except UnicodeDecodeError:
            return  # no text any more, which reading it finds
    else:
        values[row] = np.int64(np.uint64(int(old) & (2**64 - 1)) ^ np.uint64(1 << data.draw(st.integers(0, 63))))
    changed = dataclasses.replace(columns, **{name: values})
    before, after = columns.seals(salt), changed.seals(salt)
    assert before[row] != after[row]
    assert np.array_equal(np.delete(before, row), np.delete(after, row))


@given(any_columns())
def test_a_seal_belongs_to_its_place(columns: Columns) -> None:
    assert not np.isin(columns.seals(1), columns.seals(2)).any()


def test_fields_that_trade_places_show() -> None:
    one = tables.LeaseTable.of([(1, "a", 2, 3, 4)])
    other = tables.LeaseTable.of([(1, "a", 3, 2, 4)])
    assert one.seals(0) != other.seals(0)


def test_seals_stay_what_they_are() -> None:
    """They are in databases: another formula would call these damaged."""
    assert tables.LeaseTable.of([(1, "ann", 2, 3, 4)]).seals(1).tolist() == [SEAL]
    assert tables.BatchRowsTable.of([(1, b"\x01", b"", 2)]).seals(1).tolist() == [OCTET_SEAL]


SEAL, OCTET_SEAL = -8050111717059770564, -6247543546252932599


@pytest.mark.parametrize(
    "wrong", [(1, 2, 3, 4, 5), (1, "ann", 2.5, 3, 4), (1, "ann", True, 3, 4), (None, "ann", 2, 3, 4)]
)
def test_values_of_another_type_are_damage(wrong: tuple) -> None:
    with pytest.raises(CorruptFileError, match="lease"):
        tables.LeaseTable.of([(1, "ann", 2, 3, 4), wrong])


def test_repeated_values() -> None:
    assert repeated("a", 2).tolist() == ["a", "a"]
    assert repeated("", 2).dtype == object
    assert repeated(3, 2).dtype == np.int64

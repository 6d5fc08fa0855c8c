"""Records: a small table that is read, not written."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from ladle.labelling.records import Records, moment, times


def records() -> Records:
    return Records(
        {
            "id": np.array(["a", "b", "c"], object),
            "label": ["cat", 3, ["x"]],
            "told_at": times(np.array([1_700_000_000_000_001, 0, 5], np.int64)),
            "share": np.array([0.5, 1.0, np.nan]),
        }
    )


def test_rows_columns_and_slices() -> None:
    found = records()
    assert len(found) == 3
    assert found.columns == ["id", "label", "told_at", "share"]
    assert [row.id for row in found] == ["a", "b", "c"]
    assert found[0].told_at == datetime(2023, 11, 14, 22, 13, 20, 1, UTC)
    assert found[1].told_at is None
    assert found[-1].label == ["x"]
    assert found[1:]["id"].tolist() == ["b", "c"]
    assert found["label"] == ["cat", 3, ["x"]]
    assert found["told_at"].dtype == np.dtype("datetime64[us]")
    with pytest.raises(IndexError):
        found[3]
    with pytest.raises(KeyError):
        found["absent"]


def test_nothing_can_be_written() -> None:
    found = records()
    with pytest.raises(ValueError, match="read-only"):
        found["id"][0] = "z"
    found["label"][0] = "dog"
    assert found[0].label == "cat"


def test_other_libraries_take_it() -> None:
    table = records().to_arrow()
    assert table.column("told_at").type == pa.timestamp("us", tz="UTC")
    assert table.column("label").to_pylist() == ['"cat"', "3", '["x"]']  # of several kinds: as JSON
    assert records()[:1].to_arrow().column("label").to_pylist() == ["cat"]
    assert table.num_rows == len(records().to_pylist()) == 3


def test_it_reads_well() -> None:
    text = repr(records())
    assert text.startswith("<3 records: id, label, told_at, share>")
    assert "2023-11-14 22:13" in text
    many = Records({"id": np.arange(100)})
    assert "... and 90 more" in repr(many)


def test_equal_tables_are_equal() -> None:
    small = Records({"id": np.arange(3)})
    assert small == Records({"id": np.arange(3)})
    assert small != Records({"id": np.arange(4)})
    assert moment(1) == datetime(1970, 1, 1, 0, 0, 0, 1, UTC)


def test_what_is_unknown_in_both_is_equal() -> None:
    def records(seconds: list[float]) -> Records:
        at = np.array(["NaT"] * len(seconds), "datetime64[us]")
        return Records({"seconds": np.array(seconds), "at": at, "label": [None, "cat"][: len(seconds)]})

    assert records([np.nan, 1.0]) == records([np.nan, 1.0])
    assert records([np.nan, 1.0]) != records([np.nan, 2.0])
    assert records([np.nan, 1.0]) != records([1.0, np.nan])
    assert records([np.nan]) != records([np.nan, 1.0])
    assert records([1.0]) != Records({"seconds": np.array([1.0])})
    assert records([1.0]) != [1.0]

"""Lists of ids of every make: ids, or a Ladle error, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ladle.errors import LadleError
from ladle.pool.ids.lists import read_ids

BODIES = (
    b"", b"\n", b"a", b"1\n2\n", b"1\n\n2\n", b"\xff\n", b"\x00\n", b"\xef\xbb\xbf1\n", "1\n2\n".encode("utf-16"),
    b"9" * 6_000, b"01\n", b"1,2\n", b'"a\nb"\n', b"a\r\nb\r\n", b"a\rb\r", b"\x1f\n", b" 1 \n",
    "\u0663\n".encode(), b'"""\n',
)  # fmt: skip
HEADERS = (
    b"id\n",
    b"id",
    b"ID\n",
    b"id,x\n",
    b"id,id\n",
    b'"id"\n',
    b"id;x\n",
    b"",
    b"\n\nid\n",
    b'"i\nd",id\n',
    b"id\r",
)
ARRAYS: tuple[Any, ...] = (
    np.array([]), np.array(1), np.array([[1]]), np.array(["a"]), np.array([b"\xff"]), np.array([True]), np.array([1.5]),
    np.array([np.nan]), np.array([None]), np.array([2**63], "u8"), np.array(["2020"], "M8[D]"), np.array([1j]),
    np.array([(1,)], [("a", int)]), np.array([""], "U1"), np.zeros(0, int), np.zeros((0, 2), int),
)  # fmt: skip
SHAPES = (b"(True, 2)", b"(-1,)", b"2", b"(1.5,)", b"None", b"(" * 2_000, b"(1" + b"0" * 5_000 + b",)")
COLUMNS = (
    pa.array(["a"]), pa.array([1]), pa.array([None]), pa.array([None, 1]), pa.array([1.5]), pa.array([[1]]),
    pa.array([True]), pa.array([{"x": 1}]), pa.array([], pa.int64()), pa.array([2**64 - 1], pa.uint64()),
    pa.array([0], pa.timestamp("us")),
)  # fmt: skip


def lists() -> Iterator[tuple[str, bytes]]:
    for body in BODIES:
        yield "l.txt", body
        yield from (("l.csv", header + body) for header in HEADERS)
    for array in ARRAYS:
        for save, name in ((np.save, "l.npy"), (np.savez, "l.npz")):
            file = io.BytesIO()
            save(file, array)
            yield name, file.getvalue()
    for shape in SHAPES:
        header = b"{'descr': '<i8', 'fortran_order': False, 'shape': " + shape + b"}"
        yield "l.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(16)
    for column in COLUMNS:
        for names in (["id"], ["x"], ["id", "id"]):
            table = pa.table([column] * len(names), names=names)
            parquet, arrow = io.BytesIO(), io.BytesIO()
            pq.write_table(table, parquet)
            with pa.ipc.new_file(arrow, table.schema) as writer:
                writer.write_table(table)
            yield from (("l.parquet", parquet.getvalue()), ("l.arrow", arrow.getvalue()))


def test_odd_lists_end_in_ids_or_in_a_ladle_error(tmp_path: Path) -> None:
    read = refused = 0
    for name, content in lists():
        (tmp_path / name).write_bytes(content)
        for like in (None, "integer", "text"):
            try:
                read_ids(tmp_path / name, like=like)
                read += 1
            except LadleError as error:
                str(error).encode()
                refused += 1
    assert min(read, refused) > 100


@pytest.mark.parametrize("name", ["l.txt", "l.csv", "l.npy", "l.npz", "l.parquet", "l.arrow"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.text(st.sampled_from('id,"\n\r a1é;'), max_size=40).map(str.encode))
def test_any_bytes_end_in_ids_or_in_a_ladle_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        read_ids(tmp_path / name)
    except LadleError as error:
        str(error).encode()


def test_a_header_may_stand_below_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("\n\nid,x\na,1\n")
    assert read_ids(tmp_path / "l.csv").to_pylist() == ["a"]

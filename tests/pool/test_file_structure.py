"""Pool files whose parts are each well-formed but do not belong together: a Ladle error, never another one, or a pool.

tests/pool/test_damage.py flips bits; here whole fields are replaced by values that a header, an archive or a schema may
hold. Each file goes through everything that reads a pool: opening, checking, loading, leaving out what is unusable.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import CorruptFileError, LadleError
from ladle.pool.ids.lists import read_ids
from ladle.scores.files.score_file import open_scores

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def read_in_every_way(path: Path) -> bool:
    """Whether the file is a pool; every error but Ladle's own fails the test."""
    good = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers out of impossible files overflow; numpy warns of headers of Python 2
        for skip_invalid in (False, True):
            with suppress(LadleError):
                pool = ladle.open_pool(path, skip_invalid=skip_invalid)
                assert pool.embeddings().shape == (pool.rows, pool.dim)
                assert sum(len(block) for _, block in pool.blocks()) == pool.rows
                pool.check()
                good = True
        with suppress(LadleError):
            read_ids(path)
        for single in (True, False):
            with suppress(LadleError):
                open_scores(path, ladle.open_pool(VECTORS), single=single).reduced(lambda values: values.sum(axis=-1))
    return good


# -- .npy ----------------------------------------------------------------------------------------------------------


def npy(header: str | bytes, data: bytes = VECTORS.tobytes(), version: tuple[int, int] = (1, 0)) -> bytes:
    text = header if isinstance(header, bytes) else header.encode("latin1", "replace")
    size = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + text + data


SHAPES = [
    "(4, 3)", "(True, 2)", "(4, True)", "(-4, -3)", "(-4, 3)", "(0, 3)", "(4, 0)", "(12,)", "()", "(4, 3, 1)", "4",
    "(4.0, 3)", "('4', 3)", "(None, 3)", "[4, 3]", "(10**30, 0)", "(2**62, 2**62)", "(2**63, 0)", "(1000000000000, 3)",
    "(4, 3" + ", 1" * 70 + ")", "(4611686018427387904, 0)", "((4,), 3)", "(1j, 3)", "(0x4, 3)", "(nan, 3)",
]  # fmt: skip
DTYPES = [
    "'<f4'", "'>f4'", "'<f8'", "'<f2'", "'<c8'", "'|O'", "'O'", "'|V0'", "'<U0'", "'|S0'", "'|V4'", "'<M8[D]'", "'<m8'",
    "'<i4'", "'|b1'", "'<f16'", "''", "None", "'nonsense'", "[('a', '<f4')]", "[('a', '<f4'), ('a', '<f4')]", "[]",
    "('<f4', (3,))", "[('a', '<f4', (3,))]", "'<U1000000000'", "'f4,f4'", "{'names': ['a'], 'formats': ['<f4']}", "17",
    "'<f4' * 9", "[('a', '|O')]", "'|V' + '9' * 30",
]  # fmt: skip
FORTRAN = ["False", "True", "1", "None", "'no'"]


def npy_files() -> list[bytes]:
    made = [
        npy(f"{{'descr': {dtype}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
        for dtype, fortran, shape in [
            *itertools.product(DTYPES, FORTRAN[:1], SHAPES[:10]),
            *itertools.product(DTYPES[:2], FORTRAN, SHAPES),
        ]
    ]
    plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3)}"
    odd = [
        "",
        "\n",
        "{}",
        "[]",
        "None",
        "{'shape': (4, 3)}",
        plain[:-1],
        plain + plain,
        "{" * 9000,
        "(" * 500 + ")" * 500,
    ]
    odd += [plain.replace("}", ", 'more': 1}"), plain.replace("}", ", 'shape': (2, 6)}"), plain + "\n#", "\0" * 80]
    odd += ["__import__('os').abort()", plain.replace("(4, 3)", "(4, 3, __import__('os'))"), "\xff\xfe" * 30]
    made += [npy(text) for text in odd]
    made += [npy(plain, VECTORS.tobytes()[:keep]) for keep in (0, 1, 47)]
    made += [npy(plain, VECTORS.tobytes() * 2), npy(plain, version=(2, 0)), npy(plain, version=(3, 0))]
    made += [npy(plain)[:8] + size + npy(plain)[10:] for size in (b"\0\0", b"\xff\xff", b"\x01\0")]
    return made


def test_npy_headers(tmp_path):
    path = tmp_path / "p.npy"
    good = 0
    for content in npy_files():
        path.write_bytes(content)
        good += read_in_every_way(path)
    assert good > 4  # or the files would be refused for another reason than meant


@pytest.mark.parametrize("shape", ["(True, 2)", "(2, True)", "(-4, -3)", "(4611686018427387904, 0)"])
def test_an_impossible_shape_is_told(tmp_path, shape):
    count = 2 if "True" in shape else 12
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"
    (tmp_path / "p.npy").write_bytes(npy(header, VECTORS.tobytes()[: 4 * count]))
    np.savez(tmp_path / "p.npz", other=VECTORS)
    with zipfile.ZipFile(tmp_path / "p.npz", "a") as archive:
        archive.writestr("embeddings.npy", npy(header, VECTORS.tobytes()[: 4 * count]))
    for name in ("p.npy", "p.npz"):
        with pytest.raises(CorruptFileError, match=r"possible shape.*got shape"):
            ladle.open_pool(tmp_path / name)


# -- .npz ----------------------------------------------------------------------------------------------------------


def saved(array: Any) -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def patched(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """`content` with `value` at `offset` from each `mark`."""
    made = bytearray(content)
    place = made.find(mark)
    while place >= 0:
        made[place + offset : place + offset + len(value)] = value
        place = made.find(mark, place + 1)
    return bytes(made)


def npz_files() -> list[bytes]:
    vectors, ids = saved(VECTORS), saved(np.arange(4))
    good = zipped(("embeddings.npy", vectors), ("ids.npy", ids))
    made = [good, zipped(), b"PK\x05\x06" + b"\0" * 18, good * 2, good + b"tail", b"head" + good]
    made += [zipped(("embeddings.npy", content)) for content in npy_files()[::9]]
    made += [zipped(("embeddings.npy", vectors), ("ids.npy", content)) for content in npy_files()[::9]]
    made.append(zipped(("embeddings.npy", vectors), ("embeddings.npy", saved(VECTORS + 1))))
    for other in (["a"] * 4, [1.5] * 4, [[1]] * 4, range(3), [True] * 4, [], ["2020-01-01"] * 4):
        made.append(zipped(("embeddings.npy", vectors), ("ids.npy", saved(np.array(other)))))
    for name in ("embeddings", "embeddings.npy/", "../embeddings.npy", "/embeddings.npy", "Embeddings.npy", ".npy", ""):
        with suppress(ValueError, IndexError):
            made.append(zipped((name, vectors)))
    local, central = b"PK\x03\x04", b"PK\x01\x02"
    for value in (b"\1\0", b"\x63\0", b"\x09\0", b"\x0c\0", b"\xff\xff"):
        made += [patched(good, central, 10, value), patched(good, central, 8, value), patched(good, local, 8, value)]
    for value in (b"\0\0\0\0", b"\x01\0\0\0", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff"):
        made += [patched(good, central, place, value) for place in (16, 20, 24, 42)]
        made += [patched(good, b"PK\x05\x06", place, value) for place in (8, 12, 16)]
    return made


def test_npz_archives(tmp_path):
    path = tmp_path / "p.npz"
    good = 0
    for content in npz_files():
        path.write_bytes(content)
        good += read_in_every_way(path)
    assert good > 4


def test_an_array_that_comes_twice_is_refused(tmp_path):
    (tmp_path / "p.npz").write_bytes(zipped(("embeddings.npy", saved(VECTORS)), ("embeddings.npy", saved(-VECTORS))))
    with pytest.raises(CorruptFileError, match="embeddings twice"):
        ladle.open_pool(tmp_path / "p.npz")


# -- Parquet and Arrow ---------------------------------------------------------------------------------------------


def columns() -> list[pa.Array]:
    lists = VECTORS.astype(float).tolist()
    nested = pa.array([[[1.0, 2.0]], [[3.0]], [], None], pa.list_(pa.list_(pa.float32())))
    return [
        pa.array(lists, pa.list_(pa.float32())),
        pa.array(lists, pa.large_list(pa.float64())),
        pa.array(lists, pa.list_(pa.float16(), 3)),
        pa.array(lists, pa.list_(pa.int8())),
        pa.array([[1.0], None, [2.0, 3.0], []], pa.list_(pa.float32())),
        pa.array([[1.0, None, 2.0]] * 4, pa.list_(pa.float32(), 3)),
        pa.array([[]] * 4, pa.list_(pa.float32())),
        pa.array([[]] * 4, pa.list_(pa.float32(), 0)),
        pa.array([None] * 4, pa.list_(pa.float32())),
        pa.array([None] * 4, pa.null()),
        pa.array([["a"]] * 4),
        nested,
        pa.array([{"x": 1.0, "y": [2.0]}] * 4),
        pa.array([[("k", 1.0)]] * 4, pa.map_(pa.string(), pa.float32())),
        pa.array([1.5] * 4),
        pa.array([b"abc"] * 4),
        pa.array([b"abcd"] * 4, pa.binary(4)),
        pa.array(["a", "b", "c", "d"]).dictionary_encode(),
        pa.array(["a", "b", "c", "d"], pa.string_view()),
        pa.array([1, 2, 3, 4], pa.uint64()),
        pa.array([2**63] * 4, pa.uint64()),
        pa.array([1, 1, 2, None]),
        pa.array([True] * 4),
        pa.array([1, 2, 3, 4], pa.decimal128(5)),
        pa.array([1, 2, 3, 4], pa.timestamp("us")),
        pa.array([[float("nan")] * 3] * 4, pa.list_(pa.float32(), 3)),
        pa.array([[1e300] * 3] * 4, pa.list_(pa.float64(), 3)),
    ]


def tables() -> list[pa.Table]:
    ids = pa.array([5, 6, 7, 8])
    made = [pa.table({"id": ids, "emb": column}) for column in columns()]
    made += [pa.table({"id": column, "emb": columns()[0]}) for column in columns()]
    made += [made[0].slice(0, 0), made[0].select([]), made[0].select(["id"]), made[0].select(["emb"])]
    made += [
        pa.Table.from_arrays([ids, columns()[0], columns()[1]], names=names) for names in (["id"] * 3, ["id", "", ""])
    ]
    made += [
        pa.Table.from_arrays([ids, columns()[0]], names=names) for names in (["", "emb"], ["id", "e\0"], ["ID", "e"])
    ]
    return made


def parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, row_group_size=2)


def arrow_file(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def arrow_stream(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


WRITERS: dict[str, tuple[Callable[[pa.Table, Path], None], str]] = {
    "parquet": (parquet, "p.parquet"),
    "arrow file": (arrow_file, "p.arrow"),
    "arrow stream": (arrow_stream, "p.ipc"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_tables_of_every_schema(tmp_path, kind):
    write, name = WRITERS[kind]
    good = 0
    for table in tables():
        with suppress(pa.ArrowException):  # what this format cannot hold
            write(table, tmp_path / name)
            good += read_in_every_way(tmp_path / name)
    assert good > 5


@pytest.mark.parametrize("kind", WRITERS)
def test_parts_of_two_files_put_together(tmp_path, kind):
    write, name = WRITERS[kind]
    path = tmp_path / name
    whole = []
    for table in (tables()[0], tables()[2], tables()[4], tables()[-3]):
        write(table, path)
        whole.append(path.read_bytes())
    rng = np.random.default_rng(0)
    made = [first[:cut] + second[-rest:] for first, second in itertools.permutations(whole, 2)
            for cut in (4, 8, len(first) // 2, len(first) - 8) for rest in (8, 12, len(second) // 2)]  # fmt: skip
    numbers = [(1 << 31) - 1, 0, 1, 1 << 16, 0xFFFFFFFF, 0xFFFFFFF8]
    for content in whole[:2]:  # numbers of four bytes replaced, at the end above all, where the formats keep lengths
        places = [len(content) - 4 * step for step in range(1, 6)] + rng.integers(0, len(content) - 4, 12).tolist()
        for place, number in itertools.product(places, numbers):
            made.append(content[:place] + number.to_bytes(4, "little") + content[place + 4 :])
    for content in made:
        path.write_bytes(content)
        read_in_every_way(path)


# -- through a real process ----------------------------------------------------------------------------------------


def odd_files(folder: Path) -> list[Path]:
    (folder / "true.npy").write_bytes(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2), }\n", b"\0" * 8)
    )
    (folder / "deep.npy").write_bytes(npy("(" * 9000))
    (folder / "twice.npz").write_bytes(zipped(("embeddings.npy", saved(VECTORS)), ("embeddings.npy", saved(VECTORS))))
    parquet(tables()[11], folder / "nested.parquet")
    content = (folder / "nested.parquet").read_bytes()
    (folder / "footer.parquet").write_bytes(content[:-8] + b"\xff\xff\xff\x7fPAR1")
    (folder / "none.arrow").write_bytes(b"ARROW1\0\0" + b"\0" * 20 + b"ARROW1")
    (folder / "gone.npy").symlink_to(folder / "nowhere.npy")
    (folder / "circle.npy").symlink_to(folder / "circle.npy")
    (folder / "folder.npy").mkdir()
    os.mkfifo(folder / "pipe.npy")
    (folder / "device.npy").symlink_to("/dev/zero")
    return sorted(folder.iterdir())


def test_a_process_ends_with_a_documented_code(tmp_path):
    paths = odd_files(tmp_path)
    script = (
        "import contextlib, io, json, sys\n"
        "from ladle.cli import main\n"
        "for path in sys.argv[1:]:\n"
        "    told = io.StringIO()\n"
        "    with contextlib.redirect_stdout(told):\n"
        "        code = main(['doctor', path, '--json'])\n"
        "    print(json.dumps([code, json.loads(told.getvalue())['error']['message']]), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, [*paths, tmp_path])],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(paths) + 1
    for path, (code, message) in zip([*paths, tmp_path], lines, strict=True):
        assert code in (2, 3, 4), (path, message)
    assert lines[-1][0] == 4  # the folder of all of them
    assert "circle.npy" in lines[-1][1]  # the first by name

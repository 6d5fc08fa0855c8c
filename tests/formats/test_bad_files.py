"""Files that cannot be what they say are refused, with the line that is wrong, by a Ladle error and no other."""

from __future__ import annotations

import contextlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ladle import formats
from ladle.errors import (
    ArgumentError,
    CorruptFileError,
    DataError,
    FileError,
    FileFormatError,
    IdError,
    LadleError,
    NonFiniteError,
    ShapeError,
    UnsafeFileError,
)
from ladle.formats import Form

MULTI, VALUE, NUMBERS = Form(kind="multi"), Form(kind="value"), Form(items="integer", ids="integer")
COCO = {
    "images": [{"id": 1, "file_name": "a"}, {"id": 2, "file_name": "b"}],
    "categories": [{"id": 5, "name": "cat"}, {"id": 6, "name": "dog"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 5}, {"id": 2, "image_id": 2, "category_id": 6}],
}
META = {"type": "groundtruth/image-classification", "class-name": "cat"}


def manifest(**changes: Any) -> str:
    line = {"source-ref": "a", "label": 0, "label-metadata": META} | changes
    return json.dumps({"source-ref": "z"}) + "\n" + json.dumps(line) + "\n"


def coco(part: str, entry: int, **changes: Any) -> str:
    made = {name: [dict(each) for each in entries] for name, entries in COCO.items()}
    made[part][entry] |= changes
    return json.dumps(made)


GOOD = '{"id": "a", "label": "cat"}\n'


@pytest.mark.parametrize(
    ("name", "text", "form", "kind", "words"),
    [
        ("l.jsonl", GOOD + "\n" + '{"id": "b", "lab', Form(), CorruptFileError, "line 3 of .*l.jsonl must be one JSON"),
        ("l.jsonl", GOOD + '{"id": "b", "id": "c", "label": "x"}', Form(), CorruptFileError, "line 2 .*'id' twice"),
        ("l.jsonl", GOOD + "[1]", Form(), CorruptFileError, "line 2 .*one JSON object; got \\[1\\]"),
        ("l.jsonl", GOOD + '{"id": "b", "label": 3}', Form(), DataError, "line 2 .*text in `label`; got 3"),
        ("l.jsonl", GOOD + '{"id": 7, "label": "x"}', Form(), DataError, "line 2 .*text in `id`; got 7"),
        ("l.jsonl", GOOD + '{"label": "x"}', Form(), IdError, "line 2 .*an id in `id`; got none"),
        ("l.jsonl", '{"id": 1, "label": 2}\n{"id": 1.5, "label": 2}', NUMBERS, DataError, "line 2 .*integer in `id`"),
        ("l.jsonl", '{"id": 1, "label": 2}\n{"id": true, "label": 2}', NUMBERS, DataError, "line 2 .*got true"),
        ("l.jsonl", '{"id": 9223372036854775808, "label": 2}', NUMBERS, DataError, "line 1 .*an integer"),
        ("l.jsonl", '{"id": "a", "label": ["x"]}\n{"id": "b", "label": "x"}', MULTI, DataError, "line 2 .*a list"),
        ("l.jsonl", '{"id": "a", "label": ["x"]}\n{"id": "b", "label": ["y", null]}', MULTI, ShapeError, "line 2"),
        ("l.jsonl", '{"id": "a", "label": NaN}', VALUE, CorruptFileError, "line 1 .*NaN, which JSON has not"),
        ("l.jsonl", GOOD + '{"id": "b", "label": "x", "told_at": "soon"}', Form(), DataError, "line 2 .*a time"),
        ("l.jsonl", GOOD * 2, Form(), DataError, r"1 more, such as 'a' \(line 2 after line 1\)"),
        ("l.jsonl", '{"id": "a"}\n', Form(), FileFormatError, "labels in `label`; got none"),
        ("l.jsonl", "", Form(), CorruptFileError, "an empty file"),
        ("l.jsonl", "[" * 100_000, Form(), CorruptFileError, "line 1"),
        ("l.csv", "id,label\na,cat\nb,dog,x\n", Form(), CorruptFileError, "Row #3"),
        ("l.csv", "id,label\na\n", Form(), CorruptFileError, "Row #2"),
        ("l.csv", 'id,label\na,"cat\n', Form(), CorruptFileError, "close every quote"),
        ("l.csv", "id,label,id\na,cat,b\n", Form(), FileFormatError, "one column `id`"),
        ("l.csv", "image;class\na;b\n", Form(), FileFormatError, "a column `id`; got columns `image`, `class`"),
        ("l.csv", "id,label\n", Form(), ShapeError, "a row at least"),
        ("l.csv", "id,label", Form(), ShapeError, "a row at least"),
        ("l.csv", "id,label\n", NUMBERS, ShapeError, "a row at least"),
        ("l.csv", "id,label", VALUE, ShapeError, "a row at least"),
        ("l.csv", "id,label\na,cat\n,dog\n", Form(), IdError, "line 3"),
        ("l.csv", 'id,label\n1,"2"\n"3\n",2\n', NUMBERS, DataError, 'line 4 .*an integer in `id`; got "3'),
        ("l.csv", "id,label\n1,2\n2,007\n", NUMBERS, DataError, 'line 3 .*`label`; got "007"'),
        ("l.csv", "id,label\n1,2\n9223372036854775808,2\n3,x\n", NUMBERS, DataError, "line 3 .*`id`"),
        ("l.csv", "id,label\na,1.5\nb,nan\n", VALUE, DataError, 'line 3 .*a number in `label`; got "nan"'),
        ("l.csv", "id,label\na,1e999\n", VALUE, DataError, "line 2"),
        ("l.csv", 'id,label\na,"[""x""]"\nb,x\n', MULTI, DataError, 'line 3 .*list of texts in `label`; got "x"'),
        ("l.csv", 'id,label\na,"[""x"", null]"\n', MULTI, DataError, "line 2"),
        ("l.csv", "id,label\na,cat\na,dog\n", Form(), DataError, "line 3 after line 2"),
        ("l.csv", "id,label,told_at\na,cat,2026-13-01\n", Form(), DataError, "line 2 .*a time"),
        ("l.json", '{"images": [', Form(), CorruptFileError, "line 1 of"),
        ("l.json", "[]", Form(), FileFormatError, "COCO"),
        ("l.json", coco("annotations", 1, image_id=7), Form(), DataError, "entry 2 of `annotations`.*image.*got 7"),
        ("l.json", coco("annotations", 1, category_id="x"), Form(), DataError, "a category"),
        ("l.json", coco("annotations", 1, image_id=1), Form(), DataError, "only label of its image"),
        ("l.json", coco("images", 1, id=1), Form(), DataError, "entry 2 of `images` .*1 again"),
        ("l.json", coco("images", 0, file_name=None), Form(), DataError, "image 1 .*`file_name`"),
        ("l.json", coco("categories", 0, name=3), Form(), DataError, "category 5"),
        ("l.json", json.dumps(COCO), NUMBERS, DataError, "category 5 .*an integer"),
        ("l.json", json.dumps(COCO), VALUE, ArgumentError, "one of numbers"),
        ("l.manifest", manifest() + "{", Form(), CorruptFileError, "line 3"),
        ("l.manifest", '{"id": "a"}', Form(), FileFormatError, "line 1 .*`source-ref`"),
        ("l.manifest", manifest(**{"label-metadata": META | {"type": "boxes"}}), Form(), DataError, "line 2 .*boxes"),
        ("l.manifest", manifest(**{"label-metadata": {}}), Form(), DataError, "line 2 .*class-name"),
        ("l.manifest", manifest(), MULTI, DataError, "line 2 .*multilabel"),
        ("l.manifest", manifest(label="cat"), Form(), DataError, "line 2 .*a class number"),
        ("l.manifest", manifest(other=1, **{"other-metadata": META}), Form(), DataError, "one label attribute"),
        ("l.manifest", manifest(), VALUE, ArgumentError, "one of numbers"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, form: Form, kind: type, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(kind, match=words) as told:
        formats.read_labels(tmp_path / name, form=form)
    assert type(told.value) is kind


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.json", "l.manifest"])
@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (pickle.dumps({"id": ["a"]}), UnsafeFileError, "a pickle"),
        (b"PAR1xxxx", FileFormatError, "a Parquet file"),
        (b"PK\x03\x04xxxx", FileFormatError, "a zip archive"),
        (b"\x1f\x8bxxxx", FileFormatError, "a gzip file"),
        (b"\xff\xfe{", LadleError, "l\\."),
        (b"", CorruptFileError, "an empty file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, name: str, content: bytes, kind: type, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=words):
        formats.read_labels(tmp_path / name, form=Form())


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.json", "l.manifest", "l.parquet"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="nothing there"):
        formats.read_labels(tmp_path / name, form=Form())
    (tmp_path / name).mkdir()
    with pytest.raises(FileError, match="a folder"):
        formats.read_labels(tmp_path / name, form=Form())


def test_parquet_columns_of_another_type_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.parquet"
    for columns, form, words in (
        ({"id": [1, 2], "label": ["a", "b"]}, Form(), "`id` .*hold text"),
        ({"id": ["a"], "label": [1.5]}, Form(), "`label` .*hold text in every row; got double"),
        ({"id": ["a"], "label": ["x"]}, MULTI, "a list of texts"),
        ({"id": ["a", "b"], "label": [0.5, float("nan")]}, VALUE, "row 1 .*finite"),
    ):
        formats.write(pa.table(columns), path)
        with pytest.raises(DataError, match=words):
            formats.read_labels(path, form=form)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(FileFormatError, match="Parquet"):
        formats.read_labels(path, form=Form())


def test_parquet_takes_types_that_mean_the_same(tmp_path: Path) -> None:
    times = pa.array([0, 1_000_000], pa.timestamp("ms"))
    table = pa.table(
        {"id": pa.array([1, 2], pa.uint8()), "label": pa.array(["a", "b"]).dictionary_encode(), "told_at": times}
    )
    import pyarrow.parquet as pq

    pq.write_table(table, tmp_path / "l.parquet")
    found = formats.read_labels(tmp_path / "l.parquet", form=Form(ids="integer")).table
    assert found.schema == Form(ids="integer").schema(["id", "label", "told_at"])
    assert found["label"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.json", "l.manifest", "l.parquet"])
def test_damage_ends_in_a_ladle_error_or_in_labels(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    formats.write(pa.table({"id": ["a", "b", "ü"], "label": ["cat", "dog", "emu"], "annotator": ["x", "y", "z"]}), path)
    whole, rng = path.read_bytes(), np.random.default_rng(5)
    places = rng.choice(len(whole) * 8, 400)
    damaged = [whole[:at] for at in range(0, len(whole), max(1, len(whole) // 100))]
    for place in places.tolist():
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        with contextlib.suppress(LadleError):
            found = formats.read_labels(path, form=Form()).table
            assert {"id", "label"} <= set(found.schema.names)
            if name == "l.parquet":  # whose pages carry checksums
                assert found["id"].to_pylist() == ["a", "b", "ü"]


def test_rows_without_a_label_or_out_of_date_are_counted(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "label": "cat", "annotator": "x", "status": "superseded"},
        {"id": "a", "label": "dog", "annotator": "x", "status": "current"},
        {"id": "b", "label": None, "annotator": "x", "status": None},
        {"id": "a", "label": "cat", "annotator": "y", "status": "current"},
    ]
    formats.write(pa.Table.from_pylist(rows), tmp_path / "l.jsonl")
    found = formats.read_labels(tmp_path / "l.jsonl", form=Form())
    assert (found.unlabelled, found.superseded) == (1, 1)
    assert found.table.to_pylist() == [
        {"id": "a", "label": "dog", "annotator": "x"},
        {"id": "a", "label": "cat", "annotator": "y"},
    ]


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.json", "l.manifest", "l.parquet"])
def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("before")
    odd = pa.table({"id": ["a"], "odd": pa.array([{"x": 1}] if name == "l.csv" else [b"x"])})
    if name != "l.parquet":  # which can hold it
        with pytest.raises(ArgumentError, match=r"odd|columns"):
            formats.write(odd, path)
        assert path.read_text() == "before"
    with pytest.raises(ArgumentError, match="have a column `id`"):
        formats.write(pa.table({"key": ["a"]}), path)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert path.read_text() == "before"


def test_json_has_no_infinity(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match="row 1"):
        formats.write(pa.table({"id": [1, 2], "label": [0.5, float("inf")]}), tmp_path / "l.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["l.json", "l.manifest"])
def test_formats_for_classes_take_no_numbers(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="be classes"):
        formats.write(pa.table({"id": [1], "label": [0.5]}), tmp_path / name)


def test_formats_are_named_or_told_by_their_ending(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    with pytest.raises(FileFormatError, match="Or name its format: jsonl"):
        formats.write(pa.table({"id": [1]}), path)
    with pytest.raises(ArgumentError, match="be one of jsonl"):
        formats.write(pa.table({"id": [1]}), path, format="xml")
    formats.write(pa.table({"id": ["a"], "label": ["x"]}), path, format="csv")
    assert formats.read_labels(path, form=Form(), format="csv").table.num_rows == 1


def test_names_must_make_sense(tmp_path: Path) -> None:
    formats.write(pa.table({"id": ["a"], "label": ["x"]}), tmp_path / "l.csv")
    for names, words in (({"odd": "x"}, "rename some of"), ({"id": "x", "label": "x"}, "a name of its own")):
        with pytest.raises(ArgumentError, match=words):
            formats.read_labels(tmp_path / "l.csv", form=Form(), names=names)


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.json", "l.manifest", "l.parquet"])
def test_a_column_that_is_named_must_be_there(tmp_path: Path, name: str) -> None:
    formats.write(pa.table({"id": ["a"], "label": ["x"], "annotator": ["ann"]}), tmp_path / name)
    for field, words in (("id", "ids in a column `who`"), ("annotator", "`annotator` in a column `who`")):
        with pytest.raises(LadleError, match=words if name != "l.json" or field != "id" else "`who`"):
            formats.read_labels(tmp_path / name, form=Form(), names={field: "who"})
    if name != "l.json":  # in COCO the labels are the categories
        with pytest.raises(FileFormatError, match="have labels in `who`; got none; it has the columns"):
            formats.read_labels(tmp_path / name, form=Form(), names={"label": "who"})

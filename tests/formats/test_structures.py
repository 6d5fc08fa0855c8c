"""Files of every format with every odd value in every place: labels, or a Ladle error, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ladle import formats
from ladle.errors import CorruptFileError, DataError, FileError, FileFormatError, LadleError
from ladle.formats import Form

FORMS = (Form(), Form(kind="multi"), Form(kind="value"), Form(items="integer", ids="integer"))
JSON = (
    "null", "true", "0", "-1", "1.5", "1e308", "1e999", "9" * 6_000, "9223372036854775808", "-9223372036854775808",
    '"a"', '""', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', "[]", '["a"]', "[null]", '[["a"]]', "[1]", "[1.5]",
    "{}", '{"a": 1}', '{"a": 1, "a": 2}', "NaN", "Infinity", "[" * 3_000 + "]" * 3_000,
    '{"a":' * 3_000 + "1" + "}" * 3_000,
    '"2026-01-31T12:00:00Z"', '"0001-01-01T00:00:00+05:00"', '"9999-12-31T23:59:59-05:00"', '"10000-01-01T00:00:00Z"',
    '"294247-01-10T04:00:54Z"', '"-0001-01-01"', '"2026-02-30"', '"0x10"', '"1_000"', '"+5"',
)  # fmt: skip
CELLS = (
    "", '""', '"a', 'a"b', '"a""b"', '"a\nb"', "a;b", "[]", "[1]", '"[""a""]"', '"[""a"", null]"', '"[""\\ud800""]"',
    '"[1]}{""v"":[2]"', "[" * 3_000, "1", "1.5", "nan", "1e999", "9" * 6_000, "9223372036854775808", "null",
    "\x00", "\r", "2026-01-31T12:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "10000-01-01",
    "\x0b", "\u0663",
)  # fmt: skip
META = '{"type": "groundtruth/image-classification", "class-name": "cat", "class-map": {"0": "cat"}}'


def json_object(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def jsonl() -> Iterator[str]:
    good = {"id": '"z"', "label": '"dog"'}
    for value in JSON:
        line = json_object(good)
        yield from (f"{value}\n{line}\n", f"{line}\n{value}\n", f"{line}{value}\n", f"{value}{line}\n")
        for name in ("id", "label", "annotator", "told_at", "status", "other"):
            odd = json_object({"id": '"a"', "label": '"cat"', name: value})
            yield from (f"{odd}\n", f"{line}\n{odd}\n")


def manifests() -> Iterator[str]:
    good = {"source-ref": '"z"', "label": "0", "label-metadata": META}
    for value in JSON:
        for name in (*good, "id", "told_at", "label-source", "status"):
            yield json_object(good | {"source-ref": '"a"'} | {name: value}) + "\n" + json_object(good) + "\n"
        for name in ("type", "class-name", "class-map"):
            odd = json_object({key: json.dumps(each) for key, each in json.loads(META).items()} | {name: value})
            yield json_object(good | {"label-metadata": odd})
            yield json_object(
                good | {"label": "[0]", "label-metadata": odd.replace('classification"', 'classification-multilabel"')}
            )


def coco() -> Iterator[str]:
    good = {
        "images": [{"id": "1", "file_name": '"a"'}, {"id": "2", "file_name": '"b"'}],
        "categories": [{"id": "5", "name": '"cat"'}],
        "annotations": [{"id": "1", "image_id": "1", "category_id": "5"}],
        "empty_annotations": [{"image_id": "2"}],
    }
    for value in JSON:
        yield value
        for part, entries in good.items():
            whole = {name: "[" + ", ".join(map(json_object, each)) + "]" for name, each in good.items()}
            yield from (json_object(whole | {part: value}), json_object(whole | {part: f"[{value}]"}))
            for name in (*entries[0], "annotator", "told_at"):
                odd = "[" + ", ".join(map(json_object, [entries[0] | {name: value}, *entries[1:]])) + "]"
                yield json_object(whole | {part: odd})


def csvs() -> Iterator[str]:
    for cell in CELLS:
        for place in range(4):
            row = ["a", "cat", "ann", "2026-01-31T12:00:00Z"]
            row[place] = cell
            yield from (
                f"id,label,annotator,told_at\nz,dog,,\n{','.join(row)}{end}" for end in ("\n", "\r\n", "\r", "")
            )
    for header in (
        "id;label",
        "id\tlabel",
        "",
        "id",
        "id,id,label",
        ",",
        "id,,label",
        "\ufeffid,label",
        "ID,LABEL",
        '"id,label',
    ):
        yield from (f"{header}\na,cat\n", header)


STRUCTURES = {"l.jsonl": jsonl, "l.manifest": manifests, "l.json": coco, "l.csv": csvs}


@pytest.mark.parametrize("name", STRUCTURES)
def test_odd_values_end_in_labels_or_in_a_ladle_error(tmp_path: Path, name: str) -> None:
    path, read, refused = tmp_path / name, 0, 0
    for number, text in enumerate(STRUCTURES[name]()):
        path.write_text(text, newline="")
        for form in (FORMS[number % 4], FORMS[(number + 1) % 4]):
            try:
                formats.read_labels(path, form=form).table.to_pylist()
                read += 1
            except LadleError as error:
                str(error).encode()  # it can be printed
                refused += 1
    assert read >= 20
    assert refused >= 100


@pytest.mark.parametrize("name", [*STRUCTURES, "l.parquet"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.text(st.sampled_from('{}[]":,\\\n\r nullid0é'), max_size=60).map(str.encode))
def test_any_bytes_end_in_labels_or_in_a_ladle_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        formats.read_labels(tmp_path / name, form=Form()).table.to_pylist()
    except LadleError as error:
        str(error).encode()


LATE = 2**62
PARQUET = (
    pa.array(["a", "b"]), pa.array(["a", "b"], pa.string_view()), pa.array(["a", "b"]).dictionary_encode(),
    pa.array([1, 2]), pa.array([2**64 - 1, 0], pa.uint64()), pa.array([1.5, float("nan")]), pa.array([None, None]),
    pa.array([True, False]), pa.array([b"a", b"\xff"]), pa.array([["a"], None]), pa.array([["a", None], ["b"]]),
    pa.array([[["a"]], [["b"]]]), pa.array([[1], [2]]), pa.array([{"x": 1}, {"x": 2}]),
    pa.array([["a"], ["b"]], pa.list_(pa.string(), 1)), pa.array([0, LATE], pa.timestamp("us", "UTC")),
    pa.array([-LATE, LATE], pa.timestamp("ms", "UTC")), pa.array([0, 5], pa.timestamp("us", "Nowhere/City")),
    pa.array(["2026-01-31T12:00:00Z", "9999-12-31T23:59:59-05:00"]), pa.array(["", "\x00"]),
)  # fmt: skip


def test_odd_columns_end_in_labels_or_in_a_ladle_error(tmp_path: Path) -> None:
    path, refused = tmp_path / "l.parquet", 0
    for name in ("id", "label", "annotator", "told_at", "status"):
        for column in PARQUET:
            pq.write_table(pa.table({"id": ["a", "b"], "label": ["x", "y"], name: column}), path)
            for form in FORMS:
                try:
                    formats.read_labels(path, form=form).table.to_pylist()
                except LadleError:
                    refused += 1
    assert refused >= 100
    for names in (["id", "id", "label"], ["id", "label", "label"]):
        pq.write_table(pa.table([["a"], ["b"], ["c"]], names=names), path)
        with pytest.raises(FileFormatError, match="have one column"):
            formats.read_labels(path, form=Form())


GOOD = b'{"id": "a", "label": "cat"}\n'


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("l.jsonl", b"null\n" + GOOD, CorruptFileError, r"line 1 .*one JSON object; got null"),
        ("l.jsonl", GOOD + b"null\n", CorruptFileError, r"line 2 .*one JSON object; got null"),
        ("l.jsonl", GOOD + GOOD.strip() + b" null\n", CorruptFileError, r"line 2 .*one JSON object; got Extra data"),
        ("l.jsonl", GOOD.strip() + GOOD, CorruptFileError, r"line 1 .*one JSON object; got Extra data"),
        ("l.jsonl", GOOD.strip() + b"\r" + GOOD, CorruptFileError, r"line 1 .*one JSON object; got Extra data"),
        ("l.jsonl", b'{\n"id": "a",\n"label": "cat"\n}\n', CorruptFileError, "line 1 .*one JSON object"),
        ("l.jsonl", b"\n" * 50, CorruptFileError, "blank lines"),
        ("l.jsonl", b"\x00" * 50, CorruptFileError, "line 1"),
        ("l.jsonl", GOOD.decode().encode("utf-16"), FileFormatError, r"UTF-16 or UTF-32\. Save it again as UTF-8"),
        ("l.jsonl", GOOD.decode().encode("utf-16-le"), CorruptFileError, "line 1"),
        ("l.jsonl", b'{"id": "a", "label": "H\xfcndin"}', CorruptFileError, "line 1 .*not UTF-8"),
        ("l.manifest", b'{"source-ref": "a"}{"source-ref": "b"}', CorruptFileError, "line 1 .*Extra data"),
        ("l.manifest", b"null\n", FileFormatError, "line 1"),
        ("l.csv", "id,läbel\na,cat\n".encode("latin-1"), FileFormatError, "`id`, `läbel`. Did you mean `läbel`"),
        ("l.csv", "id,label\na,собака\n".encode("cp1251"), FileFormatError, r"several alphabets.*or name its encoding"),
        ("l.json", b'{"images": [], "images": [{"id": 1}]}', CorruptFileError, "'images' twice in one object"),
        ("l.json", b'{"images": [{"id": ' + b"9" * 6_000 + b"}]}", CorruptFileError, "thousands of digits"),
        ("l.json", b'{"images": [], "info": NaN}', CorruptFileError, "NaN, which JSON has not"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, name: str, content: bytes, kind: type, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=words) as told:
        formats.read_labels(tmp_path / name, form=Form())
    assert type(told.value) is kind


def test_lines_that_are_one_object_each_are_read_as_before(tmp_path: Path) -> None:
    spaced = b"\xef\xbb\xbf\n  " + GOOD + b'\r\n\t{"id": "b", "label": "{\\"id\\": 1}"} \r\n\n{"id": "c", "x": [[{}]]}'
    (tmp_path / "l.jsonl").write_bytes(spaced)
    found = formats.read_labels(tmp_path / "l.jsonl", form=Form())
    assert found.table.to_pylist() == [{"id": "a", "label": "cat"}, {"id": "b", "label": '{"id": 1}'}]
    assert found.unlabelled == 1


@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.parquet", "l.manifest", "l.json"])
@pytest.mark.parametrize("year", [1, 2026, 9999])
def test_times_at_the_ends_of_the_calendar(tmp_path: Path, name: str, year: int) -> None:
    for zone, fits in (("Z", True), ("+05:00", year != 1), ("-05:00", year != 9999)):
        time = f"{year:04}-{'01-01T00:00:00' if year == 1 else '12-31T23:59:59'}{zone}"
        texts = {
            "l.jsonl": json.dumps({"id": "a", "label": "cat", "told_at": time}),
            "l.csv": f"id,label,told_at\na,cat,{time}\n",
            "l.manifest": json.dumps(
                {"source-ref": "a", "label": 0, "label-metadata": json.loads(META), "told_at": time}
            ),
            "l.json": json.dumps(
                {
                    "images": [{"id": 1, "file_name": "a"}],
                    "categories": [{"id": 1, "name": "cat"}],
                    "annotations": [{"image_id": 1, "category_id": 1, "told_at": time}],
                }
            ),
        }
        if name in texts:
            (tmp_path / name).write_text(texts[name])
        else:
            pq.write_table(pa.table({"id": ["a"], "label": ["cat"], "told_at": [time]}), tmp_path / name)
        if fits:
            found = formats.read_labels(tmp_path / name, form=Form()).table["told_at"][0].as_py()
            assert found.astimezone(UTC) == datetime.fromisoformat(time)
        else:
            with pytest.raises(DataError, match="told_at"):
                formats.read_labels(tmp_path / name, form=Form())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes")
@pytest.mark.parametrize("name", ["l.jsonl", "l.csv", "l.parquet", "l.manifest", "l.json"])
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for words, make in (
        ("a pipe", lambda: os.mkfifo(path)),  # which would block
        ("a device", lambda: path.symlink_to("/dev/zero")),  # which never ends
        ("symbolic links", lambda: path.symlink_to(path)),
        ("a link that leads nowhere", lambda: path.symlink_to(tmp_path / "gone")),
        ("a folder", path.mkdir),
    ):
        make()
        with pytest.raises(FileError, match=words):
            formats.read_labels(path, form=Form())
        with pytest.raises(FileError, match=words):
            formats.read(path, form=Form())
        path.rmdir() if path.is_dir() else path.unlink()
    for odd, words in ((f"{'x' * 300}{name}", "too long"), (f"a\0{name}", "null byte")):
        with pytest.raises(FileError, match=words):
            formats.read_labels(tmp_path / odd, form=Form())

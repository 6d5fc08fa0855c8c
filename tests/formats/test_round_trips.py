"""What is written is read again: laws over tables made by Hypothesis, for every format and every kind of label."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ladle import formats
from ladle.errors import LadleError
from ladle.formats import Form
from ladle.formats.tools import manifest

LAW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
AWKWARD = st.sampled_from(['a"b', "c,d", "e\nf", "g\rh", "\\", "[1]", "17", "null", " ", "{}", "\x00", "\u2028", "😀"])
WORD = TEXT | AWKWARD
WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
FORMS = [
    Form(),
    Form(items="integer", ids="integer"),
    Form(kind="multi", ids="integer"),
    Form(kind="multi", items="integer"),
    Form(kind="value"),
]
FOR_CLASSES = ("coco", "manifest")


def items_of(form: Form) -> Any:
    return WORD if form.items == "text" else WHOLE


def labels_of(form: Form) -> Any:
    if form.kind == "multi":
        return st.lists(items_of(form), unique=True, max_size=3)
    return items_of(form) if form.kind == "single" else NUMBER


@st.composite
def tables(draw: st.DrawFn, form: Form) -> Any:
    """Labels of a few annotators, one of each for an example, and a few examples without one."""
    ids = draw(st.lists(WORD if form.ids == "text" else WHOLE, unique=True, min_size=1, max_size=6))
    pairs = [
        (each, whom) for each in ids for whom in draw(st.lists(st.sampled_from(["ann", "bob,", None]), unique=True))
    ]
    pairs = pairs or [(ids[0], "ann")]
    labelled = {each for each, _ in pairs}
    count = len(pairs)
    rows = [
        {"id": each, "label": label, "annotator": whom, "told_at": told, "source": source}
        for (each, whom), label, told, source in zip(
            pairs,
            draw(st.lists(labels_of(form), min_size=count, max_size=count)),
            draw(st.lists(TIMES | st.none(), min_size=count, max_size=count)),
            draw(st.lists(WORD | st.none(), min_size=count, max_size=count)),
            strict=True,
        )
    ]
    bare = {"label": None, "annotator": None, "told_at": None, "source": None}
    rows += [{"id": each, **bare} for each in ids if each not in labelled]
    return pa.Table.from_pylist(rows, form.schema(["id", "label", "annotator", "told_at", "source"]))


def as_set(table: Any) -> list[str]:
    """The rows in an order of their own: COCO gathers what belongs to an image."""
    blank = {"annotator": None, "told_at": None, "source": None}
    return sorted(repr(sorted((blank | row).items())) for row in table.to_pylist())


@pytest.mark.parametrize(
    ("form", "format_name"),
    [
        pytest.param(form, format_name, id=f"{form.kind}-{form.items}-{form.ids}-{format_name}")
        for form in FORMS
        for format_name in formats.FORMATS
        if form.kind != "value" or format_name not in FOR_CLASSES
    ],
)
def test_labels_come_back(tmp_path: Path, form: Form, format_name: str) -> None:
    path = tmp_path / f"labels{formats.FORMATS[format_name].suffixes[0]}"

    @LAW
    @given(tables(form))
    def law(table: Any) -> None:
        told = formats.write(table, path)
        assert (told.rows, told.size_bytes, told.format) == (table.num_rows, path.stat().st_size, format_name)
        found = formats.read(path, form=form)
        if format_name == "coco":
            assert as_set(found) == as_set(table)
        else:
            assert found.to_pylist() == table.select(found.schema.names).to_pylist()
            left_out = set(table.schema.names) - set(found.schema.names)
            assert all(table.column(name).null_count == table.num_rows for name in left_out - {"id", "label"})
        assert found.schema.field("id").type == form.type_of("id")
        assert found.schema.field("label").type == form.type_of("label")

    law()


@pytest.mark.parametrize("format_name", list(formats.FORMATS))
@LAW
@given(ids=st.lists(WORD, unique=True, min_size=1, max_size=6), margins=st.lists(NUMBER, min_size=6, max_size=6))
@example(ids=["im1"], margins=[-0.0] * 6)
def test_tasks_come_back(tmp_path: Path, format_name: str, ids: list[str], margins: list[float]) -> None:
    path = tmp_path / f"batch{formats.FORMATS[format_name].suffixes[0]}"
    rows = list(range(len(ids)))
    table = pa.table(
        {"id": pa.array(ids, pa.large_string()), "row": rows[::-1], "order": rows, "margin": margins[: len(ids)]}
    )
    formats.write(table, path)
    found = formats.read(path, form=Form(), fields=["id", "row", "order", "margin"])
    assert found.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("format_name", list(formats.FORMATS))
def test_fields_not_asked_for_are_ignored_and_stay(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / f"labels{formats.FORMATS[format_name].suffixes[0]}"
    table = pa.table({"id": ["a", "b"], "label": ["cat", "dog"], "annotator": ["ann", "ann"], "odd": ["x", "y"]})
    formats.write(table, path)
    assert b"odd" in path.read_bytes()
    found = formats.read(path, form=Form())
    assert found.to_pylist() == table.select(["id", "label", "annotator"]).to_pylist()


@pytest.mark.parametrize("format_name", list(formats.FORMATS))
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / f"labels{formats.FORMATS[format_name].suffixes[0]}"
    table = pa.table({"id": ["a", "b"], "label": [["cat", "dog"], []]})
    assert formats.write(table, path) == formats.write(table, path)


@pytest.mark.parametrize("form", FORMS[:2], ids=["text", "integer"])
def test_manifests_a_column_at_a_time_are_those_a_line_at_a_time(tmp_path: Path, form: Form) -> None:
    """Both ways of writing and of reading; the quick one wants every row labelled and dated."""
    path = tmp_path / "l.manifest"
    names = {name: name for name in ("id", "label", "annotator", "told_at")} | {"source": "label-source"}

    @LAW
    @given(tables(form))
    def law(table: Any) -> None:
        table = table.filter(pc.and_(table["label"].is_valid(), table["told_at"].is_valid()))
        if table.num_rows == 0:
            return
        formats.write(table, path)
        quick = path.read_text().split("\n")[:-1]
        found = formats.read(path, form=form)
        assert found.to_pylist() == table.select(found.schema.names).to_pylist()
        assert manifest._read_lines(path, names, form).to_pylist() == table.to_pylist()
        bare = pa.Table.from_pylist([{"id": table["id"][0].as_py()}], schema=table.schema)
        formats.write(pa.concat_tables([table, bare]), path)
        slow = path.read_text().split("\n")[:-2]
        assert [json.loads(line) for line in slow] == [json.loads(line) for line in quick]

    law()


@pytest.mark.parametrize("format_name", list(formats.FORMATS))
def test_no_rows_are_written_too(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / f"labels{formats.FORMATS[format_name].suffixes[0]}"
    assert formats.write(Form().schema(["id", "label", "annotator"]).empty_table(), path).rows == 0
    with pytest.raises(LadleError, match=r"a row at least|hold something"):
        formats.read(path, form=Form())


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
def test_fields_may_have_other_names(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    formats.write(pa.table({"id": [7, 8], "image_id": ["a", "b"], "class": ["cat", "dog"]}), path)
    found = formats.read_labels(path, form=Form(), names={"id": "image_id", "label": "class"})
    assert found.table.to_pylist() == [{"id": "a", "label": "cat"}, {"id": "b", "label": "dog"}]


def test_parquet_keeps_what_is_said_about_it(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    formats.write(pa.table({"id": [1]}), tmp_path / "t.parquet", about={"round": 3})
    assert pq.read_schema(tmp_path / "t.parquet").metadata[b"ladle"] == b'{"round": 3}'


def test_classes_are_numbered_as_the_campaign_has_them(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "label": ["dog", "emu"]})
    about = {"classes": ["dog", "cat"]}
    formats.write(table, tmp_path / "t.json", about=about)
    names = [each["name"] for each in json.loads((tmp_path / "t.json").read_text())["categories"]]
    assert names == ["dog", "cat", "emu"]
    formats.write(table, tmp_path / "t.manifest", about=about)
    lines = [json.loads(line) for line in (tmp_path / "t.manifest").read_text().splitlines()]
    assert [line["label"] for line in lines] == [0, 2]
    assert [line["label-metadata"]["class-name"] for line in lines] == ["dog", "emu"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "id,label\r\na,cat\r\n\r\nb,\r\n"),
        ("l.jsonl", '{"id": "a", "label": "cat"}\r\n\r\n{"id": "b"}\r\n'),
        ("l.json", '{"images": [{"id": 1, "file_name": "a"}, {"id": 2, "file_name": "b"}],\r\n"categories": '
         '[{"id": 0, "name": "cat"}], "annotations": [{"image_id": 1, "category_id": 0}]}'),
        ("l.manifest", '{"source-ref": "a", "x": 0, "x-metadata": {"class-name": "cat"}}\r\n{"source-ref": "b"}\r\n'),
    ],
)  # fmt: skip
def test_files_of_others(tmp_path: Path, name: str, text: str) -> None:
    """With a byte order mark, lines that end as Windows ends them, blank ones, and no field of ours."""
    for mark in (b"", b"\xef\xbb\xbf"):
        (tmp_path / name).write_bytes(mark + text.encode())
        found = formats.read_labels(tmp_path / name, form=Form())
        assert found.table.to_pylist() == [{"id": "a", "label": "cat"}]
        assert found.unlabelled == 1

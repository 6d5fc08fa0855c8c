"""CSV as spreadsheets of the world write it: found out and said, or refused where two readings are possible."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ladle import formats
from ladle.errors import ArgumentError, CorruptFileError, DataError, FileFormatError, LadleError
from ladle.formats import CsvDialect, Form
from ladle.notices import gathered, notices

CAT = [{"id": "a", "label": "cat"}, {"id": "b", "label": "Hündin"}]
INTEGERS = Form(items="integer", ids="integer")


def read(path: Path, content: bytes | str, form: Form | None = None, **options: Any) -> tuple[list[Any], str]:
    """The rows of a file with this content, and the notices."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with gathered():
        table = formats.read_labels(path, form=form or Form(), **options).table
        return table.to_pylist(), " ".join(notices())


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("id,label\na,cat\nb,Hündin\n", "utf-8", ""),
        ("id,label\na,cat\nb,Hündin\n", "utf-8-sig", ""),
        ("id;label\na;cat\nb;Hündin\n", "utf-8", "semicolons"),
        ("id\tlabel\na\tcat\nb\tHündin\n", "utf-8", "tabs"),
        ("id|label\na|cat\nb|Hündin\n", "utf-8", "bars"),
        ("sep=;\r\nid;label\r\na;cat\r\nb;Hündin\r\n", "utf-8-sig", "semicolons"),
        ("sep=,\nid,label\na,cat\nb,Hündin\n", "utf-8", ""),
        ('"sep=|"\nid|label\na|cat\nb|Hündin\n', "utf-8", "bars"),
        ("id\tlabel\r\na\tcat\r\nb\tHündin\r\n", "utf-16", "utf-16 text.*tabs"),
        ("id,label\na,cat\nb,Hündin\n", "utf-16-le", "utf-16-le text"),
        ("id,label\na,cat\nb,Hündin\n", "utf-16-be", "utf-16-be text"),
        ("id,label\na,cat\nb,Hündin\n", "utf-32", "utf-32 text"),
        ("id,label\na,cat\nb,Hündin\n", "cp1252", "cp1252 text"),
        ("id;label\na;cat\nb;Hündin\n", "latin-1", "cp1252 text.*semicolons"),
        ("id,label\na,cat\n" + "c,\n" * 9_000 + "b,Hündin\n", "cp1252", "cp1252 text"),  # beyond the first block
        ("id,label,\na,cat,\nb,Hündin,\n", "utf-8", ""),
        ("id,label,,\na,cat,,\nb,Hündin,,\n", "utf-8", ""),
        ("id,label\na,cat,,\nb,Hündin,,\n", "utf-8", "more separators than columns"),
        ("id, label\na, cat\nb, Hündin\n", "utf-8", ""),
        ('id, label\na, "cat"\nb, "Hündin"\n', "utf-8", ""),
        (" ID ,LABEL\na,cat\nb,Hündin\n", "utf-8", ""),
        ("Label,Id\ncat,a\nHündin,b\n", "utf-8", ""),
        ('id,label\n"a",cat\n"b","Hündin"', "utf-8", ""),
        ("\n\nid,label\n\na,cat\n\nb,Hündin\n", "utf-8", ""),
        ('id,text,label\na,"two\nlines; and, more",cat\nb,"x",Hündin\n', "utf-8", ""),
        ('id;text;label\na;"two\nlines, and; more";cat\nb;1,5;Hündin\n', "utf-8", "semicolons"),
    ],
)
def test_what_spreadsheets_write_is_read_and_said(tmp_path: Path, text: str, encoding: str, words: str) -> None:
    rows, said = read(tmp_path / "l.csv", text.encode(encoding))
    assert rows == CAT
    assert bool(said) == bool(words)
    import re

    assert re.search(words, said)


@given(
    cells=st.lists(
        st.tuples(st.text("abü;,\t|\"'\n é€", min_size=1, max_size=5), st.text('catü;,|"\n', min_size=1, max_size=5)),
        min_size=1,
        max_size=5,
        unique_by=lambda pair: pair[0],
    ),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dialect_is_found_out_or_the_file_is_refused(
    tmp_path: Path, cells: list[tuple[str, str]], delimiter: str, encoding: str
) -> None:
    """Whatever separator and encoding a file has: its cells come back, or an error comes, never other cells."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([("id", "label"), *cells])
    wanted = [{"id": first, "label": label} for first, label in cells if label.strip()]
    content = out.getvalue().encode(encoding)
    try:
        rows, _ = read(tmp_path / "l.csv", content)
    except LadleError:
        if any(label.strip() for _, label in cells):
            assert encoding == "cp1252"  # three letters beyond ASCII in a row could be another alphabet
    else:
        assert rows == wanted
    if wanted:
        told = CsvDialect(delimiter, encoding)
        assert read(tmp_path / "l.csv", content, dialect=told) == (wanted, "")


@pytest.mark.parametrize(
    ("content", "form", "kind", "words"),
    [
        (b"id;label,annotator\na;cat,ann\n", None, FileFormatError, "commas or semicolons. Name the delimiter"),
        ("id,label\na,собака\n".encode("cp1251"), None, FileFormatError, "several alphabets"),
        ("id,label\na,犬猫\n".encode("shift_jis"), None, FileFormatError, "name its encoding, such as cp1251"),
        (b"id,label\na,caf\x81\n", None, FileFormatError, "another encoding"),
        (b"id,lable\na,cat\n", None, FileFormatError, "columns `id`, `lable`. Did you mean `lable`"),
        (b"image,label\na,cat\n", None, FileFormatError, "`id`; got columns `image`, `label`. Name their column"),
        (b"id,Label,LABEL\na,cat,dog\n", None, FileFormatError, "one column `label`; got `Label` and `LABEL`"),
        (b"id,label,label\na,cat,dog\n", None, FileFormatError, "one column `label`; got several"),
        (b"id,label\na,cat,dog\n", None, CorruptFileError, "Row #2"),
        (b"id,label\na,cat,\nb\n", None, CorruptFileError, "Row #2"),
        (b'id"\r"', None, CorruptFileError, "begin with a header; got new-line"),
        (b"id, label\na, cat\nb," + b"x" * 200_000, None, CorruptFileError, "field larger than field limit"),
        (b"id, label\na, cat\nb\n", None, CorruptFileError, "line 3 .*2 columns"),
        (b"sep=;\nid;label\n1;2\n1.5;2\n", INTEGERS, DataError, "line 4 .*an integer in `id`"),
        (b"id;label\na;1,5\n", Form(kind="value"), DataError, 'line 2 .*a number in `label`; got "1,5"'),
        ("id,label\n1,x\n".encode("utf-16"), INTEGERS, DataError, "line 2"),
    ],
)  # fmt: skip
def test_what_could_be_two_things_is_refused(
    tmp_path: Path, content: bytes, form: Form | None, kind: type, words: str
) -> None:
    with pytest.raises(kind, match=words):
        read(tmp_path / "l.csv", content, form)


def test_users_decide(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    russian = "id,label\na,собака\n".encode("cp1251")
    assert read(path, russian, dialect=CsvDialect(encoding="cp1251"))[0] == [{"id": "a", "label": "собака"}]
    two_ways = b"id;label,annotator\na;cat,ann\n"
    names = {"id": "id;label", "label": "annotator"}
    assert read(path, two_ways, names=names, dialect=CsvDialect(","))[0] == [{"id": "a;cat", "label": "ann"}]
    assert read(path, b"id\tlabel\na\tcat\n", dialect=CsvDialect("tab"))[0] == CAT[:1]
    for dialect, words in (
        (CsvDialect("ab"), "the delimiter must be one character"),
        (CsvDialect('"'), "the delimiter must be one character"),
        (CsvDialect(encoding="klingon"), "the encoding must be the name of an encoding"),
        (CsvDialect(encoding="base64"), "the encoding must be"),
    ):
        with pytest.raises(ArgumentError, match=words):
            read(path, b"id,label\na,cat\n", dialect=dialect)
    with pytest.raises(FileFormatError, match="be ascii text"):
        read(path, "id,label\na,Hündin\n", dialect=CsvDialect(encoding="ascii"))
    (tmp_path / "l.jsonl").write_text('{"id": "a", "label": "cat"}')
    with pytest.raises(ArgumentError, match="be those of a CSV file; got one of jsonl"):
        formats.read_labels(tmp_path / "l.jsonl", form=Form(), dialect=CsvDialect(";"))


def test_places_are_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    rest = "cat\n\nb;;dog\nc;;\nd;;emu"
    for text in (f'sep=;\nid;x;label\na;"1\n2";{rest}\n', f'id;x;label\na;"1\n2\n3";{rest}'):
        for encoding in ("utf-8", "utf-16"):
            path.write_bytes(text.encode(encoding))
            file = formats.read_labels(path, form=Form())
            assert file.places(file.rows[[2, 0, 1]]) == ["line 8", "line 4", "line 6"]


@pytest.mark.parametrize("form", [Form(), INTEGERS, Form(kind="multi"), Form(kind="value")])
def test_quoted_empty_labels_are_open(tmp_path: Path, form: Form) -> None:
    """Label Studio and others quote every cell: `""` is no label, as an empty cell."""
    good = {"single": '"7"', "multi": '"[""7""]"', "value": '"7"'}[form.kind]
    path = tmp_path / "l.csv"
    path.write_text(f'"id","label"\n"1",{good}\n"2",""\n"3"," "\n"4",\n')
    file = formats.read_labels(path, form=form)
    assert (file.table.num_rows, file.unlabelled) == (1, 3)


def test_words_for_nothing_are_labels_only_where_they_are_classes(tmp_path: Path) -> None:
    path, text = tmp_path / "l.csv", "id,label\na,cat\nb,NA\nc,None\nd,null\ne,nan\nf,#N/A\n"
    rows, said = read(path, text, Form(classes=("cat", "dog")))
    assert (rows, "5 labels are `NA`, `None`" in said) == ([{"id": "a", "label": "cat"}], True)
    rows, said = read(path, text, Form(classes=("cat", "None", "nan")))
    assert [each["label"] for each in rows] == ["cat", "None", "nan"]
    assert len(read(path, text, Form())[0]) == 6  # any word may be a class
    rows, said = read(path, "id,label\n1,2\n2,NA\n3,nan\n", INTEGERS)
    assert (rows, "2 labels" in said) == ([{"id": 1, "label": 2}], True)
    assert read(path, "id,label\na,1.5\nb,NA\n", Form(kind="value"))[0] == [{"id": "a", "label": 1.5}]


def test_booleans_are_classes_in_any_case(tmp_path: Path) -> None:
    form = Form(classes=("true", "false"))
    assert read(tmp_path / "l.csv", "id,label\na,TRUE\nb,false\n", form)[0] == [
        {"id": "a", "label": "true"},
        {"id": "b", "label": "false"},
    ]
    assert read(tmp_path / "l.jsonl", '{"id": "a", "label": true}\n', form)[0] == [{"id": "a", "label": "true"}]
    with pytest.raises(DataError, match="text in `label`; got true"):
        read(tmp_path / "l.jsonl", '{"id": "a", "label": true}\n', Form(classes=("yes", "no")))

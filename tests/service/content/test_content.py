"""What pages show of an example, from every kind of source."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ladle.errors import ArgumentError, CorruptFileError, FileFormatError, IdError, NotFoundError
from ladle.pool.ids.example_ids import Ids
from ladle.service.content import Content, ContentSources, Shown, open_content
from ladle.service.content.table_rows import SortedIds

ROWS: list[dict[str, Any]] = [
    {"id": "b", "text": "a <b>bold</b> claim", "images": ["one.png", "two.png"], "year": 1999},
    {"id": "a", "text": "second", "images": [], "year": 2001},
]


def opened(table: Path | None = None, **sources: Any) -> Content:
    return open_content(ContentSources(table, **sources), Ids(["a", "b", "c"]))


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        table = [
            {key: json.dumps(cell) if isinstance(cell, list) else cell for key, cell in row.items()} for row in rows
        ]
        pa.csv.write_csv(pa.Table.from_pylist(table), str(path))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    images.mkdir()
    for name, grey in (("one.png", 10), ("two.png", 200), ("c.png", 90)):
        Image.new("L", (4, 3), grey).save(images / name)
    return images


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_a_table_of_any_format_gives_text_images_and_rows(tmp_path: Path, folder: Path, suffix: str) -> None:
    content = opened(write(tmp_path / f"content{suffix}", ROWS), images=folder)
    shown = content.shown("b")
    assert shown == Shown("a <b>bold</b> claim", (None, None), (("year", "1999"),))
    assert [np.asarray(Image.open(io.BytesIO(content.image("b", k).data)))[0, 0] for k in (0, 1)] == [10, 200]
    assert content.image("b", 0).media_type == "image/png"
    assert content.shown("a") == Shown("second", (), (("year", "2001"),))


def test_an_example_without_a_row_may_have_a_file_by_its_id(tmp_path: Path, folder: Path) -> None:
    content = opened(write(tmp_path / "t.parquet", ROWS), images=folder)
    assert content.shown("c") == Shown(images=(None,))
    assert content.image("c", 0).data == (folder / "c.png").read_bytes()
    assert opened(images=folder).shown("c") == Shown(images=(None,))
    assert opened().shown("c") == Shown()


def test_an_answer_in_the_table_is_not_shown(tmp_path: Path) -> None:
    rows = [{"id": "a", "label": "cat", "labels": ["cat"], "_secret": "x", "emb": [0.5, 0.25], "source": "web"}]
    content = opened(write(tmp_path / "t.parquet", rows))
    assert content.shown("a") == Shown(fields=(("source", "web"),))


def test_addresses_are_for_the_browser_and_only_of_allowed_hosts(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "image": "https://good.example/1.png", "url": "https://good.example/2.png"},
        {"id": "b", "image": "https://evil.example/1.png", "url": "https://evil.example/2.png"},
    ]
    content = opened(write(tmp_path / "t.jsonl", rows), image_hosts=("good.example",))
    assert content.shown("a").images == ("https://good.example/1.png", "https://good.example/2.png")
    with pytest.raises(NotFoundError, match="the browser opens itself"):
        content.image("a", 0)
    shown = content.shown("b")
    assert shown.images == ()
    assert dict(shown.fields).keys() == {"url", "image from a host that is not allowed"}


def test_images_inside_a_table(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(file, "JPEG")
    rows = [{"id": "a", "image": {"bytes": file.getvalue(), "path": "../x.jpg"}}]
    content = opened(write(tmp_path / "t.parquet", rows))
    assert content.shown("a").images == (None,)
    assert content.image("a", 0).media_type == "image/jpeg"


@pytest.mark.parametrize("shape", [(3, 5, 4), (3, 5, 4, 3)])
def test_an_array_of_images_in_the_order_of_the_pool(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.save(tmp_path / "images.npy", pixels)
    content = opened(tmp_path / "images.npy")
    seen = np.asarray(Image.open(io.BytesIO(content.image("b", 0).data)))
    assert np.array_equal(seen, pixels[1])
    assert content.shown("x") == Shown()
    with pytest.raises(NotFoundError):
        content.image("b", 1)


def test_an_array_of_another_pool_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((2, 5, 4), np.uint8))
    with pytest.raises(FileFormatError, match=r"\(3, height, width\)"):
        opened(tmp_path / "images.npy")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_integer_ids_are_found_by_their_digits(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"t{suffix}", [{"id": 30, "text": "thirty"}, {"id": -2, "text": "minus"}])
    content = open_content(ContentSources(path), Ids([30, -2, 7]))
    assert content.shown("30").text == "thirty"
    assert content.shown("-2").text == "minus"
    assert [content.shown(odd) for odd in ("7", "x", "9" * 40, "30.0")] == [Shown()] * 4


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_ids_of_another_kind_and_ids_that_repeat_are_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(IdError, match="kind"):
        opened(write(tmp_path / f"kind{suffix}", [{"id": 1, "text": "x"}]))
    with pytest.raises(IdError, match="distinct"):
        opened(write(tmp_path / f"twice{suffix}", [{"id": "a", "text": "x"}] * 2))


def test_a_table_without_the_column_of_ids_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", [{"image_id": "a", "text": "x"}])
    with pytest.raises(FileFormatError, match="--content-id"):
        opened(path)
    assert opened(path, id_column="image_id").shown("a").text == "x"
    with pytest.raises(ArgumentError):
        opened(id_column="image_id")


def test_lines_that_changed_since_the_start_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", ROWS)
    content = opened(path)
    text = path.read_text()
    path.write_text(text.replace('"b"', '"z"'))
    with pytest.raises(CorruptFileError, match="Start the service again"):
        content.shown("b")


@pytest.mark.parametrize("seed", range(3))
def test_sorted_ids_find_what_a_dictionary_finds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    names = [f"{number:x}{'é' * (number % 3)}" for number in generator.permutation(500)]
    known = {name: place for place, name in enumerate(names)}
    ids = SortedIds(Ids(names).values)
    assert all(ids.find(name) == place for name, place in known.items())
    assert all(ids.find(name + "!") is None for name in names)
    numbers = generator.permutation(10_000)[:500] - 5_000
    ids = SortedIds(Ids(numbers).values)
    assert [ids.find(str(each)) for each in numbers] == list(range(500))


def test_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    content = opened(write(tmp_path / "t.jsonl", [{"id": "a", "text": "x" * 300_000}]))
    assert content.shown("a").text.endswith("… (cut)")
    assert len(content.shown("a").text) < 201_000

"""Images of a folder and texts of a column: what is found, what cannot be read, and the pool that is made."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import ladle
from ladle.cli import main
from ladle.embedding import embedders
from ladle.embedding.embedders import ModelOptions, OpenEmbedder, open_embedder, squares
from ladle.embedding.examples import open_examples
from ladle.embedding.image_files import ImageFiles
from ladle.errors import ArgumentError, CorruptFileError, FileError, FileFormatError, IdError
from ladle.progress import SILENT
from ladle.service.content import ContentSources, open_content


def colour(row):
    return (row * 3 % 256, row * 7 % 256, 100)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "a").mkdir(parents=True)
    for row in range(12):
        Image.new("RGB", (30 + row, 20), colour(row)).save(folder / "a" / f"im_{row}.png")
    return folder


@pytest.fixture
def small(monkeypatch):
    """A model of images and one of texts that need no package: the mean colour, and counts of letters."""

    def of_images(options):
        return OpenEmbedder(lambda pictures: squares(pictures, 8).mean(axis=(1, 2)) + np.float32(1), "mean colour")

    def of_texts(options):
        def run(texts):
            return np.array([[text.count(letter) + 1 for letter in "abc"] for text in texts], np.float32)

        return OpenEmbedder(run, "letters")

    monkeypatch.setattr(embedders, "_carried_images", of_images)
    monkeypatch.setattr(embedders, "_carried_texts", of_texts)


def embed(*words):
    return main(["embed", *map(str, words)])


def test_images_become_a_pool_in_natural_order(photos, tmp_path, small, capsys):
    assert embed(photos, "-o", tmp_path / "pool", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["rows"], facts["dim"], facts["model"], facts["rows_before"]) == (12, 3, "mean colour", 0)
    pool = ladle.open_pool(tmp_path / "pool")
    assert pool.ids.to_pylist() == [f"a/im_{row}.png" for row in range(12)]
    np.testing.assert_allclose(pool.embeddings(), np.array([colour(row) for row in range(12)]) + 1)


def test_what_cannot_be_read_is_listed_and_left_out_only_on_wish(photos, tmp_path, small, capsys):
    (photos / "broken.jpg").write_bytes(b"no image")
    whole = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(whole, "JPEG")
    (photos / "cut.jpg").write_bytes(whole.getvalue()[:900])
    (photos / "notes.txt").write_text("x")
    assert embed(photos, "-o", tmp_path / "pool") == 4
    told = capsys.readouterr().err
    assert "broken.jpg: no image that Pillow knows" in told
    assert "--skip-unreadable" in told
    listed = (tmp_path / "pool.unreadable.csv").read_text().splitlines()
    assert [line.split(",")[1].strip('"') for line in listed[1:]] == ["broken.jpg", "cut.jpg"]
    assert not (tmp_path / "pool").exists()
    (photos / "third.jpg").write_bytes(b"no image")
    assert embed(photos, "-o", tmp_path / "pool") == 4  # its own list is written again
    assert "third.jpg" in (tmp_path / "pool.unreadable.csv").read_text()
    (photos / "third.jpg").unlink()
    capsys.readouterr()
    assert embed(photos, "-o", tmp_path / "pool", "--skip-unreadable", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["rows"] == 12
    assert facts["unreadable"] == {"rows": 2, "listed_in": str(tmp_path / "pool.unreadable.csv")}
    assert any("notes.txt" in text for text in facts["notices"])


def test_thumbnails_and_texts_are_the_content_of_pages(photos, tmp_path, small, capsys):
    assert embed(photos, "-o", tmp_path / "pool", "--keep-content") == 0
    pool = ladle.open_pool(tmp_path / "pool")
    content = open_content(ContentSources(table=tmp_path / "pool"), pool.id_column)
    shown = content.shown("a/im_3.png")
    assert (shown.images, shown.fields) == ((None,), ())
    image = Image.open(io.BytesIO(content.image("a/im_3.png", 0).data))
    assert image.size == (33, 20)
    np.testing.assert_allclose(image.getpixel((5, 5)), colour(3), atol=6)
    lines = "\n".join(json.dumps({"id": row, "text": "ab" * row + "c"}) for row in range(5))
    (tmp_path / "t.jsonl").write_text(lines)
    assert embed(tmp_path / "t.jsonl", "-o", tmp_path / "texts", "--keep-content") == 0
    capsys.readouterr()
    texts = ladle.open_pool(tmp_path / "texts")
    content = open_content(ContentSources(table=tmp_path / "texts"), texts.id_column)
    assert content.shown("2").text == "ababc"


def write_texts(path, ids, texts):
    if path.suffix == ".csv":
        path.write_text(
            "id,body\n" + "".join(f'{name},"{text or ""}"\n' for name, text in zip(ids, texts, strict=True))
        )
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({"id": i, "body": t}) + "\n" for i, t in zip(ids, texts, strict=True)))
    else:
        pq.write_table(pa.table({"id": ids, "body": texts}), path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_texts_of_every_format_are_one_pool(tmp_path, small, capsys, suffix):
    ids, texts = ["x1", "x2", "x3"], ["aab", None, "cé, c"]
    path = write_texts(tmp_path / f"t{suffix}", ids, texts)
    assert embed(path, "-o", tmp_path / "pool") == 4  # there is no column `text`
    assert "--text COLUMN" in capsys.readouterr().err
    assert embed(path, "-o", tmp_path / "pool", "--text", "body") == 4
    assert "x2: " in capsys.readouterr().err
    assert embed(path, "-o", tmp_path / "pool", "--text", "body", "--skip-unreadable") == 0
    pool = ladle.open_pool(tmp_path / "pool")
    assert pool.ids.to_pylist() == ["x1", "x3"]
    np.testing.assert_array_equal(pool.embeddings(), [[3, 2, 1], [1, 1, 3]])


def test_a_command_that_failed_goes_on_with_the_same_bytes(photos, tmp_path, small, capsys, monkeypatch):
    for name in ("BATCH_SIZE", "SHARD_ROWS"):
        monkeypatch.setattr(f"ladle.embedding.examples.{name}", 4)
    assert embed(photos, "-o", tmp_path / "whole", "--keep-content") == 0
    read, known = ImageFiles.read, []

    def failing(self, places):
        known.append(places)
        if len(known) == 3:
            raise FileFormatError("the disk", wanted="be there", got="none")
        return read(self, places)

    monkeypatch.setattr(ImageFiles, "read", failing)
    assert embed(photos, "-o", tmp_path / "again", "--keep-content") == 4
    assert not (tmp_path / "again").exists()
    capsys.readouterr()
    assert embed(photos, "-o", tmp_path / "again", "--keep-content", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows_before"] == 8
    for path in (tmp_path / "whole").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_the_same_command_goes_on_and_another_source_is_refused(photos, tmp_path, small, capsys, monkeypatch):
    monkeypatch.setattr("ladle.embedding.examples.BATCH_SIZE", 4)
    assert embed(photos, "-o", tmp_path / "pool") == 0
    read = []
    known = ImageFiles.unreadable
    monkeypatch.setattr(ImageFiles, "unreadable", lambda self, progress: read.append(1) or known(self, progress))
    assert embed(photos, "-o", tmp_path / "pool", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows_before"] == 12
    assert read == []  # the images are checked once
    Image.new("RGB", (9, 9)).save(photos / "new.png")
    assert embed(photos, "-o", tmp_path / "pool") == 5
    assert "examples: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("list.jsonl", '["a"]\n', CorruptFileError),
        ("cut.jsonl", '{"id": 1, "text"', CorruptFileError),
        ("mixed.jsonl", '{"id": 1, "text": "a"}\n{"id": 2, "text": 5}\n', FileFormatError),
        ("numbers.jsonl", '{"id": 1, "text": 4}\n', FileFormatError),
        ("twice.csv", "id,text\na,x\na,y\n", IdError),
        ("empty.csv", "", FileFormatError),
        ("odd.txt", "x", FileFormatError),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, text, error):
    (tmp_path / name).write_text(text)
    with pytest.raises(error):
        open_examples(tmp_path / name)


def test_folders_that_cannot_be_read(tmp_path, photos):
    with pytest.raises(FileError):
        open_examples(tmp_path / "absent")
    (tmp_path / "none").mkdir()
    with pytest.raises(FileFormatError, match="hold images"):
        open_examples(tmp_path / "none")
    with pytest.raises(ArgumentError, match="--text and --id"):
        open_examples(photos, column="x")
    os.mkfifo(photos / "pipe.png")
    with pytest.raises(FileError, match="a pipe"):
        open_examples(photos)


def test_names_that_begin_with_a_dot_or_a_line_are_ignored(photos):
    (photos / "_old").mkdir()
    for name in ("_old/x.png", ".hidden.png", "_x.png"):
        (photos / name).write_bytes(b"")
    examples = open_examples(photos)
    assert len(examples) == 12
    assert examples.unreadable(SILENT) == []


def test_a_picture_is_turned_as_the_camera_was_held(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right
    Image.new("RGB", (40, 20)).save(tmp_path / "x.jpg", exif=turned)
    (picture,) = ImageFiles.of(tmp_path).read([0])
    assert picture.size == (20, 40)


@pytest.mark.parametrize(
    ("name", "kind", "options", "text"),
    [
        ("bert-base", "text", {}, "transformers:bert-base"),
        ("minlm", "text", {}, "Did you mean `minilm`"),
        ("minilm", "image", {}, "such as efficientnet-lite0"),
        ("timm:resnet18", "text", {}, "be one of texts"),
        ("minilm", "text", {"pixels": 9}, "--pixels"),
        ("efficientnet-lite0", "image", {"tokens": 9}, "--tokens"),
        ("transformers:", "text", {}, "FILE.onnx"),
        ("m.onnx", "image", {}, "--scale"),
    ],
)
def test_models_that_cannot_be_told(name, kind, options, text):
    with pytest.raises(ArgumentError, match=text):
        open_embedder(name, kind, ModelOptions(**options))


@pytest.mark.parametrize("words", [["--pixels", "0"], ["--tokens", "-1"], ["--model", "x"], ["--text", "a"]])
def test_a_wrong_option_ends_before_the_work(photos, tmp_path, small, capsys, words):
    assert embed(photos, "-o", tmp_path / "pool", *words) == 2
    assert words[0] in capsys.readouterr().err or words[0] == "--model"
    assert not list(tmp_path.glob("pool*"))


def test_the_output_lies_outside_the_images(photos, tmp_path, small, capsys):
    assert embed(photos, "-o", photos / "pool") == 2
    assert embed(photos, "-o", photos) == 2
    assert embed(photos, "-o", tmp_path / "no" / "pool") == 4
    capsys.readouterr()
    (tmp_path / "other").mkdir()
    Path(tmp_path / "other" / "mine").write_text("")
    assert embed(photos, "-o", tmp_path / "other") == 4
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["mine"]

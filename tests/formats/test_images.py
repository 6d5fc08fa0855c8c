"""Manifests and COCO as other tools write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ladle import formats
from ladle.errors import DataError, IdError
from ladle.formats import Form, LabelFile
from ladle.notices import gathered, notices

POOL = pa.array(["images/7.jpg", "images/8.jpg", "more/9.jpg", "a/1.jpg", "b/1.jpg"], pa.large_string())
KNOWN = Form(known_ids=POOL)


def labels_of(file: LabelFile) -> dict[Any, Any]:
    return dict(zip(file.table["id"].to_pylist(), file.table["label"].to_pylist(), strict=True))


def meta(name: str | None = "happy", **more: Any) -> dict[str, Any]:
    about = {"confidence": 0.94, "job-name": "labeling-job/mood", "human-annotated": "yes",
             "creation-date": "2026-05-22T21:33:37.201882", "type": "groundtruth/text-classification"}  # fmt: skip
    return about | ({} if name is None else {"class-name": name}) | more


def manifest(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


class TestManifests:
    @pytest.mark.parametrize("extra", [{}, {"mood": "1"}])  # a column at a time, and line by line
    def test_text_is_its_id_where_it_is_named(self, tmp_path: Path, extra: dict[str, Any]) -> None:
        lines = [{"source": "I am glad", "mood": 1, "mood-metadata": meta()} | extra,
                 {"source": "I am sad", "mood": 0, "mood-metadata": meta("sad")}, {"source": "I am"}]  # fmt: skip
        path = manifest(tmp_path / "l.manifest", *lines)
        file = formats.read_labels(path, form=Form(), names={"id": "source"})
        assert (labels_of(file), file.unlabelled) == ({"I am glad": "happy", "I am sad": "sad"}, 1)
        when = datetime(2026, 5, 22, 21, 33, 37, 201882, UTC)
        assert file.table["told_at"].to_pylist() == [when, when]
        named = formats.read_labels(path, form=Form(), names={"id": "source", "label": "mood"})
        assert labels_of(named) == labels_of(file)

    def test_own_times_go_before_dates_of_creation(self, tmp_path: Path) -> None:
        line = {"source-ref": "a", "told_at": "2026-01-01T00:00:00Z", "x": 0, "x-metadata": meta()}
        path = manifest(tmp_path / "l.manifest", line, {"source-ref": "b", "x": 0, "x-metadata": meta()})
        times = formats.read_labels(path, form=Form()).table["told_at"].to_pylist()
        assert [each.month for each in times] == [1, 5]

    @pytest.mark.parametrize(("number", "form", "label"), [
        ("1", Form(), "happy"), (1.0, Form(), "happy"),
        ("1", Form(items="integer"), 1), (1.0, Form(items="integer"), 1),
        (["1"], Form(kind="multi"), ["happy"]), ([1.0], Form(kind="multi", items="integer"), [1]),
    ])  # fmt: skip
    def test_numbers_of_classes_may_be_text(self, tmp_path: Path, number: Any, form: Form, label: Any) -> None:
        about = meta()
        if form.kind == "multi":
            about |= {"class-map": {"1": "happy"}, "type": "groundtruth/text-classification-multilabel"}
        path = manifest(tmp_path / "l.manifest", {"source-ref": "a", "mood": number, "mood-metadata": about})
        assert labels_of(formats.read_labels(path, form=form)) == {"a": label}
        for odd in ("x", 1.5, "1.5"):
            bad = [odd] if form.kind == "multi" else odd
            path = manifest(tmp_path / "l.manifest", {"source-ref": "a", "mood": bad, "mood-metadata": about})
            with pytest.raises(DataError, match=r"line 1 .*class number"):
                formats.read_labels(path, form=form)

    @pytest.mark.parametrize("extra", [{}, {"mood": "1"}])
    def test_labels_of_machines_are_noted(self, tmp_path: Path, extra: dict[str, Any]) -> None:
        lines = [{"source-ref": each, "mood": 1, "mood-metadata": meta(**{"human-annotated": human})} | extra
                 for each, human in (("a", "yes"), ("b", "no"), ("c", "no"))]  # fmt: skip
        with gathered():
            file = formats.read_labels(manifest(tmp_path / "l.manifest", *lines), form=Form())
            assert any("2 labels" in each and "a machine" in each for each in notices())
        assert (len(labels_of(file)), file.machine) == (3, 2)

    def test_files_may_have_their_base_names_or_places_in_a_bucket(self, tmp_path: Path) -> None:
        names = ("s3://bucket/7.jpg", "9.jpg", "new.jpg")
        lines = [{"source-ref": each, "x": 0, "x-metadata": meta()} for each in names]
        with gathered():
            file = formats.read_labels(manifest(tmp_path / "l.manifest", *lines), form=KNOWN)
            assert any("2 files in" in each for each in notices())
        assert list(labels_of(file)) == ["images/7.jpg", "more/9.jpg", "new.jpg"]


def coco(path: Path, images: list[tuple[Any, str]], pairs: list[tuple[Any, Any]], names: Any = ("cat", "dog")) -> Path:
    document = {
        "images": [{"id": key, "file_name": name} for key, name in images],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, 1)],
        "annotations": [
            {"id": number, "image_id": image, "category_id": category, "bbox": [0, 0, 1, 1], "iscrowd": 0}
            for number, (image, category) in enumerate(pairs, 1)
        ],
    }
    path.write_text(json.dumps(document))
    return path


class TestCoco:
    def test_ids_of_images_may_be_text(self, tmp_path: Path) -> None:
        path = coco(tmp_path / "l.json", [("x1", "7.jpg"), ("x2", "8.jpg")], [("x1", 1), ("x2", 2)])
        assert labels_of(formats.read_labels(path, form=Form())) == {"7.jpg": "cat", "8.jpg": "dog"}
        known = Form(known_ids=pa.array(["x1", "x2", "x3"], pa.large_string()))
        assert labels_of(formats.read_labels(path, form=known)) == {"x1": "cat", "x2": "dog"}
        path = coco(tmp_path / "l.json", [("7", "a.jpg"), (8.0, "b.jpg")], [(7, "1"), ("8", 2.0)])
        assert labels_of(formats.read_labels(path, form=Form(ids="integer"))) == {7: "cat", 8: "dog"}
        path = coco(tmp_path / "l.json", [("x1", "7.jpg")], [("x1", 1)])
        with pytest.raises(DataError, match=r"image x1 .*an integer in `id`"):
            formats.read_labels(path, form=Form(ids="integer"))
        path = coco(tmp_path / "l.json", [("7", "a.jpg"), (7, "b.jpg")], [("7", 1)])
        with pytest.raises(DataError, match=r"entry 2 of `images` .*7 again"):
            formats.read_labels(path, form=Form())

    def test_a_class_twice_in_an_image_is_one_label(self, tmp_path: Path) -> None:
        path = coco(tmp_path / "l.json", [(1, "a"), (2, "b")], [(1, 1), (1, 1), (2, 2), (1, 1)])
        with gathered():
            assert labels_of(formats.read_labels(path, form=Form())) == {"a": "cat", "b": "dog"}
            assert any("2 repetitions" in each and "once" in each for each in notices())
        assert labels_of(formats.read_labels(path, form=Form(kind="multi"))) == {"a": ["cat"], "b": ["dog"]}
        path = coco(tmp_path / "l.json", [(1, "a")], [(1, 1), (1, 2)])
        with pytest.raises(DataError, match="only label of its image"):
            formats.read_labels(path, form=Form())

    def test_files_may_have_their_base_names(self, tmp_path: Path) -> None:
        images = [(1, "7.jpg"), (2, "/data/x/9.jpg"), (3, "images/8.jpg")]
        path = coco(tmp_path / "l.json", images, [(1, 1), (2, 2), (3, 1)])
        with gathered():
            found = labels_of(formats.read_labels(path, form=KNOWN))
            assert list(found) == ["images/7.jpg", "more/9.jpg", "images/8.jpg"]
            assert any("2 files in" in each and "`7.jpg` is 'images/7.jpg'" in each for each in notices())
        for odd, words in (
            ([(1, "1.jpg")], "`1.jpg`, which could be 'a/1.jpg' or 'b/1.jpg'"),
            ([(1, "7.jpg"), (2, "x/7.jpg")], "`7.jpg` and `x/7.jpg`, which are both"),
            ([(1, "images/7.jpg"), (2, "7.jpg")], "which are both"),
        ):
            with pytest.raises(IdError, match=words):
                formats.read_labels(coco(tmp_path / "l.json", odd, [(1, 1)]), form=KNOWN)
        path = coco(tmp_path / "l.json", [(1, "unknown.jpg"), (2, "7.jpg")], [(1, 1)])
        assert labels_of(formats.read_labels(path, form=KNOWN)) == {"unknown.jpg": "cat"}

    def test_numbers_of_classes_may_be_text(self, tmp_path: Path) -> None:
        path = coco(tmp_path / "l.json", [(1, "a")], [(1, 2)], names=("3", "4"))
        assert labels_of(formats.read_labels(path, form=Form(items="integer"))) == {"a": 4}

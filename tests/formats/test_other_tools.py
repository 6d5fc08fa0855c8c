"""Exports of other tools, in the shapes that they document: understood, or refused by the name of a column."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ladle import formats
from ladle.errors import DataError, FileFormatError, IdError, LadleError
from ladle.formats import FOREIGN_COLUMNS, Form, LabelFile
from ladle.formats.checks import as_batch_file
from ladle.formats.foreign import OUTCOMES
from ladle.notices import gathered, notices

MULTI = Form(kind="multi")
NUMBERS = Form(items="integer", ids="integer")


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labels_of(file: LabelFile) -> dict[Any, Any]:
    return dict(zip(file.table["id"].to_pylist(), file.table["label"].to_pylist(), strict=True))


def prodigy(example: str, answer: str, **more: Any) -> dict[str, Any]:
    """A task of `prodigy db-out`: binary with a `label`, or a choice with `options` and `accept`."""
    return {
        "id": example,
        "text": "x",
        "_input_hash": 1,
        "_task_hash": 2,
        "_view_id": "choice" if "accept" in more else "classification",
        "answer": answer,
        "_timestamp": 1612345678,
        "_annotator_id": "db-ann",
        "_session_id": "db-ann",
        **more,
    }


def choice(*accepted: str) -> dict[str, Any]:
    return {"options": [{"id": "cat", "text": "Cat"}, {"id": "dog", "text": "Dog"}], "accept": list(accepted)}


class TestProdigy:
    def test_rejects_and_ignores_are_no_labels(self, tmp_path: Path) -> None:
        rows = [prodigy(f"r{number}", "reject", label="cat") for number in range(352)]
        rows += [prodigy("a", "accept", label="cat"), prodigy("i", "ignore", label="dog")]
        with gathered():
            file = formats.read_labels(jsonl(tmp_path / "l.jsonl", *rows), form=Form())
            assert any("352 labels" in each and "rejected" in each for each in notices())
        assert labels_of(file) == {"a": "cat"}
        assert (file.rejected, file.unlabelled, file.superseded) == (352, 0, 0)
        assert file.skips.select(["id", "reason", "annotator"]).to_pylist() == [
            {"id": "i", "reason": "", "annotator": "db-ann"}
        ]
        assert file.table["annotator"].to_pylist() == ["db-ann"]
        assert file.table["told_at"].to_pylist() == [datetime.fromtimestamp(1612345678, UTC)]
        assert file.places(file.skip_rows) == ["line 354"]

    def test_a_choice_is_its_accepted_options(self, tmp_path: Path) -> None:
        rows = [
            prodigy("a", "accept", **choice("cat")),
            prodigy("b", "accept", label=None, **choice("dog")),
            prodigy("c", "accept", **choice()),
            prodigy("d", "reject", **choice("cat")),
        ]
        path = jsonl(tmp_path / "l.jsonl", *rows)
        file = formats.read_labels(path, form=Form())
        assert (labels_of(file), file.unlabelled, file.rejected) == ({"a": "cat", "b": "dog"}, 1, 1)
        several = formats.read_labels(jsonl(path, *rows, prodigy("e", "accept", **choice("cat", "dog"))), form=MULTI)
        assert labels_of(several) == {"a": ["cat"], "b": ["dog"], "c": [], "e": ["cat", "dog"]}

    @pytest.mark.parametrize(
        ("row", "form", "words"),
        [
            (prodigy("a", "maybe", label="cat"), Form(), "line 1 .*accept, reject, ignore.*'maybe'.*ignore the column"),
            (prodigy("a", "accept", **choice("cat", "dog")), Form(), "line 1 .*one option in `accept`"),
            (prodigy("a", "accept", label="dog", **choice("cat")), Form(), "line 1 .*one answer"),
            (prodigy("a", "accept", label="cat"), MULTI, "line 1 .*a list of texts in `label`"),  # one of many classes
            (prodigy("a", "accept", label="cat") | {"answer": 42}, Form(), "line 1 .*text in `answer`; got 42.*ignore"),
        ],
    )
    def test_what_is_not_understood_is_refused(self, tmp_path: Path, row: Any, form: Form, words: str) -> None:
        with pytest.raises(DataError, match=words):
            formats.read_labels(jsonl(tmp_path / "l.jsonl", row), form=form)

    def test_a_named_column_of_labels_must_be_there_beside_skips_too(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path / "l.jsonl", prodigy("a", "ignore"))
        with pytest.raises(FileFormatError, match="labels in `kind`; got none"):
            formats.read_labels(path, form=Form(), names={"label": "kind"})
        assert formats.read_labels(path, form=Form()).skips.num_rows == 1

    def test_numbers_of_a_tool_in_place_of_ids_are_named(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path / "l.jsonl", {"id": 1, "label": "cat", "ladle_id": "a"})
        with pytest.raises(DataError, match=r"text in `id`; got 1.*the ids are in `ladle_id`"):
            formats.read_labels(path, form=Form())
        assert labels_of(formats.read_labels(path, form=Form(), names={"id": "ladle_id"})) == {"a": "cat"}

    def test_an_answer_that_comes_late_is_found(self, tmp_path: Path) -> None:
        rows = [{"id": f"p{number}", "label": "cat", "text": "x" * 600} for number in range(4000)]
        rows.append({"id": "late", "label": "cat", "answer": "reject"})
        file = formats.read_labels(jsonl(tmp_path / "l.jsonl", *rows), form=Form())
        assert (file.table.num_rows, file.rejected) == (4000, 1)


class TestStatus:
    @pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.parquet"])
    def test_words_that_nobody_defines_are_refused(self, tmp_path: Path, name: str) -> None:
        table = pa.table({"id": ["a", "b"], "label": ["cat", "dog"], "status": ["current", "done"]})
        formats.write(table, tmp_path / name)
        with pytest.raises(DataError, match=r"(line|row) .*current, superseded, deleted \(Ladle\).*`status`; got 'do"):
            formats.read_labels(tmp_path / name, form=Form())
        file = formats.read_labels(tmp_path / name, form=Form(), ignore=["Status"])
        assert (labels_of(file), file.superseded) == ({"a": "cat", "b": "dog"}, 0)
        file = formats.read_labels(tmp_path / name, form=Form(), names={"label": "status"})
        assert labels_of(file) == {"a": "current", "b": "done"}

    def test_words_of_two_tools_are_refused(self, tmp_path: Path) -> None:
        path = jsonl(
            tmp_path / "l.jsonl",
            {"id": "a", "label": "cat", "status": "current"},
            {"id": "b", "label": "cat", "status": "pending"},
        )
        with pytest.raises(DataError, match="line 2"):
            formats.read_labels(path, form=Form())

    def test_argilla(self, tmp_path: Path) -> None:
        path = tmp_path / "l.csv"
        path.write_text("id,label,status\na,cat,submitted\nb,dog,discarded\nc,cat,draft\nd,,pending\n")
        file = formats.read_labels(path, form=Form())
        assert (labels_of(file), file.unlabelled) == ({"a": "cat"}, 2)
        assert file.skips["id"].to_pylist() == ["b"]
        path.write_text("id,annotation,status\na,cat,Validated\nb,dog,Default\nc,cat,Discarded\n")
        file = formats.read_labels(path, form=Form(), names={"label": "annotation"})
        assert (labels_of(file), file.unlabelled, file.skip_rows.tolist()) == ({"a": "cat"}, 1, [2])

    def test_responses_of_argilla_are_refused_by_name(self, tmp_path: Path) -> None:
        row = {"id": "a", "status": "completed", "label.responses": ["cat"], "label.responses.users": ["u"]}
        for name, text in (("l.json", json.dumps([row])), ("l.jsonl", json.dumps(row))):
            (tmp_path / name).write_text(text)
            with pytest.raises(FileFormatError, match=r"`label.responses`.*an export of Argilla"):
                formats.read_labels(tmp_path / name, form=Form())


def annotation(number: int, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": number, "completed_by": {"id": 1, "email": "ann@x.org"}, "result": list(results), "was_cancelled": False,
        "ground_truth": False, "created_at": "2026-03-09T22:16:08.728353Z", "updated_at": "2026-03-10T22:16:08.728378Z",
        "lead_time": 4.288, "result_count": 0, "task": 1,
    } | more  # fmt: skip


def chosen(*classes: str, control: str = "label", kind: str = "choices") -> dict[str, Any]:
    return {"from_name": control, "to_name": "text", "type": kind, "origin": "manual", "value": {"choices": [*classes]}}


def task(number: int, example: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "data": {"id": example, "label": "", "text": "x"}, "annotations": [*annotations],
            "predictions": [{"result": [chosen("dog")], "model_version": "m"}], "project": 83}  # fmt: skip


class TestLabelStudio:
    def write(self, path: Path, *tasks: Any) -> Path:
        path.write_text(json.dumps(list(tasks)))
        return path

    def test_json(self, tmp_path: Path) -> None:
        """The id is in the data; the number of the task and the empty label of our batch beside it are not used."""
        bob = annotation(3, chosen("dog"), completed_by=7)
        cancelled = annotation(4, was_cancelled=True)
        path = self.write(
            tmp_path / "l.json",
            task(1, "a", annotation(1, chosen("cat")), bob),
            task(2, "b", cancelled),
            task(3, "c"),
            task(4, "d", annotation(5)),
        )
        file = formats.read_labels(path, form=Form())
        assert file.table.to_pylist() == [
            {"id": "a", "label": "cat", "annotator": "ann@x.org", "spent_ms": 4288,
             "told_at": datetime(2026, 3, 10, 22, 16, 8, 728378, UTC)},
            {"id": "a", "label": "dog", "annotator": "7", "spent_ms": 4288,
             "told_at": datetime(2026, 3, 10, 22, 16, 8, 728378, UTC)},
        ]  # fmt: skip
        assert (file.skips["id"].to_pylist(), file.unlabelled) == (["b"], 2)

    @pytest.mark.parametrize("control", ["label", "choice", "sentiment"])
    def test_the_only_control_holds_the_labels(self, tmp_path: Path, control: str) -> None:
        with gathered():
            path = self.write(tmp_path / "l.json", task(1, "a", annotation(1, chosen("cat", control=control))))
            assert labels_of(formats.read_labels(path, form=Form())) == {"a": "cat"}
            assert bool(notices()) == (control != "label")
        named = formats.read_labels(path, form=Form(), names={"label": control})
        assert labels_of(named) == {"a": "cat"}

    def test_of_several_controls_one_is_named(self, tmp_path: Path) -> None:
        results = chosen("cat", control="kind"), chosen("sharp", control="quality")
        path = self.write(tmp_path / "l.json", task(1, "a", annotation(1, *results)))
        with pytest.raises(FileFormatError, match=r"controls `kind`, `quality`\. Name the control"):
            formats.read_labels(path, form=Form())
        assert labels_of(formats.read_labels(path, form=Form(), names={"label": "quality"})) == {"a": "sharp"}

    @pytest.mark.parametrize("form", [Form(), MULTI, Form(kind="value")], ids=lambda form: form.kind)
    @pytest.mark.parametrize("empty", [None, "none", "open"])
    def test_a_result_without_a_control_is_refused(self, form: Form, empty: Any, tmp_path: Path) -> None:
        """Its choices would be lost: an empty list stands for `none of the classes` in a multi-label campaign."""
        bare = {name: value for name, value in chosen("cat").items() if name != "from_name"}
        for odd, words in (
            (bare, r"annotation 1 of task 2 .*l\.json must name the control of each result in `from_name`"),
            (bare | {"from_name": 3}, "annotation 1 of task 2 .*`from_name`"),
            (bare | {"from_name": None}, "annotation 1 of task 2 .*`from_name`"),
            ("cat", "annotation 1 of task 2 .*objects in the list `result`"),
        ):
            for first in (annotation(1), annotation(1, chosen("dog"))):
                path = self.write(tmp_path / "l.json", task(1, "a", first), task(2, "b", annotation(2, odd)))
                if (form.kind == "value" and first["result"]) or (form.kind != "multi" and empty == "none"):
                    continue  # refused for something else before
                with pytest.raises(DataError, match=words):
                    formats.read_labels(path, form=form, empty=empty)

    def test_a_relation_has_no_control(self, tmp_path: Path) -> None:
        relation = {"type": "relation", "from_id": "x", "to_id": "y", "direction": "right"}
        path = self.write(tmp_path / "l.json", task(1, "a", annotation(1, chosen("cat"), relation)))
        assert labels_of(formats.read_labels(path, form=MULTI)) == {"a": ["cat"]}

    def test_two_values_of_one_control_are_refused(self, tmp_path: Path) -> None:
        stars = {"from_name": "label", "to_name": "text", "type": "rating", "value": {"rating": 4}}
        for results in ((stars, stars | {"value": {"rating": 2}}), (chosen("cat"), stars)):
            path = self.write(tmp_path / "l.json", task(1, "a", annotation(1, *results)))
            with pytest.raises(DataError, match=r"annotation 1 of task 1 .*have one value in the control `label`"):
                formats.read_labels(path, form=Form(kind="value"))

    @pytest.mark.parametrize("key", ["completions", "predictions"])
    def test_tasks_without_annotations_are_refused_by_the_name_of_their_tool(self, key: str, tmp_path: Path) -> None:
        """As plain objects they would have the number of the task for an id."""
        other = {"id": 17, "data": {"id": 17}, key: [annotation(1, chosen("3"))]}
        for tasks in ([other], [task(1, "17", annotation(1, chosen("3"))), other], [{"id": 17, "label": "3"}, other]):
            path = self.write(tmp_path / "l.json", *tasks)
            with pytest.raises(
                FileFormatError, match=r"l\.json must have `data` and a list `annotations`.*Label Studio"
            ):
                formats.read_labels(path, form=NUMBERS)

    def test_boxes_are_no_classes(self, tmp_path: Path) -> None:
        box = {"from_name": "tag", "to_name": "img", "type": "rectanglelabels", "value": {"rectanglelabels": ["cat"]}}
        path = self.write(tmp_path / "l.json", task(1, "a", annotation(1, box)))
        with pytest.raises(DataError, match=r"annotation 1 of task 1 .*choices.*rectanglelabels.*Boxes"):
            formats.read_labels(path, form=Form())

    def test_several_choices_and_numbers(self, tmp_path: Path) -> None:
        tasks = task(1, "a", annotation(1, chosen("cat", "dog"))), task(2, "b", annotation(2))
        path = self.write(tmp_path / "l.json", *tasks)
        assert labels_of(formats.read_labels(path, form=MULTI)) == {"a": ["cat", "dog"], "b": []}  # submitted: no class
        with pytest.raises(DataError, match="have one class"):
            formats.read_labels(path, form=Form())
        stars = {"from_name": "stars", "to_name": "text", "type": "rating", "value": {"rating": 4}}
        path = self.write(tmp_path / "l.json", task(1, "a", annotation(1, stars)))
        assert labels_of(formats.read_labels(path, form=Form(kind="value"))) == {"a": 4.0}
        path = self.write(tmp_path / "l.json", task(1, "17", annotation(1, chosen("3"))))
        assert labels_of(formats.read_labels(path, form=NUMBERS)) == {17: 3}  # choices are always text

    def min_row(self, **more: Any) -> dict[str, Any]:
        return {"text": "x", "id": "a", "annotator": 1, "annotation_id": 5, "created_at": "2026-03-09T22:16:08.728353Z",
                "updated_at": "2026-03-09T22:16:08.728353Z", "lead_time": 3.5} | more  # fmt: skip

    def test_json_min(self, tmp_path: Path) -> None:
        rows = self.min_row(label="cat"), self.min_row(label="dog", id="b", annotator=2)
        path = self.write(tmp_path / "l.json", *rows)
        file = formats.read_labels(path, form=Form())
        assert labels_of(file) == {"a": "cat", "b": "dog"}
        assert file.table["annotator"].to_pylist() == ["1", "2"]
        assert file.table["spent_ms"].to_pylist() == [3500, 3500]
        path = self.write(
            tmp_path / "l.json", self.min_row(label="cat"), self.min_row(label={"choices": ["cat", "dog"]}, id="b")
        )
        assert labels_of(formats.read_labels(path, form=MULTI)) == {"a": ["cat"], "b": ["cat", "dog"]}

    @pytest.mark.parametrize("control", ["choice", "sentiment"])
    def test_csv_with_an_empty_label_of_ours_names_the_columns(self, tmp_path: Path, control: str) -> None:
        """Label Studio quotes all text: our empty label comes back as `""`, beside the column of the control."""
        path = tmp_path / "l.csv"
        with path.open("w", newline="") as file:
            row = self.min_row(label="", **{control: "cat"})
            writer = csv.DictWriter(file, row, quoting=csv.QUOTE_NONNUMERIC)
            writer.writeheader()
            writer.writerow(row)
        words = f"labels in `label`; got none; it has the columns .*`{control}`.*Label Studio: name the column"
        with pytest.raises(FileFormatError, match=words):
            formats.read_labels(path, form=Form())
        named = formats.read_labels(path, form=Form(), names={"label": control})
        assert labels_of(named) == {"a": "cat"}
        assert named.table["told_at"][0].as_py() == datetime(2026, 3, 9, 22, 16, 8, 728353, UTC)

    def test_choices_in_csv(self, tmp_path: Path) -> None:
        path = tmp_path / "l.csv"
        path.write_text('id,label,annotation_id\na,"{""choices"":[""cat"",""dog""]}",1\nb,cat,2\n')
        assert labels_of(formats.read_labels(path, form=MULTI)) == {"a": ["cat", "dog"], "b": ["cat"]}

    def test_created_at_of_another_file_is_no_time_of_a_label(self, tmp_path: Path) -> None:
        (tmp_path / "l.csv").write_text("id,label,created_at,lead_time\na,cat,Tuesday,weeks\n")
        assert formats.read_labels(tmp_path / "l.csv", form=Form()).table.schema.names == ["id", "label"]


class TestDoccano:
    def test_a_list_of_one_class_is_that_class(self, tmp_path: Path) -> None:
        rows = [
            {"id": "a", "text": "x", "label": ["cat"], "Comments": []},
            {"id": "b", "text": "y", "label": [], "Comments": ["blurred", "or dark"]},
        ]
        path = jsonl(tmp_path / "l.jsonl", *rows)
        file = formats.read_labels(path, form=Form())
        assert (labels_of(file), file.unlabelled) == ({"a": "cat"}, 1)
        assert file.comments.to_pylist() == [{"id": "b", "text": "blurred\nor dark"}]
        (tmp_path / "l.json").write_text(json.dumps(rows))
        assert labels_of(formats.read_labels(tmp_path / "l.json", form=Form())) == {"a": "cat"}
        with pytest.raises(DataError, match=r"line 1 .*one class in `label`.*; got \[\"cat\", \"dog\"\]"):
            formats.read_labels(jsonl(path, {"id": "a", "label": ["cat", "dog"]}), form=Form())

    @pytest.mark.parametrize("name", ["l.jsonl", "l.json", "l.csv", "l.parquet"])
    def test_an_empty_list_has_two_readings(self, tmp_path: Path, name: str) -> None:
        rows = [{"id": "a", "label": ["cat"]}, {"id": "b", "label": []}, {"id": "c", "label": []}]
        path = tmp_path / name
        if name == "l.json":
            path.write_text(json.dumps(rows))
        else:
            formats.write(pa.Table.from_pylist(rows), path)
        words = r"\[\], as 2 rows have.*nobody has labelled \(open\).*no class fits \(none\)"
        with pytest.raises(DataError, match=words):
            formats.read_labels(path, form=MULTI)
        file = formats.read_labels(path, form=MULTI, empty="open")
        assert (labels_of(file), file.unlabelled) == ({"a": ["cat"]}, 2)
        assert labels_of(formats.read_labels(path, form=MULTI, empty="none")) == {"a": ["cat"], "b": [], "c": []}

    def test_what_stands_beside_answers_decides(self, tmp_path: Path) -> None:
        times = {"told_at": "2026-03-09T22:16:08Z"}
        path = jsonl(tmp_path / "l.jsonl", {"id": "a", "label": ["cat"]}, {"id": "b", "label": [], **times})
        assert labels_of(formats.read_labels(path, form=MULTI)) == {"a": ["cat"], "b": []}

    @pytest.mark.parametrize("form", [Form(), MULTI])
    def test_spans_are_no_classes(self, tmp_path: Path, form: Form) -> None:
        path = jsonl(tmp_path / "l.jsonl", {"id": "a", "text": "EU rejects", "label": [[0, 2, "ORG"], [3, 9, "MISC"]]})
        with pytest.raises(DataError, match=r"line 1 .*got \[\[0, 2, \"ORG\"\].*Spans of a text"):
            formats.read_labels(path, form=form)


class TestNested:
    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("l.json", {"version": "5", "flags": {}, "shapes": [], "imagePath": "a.jpg"}, "an export of LabelMe"),
            ("l.json", {"info": {}, "categories": {"label": {"labels": []}}, "items": []}, "an export of Datumaro"),
            ("l.json", {"id": {"0": "a"}, "label": {"0": "cat"}}, "other JSON. Export a table"),
            ("l.json", [], "COCO .*an empty list"),
            ("l.jsonl", {"data_row": {"id": "x"}, "projects": {"p": {"labels": []}}}, "columns `data_row`"),
            ("l.jsonl", {"id": "a", "data_row": {"id": "x"}, "projects": {}}, "an export of Labelbox"),
            ("l.csv", 'ID,DataRow ID,Labeled Data,Label\nx,y,http://a,"{""objects"":[]}"\n', "an export of Labelbox"),
        ],
    )  # fmt: skip
    def test_they_are_refused_by_name(self, tmp_path: Path, name: str, text: Any, words: str) -> None:
        (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text))
        with pytest.raises(FileFormatError, match=words):
            formats.read_labels(tmp_path / name, form=Form())

    def test_a_list_of_objects_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "l.json"
        path.write_text('[{"Id": "a", "label": "cat"}, {"Id": "b", "label": null}]')
        file = formats.read_labels(path, form=Form())
        assert (labels_of(file), file.unlabelled) == ({"a": "cat"}, 1)
        odd_texts = ("[1]", "entry 1 .*JSON object"), ('[{"id": "a"}, 2]', "entry 2"), ('[{"x": 1}]', "columns `x`")
        for odd, words in odd_texts:
            path.write_text(odd)
            with pytest.raises(LadleError, match=words):
                formats.read_labels(path, form=Form())


class TestOtherColumns:
    def test_mechanical_turk(self, tmp_path: Path) -> None:
        (tmp_path / "l.csv").write_text(
            '"HITId","WorkerId","AssignmentStatus","WorkTimeInSeconds","Input.id","Answer.kind"\n'
            '"h1","w1","Approved","12","a","cat"\n"h1","w2","Rejected","1","a","dog"\n"h2","w1","Submitted","7","b","dog"\n'
        )
        names = {"id": "Input.id", "label": "Answer.kind"}
        file = formats.read_labels(tmp_path / "l.csv", form=Form(), names=names)
        assert (labels_of(file), file.rejected) == ({"a": "cat", "b": "dog"}, 1)
        assert file.table["spent_ms"].to_pylist() == [12000, 7000]
        assert file.table["annotator"].to_pylist() == ["w1", "w1"]

    @pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.parquet", "l.json"])
    def test_skips_reasons_comments_and_seconds(self, tmp_path: Path, name: str) -> None:
        rows = [
            {"id": "a", "label": "cat", "skip": False, "skip_reason": None, "comment": "sure", "seconds": 2.5},
            {"id": "b", "label": None, "skip": True, "skip_reason": "blurred", "comment": None, "seconds": 1.0},
            {"id": "c", "label": None, "skip": None, "skip_reason": None, "comment": "later", "seconds": None},
        ]
        path = tmp_path / name
        if name == "l.json":
            path.write_text(json.dumps(rows))
        else:
            formats.write(pa.Table.from_pylist(rows), path)
        file = formats.read_labels(path, form=Form())
        assert file.table.to_pylist() == [{"id": "a", "label": "cat", "spent_ms": 2500}]
        assert file.skips.to_pylist() == [{"id": "b", "reason": "blurred", "spent_ms": 1000}]
        assert file.comments.to_pylist() == [{"id": "a", "text": "sure"}, {"id": "c", "text": "later"}]
        assert file.unlabelled == 1

    @pytest.mark.parametrize("name", ["l.csv", "l.parquet"])
    def test_a_time_that_is_not_known_is_null(self, tmp_path: Path, name: str) -> None:
        """As an export of labels writes it."""
        table = pa.table({"id": ["a", "b"], "label": ["x", "y"], "seconds": [float("nan"), 2.0]})
        pq.write_table(table, tmp_path / name) if name == "l.parquet" else formats.write(table, tmp_path / name)
        assert formats.read_labels(tmp_path / name, form=Form()).table["spent_ms"].to_pylist() == [None, 2000]

    @pytest.mark.parametrize(
        ("column", "values", "words"),
        [
            ("flagged", ["no", "yes"], "line 3 .*`flagged` decided; got true, as 1 row has"),
            ("approved", ["yes", "no"], "line 3 .*`approved` decided; got false"),
            ("skip", ["no", "yes"], "line 3 .*have a label or be skipped"),
            ("skipped", ["", "perhaps"], "line 3 .*yes or no in `skipped`"),
            ("was_cancelled", ["", "7"], "line 3 .*yes or no in `was_cancelled`"),
            ("seconds", ["1", "-5"], "line 3 .*time spent.*-5"),
            ("seconds", ["1", "long"], "line 3 .*a number in `seconds`"),
            ("answer", ["accept", "Paris"], "line 3 .*'Paris'"),
        ],
    )
    def test_a_column_that_is_not_understood_is_refused_until_it_is_ignored(
        self, tmp_path: Path, column: str, values: list[str], words: str
    ) -> None:
        path = tmp_path / "l.csv"
        path.write_text(f"id,label,{column}\na,cat,{values[0]}\nb,dog,{values[1]}\n")
        with pytest.raises(DataError, match=words):
            formats.read_labels(path, form=Form())
        assert labels_of(formats.read_labels(path, form=Form(), ignore=[column.upper()])) == {"a": "cat", "b": "dog"}

    @pytest.mark.parametrize("column", FOREIGN_COLUMNS, ids=lambda column: column.name)
    def test_the_table_says_what_happens(self, tmp_path: Path, column: formats.ForeignColumn) -> None:
        """Each row of the table, in a file: what it says becomes of the row does."""
        words: dict[str, str] = {}
        for _, vocabulary in column.vocabularies:
            words |= dict(vocabulary)
        if column.meaning == "flag":
            words = {"yes": column.yes, "no": column.no}
        mark = ",".join(column.beside[:1])
        path = tmp_path / "l.csv"
        for word, outcome in words.items():
            label = "" if column.name in ("skip", "skipped", "is_skipped") and word == "yes" else "cat"
            path.write_text(f"id,label,{column.name}{mark}\na,{label},{word}\n")
            assert outcome in OUTCOMES
            if outcome == "refused":
                with pytest.raises(DataError, match=column.name):
                    formats.read_labels(path, form=Form())
                continue
            file = formats.read_labels(path, form=Form())
            got = {
                "counts": file.table.num_rows - file.machine, "machine": file.machine, "open": file.unlabelled,
                "skipped": len(file.skip_rows), "rejected": file.rejected, "stale": file.superseded,
            }  # fmt: skip
            assert got == dict.fromkeys(got, 0) | {outcome: 1}
        assert column.says

    def test_later_labels_of_one_annotator_come_last(self, tmp_path: Path) -> None:
        early, late = "2026-03-09T00:00:00Z", "2026-03-10T00:00:00Z"
        rows = [{"id": "a", "label": "new", "annotator": "x", "told_at": late},
                {"id": "a", "label": "old", "annotator": "x", "told_at": early}]  # fmt: skip
        file = formats.read_labels(jsonl(tmp_path / "l.jsonl", *rows), form=Form())
        assert (file.table["label"].to_pylist(), file.rows.tolist()) == (["old", "new"], [1, 0])
        for rest in ({"told_at": early}, {"told_at": None}):
            with pytest.raises(DataError, match=r"'a' \(line 2 after line 1\).*the times in a column `told_at`"):
                formats.read_labels(jsonl(tmp_path / "l.jsonl", rows[0] | rest, rows[1]), form=Form())


class TestOwnBatches:
    def batch(self) -> Any:
        ids, rows = ["im1", "im2", "im3", "im4"], [7, 3, 5, 1]
        tasks = pa.table({"id": ids, "row": rows, "order": [0, 1, 2, 3], "round": [2] * 4})
        return as_batch_file(tasks, [2] * 4, pa.large_string())

    @pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.parquet", "l.json"])
    def test_ids_apart_from_their_lines_are_refused(self, tmp_path: Path, name: str) -> None:
        path, batch = tmp_path / name, self.batch()

        def told(ids: list[str]) -> LabelFile:
            columns = {each: batch[each] for each in batch.schema.names} | {"id": ids, "label": ["c", "d", None, "e"]}
            if name == "l.json":
                path.write_text(json.dumps(pa.table(columns).to_pylist()))
            else:
                formats.write(pa.table(columns), path)
            return formats.read_labels(path, form=Form())

        good = batch["id"].to_pylist()
        assert told(good).table["ladle_row"].to_pylist() == [7, 3, 1]
        for ids, count in (([good[0], *good[2:], good[1]], 3), (["1", "2", "3", "4"], 4)):
            first = {"l.csv": 2, "l.jsonl": 1, "l.parquet": 0, "l.json": 1}[name] + 4 - count  # as the format counts
            with pytest.raises(IdError, match=rf"(line|row|label) {first} .*{count} of 4 lines .*`ladle_id`"):
                told(ids)
        renamed = formats.read_labels(path, form=Form(), names={"id": "ladle_id"})
        assert renamed.table["id"].to_pylist() == ["im1", "im2", "im4"]

    def test_a_row_of_an_old_batch_is_told_along(self, tmp_path: Path) -> None:
        path = tmp_path / "l.csv"
        path.write_text("id,row,order,round,label\na,4,0,1,cat\n")
        assert formats.read_labels(path, form=Form()).table["row"].to_pylist() == [4]
        path.write_text("id,row,label\na,4,cat\n")
        assert formats.read_labels(path, form=Form()).table.schema.names == ["id", "label"]


@pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.parquet", "l.json"])
def test_numbers_have_spaces_around_them(tmp_path: Path, name: str) -> None:
    path, cells = tmp_path / name, {"id": [" 1", "2 ", "3"], "label": [" 3 ", "4\t", " 5.0 "]}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    if name == "l.parquet":
        pq.write_table(pa.table(cells), path)
    elif name == "l.csv":
        path.write_text("id,label\n" + "".join(f'{row["id"]},"{row["label"]}"\n' for row in rows))
    else:
        lines = [json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) if name == "l.jsonl" else json.dumps(rows))
    assert labels_of(formats.read_labels(path, form=NUMBERS)) == {1: 3, 2: 4, 3: 5}
    path = tmp_path / "times.csv"
    path.write_text("id,label,told_at\n1,2, 2026-01-02 03:04 \n")
    assert formats.read_labels(path, form=NUMBERS).table.column("told_at")[0].as_py().hour == 3
    path.write_text("id,label\n1,2 3\n")
    with pytest.raises(DataError, match="an integer in `label`"):
        formats.read_labels(path, form=NUMBERS)


@pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.parquet", "l.json"])
def test_whole_floats_are_integers(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    def write(ids: list[Any], labels: list[Any]) -> None:
        if name == "l.json":
            path.write_text(json.dumps([{"id": a, "label": b} for a, b in zip(ids, labels, strict=True)]))
        elif name == "l.parquet":
            pq.write_table(pa.table({"id": ids, "label": labels}), path)
        else:
            formats.write(pa.table({"id": ids, "label": labels}), path)

    write([1.0, 2.0, 3.0], [0.0, 5.0, None])
    if name in ("l.csv", "l.jsonl"):
        path.write_text(path.read_text().replace("1,0", "1.0,0.0").replace(': 1, "label": 0', ': 1.0, "label": 0.0'))
    assert labels_of(formats.read_labels(path, form=NUMBERS)) == {1: 0, 2: 5}
    for ids, labels in (([1.0, 2.5], [0.0, 1.0]), ([1.0, 2.0], [0.0, 1.5])):
        write(ids, labels)
        with pytest.raises(DataError, match=r"(line [23]|row 1|entry 2) .*an integer in `(id|label)`; got \"?[12].5"):
            formats.read_labels(path, form=NUMBERS)
    lists = [[1.0, 2.0], [3.0]]
    write([1.0, 2.0], lists)
    assert labels_of(formats.read_labels(path, form=Form(kind="multi", items="integer", ids="integer"))) == {
        1: [1, 2], 2: [3]
    }  # fmt: skip

"""Label files as other tools write them, told to a campaign: what counts is stored, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ladle import formats
from ladle.errors import ArgumentError, DataError, FileFormatError, IdError, LadleError
from ladle.formats.checks import as_batch_file
from ladle.labelling import Labels, Store
from tests.campaign.made import begun

SINGLE = Labels.single(["cat", "dog"])
MULTI = Labels.multi(["cat", "dog"])
DIGITS = Labels.single([0, 1, 2])
IDS = [f"images/{row}.jpg" for row in range(6)]


def jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def prodigy(row: int, answer: str, label: str) -> dict[str, Any]:
    return {"id": IDS[row], "label": label, "answer": answer, "_task_hash": row, "_annotator_id": "ann"}


def studio(row: int, *chosen: str, cancelled: bool = False) -> dict[str, Any]:
    value = {"from_name": "label", "to_name": "img", "type": "choices", "value": {"choices": [*chosen]}}
    annotation = {"id": row, "completed_by": {"email": "ann"}, "result": [value] if chosen else [],
                  "was_cancelled": cancelled, "updated_at": "2026-03-10T22:16:08.7Z", "lead_time": 2.0}  # fmt: skip
    return {"id": row + 1, "data": {"id": IDS[row], "label": ""}, "annotations": [annotation]}


def without_control(row: int, *chosen: str) -> dict[str, Any]:
    task = studio(row, *chosen)
    for result in task["annotations"][0]["result"]:
        del result["from_name"]
    return task


def coco(images: list[tuple[Any, str]], pairs: list[tuple[Any, int]]) -> str:
    return json.dumps({
        "images": [{"id": key, "file_name": name} for key, name in images],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [{"id": at, "image_id": key, "category_id": kind} for at, (key, kind) in enumerate(pairs)],
    })  # fmt: skip


META = {"class-name": "dog", "type": "groundtruth/image-classification", "creation-date": "2026-05-22T21:33:37.2"}
TOLD: list[tuple[str, Labels, str, bytes | str, dict[int, Any]]] = [
    ("accepts alone are labels", SINGLE, "l.jsonl",
     jsonl(prodigy(0, "accept", "cat"), prodigy(1, "reject", "cat"), prodigy(2, "ignore", "dog")), {0: "cat"}),
    ("one class in a list", SINGLE, "l.jsonl", jsonl({"id": IDS[0], "label": ["cat"]}, {"id": IDS[1], "label": []}),
     {0: "cat"}),
    ("Label Studio", SINGLE, "l.json", json.dumps([studio(0, "cat"), studio(1, cancelled=True), studio(2)]),
     {0: "cat"}),
    ("choices", MULTI, "l.json", json.dumps([studio(0, "cat", "dog"), studio(1)]), {0: ["cat", "dog"], 1: []}),
    ("own words of status", SINGLE, "l.csv",
     f"id,label,status\n{IDS[0]},cat,superseded\n{IDS[1]},dog,current\n{IDS[2]},dog,deleted\n", {1: "dog"}),
    ("Argilla", SINGLE, "l.csv", f"id,label,status\n{IDS[0]},cat,submitted\n{IDS[1]},dog,draft\n", {0: "cat"}),
    ("whole floats", DIGITS, "l.csv", f"id,label\n{IDS[0]},1.0\n{IDS[1]},0.0\n", {0: 1, 1: 0}),
    ("whole floats in JSON", DIGITS, "l.jsonl", jsonl({"id": IDS[0], "label": 2.0}), {0: 2}),
    ("quoted empty labels", SINGLE, "l.csv", f'"id","label"\n"{IDS[0]}","cat"\n"{IDS[1]}",""\n', {0: "cat"}),
    ("words for nothing", SINGLE, "l.csv", f"id,label\n{IDS[0]},cat\n{IDS[1]},NA\n", {0: "cat"}),
    ("semicolons", SINGLE, "l.csv", f"sep=;\r\nId;Label\r\n{IDS[0]};cat\r\n", {0: "cat"}),
    ("UTF-16 and tabs", SINGLE, "l.csv", f"id\tlabel\n{IDS[0]}\tcat\n".encode("utf-16"), {0: "cat"}),
    ("trailing commas", SINGLE, "l.csv", f"id,label\n{IDS[0]},cat,,\n", {0: "cat"}),
    ("base names", SINGLE, "l.json", coco([(1, "0.jpg"), (2, "1.jpg")], [(1, 1), (2, 2), (2, 2)]),
     {0: "cat", 1: "dog"}),
    ("ids of images", SINGLE, "l.json", coco([(IDS[0], "x.jpg"), (IDS[1], "y.jpg")], [(IDS[1], 2)]), {1: "dog"}),
    ("a manifest", SINGLE, "l.manifest",
     jsonl({"source-ref": "s3://bucket/images/3.jpg", "kind": "1", "kind-metadata": META}), {3: "dog"}),
]  # fmt: skip
REFUSED: list[tuple[str, Labels, str, str, type[LadleError], str]] = [
    ("unknown words of status", SINGLE, "l.csv", f"id,label,status\n{IDS[0]},cat,done\n", DataError, "line 2"),
    ("binary tasks in a multi-label", MULTI, "l.jsonl", jsonl(prodigy(0, "accept", "cat")), DataError, "line 1"),
    ("empty lists", MULTI, "l.jsonl", jsonl({"id": IDS[0], "label": []}), DataError, "nobody has labelled"),
    ("spans", SINGLE, "l.jsonl", jsonl({"id": IDS[0], "label": [[0, 2, "ORG"]]}), DataError, "Spans"),
    ("flagged rows", SINGLE, "l.csv", f"id,label,flagged\n{IDS[0]},cat,yes\n", DataError, "`flagged` decided"),
    ("half a class", DIGITS, "l.csv", f"id,label\n{IDS[0]},1.5\n", DataError, 'line 2 .*"1.5"'),
    ("an empty label beside a control", SINGLE, "l.csv",
     f'"id","label","annotation_id","choice"\n"{IDS[0]}","",1,"cat"\n', FileFormatError, "`choice`.*Label Studio"),
    ("choices of no control", MULTI, "l.json", json.dumps([without_control(0, "cat"), studio(1)]), DataError,
     "annotation 1 of task 1 .*`from_name`"),
    ("two separators", SINGLE, "l.csv", f"id;label,annotator\n{IDS[0]};cat,ann\n", FileFormatError, "the delimiter"),
]  # fmt: skip


def stored(campaign: Any) -> dict[int, Any]:
    """Row -> label, of all labels that were ever stored."""
    labels = campaign.labels()
    pairs = zip(labels["row"].tolist(), labels["label"], strict=True)
    return {row: label for row, label in pairs if label not in ("", None)}


@pytest.mark.parametrize(
    ("labels", "name", "content", "wanted"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD]
)
def test_what_counts_is_stored(
    store: Store, tmp_path: Path, labels: Labels, name: str, content: bytes | str, wanted: dict[int, Any]
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with begun(store, tmp_path, labels=labels) as campaign:
        told = campaign.tell_file(path)
        assert (told.accepted, told.quarantined) == (len(wanted), 0)
        assert stored(campaign) == wanted
        assert len(campaign.quarantine()) == 0
        assert campaign.verify().ok


@pytest.mark.parametrize(
    ("labels", "name", "content", "kind", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_not_understood_changes_nothing(
    store: Store, tmp_path: Path, labels: Labels, name: str, content: str, kind: type[LadleError], words: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with begun(store, tmp_path, labels=labels) as campaign:
        before = len(campaign.audit())
        with pytest.raises(kind, match=words):
            campaign.tell_file(path)
        assert (stored(campaign), len(campaign.audit())) == ({}, before)


@pytest.mark.parametrize(
    ("moved", "first"),
    [
        (lambda ids: [str(number) for number in range(1, 7)], 2),  # renumbered
        (lambda ids: [*ids[1:], ids[0]], 2),  # shifted by a line
        (lambda ids: [*ids[:4], ids[5], ids[4]], 6),
    ],
)
def test_a_batch_whose_ids_left_their_lines_is_refused(
    store: Store, tmp_path: Path, moved: Callable[[list[str]], list[str]], first: int
) -> None:
    rows = list(range(6))
    tasks = pa.table({"id": IDS, "row": rows, "order": rows, "round": [1] * 6})
    batch = as_batch_file(tasks, [1] * 6, pa.large_string())
    filled = {name: batch[name] for name in batch.schema.names} | {"label": ["cat"] * 6}
    path = tmp_path / "l.csv"
    with begun(store, tmp_path, labels=SINGLE) as campaign:
        formats.write(pa.table(filled | {"id": moved(IDS)}), path)
        with pytest.raises(IdError, match=rf"line {first} of .*l\.csv must have the id that its check is of"):
            campaign.tell_file(path)
        assert stored(campaign) == {}
        by_copy = formats.read_labels(path, form=campaign.form, names={"id": "ladle_id"})
        assert campaign.tell_file(by_copy).accepted == 6
        assert stored(campaign) == dict.fromkeys(rows, "cat")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("kept", ["row id", "check id", "check row", "id", "check", "row"])
def test_any_column_of_a_batch_that_is_left_shows_that_its_ids_moved(
    store: Store, tmp_path: Path, kept: str, ending: str
) -> None:
    rows = list(range(6))
    batch = as_batch_file(pa.table({"id": IDS, "row": rows}), [3] * 6, pa.large_string())
    columns = {f"ladle_{name}": batch[f"ladle_{name}"] for name in kept.split()}
    path = tmp_path / f"l.{ending}"
    with begun(store, tmp_path, labels=SINGLE) as campaign:
        for moved in ([*IDS[1:], IDS[0]], [*IDS[:4], IDS[5], IDS[4]], [*IDS[:5], "a stranger"]):
            formats.write(pa.table({"id": moved, "label": ["cat"] * 6} | columns), path)
            with pytest.raises(IdError, match=r"l\.(csv|jsonl) must (have|name)"):
                campaign.tell_file(path)
        assert stored(campaign) == {}
        formats.write(pa.table({"id": IDS, "label": ["cat"] * 6} | columns), path)
        assert campaign.tell_file(path).accepted == 6


LEFT_OUT = {
    "a reject": {"answer": "reject"},
    "a reject with a comment": {"answer": "reject", "comment": "blurred"},
    "a label that waits": {"status": "pending"},
    "a label of before": {"status": "superseded"},
    "rejected": {"rejected": True},
    "deleted": {"deleted": 1},
}


@pytest.mark.parametrize("facts", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_file_whose_every_label_is_left_out_is_told_as_such(
    store: Store, tmp_path: Path, facts: dict[str, Any]
) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text(jsonl({"id": IDS[0], "label": "cat"} | facts))
    with begun(store, tmp_path, labels=SINGLE, strategy="uniform") as campaign:
        told = campaign.tell_file(path, annotator="ann")
        assert (told.accepted, told.quarantined, told.comments) == (0, 0, int("comment" in facts))
        assert not told.repeat_of_key
        assert campaign.tell_file(path, annotator="ann").repeat_of_key
        assert campaign.tell_file(path, source="elsewhere", imported=True).accepted == 0
        file = formats.read_labels(path, form=campaign.form)
        assert file.unlabelled + file.superseded + file.rejected == 1
        batch = campaign.round(2, labels=[path], annotator="ann").batch
        assert len(batch) == 2
        assert stored(campaign) == {}
        assert campaign.verify().ok


@pytest.mark.parametrize("labels", [SINGLE, DIGITS, Labels.value()], ids=["text", "numbers", "value"])
def test_none_is_no_reading_of_an_empty_list_where_a_label_is_one_thing(
    store: Store, tmp_path: Path, labels: Labels
) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text(jsonl({"id": IDS[0], "label": labels.classes[0] if labels.classes else 1.5}))
    with begun(store, tmp_path, labels=labels) as campaign, pytest.raises(ArgumentError, match="must be `open` where"):
        formats.read_labels(path, form=campaign.form, empty="none")


def test_users_decide_what_an_empty_list_is(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text(jsonl({"id": IDS[0], "label": ["cat"]}, {"id": IDS[1], "label": []}))
    with begun(store, tmp_path, labels=MULTI) as campaign:
        open_file = formats.read_labels(path, form=campaign.form, empty="open")
        assert (campaign.tell_file(open_file).accepted, open_file.unlabelled) == (1, 1)
        none_file = formats.read_labels(path, form=campaign.form, empty="none")
        campaign.tell_file(none_file, key="none of the classes")
        assert stored(campaign) == {0: ["cat"], 1: []}

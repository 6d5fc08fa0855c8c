"""Backups whose seal is right and whose contents no campaign has: refused, and nothing is left of the attempt."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle import durable
from ladle.errors import CorruptFileError, FileError, FileFormatError, LadleError
from ladle.labelling import MemoryStore
from tests.campaign.test_lost_rows import FILLED
from tests.golden.make_campaign import Clock, everything, told_of


class Members(dict[str, bytes]):
    """The members of a zip, by their names."""

    __slots__ = ()

    def __repr__(self) -> str:  # of a failing example, which nobody wants to read
        return "<the members>"

    def __or__(self, other: dict[str, bytes]) -> Members:  # type: ignore[override]
        return Members({**self, **other})


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """The members of a good backup, of a campaign that has rows in every table."""
    folder = tmp_path_factory.mktemp("good")
    path = everything(MemoryStore(), folder / "files", Clock()).backup(folder / "birds.zip")  # type: ignore[arg-type]
    with zipfile.ZipFile(path) as archive:
        return Members({name: archive.read(name) for name in archive.namelist()})


def sealed(path: Path, members: Members) -> Path:
    with durable.writing(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        durable.seal(file)
    return path


def rows_of(members: Members, table: str) -> list[list[Any]]:
    return [row for line in members[f"{table}.jsonl"].splitlines() for row in json.loads(line)]


def with_rows(members: Members, table: str, rows: Any) -> Members:
    return members | {f"{table}.jsonl": json.dumps(rows).encode() + b"\n"}


def place_of(table: str, field: str) -> int:
    (kind,) = (kind for kind in FILLED if table == kind.NAME)
    return list(kind.layout()).index(field)


def cell(table: str, field: str, value: Any, row: int = 0) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        rows = rows_of(members, table)
        rows[row][place_of(table, field)] = value
        return with_rows(members, table, rows)

    return change


def without_row(table: str, row: int) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        rows = rows_of(members, table)
        del rows[row]
        return with_rows(members, table, rows)

    return change


def twice(table: str) -> Callable[[Members], Members]:
    return lambda members: with_rows(members, table, [*rows_of(members, table), rows_of(members, table)[0]])


def header_with(**fields: Any) -> Callable[[Members], Members]:
    return lambda members: members | {"header.json": json.dumps(json.loads(members["header.json"]) | fields).encode()}


def settings_with(**fields: Any) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        header = json.loads(members["header.json"])
        told = json.dumps(json.loads(header["settings"]) | fields)
        return members | {"header.json": json.dumps(header | {"settings": told}).encode()}

    return change


def file_as(name: str, content: bytes) -> Callable[[Members], Members]:
    """Another file of the campaign, under the digest and size that the tables have of it."""

    def change(members: Members) -> Members:
        rows = rows_of(members, "artefact")
        for row in rows:
            if row[0] == name:
                row[1:3] = [hashlib.sha256(content).hexdigest(), len(content)]
        return with_rows(members, "artefact", rows) | {f"files/{name}": content}

    return change


def renamed_file(name: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        rows = rows_of(members, "artefact")
        content = members[f"files/{rows[0][0]}"]
        kept = {key: value for key, value in members.items() if key != f"files/{rows[0][0]}"}
        rows[0][0] = name
        return with_rows(kept, "artefact", rows) | {f"files/{name}": content}

    return change


ODD: tuple[Any, ...] = (None, True, 1.5, -(2**62), 2**62, 2**70, "", "x", "\ud800", "\0", [], {})
FIELDS = [(kind.NAME, field) for kind in FILLED for field in kind.layout()]
DAMAGES: dict[str, Callable[[Members], Members]] = {
    **{f"a row less in {kind.NAME}": without_row(kind.NAME, 0) for kind in FILLED},
    **{f"the last row less in {kind.NAME}": without_row(kind.NAME, -1) for kind in FILLED if kind.NAME == "event"},
    **{f"a row twice in {kind.NAME}": twice(kind.NAME) for kind in FILLED},
    **{f"no rows in {kind.NAME}": (lambda members, name=kind.NAME: with_rows(members, name, [])) for kind in FILLED},
    **{
        f"no table {kind.NAME}": (
            lambda members, name=kind.NAME: {key: each for key, each in members.items() if key != f"{name}.jsonl"}
        )
        for kind in FILLED
    },
    **{
        f"{kind.NAME} is {shown!r}": (lambda members, name=kind.NAME, text=shown: members | {f"{name}.jsonl": text})
        for kind in FILLED[:3]
        for shown in (b"{", b"null", b"1", b'"rows"', b"{}", b"[1]", b"[[]]", b"\xff", b"[" * 100_000)
    },
    **{f"{table}.{field} is None": cell(table, field, None) for table, field in FIELDS},
    **{f"{table}.{field} is a list": cell(table, field, []) for table, field in FIELDS},
    **{f"{table}.{field} is too large": cell(table, field, 2**70) for table, field in FIELDS},
    "a batch's rows are no base64": cell("batch_rows", "row_list", "?"),
    "a batch's rows are cut": cell("batch_rows", "row_list", "AAA="),
    "a batch's rows lie outside": cell("batch_rows", "row_list", "/////////38="),
    "a state of none": cell("task", "state", 9),
    "an origin of none": cell("task", "origin", -1),
    "a batch of none": cell("task", "batch", 9),
    "a status of none": cell("label", "status", 7),
    "a label that is none": cell("label", "label", "cat"),
    "a label of another class": cell("label", "label", '"yak"'),
    "a round of none": cell("batch", "round", 0),
    "a story that is none": cell("batch", "story", "["),
    "a size of another batch": cell("batch", "size", 3),
    "ids of another kind": cell("pool_part", "id_type", "float"),
    "a pool of more rows": cell("pool_part", "rows", 51),
    "a pool of none": cell("pool_part", "rows", 0),
    "another pool": cell("pool_part", "digest", "0" * 64),
    "a time beyond all calendars": cell("label", "told_at", 2**60),
    "metrics that are none": cell("model", "metrics", "[]"),
    "details that are none": cell("event", "details", "{}"),
    "a broken chain": cell("event", "kind", "tell"),
    "a file of another size": cell("artefact", "file_bytes", 1),
    "a file of another digest": cell("artefact", "digest", "0" * 64),
    "a file of no name": renamed_file(""),
    "a file in another folder": renamed_file("../birds.db"),
    "a file that is a folder": renamed_file(".."),
    "a file that is no ids": file_as("ids-1.arrow", b"nothing"),
    "a file of no bytes": file_as("ids-2.arrow", b""),
    "a file too many": lambda members: members | {"files/more.bin": b"x"},
    "a file too few": lambda members: {name: each for name, each in members.items() if name != "files/ids-1.arrow"},
    "settings of another kind": header_with(settings=1),
    "settings that are no JSON": header_with(settings="{"),
    "settings with more": settings_with(more=1),
    "settings without labels": settings_with(labels=None),
    "settings with odd labels": settings_with(labels={"kind": "odd", "classes": None, "low": None, "high": None}),
    "settings with odd classes": settings_with(labels={"kind": "single", "classes": [[]], "low": None, "high": None}),
    "settings with an odd name": settings_with(name="../x"),
    "settings with an odd strategy": settings_with(strategy=1),
    "settings with odd options": settings_with(options=[]),
    "settings with an odd seed": settings_with(seed="a"),
    "settings with an odd budget": settings_with(budget=-1),
    "settings with an odd lease": settings_with(lease_seconds=float("nan")),
    "settings with odd files": settings_with(files=1),
    "no header": lambda members: {name: each for name, each in members.items() if name != "header.json"},
    "a header that is a list": lambda members: members | {"header.json": b"[]"},
    "a header that is deep": lambda members: members | {"header.json": b"[" * 100_000},
    "another format": header_with(format="ladle-dendrogram"),
    "a version of the future": header_with(format_version=3),
    "a version that is none": header_with(format_version="1"),
    "a version that is true": header_with(format_version=True),
}


def refused(path: Path, folder: Path) -> LadleError | None:
    """The error that a restore ends in, which leaves nothing; None when it is a sound campaign."""
    store = MemoryStore()
    try:
        campaign = ladle.Campaign.restore(store, path, files=str(folder))
    except LadleError as error:
        assert store.names() == []
        assert not folder.exists()
        return error
    verdict = campaign.verify()
    assert verdict.ok, verdict.problems
    with suppress(LadleError):  # the batch that it asks for by its key may have another one
        told_of(campaign)
    return None


def test_the_good_one_is_good(good: Members, tmp_path: Path) -> None:
    assert refused(sealed(tmp_path / "b.zip", good), tmp_path / "files") is None


@pytest.mark.parametrize("name", DAMAGES)
def test_impossible_contents_are_refused_whole(name: str, good: Members, tmp_path: Path) -> None:
    error = refused(sealed(tmp_path / "b.zip", DAMAGES[name](good)), tmp_path / "files")
    assert isinstance(error, (CorruptFileError, FileFormatError)), error
    assert "b.zip" in str(error)


def test_what_is_no_zip_and_has_a_seal(tmp_path: Path) -> None:
    with durable.writing(tmp_path / "b.zip") as file:
        file.write(b"text" * 100 + bytes(2))
        durable.seal(file)
    assert isinstance(refused(tmp_path / "b.zip", tmp_path / "files"), FileFormatError)


def test_tables_larger_than_memory_are_not_read(good: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = sealed(tmp_path / "b.zip", good | {"event.jsonl": b" " * 30_000_000})
    assert bomb.stat().st_size < 100_000
    monkeypatch.setenv("LADLE_MEMORY", "50M")
    with pytest.raises(ladle.errors.MemoryPlanError, match="tables of the backup"):
        ladle.Campaign.restore(MemoryStore(), bomb, files=str(tmp_path / "files"))


def test_files_of_another_campaign_are_not_overwritten(good: Members, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "ids-2.arrow").write_bytes(b"another campaign's")
    store = MemoryStore()
    with pytest.raises(FileError, match="free for the restored"):
        ladle.Campaign.restore(store, sealed(tmp_path / "b.zip", good), files=str(folder))
    assert store.names() == []
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"ids-2.arrow": b"another campaign's"}


def test_a_restore_that_failed_before_its_commit_can_be_repeated(good: Members, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "ids-1.arrow").write_bytes(good["files/ids-1.arrow"])  # left by a crash
    assert ladle.Campaign.restore(MemoryStore(), sealed(tmp_path / "b.zip", good), files=str(folder)).verify().ok


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_else_is_refused_whole_or_sound(
    good: Members, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    table, field = data.draw(st.sampled_from(FIELDS))
    rows = rows_of(good, table)
    row = data.draw(st.integers(0, len(rows) - 1))
    other = rows[data.draw(st.integers(0, len(rows) - 1))][place_of(table, field)]
    value = data.draw(st.sampled_from([*ODD, other, 0, 1]) | st.integers(-3, 70) | st.text(max_size=3))
    folder = tmp_path_factory.mktemp("any")
    refused(sealed(folder / "b.zip", cell(table, field, value, row)(good)), folder / "files")

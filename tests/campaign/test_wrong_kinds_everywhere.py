"""Every public method of a campaign and of its parts, found by inspection, with every argument of a wrong kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, FileError, LadleError
from ladle.formats import read_labels
from ladle.labelling import MemoryStore
from tests.campaign.made import begun, ids_of, margins, pool_of

ROWS = 12


def nested(depth: int) -> list[Any]:
    """[[[...]]]"""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


WRONG: dict[str, Any] = {
    "None": None,
    "a number": 3,
    "minus one": -1,
    "half": 0.5,
    "NaN": float("nan"),
    "a huge number": 10**30,
    "a number beyond all floats": 10**400,
    "a number that Python does not write": 10**5000,
    "a switch": True,
    "bytes": b"x",
    "an object": object(),
    "an empty text": "",
    "very long text": "x" * 5000,
    "text with a NUL": "a\x00b",
    "half of a character": "\ud800",
    "a list of numbers": [3],
    "a list of None": [None],
    "an empty list": [],
    "a dict": {"a": object()},
    "a set": {"a"},
    "no time": np.datetime64("NaT"),
    "a length of time": np.timedelta64(1, "D"),
    "an array of two axes": np.zeros((2, 2)),
    "a function": lambda *_, **__: None,
    "a list nested deep": nested(3000),
    "a list of a list nested deep": [nested(3000)],
    "a list of a number that Python does not write": [10**5000],
    "a dict of a number that Python does not write": {"a": 10**5000, 10**5000: 1},
}
# What a good call needs beside its defaults. A new method fails the test below until it is here.
GOOD: dict[str, Callable[[Path], dict[str, Any]]] = {
    "acting": lambda _: {"by": "lea"},
    "add_gold": lambda _: {"ids": ids_of(9)[8:], "labels": ["cat"]},
    "adjudicate": lambda _: {"ids": ids_of(1), "labels": ["cat"]},
    "adjudications": lambda _: {},
    "agreement": lambda _: {},
    "ask": lambda _: {"size": 2, "margins": margins(ROWS)},
    "asked": lambda _: {},
    "assign": lambda _: {"ids": ids_of(1), "to": "ann"},
    "audit": lambda _: {},
    "audit_page": lambda _: {},
    "backup": lambda folder: {"path": folder / "b.backup"},
    "batch": lambda _: {"number": 1},
    "batches": lambda _: {},
    "chosen": lambda _: {"number": 1},
    "close": lambda _: {},
    "comment": lambda _: {"ids": ids_of(1), "texts": "a smudge", "annotator": "ann"},
    "comments": lambda _: {},
    "control": lambda _: {},
    "create": lambda _: {"url": MemoryStore(), "name": "new", "pool": pool_of(ROWS), "strategy": "margin"},
    "delete_labels": lambda _: {"ids": ids_of(1), "reason": "wrong"},
    "disputes": lambda _: {},
    "exclude": lambda _: {"ids": ids_of(1), "reason": "dark"},
    "extend": lambda _: {"pool": pool_of(ROWS)},
    "figures": lambda _: {},
    "has_taken": lambda _: {"annotator": "ann", "ids": ids_of(1)},
    "labels_given": lambda _: {"annotator": "ann", "since": 1.0},
    "groups_of": lambda _: {"annotator": "ann", "ids": ids_of(1)},
    "are_near": lambda _: {"example_id": ids_of(1)[0], "ids": ids_of(2)},
    "tell_group": lambda _: {"example_id": ids_of(1)[0], "label": "cat", "members": [], "annotator": "ann"},
    "group_audit": lambda _: {},
    "has_batch": lambda _: {"key": "none"},
    "label_page": lambda _: {},
    "holdings": lambda _: {},
    "import_labels": lambda _: {"ids": ids_of(1), "labels": ["cat"], "source": "old"},
    "include": lambda _: {"ids": ids_of(1)},
    "labels": lambda _: {},
    "last_event": lambda _: {},
    "map.clusters": lambda _: {},
    "map.clusters_of_tasks": lambda _: {"margins": margins(ROWS)},
    "map.colours": lambda _: {"by": "state"},
    "map.kept": lambda _: {},
    "map.layout": lambda _: {},
    "map.margins": lambda _: {},
    "models": lambda _: {},
    "storage": lambda _: {},
    "migrate": lambda folder: {"url": folder / "there.db"},
    "move_pool": lambda folder: {"pool": folder / "pool.parquet"},
    "names": lambda folder: {"url": folder / "there.db"},
    "open": lambda folder: {"url": folder / "there.db"},
    "outstanding": lambda _: {},
    "progress": lambda _: {},
    "quarantine": lambda _: {},
    "quarantine_page": lambda _: {},
    "record_model": lambda _: {"version": "v1"},
    "release": lambda _: {"annotator": "ann"},
    "resolved": lambda _: {},
    "restore": lambda folder: {"url": MemoryStore(), "path": folder / "there.backup"},
    "reviews": lambda _: {},
    "round": lambda _: {"size": 2, "margins": margins(ROWS)},
    "rounds": lambda _: {},
    "set": lambda _: {"budget": 30},
    "skip": lambda _: {"ids": ids_of(1), "annotator": "ann", "reason": "dark"},
    "split": lambda _: {"shares": {"train": 0.5, "test": 0.5}},
    "story": lambda _: {"example_id": ids_of(1)[0]},
    "take": lambda _: {"annotator": "ann", "size": 1},
    "task_page": lambda _: {},
    "task_total": lambda _: {},
    "resolved_page": lambda _: {},
    "tell": lambda _: {"ids": ids_of(1), "labels": ["cat"]},
    "tell_file": lambda folder: {"file": folder / "a.csv", "annotator": "ann"},
    "unassign": lambda _: {"ids": ids_of(1)},
    "undo_adjudication": lambda _: {"ids": ids_of(1)},
    "verify": lambda _: {},
    "withdrawn": lambda _: {"since": 1},
    "classes.add": lambda _: {"names": "cow"},
    "classes.counts": lambda _: {},
    "classes.merge": lambda _: {"old": "dog", "into": "cat"},
    "classes.refuse_earlier": lambda _: {"subject": "the scores", "count": 9},
    "classes.remove": lambda _: {"name": "owl"},
    "classes.rename": lambda _: {"old": "dog", "new": "wolf"},
    "classes.unmerge": lambda _: {"name": "fox"},
    "people.list": lambda _: {},
    "people.merge": lambda _: {"name": "bob", "into": "ann"},
    "people.rename": lambda _: {"name": "bob", "new": "bo"},
    "people.set_team": lambda _: {"name": "bob", "team": "red"},
    "pool.history": lambda _: {},
    "pool.opened": lambda _: {},
    "pool.problem": lambda _: {},
    "pool.with_gaps": lambda _: {},
    "withdrawals.close_quarantined": lambda _: {"reason": "seen"},
    "withdrawals.preview_deletion": lambda _: {"ids": ids_of(1)},
    "withdrawals.remove_gold": lambda _: {"ids": ids_of(1)},
    "withdrawals.untell": lambda folder: {"file": folder / "a.csv"},
}


def parts() -> list[str]:
    """The properties of a campaign that are parts of it: objects with the same session and methods of their own."""
    found = []
    for name, value in inspect.getmembers(ladle.Campaign, lambda each: isinstance(each, property)):
        returned = str(value.fget.__annotations__.get("return"))  # type: ignore[union-attr]
        if returned.startswith("Campaign") or returned == "Classes":
            found.append(name)
    return found


def methods(campaign: ladle.Campaign) -> Iterator[str]:
    """The names of all public methods of a campaign and of its parts."""
    for prefix, owner in [("", campaign), *((f"{name}.", getattr(campaign, name)) for name in parts())]:
        for name in dir(type(owner)):
            if not name.startswith("_") and callable(getattr(type(owner), name)):
                yield prefix + name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the good calls read: a file of labels, a database, a backup, a pool."""
    (tmp_path / "a.csv").write_text(f"id,label\n{ids_of(4)[3]},cat\n")
    with begun(tmp_path / "there.db", tmp_path / "there", ROWS) as there:
        there.backup(tmp_path / "there.backup")
    vectors = [[float(row * 2), float(row * 2 + 1)] for row in range(ROWS)]
    table = pa.table({"id": ids_of(ROWS), "emb": pa.array(vectors, pa.list_(pa.float32()))})
    pq.write_table(table, tmp_path / "pool.parquet")
    return tmp_path


def busy(folder: Path, name: str) -> ladle.Campaign:
    """A campaign that has some of everything."""
    (folder / name).mkdir()
    campaign = begun(MemoryStore(), folder / name, ROWS, labels=["cat", "dog", "fox", "owl"], control=0.3)
    campaign.classes.merge("fox", "cat")
    campaign.ask(2, margins=margins(ROWS), holder="red")
    campaign.tell([*ids_of(3), "stranger"], ["cat", "dog", "cat", "cat"], annotator="ann", source="desk")
    campaign.tell(ids_of(2), ["cat", "cat"], annotator="bob")
    campaign.tell_file(read_labels(folder / "a.csv", form=campaign.form), annotator="ann")
    return campaign


def called(campaign: ladle.Campaign, name: str, given: dict[str, Any]) -> object:
    *part, method = name.split(".")
    owner = getattr(campaign, part[0]) if part else campaign
    given = dict(given)
    several = [given.pop("names")] if name == "classes.add" else []
    return getattr(owner, method)(*several, **given)


def test_every_public_method_is_swept(folder: Path) -> None:
    campaign = busy(folder, "all")
    assert sorted(methods(campaign)) == sorted(GOOD)
    assert parts() == ["classes", "map", "people", "pool", "withdrawals"]


@pytest.mark.parametrize("name", GOOD)
def test_a_wrong_kind_is_refused_or_means_something(name: str, folder: Path) -> None:
    """No call ends in another error than Ladle's; one that is refused changes nothing, and text is text."""
    campaign = busy(folder, "good")
    called(campaign, name, GOOD[name](folder))
    campaign = busy(folder, "bad")
    *part, method = name.split(".")
    signature = inspect.signature(getattr(getattr(campaign, part[0]) if part else campaign, method))
    found = []
    for argument, parameter in signature.parameters.items():
        for what, value in WRONG.items():
            log = len(campaign.audit())
            try:
                result = called(campaign, name, GOOD[name](folder) | {argument: value})
                wrong = "" if fits(str(parameter.annotation), value) else f"is accepted: {result!r}"
            except LadleError as error:
                wrong = "has a very long message" if len(str(error)) > 2000 else ""
                wrong = "was refused, and has changed something" if len(campaign.audit()) != log else wrong
            except Exception as error:
                wrong = f"raises {error!r}"
            found += [f"{name}({argument}={what}) {wrong}"] if wrong else []
    assert not found, "\n".join(found)
    assert campaign.verify().ok


NUMBERS: dict[str, Callable[[ladle.Campaign, Any], object]] = {
    "tell": lambda campaign, value: campaign.tell(ids_of(1), [value]),
    "import": lambda campaign, value: campaign.import_labels(ids_of(1), [value], source="old"),
    "adjudicate": lambda campaign, value: campaign.adjudicate(ids_of(1), [value]),
    "gold": lambda campaign, value: campaign.add_gold(ids_of(1), [value]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_campaign_of_numbers_refuses_them_too(name: str, tmp_path: Path) -> None:
    """A label that is no number goes to quarantine, with its reason; a lead's is refused."""
    campaign = begun(MemoryStore(), tmp_path, ROWS, labels=ladle.campaign.Labels.value())
    wrong = WRONG | {"minus": -(10**400)}
    for what in ("a number beyond all floats", "minus", "a number that Python does not write", "a list nested deep"):
        if name in ("adjudicate", "gold"):
            with pytest.raises(ArgumentError, match="labels"):
                NUMBERS[name](campaign, wrong[what])
        else:
            told = NUMBERS[name](campaign, wrong[what])
            assert isinstance(told, ladle.campaign.Told)
            assert (told.accepted, told.labels) == (0, 1), what
    assert len(campaign.resolved()) == len(campaign.labels()) == 0
    assert campaign.verify().ok


FILES: dict[str, Callable[[ladle.Campaign, Path], object]] = {
    "tell_file": lambda campaign, path: campaign.tell_file(path),
    "untell": lambda campaign, path: campaign.withdrawals.untell(path),
    "delete_labels": lambda campaign, path: campaign.delete_labels(file=path, reason="wrong"),
    "record_model": lambda campaign, path: campaign.record_model("v1", scores=path),
    "round": lambda campaign, path: campaign.round(2, labels=[path], margins=margins(ROWS)),
    "restore": lambda campaign, path: ladle.Campaign.restore(MemoryStore(), path),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_a_file_error(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / ("there.backup" if name == "restore" else "a.csv")
    campaign = busy(folder, "good")
    log, opening = len(campaign.audit()), Path.open

    def refuse(self: Path, *arguments: Any, **named: Any) -> Any:  # permissions do not bind an administrator
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opening(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(FileError, match="must be readable; got Permission denied"):
            FILES[name](campaign, path)
    assert len(campaign.audit()) == log


def test_a_restore_refuses_a_file_as_its_folder_and_a_path_as_its_name(folder: Path) -> None:
    store = MemoryStore()
    for files in (folder / "a.csv", folder / "a.csv" / "files"):
        with pytest.raises(FileError, match="must exist or be made"):
            ladle.Campaign.restore(store, folder / "there.backup", files=str(files))
    for name in ("../x", "a/b", "", ".", "n" * 400):
        with pytest.raises(ArgumentError, match="`name` must be 1 to 200 letters"):
            ladle.Campaign.restore(store, folder / "there.backup", name=name)
    assert store.names() == []


def fits(annotation: str, value: Any) -> bool:
    """Whether a value may be of the kind that the annotation says. Kinds without a name here may be anything."""
    kinds = {each.strip() for each in annotation.split("|")}
    if value is None:
        return "None" in kinds or bool(kinds & {"Any", "object"})
    plain = {
        "str": isinstance(value, str),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, (int, float)) and not isinstance(value, bool) and value == value,
        "bool": isinstance(value, bool),
        "Reporter": False,
        "Sequence[str]": isinstance(value, list) and all(isinstance(each, str) for each in value),
        "os.PathLike[str]": False,
        "Unchanged": False,
        "None": False,
    }
    return any(plain.get(kind, True) for kind in kinds)

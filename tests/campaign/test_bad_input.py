"""What is wrong is refused with a clear error before any work, and changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import ladle
from ladle.errors import (
    ArgumentError,
    FileError,
    IdError,
    LadleError,
    MismatchError,
    NotFoundError,
    ShapeError,
)
from ladle.labelling import Labels, MemoryStore, Store
from tests.campaign.made import begun, ids_of, margins, pool_of

ONE = ids_of(1)

CREATIONS = {
    "no name": ({"name": ""}, ArgumentError, "`name`"),
    "a name that is a path": ({"name": "../birds"}, ArgumentError, "`name`"),
    "a hidden name": ({"name": ".birds"}, ArgumentError, "`name`"),
    "an unknown strategy": ({"strategy": "magic"}, ArgumentError, "magic"),
    "an unknown option": ({"options": {"magic": 1}}, ArgumentError, "magic"),
    "an option JSON cannot carry": ({"options": {"noise": object()}}, (ArgumentError, TypeError), "noise|options"),
    "a tree for one that takes none": ({"tree": np.zeros(40, np.int64)}, ArgumentError, "`tree`"),
    "a tree of another pool": ({"strategy": "cluster-margin", "tree": np.zeros(41, np.int64)}, MismatchError, "`tree`"),
    "no annotators": ({"annotators_per_task": 0}, ArgumentError, "`annotators_per_task`"),
    "a budget of nothing": ({"budget": 0}, ArgumentError, "`budget`"),
    "an unknown agreement": ({"agreement": "loudest"}, ArgumentError, "loudest"),
    "estimated values": ({"agreement": "dawid-skene", "labels": Labels.value()}, ArgumentError, "dawid-skene"),
    "a lease of no time": ({"lease_seconds": 0}, ArgumentError, "`lease_seconds`"),
    "a lease without end": ({"lease_seconds": float("inf")}, ArgumentError, "`lease_seconds`"),
    "a negative seed": ({"seed": -1}, ArgumentError, "`seed`"),
    "classes in one text": ({"labels": "cat,dog"}, ArgumentError, "`labels`"),
    "no classes": ({"labels": []}, ArgumentError, "`labels`"),
    "a class twice": ({"labels": ["cat", "cat"]}, ArgumentError, "`labels`"),
}


@pytest.mark.parametrize("name", CREATIONS)
def test_a_campaign_that_cannot_be_is_not_begun(name: str, tmp_path: Path) -> None:
    settings, error, match = CREATIONS[name]
    store = MemoryStore()
    with pytest.raises(error, match=match):
        begun(store, tmp_path, **settings)
    assert store.names() == []
    assert not (tmp_path / "files").exists()


ACTS = {
    "ask for nothing": (lambda c: c.ask(0, margins=margins()), ArgumentError, "`size`"),
    "ask for half a task": (lambda c: c.ask(1.5, margins=margins()), ArgumentError, "`size`"),
    "ask for more than there is": (lambda c: c.ask(41, margins=margins()), ArgumentError, "40 examples"),
    "ask without scores": (lambda c: c.ask(5), ArgumentError, "margins"),
    "ask with scores of another pool": (lambda c: c.ask(5, margins=margins(41)), MismatchError, "40 examples"),
    "ask for gold that is not there": (lambda c: c.ask(5, margins=margins(), gold=1), ArgumentError, "`gold`"),
    "ask with a lease of no time": (lambda c: c.ask(5, margins=margins(), lease_seconds=0), ArgumentError, "lease"),
    "ask with NaN": (lambda c: c.ask(5, margins=np.full(40, np.nan)), ladle.errors.NonFiniteError, "margins"),
    "tell of nothing": (lambda c: c.tell([], []), ShapeError, "`ids`"),
    "tell fewer labels": (lambda c: c.tell(ids_of(2), ["cat"]), ShapeError, "`labels`"),
    "tell a text of labels": (lambda c: c.tell(ids_of(3), "cat"), ArgumentError, "`labels`"),
    "tell a single label": (lambda c: c.tell(ONE, np.array(3)), ShapeError, "`labels`"),
    "tell ids of another kind": (lambda c: c.tell([3], ["cat"]), IdError, "kind"),
    "tell ids with a hole": (lambda c: c.tell([*ONE, None], ["cat", "dog"]), IdError, "nulls"),
    "tell one id in a text": (lambda c: c.tell(ONE[0], ["cat"]), ArgumentError, "`ids`"),
    "tell by a number": (lambda c: c.tell(ONE, ["cat"], annotator=3), ArgumentError, "annotator"),
    "tell by fewer annotators": (lambda c: c.tell(ids_of(2), ["a", "b"], annotator=["x"]), ShapeError, "annotator"),
    "tell with a NUL": (lambda c: c.tell(ONE, ["cat"], annotator="a\x00b"), ArgumentError, "annotator"),
    "tell with half a character": (lambda c: c.tell(ONE, ["cat"], source="\ud800"), ArgumentError, "source"),
    "tell at no time": (lambda c: c.tell(ONE, ["cat"], told_at="monday"), ArgumentError, "`told_at`"),
    "tell before the first year": (
        lambda c: c.tell(ONE, ["cat"], told_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))),
        ArgumentError,
        "`told_at`",
    ),
    "tell at a far time of numpy": (
        lambda c: c.tell(ONE, ["cat"], told_at=np.array(["0001-01-01"], "M8[D]")),
        ArgumentError,
        "got .*0001-01-01",
    ),
    "tell at a time beyond microseconds": (
        lambda c: c.tell(ONE, ["cat"], told_at=np.array(["600000-01-01"], "M8[s]")),
        ArgumentError,
        "got .*600000-01-01",
    ),
    "tell at no time of numpy": (
        lambda c: c.tell(ONE, ["cat"], told_at=np.array(["NaT"], "M8[us]")),
        ArgumentError,
        "NaT",
    ),
    "tell at a far time of Arrow": (
        lambda c: c.tell(ONE, ["cat"], told_at=pa.array([2**62], pa.timestamp("us", "UTC"))),
        ArgumentError,
        "`told_at`",
    ),
    "tell at a time of no zone": (lambda c: c.tell(ONE, ["cat"], told_at=datetime(2026, 1, 1)), ArgumentError, "zone"),
    **{
        f"an ask of the digest {digest!r}": (
            lambda c, digest=digest: c.ask(1, margins=np.ones(40), scores_digest=digest),
            ArgumentError,
            "`scores_digest`",
        )
        for digest in ("\0", True, 0, 1.5, -1, 10**30, [1], {}, b"x")
    },
    **{
        f"an ask with {name}={value}": (lambda c, name=name, value=value: c.ask(1, **{name: value}), LadleError, name)
        for name in ("margins", "probabilities", "embeddings", "votes")
        for value in (0, -1, 1.5, True, np.array(3))
    },
    "take for nobody": (lambda c: c.take("", 5), ArgumentError, "`annotator`"),
    "take nothing": (lambda c: c.take("ann", 0), ArgumentError, "`size`"),
    "exclude strangers": (lambda c: c.exclude(["stranger"], reason="?"), IdError, "stranger"),
    "exclude without a reason": (lambda c: c.exclude(ONE, reason=""), ArgumentError, "`reason`"),
    "delete without a reason": (lambda c: c.delete_labels(ONE, reason=""), ArgumentError, "`reason`"),
    "gold that is no label": (lambda c: c.add_gold(ONE, [None]), ArgumentError, "there is no label"),
    "gold twice": (lambda c: c.add_gold(ONE * 2, ["cat", "cat"]), ArgumentError, "once"),
    "a model of no name": (lambda c: c.record_model(""), ArgumentError, "`version`"),
    "a metric that is none": (lambda c: c.record_model("m", metrics={"accuracy": "good"}), ArgumentError, "metrics"),
    "an endless metric": (lambda c: c.record_model("m", metrics={"loss": float("inf")}), ArgumentError, "loss"),
    "scores that are not there": (lambda c: c.record_model("m", scores="absent.npy"), FileError, "absent"),
    "a round that never was": (lambda c: c.record_model("m", round=3), ArgumentError, "`round`"),
    "a batch that never was": (lambda c: c.batch(7), NotFoundError, "7"),
    "a key that never was": (lambda c: c.batch(key="monday"), NotFoundError, "monday"),
    "a batch of two names": (lambda c: c.batch(1, key="monday"), ArgumentError, "both"),
    "the story of a stranger": (lambda c: c.story("stranger"), NotFoundError, "stranger"),
    "a backup into nowhere": (lambda c: c.backup("/nowhere/at/all.zip"), FileError, "nowhere"),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_wrong_act_changes_nothing(name: str, tmp_path: Path) -> None:
    act, error, match = ACTS[name]
    campaign = begun(MemoryStore(), tmp_path)
    with pytest.raises(error, match=match):
        act(campaign)
    assert campaign.audit()["kind"].tolist() == ["create"]


def test_ids_with_a_nul_are_refused(tmp_path: Path) -> None:
    pool = ladle.open_pool(np.zeros((2, 1)), ids=["a", "b\x00"])
    with pytest.raises(IdError, match="NUL"):
        ladle.Campaign.create(MemoryStore(), name="birds", pool=pool, strategy="uniform", files=str(tmp_path))


@pytest.mark.parametrize("name", ["tell with a NUL in a label", "a stranger with a NUL"])
def test_what_no_database_can_hold_goes_to_quarantine(name: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    ids, labels = (ONE, ["c\x00at"]) if "label" in name else (["stra\x00nger"], ["cat"])
    assert campaign.tell(ids, labels).quarantined == 1
    assert campaign.quarantine()[0].reason
    assert campaign.verify().ok


URLS = {
    "": "sqlite:///birds.db",
    "nowhere/at/all/birds.db": "nowhere",
    ":memory:": "MemoryStore",
    "sqlite://": "name a file",
    "sqlite:///:memory:": "MemoryStore",
    "mysql://host/database": "mysql",
    "sqlite:////nowhere/at/all/birds.db": "nowhere",
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises((ArgumentError, FileError), match=URLS[url]):
        ladle.Campaign.create(url, name="birds", pool=pool_of(), strategy="margin")


def test_a_server_that_is_not_there_is_said_so() -> None:
    url = "postgresql://nobody:secret@127.0.0.1:1/nothing?connect_timeout=1"
    with pytest.raises(ladle.errors.StoreError, match=r"nobody:\*\*\*@") as raised:
        ladle.Campaign.names(url)
    assert "secret" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(FileError, match="files"):
        begun(MemoryStore(), tmp_path)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.tell(None, ["a"]), "`ids` must be a list or an array of ids; got None"),
        (lambda c: c.skip(5, reason="dark", annotator="ann"), "`ids` must be a list or an array of ids; got 5"),
        (lambda c: c.extend(5), "`pool` must be a pool, a path, a table or an array of vectors; got 5"),
        (lambda c: c.extend(np.zeros(3)), "`pool` must"),
        (lambda c: c.extend(5, replace=True), "`pool` must"),
        (lambda c: ladle.Campaign.create(MemoryStore(), name="x", pool=5), "`pool` must"),
        (lambda c: ladle.Campaign.create(MemoryStore(), name="x", pool=None), "`pool` must"),
        (lambda c: ladle.Campaign.create(MemoryStore(), name="x", pool=pool_of(), labels=5), "`labels` must be a list"),
        (lambda c: c.add_gold(ids_of(2), ["cat", None]), "for 'images/1.jpg' \\(number 2 of 2\\)"),
        (lambda c: c.adjudicate(ids_of(2), ["cat", None]), "for 'images/1.jpg' \\(number 2 of 2\\)"),
        (lambda c: c.record_model("v1", metrics={"a": None}), "the metric 'a' of `metrics` must be a number"),
    ],
)
def test_an_error_names_the_argument_of_the_caller(call: Any, words: str, tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    with pytest.raises(LadleError, match=words):
        call(campaign)


@pytest.mark.parametrize("name", ["set", "control", "split"])
def test_a_mistyped_argument_is_named_with_the_method(name: str, tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    with pytest.raises(TypeError, match=rf"Campaign\.{name}\(\) got an unexpected keyword argument 'nosuch'"):
        getattr(campaign, name)(nosuch=1)

"""`Campaign.round`: a whole round by one call, interrupted between any two steps and repeated."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.campaign.work import rounds
from ladle.errors import ArgumentError, CorruptFileError, DataError, FileError, MismatchError, ShapeError
from ladle.formats import read_labels
from ladle.labelling import MemoryStore, Store
from ladle.labelling.contract.tables import TaskTable
from tests.campaign.made import begun, margins

SIZE = 6


class Interrupted(BaseException):
    """In place of the signal that ends a process."""


def label_file(campaign: ladle.Campaign, path: Path, annotator: str, labels: list[str]) -> Path:
    """The first examples of the last batch with these labels, as a CSV file."""
    rows = zip(campaign.batch().ids.tolist(), labels, strict=False)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "label", "annotator"], *([*row, annotator] for row in rows)])
    return path


@pytest.fixture
def campaign(store: Store, tmp_path: Path) -> ladle.Campaign:
    """After its first round, with the files of the second one beside it."""
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    campaign.round(SIZE, margins=margins())
    label_file(campaign, tmp_path / "ann.csv", "ann", ["cat", "dog", "cat"])
    label_file(campaign, tmp_path / "bob.csv", "bob", ["cat", "cat"])
    np.save(tmp_path / "scores.npy", margins()[::-1])
    return campaign


def second(campaign: ladle.Campaign, folder: Path, **changes: Any) -> Any:
    """The second round."""
    arguments = {
        "labels": [folder / "ann.csv", folder / "bob.csv"],
        "scores": folder / "scores.npy",
        "margins": np.load(folder / "scores.npy"),
        "model": "v1",
        "metrics": {"accuracy": 0.5},
    }
    return campaign.round(SIZE, **{**arguments, **changes})


def state(campaign: ladle.Campaign) -> dict[str, Any]:
    """What must be the same however often a round was interrupted."""
    assert campaign.verify().ok
    return {
        "labels": [(row.id, row.label, row.annotator, row.version) for row in campaign.labels()],
        "batches": [(row.key, campaign.batch(row.number).rows.tolist()) for row in campaign.batches()],
        "models": [(row.version, row.metrics, row.labelled) for row in campaign.progress().curve],
    }


def test_a_round_tells_verifies_records_and_asks(campaign: ladle.Campaign, tmp_path: Path) -> None:
    result = second(campaign, tmp_path)
    assert [told.accepted for told in result.told] == [3, 2]
    assert result.verification.ok
    assert (result.labelled, result.model_repeated, result.done_before) == (2, False, False)  # one is disputed
    assert (result.batch.round, len(result.batch), result.batch.renewed) == (2, SIZE, False)
    assert result.batch.model == "v1"
    assert "2 files" in repr(result)
    before = state(campaign)
    again = second(campaign, tmp_path)
    assert again.done_before
    assert again.model_repeated
    assert [told.repeat_of_key for told in again.told] == [True, True]
    assert again.batch.rows.tolist() == result.batch.rows.tolist()
    assert state(campaign) == before


@pytest.mark.parametrize(
    ("method", "times", "steps"),
    [
        ("tell_file", 1, {"labels": 0, "batches": 1, "models": 0}),
        ("tell_file", 2, {"labels": 3, "batches": 1, "models": 0}),
        ("verify", 1, {"labels": 5, "batches": 1, "models": 0}),
        ("record_model", 1, {"labels": 5, "batches": 1, "models": 0}),
        ("ask", 1, {"labels": 5, "batches": 1, "models": 1}),
    ],
)
def test_interrupted_between_steps_and_repeated(
    campaign: ladle.Campaign,
    tmp_path: Path,
    method: str,
    times: int,
    steps: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, calls = getattr(ladle.Campaign, method), []

    def counted(*given: Any, **named: Any) -> Any:
        calls.append(method)
        if len(calls) == times:
            raise Interrupted
        return real(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(ladle.Campaign, method, counted)
        with pytest.raises(Interrupted):
            second(campaign, tmp_path)
    assert {name: len(rows) for name, rows in state(campaign).items()} == steps
    second(campaign, tmp_path)
    done = state(campaign)
    assert {name: len(rows) for name, rows in done.items()} == {"labels": 5, "batches": 2, "models": 1}
    assert second(campaign, tmp_path).done_before
    assert state(campaign) == done


def test_scores_are_read_only_for_a_new_batch(campaign: ladle.Campaign, tmp_path: Path) -> None:
    calls = []

    def read_scores() -> dict[str, Any]:
        calls.append(1)
        return {"margins": margins()[::-1]}

    first = second(campaign, tmp_path, margins=None, read_scores=read_scores)
    assert second(campaign, tmp_path, margins=None, read_scores=read_scores).done_before
    assert calls == [1]
    assert second(campaign, tmp_path).batch.rows.tolist() == first.batch.rows.tolist()  # the same round by its file


def test_scores_that_cannot_be_read_leave_no_model(campaign: ladle.Campaign, tmp_path: Path) -> None:
    def read_scores() -> dict[str, Any]:
        raise FileError("the scores", wanted="be there", got="nothing")

    with pytest.raises(FileError):
        second(campaign, tmp_path, margins=None, read_scores=read_scores)
    assert [len(rows) for rows in state(campaign).values()] == [5, 1, 0]


def test_other_scores_are_another_round(campaign: ladle.Campaign, tmp_path: Path) -> None:
    assert second(campaign, tmp_path).batch.round == 2
    third = campaign.round(SIZE, margins=margins() + 1, scores_digest="another")
    assert (third.batch.round, third.labelled, third.told) == (3, None, ())
    assert campaign.round(SIZE, margins=margins() + 1, scores_digest="another").done_before


def test_arrays_alone_do_not_follow_an_unlabelled_round_of_a_file(campaign: ladle.Campaign, tmp_path: Path) -> None:
    batch = second(campaign, tmp_path).batch
    before = state(campaign)
    with pytest.raises(ArgumentError, match=r"not follow round 2, .* before a label has come back; .* give its file"):
        campaign.round(SIZE, margins=margins()[::-1])
    assert state(campaign) == before
    campaign.tell(batch.ids[:1], ["cat"])
    third = campaign.round(SIZE, margins=margins()[::-1])
    assert third.batch.round == 3
    assert campaign.round(SIZE, margins=margins()[::-1]).done_before
    assert campaign.round(SIZE, margins=margins() + 1).batch.round == 4  # one round of arrays may follow another


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        ({}, (False, False, None, None)),
        ({"binary": True}, (False, False, None, None, "binary")),
        ({"normalise": True}, (False, False, None, None, "normalise")),
        ({"binary": True}, (True, False, None, None, "binary")),
        ({"binary": True}, (False, False, None, None)),  # the key of earlier versions
        ({"margins": True}, (False, True, None, None)),
        ({"margins": True}, (True, False, None, None)),
        ({"margins": True}, (False, False, None, None, "binary")),
    ],
)
def test_a_round_of_a_file_is_found_by_its_arrays(tmp_path: Path, words: dict[str, bool], reading: Any) -> None:
    campaign = begun(MemoryStore(), tmp_path, labels=["cat", "dog"])
    np.save(tmp_path / "scores.npy", margins())
    path = tmp_path / "scores.npy"
    first = campaign.round(SIZE, read_scores=lambda: {"margins": margins()}, scores=path, scores_reading=reading)
    numbers = {"probabilities": np.stack([margins(), 1 - margins()], axis=1)}
    if "margins" in words:
        words, numbers = {}, {"margins": margins()}
    again = campaign.round(SIZE, scores=path, **numbers, **words)  # type: ignore[arg-type]
    assert again.done_before
    assert again.batch.rows.tolist() == first.batch.rows.tolist()


def test_a_path_of_scores_needs_its_numbers(campaign: ladle.Campaign, tmp_path: Path) -> None:
    before = state(campaign)
    with pytest.raises(ArgumentError, match="`scores` must come with its numbers: it identifies the file and is not"):
        second(campaign, tmp_path, margins=None)
    assert state(campaign) == before
    second(campaign, tmp_path)
    assert second(campaign, tmp_path, margins=None).done_before  # nothing is left to read
    uniform = begun(MemoryStore(), tmp_path / "other", strategy="uniform")
    assert uniform.round(SIZE, scores=tmp_path / "scores.npy").batch.round == 1


def test_without_scores_and_labels_a_round_ends_when_a_label_comes(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, strategy="uniform")
    first = campaign.round(SIZE)
    assert campaign.round(SIZE).batch.number == first.batch.number == 1
    campaign.tell(first.batch.ids[:1], ["cat"])
    assert campaign.round(SIZE).batch.number == 2


def test_what_is_wrong_is_refused_before_anything_is_told(campaign: ladle.Campaign, tmp_path: Path) -> None:
    before = state(campaign)
    twice = tmp_path / "twice.csv"
    twice.write_text((tmp_path / "ann.csv").read_text() + (tmp_path / "ann.csv").read_text().splitlines()[1] + "\n")
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (FileError, {"labels": [tmp_path / "ann.csv", tmp_path / "absent.csv"]}),
        (DataError, {"labels": [tmp_path / "ann.csv", twice]}),
        (FileError, {"scores": tmp_path / "absent.npy"}),
        (ArgumentError, {"model": None}),  # with metrics
        (ArgumentError, {"read_scores": dict}),  # with margins
        (ArgumentError, {"gold": -1}),
        (ArgumentError, {"lease_seconds": 0}),
        (ArgumentError, {"metrics": {"accuracy": "good"}}),
    ]
    for error, changes in wrong:
        with pytest.raises(error):
            second(campaign, tmp_path, **changes)
        assert state(campaign) == before, changes


def test_a_damaged_campaign_asks_for_nothing(campaign: ladle.Campaign, store: Store, tmp_path: Path) -> None:
    with store.writing("birds") as writer:
        row = writer.read(TaskTable).take(np.array([0]))
        writer.change(TaskTable(row.row, row.example_id, row.origin, row.state + 1, row.batch, row.place, row.event))
    with pytest.raises(CorruptFileError, match="birds"):
        second(campaign, tmp_path, labels=())
    assert len(campaign.batches()) == 1
    assert len(campaign.progress().curve) == 0


def test_another_model_under_the_same_version_is_refused(campaign: ladle.Campaign, tmp_path: Path) -> None:
    second(campaign, tmp_path)
    with pytest.raises(MismatchError, match="v1"):
        second(campaign, tmp_path, metrics={"accuracy": 0.6})


def test_a_file_is_told_once_whoever_reads_it(campaign: ladle.Campaign, tmp_path: Path) -> None:
    by_path = campaign.tell_file(tmp_path / "ann.csv")
    file = read_labels(tmp_path / "ann.csv", form=campaign.form)
    assert (by_path.accepted, by_path.repeat_of_key) == (3, False)
    assert campaign.tell_file(file).repeat_of_key
    assert not campaign.tell_file(file, source="old", imported=True).repeat_of_key  # an import is another act
    assert second(campaign, tmp_path).told[0].repeat_of_key


def test_the_order_of_label_files_makes_no_other_round(campaign: ladle.Campaign, tmp_path: Path) -> None:
    first = second(campaign, tmp_path)
    copy = tmp_path / "copy.csv"
    copy.write_bytes((tmp_path / "ann.csv").read_bytes())
    for names in (["bob.csv", "ann.csv"], ["ann.csv", "bob.csv", "ann.csv"], ["copy.csv", "bob.csv"]):
        again = second(campaign, tmp_path, labels=[tmp_path / name for name in names])
        assert (again.batch.number, again.done_before) == (first.batch.number, True)


def test_a_round_of_an_earlier_version_is_found_by_its_order(campaign: ladle.Campaign, tmp_path: Path) -> None:
    paths = sorted((tmp_path / "ann.csv", tmp_path / "bob.csv"), key=lambda path: rounds.digest_of_files([path]))[::-1]
    files = [read_labels(path, form=campaign.form) for path in paths]
    scores = rounds.digest_of_files([tmp_path / "scores.npy"])
    key = rounds.ask_key(SIZE, scores_digest=scores, label_digests=[file.sha256 for file in files])
    for file in files:
        campaign.tell_file(file)
    earlier = campaign.ask(SIZE, margins=margins()[::-1], key=key, scores_digest=scores)
    again = campaign.round(SIZE, labels=paths, scores=tmp_path / "scores.npy", margins=margins()[::-1])
    assert again.batch.number == earlier.number


@pytest.mark.parametrize(
    "wrong",
    [{"margins": margins()[:-1]}, {"margins": 3.0}, {"margins": None, "probabilities": np.full((3, 2), 0.5)}],
    ids=lambda each: next(iter(each)),
)
def test_an_ask_that_fails_leaves_no_model(campaign: ladle.Campaign, tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises((MismatchError, ShapeError)):
        second(campaign, tmp_path, **wrong)
    assert "model" not in campaign.audit()["kind"].tolist()
    with pytest.raises(ArgumentError):
        campaign.round(10_000, scores=tmp_path / "scores.npy", margins=margins()[::-1], model="v1")
    assert "model" not in campaign.audit()["kind"].tolist()
    assert second(campaign, tmp_path).labelled is not None
    assert "model" in campaign.audit()["kind"].tolist()


def test_the_margins_of_a_file_of_probabilities_are_its_round(campaign: ladle.Campaign, tmp_path: Path) -> None:
    # The command says how it reads a file: probabilities, where nothing else is said.
    ours = second(campaign, tmp_path)
    theirs = second(campaign, tmp_path, scores_reading=rounds.PLAIN_READING)
    assert (theirs.batch.number, theirs.done_before) == (ours.batch.number, True)


def test_the_same_scores_are_the_same_round_whatever_their_model_is_called(
    campaign: ladle.Campaign, tmp_path: Path
) -> None:
    first = second(campaign, tmp_path, model=None, metrics=None)
    assert first.batch.model == ""
    again = second(campaign, tmp_path)
    assert (again.batch.number, again.batch.renewed, again.batch.model) == (first.batch.number, True, "v1")
    assert second(campaign, tmp_path, model=None, metrics=None).batch.model == "v1"
    assert campaign.batch().model == "v1"
    assert campaign.audit()[-2].details["model"] == "v1"
    before = campaign.last_event()
    with pytest.raises(MismatchError, match="the model of round 2 must be 'v1'"):
        second(campaign, tmp_path, model="v2")
    assert campaign.last_event() == before, "and no model is recorded"
    assert campaign.verify().ok


def test_a_round_of_an_earlier_version_is_found_by_its_model(campaign: ladle.Campaign, tmp_path: Path) -> None:
    scores = rounds.digest_of_files([tmp_path / "scores.npy"])
    key = rounds.ask_key(SIZE, scores_digest=scores, model="v1")
    earlier = campaign.ask(SIZE, margins=margins()[::-1], key=key, scores_digest=scores, model="v1")
    for model in ("v1", None):
        again = campaign.round(SIZE, scores=tmp_path / "scores.npy", margins=margins()[::-1], model=model)
        assert (again.batch.number, again.batch.renewed) == (earlier.number, True)

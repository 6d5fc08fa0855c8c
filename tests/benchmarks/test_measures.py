"""What the benchmarks report is what it says: the figures and the walls around peers, not the speed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from benchmarks.clustering.agreement import rows_in_identical_clusters
from benchmarks.clustering.peers import whole
from benchmarks.data import vectors
from benchmarks.neighbours.peers import task_of

from benchmarks import isolated
from ladle.errors import ArgumentError, CorruptFileError

PEER = """
import os, signal, time
from benchmarks import isolated
def turn(question):
    print("what a library prints is no answer")
    if question["do"] == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if question["do"] == "sleep":
        time.sleep(60)
    if question["do"] == "raise":
        raise ValueError("no such metric")
    if question["do"] == "hoard":
        bytearray(int(0.9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    return {"threads": os.environ["OMP_NUM_THREADS"]}
isolated.serve(turn)
"""


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, str]]]:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "peer.py").write_text(PEER)
    with isolated.Worker("peer", threads=3) as worker:
        yield lambda do, limit=30.0: worker.ask({"do": do}, limit)


def test_an_answer_comes_back(peer: Callable[..., dict[str, str]]) -> None:
    assert peer("work") == {"outcome": "done", "threads": "3"}


def test_what_a_peer_raises_is_its_outcome_and_it_goes_on(peer: Callable[..., dict[str, str]]) -> None:
    assert peer("raise") == {"outcome": "cannot: ValueError: no such metric"}
    assert peer("hoard")["outcome"].startswith("cannot: MemoryError")
    assert peer("work")["outcome"] == "done"


def test_a_peer_that_crashes_stays_crashed(peer: Callable[..., dict[str, str]]) -> None:
    assert peer("crash") == {"outcome": "cannot: SIGSEGV"}
    assert peer("work") == {"outcome": "cannot: SIGSEGV"}


def test_a_peer_that_overruns_is_ended(peer: Callable[..., dict[str, str]]) -> None:
    assert peer("sleep", 0.2) == {"outcome": "did not finish in 0.2 s"}
    assert peer("work") == {"outcome": "did not finish in 0.2 s"}


def test_recall_counts_each_true_neighbour_once() -> None:
    points = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[7] = points[8]  # equal distances: whichever of the two is named counts
    task = task_of(points, Path("unused"), 5, 1, 1.0)
    wide = points.astype(np.float64)
    distances = ((wide[:, None] - wide[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :6][task.sample]
    assert task.recall_of(nearest.tolist()) == 1.0
    without = [[other for other in row if other != own][:5] for row, own in zip(nearest, task.sample, strict=True)]
    assert task.recall_of(without) == 1.0
    assert task.recall_of([row[:2] + [-1] * 3 for row in without]) == pytest.approx(0.4)
    assert task.recall_of([row[:1] * 5 for row in without]) == pytest.approx(0.2)


def test_rows_in_identical_clusters() -> None:
    assert rows_in_identical_clusters(np.array([0, 0, 1, 1, 2]), np.array([5, 5, 3, 4, 4])) == pytest.approx(0.4)
    assert rows_in_identical_clusters(np.array([0, 0, 1]), np.array([1, 1, 0])) == 1.0


def test_rows_left_out_are_clusters_of_their_own() -> None:
    labels = whole(np.array([4, -1, 4, -1, 9]))
    assert labels[0] == labels[2]
    assert len(np.unique(labels)) == 4


def test_topics_are_unit_vectors_and_repeat() -> None:
    points = vectors.topics(1_000, 16)
    assert points.shape == (1_000, 16)
    assert points.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(points, vectors.topics(1_000, 16))


def test_a_kept_set_comes_back_shuffled_with_its_labels_and_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LADLE_DATA", str(tmp_path))
    rows = np.arange(50, dtype=np.float32)[:, None]
    vectors.keep("wordnet", {"vectors": rows, "labels": np.arange(50, dtype=np.int32)}, "fifty rows")
    found = vectors.load("wordnet")
    assert sorted(found[:, 0]) == list(range(50))
    assert not np.array_equal(found, rows)
    np.testing.assert_array_equal(vectors.labels("wordnet", 10), vectors.load("wordnet", 10)[:, 0])
    with pytest.raises(ArgumentError, match="be 1 to 50"):
        vectors.load("wordnet", 51)
    (tmp_path / "wordnet.npy").write_bytes((tmp_path / "wordnet.npy").read_bytes()[:-1] + b"\x01")
    with pytest.raises(CorruptFileError, match=r"data\.embed wordnet"):
        vectors.load("wordnet")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ArgumentError, match="topics, mixture, words"):
        vectors.load("letters")

"""Clustering whose vectors memory has no room for: they go into files, and the tree is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import FileError
from ladle.hac.checkpoint import Checkpoints
from ladle.hac.plan import clustering_bytes, goes_to_disk
from ladle.memory import scratch
from tests.hac.pools import blobs

ROWS, DIM = 9_000, 256


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.neighbours.effort.BRUTE_COST", 0)
    monkeypatch.setattr("ladle.neighbours.effort.HARD_COST", 0)
    monkeypatch.setattr(scratch, "SMALL_BYTES", 1 << 10)
    monkeypatch.setattr("ladle.hac.plan._PART_BYTES", 0)


def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_MEMORY", str(clustering_bytes(ROWS, DIM, exact=False, on_disk=True)))
    assert goes_to_disk(ROWS, DIM, exact=False)
    assert not goes_to_disk(ROWS, DIM, exact=True)


def same(one: ladle.Dendrogram, other: ladle.Dendrogram) -> bool:
    return np.array_equal(one.merges, other.merges) and np.array_equal(one.heights, other.heights)


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
def test_the_tree_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    embeddings = blobs(4, ROWS, DIM).astype(np.float32)
    embeddings[: ROWS // 4] = embeddings[ROWS // 4 : 2 * (ROWS // 4)]
    in_memory = ladle.cluster(embeddings, metric=metric, exact=False)
    tight(monkeypatch)
    made = []
    files = scratch.tempfile.TemporaryFile

    def counted(**options):
        made.append(options["dir"])
        return files(**options)

    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", counted)
    on_disk = ladle.cluster(embeddings, metric=metric, exact=False, scratch=tmp_path)
    assert len(made) >= 3  # the vectors twice, their codes, and what later searches pack
    assert set(made) == {tmp_path}
    assert same(on_disk, in_memory)
    assert list(tmp_path.iterdir()) == []


def test_it_goes_on_from_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = blobs(5, ROWS, DIM).astype(np.float32)
    in_memory = ladle.cluster(embeddings, exact=False)
    tight(monkeypatch)
    saved = []

    class Killing(Checkpoints):
        def due(self) -> bool:
            return True

        def save(self, state) -> None:
            super().save(state)
            saved.append(len(state["moved"]))
            if saved[-1] > 100:
                raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr("ladle.hac.clustering.Checkpoints", Killing)
        with pytest.raises(InterruptedError):
            ladle.cluster(embeddings, exact=False, checkpoint=tmp_path / "kept", scratch=tmp_path)
    resumed = ladle.cluster(embeddings, exact=False, checkpoint=tmp_path / "kept", scratch=tmp_path)
    assert same(resumed, in_memory)


def test_a_scratch_folder_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tight(monkeypatch)
    with pytest.raises(FileError, match="scratch folder"):
        ladle.cluster(blobs(6, ROWS, DIM), exact=False, scratch=tmp_path / "nowhere")

"""A clustering that is killed, again and again, ends in the same tree to the bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ladle.errors import CorruptFileError, FileError, FileFormatError, MismatchError
from ladle.hac.checkpoint import Checkpoints
from ladle.hac.engine.merges import Merges, StopRule
from ladle.hac.engine.rounds import Rounds
from ladle.hac.engine.snapshot import State
from ladle.hac.intake import RowSource, survey
from ladle.neighbours import BruteSearch, Candidates, CellSearch, Effort
from ladle.progress import SILENT
from tests.hac.pools import blobs

FINGERPRINT = {"rows": 1500, "metric": "sqeuclidean", "level": None}


def pool() -> np.ndarray:
    points = blobs(70, 1500, 12, dtype=np.float64)
    points[:400] *= np.exp(np.linspace(-3, 1, 400))[:, None]  # some searches more
    return points


def clustering(checkpoints: Checkpoints | None, search: object = None) -> Rounds:
    points = pool()
    return Rounds(
        points, np.ones(len(points), np.int32), search or BruteSearch(), dense_clusters=20, checkpoints=checkpoints
    )


def eager(folder: Path, **changes: object) -> Checkpoints:
    return Checkpoints(folder, {**FINGERPRINT, **changes}, every_seconds=0)


@pytest.fixture(scope="module")
def expected() -> Merges:
    merges = clustering(None).run(StopRule())
    assert merges.tally.searches > 8  # or the tests below would hardly stop anywhere
    return merges


def assert_same(found: Merges, expected: Merges) -> None:
    assert np.array_equal(found.pairs, expected.pairs)
    assert np.array_equal(found.linkages, expected.linkages)
    assert np.array_equal(found.sure, expected.sure)
    assert (found.level, found.tally) == (expected.level, expected.tally)


CHILD = """
import os, sys
import numpy as np
from ladle import durable
from ladle.hac.engine.merges import StopRule
from tests.hac.test_checkpoint import clustering, eager

folder, fatal = sys.argv[1], int(sys.argv[2])
events = 0

def deadly(name):
    original = getattr(os, name)
    def call(*given, **named):
        global events
        events += 1
        if events == fatal:
            os.kill(os.getpid(), 9)
        return original(*given, **named)
    return call

for name in ("fsync", "replace", "open"):
    setattr(os, name, deadly(name))
merges = clustering(eager(folder)).run(StopRule())
np.savez(sys.argv[3], pairs=merges.pairs, linkages=merges.linkages, sure=merges.sure)
"""


@pytest.mark.parametrize("first", [2, pytest.param(5, marks=pytest.mark.long)])
def test_killed_again_and_again(first: int, tmp_path: Path, expected: Merges) -> None:
    # A save is an open, two fsyncs, a replace: the deaths fall before, within and after saves, ever later in the run.
    out, folder = tmp_path / "out.npz", tmp_path / "kept"
    deaths = 0
    while not out.exists():
        done = subprocess.run(  # noqa: PLW1510 - its death is the point
            [sys.executable, "-c", CHILD, str(folder), str(first + 11 * deaths), str(out)],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
        )
        assert out.exists() or done.returncode == -9, done.stderr
        deaths += not out.exists()
    assert deaths >= 2
    assert list(folder.glob("*")) == [eager(folder).path]
    with np.load(out) as found:
        for name in ("pairs", "linkages", "sure"):
            assert np.array_equal(found[name], getattr(expected, name))


class Interrupting:
    """The exact search, until its `fatal`-th call."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.calls = 0

    def nearest(self, *clusters: object, **question: object) -> Candidates:
        self.calls += 1
        if self.calls == self.fatal:
            raise KeyboardInterrupt
        return BruteSearch().nearest(*clusters, **question)  # type: ignore[arg-type]


@pytest.mark.parametrize("fatal", [1, 2, 3, 6, 9])
def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(fatal: int, tmp_path: Path, expected: Merges) -> None:
    with pytest.raises(KeyboardInterrupt):
        clustering(eager(tmp_path), Interrupting(fatal)).run(StopRule())
    resumed = Interrupting(0)
    assert_same(clustering(eager(tmp_path), resumed).run(StopRule()), expected)
    whole = Interrupting(0)
    clustering(None, whole).run(StopRule())
    assert resumed.calls == whole.calls - (fatal - 1)  # nothing that was found is searched for again


def test_a_finished_clustering_ends_at_once(tmp_path: Path, expected: Merges) -> None:
    clustering(eager(tmp_path)).run(StopRule())
    again = Interrupting(1)
    assert_same(clustering(eager(tmp_path), again).run(StopRule()), expected)
    assert again.calls == 0


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(("at", "told"), [(7, "last checkpoint still stands"), (1, "there is no checkpoint yet")])
def test_a_failed_save_leaves_the_last_good_one_and_claims_none_that_is_not_there(
    call: str, at: int, told: str, tmp_path: Path, expected: Merges, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = getattr(os, call), 0

    def fail_once(*given: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at:
            raise OSError(28, "No space left on device")
        return original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail_once)
        with pytest.raises(FileError, match=f"No space left on device.*{told}"):
            clustering(eager(tmp_path)).run(StopRule())
    assert [file.name for file in tmp_path.iterdir()] == ([eager(tmp_path).path.name] if at > 1 else [])
    assert_same(clustering(eager(tmp_path)).run(StopRule()), expected)


class Moody:
    """A search whose answers depend on the calls before: every second one brings fewer neighbours."""

    def __init__(self, fatal: int = 0) -> None:
        self.moods = np.zeros(3, np.int64)
        self.fatal = fatal

    def nearest(self, *clusters: object, **question: object) -> Candidates:
        if self.moods[0] + 1 == self.fatal:
            raise KeyboardInterrupt
        self.moods[0] += 1
        question["k"] = 20 if self.moods[0] % 2 else 5
        return BruteSearch().nearest(*clusters, **question)  # type: ignore[arg-type]

    def state(self) -> State:
        return {"moods": self.moods, "name": "moody", "height": np.inf}

    def restore(self, state: State) -> None:
        assert (state["name"], state["height"]) == ("moody", np.inf)
        self.moods = np.array(state["moods"])


@pytest.mark.parametrize("fatal", [3, 4])
def test_the_search_goes_on_as_it_was(fatal: int, tmp_path: Path) -> None:
    moody = clustering(None, Moody()).run(StopRule())
    with pytest.raises(KeyboardInterrupt):
        clustering(eager(tmp_path), Moody(fatal)).run(StopRule())
    assert_same(clustering(eager(tmp_path), Moody()).run(StopRule()), moody)


class Dying(Checkpoints):
    """Ends the run with its `lives`-th save."""

    lives = 0

    def save(self, state: State) -> None:
        super().save(state)
        Dying.lives -= 1
        if Dying.lives == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("lives", [1, 2, 3, 5, 9, 30])
def test_the_approximate_search_goes_on_between_its_steps(lives: int, tmp_path: Path) -> None:
    def rounds(checkpoints: Checkpoints | None) -> Rounds:
        points = np.random.default_rng(8).normal(size=(3000, 40)).astype(np.float32)
        # Points without structure, so that every step is taken.
        hard = Effort(recall=0.995, cell_rows=20, brute_cost=0, hard_cost=0)
        return Rounds(points, np.ones(3000, np.int32), CellSearch(3, hard), dense_clusters=200, checkpoints=checkpoints)

    whole = rounds(None)
    expected = whole.run(StopRule())
    assert isinstance(whole.search, CellSearch)
    assert len(whole.search.recalls) > 5
    Dying.lives = lives
    with pytest.raises(KeyboardInterrupt):
        rounds(Dying(tmp_path, {}, every_seconds=0)).run(StopRule())
    resumed = rounds(Checkpoints(tmp_path, {}, every_seconds=0))
    assert_same(resumed.run(StopRule()), expected)
    assert isinstance(resumed.search, CellSearch)
    assert resumed.search.recalls == whole.search.recalls


def test_single_precision(tmp_path: Path) -> None:
    def rounds(search: object, checkpoints: Checkpoints | None) -> Rounds:
        points = pool().astype(np.float32)
        return Rounds(points, np.ones(len(points), np.int32), search, dense_clusters=20, checkpoints=checkpoints)

    with pytest.raises(KeyboardInterrupt):
        rounds(Interrupting(4), eager(tmp_path)).run(StopRule())
    assert_same(rounds(BruteSearch(), eager(tmp_path)).run(StopRule()), rounds(BruteSearch(), None).run(StopRule()))
    with pytest.raises(MismatchError, match="float64"):
        clustering(eager(tmp_path)).run(StopRule())


def test_another_clustering_is_refused(tmp_path: Path) -> None:
    eager(tmp_path).save({"due": np.arange(3)})
    with pytest.raises(MismatchError, match=r"metric='cosine'.*got metric='sqeuclidean'.*Delete"):
        eager(tmp_path, metric="cosine").load()
    with pytest.raises(MismatchError, match=r"seed=3.*got seed=None"):
        eager(tmp_path, seed=3).load()
    assert eager(tmp_path).load() is not None


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoints = eager(tmp_path)
    checkpoints.save({"due": np.arange(1000), "level": 0.5})
    whole = checkpoints.path.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 60).astype(int):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        checkpoints.path.write_bytes(damaged)
        with pytest.raises(CorruptFileError, match=rf"{checkpoints.path}.*Delete {checkpoints.path}"):
            checkpoints.load()
    for length in (0, 1, 50, len(whole) - 1):
        checkpoints.path.write_bytes(whole[:length])
        with pytest.raises(CorruptFileError, match="Delete"):
            checkpoints.load()
    checkpoints.path.write_bytes(whole)
    state = checkpoints.load()
    assert state is not None
    assert state["level"] == 0.5
    assert np.array_equal(state["due"], np.arange(1000))


def test_another_format_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ladle.hac.checkpoint.FORMAT_VERSION", 99)
        eager(tmp_path).save({"due": np.arange(3)})
    with pytest.raises(FileFormatError, match="version 99"):
        eager(tmp_path).load()


def test_another_ladle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ladle.hac.checkpoint.__version__", "0.0.1")
        eager(tmp_path).save({"due": np.arange(3)})
    with pytest.raises(MismatchError, match=r"ladle='0\.0\.1'"):
        eager(tmp_path).load()


def test_the_leavings_of_a_killed_save_are_swept(tmp_path: Path) -> None:
    checkpoints = eager(tmp_path)
    checkpoints.save({"due": np.arange(3)})
    left = tmp_path / f".{checkpoints.path.name}.abc.tmp"
    left.write_bytes(b"half")
    (tmp_path / "mine.txt").write_text("of the user")
    assert checkpoints.load() is not None
    assert not left.exists()
    checkpoints.clear()
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
    assert checkpoints.load() is None


def test_the_header_is_plain_json(tmp_path: Path) -> None:
    checkpoints = eager(tmp_path)
    checkpoints.save({"due": np.arange(3), "level": np.inf})
    with np.load(checkpoints.path, allow_pickle=False) as archive:
        assert json.loads(bytes(archive["header"]))["fingerprint"]["metric"] == "sqeuclidean"


@pytest.mark.parametrize("threads", ["1", "3"])
def test_digest(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest_of(matrix: np.ndarray) -> str:
        return survey(RowSource.of(matrix), "sqeuclidean", SILENT).digest

    matrix = blobs(71, 5000, 6)
    whole = digest_of(matrix)
    monkeypatch.setenv("LADLE_THREADS", threads)
    assert digest_of(np.asfortranarray(matrix)) == whole
    changed = matrix.copy()
    changed[4999, 5] += 1
    others = [changed, matrix[:-1], matrix.reshape(2500, 12), matrix.view(np.int32), matrix[::-1]]
    assert whole not in {digest_of(other) for other in others}


def test_one_run_at_a_time_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    with eager(folder).lock():
        with pytest.raises(FileError, match="one run at a time"), eager(folder).lock():
            pass
        assert folder.exists()
    assert not folder.exists()  # it was made for the run, and nothing is in it
    with eager(tmp_path).lock():
        clustering(eager(tmp_path)).run(StopRule(clusters=1400))
    assert eager(tmp_path).path.exists()
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="exist or be made"), eager(tmp_path / "file").lock():
        pass

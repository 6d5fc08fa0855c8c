"""A pass over a pool: what it writes, that it goes on, and what it refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

import ladle
from ladle.cli import main
from ladle.embedding.score_columns import FEW_CLASSES
from ladle.errors import (
    ArgumentError,
    CorruptFileError,
    DataError,
    FileError,
    IdError,
    MemoryPlanError,
    MismatchError,
    NonFiniteError,
    ShapeError,
)

N, DIM, CLASSES = 200, 6, 4
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, 9)).astype(np.float32)
TO_CLASSES = RNG.standard_normal((9, CLASSES)).astype(np.float32)
TO_VECTOR = RNG.standard_normal((9, DIM)).astype(np.float32)
IDS = [f"im-{row:03}" for row in range(N)]


def model(batch):
    return batch @ TO_CLASSES, batch @ TO_VECTOR


def run(out, *, function=model, inputs=X, **options):
    given_options = {"version": "v1", "batch_size": 16, "shard_rows": 50, **options}
    return ladle.score_and_embed(function, inputs, out=out, **given_options)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def scores_of(made):
    return pq.read_table(made.scores)


def test_the_pool_and_the_scores_are_those_of_the_model(tmp_path):
    made = run(tmp_path / "pool", ids=IDS, also=["entropy", "least_confidence"])
    pool = made.open()
    assert pool.ids.to_pylist() == IDS
    np.testing.assert_array_equal(pool.embeddings(), np.concatenate([model(X[k : k + 16])[1] for k in range(0, N, 16)]))
    table, truth = scores_of(made), scipy_softmax((X @ TO_CLASSES).astype(np.float64), axis=1)
    P = np.array(table["probabilities"].to_pylist())
    np.testing.assert_allclose(P, truth, atol=1e-5)
    ordered = np.sort(truth, axis=1)
    np.testing.assert_allclose(table["margin"].to_numpy(), ordered[:, -1] - ordered[:, -2], atol=1e-5)
    np.testing.assert_allclose(table["least_confidence"].to_numpy(), 1 - ordered[:, -1], atol=1e-5)
    np.testing.assert_allclose(table["entropy"].to_numpy(), -(truth * np.log(truth)).sum(axis=1), atol=1e-4)
    assert (made.rows, made.dim, made.classes, made.has_probabilities, made.rows_before) == (N, DIM, CLASSES, True, 0)
    assert not (tmp_path / "pool.partial").exists()


def test_many_classes_leave_their_margins_alone(tmp_path):
    wide = RNG.standard_normal((9, FEW_CLASSES + 1)).astype(np.float32)
    made = run(tmp_path / "pool", function=lambda part: (part @ wide, part))
    assert not made.has_probabilities
    assert scores_of(made).column_names == ["id", "margin"]
    assert 'the scores are margins: select with --margins, or read_as="margins"' in made.notices
    ordered = np.sort(scipy_softmax(X @ wide, axis=1), axis=1)
    np.testing.assert_allclose(scores_of(made)["margin"].to_numpy(), ordered[:, -1] - ordered[:, -2], atol=1e-5)
    kept = run(tmp_path / "kept", function=lambda part: (part @ wide, part), keep="probabilities")
    assert len(scores_of(kept)["probabilities"][0]) == FEW_CLASSES + 1
    fewer = run(tmp_path / "fewer", keep="margins")
    assert scores_of(fewer).column_names == ["id", "margin"]


@pytest.mark.parametrize("mode", ["min", "mean"])
def test_several_labels(tmp_path, mode):
    P = expit(X @ TO_CLASSES)
    each = np.abs(2 * P - 1)
    truth = each.min(axis=1) if mode == "min" else each.mean(axis=1)
    made = run(tmp_path / "logits", multilabel=mode)
    assert any(f"select with --option multilabel={mode}" in told for told in made.notices)
    from_logits = scores_of(made)
    np.testing.assert_allclose(from_logits["margin"].to_numpy(), truth, atol=1e-5)
    np.testing.assert_allclose(np.array(from_logits["probabilities"].to_pylist()), P, atol=1e-5)
    direct = run(tmp_path / "direct", function=lambda b: (expit(b @ TO_CLASSES), b), multilabel=mode, logits=False)
    np.testing.assert_allclose(scores_of(direct)["margin"].to_numpy(), truth, atol=1e-5)


def test_one_number_of_two_classes(tmp_path):
    with pytest.raises(ShapeError, match="read in two ways"):
        run(tmp_path / "no", function=lambda part: (part[:, 0], part))
    made = run(tmp_path / "pool", function=lambda part: (part[:, 0], part), binary=True)
    p = expit(X[:, 0])
    np.testing.assert_allclose(scores_of(made)["margin"].to_numpy(), np.abs(2 * p - 1), atol=1e-5)
    np.testing.assert_allclose(
        np.array(scores_of(made)["probabilities"].to_pylist()), np.stack([1 - p, p], 1), atol=1e-5
    )


def test_select_takes_the_shards(tmp_path, capsys):
    made = run(tmp_path / "pool", ids=IDS)
    for name, more in (("p", []), ("m", ["--margins"])):
        line = ["select", made.path, "--scores", made.scores, *more, "--strategy", "margin", "--size", "20"]
        assert main([str(word) for word in [*line, "-o", tmp_path / f"{name}.csv"]]) == 0
    capsys.readouterr()
    assert (tmp_path / "p.csv").read_text() == (tmp_path / "m.csv").read_text()
    least = np.argsort(scores_of(made)["margin"].to_numpy())[:20]
    chosen = [line.split(",")[0].strip('"') for line in (tmp_path / "p.csv").read_text().splitlines()[1:]]
    assert set(chosen) == {IDS[row] for row in least}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 60),
    batch_size=st.integers(1, 25),
    shard_rows=st.integers(1, 40),
    stop=st.integers(0, 70),
    has_ids=st.booleans(),
)
def test_a_pass_that_failed_goes_on_and_gives_the_same_bytes(
    tmp_path_factory, rows, batch_size, shard_rows, stop, has_ids
):
    folder = tmp_path_factory.mktemp("law")
    options = {"batch_size": batch_size, "shard_rows": shard_rows, "ids": IDS[:rows] if has_ids else None}
    whole = run(folder / "whole", inputs=X[:rows], **options)
    seen = []

    def failing(part):
        if len(seen) * batch_size >= stop:
            raise ConnectionError
        seen.append(len(part))
        return model(part)

    try:
        run(folder / "again", inputs=X[:rows], function=failing, **options)
    except ConnectionError:
        assert not (folder / "again").exists()
    again = run(folder / "again", inputs=X[:rows], **options)
    assert contents(whole.path) == contents(again.path)
    shard = -(-shard_rows // batch_size) * batch_size  # a shard ends with a batch
    assert again.rows_before == (rows if sum(seen) == rows else sum(seen) // shard * shard)
    assert whole.rows == rows
    np.testing.assert_array_equal(again.open().embeddings()[: len(X[:rows])].shape, (rows, DIM))


def test_killed_in_a_process_of_its_own_it_goes_on(tmp_path):
    program = textwrap.dedent(
        """
        import os, signal, sys
        import numpy as np
        import ladle
        X = np.arange(4000, dtype=np.float32).reshape(1000, 4) + 1
        calls = []
        def model(part):
            calls.append(1)
            if len(calls) == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            return part, part * 2
        made = ladle.score_and_embed(model, X, out=sys.argv[1], version="a", batch_size=10, shard_rows=100)
        print(made.rows_before, len(calls))
        """
    )

    def call(out, kill_at):
        line = [sys.executable, "-c", program, str(out), str(kill_at)]
        return subprocess.run(line, check=False, capture_output=True, text=True, env=os.environ)

    assert call(tmp_path / "whole", 0).returncode == 0
    assert call(tmp_path / "killed", 47).returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    done = call(tmp_path / "killed", 0)
    assert done.stdout.split() == ["400", "61"]  # the first batch again, and 600 rows in 60 batches
    assert contents(tmp_path / "whole") == contents(tmp_path / "killed")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"version": "v2"}, "version: 'v2' now, 'v1' then"),
        ({"inputs": X[:-1]}, "rows: 199 now, 200 then"),
        ({"batch_size": 8}, "batch_size"),
        ({"ids": IDS}, "ids"),
        ({"dtype": "float16"}, "dtype"),
        ({"keep": "margins"}, "keep"),
        ({"multilabel": "min"}, "multilabel"),
    ],
)
def test_another_model_loader_or_option_is_refused_and_both_are_named(tmp_path, options, name):
    run(tmp_path / "pool")
    before = contents(tmp_path / "pool")
    with pytest.raises(MismatchError, match="continued") as caught:
        run(tmp_path / "pool", **options)
    assert name in str(caught.value)
    assert contents(tmp_path / "pool") == before


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    "changed",
    [
        lambda b: (b @ TO_CLASSES, b @ TO_VECTOR * 1.01),
        lambda b: (b @ TO_CLASSES + b[:, :1] * [1, 0, 0, 0], b @ TO_VECTOR),
    ],
    ids=["vectors", "scores"],
)
def test_another_model_of_the_same_name_is_refused_by_its_first_batch(tmp_path, changed, finished):
    calls = []

    def failing(part):
        calls.append(1)
        if len(calls) > 8 and not finished:
            raise ConnectionError
        return model(part)

    try:
        run(tmp_path / "pool", function=failing)
    except ConnectionError:
        assert not finished
    with pytest.raises(MismatchError, match="the model or the loader has changed"):
        run(tmp_path / "pool", function=changed)
    assert run(tmp_path / "pool").rows_before == (N if finished else 128)


def test_repeated_ids_are_refused(tmp_path):
    with pytest.raises(IdError, match="distinct"):
        run(tmp_path / "pool", ids=[*IDS[:-1], IDS[0]])
    with pytest.raises(IdError, match="one for each of 200 examples"):
        run(tmp_path / "pool", ids=IDS[:-1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (lambda b: b, ShapeError, "outputs, embeddings"),
        (lambda b: (b @ TO_CLASSES, None), ShapeError, "embeddings"),
        (lambda b: (b[:-1] @ TO_CLASSES, b), ShapeError, "outputs"),
        (lambda b: (b @ TO_CLASSES, b[:-1]), ShapeError, "rows"),
        (lambda b: (b @ TO_CLASSES, np.where(b == X[33, 0], np.nan, b)), NonFiniteError, "33"),
        (lambda b: (np.where(b[:, :4] == X[33, 0], np.nan, b[:, :4]), b), NonFiniteError, "begins with row 32"),
        (lambda b: (b @ TO_CLASSES, b[:, : len(b) // 2]), ShapeError, "dim"),
    ],
)
def test_answers_that_cannot_be_used(tmp_path, function, error, text):
    with pytest.raises(error, match=text):
        run(tmp_path / "pool", function=function)
    assert not list(tmp_path.iterdir()) or text == "dim"  # that one comes after finished shards
    assert not (tmp_path / "pool").exists()


def test_probabilities_that_are_called_logits_are_told_apart_where_they_can_be(tmp_path):
    with pytest.raises(DataError, match="between 0 and 1"):
        run(tmp_path / "pool", logits=False)
    with pytest.raises(ArgumentError, match="logits=False"):
        run(tmp_path / "pool", function=lambda b: (scipy_softmax(b @ TO_CLASSES, axis=1), b))


def test_float16_that_overflows_is_refused(tmp_path):
    with pytest.raises(DataError, match="float16"):
        run(tmp_path / "pool", function=lambda b: (None, b * 1e6), dtype="float16")
    made = run(tmp_path / "half", function=lambda b: (None, b), dtype="float16")
    assert made.scores is None
    np.testing.assert_array_equal(made.open().embeddings(), X.astype(np.float16))


def test_the_disk_is_looked_at_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=1000))
    with pytest.raises(MemoryPlanError, match="200 examples of dim 6"):
        run(tmp_path / "pool")


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "mine.txt").write_text("mine")
    with pytest.raises(FileError, match="folder of other files"):
        run(tmp_path / "pool")
    with pytest.raises(FileError, match="exist and be writable"):
        run(tmp_path / "no" / "pool")
    assert [path.name for path in tmp_path.rglob("*")] == ["pool", "mine.txt"]


@pytest.mark.parametrize("name", ["shard-00001.parquet", "_scores/shard-00000.parquet", "_pass.json"])
def test_a_changed_byte_is_found(tmp_path, name):
    run(tmp_path / "pool")
    path = tmp_path / "pool" / name
    path.write_bytes(path.read_bytes()[:-9] + b"something")
    with pytest.raises(CorruptFileError):
        run(tmp_path / "pool")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"inputs": iter([X])}, "length and slices"),
        ({"function": 5}, "callable"),
        ({"also": "entropy"}, "also"),
        ({"also": ["entropy"], "multilabel": "min"}, "also"),
        ({"binary": True, "multilabel": "min"}, "binary"),
        ({"inputs": X[:0]}, "one or more"),
    ],
)
def test_arguments_that_do_not_fit(tmp_path, options, text):
    with pytest.raises(ArgumentError, match=text):
        run(tmp_path / "pool", **options)
    assert not (tmp_path / "pool").exists()


def test_progress_begins_where_the_pass_goes_on(tmp_path):
    from contextlib import contextmanager

    told = []

    class Bars:
        @contextmanager
        def task(self, title, total=None):
            told.append((title, total))
            yield told.append

    run(tmp_path / "pool", progress=Bars())
    assert told[0] == ("Embedding the pool", N)
    assert sum(told[1:]) == N

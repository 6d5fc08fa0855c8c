from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

import ladle

DIM = 6


@pytest.fixture
def new(tmp_path):
    """A pool of newcomers: two rows of the old pool, 60 like it, one far off."""
    folder = tmp_path / "in"
    folder.mkdir()
    random = np.random.default_rng(8)
    old = np.random.default_rng(3).standard_normal((240, DIM)).astype(np.float32)
    rows = np.concatenate([old[[7, 9]], random.standard_normal((60, DIM)), np.full((1, DIM), 1e4)]).astype(np.float32)
    np.save(folder / "new.npy", rows)
    (folder / "ids.txt").write_text("".join(f"n{row}\n" for row in range(len(rows))))
    return folder / "new.npy"


@pytest.fixture
def tree(made, tmp_path):
    """A tree that carries what `assign` goes by."""
    path = tmp_path / "in.npz"
    pool = ladle.open_pool(made / "pool.npy")
    ladle.cluster(pool, metric="sqeuclidean", mean_size=6).with_prototypes(pool).save(path)
    return path


def assigned(tree, path, **options):
    return ladle.Dendrogram.load(tree).assign(np.load(path), **options)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_the_file_is_what_the_library_says(run_json, tree, new, tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    code, facts = run_json("assign", tree, new, "-o", path, "--ids", new.parent / "ids.txt")
    expected = assigned(tree, new)
    assert (code, facts["rows"], facts["clusters"], facts["twins"]) == (0, 63, 40, 2)
    assert facts["joined"] + facts["far"] == 63
    assert facts["clusters_founded"] == expected.founded > 0
    assert facts["limit"] == expected.limit
    assert (facts["recall"], facts["output"]) == (None, str(path))
    if suffix == "parquet":
        entries = pq.read_table(path).to_pylist()
    elif suffix == "csv":
        with path.open() as file:
            entries = [{**entry, "new": entry["new"] == "true"} for entry in csv.DictReader(file)]
    else:
        entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["id"] for entry in entries] == [f"n{row}" for row in range(63)]
    assert [int(entry["row"]) for entry in entries] == list(range(63))
    assert [int(entry["cluster"]) for entry in entries] == expected.labels.tolist()
    assert [entry["new"] for entry in entries] == (expected.labels >= 40).tolist()
    np.testing.assert_allclose([float(entry["linkage"]) for entry in entries], expected.linkages, rtol=1e-6)
    assert entries[-1]["new"]


@pytest.mark.parametrize("fate", ["cluster", "mark", "nearest"])
def test_what_becomes_of_those_far_off(run, run_json, tree, new, tmp_path, fate):
    arguments = ["assign", tree, new, "-o", tmp_path / "a.parquet", "--new", fate]
    code, facts = run_json(*arguments)
    clusters = pq.read_table(tmp_path / "a.parquet")["cluster"].to_numpy()
    assert code == 0
    assert clusters.tolist() == assigned(tree, new, new=fate).labels.tolist()
    assert (facts["limit"] is None) == (fate == "nearest")
    assert (facts["far"] == 0) == (fate == "nearest")
    told = " ".join(run(*arguments)[1].split())
    assert {"cluster": "new clusters", "mark": "marked -1", "nearest": "0 beyond inf"}[fate] in told
    assert "search exact" in told


def test_a_finer_cut_reads_the_old_pool(run, run_json, made, tree, new, tmp_path):
    arguments = ["assign", tree, new, "-o", tmp_path / "a.csv", "--n-clusters", "80"]
    code, _, err = run(*arguments)
    assert (code, "pool=" in err) == (2, True)
    assert not (tmp_path / "a.csv").exists()
    code, facts = run_json(*arguments, "--clustered", made / "pool.npy")
    assert (code, facts["clusters"]) == (0, 80)
    code, facts = run_json(*arguments, "--clustered", new)
    assert (code, facts["error"]["kind"]) == (5, "MismatchError")


def test_approximate_search_tells_its_recall(run, run_json, tree, new, tmp_path, monkeypatch):
    monkeypatch.setattr("ladle.neighbours.nearest_cluster.CELL_ROWS", 4)
    arguments = ["assign", tree, new, "-o", tmp_path / "a.csv", "--approximate"]
    code, facts = run_json(*arguments)
    assert code == 0
    assert 0.9 < facts["recall"] <= 1
    assert "by cells" in run(*arguments)[1]


@pytest.mark.parametrize(
    ("change", "options", "code", "told"),
    [
        ("nan", [], 3, "row 5"),
        ("dim", [], 3, "dim 6 like the tree's pool"),
        (None, ["--mean-size", "9", "--threshold", "1"], 2, "exactly one"),
        (None, ["--new", "refuse"], 2, "refuse"),
        (None, ["-o", "a.npz"], 4, "end in .parquet"),
        (None, ["--clustered", "none.npy"], 4, "nothing there"),
    ],
)
def test_refusals_leave_no_file(run, tree, new, tmp_path, monkeypatch, change, options, code, told):
    rows = np.load(new)
    if change == "nan":
        rows[5, 1] = np.nan
    np.save(new, rows[:, :4] if change == "dim" else rows)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    output = [] if "-o" in options else ["-o", "a.parquet"]
    given, out, err = run("assign", tree, new, *output, *options)
    assert (given, out) == (code, "")
    assert told in err
    assert not list((tmp_path / "out").iterdir())


def test_its_inputs_are_never_overwritten(run, tree, new, tmp_path):
    content = new.read_bytes()
    code, _, err = run("assign", tree, new.parent, "-o", new.parent / "a.csv")
    assert (code, "outside the folders" in err) == (2, True)
    assert new.read_bytes() == content


def test_help(run):
    code, out, _ = run("assign", "--help")
    assert code == 0
    assert "ladle assign tree.npz new.parquet" in out

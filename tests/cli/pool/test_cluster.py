from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import MemoryPlanError


def test_clusters_a_parquet_pool(run_json, made, tmp_path):
    code, facts = run_json("cluster", made / "pool.parquet", "-o", tmp_path / "t.npz", "--id", "image_id")
    assert code == 0
    assert (facts["rows"], facts["dim"], facts["metric"], facts["clusters"]) == (240, 6, "cosine", 24)
    assert facts["cluster_size_mean"] == 10
    assert facts["certified"] == 1.0
    assert facts["peak_memory_bytes"] > 1 << 20
    tree = ladle.Dendrogram.load(tmp_path / "t.npz")
    pool = ladle.open_pool(made / "pool.parquet", id="image_id")
    assert tree.pool_digest == pool.digest == facts["pool_digest"]
    expected = ladle.cluster(pool, mean_size=10)
    np.testing.assert_array_equal(tree.merges, expected.merges)
    np.testing.assert_array_equal(tree.heights, expected.heights)
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


@pytest.mark.parametrize(
    ("level", "clusters"),
    [(["--mean-size", "40"], 6), (["--n-clusters", "7"], 7), (["--threshold", "3"], 1), (["--full"], 24)],
)
def test_levels(run_json, made, tmp_path, level, clusters):
    code, facts = run_json("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", *level)
    assert (code, facts["clusters"]) == (0, clusters)
    assert facts["metric"] == "cosine"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_clusters_out(run_json, made, tmp_path, suffix):
    path = tmp_path / f"c.{suffix}"
    code, facts = run_json(
        "cluster", made / "pool.npy", "-o", tmp_path / "t.npz", "--metric", "sqeuclidean", "--clusters-out", path
    )
    assert (code, facts["clusters_out"]) == (0, str(path))
    if suffix == "parquet":
        entries = pq.read_table(path).to_pylist()
    elif suffix == "csv":
        with path.open() as file:
            entries = [{name: int(value) for name, value in entry.items()} for entry in csv.DictReader(file)]
    else:
        entries = [json.loads(line) for line in path.read_text().splitlines()]
    tree = ladle.Dendrogram.load(tmp_path / "t.npz")
    assert tree.metric == "sqeuclidean"
    assert [entry["id"] for entry in entries] == [entry["row"] for entry in entries] == list(range(240))
    assert [entry["cluster"] for entry in entries] == tree.cut(mean_size=10).tolist()


def test_people_get_a_table(run, made, tmp_path):
    code, out, err = run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz")
    assert (code, err) == (0, "")
    assert "240 examples, dim 6, float32" in " ".join(out.split())
    assert "mean 10.0" in out
    assert "100.00%" in out


def test_the_same_command_twice_is_the_same_tree(run, made, tmp_path):
    for _ in range(2):
        assert run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", "--seed", "5")[0] == 0
        content = (tmp_path / "t.npz").read_bytes()
    assert run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", "--seed", "5")[0] == 0
    assert (tmp_path / "t.npz").read_bytes() == content


def bad_pools(folder):
    vectors = np.ones((4, 2), np.float32)
    nan, zero = vectors.copy(), vectors.copy()
    nan[2, 1], zero[3] = np.nan, 0
    np.save(folder / "nan.npy", nan)
    np.save(folder / "zero.npy", zero)
    np.save(folder / "objects.npy", np.array([[object()]]), allow_pickle=True)
    (folder / "short.npy").write_bytes((folder / "nan.npy").read_bytes()[:-5])
    pq.write_table(pa.table({"id": [1, 1], "emb": [[1.0, 2.0], [3.0, 4.0]]}), folder / "twice.parquet")
    pq.write_table(pa.table({"id": [1, 2], "emb": [[1.0, 2.0], [3.0]]}), folder / "ragged.parquet")
    pq.write_table(pa.table({"key": [1, 2], "emb": [[1.0, 2.0], [3.0, 4.0]]}), folder / "no-id.parquet")


@pytest.mark.parametrize(
    ("pool", "code", "kind", "told"),
    [
        ("none.npy", 4, "FileError", "nothing there"),
        ("nan.npy", 3, "NonFiniteError", "row 2"),
        ("zero.npy", 3, "ZeroVectorError", "row 3"),
        ("objects.npy", 4, "UnsafeFileError", "pickle"),
        ("short.npy", 4, "CorruptFileError", "27 bytes"),
        ("twice.parquet", 3, "IdError", "1 repeats"),
        ("ragged.parquet", 3, "ShapeError", "row 1"),
        ("no-id.parquet", 2, "ArgumentError", "columns `key`, `emb`"),
    ],
)
def test_unusable_pools_end_in_one_error_and_no_file(
    run, run_json, tmp_path_factory, tmp_path, empty, pool, code, kind, told
):
    folder = tmp_path_factory.mktemp("bad")
    bad_pools(folder)
    arguments = ["cluster", folder / pool, "-o", tmp_path / "t.npz"]
    given, facts = run_json(*arguments)
    assert (given, facts["error"]["kind"], facts["error"]["exit_code"]) == (code, kind, code)
    assert told in facts["error"]["message"]
    given, out, err = run(*arguments)
    assert (given, out) == (code, "")
    assert err.startswith("error: ")
    assert told in err
    assert empty()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mean-size", "5", "--threshold", "1"], "--mean-size and --threshold"),
        (["--n-clusters", "5", "--full"], "--n-clusters and --full"),
        (["--mean-size", "0.5"], "1 or more"),
        (["--n-clusters", "241"], "at most the 240 rows"),
        (["--threshold", "nan"], "0 or more"),
        (["--seed", "-1"], "seed"),
        (["--ids", "missing.txt"], "missing.txt"),
        (["--clusters-out", "c.xlsx"], "end in .parquet or .csv or .jsonl"),
        (["--clusters-out", "no/such/c.csv"], "no/such"),
        (["-o", "t.pkl"], "end in .npz"),
        (["-o", "no/such/t.npz"], "no/such"),
    ],
)
def test_unusable_options_are_refused_before_any_work(run, made, tmp_path, empty, monkeypatch, options, told):
    monkeypatch.chdir(tmp_path)
    output = [] if "-o" in options else ["-o", "t.npz"]
    code, out, err = run("cluster", made / "pool.npy", *output, *options)
    assert code in (2, 4)
    assert out == ""
    assert told in err
    assert empty()


def test_too_large_a_pool_is_refused(run_json, made, tmp_path, empty, monkeypatch):
    monkeypatch.setenv("LADLE_MEMORY", "10K")
    code, facts = run_json("cluster", made / "pool.npy", "-o", tmp_path / "t.npz")
    assert (code, facts["error"]["kind"]) == (6, "MemoryPlanError")
    assert "LADLE_MEMORY" in facts["error"]["remedy"]
    assert empty()
    with pytest.raises(MemoryPlanError) as error:
        ladle.cluster(made / "pool.npy")
    assert facts["error"]["message"] == str(error.value)  # the library refuses it in the same words


def test_an_existing_tree_survives_a_failure(run, made, tmp_path):
    bad_pools(tmp_path)
    tree = tmp_path / "t.npz"
    tree.write_bytes((made / "tree.npz").read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run("cluster", tmp_path / "nan.npy", "-o", tree, "--force")[0] == 3
    assert tree.read_bytes() == (made / "tree.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_pool_is_never_overwritten(run, made, tmp_path):
    np.savez(tmp_path / "pool.npz", embeddings=np.eye(5))
    content = (tmp_path / "pool.npz").read_bytes()
    code, _, err = run("cluster", tmp_path / "pool.npz", "-o", tmp_path / "pool.npz")
    assert (code, "another file than the inputs" in err) == (2, True)
    assert (tmp_path / "pool.npz").read_bytes() == content
    folder = tmp_path / "shards"
    folder.mkdir()
    np.save(folder / "a.npy", np.eye(5))
    code, _, err = run("cluster", folder, "-o", folder / "t.npz")
    assert (code, "outside the folders" in err) == (2, True)
    assert len(list(folder.iterdir())) == 1


def test_approximate_neighbours_are_named(run_json, run, made, tmp_path, monkeypatch):
    monkeypatch.setattr("ladle.neighbours.effort.BRUTE_COST", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 3)
    arguments = ["cluster", made / "pool.npy", "-o", tmp_path / "tree.npz", "--force"]
    code, facts = run_json(*arguments, "--approximate", "--quality", "high")
    assert code == 0
    assert facts["recall"] >= 0.995
    out = run(*arguments, "--approximate")[1]
    assert "approximate neighbours" in out
    code, facts = run_json(*arguments, "--exact")
    assert (code, facts["recall"]) == (0, None)

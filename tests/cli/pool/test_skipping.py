"""`--skip-invalid` in every command that opens a pool: what is left out is listed, and all else keeps its place."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle

N, DIM = 300, 4
BAD = {7: "NaN or infinity", 40: "all zeros, which has no direction under the cosine metric", 41: "NaN or infinity"}
GOOD = np.setdiff1d(np.arange(N), list(BAD))


@pytest.fixture(scope="module")
def margins():
    made = np.random.default_rng(1).random(N).astype(np.float32)
    made[list(BAD)] = 0  # the least sure of all: chosen first unless they are left out
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory, margins):
    made = tmp_path_factory.mktemp("skipping")
    vectors = np.random.default_rng(0).standard_normal((N, DIM)).astype(np.float32)
    vectors[7, 1], vectors[40], vectors[41] = np.nan, 0, np.inf
    np.save(made / "pool.npy", vectors)
    pq.write_table(
        pa.table({"id": [f"im{row:03}" for row in range(N)], "emb": vectors.tolist()}), made / "pool.parquet"
    )
    np.save(made / "m.npy", margins)
    return made


@pytest.fixture
def tree(run_json, folder, tmp_path):
    code, _ = run_json("cluster", folder / "pool.npy", "-o", tmp_path / "t.npz", "--skip-invalid")
    assert code == 0
    return tmp_path / "t.npz"


def listed(path):
    with path.open() as file:
        return [(int(entry["row"]), entry["id"], entry["reason"]) for entry in csv.DictReader(file)]


def entries(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_cluster_lists_what_it_left_out(run_json, run, folder, tmp_path):
    given = ["cluster", folder / "pool.parquet", "-o", tmp_path / "t.npz", "--clusters-out", tmp_path / "c.jsonl"]
    code, facts = run_json(*given)
    assert code == 3
    assert "3 of 300 rows" in facts["error"]["message"]
    assert "'im007', 'im040', 'im041'" in facts["error"]["message"]
    assert "--skip-invalid" in facts["error"]["message"]
    code, facts = run_json(*given, "--skip-invalid")
    assert code == 0
    listing = tmp_path / "t.npz.skipped.csv"
    assert facts["skipped"] == {
        "rows": 3,
        "reasons": {"NaN or infinity": 2, BAD[40]: 1},
        "listed_in": str(listing),
    }
    assert listed(listing) == [(row, f"im{row:03}", BAD[row]) for row in BAD]
    assert [entry["row"] for entry in entries(tmp_path / "c.jsonl")] == GOOD.tolist()
    assert [entry["id"] for entry in entries(tmp_path / "c.jsonl")] == [f"im{row:03}" for row in GOOD]
    assert ladle.Dendrogram.load(tmp_path / "t.npz").skipped_rows.tolist() == list(BAD)
    code, out, _ = run(*given, "--skip-invalid", "--skipped", tmp_path / "s.jsonl")
    assert code == 0
    assert "3 of 300 examples, listed in" in " ".join(out.split())
    assert [entry["row"] for entry in entries(tmp_path / "s.jsonl")] == list(BAD)


def test_select_matches_scores_by_the_rows_of_the_file(run_json, folder, tree, margins, tmp_path):
    (tmp_path / "done.txt").write_text("0\n7\n40\n5\n")
    given = ["select", folder / "pool.npy", "--scores", folder / "m.npy", "--margins", "--strategy", "margin"]
    given += ["--size", 20, "--tree", tree, "--labelled", tmp_path / "done.txt", "-o", tmp_path / "b.jsonl"]
    code, facts = run_json(*given)
    assert code == 5
    assert "Add --skip-invalid: the tree was made without 3 examples" in facts["error"]["message"]
    code, facts = run_json(*given, "--skip-invalid")
    assert code == 0
    assert facts["skipped"]["rows"] == 3
    free = np.setdiff1d(GOOD, [0, 5])
    best = set(free[np.argsort(margins[free])[:20]].tolist())
    found = entries(tmp_path / "b.jsonl")
    assert {entry["row"] for entry in found} == {entry["id"] for entry in found} == best
    for entry in found:
        assert entry["margin"] == pytest.approx(float(margins[entry["row"]]))
    assert [row for row, *_ in listed(tmp_path / "b.jsonl.skipped.csv")] == list(BAD)


def test_scores_of_the_usable_rows_alone_are_refused(run_json, folder, margins, tmp_path):
    np.save(tmp_path / "short.npy", margins[GOOD])
    code, facts = run_json(
        *["select", folder / "pool.npy", "--scores", tmp_path / "short.npy", "--margins", "--strategy", "margin"],
        *["--size", 20, "-o", tmp_path / "b.csv", "--skip-invalid"],
    )
    assert code == 3
    assert "the pool's 300 rows" in facts["error"]["message"]


def test_assign_keeps_rows_and_ids(run_json, folder, tree, tmp_path):
    given = ["assign", tree, folder / "pool.npy", "-o", tmp_path / "a.jsonl"]
    code, facts = run_json(*given)
    assert code == 3
    code, facts = run_json(*given, "--skip-invalid", "--clustered", folder / "pool.npy", "--mean-size", 3)
    assert code == 0
    assert facts["skipped"]["rows"] == 3
    assert [entry["row"] for entry in entries(tmp_path / "a.jsonl")] == GOOD.tolist()


def test_doctor_counts_them(run_json, folder):
    code, facts = run_json("doctor", folder / "pool.npy", "--skip-invalid")
    assert code == 0
    assert facts["pool"]["rows"] == N - 3
    assert facts["pool"]["skipped"]["rows"] == 3


@pytest.mark.parametrize("pool", ["pool.npy", "pool.parquet"])
def test_a_campaign_goes_on_without_them(run_json, folder, tmp_path, monkeypatch, pool):
    monkeypatch.chdir(tmp_path)
    db = ["--db", tmp_path / "c.db"]
    given = ["campaign", "create", folder / pool, *db, "--name", "birds", "--strategy", "coreset", "--skip-invalid"]
    code, facts = run_json(*given)
    assert code == 0
    assert facts["pool"] == N - 3
    assert [row for row, *_ in listed(tmp_path / f"{pool}.skipped.csv")] == list(BAD)
    code, _ = run_json("campaign", "ask", *db, "--size", N - 3, "-o", tmp_path / "b.jsonl")
    assert code == 0  # the pool is opened again from its place, without them
    ids = [entry["id"] for entry in entries(tmp_path / "b.jsonl")]
    names = GOOD.tolist() if pool == "pool.npy" else [f"im{row:03}" for row in GOOD]
    assert sorted(ids) == sorted(names)


def test_options_that_do_not_go_together(run, folder, tmp_path, empty):
    given = ["cluster", folder / "pool.npy", "-o", tmp_path / "t.npz"]
    code, _, err = run(*given, "--skipped", tmp_path / "s.csv")
    assert code == 2
    assert "--skip-invalid" in err
    code, _, err = run(*given, "--skip-invalid", "--skipped", tmp_path / "s.txt")
    assert code == 4
    assert "end in .parquet or .csv or .jsonl" in err
    assert empty()


def test_nothing_to_leave_out_is_an_empty_list(run_json, made, tmp_path):
    code, facts = run_json("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", "--skip-invalid")
    assert code == 0
    assert facts["skipped"]["rows"] == 0
    assert listed(tmp_path / "t.npz.skipped.csv") == []
    assert "notices" not in facts

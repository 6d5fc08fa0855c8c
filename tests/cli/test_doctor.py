from __future__ import annotations

import sqlite3

import numpy as np

import ladle


def test_the_machine(run_json, run):
    code, facts = run_json("doctor")
    assert code == 0
    assert facts["versions"]["ladle"] == ladle.__version__
    assert facts["versions"]["numpy"] == np.__version__
    assert facts["engines"]["sqlite"] == sqlite3.sqlite_version
    assert facts["machine"]["threads"] >= 1
    assert facts["machine"]["memory_bytes"] >= facts["machine"]["available_bytes"]
    assert facts["pool"] is None
    code, out, err = run("doctor")
    assert (code, err) == (0, "")
    assert "numpy" in out
    assert "BLAS" in out


def test_a_pool(run_json, run, made):
    code, facts = run_json("doctor", made / "pool.parquet", "--id", "image_id")
    assert code == 0
    assert (facts["pool"]["rows"], facts["pool"]["dim"], facts["pool"]["id_type"]) == (240, 6, "text")
    assert [step["fits"] for step in facts["plan"]] == [True, True, True]
    code, out, _ = run("doctor", made / "pool.npy")
    assert code == 0
    assert "to cluster" in out


def test_a_pool_of_a_size(run_json, run, monkeypatch):
    monkeypatch.setenv("LADLE_MEMORY", "10GiB")
    code, facts = run_json("doctor", "--rows", 9_000_000, "--dim", 64)
    assert code == 0
    assert facts["pool"]["embedding_bytes"] == 9_000_000 * 64 * 4
    assert facts["warnings"] == []
    code, facts = run_json("doctor", "--rows", 90_000_000, "--dim", 64)
    assert code == 0
    assert facts["warnings"][0] == "to load the embeddings needs 21.5 GiB, and 10.0 GiB are available"
    assert "does not fit" in run("doctor", "--rows", 90_000_000, "--dim", 64)[1]


def test_unusable_options(run, made):
    for options in (["--rows", 5], ["--dim", 5], ["--rows", 0, "--dim", 4], [made / "pool.npy", "--rows", 5]):
        code, out, err = run("doctor", *options)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")

from __future__ import annotations

import re
import shutil
import sqlite3

import numpy as np
import pytest

import ladle
from ladle.cli.pool import machine
from ladle.hac import plan


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
    assert [step["fits"] for step in facts["plan"]] == [True, True]
    assert facts["clustering"]["engine"] == "exact"
    code, out, _ = run("doctor", made / "pool.npy")
    assert code == 0
    assert "to cluster" in out
    assert "time to cluster" in out


def test_a_pool_of_a_size(run_json, run, monkeypatch):
    monkeypatch.setenv("LADLE_MEMORY", "10GiB")
    code, facts = run_json("doctor", "--rows", 9_000_000, "--dim", 64)
    assert code == 0
    assert facts["pool"]["embedding_bytes"] == 9_000_000 * 64 * 4
    assert facts["warnings"] == []
    code, facts = run_json("doctor", "--rows", 90_000_000, "--dim", 64)
    assert code == 0
    assert facts["warnings"][0] == "to cluster needs 95.7 GiB, and 10.0 GiB are available"
    assert "does not fit" in run("doctor", "--rows", 90_000_000, "--dim", 64)[1]


def test_the_engine_that_cluster_will_use(run_json):
    def engine(rows, *options):
        facts = run_json("doctor", "--rows", rows, "--dim", 64, *options)[1]
        return facts["clustering"]["engine"], facts["plan"][0]["needed_bytes"]

    assert engine(100_000) == engine(100_000, "--exact") == ("exact", plan.clustering_bytes(100_000, 64))
    assert engine(100_001) == ("approximate", plan.clustering_bytes(100_001, 64, exact=False))
    assert engine(100_001, "--exact")[0] == "exact"
    assert engine(5_000, "--approximate")[0] == "approximate"


def test_time_follows_the_machine(run_json, run, monkeypatch):
    def easy_and_hard(threads):
        monkeypatch.setenv("LADLE_THREADS", str(threads))
        # One core of another speed each time would tell nothing of the threads.
        monkeypatch.setattr("ladle.cli.pool.machine.products_per_second", lambda: threads * 10e9)
        told = run_json("doctor", "--rows", 2_000_000, "--dim", 64)[1]["clustering"]
        return told["seconds_easy_data"], told["seconds_hard_data"]

    easy, hard = easy_and_hard(2)
    assert hard > 2 * easy
    assert easy_and_hard(8) == pytest.approx((easy / 4, hard / 4), abs=0.1)
    text = " ".join(run("doctor", "--rows", 2_000_000, "--dim", 64)[1].split())
    assert re.search(r"about \d+ (s|min) on this machine where the data has clear clusters, \d+ min where", text)


def test_the_speed_of_this_machine(monkeypatch):
    monkeypatch.setenv("LADLE_THREADS", "1")
    one = machine.products_per_second()
    assert 1e8 < one < 1e12
    monkeypatch.setenv("LADLE_THREADS", "64")
    assert machine.products_per_second() > 8 * one


def test_a_full_disk_is_foretold(run_json, monkeypatch):
    full = shutil._ntuple_diskusage(9, 8, 100_000)
    monkeypatch.setattr("ladle.cli.pool.machine.shutil.disk_usage", lambda path: full)
    _, facts = run_json("doctor", "--rows", 5_000, "--dim", 64)
    assert facts["clustering"]["tree_bytes"] < 1 << 20
    assert len(facts["warnings"]) == 1
    assert "97.7 KiB of disk are free here" in facts["warnings"][0]


def test_unusable_options(run, made):
    for options in (["--rows", 5], ["--dim", 5], ["--rows", 0, "--dim", 4], [made / "pool.npy", "--rows", 5]):
        code, out, err = run("doctor", *options)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")

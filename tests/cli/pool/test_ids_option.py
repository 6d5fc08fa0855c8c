"""`--ids` and pools without a column of ids, in every command that opens a pool."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

N = 60
X = np.random.default_rng(0).standard_normal((N, 3)).astype(np.float32)
NAMES = [f"im{row:02}" for row in range(N)]


@pytest.fixture
def folder(tmp_path):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 3)
    pq.write_table(pa.table({"emb": lists, "label": [0] * N}), tmp_path / "plain.parquet")
    pq.write_table(pa.table({"image_id": NAMES, "emb": lists}), tmp_path / "named.parquet")
    pq.write_table(pa.table({"n": range(N), "image": NAMES}), tmp_path / "meta.parquet")
    np.save(tmp_path / "x.npy", X)
    return tmp_path


def commands(folder, pool, ids):
    """Each command that opens a pool, and the file with the ids that it writes."""
    tree = folder / "tree.npz"
    return [
        (["doctor", pool, *ids], None),
        (["cluster", pool, *ids, "-o", tree, "--clusters-out", folder / "clusters.parquet"], "clusters.parquet"),
        (["select", pool, *ids, "--size", 5, "--strategy", "uniform", "-o", folder / "batch.parquet"], "batch.parquet"),
        (["assign", tree, pool, *ids, "-o", folder / "assigned.parquet"], "assigned.parquet"),
        (["campaign", "create", pool, *ids, "--name", "c", "--db", folder / "c.db", "--strategy", "uniform"], None),
        (["campaign", "extend", pool, *ids, "--name", "c", "--db", folder / "c.db"], None),
    ]


@pytest.mark.parametrize(
    ("pool", "option", "kind"),
    [
        ("plain.parquet", [], "integer"),
        ("plain.parquet", ["--ids", "FOLDER/meta.parquet:image"], "text"),
        ("named.parquet", ["--id", "image_id"], "text"),
        ("named.parquet", ["--ids", "row-numbers"], "integer"),
        ("named.parquet", ["--ids", "FOLDER/meta.parquet:image"], "text"),
        ("x.npy", ["--ids", "FOLDER/meta.parquet:image"], "text"),
    ],
)
def test_every_command_takes_them(run, folder, pool, option, kind):
    option = [each.replace("FOLDER", str(folder)) for each in option]
    for command, written in commands(folder, folder / pool, option):
        code, out, err = run(*command, "--json")
        assert code == 0, err
        said = [text for text in json.loads(out).get("notices", []) if "the ids are the row numbers" in text]
        assert bool(said) == (option == []), command
        if written:
            ids = pq.read_table(folder / written).column("id")
            rows = pq.read_table(folder / written).column("row").to_pylist()
            assert ids.to_pylist() == (rows if kind == "integer" else [NAMES[row] for row in rows])


def test_every_command_refuses_what_has_two_readings(run, folder):
    assert run("cluster", folder / "x.npy", "-o", folder / "tree.npz")[0] == 0
    assert (
        run("campaign", "create", folder / "x.npy", "--name", "c", "--db", folder / "c.db", "--strategy", "uniform")[0]
        == 0
    )
    for command, _ in commands(folder, folder / "named.parquet", []):
        code, out, _ = run(*command, "--json")
        assert code == 2, command
        assert "--id image_id" in json.loads(out)["error"]["message"]
        assert "--ids row-numbers" in json.loads(out)["error"]["message"]


def test_the_notice_is_shown_to_people_too(run, folder):
    code, out, err = run("cluster", folder / "plain.parquet", "-o", folder / "tree.npz")
    assert code == 0
    assert "the ids are the row numbers" in " ".join((out + err).split())


def test_the_file_of_the_ids_is_not_written_over(run, folder):
    place = f"{folder}/meta.parquet:image"
    for option in (["-o", folder / "tree.npz", "--clusters-out", folder / "meta.parquet"],):
        code, _, err = run("cluster", folder / "x.npy", "--ids", place, *option)
        assert code == 2
        assert "another file than the inputs" in err
    code, _, err = run(
        "select", folder / "x.npy", "--ids", place, "--size", 5, "--strategy", "uniform", "-o", folder / "meta.parquet"
    )
    assert code == 2
    assert pq.read_table(folder / "meta.parquet").num_rows == N

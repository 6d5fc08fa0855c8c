"""What `--labelled` reads: every file that Ladle writes, and no list of which half is meant."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def select(run, tmp_path):
    np.save(tmp_path / "pool.npy", np.random.default_rng(0).standard_normal((60, 3)))
    np.save(tmp_path / "m.npy", np.arange(60) / 60)
    base = ["select", tmp_path / "pool.npy", "--scores", tmp_path / "m.npy", "--margins", "--strategy", "margin"]

    def call(*options, size=5, out="out.csv"):
        code, _, err = run(*base, "--size", size, "-o", tmp_path / out, *options)
        return code, err

    return call


def ids_in(path):
    return [int(line.split(",")[0]) for line in path.read_text().splitlines()[1:]]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_batch_is_a_list_of_what_was_labelled(select, tmp_path, suffix):
    assert select(out=f"one.{suffix}")[0] == 0
    assert select("--labelled", tmp_path / f"one.{suffix}", out="two.csv")[0] == 0
    assert ids_in(tmp_path / "two.csv") == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_batch_stands_beside_a_list_with_a_column_of_its_own(select, tmp_path, suffix):
    assert select(out=f"one.{suffix}")[0] == 0
    (tmp_path / "done.csv").write_text("img,label\n5,cat\n")
    files = ["--labelled", tmp_path / "done.csv", "--labelled", tmp_path / f"one.{suffix}"]
    assert select(*files, "--labelled-column", "img", out="two.csv")[0] == 0
    assert ids_in(tmp_path / "two.csv") == [6, 7, 8, 9, 10]


def write(path, name, values):
    rows = [{"id": place, name: value} for place, value in enumerate(values)]
    if path.suffix == ".csv":
        path.write_text(f"id,{name}\n" + "".join(f"{row['id']},{row[name]}\n" for row in rows))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("name", "values"),
    [("labelled", [True, False, True]), ("reviewed", [False, False, True]), ("done", [1, 0, 1])],
)
def test_a_column_that_says_no_of_some_is_refused(select, tmp_path, suffix, name, values):
    path = tmp_path / f"list.{suffix}"
    write(path, name, values)
    code, err = select("--labelled", path)
    assert code == 3
    assert f"`{name}`, which is false for" in err
    assert "--labelled-column" in err
    assert select("--labelled", path, "--labelled-column", "id")[0] == 0
    assert ids_in(tmp_path / "out.csv") == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(("name", "values"), [("labelled", [True, True]), ("cluster", [1, 0]), ("label", ["a", "b"])])
def test_a_column_that_says_no_of_none_is_let_be(select, tmp_path, suffix, name, values):
    path = tmp_path / f"list.{suffix}"
    write(path, name, values)
    assert select("--labelled", path)[0] == 0
    assert ids_in(tmp_path / "out.csv") == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "content",
    ["null\n", "[1]\n", '{"id": 1} {"id": 2}\n', '{"id": 1, "id": 2}\n', '{"id": ' + "9" * 6000 + "}\n", "\xff"],
)
def test_lines_that_are_no_objects_are_refused(select, tmp_path, content):
    (tmp_path / "list.jsonl").write_bytes(content.encode("latin-1"))
    code, err = select("--labelled", tmp_path / "list.jsonl")
    assert code in (3, 4)
    assert "list.jsonl" in err

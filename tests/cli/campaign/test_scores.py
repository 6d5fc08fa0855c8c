"""Scores of a campaign: as many classes as it has, said which; rows that are labelled need none."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.cli import main
from ladle.cli.pool.scored import Reading
from ladle.errors import ArgumentError, MismatchError, ShapeError
from tests.campaign.made import begun
from tests.cli.campaigns import labelled, make_pool

N = 60
RNG = np.random.default_rng(3)
P = RNG.dirichlet(np.ones(3), N)
Z = np.log(P)
IDS = [f"im{row:02}" for row in range(N)]
CLASSES = ["cat", "dog", "emu"]


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ready")
    pq.write_table(pa.table({"id": IDS, "emb": RNG.standard_normal((N, 3)).tolist()}), folder / "pool.parquet")
    create = ["campaign", "create", str(folder / "pool.parquet"), "--db", str(folder / "birds.db"), "--name", "birds"]
    assert main([*create, "--labels", ",".join(CLASSES), "--strategy", "margin", "--json"]) == 0
    return folder


@pytest.fixture
def folder(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    shutil.copytree(ready, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return tmp_path


def write(columns, name="s.parquet"):
    pq.write_table(pa.table(columns), name)
    return name


def named(names, values, **more):
    return {"id": IDS} | dict(zip(names, values.T, strict=True)) | more


def read_ids(path):
    with Path(path).open(newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("command", ["ask", "round"])
def test_columns_called_like_the_classes_are_read_in_their_order(folder, run_json, command):
    scores = write(named(["emu", "cat", "dog"], Z[:, [2, 0, 1]], loss=RNG.random(N)))
    code, facts = run_json(
        "campaign", command, "--db", "birds.db", "--scores", scores, "--logits", "--size", 10, "-o", "b.csv"
    )
    assert code == 0
    told = (
        facts["scores"]
        if command == "ask"
        else next(step for step in facts["steps"] if step["step"] == "ask")["scores"]
    )
    assert (told["classes"], told["columns"]) == (3, CLASSES)
    assert sorted(read_ids("b.csv")) == sorted(IDS[row] for row in ladle.Margin().query(10, probabilities=P).rows)


@pytest.mark.parametrize("command", ["ask", "round"])
@pytest.mark.parametrize(
    ("columns", "options", "code", "told"),
    [
        (named(["z0", "z1"], Z[:, :2]), ["--logits"], 5, "scores of 3 classes"),
        (named(["z0", "z1", "z2", "z3"], np.column_stack([Z, Z[:, 0]])), ["--logits"], 5, "z0, z1, z2, z3"),
        (named(["z0", "z1", "z2"], Z, loss=Z[:, 0]), ["--logits"], 2, "--score-column"),
        (named(["p"], P[:, :1]), [], 2, "--binary"),
        (named(["p"], P[:, :1]), ["--binary"], 5, "two"),
        (named(["margin"], Z[:, :1]), ["--margins"], 3, "0 or larger"),
    ],
)
def test_other_numbers_of_classes_are_refused(folder, run, command, columns, options, code, told):
    scores = write(columns)
    given, _, err = run(
        "campaign", command, "--db", "birds.db", "--scores", scores, "--size", 10, "-o", "b.csv", *options
    )
    assert (given, told in err) == (code, True)
    assert not Path("b.csv").exists()


def test_labelled_examples_need_no_score_in_the_next_round(folder, run, run_json):
    base = ["campaign", "round", "--db", "birds.db", "--size", 10]
    assert run(*base, "--scores", write(named(["z0", "z1", "z2"], Z)), "--logits", "-o", "b1.csv")[0] == 0
    labelled(Path("b1.csv"), Path("done.csv"))
    done = np.isin(IDS, read_ids("b1.csv"))
    holed = np.where(done[:, None], np.nan, Z)
    extra = named(["z0", "z1", "z2"], holed)
    extra = {name: [*values, "zz" if name == "id" else 0.0] for name, values in extra.items()}
    second = [*base, "--labels", "done.csv", "--annotator", "ann", "--scores", write(extra, "s2.parquet"), "--logits"]
    code, _, err = run(*second, "-o", "b2.csv")
    assert (code, "--ignore-extra-scores" in err) == (3, True)
    code, facts = run_json(*second, "-o", "b2.csv", "--ignore-extra-scores")
    assert code == 0
    assert next(step for step in facts["steps"] if step["step"] == "ask")["scores"]["extra_entries"] == 1
    again = run_json(*second, "-o", "b2.csv", "--ignore-extra-scores")[1]
    assert again["done_before"] is True


def test_keys_of_asks_without_new_options_are_those_of_earlier_versions():
    path = Path("s.parquet")
    assert Reading(path=path, votes=None).key == (False, False, None, None)
    assert Reading(path=path, votes=None, logits=True, columns=["p"], id_column="i").key == (True, False, "p", "i")
    others = [
        Reading(path=path, votes=None, binary=True),
        Reading(path=path, votes=None, normalise=True),
        Reading(path=path, votes=None, ignore_extra=True),
        Reading(path=path, votes=None, columns=["p", "q"]),
        Reading(path=path, votes=None),
    ]
    assert len({each.key for each in others}) == len(others)


def test_the_library_asks_by_as_many_classes(tmp_path):
    wide = np.full((40, 4), 0.25)
    with begun(f"sqlite:///{tmp_path}/c.db", tmp_path, labels=CLASSES) as campaign:
        with pytest.raises(MismatchError, match="the 3 classes that the campaign has; got 4 columns"):
            campaign.ask(5, probabilities=wide)
        with pytest.raises(MismatchError, match="got 2 columns"):
            campaign.ask(5, probabilities=wide[:, 0], binary=True)
        with pytest.raises(ShapeError, match="binary=True"):
            campaign.ask(5, probabilities=wide[:, 0])
        with pytest.raises(ArgumentError, match="normalise"):
            campaign.ask(5, margins=wide[:, 0], normalise=True)
        batch = campaign.ask(5, probabilities=P[:40] * 3, normalise=True)
        assert (
            batch.rows.tolist() == ladle.Margin().query(5, probabilities=P[:40], seed=batch.story["seed"]).rows.tolist()
        )
        campaign.tell(batch.ids, ["cat"] * 5)
        holed = P[:40].copy()
        holed[batch.rows] = np.nan
        assert not set(campaign.ask(5, probabilities=holed).rows) & set(batch.rows)
    with begun(f"sqlite:///{tmp_path}/d.db", tmp_path) as campaign:
        p = P[:40, 0]
        batch = campaign.ask(5, probabilities=p, binary=True)
        assert sorted(batch.rows) == sorted(np.argsort(abs(2 * p - 1))[:5])


@pytest.mark.parametrize("is_gone", [False, True])
def test_scores_may_name_their_ids_as_the_pool_does(tmp_path, run, monkeypatch, is_gone):
    """In the column that the campaign was created with, also where the pool itself is not there any more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    columns = {"image_id": IDS, "emb": RNG.standard_normal((N, 3)).tolist()}
    pool = write(columns, "pool.parquet")
    words = ("--id", "image_id", "--name", "birds", "--labels", ",".join(CLASSES), "--strategy", "margin")
    assert run("campaign", "create", pool, *words)[0] == 0
    if is_gone:
        Path(pool).unlink()
    order = RNG.permutation(N)
    scores = write({"image_id": [IDS[row] for row in order], "p": P[order].tolist()})
    assert run("campaign", "ask", "--scores", scores, "--size", 5, "-o", "b.csv")[0] == 0
    assert set(read_ids("b.csv")) == {IDS[row] for row in np.argsort(ladle.margin(P))[:5]}


def test_a_model_named_later_is_that_of_the_same_batch(
    run: Any, run_json: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    create = ("--name", "birds", "--labels", "cat,dog,emu", "--strategy", "margin")
    assert run("campaign", "create", "pool.parquet", *create)[0] == 0
    ask = ("campaign", "ask", "--size", 9, "--scores", "scores-1.parquet", "-o", "u.csv")
    first = run_json(*ask)[1]
    before = (tmp_path / "u.csv").read_bytes()
    again = run_json(*ask, "--model", "v1", "--force")[1]
    assert (again["batch"], again["done_before"], again["model"]) == (first["batch"], True, "v1")
    assert (tmp_path / "u.csv").read_bytes() == before
    code, _, err = run(*ask, "--model", "v2", "--force")
    assert code != 0
    assert "the model of round 1 must be 'v1'" in err
    assert "a key of its own" in err
    other = run_json("campaign", "ask", *ask[2:-1], "v.csv", "--model", "v2", "--key", "another")[1]
    assert (other["batch"], other["done_before"]) == (2, False)


def test_one_number_an_example_is_no_control_score(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    create = ("--name", "birds", "--labels", "cat,dog,emu", "--strategy", "margin", "--control", "50%")
    assert run("campaign", "create", "pool.parquet", *create)[0] == 0
    assert run("campaign", "ask", "--size", 10, "--scores", "scores-1.parquet", "-o", "b.csv")[0] == 0
    rows = pq.read_metadata(tmp_path / "pool.parquet").num_rows
    np.save(tmp_path / "z.npy", np.linspace(0, 1, rows, dtype=np.float32))
    code, _, err = run("campaign", "control", "--scores", "z.npy")
    assert code != 0
    assert "--margins" not in err
    assert "--binary" in err
    assert "--margins" in run("campaign", "ask", "--size", 5, "--scores", "z.npy", "-o", "c.csv")[2]

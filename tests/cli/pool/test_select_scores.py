"""What `ladle select` makes of a file of scores: which columns are classes, what its numbers are, who may lack one."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.scores import margin_from_logits

N = 240
RNG = np.random.default_rng(11)
Z = RNG.standard_normal((N, 4)).astype(np.float32) * 2
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
LOSS = RNG.random(N) * 4
NAMES = ["z0", "z1", "z2", "z3"]


@pytest.fixture
def select(made, tmp_path, run):
    """Run a selection by scores: exit code, rows chosen (None: refused), output, errors."""

    def command(*options):
        batch = tmp_path / "batch.parquet"
        base = ["select", made / "pool.npy", "--size", 20, "-o", batch]
        base += [] if "--strategy" in options else ["--strategy", "margin"]
        code, out, err = run(*base, *options)
        rows = pq.read_table(batch).column("row").to_pylist() if code == 0 else None
        batch.unlink(missing_ok=True)
        return code, rows, out, err

    return command


def wanted(margins, **more):
    return ladle.Margin().query(20, margins=margins, **more).rows.tolist()


def written(folder, kind, values=Z, also=True):
    columns = {"id": np.arange(N)} | dict(zip(NAMES, values.T, strict=True)) | ({"loss": LOSS} if also else {})
    path = folder / f"s.{kind}"
    if kind == "npz":
        np.savez(path, **columns)
    elif kind == "csv":
        pa.csv.write_csv(pa.table(columns), path)
    elif kind == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        pa.feather.write_feather(pa.table(columns), path)
    return path


KINDS = ["parquet", "csv", "npz", "feather"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", [["--logits"], ["--option", "multilabel=min"], []])
def test_a_column_of_another_pattern_is_never_a_class(select, tmp_path, kind, said):
    path = written(tmp_path, kind, P if "--logits" not in said else Z)
    code, rows, _, err = select("--scores", path, *said)
    assert (code, rows) == (2, None)
    assert "`z0`, `z1`, `z2`, `z3`, or also `loss`" in err
    assert "--score-column" in err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("named", [[*NAMES], ["z*"], ["z0", "z[123]"]])
def test_named_columns_are_the_classes(select, tmp_path, kind, named):
    options = [part for name in named for part in ("--score-column", name)]
    code, rows, out, _ = select("--scores", written(tmp_path, kind), "--logits", *options)
    assert (code, rows) == (0, wanted(margin_from_logits(Z)))
    assert "4 classes, logits, from the columns z0, z1, z2, z3" in out


def test_json_says_which_columns_were_read(run_json, made, tmp_path):
    path = written(tmp_path, "parquet", also=False)
    base = ["select", made / "pool.npy", "--size", 5, "--strategy", "margin", "--force", "-o", tmp_path / "b.csv"]
    code, facts = run_json(*base, "--scores", path, "--logits")
    assert code == 0
    told = facts["scores"]
    assert (told["read_as"], told["classes"], told["columns"]) == ("logits", 4, NAMES)
    code, facts = run_json(*base, "--scores", made / "margins.parquet", "--margins", "--ids", made / "pool-ids.txt")
    assert code == 4
    np.save(tmp_path / "m.npy", LOSS)
    code, facts = run_json(*base, "--scores", tmp_path / "m.npy", "--margins")
    assert (facts["scores"]["read_as"], facts["scores"]["classes"]) == ("margins", None)


def test_a_list_of_classes_must_agree(select, tmp_path):
    path = written(tmp_path, "parquet", also=False)
    assert select("--scores", path, "--logits", "--classes", "4")[0] == 0
    assert select("--scores", path, "--logits", "--classes", "a,b,c,d")[0] == 0
    code, _, _, err = select("--scores", path, "--logits", "--classes", "a,b,c")
    assert (code, "scores of 3 classes" in err, "z0, z1, z2, z3" in err) == (5, True, True)
    assert select("--scores", written(tmp_path, "parquet"), "--logits", "--classes", "z0,z1,z2,z3")[0] == 0
    for bad in ("", "a,,b", "a,a", "0"):
        assert select("--scores", path, "--classes", bad)[0] == 2


def test_one_number_an_example(select, tmp_path):
    p = P[:, 0]
    np.save(tmp_path / "p.npy", p)
    pq.write_table(pa.table({"id": range(N), "p": p}), tmp_path / "p.parquet")
    np.save(tmp_path / "z.npy", Z[:, 0])
    for name, code in (("p.npy", 3), ("p.parquet", 2)):
        given, _, _, err = select("--scores", tmp_path / name)
        assert (given, "--margins" in err, "--binary" in err) == (code, True, True)
        assert select("--scores", tmp_path / name, "--binary")[1] == wanted(abs(2 * p - 1))
        assert select("--scores", tmp_path / name, "--margins")[1] == wanted(p)
    code, _, _, err = select("--scores", tmp_path / "z.npy", "--margins")
    assert (code, "be 0 or larger" in err, "--logits --binary" in err) == (3, True, True)
    assert select("--scores", tmp_path / "z.npy", "--logits", "--binary")[1] == wanted(abs(np.tanh(Z[:, 0] / 2)))
    by_classes = select("--scores", tmp_path / "p.npy", "--binary", "--strategy", "entropy")
    both = np.stack([1 - p, p], axis=1)
    assert by_classes[1] == ladle.strategies.create("entropy").query(20, probabilities=both).rows.tolist()


def test_coarse_numbers_and_weights(select, tmp_path):
    low = P.astype(ml_dtypes.bfloat16)
    for name, given in (("wide", low.astype(np.float32)), ("narrow", low), ("half", P.astype(np.float16))):
        np.save(tmp_path / f"{name}.npy", given)
        margins = ladle.margin(given)
        assert select("--scores", tmp_path / f"{name}.npy")[1] == wanted(margins)
        probabilities = select("--scores", tmp_path / f"{name}.npy", "--strategy", "least-confidence")
        assert probabilities[0] == 0
    rounded = np.round(P.astype(float), 2)
    assert select("--scores", written(tmp_path, "csv", rounded, also=False))[1] == wanted(ladle.margin(rounded))
    np.save(tmp_path / "w.npy", P * 0.5)
    code, _, _, err = select("--scores", tmp_path / "w.npy")
    assert (code, "--normalise" in err, "--logits" in err, "normalise=True" in err) == (3, True, True, False)
    assert select("--scores", tmp_path / "w.npy", "--normalise")[1] == wanted(ladle.margin(P * 0.5, normalise=True))
    for other in ("--logits", "--margins", "--binary"):
        code, _, _, err = select("--scores", tmp_path / "w.npy", "--normalise", other)
        assert (code, f"{other} too" in err) == (2, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", [[], ["--logits"], ["--option", "multilabel=mean"], ["--strategy", "entropy"]])
def test_labelled_examples_may_be_nan(select, tmp_path, kind, said):
    labelled = np.array([2, 100, 200])
    (tmp_path / "done.txt").write_text("".join(f"{row}\n" for row in labelled))
    values = (Z if "--logits" in said else P).copy()
    whole = select("--scores", written(tmp_path, kind, values, also=False), "--labelled", tmp_path / "done.txt", *said)
    values[labelled] = np.nan
    path = written(tmp_path, kind, values, also=False)
    assert select("--scores", path, "--labelled", tmp_path / "done.txt", *said)[1] == whole[1]
    code, _, _, err = select("--scores", path, *said)
    assert (code, "row 2" in err) == (3, True)


def test_margins_of_labelled_examples_may_be_nan(select, tmp_path):
    margins = ladle.margin(P)
    (tmp_path / "done.txt").write_text("7\n")
    margins[7] = np.nan
    np.save(tmp_path / "m.npy", margins)
    given = ["--scores", tmp_path / "m.npy", "--margins"]
    assert select(*given, "--labelled", tmp_path / "done.txt")[1] == wanted(margins, labelled=[7])
    assert select(*given)[0] == 3


def test_scores_of_other_examples(select, tmp_path):
    pq.write_table(pa.table({"id": range(N + 2), "p": [*P.tolist(), *P[:2].tolist()]}), tmp_path / "s.parquet")
    code, _, _, err = select("--scores", tmp_path / "s.parquet")
    assert (code, "--ignore-extra-scores" in err) == (3, True)
    code, rows, out, _ = select("--scores", tmp_path / "s.parquet", "--ignore-extra-scores")
    assert (code, rows) == (0, wanted(ladle.margin(P)))
    assert "2 of other examples left out" in " ".join(out.split())


def test_columns_named_where_there_are_none(select, made):
    for option in ("--score-column", "--score-id"):
        code, _, _, err = select("--scores", made / "scores.npy", option, "p")
        assert (code, "an array without" in err) == (2, True)

"""Which columns are classes: the same reading in Parquet, Arrow, CSV and .npz, and a refusal where two are possible."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, IdError, MismatchError, NonFiniteError, ShapeError
from ladle.scores import margin
from ladle.scores.files.score_file import open_scores

N = 12
IDS = [f"im{row:02}" for row in range(N)]
RNG = np.random.default_rng(5)
P = np.round(RNG.dirichlet(np.ones(4), N), 6)
ONE = RNG.random(N)


@pytest.fixture
def pool():
    return ladle.open_pool(np.eye(N, 3, dtype=np.float32), ids=IDS)


def parquet(columns, folder):
    pq.write_table(pa.table(columns), folder / "s.parquet")
    return folder / "s.parquet"


def feather(columns, folder):
    pa.feather.write_feather(pa.table(columns), folder / "s.feather")
    return folder / "s.feather"


def csv(columns, folder):
    pa.csv.write_csv(pa.table(columns), folder / "s.csv")
    return folder / "s.csv"


def npz(columns, folder):
    np.savez(folder / "s.npz", **{name: np.asarray(values) for name, values in columns.items()})
    return folder / "s.npz"


def table(columns, folder):
    return pa.table(columns)


MADE = [parquet, feather, csv, npz, table]


def with_columns(names, **more):
    return {"id": IDS} | dict(zip(names, P.T, strict=False)) | dict.fromkeys(more.get("also", ()), ONE)


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("read_as", ["probabilities", "logits", "multilabel"])
@pytest.mark.parametrize(
    "names", ["z0 z1 z2 z3", "0 1 2 3", "p_cat p_dog p_emu p_fox", "class.3 class.4 class.7 class.9"]
)
def test_columns_of_one_pattern_are_the_classes(pool, tmp_path, make, read_as, names):
    scores = open_scores(make(with_columns(names.split()), tmp_path), pool, read_as=read_as)
    assert (scores.classes, scores.columns) == (4, tuple(names.split()))
    np.testing.assert_allclose(scores.matrix(np.asarray), P, atol=1e-6)


UNCLEAR = [
    ("z0 z1 z2 z3", ["loss"], "`z0`, `z1`, `z2`, `z3`, or also `loss`"),
    ("z0 z1 z2 z3", ["loss", "val_loss"], "or also `loss`, `val_loss`"),
    ("z0 z1 z2 z3", ["p0", "p1"], "`z0`, `z1`, `z2`, `z3`, or also `p0`, `p1`"),
    ("p_cat p_dog p_emu p_fox", ["time"], "or also `time`"),
    ("z0 z1 z2 z3", ["z_max"], "or also `z_max`"),
    ("loss1 loss2", [], "`loss1`, `loss2`"),
    ("emb_0 emb_1 emb_2 emb_3", [], "`emb_0`"),
    ("cat dog", ["loss"], "`cat`, `dog`, `loss`, or `cat`, `dog` alone"),
    ("golden_retriever golden_eagle", ["cat"], "or also `cat`"),
]


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("read_as", ["probabilities", "logits", "multilabel"])
@pytest.mark.parametrize(("names", "also", "readings"), UNCLEAR)
def test_columns_that_look_like_no_class_must_be_named(pool, tmp_path, make, read_as, names, also, readings):
    source = make(with_columns(names.split(), also=also), tmp_path)
    with pytest.raises(ArgumentError, match=r"column=\[") as refused:
        open_scores(source, pool, read_as=read_as)
    assert readings in str(refused.value)
    if len(names.split()) == 4:
        scores = open_scores(source, pool, read_as=read_as, column=names.split())
        np.testing.assert_allclose(scores.matrix(np.asarray), P, atol=1e-6)


@pytest.mark.parametrize("make", MADE)
def test_plain_words_decide_only_where_the_sum_does(pool, tmp_path, make):
    names = ["cat", "dog", "emu", "fox"]
    source = make(with_columns(names), tmp_path)
    assert open_scores(source, pool).columns == tuple(names)
    for read_as in ("logits", "multilabel"):
        with pytest.raises(ArgumentError, match="all of `cat`, `dog`, `emu`, `fox`, or some of them"):
            open_scores(source, pool, read_as=read_as)
        assert open_scores(source, pool, read_as=read_as, classes=names).classes == 4


@pytest.mark.parametrize("make", MADE)
def test_named_columns_and_patterns(pool, tmp_path, make):
    source = make(with_columns(["z0", "z1", "z2", "z3"], also=["loss"]), tmp_path)
    for column in (["z2", "z0"], "z*", ["z1", "z*"], ["none"], ["q*"], []):
        if column == ["z2", "z0"]:
            found = open_scores(source, pool, column=column)
            np.testing.assert_allclose(found.matrix(np.asarray), P[:, [2, 0]], atol=1e-6)
        elif column == "z*":
            assert open_scores(source, pool, column=column, read_as="logits").columns == ("z0", "z1", "z2", "z3")
        else:
            with pytest.raises(ArgumentError):
                open_scores(source, pool, column=column)
    with pytest.raises(ArgumentError, match="named once; got `z1` twice"):
        open_scores(source, pool, column=["z1", "z1"])
    with pytest.raises((ArgumentError, ShapeError), match="read_as="):
        open_scores(source, pool, column="z1")
    assert open_scores(source, pool, column="z1", read_as="multilabel").classes == 1
    one = open_scores(source, pool, column="z1", read_as="binary")
    assert (one.classes, one.columns) == (None, ("z1",))


@pytest.mark.parametrize("make", MADE)
def test_one_column_must_be_said_what_it_is(pool, tmp_path, make):
    source = make({"id": IDS, "score": ONE}, tmp_path)
    for read_as in ("probabilities", "logits"):
        with pytest.raises((ArgumentError, ShapeError), match=r'read_as="margins".*read_as="binary"'):
            open_scores(source, pool, read_as=read_as)
    for read_as in ("margins", "binary"):
        found = open_scores(source, pool, read_as=read_as)
        np.testing.assert_allclose(found.reduced(np.asarray), ONE, rtol=1e-6)
        assert (found.classes, found.columns) == (None, ("score",))


def test_margins_are_not_called_otherwise(pool):
    for name in ("loss", "entropy", "y"):
        with pytest.raises(ArgumentError, match=f"`{name}`, whose name says something else"):
            open_scores(pa.table({"id": IDS, name: ONE}), pool, read_as="margins")
        assert open_scores(pa.table({"id": IDS, name: ONE}), pool, read_as="margins", column=name).columns == (name,)
    both = pa.table({"id": IDS, "margin": ONE, "loss": ONE})
    assert open_scores(both, pool, read_as="margins").columns == ("margin",)
    with pytest.raises(ArgumentError, match="one float column of probabilities"):
        open_scores(both, pool, read_as="binary")


def test_lists_beside_a_series_are_two_readings(pool):
    lists = pa.array(P.tolist())
    series = {f"z{place}": P[:, place] for place in range(4)}
    with pytest.raises(ArgumentError, match="`p` by itself, or `z0`, `z1`, `z2`, `z3`"):
        open_scores(pa.table({"id": IDS, "p": lists} | series | {"loss": ONE}), pool)
    assert open_scores(pa.table({"id": IDS, "p": lists, "loss": ONE}), pool).columns == ("p",)
    assert open_scores(pa.table({"id": IDS, "embedding": lists} | series), pool).columns == tuple(series)
    with pytest.raises(ArgumentError, match="`embedding`"):
        open_scores(pa.table({"id": IDS, "embedding": lists}), pool)
    with pytest.raises(ShapeError, match='read_as="binary"'):
        open_scores(pa.table({"id": IDS, "p": pa.array(P[:, :1].tolist())}), pool)


def test_class_ten_comes_after_class_nine(pool):
    wide = np.arange(N * 11).reshape(N, 11) / 1000
    order = sorted(range(11), key=str)
    columns = {"id": IDS} | {f"z{place}": wide[:, place] for place in order}
    found = open_scores(pa.table(columns), pool, read_as="logits")
    assert found.columns[9:] == ("z9", "z10")
    np.testing.assert_allclose(found.matrix(np.asarray), wide, rtol=1e-6)


def test_whole_numbers_in_a_series_are_a_class(pool):
    columns = {"id": IDS, "row": range(N), "p0": P[:, 0], "p1": np.zeros(N, int), "p2": 1 - P[:, 0]}
    found = open_scores(pa.table(columns), pool)
    assert found.columns == ("p0", "p1", "p2")
    np.testing.assert_allclose(found.reduced(margin), abs(2 * P[:, 0] - 1), atol=1e-6)


def test_the_number_of_classes_must_agree(pool):
    columns = pa.table(with_columns(["z0", "z1", "z2", "z3"]))
    for classes in (4, ["cat", "dog", "emu", "fox"]):
        assert open_scores(columns, pool, classes=classes).classes == 4
        assert open_scores(P, pool, classes=classes).classes == 4
    for classes in (3, 5, ["cat", "dog", "emu"]):
        for source in (columns, P):
            with pytest.raises(MismatchError, match=r"scores of [35] classes, as many as there are; got 4"):
                open_scores(source, pool, classes=classes)
    with pytest.raises(MismatchError, match="two"):
        open_scores(ONE, pool, read_as="binary", classes=3)
    assert open_scores(ONE, pool, read_as="binary", classes=2).classes is None
    named = pa.table(with_columns(["p_dog", "p_emu", "p_cat"], also=["loss", "total"]))
    found = open_scores(named, pool, classes=["cat", "dog", "emu"], read_as="logits")
    assert found.columns == ("p_cat", "p_dog", "p_emu")
    np.testing.assert_allclose(found.matrix(np.asarray), P[:, [2, 0, 1]], atol=1e-6)


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("gap", [np.nan, None])
def test_labelled_rows_may_be_nan_or_null(pool, tmp_path, make, gap):
    labelled = np.array([2, 7])
    columns = with_columns(["z0", "z1", "z2", "z3"])
    if gap is None and make is not npz:
        for name in ("z0", "z2"):
            columns[name] = pa.array([None if row in labelled else value for row, value in enumerate(columns[name])])
    else:
        for name in ("z0", "z2"):
            columns[name] = np.where(np.isin(np.arange(N), labelled), np.nan, columns[name])
    source = make(columns, tmp_path)
    found = open_scores(source, pool, labelled=labelled)
    rest = np.setdiff1d(np.arange(N), labelled)
    np.testing.assert_allclose(found.reduced(margin)[rest], margin(P)[rest], atol=1e-6)
    assert found.reduced(margin)[labelled].tolist() == [1, 1]
    np.testing.assert_allclose(margin(found.matrix(np.asarray))[labelled], 1)
    with pytest.raises((NonFiniteError, ShapeError), match="row 7"):
        open_scores(source, pool, labelled=labelled[:1]).reduced(margin)


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 4), pa.large_list(pa.float64())])
@pytest.mark.parametrize("chunk", [3, 100])
def test_lists_of_labelled_rows_may_be_null_or_hold_nulls(pool, kind, chunk):
    labelled = np.array([0, 4, 5, 11])
    gaps = [None, [None, 0.5, 0.5, 0], [np.nan] * 4, None]
    if not pa.types.is_fixed_size_list(kind):
        gaps[3] = []
    values = P.tolist()
    for row, gap in zip(labelled, gaps, strict=True):
        values[row] = gap
    made = pa.table({"id": IDS, "p": pa.array(values, kind)})
    made = pa.concat_tables([made[start : start + chunk] for start in range(0, N, chunk)])
    found = open_scores(made, pool, labelled=labelled)
    rest = np.setdiff1d(np.arange(N), labelled)
    np.testing.assert_allclose(found.matrix(np.asarray)[rest], P[rest], atol=1e-6)
    np.testing.assert_array_equal(found.matrix(np.asarray)[labelled], [[1, 0, 0, 0]] * 4)
    for row in labelled:
        with pytest.raises((NonFiniteError, ShapeError), match=r"row"):
            open_scores(made, pool, labelled=np.setdiff1d(labelled, [row])).reduced(margin)


@pytest.mark.parametrize("make", [parquet, csv, npz, table])
def test_scores_of_other_examples_are_left_out_when_asked(pool, tmp_path, make):
    order = RNG.permutation(N)
    ids = [IDS[row] for row in order]
    columns = {"id": [*ids[:5], "zz", *ids[5:], "yy"]}
    for place in range(4):
        columns[f"z{place}"] = np.insert(P[order, place], [5, N], [9.0, np.nan])
    source = make(columns, tmp_path)
    with pytest.raises(IdError, match=r"2 of 14 unknown, the first 'zz', 'yy'.*ignore_extra_scores=True"):
        open_scores(source, pool)
    found = open_scores(source, pool, ignore_extra_scores=True)
    assert found.extra_entries == 2
    np.testing.assert_allclose(found.matrix(np.asarray), P, atol=1e-6)
    np.testing.assert_allclose(found.reduced(margin), margin(P), atol=1e-6)
    fewer = make({name: values[:-3] for name, values in columns.items()}, tmp_path)
    with pytest.raises(IdError, match="cover every example"):
        open_scores(fewer, pool, ignore_extra_scores=True)


def test_a_series_that_goes_on_is_of_more_classes(pool):
    columns = pa.table(with_columns(["z0", "z1", "z2", "z3"]))
    more = pa.table(with_columns(["p_cat", "p_dog", "p_emu", "p_fox"]))
    for source, classes in ((columns, [0, 1]), (columns, ["0"]), (more, ["cat", "dog", "emu"])):
        with pytest.raises(MismatchError, match="got 4, in the columns"):
            open_scores(source, pool, classes=classes, read_as="logits")


@pytest.mark.parametrize(
    "name",
    [
        *("embedding", "embeddings", "vec", "vector_minilm", "feats", "feats_2", "hidden", "pooler_output"),
        *("pooledOutput", "logits_embedding", "cls_token", "x", "minilm", "r50", "text"),
    ],
)
@pytest.mark.parametrize("make", [parquet, feather, table])
def test_a_list_column_that_may_hold_embeddings_is_no_logits(make, tmp_path, pool, name):
    source = make({"id": IDS, name: list(RNG.normal(size=(N, 4)))}, tmp_path)
    with pytest.raises(ArgumentError, match=rf"`{name}`, whose name .*name it: column='{name}'"):
        open_scores(source, pool=pool, read_as="logits")
    assert open_scores(source, pool=pool, read_as="logits", column=name).columns == (name,)


@pytest.mark.parametrize("name", ["logits", "scores", "outputs_1", "predLogits", "probabilities", "z", "y"])
def test_a_list_column_whose_name_says_scores_is_taken(tmp_path, pool, name):
    source = parquet({"id": IDS, name: list(RNG.normal(size=(N, 4)))}, tmp_path)
    assert open_scores(source, pool=pool, read_as="logits").columns == (name,)

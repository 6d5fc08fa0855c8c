"""Everything that people give where an array is taken: the same answer as the array, or the call that converts it."""

from __future__ import annotations

import subprocess
import sys
import uuid

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse

import ladle
from ladle import labelling, scores, stopping, strategies
from ladle.arraylikes import as_array
from ladle.errors import ArgumentError, FileError, IdError, LadleError, MemoryPlanError, NonFiniteError, ShapeError
from ladle.frames import odd_columns
from ladle.scores.files.score_file import open_scores

N = 40
X = np.random.default_rng(0).standard_normal((N, 3)).astype(np.float32)
P = np.random.default_rng(1).dirichlet(np.ones(3), N)
M = scores.margin(P)
CLUSTERS = np.arange(N) % 7
ROWS = [3, 17, 5]
MASK = np.isin(np.arange(N), ROWS)
NAMES = ["a", "b", "c"]


class Tensor:
    """What torch.Tensor does when NumPy asks for its numbers."""

    def __init__(self, values, trouble=None, dtype="torch.float32", device="cpu", layout="torch.strided"):
        self.values, self.trouble, self.dtype = np.asarray(values), trouble, dtype
        self.device, self.layout = device, layout
        self.ndim, self.shape = self.values.ndim, self.values.shape

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        if self.trouble is not None:
            raise self.trouble
        return self.values if dtype is None else self.values.astype(dtype)

    def detach(self):
        return self

    def cpu(self):
        return self


class Capsule:
    """What offers its numbers by DLPack alone."""

    def __init__(self, values):
        self.values = np.ascontiguousarray(values)

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


def matrices(matrix):
    """The same (n, d) numbers in every make that is plain."""
    frame = pd.DataFrame(matrix, columns=NAMES)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])
    return {
        "list": matrix.tolist(),
        "list of arrays": list(matrix),
        "generator": (row for row in matrix),
        "matrix": matrix.view(np.matrix),
        "object array of rows": np.array([*list(matrix), None], object)[:-1],
        "tensor": Tensor(matrix),
        "pandas": frame,
        "pandas, names of rows": frame.set_index(pd.Index([f"row {row}" for row in range(N)])),
        "pandas, part of a larger frame": frame.set_index(pd.RangeIndex(100, 100 + N)),
        "pandas, nullable": frame.astype("Float32" if matrix.dtype == np.float32 else "Float64"),
        "pandas, numbers as names": pd.DataFrame(matrix),
        "pandas, a column of vectors": pd.DataFrame({"id": range(N), "emb": list(matrix)}),
        "pandas Series of vectors": pd.Series(list(matrix)),
        "polars": pl.from_pandas(frame),
        "polars Series of vectors": pl.Series(
            matrix.tolist(), dtype=pl.List(pl.Float64 if matrix.dtype == float else pl.Float32)
        ),
        "polars arrays": pl.Series(matrix),
        "polars, a column of vectors": pl.DataFrame({"id": range(N), "emb": pl.Series(matrix), "text": ["x"] * N}),
        "arrow table": pa.table({name: matrix[:, place] for place, name in enumerate(NAMES)}),
        "arrow batch": pa.record_batch({name: matrix[:, place] for place, name in enumerate(NAMES)}),
        "arrow, a column of vectors": pa.table({"id": range(N), "emb": lists, "label": ["x"] * N}),
        "arrow lists": lists,
        "arrow chunks": pa.chunked_array([lists.slice(0, 9), lists.slice(9)]),
        "arrow large lists": lists.cast(pa.large_list(lists.type.value_type)),
        "arrow views of lists": pa.array(matrix.tolist(), pa.list_view(lists.type.value_type)),
        "arrow tensors": pa.FixedShapeTensorArray.from_numpy_ndarray(matrix),
        "arrow, encoded columns": pa.table(
            {name: pa.array(matrix[:, place]).dictionary_encode() for place, name in enumerate(NAMES)}
        ),
        "DLPack alone": Capsule(matrix),
        "sparse matrix": scipy.sparse.csr_matrix(matrix),
        "sparse array": scipy.sparse.coo_array(matrix),
        "pandas, sparse": pd.DataFrame.sparse.from_spmatrix(scipy.sparse.csc_matrix(matrix)),
    }


def columns(values):
    """The same (n,) numbers in every make that is plain."""
    return {
        "list": values.tolist(),
        "tuple": tuple(values.tolist()),
        "iterator": iter(values.tolist()),
        "tensor": Tensor(values),
        "pandas": pd.Series(values),
        "pandas, names of rows": pd.Series(values, index=[f"row {row}" for row in range(len(values))]),
        "pandas, nullable": pd.Series(values, dtype=values.dtype.name.replace("i", "I").replace("f", "F")),
        "polars": pl.Series(values),
        "arrow": pa.array(values),
        "arrow chunks": pa.chunked_array([pa.array(values[:2]), pa.array(values[2:])]),
    }


KINDS = list(matrices(X))
COLUMN_KINDS = list(columns(M))


# -- what is plain works -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
class TestMatrices:
    def test_embeddings(self, kind):
        wanted = ladle.cluster(X).heights
        np.testing.assert_array_equal(ladle.cluster(matrices(X)[kind]).heights, wanted)
        chosen = strategies.CoreSet().query(5, embeddings=X).rows
        np.testing.assert_array_equal(strategies.CoreSet().query(5, embeddings=matrices(X)[kind]).rows, chosen)
        np.testing.assert_array_equal(
            ladle.cluster(X).assign(matrices(X)[kind], pool=matrices(X)[kind]).labels, ladle.cluster(X).assign(X).labels
        )

    def test_probabilities(self, kind):
        for measure in (ladle.margin, ladle.entropy, ladle.least_confidence, scores.softmax, scores.margin_from_logits):
            np.testing.assert_array_equal(measure(matrices(P)[kind]), measure(P))
        for strategy in (ladle.Margin(), ladle.ClusterMargin(CLUSTERS), strategies.Entropy()):
            wanted = strategy.query(5, probabilities=P).rows
            np.testing.assert_array_equal(strategy.query(5, probabilities=matrices(P)[kind]).rows, wanted)
        np.testing.assert_array_equal(
            strategies.least_sure_pairs(matrices(P)[kind], 5).rows, strategies.least_sure_pairs(P, 5).rows
        )

    def test_an_ask_of_a_campaign(self, kind):
        chosen = [
            begun().ask(5, probabilities=given, embeddings=given, key="k").rows
            for given in (P, matrices(P)[kind])
            if kind != "generator" or given is P
        ]
        np.testing.assert_array_equal(chosen[0], chosen[-1])


@pytest.mark.parametrize("kind", COLUMN_KINDS)
class TestColumns:
    def test_margins_and_clusters(self, kind):
        wanted = ladle.cluster_margin(M, CLUSTERS, 9)
        same = np.testing.assert_array_equal
        same(ladle.cluster_margin(columns(M)[kind], columns(CLUSTERS)[kind], 9), wanted)
        same(ladle.Margin().query(9, margins=columns(M)[kind]).rows, ladle.Margin().query(9, margins=M).rows)
        same(ladle.ClusterMargin(columns(CLUSTERS)[kind]).query(9, margins=M).rows, wanted)
        asked = [
            begun(tree=tree, strategy="cluster-margin").ask(9, margins=M).rows
            for tree in (CLUSTERS, columns(CLUSTERS)[kind])
        ]
        same(*asked)

    def test_spread_and_stopping(self, kind):
        rows, labels, halves = np.array(ROWS), np.array([0, 1, 1]), np.arange(N) % 2
        wanted = ladle.spread((rows, labels), CLUSTERS)
        spread = ladle.spread((columns(rows)[kind], columns(labels)[kind]), columns(CLUSTERS)[kind])
        np.testing.assert_array_equal(spread.labels, wanted.labels)
        kappa = stopping.cohen_kappa(columns(halves)[kind], columns(CLUSTERS)[kind])
        assert kappa == stopping.cohen_kappa(halves, CLUSTERS)
        rule = stopping.OverallUncertainty()
        assert rule.verdict(uncertainties=columns(M)[kind]) == rule.verdict(uncertainties=M)

    def test_ids_and_labels(self, kind):
        ids = np.arange(N) * 3
        pool = ladle.open_pool(X, ids=columns(ids)[kind])
        assert pool.ids.to_pylist() == ids.tolist()
        assert pool.rows_of(columns(ids)[kind]).tolist() == list(range(N))
        assert pool.ids_at(columns(np.array(ROWS))[kind]).to_pylist() == [9, 51, 15]
        told = begun(labels=[0, 1]).tell(columns(np.array(ROWS))[kind], columns(np.array([0, 1, 1]))[kind])
        assert (told.accepted, told.quarantined) == (3, 0)


LABELLED = {
    "set": set(ROWS),
    "frozenset": frozenset(ROWS),
    "keys": dict.fromkeys(ROWS).keys(),
    "mask": MASK,
    "list of switches": MASK.tolist(),
    "pandas mask": pd.Series(MASK),
    "polars mask": pl.Series(MASK),
    "arrow mask": pa.array(MASK),
    "nullable mask": pd.Series(MASK, dtype="boolean"),
    "mask in a tensor": Tensor(MASK),
    "pandas rows, in whatever order": pd.Series(ROWS, index=[2, 0, 1]),
    "pandas index": pd.Index(ROWS),
    "tensor": Tensor(ROWS),
    "small integers": np.array(ROWS, np.uint8),
    "range": range(3, 18, 7),
}


@pytest.mark.parametrize("given", LABELLED.values(), ids=LABELLED)
def test_labelled_rows(given):
    rows = [3, 10, 17] if isinstance(given, range) else ROWS
    wanted = ladle.cluster_margin(M, CLUSTERS, 30, labelled=rows)
    np.testing.assert_array_equal(ladle.cluster_margin(M, CLUSTERS, 30, labelled=given), wanted)
    wanted = ladle.Uniform().query(30, margins=M, labelled=rows).rows
    np.testing.assert_array_equal(ladle.Uniform().query(30, margins=M, labelled=given).rows, wanted)


def test_pools_and_paths_as_embeddings(tmp_path):
    np.save(tmp_path / "x.npy", X)
    wanted, tree = strategies.CoreSet().query(5, embeddings=X).rows, ladle.cluster(X)
    for given in (ladle.open_pool(X), ladle.open_pool(tmp_path / "x.npy"), tmp_path / "x.npy", str(tmp_path / "x.npy")):
        np.testing.assert_array_equal(strategies.CoreSet().query(5, embeddings=given).rows, wanted)
        parts = strategies.create("coreset", partitions=2)
        np.testing.assert_array_equal(parts.query(5, embeddings=given).rows, parts.query(5, embeddings=X).rows)
        np.testing.assert_array_equal(ladle.cluster(given).heights, tree.heights)
        np.testing.assert_array_equal(tree.assign(given, pool=given).labels, tree.assign(X).labels)
        assert tree.with_prototypes(given).prototypes is not None
        np.testing.assert_array_equal(
            begun(strategy="coreset").ask(5, embeddings=given, key="k").rows,
            begun(strategy="coreset").ask(5, embeddings=X).rows,
        )
        # A strategy without use for them takes the pool's length alone.
        assert len(ladle.Uniform().query(5, embeddings=given)) == 5
    for call in (ladle.cluster, lambda path: strategies.CoreSet().query(5, embeddings=path)):
        with pytest.raises(FileError, match="nothing there"):
            call(tmp_path / "absent.npy")


# -- what is not plain is refused, with the call that converts it -----------------------------------------------------

FRAME = pd.DataFrame(X, columns=NAMES)
REFUSED = {
    "masked": (np.ma.masked_array(X, X > 1), r"masked array\. Give embeddings\.filled\(value\)"),
    "masked, with nothing masked": (np.ma.masked_array(X), r"embeddings\.filled\(value\)"),
    "list of masked": ([np.ma.masked_array(row) for row in X], "masked arrays"),
    "objects of masked": (np.array([*[np.ma.masked_array(row) for row in X], None], object)[:-1], "mask"),
    "tensor with a gradient": (
        Tensor(X, RuntimeError("Can't call numpy() on Tensor that requires grad.")),
        r"requires grad.*Give embeddings\.detach\(\)\.cpu\(\)\.numpy\(\)",
    ),
    "tensor on a GPU": (
        Tensor(X, TypeError("can't convert cuda:0 device type tensor to numpy.")),
        r"cuda:0.*Give embeddings\.detach\(\)\.cpu\(\)\.numpy\(\)",
    ),
    "tensor of float8": (
        Tensor(X, TypeError("Got unsupported ScalarType Float8_e4m3fn"), dtype="torch.float8_e4m3fn"),
        r"Float8.*Give embeddings\.detach\(\)\.cpu\(\)\.float\(\)\.numpy\(\)",
    ),
    "tensor without numbers": (
        Tensor(X, TypeError("can't convert meta device type tensor"), device="meta"),
        r"Load its numbers first.*embeddings\.cpu\(\)\.numpy\(\)",
    ),
    "sparse tensor": (
        Tensor(X, TypeError("can't convert SparseCsr layout"), layout="torch.sparse_csr"),
        r"Give embeddings\.detach\(\)\.cpu\(\)\.to_dense\(\)\.numpy\(\)",
    ),
    "list of tensors with a gradient": (
        [Tensor(row, RuntimeError("requires grad")) for row in X],
        r"Give torch\.stack\(embeddings\)\.detach\(\)\.cpu\(\)\.numpy\(\)",
    ),
    "lazy frame": (pl.DataFrame(X).lazy(), r"LazyFrame\. Give embeddings\.collect\(\)"),
    "text beside numbers": (FRAME.assign(label="x"), r"odd columns `label`.*embeddings\[\['a', 'b', 'c'\]\]\.to_numpy"),
    "an id beside numbers": (FRAME.assign(id=range(N)), r"odd columns `id` \(whole numbers\)"),
    "an id that is a float": (FRAME.assign(id=0.5), "odd columns `id`"),
    "whole numbers beside decimal ones": (FRAME.assign(label=1), "odd columns `label`"),
    "switches beside decimal ones": (FRAME.assign(done=True), "odd columns `done`"),
    "a loss beside classes": (pd.DataFrame(X).assign(loss=0.5), r"odd columns `loss`.*embeddings\[\[0, 1, 2\]\]"),
    "polars with text": (
        pl.from_pandas(FRAME).with_columns(pl.lit("x").alias("label")),
        r"odd columns `label`.*embeddings\.select\(\['a', 'b', 'c'\]\)\.to_numpy\(\)",
    ),
    "arrow with text": (
        pa.table({"a": X[:, 0], "b": X[:, 1], "label": ["x"] * N}),
        r"odd columns `label`.*embeddings\.select\(\['a', 'b'\]\)",
    ),
    "two columns of vectors": (pd.DataFrame({"x": list(X), "y": list(X)}), "one column of vectors"),
    "two columns of one name": (pd.DataFrame(X, columns=["a", "b", "a"]), "one column of each name"),
    "shuffled frame": (FRAME.sample(frac=1, random_state=0), r"sort_index\(\).*reset_index\(drop=True\)"),
    "frame read backwards": (FRAME[::-1], r"numbers the first row 39.*sort_index\(\).*reset_index\(drop=True\)"),
    "set": ({1, 2}, r"a set, which has no order\. Give sorted\(embeddings\)"),
    "dict": ({"a": [1.0]}, r"a dict\. Give list\(embeddings\)"),
    "fields": (np.zeros(4, [("a", "f4"), ("b", "f4")]), "fields a, b.*structured_to_unstructured"),
    "object": (object(), "an object of type object"),
    "none": (None, "got None"),
    "null whole numbers": (pl.DataFrame({"a": [1, None], "b": [1, 2]}), "null in row 1"),
    "ragged": ([[1.0], [1.0, 2.0]], "rows of one length; got ragged rows"),
    "ragged objects": (pd.Series([[1.0], [1.0, 2.0]]), "rows of one length; got ragged rows"),
    "ragged lists": (pa.array([[1.0], [1.0, 2.0]]), "rows of one length; got ragged rows"),
    "text": (np.array([["a", "b"]]), "dtype <U1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_plain_matrix(kind):
    given, told = REFUSED[kind]
    with pytest.raises((ArgumentError, ShapeError), match=told) as error:
        ladle.cluster(given)
    assert "`embeddings`" in str(error.value)
    calls = [
        lambda: strategies.CoreSet().query(2, embeddings=given),
        lambda: begun(strategy="coreset").ask(2, embeddings=given),
        lambda: ladle.cluster(X).assign(given, pool=X),
        lambda: ladle.margin(given),
        lambda: ladle.entropy(given),
        lambda: scores.softmax(given),
        lambda: strategies.least_sure_pairs(given, 2),
        lambda: strategies.DropQuery().query(2, votes=given, probabilities=P, embeddings=X),
    ]
    for call in calls if given is not None else calls[3:7]:
        with pytest.raises(LadleError):
            call()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind in ("masked", "dict", "object", "text", "frame", "sparse", "tensor", "set")
        for name in ("margins", "clusters", "labelled", "ids", "labels", "predictions", "uncertainties")
        if (kind, name) != ("set", "labelled")  # a set of rows is plain
    ],
)
def test_what_is_no_plain_column(kind, name):
    values = np.arange(3)
    given = {
        "masked": np.ma.masked_array(values, values == 1),
        "dict": {0: 1, 1: 2, 2: 3},
        "object": object(),
        "text": "ab.npy",
        "frame": pd.DataFrame({"a": values, "b": values}),
        "sparse": scipy.sparse.csr_matrix(values),
        "tensor": Tensor(values, RuntimeError("requires grad")),
        "set": {0, 1, 2},
    }[kind]
    calls = {
        "margins": [
            lambda: ladle.cluster_margin(given, values, 1),
            lambda: ladle.Margin().query(1, margins=given),
            lambda: begun().ask(1, margins=given),
        ],
        "clusters": [
            lambda: ladle.cluster_margin(values, given, 1),
            lambda: ladle.ClusterMargin(given),
            lambda: strategies.TypiClust(given),
            lambda: ladle.spread(([0], [1]), given),
            lambda: begun(strategy="cluster-margin", tree=given),
        ],
        "labelled": [
            lambda: ladle.cluster_margin(M, CLUSTERS, 1, labelled=given),
            lambda: ladle.Margin().query(1, margins=M, labelled=given),
            lambda: ladle.margin(P, labelled=given),
            lambda: strategies.least_sure_pairs(P, 1, labelled=(given, values)),
            lambda: ladle.spread((given, values), CLUSTERS),
        ],
        "ids": [
            lambda: ladle.open_pool(X[:3], ids=given),
            lambda: ladle.open_pool(X).rows_of(given),
            lambda: ladle.open_pool(X).ids_at(given),
            lambda: begun().tell(given, [0, 1, 1]),
            lambda: begun().add_gold(given, [0, 1, 1]),
        ],
        "labels": [lambda: ladle.spread((values, given), CLUSTERS), lambda: begun().tell([0, 1, 2], given)],
        "predictions": [lambda: stopping.cohen_kappa(given, values)],
        "uncertainties": [lambda: stopping.OverallUncertainty().verdict(uncertainties=given)],
    }[name]
    for number, call in enumerate(calls):
        with pytest.raises((LadleError, FileError)) as error:
            call()
        if kind == "masked":
            assert "mask" in str(error.value), number
            assert "filled(value)" in str(error.value), number


def test_sets_of_ids_where_their_order_does_not_matter():
    with begun() as running:
        assert running.exclude({3, 17}, reason="blurred") == 2
        assert running.include(frozenset([17])) == 1


def test_masks_of_examples():
    with begun() as running:
        for mask in (MASK, pd.Series(MASK), pl.Series(MASK), pa.array(MASK)):
            running.include(np.arange(N))
            assert running.exclude(mask, reason="blurred") == 3
        with pytest.raises(ArgumentError, match=r"filled\(value\)"):
            running.exclude(np.ma.masked_array(MASK, ~MASK), reason="blurred")
        with pytest.raises(ArgumentError, match="sort_index"):
            running.exclude(pd.Series(MASK)[::-1], reason="blurred")


def test_an_index_that_holds_the_ids_of_the_pool_in_another_order():
    ids = [f"im{row}" for row in range(N)]
    pool = ladle.open_pool(X, ids=ids)
    frame = pd.DataFrame(P, index=ids)
    wanted = begun(pool=pool).ask(5, probabilities=P).rows
    np.testing.assert_array_equal(begun(pool=pool).ask(5, probabilities=frame).rows, wanted)
    np.testing.assert_array_equal(
        begun(pool=pool).ask(5, probabilities=frame.set_index(pd.Index([f"other{row}" for row in range(N)]))).rows,
        wanted,
    )
    for moved in (frame[::-1], frame.sample(frac=1, random_state=0)):
        with pytest.raises(ArgumentError, match=r"order of the pool.*probabilities\.loc\[pool\.ids\.to_pylist\(\)\]"):
            begun(pool=pool).ask(5, probabilities=moved)
    numbered = ladle.open_pool(X, ids=np.arange(N) + 1000)
    with pytest.raises(ArgumentError, match="order of the pool"):
        begun(pool=numbered).ask(5, margins=pd.Series(M, index=np.arange(N) + 1000)[::-1])


def test_two_indexes_that_differ():
    names = [f"im{row}" for row in range(N)]
    frame, series = pd.DataFrame(P, index=names), pd.Series(CLUSTERS, index=names)
    ladle.cluster_margin(pd.Series(M, index=names), series, 5)
    with pytest.raises(
        ArgumentError, match=r"`margins` and `clusters` must have one index.*clusters\.loc\[margins\.index\]"
    ):
        ladle.cluster_margin(pd.Series(M, index=names), series[::-1], 5)
    with pytest.raises(ArgumentError, match="`probabilities` and `embeddings` must have one index"):
        strategies.UncertaintyHerding().query(5, probabilities=frame, embeddings=pd.DataFrame(X, index=names[::-1]))
    with pytest.raises(ArgumentError, match="one index"):
        begun().ask(5, probabilities=frame, margins=pd.Series(M, index=names[::-1]))
    with pytest.raises(ArgumentError, match="one index"):
        begun().tell(pd.Series([1, 2], index=["x", "y"]), pd.Series([0, 1], index=["y", "x"]))
    with pytest.raises(ArgumentError, match="one index"):
        ladle.spread((pd.Series([1, 2], index=["x", "y"]), pd.Series([0, 1], index=["y", "x"])), CLUSTERS)


def test_a_mask_whose_index_has_another_order():
    with pytest.raises(ArgumentError, match=r"`labelled`.*sort_index"):
        ladle.cluster_margin(M, CLUSTERS, 5, labelled=pd.Series(MASK)[::-1])


def test_missing_values_are_told_by_their_row():
    holed = pd.Series([1, None, 3], dtype="Int64")
    with pytest.raises(ShapeError, match="`labelled` must have a value in every row; got null in row 1"):
        ladle.cluster_margin(M, CLUSTERS, 5, labelled=holed)
    with pytest.raises(NonFiniteError, match="row 2"):
        ladle.cluster(pl.DataFrame({"a": [1.0, 2.0, None], "b": [1.0, 2.0, 3.0]}))
    with pytest.raises(NonFiniteError, match="row 0"):
        ladle.cluster(pd.DataFrame({"a": [None, 2.0], "b": [1.0, 2.0]}, dtype="Float64"))


def test_columns_that_are_no_numbers_like_the_others():
    decimal, whole, text = "decimal numbers", "whole numbers", "no numbers"
    assert odd_columns({"cat": decimal, "dog": decimal, "emu": decimal}) == []
    assert odd_columns({0: decimal, 1: decimal, 10: decimal}) == []
    assert odd_columns({"x": whole, "y": whole}) == []
    assert odd_columns({"z0": decimal, "z1": decimal, "loss": decimal}) == ["loss"]
    assert odd_columns({"z0": decimal, "z1": decimal, "z2_var": decimal}) == ["z2_var"]
    assert odd_columns({"id": decimal, "cat": decimal, "row": whole, "note": text}) == ["id", "row", "note"]
    assert odd_columns({"Unnamed: 0": whole, "x": whole}) == ["Unnamed: 0"]


def test_arrays_pass_without_a_copy(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert as_array(X, "x") is X
    assert as_array(mapped, "x") is mapped
    assert np.shares_memory(as_array(pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 3), "x"), X)


def test_scores_in_memory_are_held_to_the_same():
    pool = ladle.open_pool(X)
    with pytest.raises(ArgumentError, match="mask"):
        open_scores(np.ma.masked_array(P), pool)
    np.testing.assert_array_equal(open_scores(scipy.sparse.csr_matrix(P), pool).reduced(ladle.margin), M)
    np.testing.assert_array_equal(open_scores(Tensor(P), pool).reduced(ladle.margin), M)


def test_a_sparse_matrix_over_its_budget_is_refused_with_the_numbers(monkeypatch):
    wide = scipy.sparse.csr_matrix((3, 1_000_000), dtype=np.float32)
    told = r"fit 1,000 bytes as a dense array; got 12,000,000 bytes needed for shape \(3, 1000000\), 4 bytes a number"
    with pytest.raises(MemoryPlanError, match=told + r".*ladle\.open_pool\(source, dense_bytes=12000000\)"):
        ladle.open_pool(wide, dense_bytes=1000)
    with pytest.raises(MemoryPlanError, match="4 bytes a number"):
        ladle.open_pool(pd.DataFrame.sparse.from_spmatrix(scipy.sparse.csr_matrix(X)), dense_bytes=N * 12 - 1)
    assert ladle.open_pool(scipy.sparse.csr_matrix(X), dense_bytes=N * 12).dim == 3
    huge = scipy.sparse.csr_matrix((10**6, 10**6), dtype=np.float32)
    for call in (ladle.cluster, ladle.margin, ladle.linkage, ladle.open_pool, strategies.least_sure_pairs):
        with pytest.raises(MemoryPlanError, match="4,000,000,000,000 bytes"):
            call(huge, *([2] if call is strategies.least_sure_pairs else []))
    monkeypatch.setenv("LADLE_MEMORY", "100")
    with pytest.raises(MemoryPlanError, match="100 B of memory"):
        ladle.open_pool(scipy.sparse.csr_matrix(X))


def test_one_column_of_vectors_is_a_pool():
    lists = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 3)
    for column in (lists, pa.chunked_array([lists[:7], lists[7:]]), pl.Series(X), pd.Series(list(X))):
        pool = ladle.open_pool(column, ids=[f"im{row}" for row in range(N)])
        np.testing.assert_array_equal(pool.embeddings(), X)
        assert (pool.dtype, pool.ids[3].as_py()) == (np.float32, "im3")


def test_uuids_are_told_as_they_are_kept():
    ids = [uuid.UUID(int=row) for row in range(N)]
    with begun(pool=ladle.open_pool(X, ids=ids)) as running:
        assert running.tell(ids[:3], [0, 1, 1]).accepted == 3
        with pytest.raises(IdError, match="of the kind of the pool's ids"):
            running.tell([1, 2], [0, 1])


def test_none_of_these_libraries_is_imported():
    code = (
        "import sys, numpy, ladle; P = numpy.full((9, 3), 1 / 3); ladle.Margin().query(2, probabilities=P); "
        "print(sorted({'pandas', 'polars', 'torch', 'jax', 'datasets', 'scipy.sparse'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def begun(*, pool=X, strategy="margin", tree=None, labels=(0, 1, 2)):
    return ladle.Campaign.create(
        labelling.MemoryStore(), name="c", pool=pool, strategy=strategy, tree=tree, labels=labels
    )

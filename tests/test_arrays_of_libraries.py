"""Arrays of the libraries that only the long tests install: every kind at every public entry, or the call named."""

from __future__ import annotations

import numpy as np
import pytest

import ladle
from ladle import labelling, scores, strategies
from ladle.errors import ArgumentError
from ladle.scores.files.score_file import open_scores

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")]

N = 40
X = np.random.default_rng(0).standard_normal((N, 3)).astype(np.float32)
P = np.random.default_rng(1).dirichlet(np.ones(3), N).astype(np.float32)
# Numbers that bfloat16 holds: the same in every kind.
X = (X.view(np.uint32) & 0xFFFF0000).view(np.float32)
IDS = np.arange(N) * 3
CLUSTERS = np.arange(N) % 7


def torch_of(values, dtype=None):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(np.array(values))
    return tensor if dtype is None else tensor.to(getattr(torch, dtype))


def jax_of(values, dtype=None):
    jax = pytest.importorskip("jax")
    return jax.numpy.asarray(values, dtype)


def dataset_of(values, fixed=True):
    datasets = pytest.importorskip("datasets")
    if values.ndim == 1:
        return datasets.Dataset.from_dict({"value": values})
    kind = datasets.Value("float32")
    vectors = datasets.Sequence(kind, length=values.shape[1]) if fixed else datasets.Sequence(kind)
    features = datasets.Features({"id": datasets.Value("int64"), "emb": vectors, "text": datasets.Value("string")})
    rows = {"id": IDS, "emb": values.tolist(), "text": ["x"] * len(values)}
    return datasets.Dataset.from_dict(rows, features=features)


def turned(values):
    """The rows of a dataset that lie elsewhere than they are read."""
    return dataset_of(values[::-1]).select(range(len(values) - 1, -1, -1))


KINDS = {
    "torch": torch_of,
    "list of torch": lambda values: list(torch_of(values)),
    "jax": jax_of,
    "dataset": dataset_of,
    "dataset of lists": lambda values: dataset_of(values, fixed=False),
    "dataset, selected": turned,
    "dataset in a format": lambda values: dataset_of(values).with_format("torch", columns=["emb"]),
    "column of a dataset": lambda values: dataset_of(values)["emb"],
    "column in a format": lambda values: turned(values).with_format("numpy")["emb"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_matrices_at_every_entry(kind):
    vectors, likely = KINDS[kind](X), KINDS[kind](P)
    same = np.testing.assert_array_equal
    pool = ladle.open_pool(vectors)
    same(pool.embeddings(), X)
    assert pool.dtype == np.float32
    tree = ladle.cluster(X)
    same(ladle.cluster(vectors).heights, tree.heights)
    same(ladle.linkage(vectors, "average", "cosine"), ladle.linkage(X, "average", "cosine"))
    same(tree.assign(vectors, pool=vectors).labels, tree.assign(X).labels)
    for measure in (ladle.margin, ladle.entropy, ladle.least_confidence, scores.softmax, scores.margin_from_logits):
        same(measure(likely), measure(P))
    same(strategies.CoreSet().query(5, embeddings=vectors).rows, strategies.CoreSet().query(5, embeddings=X).rows)
    for strategy in (ladle.Margin(), ladle.ClusterMargin(CLUSTERS), strategies.Badge()):
        chosen = strategy.query(5, probabilities=likely, embeddings=vectors).rows
        same(chosen, strategy.query(5, probabilities=P, embeddings=X).rows)
    same(strategies.least_sure_pairs(likely, 5).rows, strategies.least_sure_pairs(P, 5).rows)
    asked = [begun(pool=each).ask(5, probabilities=given).rows for each, given in ((X, P), (vectors, likely))]
    same(*asked)
    if not kind.startswith("dataset"):  # those are tables, with names of columns
        same(open_scores(likely, ladle.open_pool(X)).reduced(ladle.margin), ladle.margin(P))


COLUMNS = {"torch": torch_of, "jax": jax_of, "column of a dataset": lambda values: dataset_of(values)["value"]}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_at_every_entry(kind):
    make, margins, rows = COLUMNS[kind], ladle.margin(P), np.array([3, 17, 5])
    same = np.testing.assert_array_equal
    wanted = ladle.cluster_margin(margins, CLUSTERS, 9, labelled=rows)
    same(ladle.cluster_margin(make(margins), make(CLUSTERS), 9, labelled=make(rows)), wanted)
    mask = np.isin(np.arange(N), rows)
    same(ladle.cluster_margin(margins, CLUSTERS, 9, labelled=make(mask)), wanted)
    chosen = ladle.Margin().query(9, margins=make(margins), labelled=make(rows)).rows
    same(chosen, ladle.Margin().query(9, margins=margins, labelled=rows).rows)
    spread = ladle.spread((make(rows), make(np.array([0, 1, 1]))), make(CLUSTERS))
    same(spread.labels, ladle.spread((rows, np.array([0, 1, 1])), CLUSTERS).labels)
    pool = ladle.open_pool(X, ids=make(IDS))
    assert pool.ids.to_pylist() == IDS.tolist()
    same(pool.rows_of(make(IDS[:3])), [0, 1, 2])
    with begun() as running:
        told = running.tell(make(rows), make(np.array([0, 1, 1])))
    assert (told.accepted, told.quarantined) == (3, 0)


def test_bfloat16_is_exact():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for given in (torch_of(X, "bfloat16"), jax_of(X, "bfloat16"), X.astype(ml_dtypes.bfloat16)):
        pool = ladle.open_pool(given)
        assert pool.dtype == np.float32
        np.testing.assert_array_equal(pool.embeddings(), X)
        np.testing.assert_array_equal(ladle.cluster(given).heights, ladle.cluster(X).heights)


def test_a_dataset_keeps_its_ids_and_is_read_in_blocks():
    pool = ladle.open_pool(dataset_of(X))
    assert pool.ids.to_pylist() == IDS.tolist()
    assert pool.source == "a dataset"
    blocks = list(turned_pool().blocks(5 * 12))
    assert [rows.stop - rows.start for rows, _ in blocks] == [5] * 8
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), X)
    given = dataset_of(P).select_columns(["id", "emb"]).rename_column("emb", "probabilities").shuffle(seed=1)
    scored = open_scores(given, ladle.open_pool(X, ids=IDS))
    np.testing.assert_array_equal(scored.reduced(ladle.margin), ladle.margin(P))


def turned_pool():
    return ladle.open_pool(turned(X))


def refused_kinds():
    torch, datasets = pytest.importorskip("torch"), pytest.importorskip("datasets")
    tensor, whole = torch_of(X), dataset_of(X)
    return {
        "a gradient": (tensor.clone().requires_grad_(), r"embeddings\.detach\(\)\.cpu\(\)\.numpy\(\)"),
        "a gradient of bfloat16": (
            torch_of(X, "bfloat16").requires_grad_(),
            r"embeddings\.detach\(\)\.cpu\(\)\.float\(\)\.numpy\(\)",
        ),
        "a parameter": (torch.nn.Parameter(tensor.clone()), r"embeddings\.detach\(\)\.cpu\(\)\.numpy\(\)"),
        "coordinates": (tensor.to_sparse(), r"embeddings\.detach\(\)\.cpu\(\)\.to_dense\(\)\.numpy\(\)"),
        "compressed rows": (tensor.to_sparse_csr(), r"embeddings\.detach\(\)\.cpu\(\)\.to_dense\(\)\.numpy\(\)"),
        "float8": (torch_of(X, "float8_e4m3fn"), r"embeddings\.detach\(\)\.cpu\(\)\.float\(\)\.numpy\(\)"),
        "no numbers": (tensor.to("meta"), "Load its numbers first"),
        "a list of bfloat16": (
            list(torch_of(X, "bfloat16")),
            r"torch\.stack\(embeddings\)\.detach\(\)\.cpu\(\)\.float\(\)\.numpy\(\)",
        ),
        "splits": (datasets.DatasetDict({"train": whole}), r"embeddings\['train'\]"),
        "a stream": (whole.to_iterable_dataset(), r"datasets\.Dataset\.from_list\(list\(embeddings\)\)"),
        "a transform": (whole.with_transform(lambda rows: rows), r"embeddings\.map\(\.\.\.\)"),
        "a column with a transform": (whole.with_transform(lambda rows: rows)["emb"], r"embeddings\.map\(\.\.\.\)"),
    }


REFUSED = (
    *("a gradient", "a gradient of bfloat16", "a parameter", "coordinates", "compressed rows", "float8", "no numbers"),
    *("a list of bfloat16", "splits", "a stream", "a transform", "a column with a transform"),
)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_taken_names_the_call_that_converts_it(kind):
    given, call = refused_kinds()[kind]
    with pytest.raises(ArgumentError, match=call):
        ladle.cluster(given)
    for refused in (ladle.open_pool, ladle.margin, ladle.linkage):
        with pytest.raises(ArgumentError, match=call.replace("embeddings", r"\w+")):
            refused(given)


def test_the_calls_named_for_tensors_work():
    import re

    torch = pytest.importorskip("torch")
    for kind in REFUSED[:8]:
        embeddings, _ = refused_kinds()[kind]
        if kind == "no numbers":
            continue
        with pytest.raises(ArgumentError) as error:
            ladle.cluster(embeddings)
        call = re.search(r"Give (.*)\.$", str(error.value))[1]
        assert eval(call, {"torch": torch, "embeddings": embeddings}).shape == (N, 3), call


def test_inside_a_traced_function():
    jax = pytest.importorskip("jax")
    with pytest.raises(ArgumentError, match=r"outside of jax\.jit"):
        jax.jit(ladle.margin)(P)


def begun(*, pool=X):
    return ladle.Campaign.create(labelling.MemoryStore(), name="c", pool=pool, strategy="margin", labels=(0, 1, 2))

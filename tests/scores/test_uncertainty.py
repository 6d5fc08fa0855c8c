"""Scores against independent computations: NumPy's sort, SciPy's entropy, a loop in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle import scores
from ladle.errors import ArgumentError, NonFiniteError, ProbabilityError, ShapeError
from ladle.scores import blocks

FLOATS = (np.float16, np.float32, np.float64)
SCORES = (ladle.margin, ladle.entropy, ladle.least_confidence)


def dirichlet(rows: int, classes: int, dtype: type = np.float32, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(classes, 0.3), rows).astype(dtype)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(2, 30), st.sampled_from(FLOATS), st.integers(0, 10**6))
def test_margin_is_first_minus_second_of_the_sorted_row(rows: int, classes: int, dtype: type, seed: int) -> None:
    P = dirichlet(rows, classes, dtype, seed)
    wide = np.sort(P.astype(np.float64), axis=1)
    margins = ladle.margin(P)
    assert margins.dtype == np.float32
    assert margins.shape == (rows,)
    np.testing.assert_allclose(margins, wide[:, -1] - wide[:, -2], rtol=1e-6, atol=1e-7)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(2, 30), st.sampled_from(FLOATS), st.integers(0, 10**6))
def test_entropy_and_least_confidence_agree_with_scipy(rows: int, classes: int, dtype: type, seed: int) -> None:
    P = dirichlet(rows, classes, dtype, seed)
    wide = P.astype(np.float64)
    np.testing.assert_allclose(ladle.entropy(P), scipy.special.entr(wide).sum(axis=1), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ladle.least_confidence(P), 1 - wide.max(axis=1), rtol=1e-6, atol=1e-7)
    if dtype is np.float64:
        np.testing.assert_allclose(ladle.entropy(P), scipy.stats.entropy(P, axis=1), rtol=1e-6, atol=1e-7)


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(1, 12), st.sampled_from(FLOATS), st.integers(0, 10**6))
def test_multilabel_margins_by_hand(rows: int, classes: int, dtype: type, seed: int) -> None:
    P = np.random.default_rng(seed).random((rows, classes)).astype(dtype)
    lead = np.abs(2 * P.astype(np.float64) - 1)
    np.testing.assert_allclose(ladle.margin(P, multilabel="min"), lead.min(axis=1), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ladle.margin(P, multilabel="mean"), lead.mean(axis=1), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", FLOATS)
def test_edges_of_certainty(dtype: type) -> None:
    P = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.25, 0.25, 0.5]], dtype)
    np.testing.assert_array_equal(ladle.margin(P), np.float32([1, 0, 0.25]))
    np.testing.assert_array_equal(ladle.least_confidence(P), np.float32([0, 0.5, 0.5]))
    np.testing.assert_allclose(ladle.entropy(P), [0, np.log(2), 1.5 * np.log(2)], rtol=1e-6)


def test_float64_margins_keep_leads_that_float32_would_lose() -> None:
    P = np.array([[0.5 + 1e-10, 0.5 - 1e-10]])
    assert 1.9e-10 < ladle.margin(P)[0] < 2.1e-10


@pytest.mark.parametrize("score", SCORES)
def test_any_layout_gives_the_same_answer(score) -> None:
    P = dirichlet(500, 7)
    wanted = score(P)
    wide = np.zeros((1000, 14), np.float32)
    wide[::2, ::2] = P
    unaligned = np.frombuffer(b"x" + P.tobytes(), np.uint8)[1:].view(np.float32).reshape(P.shape)
    read_only = P.copy()
    read_only.flags.writeable = False
    for other in (
        np.asfortranarray(P),
        wide[::2, ::2],
        P[::-1][::-1],
        P.astype(">f4"),
        unaligned,
        read_only,
        P.tolist(),
    ):
        np.testing.assert_allclose(score(other), wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(score(P[::-1]), wanted[::-1])


@pytest.mark.parametrize("dtype", FLOATS)
def test_memory_maps_are_read_as_they_are(tmp_path, dtype: type) -> None:
    P = dirichlet(300, 5, dtype)
    np.save(tmp_path / "scores.npy", P)
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    for score in SCORES:
        np.testing.assert_array_equal(score(mapped), score(P))
    mapped._mmap.close()


@pytest.mark.parametrize("dtype", FLOATS)
def test_block_size_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch, dtype: type) -> None:
    P = dirichlet(997, 6, dtype)
    wanted = [score(P) for score in SCORES] + [scores.softmax(P), scores.margin_from_logits(P)]
    for block_bytes, threads in ((1, 1), (1000, 2), (4096, 5), (10**9, 3)):
        monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        monkeypatch.setenv("LADLE_THREADS", str(threads))
        got = [score(P) for score in SCORES] + [scores.softmax(P), scores.margin_from_logits(P)]
        for one, other in zip(wanted, got, strict=True):
            np.testing.assert_array_equal(one, other)


BAD = [
    (np.nan, NonFiniteError, "nan in row 1,234, class 2"),
    (np.inf, NonFiniteError, "inf in row 1,234, class 2"),
    (-np.inf, NonFiniteError, "-inf in row 1,234, class 2"),
    (-0.25, ProbabilityError, "-0.25 in row 1,234, class 2"),
    (1.5, ProbabilityError, "1.5 in row 1,234, class 2"),
    (0.75, ProbabilityError, "a sum of 1.5 in row 1,234"),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("value", "error", "words"), BAD)
def test_the_first_bad_row_is_named(
    value: float, error: type[Exception], words: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1600)
    P = np.full((3000, 4), 0.25, dtype)
    P[[1234, 1235, 2900], 2] = value
    for score in SCORES:
        with pytest.raises(error, match=words):
            score(P)
    if words.startswith("a sum"):
        assert ladle.margin(P, multilabel="min").shape == (3000,)
    else:
        with pytest.raises(error, match=words):
            ladle.margin(P, multilabel="mean")


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("row", [[-0.25, 0.75, 0.5], [1.0005, 0, 0], [0.5, -1e-6, 0.5]])
def test_a_sum_of_one_does_not_excuse_values_out_of_range(score, row: list[float]) -> None:
    with pytest.raises(ProbabilityError, match="between 0 and 1"):
        score(np.array([[0.5, 0.5, 0], row], np.float32))


def test_logits_are_refused_with_the_way_out() -> None:
    logits = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(ProbabilityError, match="softmax"):
        ladle.margin(logits)
    assert ladle.margin(scores.softmax(logits)).shape == (10,)


@pytest.mark.parametrize(("dtype", "off"), [(np.float16, 5e-3), (np.float32, 5e-4), (np.float64, 5e-5)])
def test_sums_are_forgiven_by_dtype(dtype: type, off: float) -> None:
    assert ladle.margin(np.array([[0.5, 0.5 - off]], dtype))[0] == pytest.approx(off, rel=0.3)
    with pytest.raises(ProbabilityError, match="sum to 1"):
        ladle.margin(np.array([[0.5, 0.5 - 4 * off]], dtype))


def test_half_precision_softmax_over_many_classes_is_accepted() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 5000)) * 3
    P = scores.softmax(logits).astype(np.float16)
    assert np.isfinite(ladle.margin(P)).all()


@pytest.mark.parametrize("score", [*SCORES, scores.softmax, scores.margin_from_logits])
@pytest.mark.parametrize(
    "bad", [np.zeros(3), np.zeros((0, 3)), np.zeros((2, 0)), np.zeros((2, 2, 2)), [[1.0], [0.5, 0.5]]]
)
def test_wrong_shapes(score, bad) -> None:
    with pytest.raises(ShapeError):
        score(bad)


def test_one_class_is_no_choice() -> None:
    for score in (*SCORES, scores.margin_from_logits):
        with pytest.raises(ShapeError, match="two classes"):
            score(np.ones((3, 1)))
    assert ladle.margin(np.full((3, 1), 0.75), multilabel="min").tolist() == [0.5] * 3


def test_unknown_multilabel_rule() -> None:
    with pytest.raises(ArgumentError, match="one of min, mean; got 'max'"):
        ladle.margin(np.full((3, 2), 0.5), multilabel="max")  # type: ignore[arg-type]


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(2, 12), st.sampled_from(FLOATS), st.integers(0, 10**6))
def test_softmax_agrees_with_scipy(rows: int, classes: int, dtype: type, seed: int) -> None:
    logits = (np.random.default_rng(seed).normal(size=(rows, classes)) * 20).astype(dtype)
    P = scores.softmax(logits)
    assert P.dtype == np.float32
    np.testing.assert_allclose(P, scipy.special.softmax(logits.astype(np.float64), axis=1), rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(scores.margin_from_logits(logits), ladle.margin(P))


def test_softmax_of_far_apart_and_of_bad_logits() -> None:
    far = np.array([[3e38, -3e38], [0, 0]], np.float32)
    np.testing.assert_array_equal(scores.softmax(far), np.float32([[1, 0], [0.5, 0.5]]))
    np.testing.assert_array_equal(scores.softmax(np.array([[1e300, -1e300]])), np.float32([[1, 0]]))
    for value in (np.nan, np.inf, -np.inf):
        bad = np.zeros((40, 3), np.float32)
        bad[17, 1] = value
        for way in (scores.softmax, scores.margin_from_logits):
            with pytest.raises(NonFiniteError, match="row 17"):
                way(bad)


def test_kernels_are_compiled_for_two_types_whatever_the_input() -> None:
    from ladle.scores import kernels

    for dtype in (*FLOATS, ">f4", int):
        P = np.eye(3).astype(dtype)
        read_only = P.copy()
        read_only.flags.writeable = False
        for other in (P, np.asfortranarray(P), read_only, P[::-1]):
            for score in SCORES:
                score(other)
            ladle.margin(other, multilabel="min")
    for kernel in (kernels.leading, kernels.entropies, kernels.labelwise):
        assert len(kernel.signatures) <= 2

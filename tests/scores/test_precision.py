"""How much rounding is forgiven follows the precision that the numbers show, and no more than that."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import ladle
from ladle import scores
from ladle.errors import ArgumentError, NonFiniteError, ProbabilityError, ShapeError
from ladle.scores import blocks

SCORES = (ladle.margin, ladle.entropy, ladle.least_confidence)


def softmax(rows: int, classes: int, seed: int = 0, scale: float = 2.0) -> np.ndarray:
    logits = np.random.default_rng(seed).standard_normal((rows, classes)) * scale
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def leads(P: np.ndarray) -> np.ndarray:
    wide = np.sort(P.astype(np.float64), axis=1)
    return wide[:, -1] - wide[:, -2]


@pytest.mark.parametrize("classes", [2, 3, 10, 100, 1000])
@pytest.mark.parametrize("held", [ml_dtypes.bfloat16, np.float16, np.float32])
@pytest.mark.parametrize("stored", [np.float32, np.float64, None])
def test_a_softmax_of_low_precision_is_accepted_in_a_wider_dtype(classes: int, held: type, stored: type | None) -> None:
    P = softmax(2000, classes).astype(np.float32).astype(held)
    given = P if stored is None else P.astype(stored)
    np.testing.assert_allclose(ladle.margin(given), leads(P), rtol=1e-6, atol=1e-7)
    for score in SCORES:
        assert np.isfinite(score(given)).all()


@pytest.mark.parametrize("classes", [2, 10, 50])
def test_a_softmax_computed_in_bfloat16_throughout_is_accepted(classes: int) -> None:
    weights = np.exp((np.random.default_rng(1).standard_normal((2000, classes)) * 2).astype(ml_dtypes.bfloat16))
    P = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    assert np.abs(P.sum(axis=1) - 1).max() > 3e-3
    np.testing.assert_allclose(ladle.margin(P), leads(P), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("classes", [2, 3, 10, 40])
@pytest.mark.parametrize("digits", [2, 3, 4, 5])
@pytest.mark.parametrize("stored", [np.float32, np.float64])
def test_probabilities_rounded_to_decimals_are_accepted(classes: int, digits: int, stored: type) -> None:
    P = np.round(softmax(2000, classes, scale=1), digits).astype(stored)
    np.testing.assert_allclose(ladle.margin(P), leads(P), rtol=1e-6, atol=1e-7)


REFUSED = [
    ([0.5, 0.48], "two decimals, off by two steps of which one can be rounding"),
    ([0.5, 0.498], "three decimals"),
    ([0.3, 0.3, 0.3], "one decimal counts as two"),
    ([1 / 3, 0.6646667], "all digits of float32"),
    ([0.5, 0.46875], "bfloat16, off by eight steps"),
    ([0.5, 0.4898], "float16 and four decimals"),
]


@pytest.mark.parametrize(("row", "why"), REFUSED)
@pytest.mark.parametrize("stored", [np.float32, np.float64])
def test_sums_that_rounding_does_not_explain_are_refused(row: list[float], why: str, stored: type) -> None:
    for score in SCORES:
        with pytest.raises(ProbabilityError, match="sum to 1 within"):
            score(np.array([row] * 3, stored))


@pytest.mark.parametrize("held", [ml_dtypes.bfloat16, np.float16, np.float32, np.float64])
def test_independent_sigmoids_are_refused_in_every_precision(held: type) -> None:
    P = (1 / (1 + np.exp(-np.random.default_rng(0).standard_normal((50, 10))))).astype(held)
    for given in (P, P.astype(np.float64)):
        with pytest.raises(ProbabilityError, match="softmax"):
            ladle.margin(given)


DUST = [(ml_dtypes.bfloat16, 2.0**-7), (np.float16, 2.0**-10), (np.float32, 2.0**-23), (np.float64, 2.0**-52)]


@pytest.mark.parametrize(("held", "step"), DUST)
def test_dust_outside_0_and_1_is_taken_and_clipped(held: type, step: float) -> None:
    P = np.array([[1 + 2 * step, 0, 0], [1, -step, 0], [0.5, 0.5, -step], [1 + step, -step, 0]]).astype(held)
    for given in (P, P.astype(np.float64)):
        np.testing.assert_allclose(ladle.margin(given), [1, 1, 0, 1], atol=1e-6)
        np.testing.assert_allclose(ladle.least_confidence(given), [0, 0, 0.5, 0], atol=1e-6)
        np.testing.assert_allclose(ladle.margin(given, multilabel="min"), [1, 1, 0, 1], atol=1e-6)
        assert (ladle.entropy(given) >= 0).all()
        assert (ladle.margin(given) <= 1).all()
        far = P.copy()
        far[2] = [1 / 3, 2 / 3 + 8 * step, -8 * step]
        with pytest.raises(ProbabilityError, match="between 0 and 1"):
            ladle.margin(far.astype(given.dtype))


def test_the_answer_does_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    P = softmax(997, 6).astype(np.float32)
    P[::3] = P[::3].astype(ml_dtypes.bfloat16).astype(np.float32)
    P[::5] = np.round(P[::5], 2)
    wanted = [score(P) for score in SCORES]
    for block_bytes, threads in ((1, 1), (1000, 3)):
        monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        monkeypatch.setenv("LADLE_THREADS", str(threads))
        for one, score in zip(wanted, SCORES, strict=True):
            np.testing.assert_array_equal(one, score(P))


def test_normalise_divides_by_the_sum() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (200, 4)) + np.eye(4, dtype=int)[np.arange(200) % 4]
    P = counts / counts.sum(axis=1, keepdims=True)
    for given in (counts, counts.astype(np.float16), counts * 100.0):
        for score in SCORES:
            np.testing.assert_allclose(score(given, normalise=True), score(P), atol=1e-6)
    with pytest.raises(ProbabilityError, match=r"normalise=True"):
        ladle.margin(P * 0.9)
    for bad in ([0.5, -0.1], [0, 0]):
        with pytest.raises(ProbabilityError, match=r"hold numbers from 0, .* in row 2"):
            ladle.margin([[1, 2], [3, 4], bad], normalise=True)
    with pytest.raises(NonFiniteError, match="row 1"):
        ladle.margin([[1, 2], [3, np.nan]], normalise=True)
    for other in ({"binary": True}, {"multilabel": "min"}):
        with pytest.raises(ArgumentError, match="normalise"):
            ladle.margin(P, normalise=True, **other)


@pytest.mark.parametrize("shape", [(400,), (400, 1)])
@pytest.mark.parametrize("held", [ml_dtypes.bfloat16, np.float16, np.float32, np.float64])
def test_one_probability_of_two_classes(shape: tuple[int, ...], held: type) -> None:
    p = np.random.default_rng(0).random(400).astype(held)
    wide = p.astype(np.float64)
    np.testing.assert_allclose(ladle.margin(p.reshape(shape), binary=True), abs(2 * wide - 1), atol=1e-7)
    both = np.stack([1 - wide, wide], axis=1)
    for score in SCORES:
        np.testing.assert_allclose(score(p.reshape(shape), binary=True), score(both), atol=2e-6)


def test_one_number_a_row_must_be_said_what_it_is() -> None:
    p = np.random.default_rng(0).random(40)
    for score in SCORES:
        for given in (p, p[:, None], p.tolist()):
            with pytest.raises(ShapeError, match=r"binary=True .*`margins`"):
                score(given)
        with pytest.raises(ShapeError, match="binary=True"):
            score(np.stack([1 - p, p], axis=1), binary=True)
        with pytest.raises(ProbabilityError, match=r"1\.5 in row 3"):
            score([0, 0.5, 1, 1.5], binary=True)
    with pytest.raises(ArgumentError, match="`binary` or `multilabel`"):
        ladle.margin(p, binary=True, multilabel="min")
    with pytest.raises(ShapeError, match="binary=True"):
        ladle.margin(p, multilabel="min")
    assert ladle.margin(p[:, None], multilabel="min").shape == (40,)


def test_one_logit_of_two_classes() -> None:
    z = np.random.default_rng(0).standard_normal(300) * 3
    p = 1 / (1 + np.exp(-z))
    for given in (z, z[:, None], z.astype(np.float32)):
        np.testing.assert_allclose(scores.softmax(given, binary=True), np.stack([1 - p, p], axis=1), atol=1e-6)
        np.testing.assert_allclose(scores.margin_from_logits(given, binary=True), abs(2 * p - 1), atol=1e-6)
    for way in (scores.softmax, scores.margin_from_logits):
        with pytest.raises(ShapeError, match="binary=True"):
            way(z)


def test_labelled_rows_need_no_score() -> None:
    P, known = softmax(300, 4), np.array([3, 200])
    holed, logits = P.copy(), np.log(P)
    holed[3, 1] = holed[200] = np.nan
    rest = np.setdiff1d(np.arange(300), known)
    for labelled in (known, np.isin(np.arange(300), known)):
        for score, sure in zip(SCORES, (1, 0, 0), strict=True):
            found = score(holed, labelled=labelled)
            np.testing.assert_array_equal(found[rest], score(P)[rest])
            np.testing.assert_array_equal(found[known], sure)
        assert ladle.margin(holed, multilabel="min", labelled=labelled)[known].tolist() == [1, 1]
        for way in (scores.margin_from_logits, scores.softmax):
            found = way(np.where(np.isnan(holed), np.nan, logits), labelled=labelled)
            np.testing.assert_array_equal(found[rest], way(logits)[rest])
            assert (found[known].max(axis=-1) == 1).all()
    for score in SCORES:
        with pytest.raises(NonFiniteError, match="nan in row 3, class 1"):
            score(holed)
        with pytest.raises(NonFiniteError, match="nan in row 200"):
            score(holed, labelled=[3])
        endless = P.copy()
        endless[3, 1] = np.inf
        with pytest.raises(NonFiniteError, match="inf in row 3"):
            score(endless, labelled=[3])

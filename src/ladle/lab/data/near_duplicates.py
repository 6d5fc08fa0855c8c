"""Near-duplicates made of a pool, so that its redundancy can be set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError
from ladle.lab.data.datasets import Dataset
from ladle.numbers import number
from ladle.seeds import check_seed, stream

NOISE_ROWS = 4_096  # rows whose noise comes from one stream; the result depends on it, so it never changes


def with_near_duplicates(dataset: Dataset, *, mean: float, jitter: float, seed: int = 0) -> Dataset:
    """`dataset` with a redundant pool, as crawls, logs and the frames of videos are.

    Every example stays as it is and gets a random number of jittered copies: 1 + copies is geometric with mean `mean`.
    A copy adds to each number normal noise of `jitter` times that number's standard deviation over the pool; pixels are
    rounded and clipped to 0..255. All rows are shuffled, so that a position says nothing about copies. The test split
    stays as it is. `originals` is the row of the old pool that each row copies (an example is its own copy 0); `ids`
    become texts, "old id#copy". Where the inputs are features, copies are shown as their original.
    Raises: ArgumentError for texts, for a `mean` below 1 or a `jitter` below 0, and for a pool that has copies.
    Cost: O(mean x pool). Repeats: set by the arguments.
    Source: ours.
    """
    wanted = "be 1 to 10,000 copies of each example, itself counted"
    mean = number(mean, "`mean`", least=1, below=10_000, wanted=wanted)
    jitter = number(jitter, "`jitter`", least=0, wanted="be 0 or more standard deviations")
    if dataset.inputs.dtype.kind not in "fu":
        raise ArgumentError(
            "`redundancy`", wanted="be asked of pixels or of features", got=f"inputs of dtype {dataset.inputs.dtype}",
            remedy="Serve the texts as features (`embedder`) first.",
        )  # fmt: skip
    if dataset.originals is not None:
        raise ArgumentError("`redundancy`", wanted="be made once", got="a pool that has copies already")
    looks = dataset.looks
    sizes = stream(check_seed(seed), "copies").geometric(1 / mean, len(dataset))
    originals = np.repeat(np.arange(len(dataset)), sizes)
    copies = np.arange(len(originals)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    order = stream(seed, "shuffle").permutation(len(originals))
    originals, copies = originals[order], copies[order]
    names = np.strings.add(np.strings.add(dataset.ids[originals].astype(np.str_), "#"), copies.astype(np.str_))
    return replace(
        dataset,
        name=f"{dataset.name} with near-duplicates",
        inputs=_jittered(dataset.inputs, originals, copies > 0, jitter, seed),
        labels=dataset.labels[originals],
        ids=names,
        originals=originals,
        looks=None if looks is None else lambda rows: looks(originals[rows]),
        source=f"{dataset.source}; jittered copies beside each, {mean:g} of it in the mean, jitter {jitter:g}",
    )


def _jittered(
    inputs: npt.NDArray[Any], originals: Rows, is_copy: npt.NDArray[np.bool_], jitter: float, seed: int
) -> npt.NDArray[Any]:
    """inputs[originals], with noise where `is_copy`, in the dtype of `inputs`."""
    scale = np.float32(jitter) * _deviations(inputs)
    answer = np.empty((len(originals), *inputs.shape[1:]), inputs.dtype)
    for block, start in enumerate(range(0, len(originals), NOISE_ROWS)):
        rows = originals[start : start + NOISE_ROWS]
        part = inputs[rows].astype(np.float32)
        noise = stream(seed, "jitter", block).standard_normal(part.shape, np.float32) * scale
        part += noise * is_copy[start : start + NOISE_ROWS].reshape(-1, *[1] * (part.ndim - 1))
        if inputs.dtype.kind == "u":
            part = np.clip(np.rint(part), 0, np.iinfo(inputs.dtype).max)
        answer[start : start + NOISE_ROWS] = part
    exact_pos = np.flatnonzero(~is_copy)
    answer[exact_pos] = inputs[originals[exact_pos]]  # exact, although the noise is float32
    return answer


def _deviations(inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Standard deviation of each number over the rows, by blocks of rows, about the mean of the first block."""
    shift = inputs[:NOISE_ROWS].mean(axis=0, dtype=np.float64)
    total, squares = np.zeros_like(shift), np.zeros_like(shift)
    for start in range(0, len(inputs), NOISE_ROWS):
        part = inputs[start : start + NOISE_ROWS].astype(np.float64) - shift
        total += part.sum(axis=0)
        squares += np.square(part).sum(axis=0)
    variance = squares / len(inputs) - np.square(total / len(inputs))
    deviations: npt.NDArray[np.float32] = np.sqrt(np.maximum(variance, 0)).astype(np.float32)
    return deviations

"""ONNX models: one pass over a pool."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.embedding.callables import BATCH_SIZE, CallSource
from ladle.embedding.given_ids import given_ids
from ladle.embedding.one_pass import SHARD_ROWS, PassOptions, ScoredPool, run_pass
from ladle.embedding.onnx_models import CPU, NamedArrays, OnnxModel
from ladle.embedding.score_columns import Keep, ScoreForm
from ladle.errors import ArgumentError, ShapeError
from ladle.numbers import choice, path_of, text, whole
from ladle.progress import SILENT, Reporter
from ladle.scores.uncertainty import MultiLabel

__all__ = ["score_and_embed"]


def score_and_embed(
    model: str | os.PathLike[str],
    inputs: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
    *,
    out: str | os.PathLike[str],
    embeddings: str,
    scores: str | None = None,
    tokens: str | None = None,
    ids: object = None,
    batch_size: int = BATCH_SIZE,
    providers: Sequence[str] = CPU,
    logits: bool = True,
    binary: bool = False,
    multilabel: MultiLabel | None = None,
    keep: Keep = "auto",
    also: Sequence[str] = (),
    dtype: str = "float32",
    shard_rows: int = SHARD_ROWS,
    progress: Reporter = SILENT,
) -> ScoredPool:
    """Run an ONNX model once over arrays, and write embeddings and scores as shards.

    Parameters
    ----------
    model : path
        A `.onnx` file.
    inputs : ndarray, (n, ...), or dict of them
        Of the dtype that the model takes; by the names of its inputs where it has several. A memory map is read batch
        by batch.
    out : path
        The folder to write, which is the pool afterwards.
    embeddings : str
        The output that is the embedding: (b, dim), or (b, channels, height, width), of which the mean over space is
        taken.
    scores : str, optional
        The output of classes.
    tokens : {"mean", "first"}, optional
        How an output (b, tokens, dim) becomes one vector; the mean is over the input `attention_mask`, if there is one.
    ids : array_like, optional
        n ids. By default the row numbers.
    batch_size : int, default 256
        Examples a call. A model with a fixed number of rows is called with that number.
    providers : sequence of str
        Execution providers of ONNX Runtime. By default the CPU.
    logits, binary, multilabel, keep, also, dtype, shard_rows, progress
        As in `ladle.score_and_embed`.

    Returns
    -------
    ScoredPool
        The folders of the pool and of the scores, and figures.

    Raises
    ------
    MissingDependencyError
        Without ONNX Runtime.
    ArgumentError, ShapeError
        For an input or an output that the model does not have, and for arrays that do not fit.
    MismatchError, MemoryPlanError, NonFiniteError, ProbabilityError, IdError, FileError
        As `ladle.score_and_embed`. Another file is another model.

    Notes
    -----
    Cost: the model's time; the SHA-256 of the file once. Memory: a batch and a shard. Killed and called again it goes
    on.
    """
    options = PassOptions(
        path_of(out, "`out`"),
        ScoreForm.checked(logits=logits, binary=binary, multilabel=multilabel, keep=keep, also=also),
        dtype,
        shard_rows,
        progress,
    )
    batch_size = whole(batch_size, "`batch_size`", least=1)
    text(embeddings, "`embeddings`", wanted="be the name of an output")
    text(scores, "`scores`", undecided=True, wanted="be the name of an output")
    choice(tokens, "`tokens`", ("mean", "first"), undecided=True)
    path = path_of(model, "`model`")
    network = OnnxModel.of(path, embeddings=embeddings, scores=scores, tokens=tokens, providers=providers)
    arrays = _named(inputs, network.input_names)
    source = CallSource(network, arrays, len(arrays), given_ids(ids, len(arrays)), batch_size, network.facts)
    return run_pass(source, options)


def _named(inputs: Any, names: list[str]) -> NamedArrays:
    """The arrays by the names of the model's inputs. Raises: ArgumentError, ShapeError."""
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            got = "one array"
            raise ArgumentError("`inputs`", wanted=f"be a dict with {', '.join(names)}", got=got)
        inputs = {names[0]: inputs if isinstance(inputs, np.ndarray) else np.asarray(inputs)}
    if set(inputs) != set(names):
        raise ArgumentError("`inputs`", wanted=f"have {', '.join(names)}", got=", ".join(map(str, inputs)) or "none")
    lengths = {name: len(value) for name, value in inputs.items()}
    if len(set(lengths.values())) != 1:
        got = ", ".join(f"{name} {count:,}" for name, count in lengths.items())
        raise ShapeError("`inputs`", wanted="have one number of rows", got=got)
    return NamedArrays(inputs)

"""An ONNX file as a model that gives outputs and embeddings for a batch of arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import durable
from ladle.embedding.batches import Fact
from ladle.errors import ArgumentError, FileFormatError, ShapeError
from ladle.packages import need
from ladle.plain_files import check_plain_file
from ladle.threads import thread_count

Array = npt.NDArray[Any]
CPU = ("CPUExecutionProvider",)


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A session of ONNX Runtime; open it by `of`.

    embeddings: the output that is the embedding. scores: the output of classes, or None. tokens: "mean" or "first" for
    an output (b, tokens, dim). fixed_rows: the rows that a call has to have, or None.
    """

    session: Any
    embeddings: str
    scores: str | None
    tokens: str | None
    fixed_rows: int | None
    facts: Mapping[str, Fact]

    @classmethod
    def of(
        cls,
        path: str | os.PathLike[str],
        *,
        embeddings: str | None,
        scores: str | None = None,
        tokens: str | None = None,
        providers: Sequence[str] = CPU,
    ) -> OnnxModel:
        """The model in a file. embeddings: None for the only output of a model without scores.

        Raises: FileError, FileFormatError for a file that ONNX Runtime does not read; ArgumentError for an output that
        is not there; MissingDependencyError.
        """
        runtime = need("onnxruntime", package="onnxruntime", purpose="run an ONNX model")
        file = check_plain_file(Path(path), f"the model {os.fspath(path)}")
        unknown = [name for name in providers if name not in runtime.get_available_providers()]
        if unknown:
            known = ", ".join(runtime.get_available_providers())
            raise ArgumentError("`providers`", wanted=f"be some of {known}", got=", ".join(unknown))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        try:
            session = runtime.InferenceSession(str(file), options, providers=list(providers))
        except Exception as cause:  # the library has errors of its own
            got = str(cause).splitlines()[0][:300]
            raise FileFormatError(f"the model {file}", wanted="be an ONNX model", got=got) from cause
        names = [each.name for each in session.get_outputs()]
        if embeddings is None and len(names) == 1 and scores is None:
            embeddings = names[0]
        for name, wanted in ((embeddings, "embeddings"), (scores, "scores")):
            if (name is None and wanted == "embeddings") or (name is not None and name not in names):
                shapes = ", ".join(f"{each.name} {each.shape}" for each in session.get_outputs())
                raise ArgumentError(f"`{wanted}`", wanted=f"be an output of the model: {shapes}", got=repr(name))
        firsts = {each.shape[0] for each in session.get_inputs() if each.shape and isinstance(each.shape[0], int)}
        fixed = firsts.pop() if len(firsts) == 1 else None
        facts: dict[str, Fact] = {
            "model": f"ONNX, SHA-256 {durable.file_digest(file)[:16]}",
            "embeddings": embeddings,
            "scores": scores,
            "tokens": tokens,
        }
        assert embeddings is not None
        return cls(session, embeddings, scores, tokens, fixed, facts)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [each.name for each in self.session.get_inputs()]

    def __call__(self, inputs: Mapping[str, Array]) -> tuple[Array | None, Array]:
        """(outputs or None, embeddings) for arrays of b rows by the names of the inputs. Raises: ShapeError."""
        rows = len(next(iter(inputs.values())))
        step = self.fixed_rows or rows
        parts = [self._run(inputs, start, min(step, rows - start), step) for start in range(0, rows, step)]
        outputs = None if self.scores is None else np.concatenate([part[0] for part in parts])
        return outputs, np.concatenate([part[1] for part in parts])

    def _run(self, inputs: Mapping[str, Array], start: int, count: int, step: int) -> tuple[Any, Array]:
        """One call of the session, filled up with the last row where the model takes a fixed number of rows."""
        offered = {name: _filled(value[start : start + count], step) for name, value in inputs.items()}
        wanted = [self.embeddings] if self.scores is None else [self.embeddings, self.scores]
        try:
            made = self.session.run(wanted, offered)
        except Exception as cause:  # the library has errors of its own
            shapes = ", ".join(f"{name} {value.dtype} {value.shape}" for name, value in offered.items())
            takes = ", ".join(f"{each.name} {each.type} {each.shape}" for each in self.session.get_inputs())
            raise ShapeError("the inputs of the model", wanted=f"be {takes}", got=shapes) from cause
        vectors = self._as_rows(made[0], offered.get("attention_mask"), step)[:count]
        return (None if self.scores is None else made[1][:count]), vectors

    def _as_rows(self, vectors: Array, mask: Array | None, rows: int) -> Array:
        if vectors.shape[:1] == (rows,):
            if vectors.ndim == 2:
                return vectors
            if vectors.ndim == 4:
                return np.asarray(vectors.mean(axis=(2, 3)))
            if vectors.ndim == 3 and self.tokens == "first":
                return vectors[:, 0]
            if vectors.ndim == 3 and self.tokens == "mean":
                return mean_of_tokens(vectors, mask)
        raise ShapeError(
            f"the output `{self.embeddings}`",
            wanted=f"have shape ({rows:,}, dim), or ({rows:,}, channels, height, width)",
            got=f"shape {vectors.shape}",
            remedy='If they are vectors of tokens, say tokens="mean" or tokens="first".' if vectors.ndim == 3 else "",
        )


def mean_of_tokens(states: Array, mask: Array | None) -> Array:
    """(b, dim): the mean over the tokens (b, tokens, dim) that `mask` (b, tokens) has."""
    if mask is None:
        return np.asarray(states.mean(axis=1))
    return np.asarray((states * mask[..., None]).sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1))


def _filled(part: Array, rows: int) -> Array:
    return part if len(part) == rows else np.concatenate([part, np.repeat(part[-1:], rows - len(part), axis=0)])


@dataclass(frozen=True, slots=True)
class NamedArrays:
    """Arrays of n rows by name, which can be sliced together."""

    arrays: Mapping[str, Any]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, rows: slice) -> dict[str, Array]:
        return {name: np.asarray(value[rows]) for name, value in self.arrays.items()}

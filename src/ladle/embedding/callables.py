"""`score_and_embed`: any callable on batches of NumPy arrays, once over a pool."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.embedding.batches import Fact, ModelBatch
from ladle.embedding.given_ids import given_ids
from ladle.embedding.one_pass import SHARD_ROWS, PassOptions, ScoredPool, run_pass
from ladle.embedding.score_columns import Keep, ScoreForm
from ladle.errors import ArgumentError, ShapeError
from ladle.numbers import path_of, shown, text, whole
from ladle.progress import SILENT, Reporter
from ladle.scores.uncertainty import MultiLabel

Answer = tuple[npt.ArrayLike | None, npt.ArrayLike]
BATCH_SIZE = 256


def score_and_embed(
    model: Callable[[Any], Answer],
    inputs: Sequence[Any] | npt.NDArray[Any],
    *,
    out: str | os.PathLike[str],
    version: str,
    ids: object = None,
    batch_size: int = BATCH_SIZE,
    logits: bool = True,
    binary: bool = False,
    multilabel: MultiLabel | None = None,
    keep: Keep = "auto",
    also: Sequence[str] = (),
    dtype: str = "float32",
    shard_rows: int = SHARD_ROWS,
    progress: Reporter = SILENT,
) -> ScoredPool:
    """Run a model once over a pool and write its embeddings and scores as shards.

    Parameters
    ----------
    model : callable
        Takes `inputs[start:stop]` and returns `(outputs, embeddings)`: (b, classes) or None, and (b, dim).
    inputs : array or sequence, n examples
        Anything with a length and slices; a memory map is read batch by batch.
    out : path
        The folder to write, which is the pool afterwards. Until the pass is complete it is called `out` + ".partial".
    version : str
        The name of this model and of these inputs. A pass continues only under the same name: a callable has nothing
        else by which Ladle could tell that it has changed, but for the first batch, which is computed again and
        compared.
    ids : array_like, optional
        n ids, integers or texts. By default the row numbers.
    batch_size : int, default 256
        Examples a call.
    logits : bool, default True
        Whether outputs are logits; otherwise they are probabilities.
    binary : bool, default False
        Outputs are one number per example, for the second of two classes.
    multilabel : {None, "min", "mean"}, default None
        Each class is a yes-or-no question; how the margins of an example become one, as in `ladle.margin`.
    keep : {"auto", "probabilities", "margins"}, default "auto"
        What of the outputs is stored: "auto" keeps the probabilities of up to 64 classes. Margins are always stored.
    also : sequence of {"entropy", "least_confidence"}
        Further columns of scores; not with `multilabel`.
    dtype : {"float32", "float16"}, default "float32"
        Of the stored embeddings.
    shard_rows : int, default 16,384
        A shard ends with the batch that makes it this long. After a kill, at most one shard is computed again.
    progress : Reporter, optional
        Is told how many examples are done.

    Returns
    -------
    ScoredPool
        The folders of the pool and of the scores, and figures.

    Raises
    ------
    ArgumentError, ShapeError, NonFiniteError, ProbabilityError, IdError
        For wrong arguments, and for answers of the model that cannot be used.
    MismatchError
        If `out` holds a pass of another version, or of other inputs or options; both are named.
    MemoryPlanError
        If the disk has no room for the pool.
    FileError
        If `out` is something else, or cannot be written.

    Notes
    -----
    Cost: the model's time, and about 5 s of processor time for 1,000,000 x 128 and 10 classes. Memory: one shard, and
    8 bytes an id. Killed and called again it goes on behind the last finished shard. The same batches give the same
    bytes.
    """
    options = PassOptions(
        path_of(out, "`out`"),
        ScoreForm.checked(logits=logits, binary=binary, multilabel=multilabel, keep=keep, also=also),
        dtype,
        shard_rows,
        progress,
    )
    _check_callable(model)
    batch_size = whole(batch_size, "`batch_size`", least=1)
    text(version, "`version`", wanted='be a name of the model and its inputs, such as "resnet-3"')
    try:
        rows = len(inputs)
        inputs[0:0]
    except (TypeError, KeyError, IndexError) as cause:
        got = f"a {type(inputs).__name__}"
        remedy = "A loader of PyTorch goes to ladle.torch.score_and_embed."
        raise ArgumentError("`inputs`", wanted="have a length and slices", got=got, remedy=remedy) from cause
    return run_pass(CallSource(model, inputs, rows, given_ids(ids, rows), batch_size, {"version": version}), options)


@dataclass(frozen=True, slots=True)
class CallSource:
    """A callable and its inputs as a source of batches."""

    model: Callable[[Any], Answer]
    inputs: Any
    rows: int
    ids: Any
    batch_size: int
    own_facts: Mapping[str, Fact]
    tolerance: float = 1e-3

    @property
    def facts(self) -> Mapping[str, Fact]:
        """See `BatchSource`."""
        return {
            **self.own_facts,
            "rows": self.rows,
            "batch_size": self.batch_size,
            "ids": ids_digest(self.ids),
        }

    def batches(self, start: int) -> Iterator[ModelBatch]:
        """See `BatchSource`."""
        for first in range(start, self.rows, self.batch_size):
            part = self.inputs[first : first + self.batch_size]
            answer = self.model(part)
            outputs, embeddings = _pair(answer)
            count = min(self.batch_size, self.rows - first)
            ids = None if self.ids is None else self.ids.slice(first, count)
            yield ModelBatch(
                count,
                ids,
                None if outputs is None else np.asarray(outputs),
                None if embeddings is None else np.asarray(embeddings),
            )

    def notices(self) -> tuple[str, ...]:
        """See `BatchSource`."""
        return ()


def _pair(answer: object) -> tuple[Any, Any]:
    if not isinstance(answer, tuple) or len(answer) != 2:
        got = f"a {type(answer).__name__}"
        raise ShapeError("the answer of the model", wanted="be (outputs, embeddings)", got=got)
    return answer


def _check_callable(model: object) -> None:
    if not callable(model):
        raise ArgumentError("`model`", wanted="be a callable", got=shown(model)[:80])


def ids_digest(ids: Any) -> str:
    """What tells one list of ids from another, for the facts of a pass. ids: an array, or None for row numbers."""
    if ids is None:
        return "row numbers"
    from ladle.pool.ids.example_ids import Ids

    return hashlib.sha256(Ids(ids).digest.encode()).hexdigest()[:16]

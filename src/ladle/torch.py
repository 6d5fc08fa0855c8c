"""PyTorch models and loaders: one pass over a pool."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ladle.embedding.given_ids import given_ids
from ladle.embedding.one_pass import SHARD_ROWS, PassOptions, ScoredPool, run_pass
from ladle.embedding.score_columns import Keep, ScoreForm
from ladle.embedding.torch_loaders import LoaderSource, Unpack
from ladle.embedding.torch_models import PRECISIONS, TOKENS, HookedModel, Precision
from ladle.errors import ArgumentError
from ladle.numbers import choice, path_of, switch, text
from ladle.progress import SILENT, Reporter
from ladle.scores.uncertainty import MultiLabel

__all__ = ["score_and_embed"]


def score_and_embed(
    model: Any,
    loader: Any,
    *,
    out: str | os.PathLike[str],
    layer: str | None = None,
    ids: object = None,
    unpack: Unpack | None = None,
    scores: bool = True,
    device: Any = None,
    precision: Precision = "float32",
    tokens: str | None = None,
    logits: bool = True,
    binary: bool = False,
    multilabel: MultiLabel | None = None,
    keep: Keep = "auto",
    also: Sequence[str] = (),
    dtype: str = "float32",
    shard_rows: int = SHARD_ROWS,
    progress: Reporter = SILENT,
) -> ScoredPool:
    """Stream a DataLoader once through a model, and write embeddings and scores as shards.

    Parameters
    ----------
    model : torch.nn.Module
        It is run in eval mode and without gradients; afterwards its modes and its device are as they were.
    loader : torch.utils.data.DataLoader, or a list of batches
        A batch is a tensor, `(x, y)`, or a dict whose `id` or `ids` are ids, whose `label`, `labels`, `target`,
        `targets` and `y` are left out, and whose other entries are arguments of the model. A data set with positions is
        read in its own order. A loader that shuffles is refused unless it gives ids.
    out : path
        The folder to write, which is the pool afterwards. Until the pass is complete it is called `out` + ".partial".
    layer : str, optional
        The module whose output is the embedding, as `model.named_modules()` calls it; `"fc:input"` for its input. By
        default the input of the last linear layer: the layer is found with a few examples, as the one whose output is
        the answer of the model, and `notices` says which it is. A model without one such layer is refused.
    ids : array_like, optional
        Ids of all examples in the order of the data set. By default those of the loader, or the row numbers.
    unpack : callable, optional
        Takes a batch of any other form and returns `(inputs, ids or None)`; inputs are a tensor or a dict.
    scores : bool, default True
        Whether the answer of the model are scores of classes. If not, and without `layer`, it is the embedding.
    device : str or torch.device, optional
        Where the model runs. By default where its parameters are.
    precision : {"float32", "bfloat16", "float16"}, default "float32"
        Of the computation, by autocast. What is stored is `dtype`.
    tokens : {"mean", "first"}, optional
        How a layer that gives (b, tokens, dim) becomes one vector; the mean is over the attention mask, if there is
        one. A layer that gives (b, channels, height, width) is averaged over space.
    logits, binary, multilabel, keep, also, dtype, shard_rows, progress
        As in `ladle.score_and_embed`. If the last layer shows that the outputs are not what `logits` says, they are
        refused.

    Returns
    -------
    ScoredPool
        The folders of the pool and of the scores, and figures.

    Raises
    ------
    MissingDependencyError
        Without PyTorch.
    ArgumentError
        For a layer that cannot be told, an order that cannot be known, batches that can be read in two ways.
    MemoryPlanError
        If the device has no room for one example, or the disk none for the pool.
    MismatchError, ShapeError, NonFiniteError, ProbabilityError, IdError, FileError
        As `ladle.score_and_embed`. A model with other weights is another model.

    Notes
    -----
    Cost: the model's time; the SHA-256 of its weights once; the first batch is read twice. Memory: a batch and a shard.
    Out of memory halves what the model takes at a time, from then on, and `notices` says so. Killed and called again,
    the pass goes on behind its last finished shard; examples of a data set with positions are not read again, those of
    a stream are read but not computed. The same batches on the same device give the same bytes, unless the memory ran
    out.
    """
    options = PassOptions(
        path_of(out, "`out`"),
        ScoreForm.checked(logits=logits, binary=binary, multilabel=multilabel, keep=keep, also=also),
        dtype,
        shard_rows,
        progress,
    )
    text(layer, "`layer`", undecided=True, wanted="be the name of a module")
    choice(precision, "`precision`", PRECISIONS)
    choice(tokens, "`tokens`", TOKENS, undecided=True)
    if unpack is not None and not callable(unpack):
        raise ArgumentError("`unpack`", wanted="be a callable", got=f"a {type(unpack).__name__}")
    values = given_ids(ids, None)
    hooked = HookedModel(model, layer, switch(scores, "`scores`"), device, precision, tokens)
    with hooked.active():
        source = LoaderSource.of(hooked, loader, values, unpack)
        check_meaning(hooked.ends_in, options.score_columns)
        return run_pass(source, options)


def check_meaning(ends_in: str, columns: ScoreForm) -> None:
    """Refuse outputs that are not what `logits` says. ends_in: see `HookedModel`. Raises: ArgumentError."""
    if ends_in == "probabilities" and columns.logits:
        raise ArgumentError(
            "`logits`",
            wanted="be False for a model that ends in a softmax or a sigmoid",
            got="True",
            remedy="Say logits=False.",
        )
    if ends_in in ("logits", "log-probabilities") and not columns.logits:
        wanted = "be True for a model that ends in a linear layer or a log-softmax"
        raise ArgumentError("`logits`", wanted=wanted, got="False", remedy="Leave it out.")

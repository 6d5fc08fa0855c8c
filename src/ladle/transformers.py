"""Models and data sets of Hugging Face: one pass over a pool."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ladle.embedding.given_ids import given_ids
from ladle.embedding.one_pass import SHARD_ROWS, PassOptions, ScoredPool, run_pass
from ladle.embedding.score_columns import Keep, ScoreForm
from ladle.embedding.torch_loaders import LoaderSource
from ladle.embedding.torch_models import PRECISIONS, TOKENS, HookedModel, Precision, torch_library
from ladle.errors import ArgumentError
from ladle.numbers import choice, path_of, switch, text, whole
from ladle.progress import SILENT, Reporter
from ladle.scores.uncertainty import MultiLabel
from ladle.torch import check_meaning

__all__ = ["score_and_embed"]

BATCH_SIZE = 32
ID_COLUMN = "id"


def score_and_embed(
    model: Any,
    dataset: Any,
    *,
    processor: Any,
    out: str | os.PathLike[str],
    column: str | None = None,
    id_column: str | None = None,
    ids: object = None,
    batch_size: int = BATCH_SIZE,
    max_length: int | None = None,
    scores: bool | None = None,
    layer: str | None = None,
    tokens: str | None = None,
    device: Any = None,
    precision: Precision = "float32",
    multilabel: MultiLabel | None = None,
    keep: Keep = "auto",
    also: Sequence[str] = (),
    dtype: str = "float32",
    shard_rows: int = SHARD_ROWS,
    progress: Reporter = SILENT,
) -> ScoredPool:
    """Run a model of transformers once over a data set, and write embeddings and scores as shards.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        With a head for classes, or without one.
    dataset : datasets.Dataset, or a sequence of dicts
        n examples by position.
    processor : tokenizer or image processor
        That of the model.
    out : path
        The folder to write, which is the pool afterwards.
    column : str, optional
        The column of texts or images. By default `text` for a tokenizer, `image` for an image processor.
    id_column : str, optional
        The column of ids. By default `id`, if there is one; else the row numbers are the ids.
    ids : array_like, optional
        n ids in place of a column.
    batch_size : int, default 32
        Examples a call.
    max_length : int, optional
        Tokens after which texts are cut. By default what the tokenizer says.
    scores : bool, optional
        Whether the model gives classes. By default whether the name of its class ends in "Classification".
    layer : str, optional
        As in `ladle.torch.score_and_embed`. By default the input of the last linear layer of a model with classes, and
        the last hidden state of a model without.
    tokens : {"mean", "first"}, optional
        How vectors of tokens become one. By default "mean" for a model without classes.
    device, precision, multilabel, keep, also, dtype, shard_rows, progress
        As in `ladle.torch.score_and_embed`. Outputs are logits, as those of all models of transformers.

    Returns
    -------
    ScoredPool
        The folders of the pool and of the scores, and figures.

    Raises
    ------
    ArgumentError
        For a column that is not there; for a model of several labels without `multilabel`; for a layer that cannot be
        told.
    MissingDependencyError, MismatchError, MemoryPlanError, ShapeError, NonFiniteError, IdError, FileError
        As `ladle.torch.score_and_embed`.

    Notes
    -----
    Cost: the model's time. Memory: a batch and a shard. Killed and called again it goes on at the same example.
    """
    options = PassOptions(
        path_of(out, "`out`"),
        ScoreForm.checked(logits=True, binary=False, multilabel=multilabel, keep=keep, also=also),
        dtype,
        shard_rows,
        progress,
    )
    batch_size = whole(batch_size, "`batch_size`", least=1)
    if max_length is not None:
        max_length = whole(max_length, "`max_length`", least=1)
    text(column, "`column`", undecided=True, wanted="be the name of a column")
    text(id_column, "`id_column`", undecided=True, wanted="be the name of a column")
    text(layer, "`layer`", undecided=True, wanted="be the name of a module")
    choice(precision, "`precision`", PRECISIONS)
    choice(tokens, "`tokens`", TOKENS, undecided=True)
    switch(scores, "`scores`", undecided=True)
    has_scores = type(model).__name__.endswith("Classification") if scores is None else bool(scores)
    _check_labels(model, scores=has_scores, multilabel=multilabel)
    collate = _Collate.of(dataset, processor, column, id_column, has_ids=ids is not None, max_length=max_length)
    data = torch_library().utils.data
    loader = data.DataLoader(_ByPosition(dataset), batch_size=batch_size, collate_fn=collate)
    if tokens is None and not has_scores:
        tokens = "mean"
    hooked = HookedModel(model, layer, has_scores, device, precision, tokens)
    with hooked.active():
        source = LoaderSource.of(
            hooked, loader, given_ids(ids, len(dataset)), None, options=f"{collate.column}, {max_length}"
        )
        check_meaning(hooked.ends_in, options.score_columns)
        return run_pass(source, options)


def _check_labels(model: Any, *, scores: bool, multilabel: MultiLabel | None) -> None:
    """Refuse a model of several labels that is read as one of a single label. Raises: ArgumentError."""
    kind = getattr(getattr(model, "config", None), "problem_type", None)
    if scores and kind == "multi_label_classification" and multilabel is None:
        raise ArgumentError(
            "`multilabel`",
            wanted="be given for a model of several labels",
            got="none",
            remedy='Say multilabel="min" or "mean": how the margins of an example become one.',
        )
    if scores and kind == "regression":
        raise ArgumentError("the model", wanted="give classes", got="a regression", remedy="Say scores=False.")


class _ByPosition:
    """A data set as PyTorch takes it."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, row: int) -> Any:
        return self._dataset[row]


@dataclass(frozen=True, slots=True)
class _Collate:
    """Examples as a batch of the model's inputs and ids."""

    processor: Any
    column: str
    id_column: str | None
    is_text: bool
    max_length: int | None

    @classmethod
    def of(
        cls,
        dataset: Any,
        processor: Any,
        column: str | None,
        id_column: str | None,
        *,
        has_ids: bool,
        max_length: int | None,
    ) -> _Collate:
        """The columns of a data set, checked. Raises: ArgumentError."""
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            got = f"a {type(dataset).__name__}"
            raise ArgumentError("`dataset`", wanted="have a length and positions", got=got)
        if not callable(processor):
            got = f"a {type(processor).__name__}"
            raise ArgumentError("`processor`", wanted="be a tokenizer or an image processor", got=got)
        if not len(dataset):
            raise ArgumentError("`dataset`", wanted="have one example or more", got="none")
        first = dataset[0]
        if not isinstance(first, Mapping):
            raise ArgumentError("`dataset`", wanted="give dicts", got=f"a {type(first).__name__}")
        is_text = hasattr(processor, "pad") and hasattr(processor, "decode")
        column = column or ("text" if is_text else "image")
        for name, wanted in ((column, "`column`"), (id_column, "`id_column`")):
            if name is not None and name not in first:
                raise ArgumentError(wanted, wanted=f"be one of {', '.join(map(str, first))}", got=repr(name))
        if has_ids and id_column is not None:
            raise ArgumentError("`ids`", wanted="be left out with `id_column`", got="both")
        if id_column is None and not has_ids and ID_COLUMN in first:
            id_column = ID_COLUMN
        return cls(processor, column, id_column, is_text, max_length)

    def __call__(self, examples: list[Mapping[str, Any]]) -> dict[str, Any]:
        values = [each[self.column] for each in examples]
        if self.is_text:
            wrong = [each for each in values if not isinstance(each, str)]
            if wrong:
                got = f"a {type(wrong[0]).__name__}"
                raise ArgumentError(f"the column `{self.column}`", wanted="have a text in every row", got=got)
            longest = {} if self.max_length is None else {"max_length": self.max_length}
            made = self.processor(values, padding=True, truncation=True, return_tensors="pt", **longest)
        else:
            made = self.processor(images=values, return_tensors="pt")
        batch = dict(made)
        if self.id_column is not None:
            batch["ids"] = [each[self.id_column] for each in examples]
        return batch

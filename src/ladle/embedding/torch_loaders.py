"""What a DataLoader yields, and in which order: inputs for a model, and ids.

A loader yields one of:

| batch | inputs | ids |
|---|---|---|
| a tensor | it | none |
| (x,) or (x, y) | x, a tensor or a dict | none; those of the dict |
| a dict | all but ids and labels: keywords of the model, or its one argument | `id` or `ids` |
| anything else | as `unpack(batch)` says: (inputs, ids or None) | |

Labels are `label`, `labels`, `target`, `targets` and `y`. A data set with positions is read in its own order, whatever
the sampler does, so that a pass can go on at any row. Without ids the rows are numbered, so a loader that shuffles has
to give ids.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ladle.embedding.batches import Fact, ModelBatch
from ladle.embedding.callables import ids_digest
from ladle.embedding.torch_models import Call, HookedModel, torch_library
from ladle.errors import ArgumentError, IdError

ID_KEYS = ("id", "ids")
LABEL_KEYS = ("label", "labels", "target", "targets", "y")
Unpack = Callable[[Any], tuple[Any, Any]]
UNPACK = "Say which is which: unpack=lambda batch: (inputs, ids or None)."


@dataclass(frozen=True, slots=True)
class LoaderBatch:
    """A batch as it is read. ids: None where the loader gives none."""

    call: Call
    ids: Any


@dataclass(slots=True)
class LoaderSource:
    """A model and its loader as a source of batches; make it by `of`, inside `HookedModel.active`."""

    model: HookedModel
    loader: Any
    ids: Any
    unpack: Unpack | None
    in_order: bool  # whether the data set is read by position
    rows: int | None
    said: tuple[str, ...] = ()
    options: str = ""  # further options that decide the answers, for `facts`

    @classmethod
    def of(cls, model: HookedModel, loader: Any, ids: Any, unpack: Unpack | None, *, options: str = "") -> LoaderSource:
        """The source, after its first batch was read: its form and its ids decide what is allowed.

        ids: an array of all ids, or None. Raises: ArgumentError, IdError.
        """
        source = cls(model, loader, ids, unpack, False, None, options=options)
        first = next(iter(_again(loader)), None)
        if first is None:
            raise ArgumentError("the loader", wanted="give one example or more", got="none")
        batch = source._unpacked(first)
        if batch.ids is not None and ids is not None:
            raise ArgumentError("`ids`", wanted="be left out", got="ids, and others from the loader")
        source._settle(has_ids=batch.ids is not None)
        if ids is not None and source.rows is not None and len(ids) != source.rows:
            raise IdError("`ids`", wanted=f"be one for each of {source.rows:,} examples", got=f"{len(ids):,}")
        model.find_layer(batch.call)
        return source

    def _settle(self, *, has_ids: bool) -> None:
        """Decide how the loader is read. Raises: ArgumentError for an order that cannot be known."""
        data = torch_library().utils.data
        if not isinstance(self.loader, data.DataLoader):
            self.rows = None
            return
        dataset = self.loader.dataset
        if isinstance(dataset, data.IterableDataset) or self.loader.batch_size is None:
            if self.loader.num_workers > 1 and not has_ids:
                got = f"{self.loader.num_workers} workers on a stream, without ids"
                raise _order_error(got, "Use num_workers=1")
            return
        sampler, all_rows = self.loader.sampler, len(dataset)
        if type(self.loader.batch_sampler) is not data.BatchSampler:
            if not has_ids:
                raise _order_error("a batch_sampler of its own, and no ids", "Leave it out")
            return
        random = isinstance(sampler, data.RandomSampler) and not sampler.replacement and len(sampler) == all_rows
        if isinstance(sampler, data.SequentialSampler) or (random and has_ids):
            self.in_order, self.rows = True, all_rows
            if self.loader.drop_last and all_rows % self.loader.batch_size:
                self.said = ("the loader has drop_last=True; the last examples were taken all the same",)
        elif not has_ids:
            got = "a loader that shuffles, and no ids" if random else f"a {type(sampler).__name__}, and no ids"
            raise _order_error(got, "Use shuffle=False")

    @property
    def facts(self) -> Mapping[str, Fact]:
        """See `BatchSource`."""
        dataset = getattr(self.loader, "dataset", None)
        return {
            **self.model.facts,
            "loader": type(self.loader if dataset is None else dataset).__name__,
            "rows": self.rows,
            "batch_size": getattr(self.loader, "batch_size", None),
            "ids": ids_digest(self.ids),
            "options": self.options,
        }

    @property
    def tolerance(self) -> float:
        """See `BatchSource`."""
        return self.model.tolerance

    def batches(self, start: int) -> Iterator[ModelBatch]:
        """See `BatchSource`. A loader that is no list of positions is read from its beginning; the model is not run."""
        row = start if self.in_order else 0
        for each in self._from(start) if self.in_order else _again(self.loader):
            batch = self._unpacked(each)
            if row >= start:
                yield self._answered(batch, row)
            row += batch.call.rows
        if self.ids is not None and row != len(self.ids):
            raise IdError("`ids`", wanted=f"be one for each of {row:,} examples", got=f"{len(self.ids):,}")

    def _answered(self, batch: LoaderBatch, row: int) -> ModelBatch:
        outputs, vectors = self.model.answers(batch.call)
        ids = batch.ids if self.ids is None else self.ids.slice(row, batch.call.rows)
        return ModelBatch(batch.call.rows, ids, outputs, vectors)

    def notices(self) -> tuple[str, ...]:
        """See `BatchSource`."""
        return (*self.said, *self.model.said)

    def _from(self, start: int) -> Any:
        """A loader of the same data set in its own order, from a row on."""
        old, data = self.loader, torch_library().utils.data
        working = {"prefetch_factor": old.prefetch_factor} if old.num_workers else {}
        return data.DataLoader(
            data.Subset(old.dataset, range(start, len(old.dataset))),
            batch_size=old.batch_size,
            num_workers=old.num_workers,
            collate_fn=old.collate_fn,
            pin_memory=old.pin_memory,
            timeout=old.timeout,
            worker_init_fn=old.worker_init_fn,
            multiprocessing_context=old.multiprocessing_context,
            **working,
        )

    def _unpacked(self, batch: Any) -> LoaderBatch:
        """Inputs and ids of a batch, by the table at the top of this file. Raises: ArgumentError."""
        if self.unpack is not None:
            made = self.unpack(batch)
            if not isinstance(made, tuple) or len(made) != 2:
                raise ArgumentError("`unpack`", wanted="return (inputs, ids or None)", got=f"a {type(made).__name__}")
            inputs, ids = made
        else:
            inputs, ids = _by_form(batch)
        call = self._call(inputs)
        if ids is not None and len(ids) != call.rows:
            raise IdError("the ids of a batch", wanted=f"be {call.rows:,}, as its examples", got=f"{len(ids):,}")
        return LoaderBatch(call, _plain(ids))

    def _call(self, inputs: Any) -> Call:
        torch = torch_library()
        args: tuple[Any, ...]
        kwargs: dict[str, Any]
        if isinstance(inputs, torch.Tensor):
            args, kwargs = (inputs,), {}
        elif isinstance(inputs, Mapping):
            args, kwargs = self._keywords(dict(inputs))
        else:
            got = f"a {type(inputs).__name__}"
            raise ArgumentError("the inputs of a batch", wanted="be a tensor or a dict", got=got, remedy=UNPACK)
        tensors = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor) and each.ndim]
        counts = {len(each) for each in tensors}
        if len(counts) != 1:
            got = f"{sorted(counts)}" if counts else "no tensors"
            raise ArgumentError("the inputs of a batch", wanted="have one number of examples", got=got, remedy=UNPACK)
        return Call(args, kwargs, counts.pop())

    def _keywords(self, named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A dict as keywords of the model, or its one value as an argument. Raises: ArgumentError."""
        parameters = inspect.signature(self.model.model.forward).parameters.values()
        known = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
        takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
        if named and set(named) <= known:
            return (), named
        if len(named) == 1:
            return tuple(named.values()), {}
        if named and takes_any:
            return (), named
        raise ArgumentError(
            "a batch of the loader",
            wanted="have one input, or inputs by the names of the model's arguments",
            got=f"{', '.join(named) or 'none'}, where the model takes {', '.join(sorted(known))}",
            remedy=UNPACK,
        )


def _by_form(batch: Any) -> tuple[Any, Any]:
    """(inputs, ids) of a tensor, a tuple or a dict. Raises: ArgumentError."""
    if isinstance(batch, (tuple, list)):
        if not 1 <= len(batch) <= 2:
            got = f"a {type(batch).__name__} of {len(batch)}"
            raise ArgumentError("a batch of the loader", wanted="be x, (x, y) or a dict", got=got, remedy=UNPACK)
        if len(batch) == 2 and _may_be_ids(batch[0]) and getattr(batch[1], "ndim", 0) > 1:
            got = f"integers and a tensor of shape {tuple(batch[1].shape)}, which may be (ids, x)"
            raise ArgumentError("a batch of the loader", wanted="be (x, y)", got=got, remedy=UNPACK)
        batch = batch[0]
    if not isinstance(batch, Mapping):
        return batch, None
    names = [name for name in ID_KEYS if name in batch]
    if len(names) > 1:
        raise ArgumentError("a batch of the loader", wanted="have `id` or `ids`", got="both", remedy=UNPACK)
    inputs = {name: value for name, value in batch.items() if name not in (*ID_KEYS, *LABEL_KEYS)}
    return inputs, batch[names[0]] if names else None


def _may_be_ids(value: Any) -> bool:
    return getattr(value, "ndim", 0) == 1 and "int" in str(getattr(value, "dtype", ""))


def _plain(ids: Any) -> Any:
    return ids.tolist() if hasattr(ids, "tolist") else ids


def _again(loader: Any) -> Any:
    """The loader, if it can be read more than once. Raises: ArgumentError."""
    if not hasattr(loader, "__iter__") or iter(loader) is loader:
        raise ArgumentError(
            "the loader",
            wanted="be a DataLoader, or another object that can be read more than once",
            got=f"a {type(loader).__name__}",
            remedy="Give the DataLoader itself, or a list.",
        )
    return loader


def _order_error(got: str, first: str) -> ArgumentError:
    return ArgumentError(
        "the loader",
        wanted="give its examples in a known order, or with ids",
        got=got,
        remedy=f"{first}, or let each batch be a dict with `ids`.",
    )

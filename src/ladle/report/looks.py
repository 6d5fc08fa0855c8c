"""Examples of the pool as people look at them: small pictures, or the beginnings of texts, each with its class."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ladle.errors import ArgumentError
from ladle.lab.datasets import Dataset
from ladle.report.markup import lines, pictures
from ladle.report.thumbnails import thumbnails

_LETTERS = 160  # of a text, enough to know it by
Shown = tuple[int, str, bool]  # row of the pool, what is said of it, whether it is marked


class Looks:
    """How the examples of `dataset` are shown. Raises: ArgumentError when they are neither pictures nor texts."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._are_texts = dataset.inputs.dtype.kind == "S"
        if not self._are_texts and (dataset.inputs.dtype != np.uint8 or dataset.inputs.ndim not in (3, 4)):
            raise ArgumentError(
                "examples",
                wanted="be images or texts to be shown",
                got=f"{dataset.inputs.dtype} of shape {dataset.inputs.shape}",
                remedy="Leave them out.",
            )

    @property
    def are_grey(self) -> bool:
        """Whether they are pictures without colours."""
        return not self._are_texts and self._dataset.inputs.ndim == 3

    def show(self, examples: Iterable[Shown], label: str) -> str:
        """A grid of pictures, or a list of texts, called `label`. Markup. Raises: MissingDependencyError."""
        shown = [(row, f"{self._class_of(row)}, {told}, row {row:,}", marked) for row, told, marked in examples]
        if self._are_texts:
            return lines(((self._beginning(row), title, marked) for row, title, marked in shown), label)
        sources = thumbnails(self._dataset.inputs, sorted({row for row, _, _ in shown}))
        return pictures(((sources[row], title, marked) for row, title, marked in shown), label)

    def _class_of(self, row: int) -> str:
        labels, names = self._dataset.labels[row], self._dataset.class_names
        if not self._dataset.multilabel:
            return names[int(labels)]
        return " and ".join(names[each] for each in np.flatnonzero(labels > 0)) or "of no class"

    def _beginning(self, row: int) -> str:
        whole = bytes(self._dataset.inputs[row]).decode(errors="replace")
        return whole if len(whole) <= _LETTERS else whole[: _LETTERS - 1].rstrip() + "…"

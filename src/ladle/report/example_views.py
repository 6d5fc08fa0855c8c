"""Examples of the pool as they are shown to people: small images, or the beginnings of texts, each with its class."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ladle.errors import ArgumentError
from ladle.lab.data.datasets import Dataset
from ladle.report.markup import lines, pictures
from ladle.report.thumbnails import thumbnails

_LETTERS = 160  # of a text: enough to recognise it
Example = tuple[int, str, bool]  # row of the pool, its note, whether it is marked


class ExampleViews:
    """Shows examples of `dataset`. Raises: ArgumentError when they are neither images nor texts."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        one = dataset.seen(np.zeros(1, np.int64))
        self._are_texts = one.dtype.kind == "S"
        self.are_grey = not self._are_texts and one.ndim == 3  # images without colours
        if not self._are_texts and (one.dtype != np.uint8 or one.ndim not in (3, 4)):
            raise ArgumentError(
                "examples",
                wanted="be images or texts to be shown",
                got=f"{one.dtype} of shape {one.shape[1:]} each",
                remedy="Leave them out.",
            )

    def show(self, examples: Iterable[Example], label: str) -> str:
        """A grid of images, or a list of texts, called `label`, as markup. Raises: MissingDependencyError."""
        examples = list(examples)
        inputs = self._dataset.seen(np.array([row for row, _, _ in examples], np.int64))
        titles = [f"{self._class_of(row)}, {note}, row {row:,}" for row, note, _ in examples]
        marked = [is_marked for _, _, is_marked in examples]
        if self._are_texts:
            return lines(zip(map(_beginning, inputs), titles, marked, strict=True), label)
        return pictures(zip(thumbnails(inputs), titles, marked, strict=True), label)

    def _class_of(self, row: int) -> str:
        labels, names = self._dataset.labels[row], self._dataset.class_names
        if not self._dataset.multilabel:
            return names[int(labels)]
        return " and ".join(names[each] for each in np.flatnonzero(labels > 0)) or "of no class"


def _beginning(text: np.bytes_) -> str:
    whole = bytes(text).decode(errors="replace")
    return whole if len(whole) <= _LETTERS else whole[: _LETTERS - 1].rstrip() + "…"

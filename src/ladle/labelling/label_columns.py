"""Labels as a column of a file: one rule for the command line and for the service.

Classes are numbers where all labels of the column are numbers; of a column without labels, where all classes are.
Otherwise they are text: a column has one type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from ladle.labelling.labels import Labels


class LabelColumn:
    """The type of a column of labels. `see` all labels of the column, then make `array`s of them or of parts."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._has_number = self._has_text = False

    def see(self, values: Iterable[Any]) -> LabelColumn:
        """Take notice of labels; None stands for no label. Returns itself."""
        for each in _items(values):
            if isinstance(each, str):
                self._has_text = True
            else:
                self._has_number = True
        return self

    @property
    def is_settled(self) -> bool:
        """Whether no more labels can change the type."""
        return self._labels.kind == "value" or self._has_text

    @property
    def type(self) -> Any:
        """The Arrow type: float64, large_string or int64, or a list of these."""
        if self._labels.kind == "value":
            return pa.float64()
        classes = self._labels.classes
        if self._has_number or self._has_text:
            is_number = not self._has_text
        else:
            is_number = classes is not None and all(isinstance(each, int) for each in classes)
        item = pa.int64() if is_number else pa.large_string()
        return pa.list_(item) if self._labels.kind == "multi" else item

    def array(self, values: Iterable[Any]) -> Any:
        """Labels as an Arrow array of this type."""
        kind = self.type
        if pa.types.is_list(kind) and pa.types.is_large_string(kind.value_type):
            values = [None if each is None else [str(item) for item in each] for each in values]
        elif pa.types.is_large_string(kind):
            values = [None if each is None else str(each) for each in values]
        return pa.array(list(values), kind)


def _items(values: Iterable[Any]) -> Iterator[Any]:
    for each in values:
        if isinstance(each, (list, tuple)):
            yield from each
        elif each is not None:
            yield each

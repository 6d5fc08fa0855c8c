"""Labels from a file, as the arguments of a tell."""

from __future__ import annotations

from typing import Any

from ladle.formats import Form
from ladle.labelling.labels import Labels
from ladle.pool.ids.example_ids import Ids


def form_of(labels: Labels, ids: Ids) -> Form:
    """How the labels and ids of a campaign look in files: classes that are all numbers are numbers there."""
    numbers = labels.classes is not None and all(isinstance(each, int) for each in labels.classes)
    return Form(
        kind=labels.kind,
        items="integer" if numbers else "text",
        ids="integer" if ids.kind == "integer" else "text",
        classes=None if labels.classes is None else tuple(labels.classes),
        known_ids=ids.values,
    )


def with_classes(column: Any, labels: Labels) -> Any:
    """A column of labels with the campaign's classes: among classes of text and numbers, text `3` is the number 3.

    The text stays text where the campaign has a class of this text.
    """
    classes = labels.classes or ()
    numbers = {str(each): each for each in classes if isinstance(each, int)}
    if not numbers or len(numbers) == len(classes):
        return column
    class_of: dict[Any, Any] = numbers | {each: each for each in classes if isinstance(each, str)}

    def as_classes(label: Any) -> Any:
        return [class_of.get(each, each) for each in label] if isinstance(label, list) else class_of.get(label, label)

    return [as_classes(label) for label in column.to_pylist()]


def filled(column: Any, default: str) -> Any:
    """A column of text with `default` in place of nulls; `default` itself where there is no column."""
    return default if column is None else column.fill_null(default).to_pylist()

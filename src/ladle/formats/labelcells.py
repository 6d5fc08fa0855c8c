"""Cells that are no label: empty ones, words such as `NA` that are no class, and lists without a class."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.counts import counted
from ladle.errors import DataError
from ladle.formats.fields import ABSENT, Form
from ladle.formats.outcomes import At

Empty = Literal["open", "none"]


def without_empty(labels: Any) -> Any:
    """The labels with null for text that is empty or blank."""
    if not pa.types.is_large_string(labels.type):
        return labels
    blank = pc.equal(pc.utf8_trim_whitespace(labels), "")
    return pc.if_else(pc.fill_null(blank, False), pa.scalar(None, labels.type), labels)


def as_classes(labels: Any, form: Form) -> tuple[Any, str]:
    """(labels, notice): null for words such as `NA` that are no class; `TRUE` as the class `true`.

    Only where the classes are known: otherwise any word may be a class.
    """
    if form.classes is None or not pa.types.is_large_string(labels.type):
        return labels, ""
    classes = {str(each) for each in form.classes}
    used = pc.unique(pc.drop_null(labels)).to_pylist()
    absent = [word for word in used if word.strip().lower() in ABSENT and word not in classes]
    renamed = {}
    for word in used:
        alike = [each for each in classes if each.lower() == word.lower()]
        if word not in classes and word.lower() in ("true", "false") and len(alike) == 1:
            renamed[word] = alike[0]
    if not absent and not renamed:
        return labels, ""
    found = pc.is_in(labels, value_set=pa.array(absent, labels.type))
    count = pc.sum(found).as_py() if absent else 0
    made = pc.if_else(found, pa.scalar(None, labels.type), labels)
    if renamed:
        made = pa.array([renamed.get(each, each) for each in made.to_pylist()], labels.type)
    words = ", ".join(f"`{word}`" for word in absent)
    told = f"{counted(count, 'label', 'is')} {words}, which is no class: such rows have no label."
    return made, told if count else ""


def decided_lists(labels: Any, decided: Any, empty: Empty | None, at: At) -> Any:
    """The labels with null for empty lists that stand for no label yet.

    decided: (n,) bool, the rows whose `[]` is an answer.

    Raises: DataError where nothing decides what an empty list means.
    """
    if not pa.types.is_list(labels.type):
        return labels
    is_empty = pc.fill_null(pc.equal(pc.list_value_length(labels), 0), False).to_numpy(zero_copy_only=False)
    if empty == "open":
        return pc.if_else(pa.array(~is_empty), labels, pa.scalar(None, labels.type))
    unclear = is_empty & ~decided
    if empty is None and unclear.any():
        raise DataError(
            at(int(np.argmax(unclear))),
            wanted="have classes, or say what an empty list means",
            got=f"[], as {counted(int(unclear.sum()), 'row', 'has')}",
            remedy="It is a document that nobody has labelled (open), or the answer that no class fits (none): "
            "decide which, with open or none for empty lists.",
        )
    return labels

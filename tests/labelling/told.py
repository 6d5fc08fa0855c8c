"""Labels for the tests of pure rules, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from ladle.labelling.contract.columns import repeated, texts
from ladle.labelling.contract.tables import LabelTable

Said = tuple[int, str, Any]  # a row, an annotator, and the label as Python has it


def table_of(said: Iterable[Said], **columns: Any) -> LabelTable:
    """One current label for each, in this order; columns: other values than 0 and "" in some columns."""
    listed = list(said)
    layout = LabelTable.layout()
    made = {name: repeated(0 if holds == "number" else "", len(listed)) for name, holds in layout.items()}
    made |= {
        "number": np.arange(1, len(listed) + 1),
        "version": repeated(1, len(listed)),
        "row": np.array([row for row, _, _ in listed], np.int64),
        "annotator": texts(name for _, name, _ in listed),
        "label": texts(json.dumps(label, ensure_ascii=False, separators=(",", ":")) for _, _, label in listed),
    }
    return LabelTable(**(made | columns))

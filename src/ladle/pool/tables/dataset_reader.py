"""A Hugging Face dataset as a table that is read in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ladle.dataset_columns import arrow_form
from ladle.pool.tables.table_readers import TableReader


class DatasetReader(TableReader):
    """Reads a `datasets.Dataset` by slices, also one whose rows were selected or shuffled; nothing is read before.

    Raises: ArgumentError for a stream, and for a dataset with a transform.
    """

    def __init__(self, dataset: Any, name: str) -> None:
        self._dataset = arrow_form(dataset, name)
        self.source = "a dataset"
        schema = self._dataset.features.arrow_schema
        self.schema = pa.schema([schema.field(column) for column in self._dataset.format["columns"]])
        self.rows = len(dataset)

    def batches(self, names: Sequence[str], batch_rows: int) -> Iterator[Any]:
        """Views where the rows lie together in one part of the dataset, otherwise copies."""
        part = self._dataset.with_format("arrow", columns=list(names))
        for start in range(0, int(self.rows or 0), batch_rows):
            table = part[start : start + batch_rows].select(list(names))
            yield from table.combine_chunks().to_batches()  # selected rows come as one chunk each

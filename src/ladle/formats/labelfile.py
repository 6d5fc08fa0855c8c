"""Labels that come back in a file, ready to be told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.durable import file_digest
from ladle.errors import DataError, FileFormatError
from ladle.formats.catalogue import format_of, read
from ladle.formats.fields import ID, LABEL, LABEL_FIELDS, Form
from ladle.plain_files import check_plain_file

_CURRENT = "current"


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels in a file.

    table: id and label, and annotator, told_at and source where the file has them; no nulls in id and label.
    unlabelled: rows left out for having no label yet; superseded: rows left out for a status other than current.
    sha256: of the file, to tell its labels once.
    """

    source: str
    table: Any
    unlabelled: int
    superseded: int
    sha256: str


def read_labels(
    path: str | os.PathLike[str],
    *,
    form: Form,
    names: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users have for it
) -> LabelFile:
    """The labels of a file of any format, at most one of an annotator for an example.

    names: field -> its name in the file, where that is another. A null label is a task not labelled yet: it is counted
    and left out, as are labels that the file itself calls superseded or deleted.

    Raises: as `read`; FileFormatError for a file without labels; DataError naming both lines where an annotator labels
    an example twice. Cost: JSONL and Parquet about a second a million rows, see each format; memory of the table.
    """
    source = Path(path)
    format_of(source, format)
    digest = file_digest(check_plain_file(source))
    table = read(source, form=form, fields=LABEL_FIELDS, names=names, format=format)
    if LABEL not in table.schema.names or table.column(LABEL).null_count == table.num_rows:
        named = (names or {}).get(LABEL, LABEL)
        raise FileFormatError(
            str(source), wanted=f"have labels in `{named}`", got="none", remedy="Fill them in, or name their column."
        )
    current = np.ones(table.num_rows, bool)
    if "status" in table.schema.names:
        current = pc.fill_null(pc.equal(table.column("status"), _CURRENT), True).to_numpy()
    labelled = pc.is_valid(table.column(LABEL)).to_numpy()
    rows = np.flatnonzero(current & labelled)
    _check_once(table, rows, source, format)
    kept = table.take(pa.array(rows)).drop_columns([name for name in ("status",) if name in table.schema.names])
    return LabelFile(str(source), kept, int((~labelled).sum()), int((labelled & ~current).sum()), digest)


def _check_once(table: Any, rows: npt.NDArray[np.int64], source: Path, name: str | None) -> None:
    """Refuse two current labels of one annotator for one example: which is the later cannot be told."""
    codes = _codes(table.column(ID))[rows]
    if "annotator" in table.schema.names:
        whom = _codes(table.column("annotator"))[rows]
        codes = codes * (int(whom.max(initial=0)) + 1) + whom
    order = np.argsort(codes, kind="stable")
    again = np.flatnonzero(codes[order][1:] == codes[order][:-1])
    if again.size == 0:
        return
    found = format_of(source, name)
    second_pos = int(order[again + 1].min())
    first_pos = int(np.flatnonzero(codes == codes[second_pos])[0])
    first, second = (found.place(source, int(rows[pos])) for pos in (first_pos, second_pos))
    example = table.column(ID)[int(rows[second_pos])].as_py()
    raise DataError(
        f"the labels in {source}",
        wanted="be one of each annotator for an example",
        got=f"{again.size:,} more, such as {example!r} ({second} after {first})",
        remedy="Keep one, or name the annotators in a column `annotator`.",
    )


def _codes(column: Any) -> npt.NDArray[np.int64]:
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    codes: npt.NDArray[np.int64] = coded.indices.to_numpy().astype(np.int64)
    return codes

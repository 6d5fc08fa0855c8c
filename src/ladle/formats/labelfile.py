"""The labels of a file, checked for a tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, repr=False)
class LabelFile:
    """The labels of a file, for `ladle.Campaign.tell_file` and `round`.

    Attributes
    ----------
    source : str
        The path of the file.
    table : pyarrow.Table
        id and label without nulls, and annotator, told_at and source where the file has them.
    unlabelled : int
        Rows without a label, which are left out.
    superseded : int
        Rows with a status other than current, which are left out.
    sha256 : str
        The digest of the file, which identifies its tell.
    names : mapping of str to str
        Field -> its name in the file, as `read_labels` got them.
    """

    source: str
    table: Any
    unlabelled: int
    superseded: int
    sha256: str
    names: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<LabelFile {self.source}: {self.table.num_rows:,} labels>"


def read_labels(
    path: str | os.PathLike[str],
    *,
    form: Form,
    names: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users have for it
) -> LabelFile:
    """Read the labels of a file of any format: at most one of each annotator for each example.

    Parameters
    ----------
    path : path
        The file.
    form : Form
        The types of ids and labels; `ladle.Campaign.form` has those of a campaign.
    names : mapping of str to str, optional
        Field -> its name in the file, for fields with another name there.
    format : str, optional
        The name of the format; by default that of the file's ending.

    Returns
    -------
    LabelFile
        Rows with a null label, and labels with the status superseded or deleted, are counted and left out.

    Raises
    ------
    FileFormatError
        For a file without labels. Also what `read` raises.
    DataError
        When an annotator labels an example twice; the error names both lines.

    Notes
    -----
    Cost: JSONL and Parquet about a second for a million rows, see each format; memory for the table.
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
    columns = [name for name in table.schema.names if name != "status"]
    labels = table.take(pa.array(rows)).select(columns)
    return LabelFile(
        str(source), labels, int((~labelled).sum()), int((labelled & ~current).sum()), digest, dict(names or {})
    )


def _check_once(table: Any, rows: npt.NDArray[np.int64], source: Path, name: str | None) -> None:
    """Refuse two current labels of one annotator for one example: it is unknown which one is newer."""
    codes = _codes(table.column(ID))[rows]
    if "annotator" in table.schema.names:
        annotators = _codes(table.column("annotator"))[rows]
        codes = codes * (int(annotators.max(initial=0)) + 1) + annotators
    order = np.argsort(codes, kind="stable")
    again = np.flatnonzero(codes[order][1:] == codes[order][:-1])
    if again.size == 0:
        return
    chosen = format_of(source, name)
    second_pos = int(order[again + 1].min())
    first_pos = int(np.flatnonzero(codes == codes[second_pos])[0])
    first, second = (chosen.place(source, int(rows[pos])) for pos in (first_pos, second_pos))
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

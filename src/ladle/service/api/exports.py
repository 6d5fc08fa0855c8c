"""`/v1/exports`: tables as JSONL, CSV or Parquet, made and sent page by page, so that no table is held in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from ladle.campaign import Campaign
from ladle.formats.text.formulas import without_formulas
from ladle.formats.text.jsontext import iso_times, json_lines
from ladle.labelling.label_columns import LabelColumn
from ladle.labelling.records import Records
from ladle.service.api.answers import PROBLEMS
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Readers

router = APIRouter(prefix="/v1/exports", tags=["exports"], responses=PROBLEMS)
PAGE_ROWS = 10_000
TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


class Table(StrEnum):
    """What can be exported."""

    LABELS = "labels"
    RESOLVED = "resolved"
    TASKS = "tasks"
    AUDIT = "audit"
    QUARANTINE = "quarantine"


class FileType(StrEnum):
    """The formats of exports."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@router.get(
    "/{table}",
    operation_id="export",
    response_class=StreamingResponse,
    responses={200: {"content": {each.split(";")[0]: {} for each in TYPES.values()}}},
)
def export(
    table: Table,
    _identity: Readers,
    campaign: OpenCampaign,
    format: Annotated[FileType, Query(description="jsonl, csv or parquet")] = FileType.JSONL,  # noqa: A002
    history: Annotated[bool, Query(description="Of labels, also those superseded or deleted, and skips.")] = False,
    formulas: Annotated[
        bool, Query(description="Of CSV: leave texts that a spreadsheet would run as they are, without an apostrophe.")
    ] = False,
) -> StreamingResponse:
    """A whole table as a file.

    labels: of one moment. resolved: the label that stands for each example. tasks, audit, quarantine: page by page. A
    table that is changed while it is sent, such as by labels that are deleted, ends the answer without its last piece:
    a client notices that, and asks again.
    """
    pages = _PAGES[table](campaign, history)
    first = next(pages, None)  # errors come before the first byte
    schema = None if first is None else first.schema
    made = _ENCODERS[format](_of_one_schema(first, pages), schema, formulas)
    name = f'attachment; filename="{table.value}.{format.value}"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return StreamingResponse(made, media_type=TYPES[format.value], headers=headers)


def _label_pages(campaign: Campaign, history: bool) -> Iterator[Any]:
    """The labels in the order in which they came, typed as `ladle campaign export` types them.

    Where the classes may be numbers, all labels are read once before for their type, because no page is held.
    """
    columns = {name: LabelColumn(campaign.settings.labels) for name in ("label", "adjudicated")}
    if not _are_texts(campaign):
        for rows in _label_rows(campaign, history):
            for name, column in columns.items():
                column.see(rows[name])
            if all(each.is_settled for each in columns.values()):
                break
    for rows in _label_rows(campaign, history):
        yield _typed(rows, columns)


def _are_texts(campaign: Campaign) -> bool:
    """Whether every label is text or a value, whatever has been told."""
    labels = campaign.settings.labels
    known = (*(labels.classes or (0,)), *(old for old, _ in labels.former))
    return labels.kind == "value" or all(isinstance(each, str) for each in known)


def _label_rows(campaign: Campaign, history: bool) -> Iterator[Records]:
    """Page by page, the labels that stand; history: also those that do not, and skips."""
    after: str | None = None
    while True:
        page = campaign.label_page(after=after, limit=PAGE_ROWS)
        if history:
            yield page.rows
        else:
            stands = [row for row, status in enumerate(page.rows["status"]) if status == "current"]
            told = page.rows["label"]
            yield _rows_at(page.rows, [row for row in stands if told[row] is not None])
        if page.next is None:
            return
        after = page.next


def _resolved_pages(campaign: Campaign, _history: bool) -> Iterator[Any]:
    found = campaign.resolved()
    column = LabelColumn(campaign.settings.labels).see(found["label"])
    for first in range(0, max(1, len(found)), PAGE_ROWS):
        yield _typed(found[first : first + PAGE_ROWS], {"label": column})


def _pages_of(read: Callable[[Campaign, str | None], Any], texts: tuple[str, ...]) -> Callable[[Campaign, bool], Any]:
    """The pages of a table of `Reader`. texts: columns of any values, which become JSON text."""

    def pages(campaign: Campaign, _history: bool) -> Iterator[Any]:
        after: str | None = None
        while True:
            page = read(campaign, after)
            yield _typed(page.rows, {}, texts=texts)
            if page.next is None:
                return
            after = page.next

    return pages


_PAGES: dict[Table, Callable[[Campaign, bool], Iterator[Any]]] = {
    Table.LABELS: _label_pages,
    Table.RESOLVED: _resolved_pages,
    Table.TASKS: _pages_of(lambda campaign, after: campaign.task_page(after=after, limit=PAGE_ROWS), ("labels",)),
    Table.AUDIT: _pages_of(lambda campaign, after: campaign.audit_page(after=after, limit=PAGE_ROWS), ("details",)),
    Table.QUARANTINE: _pages_of(
        lambda campaign, after: campaign.quarantine_page(open_only=False, after=after, limit=PAGE_ROWS), ("label",)
    ),
}


def _typed(records: Records, labels: dict[str, LabelColumn], *, texts: tuple[str, ...] = ()) -> Any:
    """A page as an Arrow table whose types do not depend on its values."""
    columns = {}
    for name in records.columns:
        column = records[name]
        if name in labels:
            columns[name] = labels[name].array(column)
        elif name in texts:
            written = [None if each is None else json.dumps(each, ensure_ascii=False, default=str) for each in column]
            columns[name] = pa.array(written, pa.large_string())
        else:
            columns[name] = Records({name: column}).to_arrow().column(0)
    return pa.table(columns)


def _rows_at(records: Records, rows: list[int]) -> Records:
    kept = np.asarray(rows, np.int64)
    found = ((name, records[name]) for name in records.columns)
    return Records(
        {name: [column[row] for row in rows] if isinstance(column, list) else column[kept] for name, column in found}
    )


def _of_one_schema(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first is None:
        return
    yield first
    for each in rest:
        yield each if each.schema.equals(first.schema) else each.cast(first.schema)


def _as_jsonl(pages: Iterator[Any], _schema: Any, _formulas: bool) -> Iterator[bytes]:
    for page in pages:
        yield from (bytes(lines) for lines in json_lines(page))


def _as_csv(pages: Iterator[Any], _schema: Any, formulas: bool) -> Iterator[bytes]:
    is_first = True
    for page in pages:
        plain = _flat(page)
        sink = io.BytesIO()
        options = pa.csv.WriteOptions(include_header=is_first, quoting_style="needed")
        pa.csv.write_csv(plain if formulas else without_formulas(plain), sink, options)
        is_first = False
        yield sink.getvalue()


def _flat(page: Any) -> Any:
    """A page without what CSV lacks: lists as JSON texts, times as ISO 8601."""
    for place, field in enumerate(page.schema):
        column = page.column(place)
        if pa.types.is_list(field.type):
            listed = [None if each is None else json.dumps(each, ensure_ascii=False) for each in column.to_pylist()]
            page = page.set_column(place, field.name, pa.array(listed, pa.large_string()))
        elif pa.types.is_timestamp(field.type):
            page = page.set_column(place, field.name, iso_times(column.combine_chunks()))
    return page


def _as_parquet(pages: Iterator[Any], schema: Any, _formulas: bool) -> Iterator[bytes]:
    sink = _Pieces()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for page in pages:
            writer.write_table(page)
            yield sink.taken()
    yield sink.taken()


class _Pieces(io.RawIOBase):
    """A file that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._kept.append(bytes(piece))
        self._size += len(self._kept[-1])
        return len(self._kept[-1])

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        found, self._kept = b"".join(self._kept), []
        return found


_ENCODERS: dict[FileType, Callable[[Iterator[Any], Any, bool], Iterator[bytes]]] = {
    FileType.JSONL: _as_jsonl,
    FileType.CSV: _as_csv,
    FileType.PARQUET: _as_parquet,
}

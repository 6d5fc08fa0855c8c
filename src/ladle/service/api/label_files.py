"""`POST /v1/tell/file`: the labels of a file, as `ladle campaign tell` stores them.

The body is written to a file, which only this user can read and which is removed afterwards. A Parquet file is unpacked
once in small parts before it is read as a whole: what is larger than it looks is refused.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from ladle.campaign import Campaign
from ladle.campaign.told_words import tell_facts
from ladle.durable import file_digest
from ladle.errors import CorruptFileError, FileFormatError, LadleError, TooLargeError
from ladle.formats import CsvDialect, LabelFile, read_labels
from ladle.formats.catalogue import FORMATS, format_of
from ladle.labelling.answers import Told
from ladle.notices import gathered, notices
from ladle.service.api import models
from ladle.service.api.answers import PROBLEMS, worker_of
from ladle.service.api.once import Once, OneTime
from ladle.service.api.received import BINARY_BODY, received
from ladle.service.config import ServiceConfig
from ladle.service.desk import Desk, OpenCampaign, TheDesk
from ladle.service.gate.identity import Lead

router = APIRouter(prefix="/v1", tags=["lead"], responses=PROBLEMS)
MOST_LABELS = 2_000_000  # rows of one file
PART_ROWS = 1_024  # of a Parquet file that are unpacked at a time
Word = Annotated[str, Query(max_length=models.LONGEST_NAME)]
FormatName = Literal["jsonl", "csv", "parquet", "coco", "manifest"]


class FileOptions(BaseModel):
    """How a file of labels is read and told, as the options of `ladle campaign tell` say it. "" stands for none."""

    name: str = ""
    format: FormatName | None = None
    annotator: str = ""
    source: str = ""
    id_column: str = ""
    label_column: str = ""
    delimiter: str = ""
    encoding: str = ""
    empty_lists: Literal["", "open", "none"] = ""
    ignore_columns: list[str] = []
    imported: bool = False


class ToldFile(FileOptions):
    """A file and its options: what a key stands for."""

    sha256: str


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """What became of a file. notices: what users should know of how it was read, and of times and names."""

    file: LabelFile
    told: Told
    notices: list[str]


@router.post("/tell/file", operation_id="tell_file", openapi_extra=BINARY_BODY)
async def tell_labels(
    request: Request,
    identity: Lead,
    campaign: OpenCampaign,
    desk: TheDesk,
    once: OneTime,
    format: Annotated[FormatName, Query(description="Of the body: jsonl, csv, parquet, coco, manifest.")],  # noqa: A002
    name: Annotated[Word, Query(description="What the file is called, for the record.")] = "",
    annotator: Annotated[Word, Query(description="Who gave the labels, where the file has no column annotator.")] = "",
    source: Annotated[Word, Query(description="Where they come from.")] = "",
    id_column: Annotated[Word, Query(description="The column of the ids. Default: id.")] = "",
    label_column: Annotated[Word, Query(description="The column of the labels. Default: label.")] = "",
    delimiter: Annotated[str, Query(max_length=10, description="Of CSV. Default: found out.")] = "",
    encoding: Annotated[str, Query(max_length=40, description="Of CSV, such as cp1252. Default: found out.")] = "",
    empty_lists: Annotated[
        Literal["", "open", "none"], Query(description="What [] says of classes: open, no label; none, none fits.")
    ] = "",
    ignore_column: Annotated[
        list[Word] | None, Query(description="Columns that mean something in other tools, not here.")
    ] = None,
    imported: Annotated[bool, Query(description="The labels were made elsewhere: as `campaign import`.")] = False,
) -> dict[str, Any]:
    """Store the labels, skips and comments of a file, as `ladle campaign tell` does.

    The same file is stored once, however often it is sent, while all of it stands. A label that the campaign does not
    accept goes to quarantine with a reason. The answer is that of `ladle campaign tell --json`.
    """
    options = FileOptions(
        name=name,
        format=format,
        annotator=worker_of(identity, annotator) if annotator.strip() else "",
        source=source,
        id_column=id_column,
        label_column=label_column,
        delimiter=delimiter,
        encoding=encoding,
        empty_lists=empty_lists,
        ignore_columns=ignore_column or [],
        imported=imported,
    )
    config: ServiceConfig = request.app.state.config
    with label_folder() as folder:
        path = folder / file_name(options.name, format)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        await received(request, descriptor, config.label_bytes, config.body_seconds)
        found = await to_thread.run_sync(tell_path, path, options, campaign, desk, once, config)
    return {**tell_facts(found.file, found.told), "notices": found.notices}


@contextmanager
def label_folder() -> Iterator[Path]:
    """A folder of this user alone, for one file."""
    with tempfile.TemporaryDirectory(prefix="ladle-labels-") as folder:
        yield Path(folder)


def file_name(given: str, format_name: str | None) -> str:
    """The name of a file of labels without folders, as records keep it. Its ending is one of its format."""
    last = given.replace("\\", "/").split("/")[-1]
    plain = "".join(each if each.isprintable() and each not in ':"' else "-" for each in last)
    plain = plain.strip(" .")[-100:] or "labels"
    suffixes = FORMATS[format_name].suffixes if format_name else ()
    if suffixes and not plain.lower().endswith(suffixes):
        plain += suffixes[0]
    return plain


def tell_path(
    path: Path, options: FileOptions, campaign: Campaign, desk: Desk, once: Once, config: ServiceConfig
) -> FileAnswer:
    """Tell the labels of a file in a folder of its own. Errors and records have its name alone.

    Raises: TooLargeError; as `read_labels`, `Campaign.tell_file` and `Once.claimed`.
    """
    dialect = CsvDialect(options.delimiter or None, options.encoding or None)
    names = {"id": options.id_column, "label": options.label_column}
    with _without_folder(path.parent), gathered():
        try:
            check_unpacked(path, format_of(path, options.format).name, config.label_bytes)
            file = read_labels(
                path,
                form=campaign.form,
                names={field: column for field, column in names.items() if column},
                format=options.format,
                dialect=dialect if options.delimiter or options.encoding else None,
                empty=options.empty_lists or None,
                ignore=options.ignore_columns,
            )
        except CorruptFileError as error:  # what was sent is damaged, and no file of the campaign
            raise FileFormatError(error.subject, wanted=error.wanted, got=error.got, remedy=error.remedy) from error
        file = replace(file, source=path.name, notices=tuple(_plain(each, path.parent) for each in file.notices))
        claim = ToldFile(**options.model_dump(), sha256=file_digest(path))
        with once.claimed(claim), desk.one_writer():
            told = campaign.tell_file(
                file,
                annotator=options.annotator,
                source=options.source,
                key=once.key,
                imported=options.imported,
            )
        said = [_plain(each, path.parent) for each in (*notices(), *told.notices)]
    return FileAnswer(file, told, list(dict.fromkeys(said)))


def check_unpacked(path: Path, format_name: str, most_bytes: int) -> None:
    """Refuse a file that has too many rows, or a Parquet file that is too large when it is unpacked.

    Raises: TooLargeError. Cost: a pass over the file, and memory for a part of it.
    """
    if format_name == "parquet":
        with suppress(pa.ArrowException, OSError):  # what cannot be read is told by `read_labels`
            _check_parquet(path, most_bytes)
        return
    rows = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            rows += piece.count(b"\n")
    if format_name != "coco" and rows > MOST_LABELS:
        raise _too_many(path, rows)


def _check_parquet(path: Path, most_bytes: int) -> None:
    with pq.ParquetFile(path) as file:
        about = file.metadata
        if about.num_rows > MOST_LABELS:
            raise _too_many(path, about.num_rows)
        size = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if size > most_bytes:
            raise _too_large(path, most_bytes)
        rows, size = 0, 0
        for part in file.iter_batches(batch_size=PART_ROWS, use_threads=False):
            rows, size = rows + part.num_rows, size + sum(_plain_bytes(each) for each in part.columns)
            if rows > MOST_LABELS:
                raise _too_many(path, rows)
            if size > most_bytes:
                raise _too_large(path, most_bytes)


def _plain_bytes(column: Any) -> int:
    """The bytes of a column in which every value stands by itself."""
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return int(plain.nbytes)


_REMEDY = "Send it in parts, or tell it where the service runs: ladle campaign tell."


def _too_many(path: Path, rows: int) -> TooLargeError:
    return TooLargeError(str(path), wanted=f"have {MOST_LABELS:,} rows at most", got=f"{rows:,}", remedy=_REMEDY)


def _too_large(path: Path, most_bytes: int) -> TooLargeError:
    wanted = f"hold {most_bytes:,} bytes at most when it is unpacked"
    return TooLargeError(str(path), wanted=wanted, got="more", remedy=_REMEDY)


@contextmanager
def _without_folder(folder: Path) -> Iterator[None]:
    """A block whose errors name the file without its folder, which is gone afterwards. Raises: the same errors."""
    try:
        yield
    except LadleError as error:
        parts = [_plain(each, folder) for each in (error.subject, error.wanted, error.got, error.remedy)]
        raise error.reworded(parts[0], wanted=parts[1], got=parts[2], remedy=parts[3]) from error


def _plain(text: str, folder: Path) -> str:
    return text.replace(f"{folder}{os.sep}", "")

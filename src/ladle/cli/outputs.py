"""Files that commands write: checked before the work, whole or not there after it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ladle.errors import ArgumentError, FileError, FileFormatError

TABLE_SUFFIXES = (".parquet", ".csv", ".jsonl")


def check_output(path: Path, suffixes: Iterable[str], *, inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work, an output that could not be written or would replace an input.

    Raises: FileFormatError for another suffix, FileError for a bad folder, ArgumentError for an input's own path.
    """
    suffixes = tuple(suffixes)
    if path.suffix.lower() not in suffixes:
        raise FileFormatError(f"the output {path}", wanted=f"end in {' or '.join(suffixes)}", got=path.name)
    if path.is_dir():
        raise FileError(f"the output {path}", wanted="be a file name", got="a folder")
    _check_writable(path.parent)
    for source in map(_file, inputs):
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise ArgumentError(f"the output {path}", wanted="be another file than the inputs", got="one of them")
        if source is not None and source.is_dir() and source.resolve() in path.resolve().parents:
            raise ArgumentError(
                f"the output {path}",
                wanted="be outside the folders that are read, with their subfolders",
                got=f"a file in {source}",
            )


def check_folder(folder: Path, *, inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work, a folder that could not be made or written into, or that is an input.

    Raises: FileError, ArgumentError.
    """
    if folder.exists() and not folder.is_dir():
        raise FileError(f"the folder {folder}", wanted="be a folder", got="a file")
    _check_writable(folder if folder.is_dir() else folder.parent)
    for source in map(_file, inputs):
        if source is not None and source.resolve() == folder.resolve():
            raise ArgumentError(f"the folder {folder}", wanted="be another folder than the inputs", got="one of them")
        if source is not None and source.is_dir() and source.resolve() in folder.resolve().parents:
            wanted = "be outside the folders that are read, with their subfolders"
            raise ArgumentError(f"the folder {folder}", wanted=wanted, got=f"a folder in {source}")


def _file(source: Path | None) -> Path | None:
    """The file of an input that may be named as FILE:COLUMN."""
    head, colon, _ = str(source).rpartition(":")
    return Path(head) if source is not None and colon and head and not source.exists() else source


def _check_writable(folder: Path) -> None:
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise FileError(f"the folder {folder}", wanted="exist and be writable", got="one that is not")


def write_table(table: Any, path: Path, *, about: dict[str, Any]) -> None:
    """Write a `pyarrow.Table` as Parquet, CSV or JSONL by the suffix of `path`, whole or not at all.

    `about` goes into the Parquet file's metadata, as JSON under `ladle`. Raises: FileError.
    """
    from ladle.connect import write

    write(table, path, about=about)

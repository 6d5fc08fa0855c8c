"""The files that commands write: checked before the work, written whole or not at all, never over another file.

An existing file may hold what people have filled in, so a command writes over it only under --force. A command that is
repeated finds its own file, equal byte for byte, and leaves it unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.plain_files import refuse_other_kinds

TABLE_SUFFIXES = (".parquet", ".csv", ".jsonl")
DATABASE_SUFFIX, DATABASE_START = ".sqlite", b"SQLite format 3\0"  # a command may write a ledger, which is a database
FILES_SUFFIX = ".files"  # of the folder of a campaign's files, beside its database


def check_output(path: Path, suffixes: Iterable[str], *, inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work, an output that could not be written or would replace an input.

    Raises: FileFormatError for another suffix, FileError for a bad folder, ArgumentError for an input's own path
    and for a file of a campaign.
    """
    suffixes = tuple(suffixes)
    if path.suffix.lower() not in suffixes:
        raise FileFormatError(f"the output {path}", wanted=f"end in {' or '.join(suffixes)}", got=path.name)
    refuse_other_kinds(path, f"the output {path}", wanted="be a file name")
    check_writable(path.parent)
    if DATABASE_SUFFIX not in suffixes:
        refuse_campaign_file(path)
    for source in map(_file, inputs):
        if source is not None and _is_same(path, source):
            raise ArgumentError(f"the output {path}", wanted="be another file than the inputs", got="one of them")
        if source is not None and source.is_dir() and source.resolve() in path.resolve().parents:
            raise ArgumentError(
                f"the output {path}",
                wanted="be outside the folders that are read, with their subfolders",
                got=f"a file in {source}",
            )


def refuse_campaign_file(path: Path) -> None:
    """Refuse to replace any database, or a file in the folder of files beside one. Raises: ArgumentError.

    A command that opens a campaign refuses all files that it lives in: `ladle.campaign.own_files`.
    """
    folder = Path(os.path.realpath(path)).parent.parent  # birds.db.files, in birds.db.files/birds/tree-1.npz
    beside = folder.parent / folder.name.removesuffix(FILES_SUFFIX)  # the root has no name
    got = "a database" if _is_database(path) else f"a file of a campaign in {beside}" if _is_database(beside) else ""
    if got:
        remedy = "Name another file. This one is never replaced."
        raise ArgumentError(f"the output {path}", wanted="be no file of a campaign", got=got, remedy=remedy)


def _is_same(path: Path, source: Path) -> bool:
    """Whether two paths are one file, also before it exists."""
    if path.exists() and source.exists():
        return path.samefile(source)
    return os.path.realpath(path) == os.path.realpath(source)


def _is_database(path: Path) -> bool:
    """Whether the file is a SQLite database."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(DATABASE_START)) == DATABASE_START
    except OSError:  # it cannot be read; to replace it is refused or allowed as for any other file
        return False


def check_folder(folder: Path, *, inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work, a folder that could not be made or written into, or that is an input.

    Raises: FileError, ArgumentError.
    """
    if folder.exists() and not folder.is_dir():
        raise FileError(f"the folder {folder}", wanted="be a folder", got="a file")
    check_writable(folder if folder.is_dir() else folder.parent)
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


def check_writable(folder: Path) -> None:
    """Refuse, before any work, a folder that does not exist or cannot be written into. Raises: FileError."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise FileError(f"the folder {folder}", wanted="exist and be writable", got="one that is not")


def check_new(path: Path, *, force: bool) -> None:
    """Refuse, before any work, to write over an existing file without `force`. Raises: FileError."""
    if path.exists() and not force:
        raise other_file_error(path)


def write_new(path: Path, make: Callable[[Path], object], *, force: bool) -> bool:
    """Let `make` write the file; without `force` never over another file.

    Returns: whether an equal file was there already; it stays unchanged.
    Raises: FileError if another file is there and `force` is False.
    """
    if force or not path.exists():
        make(path)
        return False
    check_same(path, make, force=False)
    return True


def write_all(makers: Mapping[Path, Callable[[Path], object]], *, force: bool) -> dict[Path, bool]:
    """Let each function write its file: all of them, or none; without `force` never over another file.

    All files are made beside their targets and compared before the first takes its name.
    Returns: for each file, whether an equal one was there already; it stays unchanged.
    Raises: FileError if another file is there and `force` is False; whatever the functions raise. Then nothing is
    written.
    """
    from ladle.durable import replace_all

    with ExitStack() as stack:
        new_files = {path: _made_beside(path, make, stack) for path, make in makers.items()}
        before = {path: _is_there(new, path, force=force) for path, new in new_files.items()}
        replace_all({path: new for path, new in new_files.items() if not before[path]})
    return before


def check_same(path: Path, make: Callable[[Path], object], *, force: bool) -> None:
    """Refuse, before any work, to write over a file that is not what `make` writes; not under `force`.

    Raises: FileError.
    """
    if path.exists() and not force:
        with ExitStack() as stack:
            _is_there(_made_beside(path, make, stack), path, force=False)


def _made_beside(path: Path, make: Callable[[Path], object], stack: ExitStack) -> Path:
    """The new file, in a folder of its own beside its target, which `stack` removes."""
    folder = path.absolute().parent
    try:
        beside = stack.enter_context(TemporaryDirectory(prefix=".ladle-", dir=folder, ignore_cleanup_errors=True))
    except OSError as cause:
        got = cause.strerror or str(cause)
        raise FileError(f"the folder {folder}", wanted="exist and be writable", got=got) from cause
    new = Path(beside) / path.name
    make(new)
    return new


def _is_there(new: Path, path: Path, *, force: bool) -> bool:
    """Whether the target is equal to the new file. Raises: FileError if it is another file, without `force`."""
    from ladle.durable import file_digest

    if not path.exists():
        return False
    if file_digest(new) == file_digest(path):
        return True
    if not force:
        raise other_file_error(path)
    return False


def write_contents(contents: Mapping[Path, str], *, force: bool) -> None:
    """Write texts to their files: all of them, or none. Raises: as `write_all`."""
    write_all({path: partial(_write_text, text=text) for path, text in contents.items()}, force=force)


def _write_text(path: Path, *, text: str) -> None:
    from ladle.durable import writing

    with writing(path) as file:
        file.write(text.encode())


def other_file_error(path: Path) -> FileError:
    """The error for an output that would replace another file."""
    return FileError(
        f"the file {path}",
        wanted="be a new one, or what this command wrote before",
        got="another file, which may hold what people filled in",
        remedy="Name another file, or say --force to replace it.",
    )


def write_table(table: Any, path: Path, *, about: dict[str, Any]) -> None:
    """Write a `pyarrow.Table` as Parquet, CSV or JSONL by the suffix of `path`, whole or not at all.

    `about` goes into the Parquet file's metadata, as JSON under `ladle`. Raises: FileError.
    """
    from ladle.formats import write

    write(table, path, about=about)

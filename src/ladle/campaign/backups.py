"""A campaign in one file, from any store into any other: a sealed zip of its tables and its files.

A table is JSON lines, each a list of rows, each a list of values in the order of the fields; bytes are base64.
"""

from __future__ import annotations

import base64
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ladle import durable
from ladle._version import __version__
from ladle.campaign import unpacking
from ladle.campaign.session import Desk
from ladle.errors import CorruptFileError, FileError, FileFormatError, LadleError
from ladle.labelling.columns import Columns
from ladle.labelling.contract import Store, View
from ladle.labelling.invariants import Everything, problems
from ladle.labelling.settings import Settings
from ladle.labelling.tables import KINDS, Artefact
from ladle.memory.budget import require

FORMAT = "ladle-campaign"
FORMAT_VERSION = 1  # raise it when an older Ladle would misread the file
ZIPPED = zipfile.ZIP_DEFLATED
HEADER, FILES = "header.json", "files/"
PART_ROWS = 20_000  # in a line
HEADER_BYTES = 64 << 20  # at most
# What zipfile, json and base64 raise for bytes that a seal covers and that are no backup all the same.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def backup(desk: Desk, path: str | os.PathLike[str]) -> Path:
    """Write the campaign, as it is at one moment, to `path`. Raises: FileError, CorruptFileError for its own files."""
    target = Path(path)
    with durable.writing(target) as file:
        # An archive in a file of its own would be closed with it; what seals the file needs it open.
        with desk.reading() as view, zipfile.ZipFile(file, "w", ZIPPED, compresslevel=1) as archive:
            _write(archive, desk, view)
        durable.seal(file)
    return target


def restore(
    store: Store,
    path: str | os.PathLike[str],
    *,
    name: str | None,
    placed: Callable[[Settings], Settings],
    folder: Callable[[Settings], Path],
) -> Settings:
    """Found the campaign of a backup in `store`, whole or not at all.

    All of it is read and checked before anything is written: what must hold in a campaign, and what its files hold.
    placed: settings with the folder of files that is theirs here. folder: where that is.

    Raises: MismatchError when there is one of that name; FileError, FileFormatError, CorruptFileError; MemoryPlanError.
    """
    source = Path(path)
    if not source.is_file():
        raise FileError(f"the backup {source}", wanted="be there", got="no such file")
    durable.check_seal(source)
    with tempfile.TemporaryDirectory(prefix="ladle-restore-") as staging, _opened(source) as archive:
        told, tables = _contents(archive, source)
        _stage(archive, tables.of(Artefact), Path(staging), source)
        unpacking.check(Path(staging), tables, source)
        settings = placed(Settings.from_json(json.dumps(json.loads(told) | ({"name": name} if name else {}))))
        with store.founding(settings.name, settings.to_json()) as writer:
            for kind in KINDS:
                writer.add(tables.tables[kind])
            # Last: what fails before has written nothing, what fails in it takes back what it wrote.
            unpacking.place(Path(staging), folder(settings))
    return settings


def _write(archive: zipfile.ZipFile, desk: Desk, view: View) -> None:
    header = {"format": FORMAT, "format_version": FORMAT_VERSION, "ladle": __version__, "settings": view.settings}
    archive.writestr(HEADER, json.dumps(header, indent=1))
    for kind in KINDS:
        columns = view.read(kind)
        with archive.open(f"{kind.NAME}.jsonl", "w", force_zip64=True) as lines:
            for part in range(0, len(columns), PART_ROWS):
                rows = columns.take(np.arange(part, min(len(columns), part + PART_ROWS))).tuples()
                lines.write(json.dumps(list(rows), ensure_ascii=False, default=_as_text).encode() + b"\n")
    artefacts = view.read(Artefact)
    for name in artefacts.name.tolist():
        archive.write(desk.files.checked(name, artefacts), FILES + name)


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; whatever in it cannot be read is told as damage. Raises: FileFormatError, CorruptFileError."""
    try:
        archive = zipfile.ZipFile(source)
    except UNREADABLE as cause:
        raise FileFormatError(f"the file {source}", wanted="be a backup of a campaign", got="no zip") from cause
    with archive:
        yield archive


def _contents(archive: zipfile.ZipFile, source: Path) -> tuple[str, Everything]:
    """The settings as text, and all tables, which hold together. Raises: CorruptFileError; MemoryPlanError."""
    header = _header(archive, source)
    try:
        settings = Settings.from_json(header["settings"])
        members = [archive.getinfo(f"{kind.NAME}.jsonl") for kind in KINDS]
        require(
            3 * sum(member.file_size for member in members),
            f"the tables of the backup {source}",
            remedy="Restore it on a machine with more memory, or set LADLE_MEMORY.",
        )
        tables = {kind: kind.joined(_read(archive, kind)).in_order() for kind in KINDS}
    except LadleError as error:
        if isinstance(error, MemoryError):
            raise
        raise damaged(source, str(error)) from error
    except UNREADABLE as cause:
        raise damaged(source, f"{type(cause).__name__}: {cause}") from cause
    found = problems(Everything(settings, tables))
    if found:
        raise damaged(source, found[0])
    return header["settings"], Everything(settings, tables)


def damaged(source: Path, what: str) -> CorruptFileError:
    """The error for a backup with contents that no campaign has."""
    return CorruptFileError(
        f"the backup {source}", wanted="hold a whole campaign", got=what, remedy="Restore another backup."
    )


def _read(archive: zipfile.ZipFile, kind: type[Columns]) -> Iterator[Columns]:
    holds = list(kind.layout().values())
    with archive.open(f"{kind.NAME}.jsonl") as lines:
        for line in io.TextIOWrapper(lines, "utf-8"):
            rows = json.loads(line)
            if "octets" in holds:
                pairs = [zip(row, holds, strict=True) for row in rows]
                rows = [[_octets(each) if what == "octets" else each for each, what in row] for row in pairs]
            yield kind.of(rows)


def _octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _header(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        if archive.getinfo(HEADER).file_size > HEADER_BYTES:
            raise ValueError("a header of another size")
        header: dict[str, Any] = json.loads(archive.read(HEADER))
        kind, version, told = header["format"], header["format_version"], header["settings"]
        if type(version) is not int or not isinstance(told, str):
            raise TypeError("fields of another type")
    except UNREADABLE as cause:
        raise FileFormatError(f"the file {source}", wanted="be a backup of a campaign", got="another zip") from cause
    if kind != FORMAT or not 1 <= version <= FORMAT_VERSION:
        raise FileFormatError(
            f"the backup {source}",
            wanted=f"have format version {FORMAT_VERSION} or older",
            got=f"version {version}, written by Ladle {header.get('ladle')}",
            remedy="Update Ladle.",
        )
    return header


def _stage(archive: zipfile.ZipFile, artefacts: Artefact, staging: Path, source: Path) -> None:
    """The campaign's files into a folder of their own, if they are those that the tables name. Raises: FileError ..."""
    packed = [name.removeprefix(FILES) for name in archive.namelist() if name.startswith(FILES)]
    if sorted(packed) != sorted(artefacts.name.tolist()):
        raise damaged(source, "other files than its tables name")
    for name, digest, size, _ in artefacts.tuples():
        if archive.getinfo(FILES + name).file_size != size:
            raise damaged(source, f"the file {name} in another size")
        with durable.writing(staging / name) as file:
            try:
                with archive.open(FILES + name) as member:
                    _copied(member, file)
            except UNREADABLE as cause:
                raise damaged(source, f"the file {name}, which cannot be read ({cause})") from cause
        if durable.file_digest(staging / name) != digest:
            raise damaged(source, f"the file {name} with other bytes")


def _copied(source: IO[bytes], target: IO[bytes]) -> None:
    while part := source.read(1 << 20):
        target.write(part)


def _as_text(value: object) -> str:
    """Bytes as JSON can carry them."""
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()

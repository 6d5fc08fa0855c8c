"""A campaign in one file, from any store into any other: a sealed zip of its tables and its files.

A table is JSON lines, each a list of rows, each a list of values in the order of the fields; bytes are base64.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from ladle import durable
from ladle._version import __version__
from ladle.campaign.columns import Columns
from ladle.campaign.contract import Store, View
from ladle.campaign.settings import Settings
from ladle.campaign.tables import KINDS, Artefact
from ladle.errors import CorruptFileError, FileError, FileFormatError
from ladle.store.desk import Desk

FORMAT = "ladle-campaign"
FORMAT_VERSION = 1  # raise it when an older Ladle would misread the file
ZIPPED = zipfile.ZIP_DEFLATED
HEADER, FILES = "header.json", "files/"
PART_ROWS = 20_000  # in a line


def backup(desk: Desk, path: str | os.PathLike[str]) -> Path:
    """Write the campaign, as it is at one moment, to `path`. Raises: FileError, CorruptFileError for its own files."""
    target = Path(path)
    with durable.writing(target) as file:
        # An archive in a file of its own would be closed with it; what seals the file needs it open.
        with (
            desk.store.reading(desk.name) as view,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
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

    placed: settings with the folder of files that is theirs here. folder: where that is.

    Raises: MismatchError when there is one of that name; FileError, FileFormatError, CorruptFileError.
    """
    source = Path(path)
    if not source.is_file():
        raise FileError(f"the backup {source}", wanted="be there", got="no such file")
    durable.check_seal(source)
    with zipfile.ZipFile(source) as archive:
        header = _header(archive, source)
        told = json.loads(header["settings"])
        settings = placed(Settings.from_json(json.dumps(told | {"name": name or told["name"]})))
        with store.founding(settings.name, settings.to_json()) as writer:
            for kind in KINDS:
                for columns in _read(archive, kind):
                    writer.add(columns)
            _unpack(archive, folder(settings))
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


def _read(archive: zipfile.ZipFile, kind: type[Columns]) -> Iterator[Columns]:
    holds = list(kind.layout().values())
    with archive.open(f"{kind.NAME}.jsonl") as lines:
        for line in io.TextIOWrapper(lines, "utf-8"):
            rows = json.loads(line)
            if "octets" in holds:
                pairs = [zip(row, holds, strict=True) for row in rows]
                rows = [[base64.b64decode(each) if what == "octets" else each for each, what in row] for row in pairs]
            yield kind.of(rows)


def _header(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(archive.read(HEADER))
        kind, version = header["format"], int(header["format_version"])
    except (KeyError, ValueError) as cause:
        raise FileFormatError(f"the file {source}", wanted="be a backup of a campaign", got="another zip") from cause
    if kind != FORMAT or version > FORMAT_VERSION:
        raise FileFormatError(
            f"the backup {source}",
            wanted=f"have format version {FORMAT_VERSION} or older",
            got=f"version {version}, written by Ladle {header.get('ladle')}",
            remedy="Update Ladle.",
        )
    return header


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """The campaign's files into their folder."""
    names = [name for name in archive.namelist() if name.startswith(FILES)]
    if any("/" in name.removeprefix(FILES) or "\\" in name for name in names):
        raise CorruptFileError("the backup", wanted="name plain files", got="paths that lead elsewhere")
    if names:
        durable.folder(folder)
    for name in names:
        with archive.open(name) as packed, durable.writing(folder / name.removeprefix(FILES)) as file:
            _copied(packed, file)


def _copied(source: IO[bytes], target: IO[bytes]) -> None:
    while part := source.read(1 << 20):
        target.write(part)


def _as_text(value: object) -> str:
    """Bytes as JSON can carry them."""
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()

"""A campaign in one file, which any store can restore: a sealed zip of its tables and files.

A table is a file of JSON lines. A line is a list of rows, a row a list of values in the order of the fields. Bytes are
base64 text.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ladle import durable
from ladle._version import __version__
from ladle.campaign.own_files import refuse_own_file
from ladle.campaign.session.damage import foreign_ids
from ladle.campaign.session.examples import Examples, TakenOut
from ladle.campaign.session.files import CampaignFiles, named
from ladle.campaign.session.session import Session
from ladle.errors import CorruptFileError, FileError, FileFormatError, LadleError, StoreError
from ladle.labelling.contract import version_two
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.events import Effects, record
from ladle.labelling.contract.store import Store, View
from ladle.labelling.contract.tables import (
    KINDS,
    MICROSECONDS,
    ArtefactTable,
    EventTable,
    ExclusionTable,
    PoolPartTable,
    SettingsTable,
)
from ladle.labelling.invariants import CRASHES, Everything, problems
from ladle.labelling.settings import Settings, check_name, in_force
from ladle.memory.budget import require
from ladle.notices import notice
from ladle.numbers import path_of

FORMAT = "ladle-campaign"
FORMAT_VERSION = 2  # increase it when an older Ladle would misread the file
ZIPPED = zipfile.ZIP_DEFLATED
HEADER, FILES = "header.json", "files/"
PART_ROWS = 20_000  # rows in a line
HEADER_BYTES = 64 << 20  # the largest header
# What zipfile, json and base64 raise for a file that has a seal and is no backup.
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


def backup(session: Session, path: str | os.PathLike[str]) -> Path:
    """Write the campaign at one moment to `path`, and record that.

    Raises: ArgumentError for a file that the campaign lives in; FileError; CorruptFileError for damage.
    """
    target = refuse_own_file(session, path)
    with durable.writing(target) as file:
        # The seal needs the file open after the archive is closed.
        with session.reading() as view, zipfile.ZipFile(file, "w", ZIPPED, compresslevel=1) as archive:
            last = _write(archive, session, view)
        durable.seal(file)
    try:
        with session.writing() as writer:
            report = {"file": str(target.absolute()), "until": last}
            record(writer, session.act("backup", session.now()), Effects(report=report))
    except StoreError as error:  # such as a database that may only be read
        notice(f"The backup {target} is whole, but the campaign could not record that it was made ({error}).")
    return target


def is_same_backup(session: Session, path: Path) -> bool:
    """Whether this file is a backup of the campaign as it is now, but for records of backups. Cost: reads it once."""
    try:
        durable.check_seal(path)
        with _open(path) as archive:
            kept = _header(archive, path).get("last_event")
    except (LadleError, OSError):
        return False
    with session.reading() as view:
        events = view.read(EventTable)
    known = dict(zip(events.seq.tolist(), events.chain.tolist(), strict=True))
    if not isinstance(kept, dict) or known.get(kept.get("seq")) != kept.get("chain"):
        return False
    return set(events.kind[events.seq > kept["seq"]].tolist()) <= {"backup"}


def restore(
    making: Callable[[], AbstractContextManager[Store]],
    path: str | os.PathLike[str],
    *,
    name: str | None,
    placed: Callable[[Settings, Store], Settings],
    folder: Callable[[Settings, Store], Path],
) -> tuple[Store, Settings]:
    """Create the campaign of a backup in a store, completely or not at all.

    All tables and files are read and checked before the store is made and anything is written.
    making: makes or opens the store; it takes back a database that it has made if the block raises. placed: returns
    settings with the folder of files for this store. folder: returns the path of this folder.

    Raises: ArgumentError for what cannot be a name; MismatchError when a campaign of this name exists; FileError,
    FileFormatError, CorruptFileError; MemoryPlanError.
    """
    source = Path(path_of(path, "`path`"))
    if name is not None:
        check_name(name)
    if not source.is_file():
        raise FileError(f"the backup {source}", wanted="be there", got="no such file")
    with tempfile.TemporaryDirectory(prefix="ladle-restore-") as staging:
        with durable.readable(f"the backup {source}"):
            durable.check_seal(source)
            with _open(source) as archive:
                text, tables = _contents(archive, source)
                _stage(archive, tables.of(ArtefactTable), Path(staging), source)
        _check_files(Path(staging), tables, source)
        named = Settings.from_json(json.dumps(json.loads(text) | ({"name": name} if name else {})))
        with making() as store:
            settings = placed(named, store)
            with store.founding(settings.name, settings.to_json()) as writer:
                for kind in KINDS:
                    writer.add(tables.tables[kind])
                # The files come last: an error before has written none, and an error here removes those it wrote.
                _place(Path(staging), folder(settings, store))
    return store, settings


def _write(archive: zipfile.ZipFile, session: Session, view: View) -> int:
    """Write all tables and files; return the number of the last event."""
    last = view.last(EventTable)
    seq, chain = (int(last.seq[0]), str(last.chain[0])) if len(last) else (0, "")
    header = {"format": FORMAT, "format_version": FORMAT_VERSION, "ladle": __version__, "settings": view.settings}
    header["last_event"] = {"seq": seq, "chain": chain}
    archive.writestr(HEADER, json.dumps(header, indent=1))
    for kind in KINDS:
        columns = view.read(kind)
        with archive.open(f"{kind.NAME}.jsonl", "w", force_zip64=True) as lines:
            for part in range(0, len(columns), PART_ROWS):
                rows = columns.take(np.arange(part, min(len(columns), part + PART_ROWS))).tuples()
                lines.write(json.dumps(list(rows), ensure_ascii=False, default=_as_text).encode() + b"\n")
    artefacts = view.read(ArtefactTable)
    for name in artefacts.name.tolist():
        archive.write(session.files.checked(name, artefacts), FILES + name)
    return seq


@contextmanager
def _open(source: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises: FileFormatError when the file is no zip."""
    try:
        archive = zipfile.ZipFile(source)
    except UNREADABLE as cause:
        raise FileFormatError(f"the file {source}", wanted="be a backup of a campaign", got="no zip") from cause
    with archive:
        yield archive


def _contents(archive: zipfile.ZipFile, source: Path) -> tuple[str, Everything]:
    """The settings as text, and all tables, once they are checked. Raises: CorruptFileError; MemoryPlanError."""
    header = _header(archive, source)
    try:
        settings = Settings.from_json(header["settings"])
        is_old = header["format_version"] == 1
        there = [kind for kind in KINDS if not (is_old and kind.NAME in version_two.NEW_TABLES)]
        members = [archive.getinfo(f"{kind.NAME}.jsonl") for kind in there]
        require(
            3 * sum(member.file_size for member in members),
            f"the tables of the backup {source}",
            remedy="Restore it on a machine with more memory, or set LADLE_MEMORY.",
        )
        if is_old:
            rows = {kind.NAME: [row for part in _rows(archive, kind) for row in part] for kind in there}
            upgraded = version_two.upgraded(rows, at=round(time.time() * MICROSECONDS))
            tables = {kind: kind.of(upgraded[kind.NAME]).in_order() for kind in KINDS}
        else:
            tables = {kind: kind.joined(_read(archive, kind)).in_order() for kind in KINDS}
    except LadleError as error:
        if isinstance(error, MemoryError):
            raise
        raise damaged(source, str(error)) from error
    except UNREADABLE as cause:
        raise damaged(source, f"{type(cause).__name__}: {cause}") from cause
    settings = in_force(settings, Everything(settings, tables).of(SettingsTable))
    lines = problems(Everything(settings, tables))
    if lines:
        raise damaged(source, lines[0])
    return header["settings"], Everything(settings, tables)


def damaged(source: Path, what: str) -> CorruptFileError:
    """The error for a damaged backup."""
    return CorruptFileError(
        f"the backup {source}", wanted="hold a whole campaign", got=what, remedy="Restore another backup."
    )


def _read(archive: zipfile.ZipFile, kind: type[Columns]) -> Iterator[Columns]:
    with closing(_rows(archive, kind)) as parts:
        for part in parts:
            yield kind.of(part)


def _rows(archive: zipfile.ZipFile, kind: type[Columns]) -> Generator[list[Any], None, None]:
    """The rows of a table, one list for each line of its file."""
    holds = list(kind.layout().values())
    with archive.open(f"{kind.NAME}.jsonl") as lines:
        for line in io.TextIOWrapper(lines, "utf-8"):
            rows = json.loads(line)
            if "octets" in holds:
                pairs = [zip(row, holds, strict=True) for row in rows]
                rows = [[_octets(each) if what == "octets" else each for each, what in row] for row in pairs]
            yield rows


def _octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _header(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        if archive.getinfo(HEADER).file_size > HEADER_BYTES:
            raise ValueError("a header of another size")
        header: dict[str, Any] = json.loads(archive.read(HEADER))
        kind, version, settings = header["format"], header["format_version"], header["settings"]
        if type(version) is not int or not isinstance(settings, str):
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


def _stage(archive: zipfile.ZipFile, artefacts: ArtefactTable, staging: Path, source: Path) -> None:
    """Unpack the campaign's files into `staging`, if they are those that the tables name. Raises: FileError ..."""
    members = [name.removeprefix(FILES) for name in archive.namelist() if name.startswith(FILES)]
    if sorted(members) != sorted(artefacts.name.tolist()):
        raise damaged(source, "other files than its tables name")
    for name, digest, size, _ in artefacts.tuples():
        if archive.getinfo(FILES + name).file_size != size:
            raise damaged(source, f"the file {name} in another size")
        with durable.writing(staging / name) as file:
            try:
                with archive.open(FILES + name) as member:
                    _copy(member, file)
            except UNREADABLE as cause:
                raise damaged(source, f"the file {name}, which cannot be read ({cause})") from cause
        if durable.file_digest(staging / name) != digest:
            raise damaged(source, f"the file {name} with other bytes")


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while part := source.read(1 << 20):
        target.write(part)


def _as_text(value: object) -> str:
    """Bytes as base64 text."""
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()


def _check_files(staging: Path, tables: Everything, source: Path) -> None:
    """Refuse files whose contents contradict the tables. Raises: CorruptFileError. Cost: opens each file."""
    files, artefacts, parts = CampaignFiles(staging), tables.of(ArtefactTable), tables.of(PoolPartTable)
    for part in (parts.take(parts.number == number) for number in parts.number.tolist()):
        number = int(part.number[0])
        try:
            if named(artefacts, f"ids-{number}.arrow") is not None or not part.reopen[0]:
                _check_ids(files, part, tables, newest=number == len(parts))
            _check_clusters(files, part, artefacts)
        except (LadleError, OSError, *CRASHES) as error:
            raise CorruptFileError(
                f"the backup {source}",
                wanted="hold a whole campaign",
                got=f"damaged files of part {number} of the pool ({error})",
                remedy="Restore another backup.",
            ) from error


def _check_ids(files: CampaignFiles, part: PoolPartTable, tables: Everything, *, newest: bool) -> None:
    ids = files.ids(part, tables.of(ArtefactTable))
    if ids is None or len(ids) != part.rows[0] or ids.digest != part.digest[0] or ids.kind != part.id_type[0]:
        raise ValueError("ids of another pool")
    examples = Examples(ids, taken_out=TakenOut.of(tables.of(ExclusionTable)))
    for line in foreign_ids(examples, tables.tables) if newest else ():
        raise ValueError(line)


def _check_clusters(files: CampaignFiles, part: PoolPartTable, artefacts: ArtefactTable) -> None:
    clusters = files.clusters(artefacts, int(part.number[0]))
    rows = None if clusters is None else len(clusters) if isinstance(clusters, np.ndarray) else clusters.n
    if rows not in (None, int(part.rows[0])):
        raise ValueError(f"clusters of {rows:,} examples")


def _place(staging: Path, folder: Path) -> None:
    """Copy the files of `staging` into `folder`, all or none.

    Raises: FileError when a file of the same name has other bytes, or when a file cannot be written.
    """
    sources = sorted(staging.iterdir())
    for source in sources:
        target = folder / source.name
        if target.exists() and not (target.is_file() and durable.file_digest(target) == durable.file_digest(source)):
            raise FileError(
                f"the file {target}",
                wanted="be free for the restored campaign",
                got="another one",
                remedy="Name another folder of files, or move that file away.",
            )
    with ExitStack() as undo:
        if sources and not folder.is_dir():
            durable.folder(folder)  # refuses a file
            undo.callback(_remove_if_empty, folder)
        for source in sources:
            target = folder / source.name
            if not target.exists():
                undo.callback(target.unlink, missing_ok=True)
                with durable.writing(target) as file, source.open("rb") as member:
                    shutil.copyfileobj(member, file)
        undo.pop_all()  # all files are written: none is removed


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()

"""Files and folders of data: which files are read, in which order, and which are refused.

The rules are the same for pools, scores and lists of ids. A folder is read with its subfolders:

1. Names that begin with "." or "_" are ignored (`.crc`, `_SUCCESS`, `_metadata`, `_temporary/`). A partition folder
   such as `_year=2024` is read. `README*`, `LICENSE*`, `dataset_info.json` and `state.json` are ignored too.
2. Every other file must hold data, in one format for the whole folder. Another file, a broken or circular link, a pipe,
   a device or a socket is refused by its name and never opened.
3. Files are read in natural order: `e_2.npy` comes before `e_10.npy`. Folders are compared name by name.
   `Listing.order_notice` says so if the names have another order as text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ladle.errors import FileError, FileFormatError, IdError
from ladle.notices import notice
from ladle.plain_files import special_kind

ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")
PARQUET_SUFFIXES = (".parquet", ".pq")
POOL_FORMATS = {
    ".npy": ".npy",
    ".npz": ".npz",
    **dict.fromkeys(PARQUET_SUFFIXES, "Parquet"),
    **dict.fromkeys(ARROW_SUFFIXES, "Arrow"),
}
CSV_FORMATS = {".csv": ".csv"}
TEXT_FORMATS = {".txt": ".txt", **CSV_FORMATS}
LIST_FORMATS = {**TEXT_FORMATS, ".jsonl": ".jsonl"}
IDS_IN_FOLDER = ("ids.npy", "ids.txt")  # the ids of all rows of a folder of .npy files

_IGNORED = re.compile(r"(README|LICENSE).*|dataset_info\.json|state\.json")
_PARTITION = re.compile(r"[^=]+=.*")
_DIGITS = re.compile(r"([0-9]+)")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")

Key = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True)
class Listing:
    """The data files of a path, in the order in which they are read.

    Attributes
    ----------
    path : Path
        The file or the folder.
    family : str
        The common format of the files: a value of the `formats` given to `list_files`.
    files : tuple of Path
        The data files.
    is_folder : bool
        Whether `path` is a folder.
    ids : Path or None
        The file of ids in a folder of .npy files.
    order_notice : str
        Says which order was taken, if natural order and text order differ; else "".
    """

    path: Path
    family: str
    files: tuple[Path, ...]
    is_folder: bool = False
    ids: Path | None = None
    order_notice: str = ""


def natural_key(name: str) -> Key:
    """Sort key of one name: runs of digits compare as numbers, the ending last."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    return _runs(stem), ending


def _runs(name: str) -> tuple[str | int, ...]:
    """Runs of other characters and of digits in turn; the first run, of other characters, may be empty."""
    return tuple(int(part) if place % 2 else part for place, part in enumerate(_DIGITS.split(name)))


def list_files(
    source: str | os.PathLike[str],
    name: str,
    *,
    formats: dict[str, str] = POOL_FORMATS,
    ids_inside: bool = True,
    by_text: bool = False,
) -> Listing:
    """The data files of `source`, a file or a folder, by the rules at the top of this file.

    name: the name in errors, such as "the pool". formats: ending in lower case -> format. ids_inside: whether a folder
    of .npy files may hold the ids of its rows (`ids.npy` or `ids.txt`). by_text: in text order.
    Raises: FileError for a path that cannot be read, FileFormatError for an unknown format or a mixture, IdError.
    """
    path = local_path(source, name)
    _check_readable(path, f"{name} {path}")
    if not path.is_dir():
        family = formats.get(path.suffix.lower())
        if family is None:
            wanted = f"be a folder, or a file ending in {', '.join(formats)}"
            raise FileFormatError(f"{name} {path}", wanted=wanted, got=path.name)
        return Listing(path, family, (path,))
    walked = _walk(path, frozenset([path.resolve()]), formats)
    inside = sorted(walked, key=lambda file: file.relative_to(path).parts if by_text else _path_key(file, path))
    ids = [file for file in inside if ids_inside and file.name in IDS_IN_FOLDER]
    files = tuple(file for file in inside if file not in ids)
    unknown = [file for file in files if file.suffix.lower() not in formats]
    if len(unknown) == len(files):
        got = "none" + "".join(f", but {file.relative_to(path)}" for file in [*ids, *unknown][:1])
        raise FileFormatError(f"the folder {path}", wanted=f"hold files ending in {', '.join(formats)}", got=got)
    if unknown:
        raise _unknown_format_error(unknown[0], formats)
    family = _one_family(path, files, formats)
    _check_ids(path, ids, family)
    _check_no_twins(path, inside)
    in_text_order = by_text and files != tuple(sorted(files, key=lambda file: _path_key(file, path)))
    if in_text_order:
        notice(f"the {len(files):,} files of {path} are read in the order of their names as text")
    listing = Listing(path, family, files, True, ids[0] if ids else None, _order_notice(path, files))
    if listing.order_notice:
        notice(listing.order_notice)
    return listing


def local_path(source: str | os.PathLike[str], name: str) -> Path:
    """`source` as a path of this machine's file system. Raises: FileError for `s3://` and other remote addresses."""
    text = os.fspath(source)
    scheme = _ADDRESS.match(text)
    if scheme and not os.path.lexists(text):
        if scheme[1].lower() == "file":
            return Path("/" + text[scheme.end() :])
        raise FileError(
            f"{name} {text}",
            wanted="be a file or a folder on this machine",
            got=f"a remote address ({scheme[1]})",
            remedy="Copy it to this machine first, or mount it. In Python, an Arrow table read from there works too.",
        )
    return Path(text)


def _walk(folder: Path, above: frozenset[Path], formats: dict[str, str]) -> Iterator[Path]:
    """Every file below `folder` that is not ignored. above: the real paths of the folder and of its parents."""
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError as cause:
        raise FileError(str(folder), wanted="be a readable folder", got=cause.strerror or str(cause)) from cause
    for name in names:
        path = folder / name
        if _is_ignored(name):
            continue
        _check_readable(path, f"{path}, in a folder that is read,")
        if not path.is_dir():
            yield path
            continue
        real = path.resolve()
        if real in above:
            raise FileError(str(path), wanted="lead to other files", got="a link to a folder above it")
        inner_files = list(_walk(path, above | {real}, formats))
        family = formats.get(path.suffix.lower())
        if not inner_files and family is not None:
            raise FileFormatError(str(path), wanted=f"be a file of the format {family}", got="an empty folder")
        yield from inner_files


def _is_ignored(name: str) -> bool:
    if name[0] == "_":
        return _PARTITION.fullmatch(name) is None
    return name[0] == "." or _IGNORED.fullmatch(name) is not None


def _unknown_format_error(path: Path, formats: dict[str, str]) -> FileFormatError:
    return FileFormatError(
        str(path),
        wanted=f"be data, because every file of a folder is read (files ending in {', '.join(formats)})",
        got=f"a file ending in {path.suffix!r}" if path.suffix else "a file without an ending",
        remedy="Move it out of the folder, or let its name begin with `_`: such files are ignored.",
    )


def _check_readable(path: Path, name: str) -> None:
    """Refuse a path that is neither a file nor a folder, without opening it. Raises: FileError."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as cause:  # ValueError: a NUL in the name
        raise FileError(name, wanted="be a file or a folder", got=_absence(path, cause)) from cause
    kind = special_kind(mode)
    if kind:
        remedy = "Write it to a file first: Ladle reads files more than once."
        raise FileError(name, wanted="be a file or a folder", got=kind, remedy=remedy)


def _absence(path: Path, cause: OSError | ValueError) -> str:
    if isinstance(cause, ValueError) or not path.is_symlink():
        reason = getattr(cause, "strerror", None) or str(cause)
        return f"nothing there ({reason})" if isinstance(cause, FileNotFoundError) else reason
    if isinstance(cause, FileNotFoundError):
        return f"a broken link, to {os.readlink(path)}"  # noqa: PTH115 - the target as it is written
    return f"a link that cannot be followed ({cause.strerror})"


def _path_key(file: Path, top: Path) -> tuple[tuple[Key, ...], str]:
    parts = file.relative_to(top).parts
    return (*((_runs(part), "") for part in parts[:-1]), natural_key(parts[-1])), str(file)


def _one_family(folder: Path, files: tuple[Path, ...], formats: dict[str, str]) -> str:
    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(formats[file.suffix.lower()], file.relative_to(folder))
    if len(first) > 1:
        raise FileFormatError(
            f"the folder {folder}",
            wanted="hold one format",
            got=f"{' and '.join(sorted(first))}, such as {' and '.join(str(first[each]) for each in sorted(first))}",
            remedy="Put each format in a folder of its own, and name that folder.",
        )
    return next(iter(first))


def _check_ids(folder: Path, ids: list[Path], family: str) -> None:
    """Refuse a file of ids that Ladle would not read. Raises: FileFormatError, IdError."""
    if ids and family != ".npy":
        raise FileFormatError(
            f"the folder {folder}",
            wanted=f"hold no {ids[0].name}, which gives ids to a folder of .npy files",
            got=f"{ids[0].relative_to(folder)} beside files of the format {family}",
            remedy="Move it out of the folder: files of this format hold their ids themselves.",
        )
    if len(ids) > 1 or any(file.parent != folder for file in ids):
        raise IdError(
            f"the folder {folder}",
            wanted="have one file of ids, at its top, for all rows",
            got=" and ".join(str(file.relative_to(folder)) for file in ids),
        )


def _check_no_twins(folder: Path, files: list[Path]) -> None:
    """Refuse a file that a link lists a second time: its rows would count twice. Raises: FileError."""
    seen: dict[Path, Path] = {}
    for file in files:
        earlier = seen.setdefault(file.resolve(), file)
        if earlier != file:
            raise FileError(
                f"the folder {folder}",
                wanted="hold each file once",
                got=f"{earlier.relative_to(folder)} and {file.relative_to(folder)}, which are one file by a link",
            )


def _order_notice(folder: Path, files: tuple[Path, ...]) -> str:
    by_text = sorted(files, key=lambda file: file.relative_to(folder).parts)
    if tuple(by_text) == files:
        return ""
    later = next(place for place, (ours, theirs) in enumerate(zip(files, by_text, strict=True)) if ours != theirs)
    ours, theirs = files[later].relative_to(folder), by_text[later].relative_to(folder)
    return (
        f"the {len(files):,} files of {folder} are read in natural order ({ours} before {theirs}), "
        f"which is not the order of their names as text"
    )

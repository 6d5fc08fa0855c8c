"""Only ordinary files are read. Opening a pipe may block for ever, and a pipe cannot be read twice."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ladle.errors import FileError

_SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special_kind(mode: int) -> str:
    """What a path with this mode is: "a pipe", "a socket" or "a device"; "" for a file or a folder."""
    return next((kind for is_kind, kind in _SPECIAL if is_kind(mode)), "")


def check_plain_file(path: str | os.PathLike[str], subject: str | None = None, *, wanted: str = "be a file") -> Path:
    """`path`, if it is an ordinary file or a link to one; nothing is opened.

    subject: the name of the file in errors, by default the path. Raises: FileError, which names what is there instead.
    """
    path = Path(path)
    got, remedy = instead_of_file(path)
    if got:
        raise FileError(subject or str(path), wanted=wanted, got=got, remedy=remedy)
    return path


def refuse_other_kinds(path: str | os.PathLike[str], subject: str | None = None, *, wanted: str = "be a file") -> None:
    """Refuse a path that exists and is not an ordinary file. Raises: FileError."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # nothing is there, or it cannot be read: opening it raises its own error
        return
    got = "a folder" if stat.S_ISDIR(mode) else special_kind(mode)
    if got:
        raise FileError(subject or str(path), wanted=wanted, got=got)


def instead_of_file(path: Path) -> tuple[str, str]:
    """What is at `path` if it is not an ordinary file, and what to do about it; ("", "") for an ordinary file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ("a link that leads nowhere" if path.is_symlink() else "nothing there"), ""
    except OSError as cause:  # a link to itself, a name too long, no permission
        return cause.strerror or str(cause), ""
    except ValueError as cause:  # a NUL in the name
        return str(cause), ""
    if stat.S_ISDIR(mode):
        return "a folder", ""
    kind = special_kind(mode)
    return (kind, "Write it to a file first.") if kind else ("", "")

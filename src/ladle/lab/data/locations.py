"""Where data sets lie, and where computed arrays are kept.

A data set is looked for in the folder given; without one, in the folder that the environment variable LADLE_DATA names,
and then in the folder `data` of the cache. The cache is the folder that LADLE_CACHE names, or else the user's:
`$XDG_CACHE_HOME/ladle` or `~/.cache/ladle`; on macOS `~/Library/Caches/ladle`, on Windows
`%LOCALAPPDATA%\\ladle\\cache`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ladle.errors import FileError

DATA_VARIABLE = "LADLE_DATA"
CACHE_VARIABLE = "LADLE_CACHE"


def cache_folder(part: str) -> Path:
    """The folder of the cache for one kind of file; it may not exist yet."""
    named = os.environ.get(CACHE_VARIABLE)
    return (Path(named).expanduser() if named else _user_cache()) / part


def data_folders() -> list[Path]:
    """The folders in which data sets are looked for, in this order."""
    named = os.environ.get(DATA_VARIABLE)
    return [*([Path(named).expanduser()] if named else []), cache_folder("data")]


def find(wanted: str, names: Sequence[str], *, folder: str = "", bring: str) -> Path:
    """The first folder that holds all of the files `names`.

    folder: the only folder to look in; empty: `wanted`, a relative path, under each of `data_folders`.
    bring: the command that would bring the files, for the error. Raises: FileError.
    """
    places = [Path(folder).expanduser()] if folder else [each / wanted for each in data_folders()]
    for place in places:
        if all((place / name).exists() for name in names):
            return place
    raise FileError(
        f"the files {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}",
        wanted=f"be in {' or '.join(str(place) for place in places)}",
        got="not all of them there",
        remedy=bring,
    )


def need_file(path: Path, *, bring: str) -> Path:
    """`path`, if a file is there. bring: the command that would bring it. Raises: FileError."""
    if not path.exists():
        raise FileError(f"the file {path}", wanted="be there to read", got="no such file", remedy=bring)
    return path


def _user_cache() -> Path:
    """The place that the operating system, or its user, gives to caches."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "ladle" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ladle"
    named = os.environ.get("XDG_CACHE_HOME") or ""
    # The XDG specification has relative paths ignored.
    return (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / "ladle"

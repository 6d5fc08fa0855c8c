"""Where data sets lie and where computed things are kept.

A data set is looked for in the folder given, in that of the environment variable LADLE_DATA, in `../shared/data`, and
among the vectors that the benchmarks keep, in this order. Computed things go to LADLE_CACHE, or ~/.cache/ladle.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ladle.errors import FileError

DATA_VARIABLE = "LADLE_DATA"
CACHE_VARIABLE = "LADLE_CACHE"


def cache_folder(part: str) -> Path:
    """Where computed things of one kind are kept; it may not be there yet."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/ladle").expanduser() / part


def data_folders() -> list[Path]:
    """The folders in which data sets are looked for, those first that were asked for."""
    given = os.environ.get(DATA_VARIABLE)
    return [*([Path(given).expanduser()] if given else []), Path("..") / "shared" / "data", cache_folder("vectors")]


def find(wanted: str, names: Sequence[str], *, folder: str = "", bring: str) -> Path:
    """The first folder that holds all of the files `names`.

    folder: look there and nowhere else; empty: in `wanted` (a relative path) under each of `data_folders`.
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
    """`path`, if it is there. bring: the command that would bring it. Raises: FileError."""
    if not path.exists():
        raise FileError(f"the file {path}", wanted="be there to read", got="no such file", remedy=bring)
    return path

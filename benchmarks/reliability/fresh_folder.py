"""One folder, prepared once and begun again as often as need be, always at the same path."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def prepared(home: Path, prepare: Callable[[Path], None]) -> Path:
    """`home`/folder, filled by `prepare`; a copy is kept to begin from again."""
    folder = home / "folder"
    for each in (home / "before", folder):
        shutil.rmtree(each, ignore_errors=True)
    folder.mkdir(parents=True)
    prepare(folder)
    shutil.copytree(folder, home / "before")
    return folder


def begun_again(home: Path) -> Path:
    """The folder as it was prepared."""
    shutil.rmtree(home / "folder")
    shutil.rmtree(home / "folder.graves", ignore_errors=True)  # of what a power cut may give its name back
    return shutil.copytree(home / "before", home / "folder")

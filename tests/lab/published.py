"""Data sets as published: those of Debian's packages, installed or unpacked by `make test-long`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

UNPACKED = Path(sys.prefix) / "debian"


def of_debian(folder: str, *, package: str) -> str:
    """Where the folder of a package is, such as /usr/share/wordnet. Skips the test where it is nowhere."""
    for place in (Path(folder), UNPACKED / folder.lstrip("/")):
        if place.is_dir():
            return str(place)
    pytest.skip(f"needs Debian's package {package}: make test-long, or apt-get install {package}")

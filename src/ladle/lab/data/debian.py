"""The one-line descriptions of Debian's packages, and the sections of the archive that they are in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

from ladle.errors import DataError, FileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import need_file
from ladle.lab.data.ngrams import as_texts
from ladle.lab.data.splits import assemble, split_share

LICENCE = "of each package's own description; see its copyright file"
COMMAND = ("apt-cache", "dumpavail")
BRING = "Run it on Debian or Ubuntu, after: apt-get update"


def debian_descriptions(*, path: str = "", test_share: float = 0.1) -> Dataset:
    """Texts (n,) of dtype S, the one-line descriptions; classes are the sections, such as games, without their area.

    About 64,000 of 58 sections in Debian 12; they change with the distribution and with time, and the split with them.
    `ids` are positions in the listing. path: a file with the output of `apt-cache dumpavail`; empty: run it.
    Raises: FileError, DataError, ArgumentError. Cost: 2 s; 100 MB.
    """
    lines = listing(path)
    texts, sections = described_packages(lines)
    names, labels = np.unique(np.array(sections), return_inverse=True)
    if len(names) < 2:
        raise DataError("the packages", wanted="be of two sections or more", got=f"{len(names)}", remedy=BRING)
    return assemble(
        "Debian descriptions",
        as_texts(texts),
        labels.astype(np.int64),
        split_share(len(texts), test_share, "debian-descriptions"),
        class_names=tuple(str(name) for name in names),
        licence=LICENCE,
        source=f"{path or ' '.join(COMMAND)}; {test_share:.0%} drawn by seed to test on",
    )


def described_packages(lines: list[str]) -> tuple[list[str], list[str]]:
    """The description and the section of every package that has both."""
    texts, sections = [], []
    for stanza in _stanzas(lines):
        if stanza.get("Description") and stanza.get("Section"):
            texts.append(stanza["Description"])
            sections.append(stanza["Section"].rpartition("/")[2])  # "contrib/games" is games
    return texts, sections


def _stanzas(lines: list[str]) -> list[dict[str, str]]:
    stanzas: list[dict[str, str]] = [{}]
    for line in lines:
        name, colon, value = line.partition(":")
        if not line.strip():
            stanzas.append({})
        elif colon and not line[0].isspace():
            stanzas[-1][name] = value.strip()
    return stanzas


def listing(path: str = "") -> list[str]:
    """The output of `apt-cache dumpavail` in lines, from a file where `path` names one. Raises: FileError."""
    if path:
        file = need_file(Path(path).expanduser(), bring=f"{' '.join(COMMAND)} > {path}")
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    if shutil.which(COMMAND[0]) is None:
        raise FileError(f"the command {COMMAND[0]}", wanted="be there", got="no such command", remedy=BRING)
    done = subprocess.run(COMMAND, capture_output=True, check=True, text=True, encoding="utf-8", errors="replace")
    return done.stdout.splitlines()

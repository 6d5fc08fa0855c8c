"""CIFAR-10 and CIFAR-100, from sheets of images or from the published binary files; their pickles are never read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError, FileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import find
from ladle.packages import need

LICENCE = "for research use; Krizhevsky 2009, Learning multiple layers of features from tiny images"
SHEET_ROWS, SHEET_COLUMNS, SIDE = 125, 40, 32
SHEET_IMAGES = SHEET_ROWS * SHEET_COLUMNS
CIFAR_10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Split = tuple[Images, Labels]


@dataclass(frozen=True, slots=True)
class Edition:
    """One of the two sets: the folders and files it may lie in.

    label_bytes: at the beginning of each record of a binary file; the last of them is the class.
    """

    name: str
    sheets: str
    binary: str
    train_files: tuple[str, ...]
    test_files: tuple[str, ...]
    label_bytes: int
    names_file: str

    @property
    def bring(self) -> str:
        """The command that brings the published binary files."""
        archive = f"https://www.cs.toronto.edu/~kriz/{self.sheets.replace('cifar', 'cifar-')}-binary.tar.gz"
        return f'Set LADLE_DATA to a folder and run: curl -L {archive} | tar xz -C "$LADLE_DATA"'


CIFAR_10 = Edition(
    "CIFAR-10", "cifar10", "cifar-10-batches-bin", tuple(f"data_batch_{part}.bin" for part in range(1, 6)),
    ("test_batch.bin",), 1, "batches.meta.txt",
)  # fmt: skip
CIFAR_100 = Edition(
    "CIFAR-100", "cifar100", "cifar-100-binary", ("train.bin",), ("test.bin",), 2, "fine_label_names.txt"
)


def cifar_10(*, folder: str = "") -> Dataset:
    """50,000 images to choose from and the published 10,000 to test on: uint8 (n, 32, 32, 3), ten classes.

    folder: the one with the sheets or the binary files; empty: see `ladle.lab.data.locations`. `ids`
    are positions in the files read; sheets and binary files have the images in different orders.
    Raises: FileError, CorruptFileError, MissingDependencyError (Pillow, for sheets). Cost: about 5 s; 184 MB.
    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images".
    """
    return _read(CIFAR_10, folder)


def cifar_100(*, folder: str = "") -> Dataset:
    """As `cifar_10`, of 100 classes, 500 images each to choose from. Raises, Cost, Source: as `cifar_10`."""
    return _read(CIFAR_100, folder)


def _read(edition: Edition, folder: str) -> Dataset:
    sheets = ("labels.npz", "train-00.webp", "test-00.webp")
    try:
        home = find(edition.sheets, sheets, folder=folder, bring=edition.bring)
    except FileError:
        files = (*edition.train_files, *edition.test_files)
        home = find(edition.binary, files, folder=folder, bring=edition.bring)
        train, test, names = _from_binary(edition, home)
        origin = "the published binary files"
    else:
        train, test, names = _from_sheets(home)
        origin = "sheets of exact pixels"
    return Dataset(
        name=edition.name,
        inputs=train[0],
        labels=train[1],
        test_inputs=test[0],
        test_labels=test[1],
        class_names=names,
        ids=np.arange(len(train[0]), dtype=np.int64),
        licence=LICENCE,
        source=f"{origin}; the published training and test splits",
    )


def _from_sheets(home: Path) -> tuple[Split, Split, tuple[str, ...]]:
    """`train-00.webp` ...: lossless sheets of 125 rows of 40 images; `labels.npz`: train, test and classes."""
    with np.load(home / "labels.npz", allow_pickle=False) as stored:
        labels = {split: stored[split].astype(np.int64) for split in ("train", "test")}
        names = tuple(str(name) for name in stored["classes"])
    splits = [(_sheets(home, split, len(labels[split])), labels[split]) for split in ("train", "test")]
    return splits[0], splits[1], names


def _sheets(home: Path, split: str, count: int) -> Images:
    image = need("PIL.Image", package="pillow", purpose="read sheets of images")
    images = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for first in range(0, count, SHEET_IMAGES):
        path = home / f"{split}-{first // SHEET_IMAGES:02d}.webp"
        try:
            with image.open(path) as opened:
                sheet: npt.NDArray[Any] = np.asarray(opened.convert("RGB"))
        except OSError as cause:
            raise CorruptFileError(f"the sheet {path}", wanted="be a readable image", got=str(cause)) from cause
        if sheet.shape[1] % SIDE or sheet.shape[0] % SIDE:
            raise CorruptFileError(f"the sheet {path}", wanted="hold whole images of 32 x 32", got=f"{sheet.shape}")
        rows, columns = sheet.shape[0] // SIDE, sheet.shape[1] // SIDE
        cut = sheet.reshape(rows, SIDE, columns, SIDE, 3).transpose(0, 2, 1, 3, 4).reshape(-1, SIDE, SIDE, 3)
        wanted = min(SHEET_IMAGES, count - first)
        if len(cut) < wanted:
            raise CorruptFileError(f"the sheet {path}", wanted=f"hold {wanted:,} images", got=f"{len(cut):,}")
        images[first : first + wanted] = cut[:wanted]
    return images


def _from_binary(edition: Edition, home: Path) -> tuple[Split, Split, tuple[str, ...]]:
    """Records of a few label bytes, then the red, green and blue planes."""
    names = CIFAR_10_NAMES if edition is CIFAR_10 else tuple(str(label) for label in range(100))
    listed = home / edition.names_file
    if listed.exists():
        listed_names = tuple(line.strip() for line in listed.read_text(encoding="utf-8").splitlines() if line.strip())
        names = listed_names if len(listed_names) == len(names) else names
    train = _records([home / name for name in edition.train_files], edition.label_bytes)
    test = _records([home / name for name in edition.test_files], edition.label_bytes)
    return train, test, names


def _records(paths: list[Path], label_bytes: int) -> Split:
    width = label_bytes + 3 * SIDE * SIDE
    parts = []
    for path in paths:
        content = np.fromfile(path, np.uint8)
        if content.size == 0 or content.size % width:
            raise CorruptFileError(
                f"the file {path}", wanted=f"be whole records of {width} bytes", got=f"{content.size:,} bytes"
            )
        parts.append(content.reshape(-1, width))
    records = np.concatenate(parts)
    planes = records[:, label_bytes:].reshape(-1, 3, SIDE, SIDE)
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return images, records[:, label_bytes - 1].astype(np.int64)

"""SVHN: digits cut from street-view photographs of house numbers, from the published .mat files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import find

LICENCE = "for non-commercial use; Netzer et al. 2011, Reading digits in natural images"
FILES = ("train_32x32.mat", "test_32x32.mat")
HOME = "http://ufldl.stanford.edu/housenumbers"
BRING = 'Set LADLE_DATA to a folder and run: mkdir -p "$LADLE_DATA/svhn"; ' + "; ".join(
    f'curl -L {HOME}/{name} -o "$LADLE_DATA/svhn/{name}"' for name in FILES
)


def svhn(*, folder: str = "") -> Dataset:
    """73,257 images to choose from and the published 26,032 to test on: uint8 (n, 32, 32, 3), the ten digits.

    folder: the one with the two files; empty: `svhn`, see `ladle.lab.data.locations`. `ids` are
    positions in the training file. The 531,131 extra images are not used.
    Raises: FileError, CorruptFileError. Cost: 5 s; 305 MB.
    Source: Netzer et al. 2011, "Reading digits in natural images with unsupervised feature learning".
    """
    home = find("svhn", FILES, folder=folder, bring=BRING)
    images, labels = _read(home / FILES[0])
    test_images, test_labels = _read(home / FILES[1])
    return Dataset(
        name="SVHN",
        inputs=images,
        labels=labels,
        test_inputs=test_images,
        test_labels=test_labels,
        class_names=tuple("0123456789"),
        ids=np.arange(len(images), dtype=np.int64),
        licence=LICENCE,
        source="the published training and test files",
    )


def _read(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """X (32, 32, 3, n) and y (n, 1), where 10 stands for the digit 0."""
    from scipy.io import loadmat

    try:
        stored = loadmat(path)
        pixels: npt.NDArray[Any] = stored["X"]
        labels: npt.NDArray[Any] = stored["y"]
    except (ValueError, TypeError, KeyError, NotImplementedError) as cause:
        raise CorruptFileError(
            f"the file {path}", wanted="hold the arrays X and y", got=str(cause), remedy=BRING
        ) from cause
    if pixels.ndim != 4 or pixels.shape[:3] != (32, 32, 3) or labels.size != pixels.shape[3]:
        got = f"{pixels.shape} and {labels.shape}"
        raise CorruptFileError(f"the file {path}", wanted="hold 32 x 32 x 3 x n pixels and n labels", got=got)
    return np.ascontiguousarray(pixels.transpose(3, 0, 1, 2)), labels.reshape(-1).astype(np.int64) % 10

"""Fashion-MNIST: the part that comes with Ladle, 30,000 images to choose from and 5,000 to test on, and all of it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import need_file
from ladle.lab.data.xz_arrays import read_packed

FOLDER = Path(__file__).parent / "packed" / "fashion_mnist"
CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
LICENCE = "MIT, Copyright (c) 2017 Zalando SE"
PUBLISHED = "/usr/share/datasets/fashion-mnist"  # where Debian's package puts it
BRING = "apt-get install dataset-fashion-mnist"
IDX_BYTES = 0x08  # the type of unsigned bytes in the header of an idx file


def fashion_mnist(*, folder: Path = FOLDER) -> Dataset:
    """Load the part of Fashion-MNIST that comes with Ladle.

    Parameters
    ----------
    folder : Path, optional
        Another folder with the same files.

    Returns
    -------
    Dataset
        uint8 images (30,000, 28, 28) to choose from and (5,000, 28, 28) to test on; ten classes.

    Raises
    ------
    FileError, FileFormatError, CorruptFileError
        When a file is missing or damaged.

    Notes
    -----
    The pool is the first 30,000 images of the published training file, the test split the first 5,000 of the published
    test file, with exact pixels; `ids` are positions in these files. The other 30,000 training images are left out, so
    that they can serve for tuning. Cost: about 1 s, mostly decompression; 27 MB.

    References
    ----------
    Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST", MIT licence, Copyright (c) 2017 Zalando SE.
    """
    arrays = read_packed(folder)
    return Dataset(
        name="Fashion-MNIST",
        inputs=arrays["pool_images"],
        labels=arrays["pool_labels"].astype(np.int64),
        test_inputs=arrays["test_images"],
        test_labels=arrays["test_labels"].astype(np.int64),
        class_names=CLASS_NAMES,
        ids=np.arange(len(arrays["pool_images"]), dtype=np.int64),
        licence=LICENCE,
        source="carried with Ladle; the first 30,000 training and 5,000 test images of the published files",
    )


def fashion_mnist_full(*, folder: str = PUBLISHED) -> Dataset:
    """All of Fashion-MNIST as published: uint8 (60,000, 28, 28) to choose from and (10,000, 28, 28) to test on.

    folder: the one with the four `-ubyte.gz` files. Raises: FileError, CorruptFileError. Cost: 0.5 s; 55 MB.
    Source: as `fashion_mnist`.
    """
    home = Path(folder).expanduser()
    images = _read_idx(home / "train-images-idx3-ubyte.gz")
    return Dataset(
        name="Fashion-MNIST (full)",
        inputs=images,
        labels=_read_idx(home / "train-labels-idx1-ubyte.gz").astype(np.int64),
        test_inputs=_read_idx(home / "t10k-images-idx3-ubyte.gz"),
        test_labels=_read_idx(home / "t10k-labels-idx1-ubyte.gz").astype(np.int64),
        class_names=CLASS_NAMES,
        ids=np.arange(len(images), dtype=np.int64),
        licence=LICENCE,
        source="the published training and test files",
    )


def _read_idx(path: Path) -> npt.NDArray[Any]:
    """The unsigned bytes of a gzipped idx file: a header of the type, the number of axes and their lengths."""
    try:
        content = gzip.decompress(need_file(path, bring=BRING).read_bytes())
    except (gzip.BadGzipFile, EOFError) as cause:
        raise CorruptFileError(f"the file {path}", wanted="be whole gzip", got=str(cause), remedy=BRING) from cause
    axes = content[3] if len(content) > 3 else 0
    shape = np.frombuffer(content, ">u4", count=axes, offset=4) if len(content) >= 4 + 4 * axes else np.zeros(0, int)
    body = np.frombuffer(content, np.uint8)[4 + 4 * axes :]
    if axes == 0 or content[2] != IDX_BYTES or body.size != int(shape.prod(dtype=np.int64)):
        raise CorruptFileError(
            f"the file {path}", wanted="hold unsigned bytes in idx format", got="something else", remedy=BRING
        )
    return body.reshape(shape)

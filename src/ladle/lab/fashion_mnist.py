"""Fashion-MNIST as it travels with Ladle: 30,000 images to choose from and 5,000 to test on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ladle.lab.datasets import Dataset
from ladle.lab.packed import read_packed

FOLDER = Path(__file__).parent / "data" / "fashion_mnist"
CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def fashion_mnist(*, folder: Path = FOLDER) -> Dataset:
    """The carried data set: uint8 (30,000, 28, 28) and (5,000, 28, 28), ten classes, exact pixels.

    The pool is the first 30,000 images of the published training file and the test split the first 5,000 of the
    published test file; `ids` are their positions there. The other 30,000 training images are left out, so they can
    serve for tuning without touching either.
    Raises: FileError, FileFormatError, CorruptFileError.
    Cost: about 1 s, mostly decompression; 27 MB.
    Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST", MIT licence, Copyright (c) 2017 Zalando SE.
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
        licence="MIT, Copyright (c) 2017 Zalando SE",
    )

"""Pack part of Fashion-MNIST into the package, losslessly, from the files of the Debian package dataset-fashion-mnist.

    sudo apt install dataset-fashion-mnist
    python scripts/pack_fashion_mnist.py [FOLDER_OF_THE_GZ_FILES]

Pool: the first 30,000 images of the training file. Test: the first 5,000 of the test file. Both published files are
in random order, so no draw is needed and an image's id is its position in the file. Running it again gives the same
pixels (and, with the same liblzma, the same bytes).

Formats tried on the first 5,000 pool images, scaled to all 35,000, before this one was taken: PNG 14.1 MB, lossless
WebP sheets 13.5 MB (method 6), JPEG 2000 16.7 MB, xz 13.1 MB, xz after the median predictor of JPEG-LS 13.7 MB, bz2
14.0 MB, xz of the images read column by column with lc=4 12.5 MB. Garments are long and upright: neighbours in a
column are more alike than neighbours in a row.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ladle.lab.data.fashion_mnist import FOLDER
from ladle.lab.data.xz_arrays import write_packed

SOURCE = Path("/usr/share/datasets/fashion-mnist")
POOL_ROWS, TEST_ROWS = 30_000, 5_000


def read_images(path: Path) -> npt.NDArray[np.uint8]:
    """(n, 28, 28) of an IDX3 file: 16 bytes of header, then the pixels row by row."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)


def read_labels(path: Path) -> npt.NDArray[np.uint8]:
    """(n,) of an IDX1 file: 8 bytes of header, then the labels."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=8)


def main(source: Path) -> None:
    """Write the four arrays and their manifest into the package's data folder."""
    arrays = {
        "pool_images": read_images(source / "train-images-idx3-ubyte.gz")[:POOL_ROWS],
        "pool_labels": read_labels(source / "train-labels-idx1-ubyte.gz")[:POOL_ROWS],
        "test_images": read_images(source / "t10k-images-idx3-ubyte.gz")[:TEST_ROWS],
        "test_labels": read_labels(source / "t10k-labels-idx1-ubyte.gz")[:TEST_ROWS],
    }
    column_by_column = {name: (0, 2, 1) if array.ndim == 3 else (0,) for name, array in arrays.items()}
    facts = {
        "name": "Fashion-MNIST",
        "licence": "MIT, Copyright (c) 2017 Zalando SE",
        "source": "https://github.com/zalandoresearch/fashion-mnist, through the Debian package dataset-fashion-mnist",
        "made_by": "python scripts/pack_fashion_mnist.py",
    }
    write_packed(FOLDER, arrays, orders=column_by_column, facts=facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE)

"""A data set small enough to run a whole study in a second: grey 6 x 6 blobs of three classes."""

import numpy as np

from ladle.lab.data.datasets import Dataset


def toy_dataset(rows=400, test_rows=150, classes=3, seed=5):
    random = np.random.default_rng(seed)
    centres = random.integers(30, 220, (classes, 6, 6))

    def draw(count):
        labels = random.integers(0, classes, count)
        pixels = np.clip(centres[labels] + random.normal(0, 60, (count, 6, 6)), 0, 255).astype(np.uint8)
        return pixels, labels.astype(np.int64)

    inputs, labels = draw(rows)
    test_inputs, test_labels = draw(test_rows)
    names = tuple("abcdefgh"[:classes])
    return Dataset("toy", inputs, labels, test_inputs, test_labels, names, np.arange(rows), "none")

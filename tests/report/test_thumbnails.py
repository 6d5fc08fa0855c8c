"""Examples as small pictures."""

import base64
import io
import sys

import numpy as np
import pytest
from PIL import Image

from ladle.errors import ArgumentError, MissingDependencyError
from ladle.report.thumbnails import thumbnails


@pytest.mark.parametrize("shape", [(4, 7, 5), (4, 7, 5, 3)])
def test_pixels_are_exact(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    shown = thumbnails(images[[3, 1]])
    for row, source in zip((3, 1), shown, strict=True):
        content = base64.b64decode(source.removeprefix("data:image/png;base64,"))
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), images[row])


@pytest.mark.parametrize("images", [np.zeros((4, 9), np.uint8), np.zeros((4, 7, 5)), np.zeros((4, 7, 5, 4), np.uint8)])
def test_what_is_no_image_is_refused(images):
    with pytest.raises(ArgumentError, match="uint8"):
        thumbnails(images)


def test_without_pillow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependencyError, match="pillow"):
        thumbnails(np.zeros((4, 7, 5), np.uint8))

"""Tiles against plain counting, and as other programs read them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ladle import errors
from ladle.maps import Layout, class_tile, density_tile, value_tile
from ladle.maps.palettes import CLASSES, class_palette, viridis_palette
from ladle.maps.tiles import pixel_counts
from ladle.maps.zorder import cells_of


def layout_of(rows: int = 4_000) -> Layout:
    return Layout.of(np.random.default_rng(1).normal(size=(rows, 2)), "given")


def pixels(layout: Layout, zoom: int) -> tuple[np.ndarray, np.ndarray]:
    """The pixel of each place on the whole map at this zoom."""
    x, y = (axis.astype(np.int64) >> (8 - zoom) for axis in cells_of(layout.codes))
    return x, y


def image(png: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(png))
    picture.verify()
    return np.array(Image.open(io.BytesIO(png)).convert("RGBA"))


@pytest.mark.parametrize(("zoom", "x", "y"), [(0, 0, 0), (1, 1, 0), (2, 1, 2), (8, 128, 127)])
def test_counts(zoom: int, x: int, y: int) -> None:
    layout = layout_of()
    across, down = pixels(layout, zoom)
    expected = np.zeros((256, 256), int)
    inside = (across >> 8 == x) & (down >> 8 == y)
    np.add.at(expected, (down[inside] - 256 * y, across[inside] - 256 * x), 1)
    assert np.array_equal(pixel_counts(layout, zoom, x, y), expected)
    assert inside.sum() > 0 or zoom == 8


def test_tiles_of_a_zoom_have_every_example_once() -> None:
    layout = layout_of()
    assert sum(pixel_counts(layout, 2, x, y).sum() for x in range(4) for y in range(4)) == len(layout)


def test_a_density_tile_is_an_image() -> None:
    layout = layout_of()
    drawn, counts = image(density_tile(layout, 0, 0, 0)), pixel_counts(layout, 0, 0, 0)
    assert drawn.shape == (256, 256, 4)
    assert np.array_equal(drawn[..., 3] > 0, counts > 0)  # one example alone is seen
    fullest, emptiest = counts.argmax(), np.where(counts > 0, counts, 1 << 30).argmin()
    assert drawn[..., 3].flat[fullest] > drawn[..., 3].flat[emptiest]


def test_a_value_tile_has_the_mean_of_each_pixel() -> None:
    layout = layout_of()
    values = np.random.default_rng(2).random(len(layout)).astype(np.float32)
    drawn = image(value_tile(layout, values, 1, 0, 1))
    across, down = pixels(layout, 1)
    for x, y in ((200, 300), (255, 256)):
        inside = (across == x) & (down == y)
        expected = viridis_palette()[1 + int(values[inside].mean() * 254)] if inside.any() else [0, 0, 0, 0]
        assert np.abs(drawn[y - 256, x].astype(int) - expected).max() <= 4
    assert (drawn[..., 3] > 0).sum() == (pixel_counts(layout, 1, 0, 1) > 0).sum()


def test_a_class_tile_has_the_class_of_the_first() -> None:
    layout = Layout.of(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]), "given")
    classes = np.array([1, 2, 3], np.uint8)[layout.rows]
    drawn = image(class_tile(layout, classes, 0, 0, 0))
    colours = {tuple(each) for each in drawn[drawn[..., 3] > 0][:, :3].tolist()}
    wanted = {tuple(bytes.fromhex(CLASSES[place].lstrip("#"))) for place in (0, 1)}
    assert colours == wanted
    assert len(class_palette()) == len(CLASSES) + 2


@pytest.mark.parametrize(("zoom", "x", "y"), [(9, 0, 0), (-1, 0, 0), (1, 2, 0), (1, 0, -1)])
def test_a_tile_that_is_none(zoom: int, x: int, y: int) -> None:
    with pytest.raises(errors.ArgumentError):
        density_tile(layout_of(5), zoom, x, y)

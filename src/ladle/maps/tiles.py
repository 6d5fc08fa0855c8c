"""Tiles of the map: 256 pixels a side, made from a layout for any size of pool."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.maps.layout import Layout
from ladle.maps.palettes import class_palette, grey_palette, viridis_palette
from ladle.maps.png import png_of
from ladle.maps.zorder import BITS, cells_of, codes_of

TILE_BITS = 8
TILE = 1 << TILE_BITS  # pixels of a side
DEEPEST = BITS - TILE_BITS  # the zoom at which a pixel is one cell of the layout

# The pixel (y, x) of each place in a tile's Z-order.
_ACROSS, _DOWN = (axis.astype(np.int64) for axis in cells_of(np.arange(TILE * TILE)))


def pixel_counts(layout: Layout, zoom: int, x: int, y: int) -> npt.NDArray[np.int64]:
    """(256, 256) how many examples lie in each pixel of a tile. Zooms from 0 to 8.

    Raises: ArgumentError for a tile outside the map. Cost: 65,537 searches in the codes, whatever the pool's size.
    """
    bounds = _bounds(layout, zoom, x, y)
    counts = np.zeros((TILE, TILE), np.int64)
    counts[_DOWN, _ACROSS] = np.diff(bounds)
    return counts


def density_tile(layout: Layout, zoom: int, x: int, y: int) -> bytes:
    """A tile as PNG: grey, the more opaque the more examples a pixel has, by the logarithm of their number.

    The scale depends on the zoom alone, so that neighbouring tiles agree. Raises: as `pixel_counts`.
    """
    counts = pixel_counts(layout, zoom, x, y)
    # A pixel of an evenly filled map at this zoom has n / 4^(zoom + 8) examples; dense ones have a hundred times more.
    full = max(16.0, 100.0 * len(layout) / 4 ** (zoom + TILE_BITS))
    shade = np.log1p(counts) / math.log1p(full)
    pixels = np.where(counts > 0, 1 + np.minimum(shade, 1) * 254, 0).astype(np.uint8)
    return png_of(pixels, grey_palette())


def value_tile(layout: Layout, values: npt.NDArray[np.float32], zoom: int, x: int, y: int) -> bytes:
    """A tile as PNG: each pixel has the colour of the mean of its examples, from 0 (dark blue) to 1 (yellow).

    values : (n,) float32 from 0 to 1 in the order of the layout. Raises: as `pixel_counts`. Cost: the tile's examples.
    """
    bounds = _bounds(layout, zoom, x, y)
    start, counts = int(bounds[0]), np.diff(bounds)
    filled = counts > 0
    means = np.zeros(len(counts))
    if filled.any():
        part = values[start : int(bounds[-1])].astype(np.float64)
        means[filled] = np.add.reduceat(part, bounds[:-1][filled] - start) / counts[filled]
    return _drawn(np.where(filled, 1 + np.clip(means, 0, 1) * 254, 0), viridis_palette())


def class_tile(layout: Layout, classes: npt.NDArray[np.uint8], zoom: int, x: int, y: int) -> bytes:
    """A tile as PNG: each pixel has the colour of the class of its first example.

    classes : (n,) uint8 places in `class_palette`, in the order of the layout. Raises: as `pixel_counts`.
    """
    bounds = _bounds(layout, zoom, x, y)
    filled = np.diff(bounds) > 0
    pixels = np.zeros(len(filled), np.uint8)
    pixels[filled] = classes[bounds[:-1][filled]]
    return _drawn(pixels, class_palette())


def _bounds(layout: Layout, zoom: int, x: int, y: int) -> npt.NDArray[np.int64]:
    """(65,537,) the places at which the pixels of a tile begin, in Z-order, and the end of the last."""
    if zoom > DEEPEST:
        raise ArgumentError("the tile", wanted=f"have a zoom from 0 to {DEEPEST}", got=f"zoom {zoom}")
    start, stop = layout.tile(zoom, x, y)
    shift = 2 * (BITS - zoom - TILE_BITS)
    first = int(codes_of(np.array([x]), np.array([y]))[0]) << 2 * (BITS - zoom)
    begins = np.uint64(first) + (np.arange(TILE * TILE, dtype=np.uint64) << np.uint64(shift))
    found = start + np.searchsorted(layout.codes[start:stop], begins.astype(np.uint32))
    return np.append(found, stop).astype(np.int64)


def _drawn(places: npt.NDArray[Any], palette: npt.NDArray[np.uint8]) -> bytes:
    """The PNG of a tile whose pixels are given in Z-order."""
    pixels = np.zeros((TILE, TILE), np.uint8)
    pixels[_DOWN, _ACROSS] = places.astype(np.uint8)
    return png_of(pixels, palette)

"""A layout: all examples of a pool in the order of their cells on the map.

The map is a square of 65,536 cells a side. Rows are sorted by the Z-order of their cells (`zorder`), so the examples of
any tile are one range, and a tile of a pool of any size costs some thousands of searches, not a pass over the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError, NonFiniteError, ShapeError
from ladle.maps.zorder import BITS, CELLS, Words, cells_of, codes_of
from ladle.memory.budget import require

_MARGIN = 0.02  # of a side stays free around the examples
_FAR = 1.5  # times the extent of the middle: examples further out are drawn on the border
_MIDDLE = 0.001  # of the examples on either side of an axis do not widen the map
_BYTES_A_ROW = 48  # two floats, their scaled copy, a code, the order, the rows, and the copies in between
_SPLITS = 6  # levels below the tile of a whole box: at most some thousands of ranges are searched


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the examples of a pool lie.

    codes : (n,) uint32, ascending: the cell of each example. rows : (n,) int64: the example, ascending in one cell.
    method : how the positions were found, for people. beyond : how many examples lie outside the map and are drawn on
    its border.
    """

    codes: Words
    rows: Rows
    method: str
    beyond: int = 0

    @classmethod
    def of(cls, positions: npt.NDArray[np.floating[Any]], method: str) -> Layout:
        """The layout of positions. Both axes have one scale, and y goes upwards.

        positions : (n, 2) floats, row i of the pool at position i.
        Raises: ShapeError, NonFiniteError; ArgumentError for none; MemoryPlanError before the work.
        Cost: a sort of n codes; 48 bytes a row.
        """
        if positions.ndim != 2 or positions.shape[1] != 2:
            raise ShapeError("the layout", wanted="have two numbers for each example", got=f"shape {positions.shape}")
        if not len(positions):
            raise ArgumentError("the layout", wanted="have at least one example", got="none")
        require(_BYTES_A_ROW * len(positions), f"a map of {len(positions):,} examples", remedy="Use a larger machine.")
        if not np.isfinite(positions).all():
            row = int(np.argmin(np.isfinite(positions).all(axis=1)))
            raise NonFiniteError("the layout", wanted="hold finite numbers only", got=f"another one in row {row:,}")
        centre, reach = _frame(positions)
        scaled = (positions.astype(np.float32) - centre) * np.float32(0.5 / reach)
        scaled[:, 1] *= -1
        beyond = int((np.abs(scaled) > 0.5).any(axis=1).sum())
        cells = np.clip((scaled + 0.5) * CELLS, 0, CELLS - 1).astype(np.uint32)
        codes = codes_of(cells[:, 0], cells[:, 1])
        order = np.argsort(codes, kind="stable")
        return cls(codes[order], order.astype(np.int64), method, beyond)

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"<Layout of {len(self):,} examples: {self.method}>"

    def tile(self, zoom: int, x: int, y: int) -> tuple[int, int]:
        """The places (start, stop) of a tile. At `zoom` z there are 2^z tiles a side, (0, 0) at the upper left.

        Raises: ArgumentError for a tile outside the map.
        """
        if not (0 <= zoom <= BITS and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
            raise ArgumentError("the tile", wanted="be on the map", got=f"zoom {zoom}, x {x}, y {y}")
        shift = 2 * (BITS - zoom)
        first = int(codes_of(np.array([x]), np.array([y]))[0]) << shift
        start, stop = self._places([first, first + (1 << shift)])
        return start, stop

    def within_box(self, left: int, top: int, right: int, bottom: int) -> npt.NDArray[np.int64]:
        """The places of the examples in a box of cells, its borders included, ascending.

        Cost: a search for each of some thousands of ranges, and the examples of the tiles that the box touches.
        """
        left, top = max(0, left), max(0, top)
        right, bottom = min(CELLS - 1, right), min(CELLS - 1, bottom)
        if left > right or top > bottom:
            return np.empty(0, np.int64)
        size = max(right - left, bottom - top) + 1
        shift = max(0, size.bit_length() - _SPLITS)
        across, down = np.meshgrid(
            np.arange(left >> shift, (right >> shift) + 1), np.arange(top >> shift, (bottom >> shift) + 1)
        )
        tiles = np.sort(codes_of(across.ravel(), down.ravel()).astype(np.uint64)) << np.uint64(2 * shift)
        starts = np.searchsorted(self.codes, tiles.astype(np.uint32))
        stops = np.searchsorted(self.codes, (tiles + np.uint64((1 << 2 * shift) - 1)).astype(np.uint32), side="right")
        places = _joined(starts, stops)
        x, y = cells_of(self.codes[places])
        return places[(x >= left) & (x <= right) & (y >= top) & (y <= bottom)]

    def within_polygon(self, corners: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
        """The places of the examples within a closed shape, ascending; where it crosses itself, by the even-odd rule.

        corners : (c, 2) cells, three at least. A cell belongs to the shape if its centre does.
        Raises: ShapeError. Cost: as `within_box`, and one pass over the box for each corner.
        """
        if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
            raise ShapeError("the shape", wanted="have three corners or more", got=f"shape {corners.shape}")
        low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
        places = self.within_box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        x, y = (axis.astype(np.float64) + 0.5 for axis in cells_of(self.codes[places]))
        inside = np.zeros(len(places), bool)
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if y0 == y1:
                continue
            crossed = (y0 > y) != (y1 > y)
            inside ^= crossed & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        return places[inside]

    def nearest(self, x: float, y: float, reach: int) -> int | None:
        """The place of the example nearest to a cell, at most `reach` away: the first of equals, or None."""
        places = self.within_box(int(x) - reach, int(y) - reach, int(x) + reach, int(y) + reach)
        if not len(places):
            return None
        across, down = (axis.astype(np.float64) for axis in cells_of(self.codes[places]))
        squares = (across - x) ** 2 + (down - y) ** 2
        best = int(np.argmin(squares))
        return int(places[best]) if squares[best] <= reach * reach else None

    def places_of(self, rows: Rows) -> npt.NDArray[np.int64]:
        """The place of each of some rows of the pool. Cost: 8 bytes for each row of the pool."""
        place_of = np.empty(len(self), np.int64)
        place_of[self.rows] = np.arange(len(self))
        found: npt.NDArray[np.int64] = place_of[rows]
        return found

    def _places(self, codes: list[int]) -> list[int]:
        """The first place at or after each code; a code may be one past the last."""
        known = [code for code in codes if code < 1 << 2 * BITS]
        found = np.searchsorted(self.codes, np.array(known, np.uint32)).tolist()
        return [*found, *[len(self)] * (len(codes) - len(known))]


def _frame(positions: npt.NDArray[np.floating[Any]]) -> tuple[npt.NDArray[np.float32], float]:
    """The centre of the map and half of its side: all examples, unless a few of them lie far from the others."""
    low, high = positions.min(axis=0).astype(np.float64), positions.max(axis=0).astype(np.float64)
    few = int(len(positions) * _MIDDLE)
    if few:
        cut = np.partition(positions, (few, len(positions) - 1 - few), axis=0)
        inner_low, inner_high = cut[few].astype(np.float64), cut[-1 - few].astype(np.float64)
        extent = np.maximum(inner_high - inner_low, np.finfo(np.float32).tiny)
        is_far = (high - low) > _FAR * extent.max()
        if is_far.any():
            low, high = inner_low - 0.1 * extent, inner_high + 0.1 * extent
    reach = float((high - low).max()) / 2
    return ((low + high) / 2).astype(np.float32), (reach or 1.0) * (1 + _MARGIN)


def _joined(starts: npt.NDArray[Any], stops: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """All whole numbers of ascending ranges, one after another."""
    lengths = stops - starts
    total = int(lengths.sum())
    firsts = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    return (firsts + np.arange(total)).astype(np.int64)

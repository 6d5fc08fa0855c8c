"""A learning curve in text: a few lines of a terminal, points joined by dots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

HEIGHT = 7
_POINT, _BETWEEN = "●", "·"


def curve_lines(labels: Sequence[int], values: Sequence[float], *, width: int, plain: bool = False) -> list[str]:
    """The curve of `values` over `labels`, both (points,), as lines of at most `width` characters.

    The axis runs from the least value to the largest, not from 0: its ends are written beside it. plain: ASCII only.
    """
    low, high = min(values), max(values)
    if high == low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    margin = max(len(_axis(row, low, high)) for row in range(HEIGHT))
    columns = max(10, width - margin - 3)
    first, last = min(labels), max(labels)
    grid = [[" "] * columns for _ in range(HEIGHT)]
    points = sorted(zip(labels, values, strict=True))
    at = [(_place(label, first, last, columns), _place(value, low, high, HEIGHT)) for label, value in points]
    for (left, below), (right, above) in pairwise(at):
        for column in range(left, right + 1):
            share = (column - left) / max(1, right - left)
            grid[HEIGHT - 1 - round(below + share * (above - below))][column] = _BETWEEN
    for column, height in at:
        grid[HEIGHT - 1 - height][column] = _POINT
    lines = [
        f"{_axis(row, low, high):>{margin}} | {''.join(cells).rstrip()}".rstrip() for row, cells in enumerate(grid)
    ]
    ends = f"{first:,}" if first == last else f"{first:,}{f'{last:,} labelled':>{max(1, columns - len(f'{first:,}'))}}"
    lines += [f"{'':>{margin}} +{'-' * (columns + 1)}", f"{'':>{margin}}   {ends}"]
    return [line.replace(_POINT, "o").replace(_BETWEEN, ".") for line in lines] if plain else lines


def _axis(row: int, low: float, high: float) -> str:
    if row == 0:
        return _short(high)
    return _short(low) if row == HEIGHT - 1 else _short((low + high) / 2) if row == HEIGHT // 2 else ""


def _place(value: float, low: float, high: float, places: int) -> int:
    return 0 if high == low else round((value - low) / (high - low) * (places - 1))


def _short(value: float) -> str:
    return f"{value:.4g}"

"""How each strategy is drawn: a colour of the page, dashes and a marker, so that curves are told apart without colour.

Beside the two baselines, colours repeat after six strategies, dashes after five and markers after seven, so no two of
the first 30 share colour and dashes. In a panel of curves, which shows four in a row beside the baselines, all colours,
dashes and markers differ. The colours themselves, in page.css, keep apart for the three kinds of colour blindness, and
differ in lightness (tests/report/test_styles.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Dashes = tuple[float, ...]  # lengths of line and gap by turns, in line widths; () for an unbroken line
IN_PANEL = 4  # strategies of one panel, without the baselines
_BASELINE_COLOURS = (1, 2)
_COLOURS = (0, 3, 4, 7, 5, 6)  # neighbours differ in hue
_BASELINE_DASHES: tuple[Dashes, ...] = ((3.2, 1.6), (1.0, 1.4))
_DASHES: tuple[Dashes, ...] = ((), (7.0, 2.0), (5.0, 1.6, 1.0, 1.6), (1.8, 1.8), (7.0, 1.6, 1.0, 1.6, 1.0, 1.6))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # matplotlib's


@dataclass(frozen=True, slots=True)
class Style:
    """How a strategy is drawn.

    Attributes
    ----------
    series : int
        The number of the page's colour.
    dashes : tuple of float
        Of its curves.
    marker : str
        At the measurements; "" for baselines, which have none.
    """

    series: int
    dashes: Dashes
    marker: str


def style_of(strategies: Sequence[str], baselines: Sequence[str], strategy: str) -> Style:
    """The style of `strategy`, one of `strategies`; no other strategy has the colours and dashes of the baselines."""
    if strategy in baselines:
        place = baselines.index(strategy) % len(_BASELINE_COLOURS)
        return Style(_BASELINE_COLOURS[place], _BASELINE_DASHES[place], "")
    place = [each for each in strategies if each not in baselines].index(strategy)
    dashes, marker = _DASHES[place % len(_DASHES)], _MARKERS[place % len(_MARKERS)]
    return Style(_COLOURS[place % len(_COLOURS)], dashes, marker)

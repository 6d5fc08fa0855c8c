"""Colours that people with any kind of colour vision tell apart.

Classes: M. Okabe and K. Ito, "Color Universal Design", 2008, without black and without yellow, which is lost on white.
Numbers: viridis, by S. van der Walt and N. Smith for matplotlib (CC0), at 16 places and interpolated between them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CLASSES = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7")
OTHERS = "#8a8f98"  # of classes beyond those that have a colour of their own
VIRIDIS = (
    *("#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e"),
    *("#1f988b", "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725"),
)
_GREY = (0x80, 0x86, 0x90)  # seen on white and on black; the map's page has a grey for each of its themes
_FAINT, _STRONG = 150, 240  # alpha of one example in a pixel, and of the fullest


def grey_palette() -> npt.NDArray[np.uint8]:
    """(256, 4): place 0 is transparent, the others are grey and less transparent upwards."""
    palette = np.empty((256, 4), np.uint8)
    palette[:, :3] = _GREY
    palette[1:, 3] = np.linspace(_FAINT, _STRONG, 255).astype(np.uint8)
    palette[0, 3] = 0
    return palette


def viridis_palette() -> npt.NDArray[np.uint8]:
    """(256, 4): place 0 is transparent, 1 to 255 go from dark blue to yellow."""
    palette = np.zeros((256, 4), np.uint8)
    palette[1:, :3] = ramp(255)
    palette[1:, 3] = 255
    return palette


def ramp(colours: int) -> npt.NDArray[np.uint8]:
    """(colours, 3): evenly spaced along viridis."""
    known = np.array([[int(each[place : place + 2], 16) for place in (1, 3, 5)] for each in VIRIDIS], np.float64)
    wanted, have = np.linspace(0, 1, colours), np.linspace(0, 1, len(known))
    return np.rint(np.stack([np.interp(wanted, have, known[:, band]) for band in range(3)], axis=1)).astype(np.uint8)


def class_palette() -> npt.NDArray[np.uint8]:
    """(8, 4): place 0 is transparent, then the colours of classes, then that of the others."""
    palette = np.zeros((len(CLASSES) + 2, 4), np.uint8)
    for place, each in enumerate((*CLASSES, OTHERS), start=1):
        palette[place] = [*(int(each[start : start + 2], 16) for start in (1, 3, 5)), 255]
    return palette

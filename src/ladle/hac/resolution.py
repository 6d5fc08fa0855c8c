"""Whether rounding blurs a finished tree: a warning, or an error where exactness was asked for."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ladle.errors import PrecisionError, PrecisionWarning
from ladle.geometry.metric_space import UNITS
from ladle.hac.tree.level import DEFAULT_MEAN_SIZE
from ladle.notices import gathering, notice

if TYPE_CHECKING:
    from ladle.hac.intake import Box
    from ladle.hac.tree.dendrogram import Dendrogram

CERTIFIED = 0.99  # an exact clustering proves at least this share of its merges
BLURRED = 0.01  # share of the rows that an approximate clustering may blur without a warning
BLUR = 1e-3  # a row is blurred when the square of its rounding is more than this share of the height of the cut


def check_resolution(tree: Dendrogram, box: Box, *, insisted: bool) -> Dendrogram:
    """Warn, or refuse, where rounding may have changed clusters. Returns the tree, its recall without blurred rows.

    box: where the rows lie. insisted: whether exactness was asked for. Raises: PrecisionError when it was, and an exact
    tree proves few of its merges. In all other cases PrecisionWarning says that clusters may be wrong. Cost: none.
    """
    if tree.recall is not None:
        return _without_blurred(tree, box)
    if tree.certified < CERTIFIED:
        _report_unproven(tree, insisted)
    return tree


def _report_unproven(tree: Dendrogram, insisted: bool) -> None:
    share = f"{tree.certified:.2%} of its {len(tree.merges):,} merges proven"
    remedy = (
        "Many rows lie far from the origin and very near each other, so that rounding hides which of them are nearest. "
        "Subtract from each group of rows its own centre, scale columns of huge numbers, or leave out the rows of huge "
        "size."
    )
    if insisted:
        raise PrecisionError(
            "the exact clustering", wanted=f"prove {CERTIFIED:.0%} of its merges", got=share, remedy=remedy
        )
    _warn(f"The clustering is not known to be exact: {share}. {remedy}")


def _without_blurred(tree: Dendrogram, box: Box) -> Dendrogram:
    """Take blurred rows out of the recall: rows so far from the centre that their rounding is large beside the cut."""
    height = _height_of_cut(tree)
    if tree.recall is None or height is None:
        return tree
    rounding = 2.0**-23 * box.lengths
    blurred = float(np.mean(rounding**2 > BLUR * height / UNITS[tree.metric]))
    if blurred > BLURRED:
        _warn(
            f"float32 cannot tell the neighbours of {blurred:.0%} of a sample's rows apart, because these lie so far "
            "from the centre of all rows: their clusters may be wrong. Cluster exactly (exact=True, --exact), subtract "
            "from each group of rows its own centre, or leave out the rows of huge size."
        )
    return replace(tree, recall=tree.recall * (1.0 - blurred))


def _warn(text: str) -> None:
    """Show `text` with the answer of a command, or as a warning to users of the library."""
    if gathering():
        notice(f"Warning: {text}")
    else:
        warnings.warn(text, PrecisionWarning, stacklevel=5)


def _height_of_cut(tree: Dendrogram) -> float | None:
    """The height of the last merge at the level of the tree, or at the default mean size; None where all are 0.

    Where the cut joins equal rows alone, the first merge above them.
    """
    above = tree.heights[tree.heights > 0]
    if len(above) == 0:
        return None
    if tree.level is not None:
        height = tree.locate(tree.level)[1]
    else:
        height = float(tree.heights[min(len(tree.heights), tree.n - max(1, tree.n // DEFAULT_MEAN_SIZE)) - 1])
    return max(height, float(above[0]))

"""Drawings as SVG with the colours of the page around them, so that one drawing serves light and dark pages.

matplotlib draws with placeholder colours; in the finished SVG they become CSS variables. Text stays text, which
screen readers and searches can read, in the font of the page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ladle.errors import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Placeholder -> the page's variable. The placeholders are colours that nothing else is drawn with.
INK, MUTED, GRID = "#010101", "#020202", "#030303"
SERIES = ("#0a0001", "#0a0002", "#0a0003", "#0a0004", "#0a0005", "#0a0006", "#0a0007", "#0a0008")
BROAD, NARROW = 10.5, 4.7  # inches: a point is then about 1.3 pixels, on a desk and on a phone
_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--line)"} | {
    placeholder: f"var(--series-{number})" for number, placeholder in enumerate(SERIES)
}
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def legend(axes: Axes, **where: Any) -> None:
    """A legend in the page's ink; `where` goes to matplotlib's `legend`."""
    axes.legend(frameon=False, labelcolor=INK, fontsize=10, handlelength=3.4, **where)


def drawn(name: str, inches: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    """The SVG of one pair of axes, without the XML prologue."""
    with _figure(name, inches) as figure:
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _themed(file.getvalue())


@contextmanager
def _figure(name: str, inches: tuple[float, float]) -> Iterator[Figure]:
    """A figure that belongs to no window and no global state."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as cause:
        raise MissingDependencyError(
            "the package matplotlib",
            wanted="be installed to draw a report",
            got="no such package",
            remedy='Run: pip install "ladle[lab]"',
        ) from cause
    # The salt makes the ids of clip paths the same in every run, and different in every figure of one page.
    with rc_context(_STYLE | {"svg.hashsalt": f"{name} {inches[0]}"}):  # type: ignore[arg-type]
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure


def _themed(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', "", svg, count=1)  # the page decides the width
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)  # the family is the page's
    for placeholder, variable in _VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    return svg

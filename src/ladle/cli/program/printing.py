"""What a command prints on stdout: one JSON object for machines, or tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ladle.cli.program.failures import drop_stdout
from ladle.notices import notices

Facts = Mapping[str, Any]

_WIDTH_OF_FILES = 100_000  # characters of a line of pipes and files: no text of a table is longer
_BETWEEN_COLUMNS = 4  # the padding of two_columns and of the tables of campaigns


def print_answer(title: str, shown: Mapping[str, str], facts: Facts, *, as_json: bool) -> None:
    """Print `facts` as JSON, or `shown` (label -> text) as a table of two columns."""
    if as_json:
        print_json(facts)
    else:
        print_tables([(title, shown)])


def print_json(facts: Facts) -> None:
    """Print one JSON object, with the notices under `notices` if there are any."""
    noted = {"notices": list(notices())} if notices() else {}
    _write(json.dumps({**facts, **noted}, ensure_ascii=False, allow_nan=False) + "\n")


def print_tables(tables: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Print tables of two columns, each below its title, and then the notices."""
    notes = [("Notes", {str(place): text for place, text in enumerate(notices(), 1)})] if notices() else []
    print_parts([(title, two_columns(shown)) for title, shown in [*tables, *notes]])


def print_parts(parts: Sequence[tuple[str, Any]], *, spaced: bool = False) -> None:
    """Print parts that rich can render, each below its title; `spaced` puts a blank line between them.

    Lines are as long as they are where the output is no terminal: another program reads them.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
    width = console.width
    with console.capture() as capture:
        for place, (title, part) in enumerate(parts):
            if place and spaced:
                console.print()
            console.print(Text(title, style="bold"))
            console.width = max(width, least_width(part))
            console.print(part)
    _write("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))


def least_width(part: Any) -> int:
    """The width below which a table would cut what must stay whole: the columns with a least width; 0 for none."""
    columns = getattr(part, "columns", ())
    return sum((column.min_width or 1) + _BETWEEN_COLUMNS for column in columns) if columns else 0


def two_columns(shown: Mapping[str, str]) -> Any:
    """A table of two columns: labels and texts."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in shown.items():
        table.add_row(Text(label), Text(text))
    return table


def peak_bytes() -> int | None:
    """The most memory that this process has held at once; None if the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def time_and_memory(seconds: float, peak: int | None) -> str:
    """Time and memory for people: "3.1 s, 224.7 MiB of memory at most"."""
    from ladle.memory.budget import bytes_text

    return seconds_text(seconds) + (f", {bytes_text(peak)} of memory at most" if peak else "")


def seconds_text(seconds: float) -> str:
    """A duration for people: "3.1 s", "2 min 5 s", "1 h 12 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()

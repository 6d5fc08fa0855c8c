"""What the pages of docs/results are made of: rows that the benchmarks left, and Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.record import RESULTS

Row = dict[str, Any]


def newest(name: str, *, together: Callable[[str], str] | None = None) -> list[Row]:
    """The newest row of each sizes, in the order in which they were first measured.

    together: whose a figure is, by its name. Of whom the newest row has no figure, those of older rows stay.
    """
    path = RESULTS / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    newest_rows: dict[str, Row] = {}
    for row in rows:
        sizes = json.dumps(row["sizes"], sort_keys=True)
        if together and (older := newest_rows.get(sizes)):
            mine, measured = row["figures"], {together(figure) for figure in row["figures"]}
            figures = {
                figure: value
                for figure, value in (older["figures"] | mine).items()
                if figure in mine or together(figure) not in measured
            }
            if len(figures) > len(mine):
                row["earlier"] = [*older.get("earlier", []), older["commit"]]
            row["figures"] = figures
        newest_rows[sizes] = row
    return list(newest_rows.values())


def markdown(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    shown = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in shown) + "\n"


def number(value: object, digits: int = 2) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{digits}f}" if isinstance(value, float) else str(value)


def origin(row: Row) -> str:
    """When, where and at which commit."""
    machine = row["machine"]
    memory = machine["memory_bytes"] / 2**30
    earlier = f" (figures not measured again: {', '.join(row['earlier'])})" if row.get("earlier") else ""
    return (
        f"{row['date'][:10]}, commit {row['commit']}{earlier}, {machine['cores']} cores of {machine['cpu']}, "
        f"{memory:.0f} GiB, Python {machine['python']}."
    )


def by_subject(figures: Row) -> dict[str, Row]:
    """Figures named "subject, what" as {subject: {what: value}}."""
    subjects: dict[str, Row] = {}
    for key, value in figures.items():
        subject, _, what = key.rpartition(", ")
        subjects.setdefault(subject, {})[what] = value
    return subjects

"""The tables of docs/results, made from the rows that the benchmarks left in benchmarks/results.

python benchmarks/tables.py            # writes docs/results/{neighbours,clustering,agreement,scale,strategies}.md

Of several rows with the same sizes, the newest counts. Nothing is typed by hand: to change a figure, measure it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from record import RESULTS

PAGES = Path(__file__).parents[1] / "docs" / "results"
Row = dict[str, Any]


def newest(name: str, *, together: bool = False) -> list[Row]:
    """The newest row of each sizes, in the order in which they were first measured.

    together: figures that the newest row lacks stay those of older rows.
    """
    path = RESULTS / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    kept: dict[str, Row] = {}
    for row in rows:
        sizes = json.dumps(row["sizes"], sort_keys=True)
        if together and sizes in kept:
            row["earlier"] = [*kept[sizes].get("earlier", []), kept[sizes]["commit"]]
            row["figures"] = kept[sizes]["figures"] | row["figures"]
        kept[sizes] = row
    return list(kept.values())


def markdown(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    shown = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in shown) + "\n"


def number(value: object, digits: int = 2) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, (int, float)) else str(value)


def told(row: Row) -> str:
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
    found: dict[str, Row] = {}
    for key, value in figures.items():
        subject, _, what = key.rpartition(", ")
        found.setdefault(subject, {})[what] = value
    return found


def neighbours() -> str:
    parts = [
        "# Nearest neighbours at equal recall\n",
        "Seconds for the nearest neighbours of every point, index included, by each library's quickest setting that "
        "reaches the recall (`python benchmarks/neighbours.py --name NAME --rows ROWS`). In brackets: times Ladle's.\n",
    ]
    for row in newest("neighbours"):
        sizes, found = row["sizes"], by_subject(row["figures"])
        recalls = sorted({subject.rpartition(" at ")[2] for subject in found if " at 0." in subject})
        if not any(not subject.startswith("ladle ") and " at 0." in subject for subject in found):
            continue  # nobody to compare with
        libraries = dict.fromkeys(subject.rpartition(" at ")[0] for subject in found if " at 0." in subject)
        parts.append(f"## {sizes['name']} {sizes['rows']:,} x {sizes['dim']}, k = {sizes['k']}\n")
        lines = []
        for library in libraries:
            cells = [library]
            for recall in recalls:
                seconds = found.get(f"{library} at {recall}", {}).get("seconds")
                ours = found.get(f"ladle cells at {recall}", {}).get("seconds")
                ratio = f" ({seconds / ours:.1f})" if isinstance(seconds, float) and isinstance(ours, float) else ""
                cells.append("not reached" if seconds is None else number(seconds) + ratio)
            lines.append(cells)
        parts.append(markdown(["library", *(f"recall {recall} or more" for recall in recalls)], lines))
        parts.append(told(row) + "\n")
    return "\n".join(parts)


def clustering() -> str:
    parts = [
        "# Flat clusters of mean size 10, beside other libraries\n",
        "`python benchmarks/peers.py --name NAME --rows ROWS`. Agreement is with exact average linkage; only the "
        "linkage libraries aim at it. Memory is the process's peak, data and libraries included.\n",
    ]
    for row in newest("peers"):
        sizes = row["sizes"]
        parts.append(f"## {sizes['name']} {sizes['rows']:,} x {sizes['dim']}\n")
        lines = []
        for library, found in by_subject(row["figures"]).items():
            if found.get("outcome") != "done":
                lines.append([library, str(found.get("outcome")), "", "", "", "", ""])
                continue
            lines.append(
                [
                    library,
                    number(found["seconds"]),
                    number(found["peak_bytes"] / 2**30),
                    number(found.get("adjusted Rand index"), 4),
                    number(found.get("V-measure"), 4),
                    number(found["clusters"], 0),
                    number(found["left out"], 3),
                ]
            )
        head = ["library", "seconds", "peak GiB", "adjusted Rand index", "V-measure", "clusters", "left out"]
        parts += [markdown(head, lines), told(row) + "\n"]
    for row in newest("peers_largest"):
        parts += largest(row)
    return "\n".join(parts)


def largest(row: Row) -> list[str]:
    """How far each library gets within a limit."""
    sizes = row["sizes"]
    lines = []
    for library, found in by_subject(row["figures"]).items():
        done = [number(found[what], 0) for what in ("rows", "seconds")] if "rows" in found else ["none", ""]
        peak = number(found["peak_bytes"] / 2**30) if "rows" in found else ""
        lines.append([library, *done, peak, str(found.get("beyond", f"not tried beyond {sizes['most rows']:,}"))])
    return [
        f"## {sizes['name']}: the largest of {sizes['first rows']:,}, twice as many and so on, done "
        f"in {sizes['limit']:g} s\n",
        markdown(["library", "rows", "seconds", "peak GiB", "twice as many"], lines),
        told(row) + "\n",
    ]


def agreement() -> str:
    parts = [
        "# What approximate neighbours lose\n",
        "Against the exact tree of the same rows, cut at mean size 10 (`python benchmarks/agreement.py --name NAME`). "
        "Equal picks: the share of a batch of a hundredth of the pool that both clusterings choose with one seed; "
        "beside it, what two seeds of the exact one share.\n",
    ]
    kept = [
        "seconds",
        "recall",
        "adjusted Rand index",
        "V-measure",
        "rows in identical clusters",
        "relative height difference, 99th percentile",
        "random margins, equal picks",
        "random margins, equal picks, exact with another seed",
    ]
    lines = []
    for row in newest("agreement"):
        figures, sizes = row["figures"], row["sizes"]
        for way in ("exact", "exact of float16", "default", "high"):
            if not any(key.startswith(f"{way}, ") for key in figures):
                continue
            cells = [f"{sizes['name']} {sizes['rows']:,} x {sizes['dim']}", way]
            measured = (number(figures.get(f"{way}, {what}", ""), 3) for what in kept)
            lines.append([*cells, *measured, row["date"][:10], row["commit"]])
    return "\n".join([*parts, markdown(["data", "clustering", *kept, "date", "commit"], lines)])


def scale() -> str:
    lines = []
    for row in newest("scale"):
        sizes, figures = row["sizes"], row["figures"]
        if "name" not in sizes:
            continue
        engine = {"True": "exact", "False": "cells"}.get(sizes["exact"], "by size")
        lines.append(
            [
                f"{sizes['name']} {sizes['rows']:,} x {sizes['dim']} {sizes['dtype']}",
                engine,
                number(figures["seconds"], 1),
                number(figures["bytes_above_data"] / 2**20, 0),
                number(figures["recall"], 3),
                row["date"][:10],
                row["commit"],
            ]
        )
    return "\n".join(
        [
            "# Clustering at scale\n",
            "To mean size 10, one run each, on two cores of a shared machine whose speed drifts from day to day "
            "(`python benchmarks/scale.py`); LOG.md says more of each.\n",
            markdown(["data", "neighbours", "seconds", "MiB above the data", "recall", "date", "commit"], lines),
        ]
    )


def strategies() -> str:
    rows = newest("strategies", together=True)
    parts = [
        "# Choosing a batch\n",
        "Seconds, and MiB held above the data, of every strategy's query (`python benchmarks/strategies.py --pool ROWS "
        "--size BATCH --classes CLASSES`); clusters, probabilities and embeddings (128 dimensions) are given. Other "
        "implementations: the direct greedy of NumPy, and scikit-activeml.\n",
    ]
    columns = [by_subject(row["figures"]) for row in rows]
    labels = dict.fromkeys(label for column in columns for label in column)
    lines = []
    for label in labels:
        cells = [label]
        for column in columns:
            found = column.get(label)
            if found is None:
                cells.append("")
            elif found["outcome"] == "done":
                cells.append(f"{number(found['seconds'])} s, {number(found['bytes'] / 2**20, 0)}")
            else:
                cells.append(str(found["outcome"]))
        lines.append(cells)
    head = [f"{r['sizes']['size']:,} of {r['sizes']['rows']:,}, {r['sizes']['classes']} classes" for r in rows]
    return "\n".join([*parts, markdown(["strategy", *head], lines), *(told(row) + "\n" for row in rows)])


def main() -> None:
    pages: list[Callable[[], str]] = [neighbours, clustering, agreement, scale, strategies]
    for page in pages:
        path = PAGES / f"{page.__name__}.md"
        path.write_text("<!-- Made by benchmarks/tables.py: measure again instead of editing. -->\n" + page())
        print(path)


if __name__ == "__main__":
    main()

"""The pages of docs/results, made from the rows that the benchmarks left in benchmarks/results.

python -m benchmarks.tables            # writes docs/results/*.md

Of several rows with the same sizes, the newest counts. Nothing is typed by hand: to change a figure, measure it again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.clustering.pages import agreement, hard_pools, scale
from benchmarks.neighbours.libraries import LIBRARIES
from benchmarks.reliability.pages import reliability
from benchmarks.table_parts import Row, by_subject, markdown, newest, number, origin

PAGES = Path(__file__).parents[1] / "docs" / "results"


def neighbours() -> str:
    parts = [
        "# Nearest neighbours at equal recall\n",
        "Seconds for the nearest neighbours of every point, index included, by each library's quickest setting that "
        "reaches the recall (`python -m benchmarks.neighbours.peers --name NAME --rows ROWS`). In brackets: times "
        "Ladle's. Not counted is a first call on few rows, in which some compile: half a minute and more for "
        "pynndescent, seconds for Ladle. The limit of time counts it.\n",
    ]
    for row in newest("neighbours", together=library_of):
        sizes, results = row["sizes"], by_subject(row["figures"])
        recalls = sorted({subject.rpartition(" at ")[2] for subject in results if " at 0." in subject})
        libraries = [name for name in LIBRARIES if any(library_of(subject) == name for subject in results)]
        if all(name.startswith("ladle ") for name in libraries):
            continue  # nobody to compare with
        size = f"{sizes['name']} {sizes['rows']:,} x {sizes['dim']}"
        parts.append(f"## {size}, k = {sizes['k']}, threads: {sizes['threads']}\n")
        lines = []
        for library in libraries:
            cells = [library]
            for recall in recalls:
                seconds = results.get(f"{library} at {recall}", {}).get("seconds")
                ours = results.get(f"ladle cells at {recall}", {}).get("seconds")
                ratio = f" ({seconds / ours:.1f})" if isinstance(seconds, float) and isinstance(ours, float) else ""
                cells.append(short_of(library, results) if seconds is None else number(seconds) + ratio)
            lines.append(cells)
        parts.append(markdown(["library", *(f"recall {recall} or more" for recall in recalls)], lines))
        parts.append(origin(row) + "\n")
    return "\n".join(parts)


def library_of(figure: str) -> str:
    """The library a figure's name begins with."""
    return next((name for name in LIBRARIES if figure.startswith(name)), figure)


def short_of(library: str, results: dict[str, Row]) -> str:
    """Why a library has no seconds at a recall: the end of its settings, or of its time."""
    mine = [what for subject, what in results.items() if library_of(subject) == library]
    ends = [str(what["outcome"]) for what in mine if "outcome" in what]
    return ends[-1] if ends else "not reached"


def clustering() -> str:
    parts = [
        "# Flat clusters of mean size 10, beside other libraries\n",
        "`python -m benchmarks.clustering.peers --name NAME --rows ROWS`. Agreement is with exact average linkage; "
        "only the linkage libraries aim at it. Memory is the process's peak, data and libraries included.\n",
    ]
    for row in newest("peers"):
        sizes = row["sizes"]
        parts.append(f"## {sizes['name']} {sizes['rows']:,} x {sizes['dim']}\n")
        lines = []
        for library, results in by_subject(row["figures"]).items():
            if results.get("outcome") != "done":
                lines.append([library, str(results.get("outcome")), "", "", "", "", ""])
                continue
            lines.append(
                [
                    library,
                    number(results["seconds"]),
                    number(results["peak_bytes"] / 2**30),
                    number(results.get("adjusted Rand index"), 4),
                    number(results.get("V-measure"), 4),
                    number(results["clusters"], 0),
                    number(results["left out"], 3),
                ]
            )
        head = ["library", "seconds", "peak GiB", "adjusted Rand index", "V-measure", "clusters", "left out"]
        parts += [markdown(head, lines), origin(row) + "\n"]
    for row in newest("peers_largest", together=str):
        parts += largest(row)
    return "\n".join(parts)


def largest(row: Row) -> list[str]:
    """How far each library gets within a limit."""
    sizes = row["sizes"]
    lines = []
    for library, results in by_subject(row["figures"]).items():
        done = [number(results[what], 0) for what in ("rows", "seconds")] if "rows" in results else ["none", ""]
        peak = number(results["peak_bytes"] / 2**30) if "rows" in results else ""
        lines.append([library, *done, peak, str(results.get("beyond", f"not tried beyond {sizes['most rows']:,}"))])
    return [
        f"## {sizes['name']}: the largest of {sizes['first rows']:,}, twice as many and so on, done "
        f"in {sizes['limit']:g} s, threads: {sizes['threads']}\n",
        markdown(["library", "rows", "seconds", "peak GiB", "twice as many"], lines),
        origin(row) + "\n",
    ]


def strategies() -> str:
    rows = newest("strategies", together=str)
    parts = [
        "# Choosing a batch\n",
        "Seconds, and MiB held above the data, of every strategy's query (`python -m benchmarks.strategies.peers "
        "--pool ROWS --size BATCH --classes CLASSES`); clusters, probabilities and embeddings (128 dimensions) are "
        "given. Other implementations: the direct greedy of NumPy, and scikit-activeml.\n",
    ]
    columns = [by_subject(row["figures"]) for row in rows]
    labels = dict.fromkeys(label for column in columns for label in column)
    lines = []
    for label in labels:
        cells = [label]
        for column in columns:
            results = column.get(label)
            if results is None:
                cells.append("")
            elif results["outcome"] == "done":
                cells.append(f"{number(results['seconds'])} s, {number(results['bytes'] / 2**20, 0)}")
            else:
                cells.append(str(results["outcome"]))
        lines.append(cells)
    head = [f"{r['sizes']['size']:,} of {r['sizes']['rows']:,}, {r['sizes']['classes']} classes" for r in rows]
    return "\n".join([*parts, markdown(["strategy", *head], lines), *(origin(row) + "\n" for row in rows)])


def main() -> None:
    pages: list[Callable[[], str]] = [
        neighbours,
        clustering,
        agreement,
        scale,
        hard_pools,
        strategies,
        reliability,
    ]
    for page in pages:
        path = PAGES / f"{page.__name__.replace('_', '-')}.md"
        path.write_text("<!-- Made by benchmarks/tables.py: measure again instead of editing. -->\n" + page())
        print(path)


if __name__ == "__main__":
    main()

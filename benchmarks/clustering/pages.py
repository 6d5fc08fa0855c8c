"""The pages of docs/results about Ladle's clustering: what approximation loses, scale, pools made to be hard."""

from __future__ import annotations

import itertools
import math

from benchmarks.table_parts import Row, markdown, newest, number, origin

BEFORE_SAID = 2  # threads of rows that do not say


def agreement() -> str:
    parts = [
        "# What approximate neighbours lose\n",
        "Against the exact tree of the same rows, cut at mean size 10 "
        "(`python -m benchmarks.clustering.agreement --name NAME`). "
        "Seconds compare within one data set only: not all ran on as many cores. Equal picks: the share of a batch of "
        "a hundredth of the pool that both clusterings choose with one seed; beside it, what two seeds of the exact "
        "one share.\n",
    ]
    columns = [
        "seconds",
        "recall",
        "adjusted Rand index",
        "V-measure",
        "rows in identical clusters",
        "relative height difference, 99th percentile",
        "inversions",
        "pushes",
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
            measured = (number(figures.get(f"{way}, {what}", ""), 3) for what in columns)
            lines.append([*cells, *measured, row["date"][:10], row["commit"]])
    return "\n".join([*parts, markdown(["data", "clustering", *columns, "date", "commit"], lines), *in_the_loop()])


def in_the_loop() -> list[str]:
    """What the approximation costs the model."""
    parts = [
        "## What it means to the model\n",
        "Labelling loops by Cluster-Margin on each clustering "
        "(`python -m benchmarks.clustering.loop_spread --name NAME`): "
        "accuracy in points after the last round, and the difference from the exact clusters, trial by trial, with its "
        "standard error. *Other draws* are the exact clusters with another seed of the strategy: chance alone.\n",
    ]
    rows = newest("loop_spread")
    for row in rows:
        sizes, figures = row["sizes"], row["figures"]
        copies = f", {sizes['copies']:g} near-duplicates in the mean" if sizes["copies"] > 1 else ""
        lines = []
        for way in ("exact", "exact, other draws", "default", "high"):
            cells = [way, number(figures.get(f"{way}, recall", "exact"), 3), number(figures[f"{way}, at the end"])]
            for what in ("at the end", "area"):
                key = f"{way}, {what} against exact"
                error = figures.get(f"{key}, standard error")
                cells.append(f"{figures[key]:+.2f} +- {error:.2f}" if key in figures else "")
            lines.append([*cells, number(figures[f"{way}, at the end, standard deviation over trials"])])
        head = ["clusters", "recall", "accuracy", "against exact", "area against exact", "deviation over trials"]
        parts.append(f"### {sizes['name']}{copies}: {sizes['rows']:,} rows, {sizes['trials']} trials\n")
        parts += [markdown(head, lines), origin(row) + "\n"]
    return parts if rows else []


def scale_rows() -> list[Row]:
    """The newest of each sizes and number of threads."""
    latest = {}
    for row in newest("scale"):
        sizes = {"threads": BEFORE_SAID, **row["sizes"]}
        if "name" in sizes:
            latest[tuple(sorted(sizes.items()))] = {**row, "sizes": sizes}
    return list(latest.values())


def scale() -> str:
    lines = []
    for row in scale_rows():
        sizes, figures = row["sizes"], row["figures"]
        engine = {"True": "exact", "False": "cells"}.get(sizes["exact"], "by size")
        lines.append(
            [
                f"{sizes['name']} {sizes['rows']:,} x {sizes['dim']} {sizes['dtype']}",
                engine,
                str(sizes["threads"]),
                number(figures["seconds"], 1),
                number(figures.get("processor_seconds", ""), 1),
                number(figures["bytes_above_data"] / 2**20, 0),
                number(figures["recall"], 3),
                row["date"][:10],
                row["commit"],
            ]
        )
    head = ["data", "neighbours", "threads", "seconds", "of processors"]
    return "\n".join(
        [
            "# Clustering at scale\n",
            "To mean size 10, one run each, on a shared machine of two cores whose speed drifts from day to day "
            "(`python -m benchmarks.clustering.scale`); where one thread was used, the other core was at other work. "
            "LOG.md says more of each.\n",
            markdown([*head, "MiB above the data", "recall", "date", "commit"], lines),
            *growth(),
        ]
    )


def growth() -> list[str]:
    """How processor seconds grow with the rows, where three sizes of one set or more were measured."""
    families: dict[tuple[str, ...], dict[int, float]] = {}
    for row in scale_rows():
        sizes = row["sizes"]
        family = (sizes["name"], str(sizes["dim"]), sizes["dtype"], sizes["quality"], str(sizes["threads"]))
        if sizes["exact"] != "True" and "processor_seconds" in row["figures"]:
            families.setdefault(family, {})[sizes["rows"]] = row["figures"]["processor_seconds"]
    paragraphs = []
    for (name, dim, dtype, _, threads), seconds in families.items():
        if len(seconds) < 3:
            continue
        rows = sorted(seconds)
        powers = [math.log(seconds[b] / seconds[a]) / math.log(b / a) for a, b in itertools.pairwise(rows)]
        whole = slope([math.log(n) for n in rows], [math.log(seconds[n]) for n in rows])
        steps = ", ".join(f"{power:.2f}" for power in powers)
        paragraphs.append(
            f"{name} x {dim} {dtype}, {', '.join(f'{n:,}' for n in rows)} rows by approximate neighbours, threads: "
            f"{threads}: processor seconds grow as rows^{whole:.2f} over all (least squares of logarithms; from size "
            f"to size {steps}).\n"
        )
    return paragraphs


def slope(x: list[float], y: list[float]) -> float:
    """Of the least-squares line."""
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    across = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    return across / sum((a - x_mean) ** 2 for a in x)


def hard_pools() -> str:
    lines = []
    for row in newest("hard_pools"):
        sizes, figures = row["sizes"], row["figures"]
        lines.append(
            [
                sizes["pool"].replace("_", " "),
                f"{sizes['rows']:,}",
                sizes["engine"],
                number(figures["seconds"], 1),
                number(figures["own"], 1),
                *(number(figures[what], 0) for what in ("rounds", "searches")),
                number(figures["searched"]),
                number(figures.get("exponent_seconds", "")),
                row["date"][:10],
                row["commit"],
            ]
        )
    head = ["pool", "rows", "neighbours", "processor seconds", "of them rounds", "rounds", "searches"]
    head += ["queries a row", "exponent", "date", "commit"]
    return "\n".join(
        [
            "# Pools made to be hard\n",
            "A full tree each (`python -m benchmarks.clustering.hard_pools`, whose docstrings say what each pool is); "
            "processor seconds of all threads; the exponent is the slope of log seconds against log rows from 8,000 "
            "rows up.\n",
            markdown(head, lines),
        ]
    )

"""`ladle lab report`, `compare` and `publish`: the results of runs as pages, tables and small ledgers."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.report.compare import RunComparison

_SHORT = 7  # letters of a cell that is aligned right: a number, an outcome
RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run, or its ledger.sqlite.", show_default=False)
]


def report(
    run: RunPath,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="PAGE", help="The page to write: .html. Default: NAME.html, the protocol's."
        ),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Also the tables, as .md.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Also every measurement, as .csv.")] = None,
    examples: Annotated[
        bool,
        typer.Option("--examples", help="Show chosen examples; loads the data set, of images or texts."),
    ] = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Write the results of a run as one self-contained HTML page, and as Markdown and CSV on request.

    The run may be unfinished: finished trials count. --json prints everything the page says.
    """
    from ladle.cli.program.outputs import check_output, write_contents
    from ladle.cli.program.printing import print_answer
    from ladle.lab.ledger.ledger import Ledger
    from ladle.lab.runner.provenance import dataset_of
    from ladle.lab.runner.starts import first_clusters
    from ladle.report import facts_of, page, tables

    suffixes = {"page": [".html", ".htm"], "markdown": [".md"], "csv": [".csv"]}
    targets = {kind: path for kind, path in zip(suffixes, (out, markdown, csv), strict=True) if path is not None}
    for kind, path in targets.items():
        check_output(path, suffixes[kind], inputs=[])
    with Ledger.open(run) as ledger:
        if out is None:  # named after the run, so that the report of another run does not replace it
            out = Path(f"{ledger.experiment().name}.html")
            check_output(out, suffixes["page"], inputs=[])
            targets = {"page": out, **targets}
        dataset = dataset_of(ledger) if examples else None
        report_facts = facts_of(ledger, clusters=first_clusters(ledger))  # once, for all outputs
        contents = {out: page(report_facts, dataset=dataset)}
        contents |= {} if markdown is None else {markdown: tables.markdown_of(report_facts)}
        contents |= {} if csv is None else {csv: tables.csv(ledger)}
        write_contents(contents, force=force)
        written = {kind: str(path) for kind, path in targets.items()}
        facts = {"command": "lab report", "written": written}
        if as_json:
            facts |= {"report": report_facts.to_dict()}
        print_answer(f"Report of {ledger.experiment().title}", written, facts, as_json=as_json)


def compare(
    first: RunPath,
    second: RunPath,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there, as .md.")] = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Put two runs side by side, strategy by strategy: by trial where they began from the same seed sets.

    Tables on a terminal, Markdown into a pipe or file. --json prints the numbers, and the Markdown too.
    """
    from ladle.cli.program.outputs import check_output, write_contents
    from ladle.cli.program.printing import print_json
    from ladle.lab.ledger.ledger import Ledger
    from ladle.report import tables
    from ladle.report.compare import compare as compare_runs

    if out is not None:
        check_output(out, [".md"], inputs=[])
    with Ledger.open(first) as one, Ledger.open(second) as other:
        compared = compare_runs(one, other)
    text = tables.compare_markdown_of(compared)
    if out is not None:
        write_contents({out: text}, force=force)
    if as_json:
        written = {"written": None if out is None else str(out), "markdown": text}
        print_json({"command": "lab compare", **written, **compared.to_dict()})
    elif out is not None:
        typer.echo(str(out))
    elif sys.stdout.isatty():
        _show_comparison(compared)
    else:
        typer.echo(text)


def publish(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="The folders of runs of one experiment, or their ledgers.", show_default=False
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The ledger to write: .sqlite.", show_default=False)
    ],
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Copy a run's ledger without the rows of its batches, which are most of its size; several runs become one ledger.

    Reports and comparisons read the copy like the run. Each batch is replaced by its digest (SHA-256), so that a run of
    the same protocol can be compared with it. Only the run itself can be continued. Several runs must be of one
    experiment, from the same seed sets and first models: for example some strategies run here, and others elsewhere.
    """
    from ladle.cli.program.outputs import check_output, write_new
    from ladle.cli.program.printing import print_answer
    from ladle.lab.ledger.ledger import Ledger
    from ladle.lab.ledger.publishing import check_target, publish_ledgers

    check_output(out, [".sqlite"], inputs=runs)
    with ExitStack() as opened:
        ledgers = [opened.enter_context(Ledger.open(each)) for each in runs]
        check_target(ledgers, out)  # also under --force: a run may be days of work
        write_new(out, lambda path: publish_ledgers(ledgers, path), force=force)
        sizes = sum(ledger.path.stat().st_size for ledger in ledgers)
    with Ledger.open(out) as copy:
        title, (done, total) = copy.experiment().title, copy.finished()
    size = out.stat().st_size
    shown = {"ledger": str(out), "rounds": f"{done:,} of {total:,}", "bytes": f"{size:,}, of {sizes:,}"}
    facts = {"command": "lab publish", "ledger": str(out), "rounds_done": done, "rounds_total": total}
    print_answer(f"Ledger of {title}", shown, {**facts, "bytes": size, "bytes_of_the_runs": sizes}, as_json=as_json)


COMMANDS = {"report": report, "compare": compare, "publish": publish}
EXAMPLES = {
    "report": options.examples(
        "ladle lab report ladle-lab/smoke", "ladle lab report runs/mine -o mine.html --markdown mine.md --csv mine.csv"
    ),
    "compare": options.examples("ladle lab compare runs/mine runs/yours", "ladle lab compare a b -o a-and-b.md"),
    "publish": options.examples(
        "ladle lab publish runs/mine -o mine.sqlite", "ladle lab publish runs/here runs/from-the-cluster -o all.sqlite"
    ),
}


def _show_comparison(comparison: RunComparison) -> None:
    """The content of the Markdown, fitted to the terminal, with a table for each metric."""
    from rich.text import Text

    from ladle.cli.program.printing import print_parts
    from ladle.report import rows as report_rows
    from ladle.report.sentences import metric_text

    parts: list[tuple[str, Any]] = [(" and ".join(comparison.names), Text(report_rows.comparison_text(comparison)))]
    header, lines = report_rows.side_by_side_table(comparison)
    column = header.index("metric")
    for metric in dict.fromkeys(each.metric for each in comparison.strategies):
        rows = [line for line in lines if line[column] == metric_text(metric)]
        fitted = _fitted(
            [name for name in header if name != "metric"], [[*line[:column], *line[column + 1 :]] for line in rows]
        )
        parts.append((metric_text(metric), fitted))
    parts += [
        (f"Only in {name}", Text(", ".join(only)))
        for name, only in zip(comparison.names, comparison.only, strict=True)
        if only
    ]
    if comparison.differing:
        parts.append(("What differs", _fitted(*report_rows.differing_table(comparison))))
    print_parts(parts, spaced=True)


def _fitted(header: list[str], rows: list[list[str]]) -> Any:
    """A table fitted to the terminal: its widest columns wrap first, and nothing is cut off."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for place, name in enumerate(header):
        short = place > 0 and max(len(row[place]) for row in rows) <= _SHORT
        table.add_column(name, overflow="fold", justify="right" if short else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table

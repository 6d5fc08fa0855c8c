"""`ladle lab report`, `compare` and `publish`: what a run has found, for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli import options

if TYPE_CHECKING:
    from ladle.lab.ledger import Ledger

RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run, or its ledger.sqlite.", show_default=False)
]


def report(
    found: RunPath,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PAGE", help="The page to write: .html.")] = Path(
        "ladle-lab.html"
    ),
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Also the tables, as .md.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Also every measurement, as .csv.")] = None,
    examples: Annotated[
        bool,
        typer.Option("--examples", help="Show chosen examples; loads the data set, of images or texts."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Write what a run has found as one self-contained HTML page; as Markdown and CSV too, if asked.

    The run may be going on: finished trials count. --json prints everything the page says.
    """
    from ladle.cli.answers import answer
    from ladle.cli.outputs import check_output
    from ladle.lab.ledger import Ledger
    from ladle.report import experiment_page, experiment_tables

    targets = {"page": (out, [".html", ".htm"]), "markdown": (markdown, [".md"]), "csv": (csv, [".csv"])}
    for path, suffixes in targets.values():
        if path is not None:
            check_output(path, suffixes, inputs=[])
    with Ledger.open(found) as ledger:
        inputs = _inputs(ledger) if examples else None
        experiment_page.write_experiment_page(ledger, out, inputs=inputs)
        for path, text_of in ((markdown, experiment_tables.markdown), (csv, experiment_tables.csv)):
            if path is not None:
                _write_text(path, text_of(ledger))
        written = {kind: str(path) for kind, (path, _) in targets.items() if path is not None}
        facts = {"command": "lab report", "written": written}
        if as_json:
            facts |= {"report": experiment_tables.to_json(ledger)}
        answer(f"Report of {ledger.experiment().title}", written, facts, as_json=as_json)


def compare(
    first: RunPath,
    second: RunPath,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there, as .md.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Put two runs side by side, strategy by strategy: by trial where they began from the same seed sets."""
    from ladle.cli.answers import emit_json
    from ladle.cli.outputs import check_output
    from ladle.lab.ledger import Ledger
    from ladle.report import experiment_tables

    if out is not None:
        check_output(out, [".md"], inputs=[])
    with Ledger.open(first) as one, Ledger.open(second) as other:
        text = experiment_tables.compare_markdown(one, other)
    if out is not None:
        _write_text(out, text)
    if as_json:
        emit_json({"command": "lab compare", "written": None if out is None else str(out), "markdown": text})
    else:
        typer.echo(text if out is None else str(out))


def publish(
    found: RunPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The ledger to write: .sqlite.", show_default=False)
    ],
    as_json: options.AsJson = False,
) -> None:
    """Copy a run's ledger without the rows of its batches, which are most of its size.

    Reports and comparisons read the copy as they read the run. Each batch leaves a digest (SHA-256): a run of the same
    protocol can be held against it. Only the run itself can be gone on with.
    """
    from ladle.cli.answers import answer
    from ladle.cli.outputs import check_output
    from ladle.lab.ledger import Ledger
    from ladle.lab.publishing import publish_ledger

    check_output(out, [".sqlite"], inputs=[found])
    with Ledger.open(found) as ledger:
        publish_ledger(ledger, out)
        sizes = [path.stat().st_size for path in (ledger.path, out)]
        shown = {"ledger": str(out), "bytes": f"{sizes[1]:,}, of {sizes[0]:,}"}
        facts = {"command": "lab publish", "ledger": str(out), "bytes": sizes[1], "bytes_of_the_run": sizes[0]}
        answer(f"Ledger of {ledger.experiment().title}", shown, facts, as_json=as_json)


COMMANDS = {"report": report, "compare": compare, "publish": publish}
EXAMPLES = {
    "report": options.examples(
        "ladle lab report ladle-lab/smoke", "ladle lab report runs/mine -o mine.html --markdown mine.md --csv mine.csv"
    ),
    "compare": options.examples("ladle lab compare runs/mine runs/yours", "ladle lab compare a b -o a-and-b.md"),
    "publish": options.examples("ladle lab publish runs/mine -o mine.sqlite"),
}


def _inputs(ledger: Ledger) -> Any:
    """The pool's images or texts. Raises: ArgumentError when it holds neither; MismatchError; what loading raises."""
    from ladle.errors import ArgumentError, MismatchError
    from ladle.lab.bench import Bench, Sources
    from ladle.lab.survey import digest

    if ledger.is_published():
        raise ArgumentError(
            "--examples",
            wanted="be asked of the run itself",
            got=f"{ledger.path}, published without the rows of its batches",
        )
    dataset = Bench.of(ledger.experiment(), Sources()).dataset
    inputs = dataset.inputs
    if inputs.dtype.kind != "S" and (inputs.dtype != "uint8" or inputs.ndim not in (3, 4)):
        raise ArgumentError(
            "--examples",
            wanted="be asked of images or texts",
            got=f"{inputs.dtype} of shape {inputs.shape}",
            remedy="Leave it out.",
        )
    if digest(dataset) != ledger.facts()["dataset"]["digest"]:
        raise MismatchError(
            "--examples", wanted="show the data of the run", got="other data of that name", remedy="Restore the data."
        )
    return inputs


def _write_text(path: Path, text: str) -> None:
    from ladle.durable import writing

    with writing(path) as file:
        file.write(text.encode())

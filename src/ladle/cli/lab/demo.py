"""`ladle demo`: the whole labelling loop on real images, and a report at the end."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.lab import Experiment
    from ladle.report import ReportFacts

EXAMPLES = options.examples(
    "ladle demo",
    "ladle demo --trials 3 --rounds 3 --out quick.html",
    "ladle demo --seed-size 1000 --batch-size 2000 --rounds 3 --candidate-ratio 2 --keep runs/demo",
)

# Import name -> package that the lab and its report need beyond Ladle itself.
_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "PIL": "pillow"}


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PAGE", help="The report to write: .html.")] = Path(
        "ladle-report.html"
    ),
    trials: Annotated[int, typer.Option("--trials", metavar="COUNT", help="Trials, each from its own seed set.")] = 8,
    rounds: Annotated[int, typer.Option("--rounds", metavar="COUNT", help="Batches chosen in a trial.")] = 5,
    batch_size: Annotated[int, typer.Option("--batch-size", metavar="COUNT", help="Images in a batch.")] = 500,
    seed_size: Annotated[int, typer.Option("--seed-size", metavar="COUNT", help="Images in the seed set.")] = 500,
    pool_rows: Annotated[
        int, typer.Option("--pool-rows", metavar="COUNT", help="Images to choose from, drawn; 0: all 30,000.")
    ] = 0,
    candidate_ratio: Annotated[
        float, typer.Option("--candidate-ratio", metavar="RATIO", help="Candidates for each place in the batch.")
    ] = 1.25,
    seed: options.Seed = 0,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="FOLDER", help="Keep the run there, to go on with it; for `ladle lab` too."),
    ] = None,
    workers: options.Workers = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run the whole loop on real images: train, embed, cluster once, then choose, label and retrain.

    The images are Fashion-MNIST and come with Ladle. Margin and Uniform run beside Cluster-Margin from the same seed
    sets. It ends with tables of accuracy, labels saved and seconds, and writes one self-contained HTML page. About
    two minutes on two cores. It is the protocol `demo` of `ladle lab list`.
    """
    _check_packages()
    from ladle.cli.program.outputs import check_new, check_output, write_contents
    from ladle.cli.program.progress import progress_reporter
    from ladle.lab import run_experiment
    from ladle.lab.runner.provenance import dataset_of
    from ladle.lab.runner.starts import first_clusters
    from ladle.report import facts_of, page

    check_output(out, [".html", ".htm"], inputs=[])
    if keep is None or not keep.exists():  # a new run makes a new page
        check_new(out, force=force)
    started = time.perf_counter()
    experiment = _experiment(
        candidate_ratio,
        dataset={"name": "fashion-mnist", "pool_rows": pool_rows},
        trials=trials,
        rounds=rounds,
        batch_size=batch_size,
        seed_size=seed_size,
        seed=seed,
    )
    progress = progress_reporter(quiet=quiet or as_json)
    with ExitStack() as held:
        folder = keep or held.enter_context(TemporaryDirectory(prefix="ladle-demo-"))
        ledger = held.enter_context(run_experiment(experiment, folder, workers=workers, progress=progress))
        with progress.task("Write the report"):
            facts = facts_of(ledger, clusters=first_clusters(ledger))
            write_contents({out: page(facts, dataset=dataset_of(ledger))}, force=force)
    seconds = time.perf_counter() - started
    if as_json:
        from ladle.cli.program.printing import print_json

        answer = {"command": "demo", "report": str(out.resolve()), "seconds": round(seconds, 3)}
        print_json({**answer, **facts.to_dict()})
    else:
        _show(facts, out, seconds)


def _check_packages() -> None:
    """Check at the start for packages that only the end needs. Raises: MissingDependencyError."""
    from importlib.util import find_spec

    from ladle.errors import MissingDependencyError

    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingDependencyError(
            "the demo",
            wanted=f"have {', '.join(_NEEDED.values())}",
            got=f"no {', no '.join(missing)}",
            remedy='Run: pip install "ladle[lab]"',
        )


def _experiment(candidate_ratio: float, **dials: Any) -> Experiment:
    """The shipped protocol with these dials. Raises: ArgumentError."""
    import tomllib

    from ladle.lab.protocol.files import check_whole, checked_experiment, read_text

    fields = tomllib.loads(read_text("demo")) | dials
    fields["strategies"][0]["options"]["candidate_ratio"] = candidate_ratio
    experiment = checked_experiment(fields, "the demo")
    check_whole(experiment, "the demo")
    return experiment


def _show(facts: ReportFacts, out: Path, seconds: float) -> None:
    from rich.console import Console
    from rich.text import Text

    from ladle.cli.lab.demo_tables import savings, tables
    from ladle.report.sentences import NO_SAVINGS, count_text, savings_sentence, seconds_text

    console = Console()
    for title, table in tables(facts):
        console.print(Text(title, style="bold"))
        console.print(table)
        console.print()
    for sentence in [savings_sentence(each) for each in savings(facts)] or [NO_SAVINGS]:
        console.print(Text(sentence))
    console.print(Text(f"\n{count_text(facts.trials, 'trial')} in {seconds_text(seconds)}. The report:"))
    console.print(Text(str(out.resolve())), soft_wrap=True)

"""`ladle demo`: the whole labelling loop on real images, in two pools, and one page at the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.report import ReportFacts

EXAMPLES = options.examples(
    "ladle demo",
    "ladle demo --trials 3 --rounds 3 --out quick.html",
    "ladle demo --seed-size 1000 --batch-size 2000 --rounds 3 --candidate-ratio 2 --keep runs/demo",
)

# Import name -> package that the lab and its report need beyond Ladle itself.
_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "PIL": "pillow"}
TITLE = "What spreading a batch is worth: two pools, the same strategies"
ADVICE = (
    "Run `ladle advise POOL --scores S --size K` on a pool of your own: it says what each strategy is expected to save "
    "there, from a chart of measured pools."
)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PAGE", help="The report to write: .html.")] = Path(
        "ladle-report.html"
    ),
    trials: Annotated[int, typer.Option("--trials", metavar="COUNT", help="Trials, each from its own seed set.")] = 6,
    rounds: Annotated[int, typer.Option("--rounds", metavar="COUNT", help="Batches chosen in a trial.")] = 4,
    batch_size: Annotated[int, typer.Option("--batch-size", metavar="COUNT", help="Images in a batch.")] = 500,
    seed_size: Annotated[int, typer.Option("--seed-size", metavar="COUNT", help="Images in the seed set.")] = 500,
    pool_rows: Annotated[
        int, typer.Option("--pool-rows", metavar="COUNT", help="Rows to choose from in each pool; 0: all 30,000.")
    ] = 0,
    candidate_ratio: Annotated[
        float | None,
        typer.Option(
            "--candidate-ratio",
            metavar="RATIO",
            help="Candidates of Cluster-Margin for each place in the batch. Default: 1.25, and 3 where images repeat.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="FOLDER", help="Keep the runs there, to go on with them; for `ladle lab` too."),
    ] = None,
    workers: options.Workers = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run the whole loop on real images, in two pools: train, embed, cluster once, then choose, label and retrain.

    The images are Fashion-MNIST and come with Ladle. The first pool is the images as they are. The second is made of a
    tenth of them with jittered copies, so that it repeats itself. In both, Cluster-Margin, Auto, Margin and Uniform
    start from the same seed sets. It ends with tables of accuracy and labels saved, and writes one self-contained
    HTML page. It takes under five minutes on two cores. Stopped at any moment, the same command goes on.
    The experiments are the protocols `demo` and `demo-redundant` of `ladle lab list`.
    """
    _check_packages()
    from ladle.cli.lab.demo_runs import NumberedTasks, datasets_of, demo_experiments, demo_runs, rounds_of
    from ladle.cli.program.outputs import check_new, check_output, write_contents
    from ladle.cli.program.progress import progress_reporter
    from ladle.lab import run_experiment
    from ladle.lab.runner.starts import first_clusters
    from ladle.report import facts_of
    from ladle.report.pools import PoolReport, pools_page

    check_output(out, [".html", ".htm"], inputs=[])
    if keep is None or not keep.exists():  # a new run makes a new page
        check_new(out, force=force)
    started = time.perf_counter()
    dials = {"trials": trials, "rounds": rounds, "batch_size": batch_size, "seed_size": seed_size, "seed": seed}
    experiments = demo_experiments(candidate_ratio, pool_rows, **dials)
    datasets = datasets_of(experiments)
    progress = progress_reporter(quiet=quiet or as_json)
    reports = []
    with demo_runs(experiments, out, keep) as runs:
        before, total = rounds_of(runs)
        if before and not (quiet or as_json):
            typer.echo(f"going on from {before:,} of {total:,} rounds in {runs[0].folder.parent}", err=True)
        for number, (run, dataset) in enumerate(zip(runs, datasets, strict=True), 1):
            tasks = NumberedTasks(progress, number, len(runs))
            with run_experiment(run.experiment, run.folder, workers=workers, progress=tasks) as ledger:
                reports.append(PoolReport(facts_of(ledger, clusters=first_clusters(ledger)), dataset))
        with progress.task("Write the report"):
            write_contents({out: pools_page(TITLE, reports, ADVICE)}, force=force)
    seconds = time.perf_counter() - started
    pools = [each.facts for each in reports]
    if as_json:
        from ladle.cli.program.printing import print_json

        answer = {"command": "demo", "report": str(out.resolve()), "seconds": round(seconds, 3)}
        print_json({**answer, "pools": [facts.to_dict() for facts in pools]})
    else:
        _show(pools, out, seconds)


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


def _show(pools: list[ReportFacts], out: Path, seconds: float) -> None:
    from rich.console import Console
    from rich.text import Text

    from ladle.cli.lab.demo_tables import savings, tables
    from ladle.report.sentences import NO_SAVINGS, count_text, seconds_text
    from ladle.report.spreading import spreading_sentences

    console = Console()
    for number, facts in enumerate(pools, 1):
        console.print(Text(f"Pool {number}: {facts.title}", style="bold underline"))
        console.print()
        for title, table in tables(facts):
            console.print(Text(title, style="bold"))
            console.print(table)
            console.print()
        for sentence in [*spreading_sentences(facts), *([] if savings(facts) else [NO_SAVINGS])]:
            console.print(Text(sentence))
        console.print()
    trials = count_text(pools[0].trials, "trial")
    console.print(Text(ADVICE))
    console.print(Text(f"\n{trials} on each of {len(pools)} pools in {seconds_text(seconds)}. The report:"))
    console.print(Text(str(out.resolve())), soft_wrap=True)

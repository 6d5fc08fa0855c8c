"""`ladle demo`: the whole loop on real images, and a report at the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ladle.cli import options

if TYPE_CHECKING:
    from ladle.lab import Dataset, LabProtocol, Study
    from ladle.progress import Progress
    from ladle.report import Facts

EXAMPLES = options.examples(
    "ladle demo",
    "ladle demo --trials 2 --rounds 3 --out quick.html",
    "ladle demo --seed-size 1000 --batch-size 2000 --rounds 3 --candidate-ratio 2 --json",
)

# Import name -> package: what the lab and its report need beyond Ladle itself.
_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "PIL": "pillow"}


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PAGE", help="The report to write: .html.")] = Path(
        "ladle-report.html"
    ),
    trials: Annotated[int, typer.Option("--trials", metavar="COUNT", help="Trials, each from its own seed set.")] = 8,
    rounds: Annotated[int, typer.Option("--rounds", metavar="COUNT", help="Batches chosen in a trial.")] = 5,
    batch_size: Annotated[int, typer.Option("--batch-size", metavar="COUNT", help="Images in a batch.")] = 500,
    seed_size: Annotated[int, typer.Option("--seed-size", metavar="COUNT", help="Images in the seed set.")] = 500,
    candidate_ratio: Annotated[
        float, typer.Option("--candidate-ratio", metavar="RATIO", help="Candidates for each place in the batch.")
    ] = 1.25,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run the whole loop on real images: train, embed, cluster once, then choose, label and retrain.

    The images are Fashion-MNIST and come with Ladle. Margin and Uniform run beside Cluster-Margin from the same seed
    sets. It ends with tables of accuracy, labels saved and seconds, and writes one self-contained HTML page. About
    two minutes on two cores.
    """
    _check_packages()
    from ladle.cli.outputs import check_output
    from ladle.cli.progress import shown
    from ladle.lab import LabProtocol
    from ladle.report import write_page

    check_output(out, [".html", ".htm"], inputs=[])
    started = time.perf_counter()
    protocol = LabProtocol(seed_size=seed_size, batch_size=batch_size, rounds=rounds, trials=trials, seed=seed)
    progress = shown(quiet=quiet or as_json)
    dataset, study = _studied(protocol, candidate_ratio, progress)
    facts = _facts(study, dataset, candidate_ratio, time.perf_counter() - started)
    with progress.task("Write the report"):
        write_page(out, facts, dataset.inputs)
    if as_json:
        from ladle.cli.answers import emit_json

        emit_json({"command": "demo", "report": str(out.resolve()), **facts.to_dict()})
    else:
        _show(facts, out)


def _check_packages() -> None:
    """Refuse to start without what only the end would miss. Raises: MissingDependencyError."""
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


def _studied(protocol: LabProtocol, candidate_ratio: float, progress: Progress) -> tuple[Dataset, Study]:
    from ladle.lab import Mlp, StrategyMaker, fashion_mnist, run_study
    from ladle.strategies import ClusterMargin, Margin, Uniform

    def cluster_margin(tree: object) -> ClusterMargin:
        return ClusterMargin(tree, mean_size=protocol.mean_size, candidate_ratio=candidate_ratio)  # type: ignore[arg-type]

    makers: dict[str, StrategyMaker] = {
        "Cluster-Margin": cluster_margin,
        "Margin": lambda tree: Margin(),
        "Uniform": lambda tree: Uniform(),
    }
    with progress.task("Load the images"):
        dataset = fashion_mnist()
    return dataset, run_study(dataset, Mlp(), makers, protocol, progress=progress)


def _facts(study: Study, dataset: Dataset, candidate_ratio: float, seconds: float) -> Facts:
    import platform
    from datetime import datetime

    from ladle.report import facts_of
    from ladle.threads import thread_count

    python = platform.python_version()
    return facts_of(
        study,
        dataset,
        options={"candidate ratio": f"{candidate_ratio:g}"},
        total_seconds=seconds,
        machine=f"{platform.machine()}, {thread_count()} threads, {platform.system()}, Python {python}",
        made_at=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )


def _show(facts: Facts, out: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    from ladle.cli.demo_tables import tables
    from ladle.report.sentences import savings_sentence, seconds_text

    console = Console()
    for title, table in tables(facts):
        console.print(Text(title, style="bold"))
        console.print(table)
        console.print()
    for savings in facts.savings:
        console.print(Text(savings_sentence(savings)))
    console.print(Text(f"\n{facts.trials} trials in {seconds_text(facts.total_seconds)}. The report:"))
    console.print(Text(str(out.resolve())), soft_wrap=True)

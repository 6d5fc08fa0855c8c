"""`ladle lab`: experiments that compare strategies, stated in protocol files."""

from __future__ import annotations

import shlex
import shutil
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.lab import reporting
from ladle.cli.program import options
from ladle.counts import counted

if TYPE_CHECKING:
    from ladle.lab.ledger.ledger import Ledger
    from ladle.lab.protocol.experiment import Experiment

_FROM = "from: "  # begins a line that says how to get something
ABOUT = "Compare strategies: simulate labelling on a labelled data set, and measure what each one saves."


def list_known(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A protocol, to print its file.", show_default=False)
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the protocols that come with Ladle, and the data sets and learners that a protocol may name.

    With the NAME of a protocol, print its file: save it, change it, and run the copy.
    """
    from ladle.cli.program.printing import print_json
    from ladle.lab.protocol import catalogue
    from ladle.lab.protocol.files import read_experiment, read_text, shipped

    if name is not None:
        text = read_text(name)
        if as_json:
            print_json({"command": "lab list", "protocol": name, "text": text})
        else:
            typer.echo(text, nl=False)
        return
    protocols = [read_experiment(each) for each in shipped()]
    datasets = [catalogue.describe_dataset(each) for each in catalogue.datasets()]
    learners = [catalogue.describe_learner(each) for each in catalogue.learners()]
    if as_json:
        descriptions = {
            "datasets": [each.to_dict() for each in datasets],
            "learners": [each.to_dict() for each in learners],
        }
        dumps = [each.model_dump(mode="json") for each in protocols]
        print_json({"command": "lab list", "protocols": dumps, **descriptions})
        return
    _show_list("Protocols", {each.name: _in_short(each) for each in protocols})
    _show_list("Data sets", {each.name: _lines_of(each) for each in datasets})
    _show_list("Learners", {each.name: _lines_of(each) for each in learners})


def run(
    protocol: Annotated[
        str, typer.Argument(metavar="PROTOCOL", help="A .toml file, or a name of `ladle lab list`.", show_default=False)
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where the ledger is kept. Default: ladle-lab/NAME."),
    ] = None,
    workers: options.Workers = None,
    trials: Annotated[
        str | None,
        typer.Option(
            "--trials", metavar="COUNT", help="Only the first so many; or 3-5, those of these numbers, from 0."
        ),
    ] = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategies",
            metavar="LABELS",
            help="Only these, by label, with commas or once for each; the rest may follow.",
        ),
    ] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run an experiment: every trial of every strategy, each finished round kept in a ledger.

    Stopped at any moment, the same command goes on where it was, to the same numbers. They do not depend on --workers.
    """
    from ladle.cli.program.progress import progress_reporter
    from ladle.lab.protocol.files import read_experiment
    from ladle.lab.runner.run import rounds_done, run_experiment

    experiment = read_experiment(protocol)
    folder = _folder(out, experiment.name)
    chosen = None if not strategies else [label.strip() for text in strategies for label in text.split(",")]
    scope: dict[str, Any] = {"workers": workers, "trials": _trials(trials), "strategies": chosen}
    started = time.perf_counter()
    before, total = rounds_done(experiment, folder, **scope)
    if before and not as_json:
        typer.echo(f"going on from {before:,} of {total:,} rounds in {folder}", err=True)
    with _resumable(experiment, folder):
        ledger = run_experiment(experiment, folder, **scope, progress=progress_reporter(quiet=quiet or as_json))
    with ledger:
        _print_run(ledger, folder, before, time.perf_counter() - started, as_json)


COMMANDS = {"list": list_known, "run": run, **reporting.COMMANDS}
EXAMPLES = {
    "list": options.examples("ladle lab list", "ladle lab list smoke > mine.toml", "ladle lab list --json"),
    "run": options.examples(
        "ladle lab run smoke",
        "ladle lab run mine.toml --out runs/mine --trials 3",
        "ladle lab run words-9-100k --workers 1 --strategies Margin,Uniform",
        "ladle lab run mine.toml --out runs/second --trials 5-9",
    ),
    **reporting.EXAMPLES,
}


@contextmanager
def _resumable(experiment: Experiment, folder: Path) -> Iterator[None]:
    """Around a run: an interrupt gets a note on how to continue."""
    from ladle.lab.runner.run import rounds_done

    try:
        yield
    except KeyboardInterrupt as stop:
        done, total = rounds_done(experiment, folder)
        stop.add_note(f"the same command goes on from {done:,} of {total:,} rounds in {folder}")
        raise


def _trials(text: str | None) -> int | range | None:
    """A count, or a range of numbers, ends included. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    if text is None:
        return None
    first, dash, last = text.partition("-")
    if not all(part.strip().isdigit() for part in ((first, last) if dash else (first,))):
        raise ArgumentError("--trials", wanted="be a count, as 3, or numbers, as 3-5", got=repr(text))
    return range(int(first), int(last) + 1) if dash else int(first)


def _folder(out: str | None, name: str) -> Path:
    from ladle.errors import ArgumentError

    if out is None:
        return Path("ladle-lab") / name
    if not out.strip():  # such as from an unset variable of the shell
        raise ArgumentError("--out", wanted="name a folder", got="nothing")
    return Path(out)


def _print_run(ledger: Ledger, folder: Path, before: int, seconds: float, as_json: bool) -> None:
    from ladle.cli.program.printing import print_answer, seconds_text
    from ladle.lab.data.unlearnable import only_in_test_warning
    from ladle.lab.ledger.ledger import WENT_ON
    from ladle.notices import notice
    from ladle.report.facts import fit_of

    experiment, (done, total) = ledger.experiment(), ledger.finished()
    only_in_test = ledger.facts().get("dataset", {}).get("only_in_test", {})
    if only_in_test:
        notice(only_in_test_warning(only_in_test))
    fit = fit_of(ledger)
    for warning in fit.warnings():
        notice(warning)
    main = ledger.metrics()[0]
    finals = {label: ledger.curves(label, main)[:, -1] for label in ledger.strategies()}
    facts = {
        "command": "lab run",
        "experiment": experiment.name,
        "ledger": str(ledger.path),
        "rounds_before": before,
        "rounds_done": done,
        "rounds_total": total,
        "metric": main,
        "labels": experiment.labels[-1],
        "only_in_test": only_in_test,
        "fit": fit.to_dict(),
        "strategies": [
            {"label": label, "trials": len(final), "mean": float(final.mean()) if len(final) else None}
            for label, final in finals.items()
        ],
        "seconds": round(seconds, 3),
    }
    metric = main.replace("_", " ")
    shown = {
        **{label: _final_text(final, metric, facts["labels"]) for label, final in finals.items() if len(final)},
        "rounds": f"{done:,} of {total:,}" + (f", {before:,} of them before" if before else ""),
        **({"went on with": "; ".join(went_on)} if (went_on := ledger.facts().get(WENT_ON)) else {}),
        "took": seconds_text(seconds),
        "ledger": str(ledger.path),
        "next": shlex.join(["ladle", "lab", "report", str(folder)]),
    }
    print_answer(experiment.title, shown, facts, as_json=as_json)


def _final_text(final: Any, metric: str, labels: Any) -> str:
    error = f" ± {final.std(ddof=1) / len(final) ** 0.5:.4f} (standard error)" if len(final) > 1 else ""
    trials = f"{len(final)} trial{'s' if len(final) > 1 else ''}"
    return f"{metric} {final.mean():.4f}{error} at {counted(labels, 'label')}, {trials}"


def _in_short(experiment: Experiment) -> list[str]:
    counts = f"{experiment.trials} trials of {experiment.rounds} rounds, {len(experiment.strategies)} strategies"
    return [experiment.title, f"{experiment.dataset.name}, {experiment.learner.name}; {counts}"]


def _lines_of(description: Any) -> list[str]:
    options = [f"{each} (must be given)" for each in description.required]
    options += [f"{name} = {value!r}" for name, value in description.options.items()]
    lines = [description.summary, f"{_FROM}{description.bring}", f"licence: {description.licence}"]
    return [*lines, *([f"options: {', '.join(options)}"] if options else [])]


def _show_list(title: str, entries: Mapping[str, list[str]]) -> None:
    """Each name with its lines below it, folded to the terminal; commands stay whole, to be copied."""
    width = max(40, shutil.get_terminal_size().columns)
    typer.secho(title, bold=True)
    for name, lines in entries.items():
        typer.secho(f"  {name}", fg=typer.colors.CYAN)
        for line in lines:
            whole = line.startswith(_FROM)
            folded = [line] if whole else textwrap.wrap(line, width - 6, break_long_words=False, break_on_hyphens=False)
            for each in folded:
                typer.echo(f"      {each}")

"""`ladle campaign round`: `Campaign.round` as a command, which is safe to repeat after any failure."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.asking import BatchFile, Gold, Holder, ModelVersion, Size, batch_facts, batch_lines
from ladle.cli.campaign.opening import By, Db, Force, Format, LeaseDays, Name, OtherPool, open_campaign, seconds_of
from ladle.cli.campaign.telling import Delimiter, EmptyLists, Encoding, IgnoreColumn, LabelColumn
from ladle.cli.program import options
from ladle.counts import counted

if TYPE_CHECKING:
    from ladle.campaign import RoundResult, Told
    from ladle.cli.pool.scored import QueryInputs
    from ladle.formats import LabelFile, Written

Step = dict[str, Any]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME=VALUE", help="How good the model is, such as accuracy=0.91; once for each."),
]


def run_round(
    size: Size,
    output: BatchFile,
    db: Db = None,
    name: Name = None,
    scores: options.ScoresFile = None,
    votes: options.VotesFile = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option("--labels", metavar="FILE", help="Labels that came back, as for tell; once for each file."),
    ] = None,
    annotator: Annotated[
        str, typer.Option("--annotator", metavar="NAME", help="Who gave them, where a file has no column annotator.")
    ] = "",
    id_column: options.IdColumn = None,
    label_column: LabelColumn = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    empty_lists: EmptyLists = None,
    ignore_columns: IgnoreColumn = None,
    model: ModelVersion = None,
    metrics: Metrics = None,
    logits: options.Logits = False,
    margins: options.Margins = False,
    binary: options.Binary = False,
    normalise: options.Normalise = False,
    score_columns: options.ScoreColumns = None,
    score_id: options.ScoreId = None,
    ignore_extra_scores: options.IgnoreExtraScores = False,
    gold: Gold = 0,
    holder: Holder = "",
    lease_days: LeaseDays = None,
    format_name: Format = None,
    pool: OtherPool = None,
    ids: options.IdsFile = None,
    go_on: Annotated[
        bool, typer.Option("--go-on", help="Ask for the next batch though all labels of a file went to quarantine.")
    ] = False,
    force: Force = False,
    by: By = "",
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Store the labels that came back, verify the campaign, choose the next batch and write it: one round.

    Where all labels of a file go to quarantine, the round stops with exit code 11 before it asks.

    Repeat the same command after any failure. The steps that are done are found by the content of their files, and only
    the others are done. The command says which steps were done before. In Python, Campaign.round finishes a round of
    this command if its scores= names the same file.
    """
    from ladle.campaign.work.rounds import digest_of_files
    from ladle.cli.campaign.batches import check_batch_file, write_batch
    from ladle.cli.campaign.models import metrics_of
    from ladle.cli.campaign.scores import given_of, reading_of
    from ladle.cli.campaign.telling import file_reading, label_file, names_of, quarantined_error
    from ladle.cli.pool.scored import QueryInputs
    from ladle.cli.program.outputs import other_file_error
    from ladle.cli.program.progress import progress_reporter
    from ladle.errors import QuarantinedError

    there, measured = check_batch_file(output, format_name), metrics_of(metrics, model)
    started, bars = time.perf_counter(), progress_reporter(quiet=quiet or as_json)
    given = QueryInputs()
    with open_campaign(db, name, pool=pool, ids=ids, by=by, outputs=[output]) as campaign:
        reading = reading_of(
            campaign,
            scores=scores,
            votes=votes,
            logits=logits,
            margins=margins,
            binary=binary,
            normalise=normalise,
            columns=score_columns,
            id_column=score_id,
            ignore_extra=ignore_extra_scores,
        )

        def read_scores() -> dict[str, Any]:
            nonlocal given  # its facts and lines are printed below
            given = given_of(campaign, reading, progress=bars)
            if there and not force:
                raise other_file_error(output)
            return given.arrays

        how = file_reading(delimiter, encoding, empty_lists, ignore_columns)
        names = names_of(id_column, label_column)
        files = [label_file(campaign, path, names=names, reading=how) for path in labels or []]
        try:
            result = campaign.round(
                size,
                labels=files,
                annotator=annotator,
                read_scores=read_scores,
                scores=scores,
                scores_digest=digest_of_files([scores, votes]),
                scores_reading=reading.key,
                model=model,
                metrics=measured,
                gold=gold,
                holder=holder,
                lease_seconds=seconds_of(lease_days),
                progress=bars,
                go_on=go_on,
            )
        except QuarantinedError as error:
            raise quarantined_error(error, " Nothing was asked; --go-on asks all the same.") from None
        written, before = write_batch(campaign, result.batch.to_arrow(), output, format_name=format_name, force=force)
        steps = [*_steps(result, files, model, measured, given), _export_step(written, before, output)]
        facts = {"command": "campaign round", "name": campaign.name, "round": result.batch.round}
        facts |= {"done_before": result.done_before and before, "output": str(output), "steps": steps}
        _answer(facts | {"seconds": round(time.perf_counter() - started, 3)}, as_json)


def _steps(
    result: RoundResult, files: list[LabelFile], model: str | None, metrics: dict[str, float], given: QueryInputs
) -> list[Step]:
    """The steps of the round as JSON can hold them, each with a line of text for people."""
    steps = [_tell_step(file, told) for file, told in zip(files, result.told, strict=True)]
    checked = result.verification.checked
    counts = ", ".join(f"{what} {count:,}" for what, count in checked.items())
    steps.append({"step": "verify", "done_before": False, "checked": dict(checked), "text": f"sound; {counts}"})
    if model is not None:
        measured = "".join(f", {name} {value:g}" for name, value in metrics.items())
        text = f"{model}, of {counted(result.labelled or 0, 'labelled example')}{measured}"
        about = {"done_before": result.model_repeated, "model": model, "metrics": metrics}
        steps.append({"step": "model", **about, "text": text})
    batch, lines = result.batch, batch_lines(result.batch)
    read = "".join(f"; {name}: {text}" for name, text in given.messages.items())
    text = f"round {batch.round}: {lines['batch']}, by {lines['strategy']}; lease until {lines['lease until']}{read}"
    steps.append({"step": "ask", **batch_facts(batch), **given.facts, "text": text})
    return steps


def _tell_step(file: LabelFile, result: Told) -> Step:
    from ladle.campaign.told_words import tell_facts, tell_text

    return {"step": "tell", **tell_facts(file, result), "text": f"{file.source}: {tell_text(file, result)}"}


def _export_step(written: Written, before: bool, output: Path) -> Step:
    from ladle.cli.campaign.batches import written_facts

    return {"step": "export", **written_facts(written, before), "text": f"{output} ({written.format})"}


def _answer(facts: Step, as_json: bool) -> None:
    from ladle.cli.program.printing import print_json, print_tables, seconds_text

    if as_json:
        print_json(facts)
        return
    lines: dict[str, str] = {}
    for step in facts["steps"]:
        line = f"{'done before' if step['done_before'] else 'done'}: {step['text']}"
        lines[step["step"]] = f"{lines[step['step']]}\n{line}" if step["step"] in lines else line
    title = f"Round {facts['round']} of {facts['name']}" + (", all of it done before" if facts["done_before"] else "")
    print_tables([(title, lines | {"took": seconds_text(facts["seconds"])})])


COMMANDS = {"round": run_round}
EXAMPLES = {
    "round": options.examples(
        "ladle campaign round --scores s1.parquet --size 1000 -o b1.csv --db birds.db",
        "ladle campaign round --labels b1.csv --scores s2.parquet --size 1000 -o b2.csv",
        "ladle campaign round --scores s3.npy --logits --size 500 -o b3.manifest --model v3",
    )
}

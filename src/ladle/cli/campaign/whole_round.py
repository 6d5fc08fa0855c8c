"""`ladle campaign round`: a whole round as one command, safe to repeat after any failure."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.asking import (
    BatchFile,
    Gold,
    Holder,
    ModelVersion,
    Order,
    Size,
    asked,
    batch_facts,
    batch_told,
    prepared,
)
from ladle.cli.campaign.opening import Db, Force, Format, LeaseDays, Name, OtherPool, opened
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.cli.pool.scored import QueryInputs
    from ladle.labelling import Batch

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
    force: Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell what came back, verify the campaign, choose the next batch, write it out: one round.

    Repeat the same command after any failure: what was done is found again by the content of its files, and only the
    rest is done. It says which is which.
    """
    from ladle.cli.campaign.batches import check_batch_file
    from ladle.cli.campaign.models import metrics_of
    from ladle.cli.pool.scored import Reading
    from ladle.cli.program.outputs import other_file_error
    from ladle.cli.program.progress import progress_reporter

    there = check_batch_file(output, format_name)
    measured = metrics_of(metrics, model)
    started, bars = time.perf_counter(), progress_reporter(quiet=quiet or as_json)
    with opened(db, name, pool=pool, ids=ids) as campaign:
        reading = Reading(
            path=scores,
            votes=votes,
            logits=logits,
            margins=margins,
            binary=binary,
            normalise=normalise,
            multilabel=campaign.settings.options.get("multilabel"),
            columns=score_columns or (),
            id_column=score_id,
            ignore_extra=ignore_extra_scores,
        )
        order = Order(
            reading=reading, size=size, gold=gold, holder=holder, lease_days=lease_days, model=model, key=None
        )
        steps = [_told(campaign, each, annotator) for each in labels or []]
        steps.append(_verified(campaign, bars))
        told = ",".join(step["sha256"] for step in steps if step["step"] == "tell")
        ready = prepared(campaign, order, progress=bars, more=told)  # before the model: its scores must be sound
        if ready.new and there and not force:
            raise other_file_error(output)
        if model is not None:
            steps.append(_recorded(campaign, model, measured, scores))
        batch = asked(campaign, order, ready, progress=bars)
        steps.append(_asked(batch, ready.given))
        steps.append(_exported(campaign, batch, output, format_name, force))
        facts = {
            "command": "campaign round",
            "name": campaign.name,
            "round": batch.round,
            "done_before": all(each["done_before"] for each in steps if each["step"] != "verify"),
            "output": str(output),
            "steps": steps,
            "seconds": round(time.perf_counter() - started, 3),
        }
        _answer(facts, as_json)


def _told(campaign: Campaign, path: Path, annotator: str) -> Step:
    from ladle.cli.campaign.telling import told_facts, told_file, told_text

    found, told = told_file(campaign, path, annotator=annotator)
    return {"step": "tell", **told_facts(found, told), "text": f"{path}: {told_text(found, told)}"}


def _verified(campaign: Campaign, bars: Any) -> Step:
    """Raises: CorruptFileError when anything is wrong, for then nothing must be asked."""
    from ladle.cli.campaign.backups import require_sound

    verdict = campaign.verify(progress=bars)
    require_sound(campaign.name, verdict)
    return {
        "step": "verify",
        "done_before": False,
        "checked": dict(verdict.checked),
        "text": "sound; " + ", ".join(f"{what} {count:,}" for what, count in verdict.checked.items()),
    }


def _recorded(campaign: Campaign, model: str, metrics: dict[str, float], scores: Path | None) -> Step:
    from ladle.cli.campaign.models import recorded

    before, labelled = recorded(campaign, model, metrics=metrics, scores=scores)
    measured = "".join(f", {name} {value:g}" for name, value in metrics.items())
    text = f"{model}, of {labelled:,} labelled examples{measured}"
    return {"step": "model", "done_before": before, "model": model, "metrics": metrics, "text": text}


def _asked(batch: Batch, given: QueryInputs) -> Step:
    shown = batch_told(batch)
    read = "".join(f"; {name}: {text}" for name, text in given.told.items())
    text = f"round {batch.round}: {shown['batch']}, by {shown['strategy']}; lease until {shown['lease until']}{read}"
    return {"step": "ask", **batch_facts(batch), **given.facts, "text": text}


def _exported(campaign: Campaign, batch: Batch, output: Path, format_name: str | None, force: bool) -> Step:
    from ladle.cli.campaign.batches import write_batch, written_facts

    written, before = write_batch(campaign, batch.to_arrow(), output, format_name=format_name, force=force)
    return {"step": "export", **written_facts(written, before), "text": f"{output} ({written.format})"}


def _answer(facts: Step, as_json: bool) -> None:
    from ladle.cli.program.printing import print_json, print_tables, seconds_text

    if as_json:
        print_json(facts)
        return
    told: dict[str, str] = {}
    for step in facts["steps"]:
        line = f"{'done before' if step['done_before'] else 'done'}: {step['text']}"
        told[step["step"]] = f"{told[step['step']]}\n{line}" if step["step"] in told else line
    title = f"Round {facts['round']} of {facts['name']}" + (", all of it done before" if facts["done_before"] else "")
    print_tables([(title, told | {"took": seconds_text(facts["seconds"])})])


COMMANDS = {"round": run_round}
EXAMPLES = {
    "round": options.examples(
        "ladle campaign round --scores s1.parquet --size 1000 -o b1.csv --db birds.db",
        "ladle campaign round --labels b1.csv --scores s2.parquet --size 1000 -o b2.csv",
        "ladle campaign round --scores s3.npy --logits --size 500 -o b3.manifest --model v3",
    )
}

"""`ladle campaign control`: what the uniform share of the batches tells of the pool and of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import Db, Name, OtherPool, as_typed, open_campaign
from ladle.cli.program import options
from ladle.counts import counted

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.labelling import ControlEstimate, ControlFigures, LabelsSaved

SHOWN_CLASSES = 20  # --json has all
SHOWN_TESTS = 10


def control(
    db: Db = None,
    name: Name = None,
    scores: options.ScoresFile = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="No model was ever trained on the control: all of it tests these scores.")
    ] = False,
    unseen_from: Annotated[
        int | None,
        typer.Option(
            "--unseen-from",
            metavar="BATCH",
            help="The first batch whose labels the model of the scores was not trained on. Default: the last.",
        ),
    ] = None,
    saved: Annotated[
        bool, typer.Option("--saved", help="Also say what labels were saved against uniform labelling, by a learner.")
    ] = False,
    logits: options.Logits = False,
    binary: options.Binary = False,
    normalise: options.Normalise = False,
    score_columns: options.ScoreColumns = None,
    score_id: options.ScoreId = None,
    ignore_extra_scores: options.IgnoreExtraScores = False,
    pool: OtherPool = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what the control tells: class shares of the pool, and accuracies of the models, with intervals of 95%.

    Where labels are numbers, it tells their mean.

    With --scores, also the accuracy of these scores on labels that their model was not trained on. With --saved, a
    learner on the vectors of the pool compares all labels with uniform samples.
    """
    from ladle.cli.campaign.scores import PROBABILITIES, probabilities_of, reading_of
    from ladle.cli.program.printing import print_json, print_parts
    from ladle.progress import SILENT

    with open_campaign(db, name, pool=pool) as campaign:
        given: dict[str, Any] = {}
        if scores is not None:
            reading = reading_of(
                campaign,
                scores=scores,
                votes=None,
                logits=logits,
                margins=False,
                binary=binary,
                normalise=normalise,
                columns=score_columns,
                id_column=score_id,
                ignore_extra=ignore_extra_scores,
                needs=PROBABILITIES,
            )
            read = probabilities_of(campaign, reading, progress=SILENT)
            given = {"probabilities": read, "held_out": held_out, "unseen_from": unseen_from}
        elif held_out or unseen_from is not None:
            from ladle.errors import ArgumentError

            raise ArgumentError("--held-out and --unseen-from", wanted="come with --scores", got="none")
        found = campaign.control(**given)
        savings = _saved(campaign) if saved else None
        told = {} if savings is None else {"labels_saved": savings.to_dict()}
        facts = {"command": "campaign control", "name": campaign.name, **found.to_dict(), **told}
    if as_json:
        print_json(facts)
    else:
        see_waiting = as_typed("export outstanding -o waiting.csv", db, name)
        is_value = campaign.settings.labels.kind == "value"
        print_parts(_parts(found, campaign.name, see_waiting, savings, is_value=is_value), spaced=True)


def _saved(campaign: Campaign) -> LabelsSaved:
    """The labels saved so far. Raises: as `ladle.lab.labels_saved`."""
    from ladle.lab.campaigns.labels_saved import labels_saved

    return labels_saved(campaign)


def estimate_text(found: ControlEstimate) -> str:
    """A share with its interval."""
    from ladle.labelling.control_words import percent

    return f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)}, {counted(found.count, 'label')})"


def _parts(
    found: ControlFigures, name: str, see_waiting: str, savings: LabelsSaved | None, *, is_value: bool
) -> list[tuple[str, Any]]:
    from ladle.cli.campaign.tables import table
    from ladle.cli.program.printing import two_columns
    from ladle.labelling.control_words import NO_MEAN, mean_text, percent

    lines = {
        "share": f"{found.share * 100:g}% of coming batches",
        "members": f"{found.members:,} of {counted(found.population, 'example')}"
        + (f", {found.waiting:,} of them without a label: {see_waiting}" if found.waiting else ""),
        "figures": f"from {counted(found.labelled, 'labelled member')}, up to batch {found.batch}"
        if found.batch
        else "cannot be told yet: 95% of the members of a batch must have a label",
    }
    if is_value and found.batch:
        lines["mean"] = NO_MEAN if found.mean is None else mean_text(found.mean)
    if found.accuracy_of:
        told = "" if found.accuracy is None else f"{estimate_text(found.accuracy)} on "
        lines["these scores"] = told + found.accuracy_of
    if savings is not None:
        lines["labels saved"] = str(savings)
    parts: list[tuple[str, Any]] = [(f"Control of {name}", two_columns(lines))]
    if len(found.classes):
        rows = [
            [str(row.label), percent(row.share), f"{percent(row.low)} to {percent(row.high)}", f"{row.labels:,}"]
            for row in found.classes[:SHOWN_CLASSES]
        ]
        title = "Share of the pool" + (
            f", {SHOWN_CLASSES} of {len(found.classes):,}" if len(found.classes) > 20 else ""
        )
        parts.append((title, table(["class", "share", "95% interval", "labels"], rows, right={1, 2, 3})))
    if len(found.tests):
        rows = [
            [f"{row.batch:,}", row.model or "-", *_test_cells(row), f"{row.tests:,}"]
            for row in found.tests[-SHOWN_TESTS:]
        ]
        title = "Accuracy on the examples without a label, at the ask of each batch"
        parts.append((title, table(["batch", "model", "accuracy", "95% interval", "labels"], rows, right={0, 2, 3, 4})))
    return parts


def _test_cells(row: Any) -> list[str]:
    """The accuracy of one batch and its interval."""
    from ladle.labelling.control_words import percent

    if row.accuracy != row.accuracy:  # NaN: not known
        return ["-", f"{row.waiting:,} wait"]
    return [percent(row.accuracy), f"{percent(row.low)} to {percent(row.high)}"]


COMMANDS = {"control": control}
EXAMPLES = {
    "control": options.examples(
        "ladle campaign control --db birds.db",
        "ladle campaign control --scores s9.parquet --held-out --db birds.db",
        "ladle campaign control --scores s9.parquet --unseen-from 8 --json",
        "ladle campaign control --saved",
    )
}

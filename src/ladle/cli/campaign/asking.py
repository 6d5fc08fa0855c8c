"""`ladle campaign ask`, `take`, `release`: the examples to label next, for all annotators or for one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import (
    By,
    Db,
    Force,
    Format,
    LeaseDays,
    Name,
    OtherPool,
    open_campaign,
    read_ids_of,
    seconds_of,
)
from ladle.cli.program import options
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.labelling import Batch

Size = Annotated[int, typer.Option("--size", metavar="COUNT", help="Examples in the batch.", show_default=False)]
BatchFile = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="BATCH", help="To fill in: .csv, .jsonl, .parquet, .json (COCO) or .manifest."
    ),
]
Gold = Annotated[int, typer.Option("--gold", metavar="COUNT", help="Gold examples more, at random places.")]
Holder = Annotated[
    str,
    typer.Option("--holder", metavar="NAME", help="Who has the batch, a person or a team: take leaves it to them."),
]
ModelVersion = Annotated[
    str | None, typer.Option("--model", metavar="VERSION", help="The version of the model that made the scores.")
]


def ask(
    size: Size,
    output: BatchFile,
    db: Db = None,
    name: Name = None,
    scores: options.ScoresFile = None,
    votes: options.VotesFile = None,
    logits: options.Logits = False,
    margins: options.Margins = False,
    binary: options.Binary = False,
    normalise: options.Normalise = False,
    score_columns: options.ScoreColumns = None,
    score_id: options.ScoreId = None,
    ignore_extra_scores: options.IgnoreExtraScores = False,
    model: ModelVersion = None,
    gold: Gold = 0,
    holder: Holder = "",
    lease_days: LeaseDays = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="TEXT", help="What makes this ask one ask. Default: its scores.")
    ] = None,
    format_name: Format = None,
    pool: OtherPool = None,
    ids: options.IdsFile = None,
    force: Force = False,
    by: By = "",
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Choose the next batch, as a new round under a lease.

    The same command with the same scores is the same ask: it returns the same batch and renews its lease. A --model
    that comes later is recorded for that batch. Without scores, it is the same ask until a label has come back; --key
    tells two asks apart.
    """
    from ladle.campaign.work.rounds import digest_of_files, find_key, models_of_batches
    from ladle.cli.campaign.batches import check_batch_file, write_batch, written_facts
    from ladle.cli.campaign.scores import given_of, reading_of
    from ladle.cli.pool.scored import QueryInputs
    from ladle.cli.program.outputs import other_file_error
    from ladle.cli.program.printing import print_answer
    from ladle.cli.program.progress import progress_reporter

    there = check_batch_file(output, format_name)
    started, bars = time.perf_counter(), progress_reporter(quiet=quiet or as_json)
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
        digest = digest_of_files([scores, votes])
        key = key or find_key(
            campaign.has_batch,
            [reading.key],
            models=models_of_batches(campaign._session),
            size=size,
            gold=gold,
            scores_digest=digest,
            label_rows=0 if digest else len(campaign.labels()),
        )
        is_new = not campaign.has_batch(key)
        given = given_of(campaign, reading, progress=bars) if is_new else QueryInputs()
        if is_new and there and not force:
            raise other_file_error(output)
        batch = campaign.ask(
            size,
            key=key,
            gold=gold,
            holder=holder,
            model=model,
            lease_seconds=seconds_of(lease_days),
            scores_digest=digest or None,
            progress=bars,
            **given.arrays,
        )
        written, before = write_batch(campaign, batch.to_arrow(), output, format_name=format_name, force=force)
        facts = {
            "command": "campaign ask",
            "name": campaign.name,
            **batch_facts(batch),
            **given.facts,
            "seconds": round(time.perf_counter() - started, 3),
            "file": written_facts(written, before),
        }
    lines = batch_lines(batch) | given.messages | {"batch in": f"{output}" + (", as it was" if before else "")}
    title = f"Round {batch.round} of {campaign.name}" + (", asked for before" if batch.renewed else "")
    print_answer(title, lines, facts, as_json=as_json)


def take(
    annotator: Annotated[str, typer.Option("--annotator", metavar="NAME", help="Who labels.", show_default=False)],
    size: Annotated[int, typer.Option("--size", metavar="COUNT", help="Tasks, at most.", show_default=False)],
    output: BatchFile,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    disputed: Annotated[
        bool, typer.Option("--disputed", help="Only disputed tasks, the oldest dispute first, asked for or not.")
    ] = False,
    share: Annotated[
        bool, typer.Option("--share", help="Also from batches that other holders have: both will label the tasks.")
    ] = False,
    lease_days: LeaseDays = None,
    format_name: Format = None,
    force: Force = False,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Take the next tasks of the list that all annotators share.

    An annotator who takes again keeps the unlabelled tasks under a longer lease. Then come tasks assigned to the
    annotator or the annotator's team, then the batches, then disputed examples that no ask has chosen. A task whose
    lease has expired passes on. A batch asked with --holder is left to its holder while its lease lasts. When nothing
    is left, the command says why, and writes no file.
    """
    from ladle.cli.campaign.batches import check_batch_file, write_batch, written_facts
    from ladle.cli.program.printing import print_answer
    from ladle.errors import LadleError

    check_batch_file(output, format_name)
    with open_campaign(db, name, pool=pool, by=by, outputs=[output]) as campaign:
        taken = campaign.take(annotator, size, lease_seconds=seconds_of(lease_days), share=share, disputed=disputed)
        file = None
        try:
            if len(taken):
                written, before = write_batch(campaign, taken.to_arrow(), output, format_name=format_name, force=force)
                file = written_facts(written, before)
        except LadleError:  # the annotator gets no file, so what is newly leased goes back
            if len(taken) > taken.renewed:
                campaign.release(taken.annotator, taken.ids[taken.renewed :])
            raise
        why = "" if len(taken) else nothing_left(campaign, taken.annotator, disputed=disputed)
        facts = {
            "command": "campaign take",
            "name": campaign.name,
            "annotator": taken.annotator,
            "disputed": disputed,
            "share": share,
            "tasks": len(taken),
            "renewed": taken.renewed,
            "passed_on": taken.passed_on,
            "lease_until": taken.lease_until.isoformat() if len(taken) else None,
            "nothing_left": why,
            "file": file,
        }
        lines = {
            "tasks": f"{len(taken):,}, {taken.renewed:,} of them held before",
            "lease until": f"{taken.lease_until:%Y-%m-%d %H:%M} UTC",
            "tasks in": str(output),
        }
        if why:
            lines = {"tasks": why, "file": "none was written"}
        print_answer(f"{taken.annotator} takes from {campaign.name}", lines, facts, as_json=as_json)


def release(
    annotator: Annotated[str, typer.Option("--annotator", metavar="NAME", help="Who gives back.", show_default=False)],
    ids: Annotated[
        list[Path] | None,
        typer.Option(
            "--ids", metavar="FILE", help="Only these: .txt, .csv, .jsonl, .npy or .parquet; once for each file."
        ),
    ] = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Release the tasks that an annotator has taken and not labelled, for others to take."""
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        listed = read_ids_of(campaign, ids) if ids else None
        released = campaign.release(annotator, listed)
        facts = {
            "command": "campaign release", "name": campaign.name, "annotator": annotator, "released": released
        }  # fmt: skip
        print_answer(f"{annotator} gives back", {"tasks": f"{released:,}"}, facts, as_json=as_json)


def nothing_left(campaign: Campaign, annotator: str, *, disputed: bool) -> str:
    """Why there is nothing to take."""
    others = len(campaign.disputes() if disputed else campaign.outstanding())
    if others:
        listed = "disputes" if disputed else "outstanding"
        wait = counted(others, "task", "waits")
        return f"none is left for {annotator}; {wait} for others: see ladle campaign {listed}"
    if disputed:
        return "none is disputed"
    figures = campaign.figures()
    return "none is waiting: all that was asked for is labelled" if figures.rounds else "nothing was asked for yet"


def batch_facts(batch: Batch) -> dict[str, Any]:
    """A batch as JSON can hold it."""
    return {
        "done_before": batch.renewed,
        "round": batch.round,
        "batch": batch.number,
        "key": batch.key,
        "size": len(batch),
        "passed_on": batch.passed_on,
        "asked_at": batch.asked_at.isoformat(),
        "lease_until": batch.lease_until.isoformat(),
        "model": batch.model,
        "control": len(batch.control),
        "story": dict(batch.story),
    }


def batch_lines(batch: Batch) -> dict[str, str]:
    """A batch in lines for people."""
    passed = f", {batch.passed_on:,} of them passed on from an expired lease" if batch.passed_on else ""
    story = batch.story
    return {
        "strategy": f"{story['strategy']}, of {counted(story['candidate_rows'], 'candidate')}",
        "batch": f"{counted(len(batch), 'example')}{passed}",
        **({"control": _drawn(len(batch.control))} if len(batch.control) else {}),
        "lease until": f"{batch.lease_until:%Y-%m-%d %H:%M} UTC",
    }


COMMANDS = {"ask": ask, "take": take, "release": release}
EXAMPLES = {
    "ask": options.examples(
        "ladle campaign ask --scores s.parquet --size 1000 -o batch.csv --db birds.db",
        "ladle campaign ask --scores logits.npy --logits --size 1000 -o batch.manifest",
        "ladle campaign ask --size 200 -o first.csv   (a strategy without scores)",
    ),
    "take": options.examples(
        "ladle campaign take --db birds.db --annotator ann --size 200 -o ann.csv",
        "ladle campaign take --db birds.db --annotator cy --size 50 --disputed -o disputed.csv",
    ),
    "release": options.examples("ladle campaign release --db birds.db --annotator ann"),
}


def _drawn(count: int) -> str:
    """How many examples of the batch are of the control."""
    return f"{count:,} of them {of_number(count, 'was')} drawn uniformly"

"""`ladle advise`: what each strategy is expected to save on a pool, from pools on which all were measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli.program import options
from ladle.counts import counted

EXAMPLES = options.examples(
    "ladle advise pool.npy --scores probabilities.npy --size 1000",
    "ladle advise pool.parquet --scores logits.parquet --logits --tree tree.npz --size 100000 --labelled done.txt",
    "ladle advise pool.npy --scores p.npy --size 1000 --json",
)


def advise(
    pool: options.PoolPath,
    size: Annotated[int, typer.Option("--size", metavar="COUNT", help="Examples in a batch.", show_default=False)],
    scores: options.ScoresFile = None,
    tree: Annotated[
        Path | None,
        typer.Option(
            "--tree", metavar="TREE", help="The tree that ladle cluster wrote. Without it, the pool is clustered first."
        ),
    ] = None,
    labelled: Annotated[
        list[Path] | None,
        typer.Option(
            "--labelled",
            metavar="FILE",
            help="Examples that are labelled: their ids, or a mask of true and false; .txt, .csv, .npy or .parquet. "
            "Once for each file.",
        ),
    ] = None,
    labelled_column: options.LabelledColumn = None,
    metric: Annotated[
        options.Metric | None,
        typer.Option("--metric", help="Without a --tree: cosine (the default), or squared Euclidean distance."),
    ] = None,
    logits: options.Logits = False,
    margins: options.Margins = False,
    binary: options.Binary = False,
    normalise: options.Normalise = False,
    score_columns: options.ScoreColumns = None,
    score_id: options.ScoreId = None,
    classes: options.Classes = None,
    ignore_extra_scores: options.IgnoreExtraScores = False,
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell what each strategy is expected to save on this pool.

    How much the pool repeats itself is measured by its tree, and by the batch that margin sampling would choose with
    these scores. The estimates come from pools on which all strategies were measured, the most alike counting most;
    their intervals from how far such estimates were off on pools that they were not made of. Nothing is labelled,
    and no label is read.
    """
    from ladle.advice import advise as estimated
    from ladle.cli.pool.batch_order import BatchOrder
    from ladle.cli.pool.pool_inputs import check_tree, labelled_rows
    from ladle.cli.pool.scored import Reading
    from ladle.cli.program.progress import progress_reporter
    from ladle.errors import ArgumentError
    from ladle.hac import Dendrogram, cluster
    from ladle.pool import open_pool

    started = time.perf_counter()
    if metric is not None and tree is not None:
        raise ArgumentError("--metric", wanted="be left out: the --tree has its own", got=metric.value)
    reading = Reading(
        path=scores,
        votes=None,
        logits=logits,
        margins=margins,
        binary=binary,
        normalise=normalise,
        columns=score_columns or (),
        id_column=score_id,
        classes=options.parse_classes(classes),
        ignore_extra=ignore_extra_scores,
    )
    reading.check(("scores",))
    dendrogram: Any = None if tree is None else Dendrogram.load(tree)
    examples = open_pool(pool, id=id_column, embedding=embedding, ids=ids)
    rows = labelled_rows(examples, labelled or [], labelled_column, id_column)
    BatchOrder("margin", size, 0, {}, None).check_size(examples.rows, len(rows))
    bars = progress_reporter(quiet=quiet or as_json)
    if dendrogram is not None:
        check_tree(dendrogram, tree, examples, bars)
    inputs = reading.read(examples, rows, ("scores",), progress=bars)
    if dendrogram is None:
        dendrogram = cluster(
            examples, metric="cosine" if metric is None else metric.value, mean_size=options.MEAN_SIZE, progress=bars
        )
    advice = estimated(dendrogram, size, margins=inputs.arrays["margins"], labelled=rows)
    _report(advice, examples, inputs, time.perf_counter() - started, as_json=as_json)


def _report(advice: Any, pool: Any, inputs: Any, seconds: float, *, as_json: bool) -> None:
    from ladle.cli.program.printing import print_json, print_tables

    if as_json:
        facts = {"command": "advise", "pool": pool.source, **advice.to_dict(), **inputs.facts}
        print_json(facts | {"seconds": round(seconds, 3)})
        return
    known = advice.repetition
    measured = {
        "pool": f"{counted(advice.pool_rows, 'example')}; the batch is {known.share:.2%} of it",
        "near-copies": f"{known.copies:.0%} of the pool, {known.batch_copies:.0%} of the batch of margin sampling",
        "relatives": f"rows of a cluster of three are apart by {known.width:.2f} of what two rows usually are",
        **inputs.messages,
        "most like": "; ".join(advice.like),
    }
    words = {
        each.strategy: f"{_share(each.saved)}  ({_share(each.low)} to {_share(each.high)})  {each.outcome}"
        for each in advice.estimates
    }
    title = f"Labels saved against margin, expected ({advice.confidence:.0%} intervals)"
    print_tables([("Advice", measured), (title, words), ("In short", {"": advice.summary})])


def _share(saved: float) -> str:
    return f"{saved:+.0%}" if saved > -2 else "more than three times as many"

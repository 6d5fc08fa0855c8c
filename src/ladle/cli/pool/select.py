"""`ladle select`: the next batch, by the scores of a model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli.program import options
from ladle.cli.program.skipping import SkipInvalid, SkippedFile, Skipping
from ladle.counts import counted

UNCOMPARED = "written by an older Ladle, without a digest of its pool's vectors"

EXAMPLES = options.examples(
    "ladle select pool.parquet --scores scores.parquet --tree tree.npz --size 100000 -o batch.parquet",
    "ladle select pool.npy --scores logits.npy --logits --tree tree.npz --size 5000 --labelled done.txt -o batch.csv",
    "ladle select pool.npy --size 1000 --strategy uniform -o first-batch.jsonl",
    "ladle select pool.npy --scores p.npy --tree tree.npz --size 5000 --option group_size=pool -o batch.csv",
)


def select(
    pool: options.PoolPath,
    size: Annotated[int, typer.Option("--size", metavar="COUNT", help="Examples in the batch.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="BATCH", help="The batch to write: .parquet, .csv or .jsonl.")
    ],
    scores: options.ScoresFile = None,
    votes: options.VotesFile = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", metavar="TREE", help="The tree that ladle cluster wrote.")
    ] = None,
    strategy: Annotated[
        str,
        typer.Option("--strategy", metavar="NAME", help="How to choose: `ladle strategies` lists the names."),
    ] = "cluster-margin",
    labelled: Annotated[
        list[Path] | None,
        typer.Option(
            "--labelled",
            metavar="FILE",
            help="Examples not to choose: their ids, or a mask of true and false; .txt, .csv, .npy or .parquet. Once "
            "for each file.",
        ),
    ] = None,
    labelled_column: options.LabelledColumn = None,
    candidate_ratio: Annotated[
        str | None,
        typer.Option(
            "--candidate-ratio",
            metavar="RATIO|auto",
            help="Candidates for each place in the batch (cluster-margin: 10); auto: by how many near-duplicates are "
            "among the least sure examples.",
        ),
    ] = None,
    strategy_options: options.StrategyOptions = None,
    mean_size: options.MeanSize = None,
    threshold: options.Threshold = None,
    n_clusters: options.NClusters = None,
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
    seed: options.Seed = 0,
    skip_invalid: SkipInvalid = False,
    skipped: SkippedFile = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Select the next batch to label.

    Scores are matched to the pool by id, in any order. The batch is written with the columns id, row, order,
    margin, cluster and cluster_size, the first to label first. The tree is cut at the level it was made for, or at
    --mean-size, --threshold or --n-clusters.

    `ladle strategies` lists the needs of each strategy (scores, the pool's embeddings, a tree) and its options.
    """
    from ladle.cli.pool.batch_order import BatchOrder
    from ladle.cli.pool.pool_inputs import check_tree, labelled_rows
    from ladle.cli.pool.scored import Reading
    from ladle.cli.program.outputs import TABLE_SUFFIXES, check_output, write_all
    from ladle.cli.program.progress import progress_reporter
    from ladle.hac import Dendrogram

    inputs = [pool, scores, votes, tree, *(labelled or []), ids]
    check_output(output, TABLE_SUFFIXES, inputs=inputs)
    skipping = Skipping.of(skip_invalid, skipped, beside=output, inputs=inputs, force=force)
    started = time.perf_counter()
    cut = dict(zip(options.CUTS, (mean_size, threshold, n_clusters), strict=True))
    ratio = None if candidate_ratio is None else options.parse_value(candidate_ratio)
    order = BatchOrder(strategy, size, seed, options.parse_strategy_options(strategy_options), ratio)
    reading = Reading(
        path=scores,
        votes=votes,
        logits=logits,
        margins=margins,
        binary=binary,
        normalise=normalise,
        multilabel=order.options.get("multilabel"),
        columns=score_columns or (),
        id_column=score_id,
        classes=options.parse_classes(classes),
        ignore_extra=ignore_extra_scores,
    )
    order.check(reading, tree, cut)
    dendrogram: Any = None if tree is None else Dendrogram.load(tree)
    metric = order.options.get("metric") if dendrogram is None else dendrogram.metric
    examples = skipping.open_pool(pool, id_column, embedding, ids, metric=metric)
    done = labelled_rows(examples, labelled or [], labelled_column, id_column)
    order.check_size(examples.rows, len(done))
    bars = progress_reporter(quiet=quiet or as_json)
    compared = None if dendrogram is None else check_tree(dendrogram, tree, examples, bars)
    clusters = None if dendrogram is None else dendrogram.cut(**cut)
    query_inputs = reading.read(examples, done, order.needs, progress=bars)
    # Without an option for the cut, a strategy may cut the tree itself, at another level than its own.
    uncut = all(value is None for value in cut.values())
    selection = order.query(dendrogram if uncut else clusters, query_inputs.arrays, done, examples.rows, bars)
    batch = _SelectedBatch(examples, selection, query_inputs, clusters, skipping, compared)
    before = write_all({output: batch.write, **skipping.files(examples)}, force=force)[output]
    batch.report(output, time.perf_counter() - started, as_json=as_json, before=before)


@dataclass(frozen=True, slots=True)
class _SelectedBatch:
    """A selection, and what the output says of each example."""

    pool: Any
    selection: Any
    inputs: Any  # the QueryInputs
    clusters: Any  # (n,) flat clusters, or None
    skipping: Skipping
    tree_compared: bool | None  # whether the tree was compared with the pool's vectors; None without a tree

    @property
    def margins(self) -> Any:
        """(n,) float32, or None without scores."""
        return self.inputs.arrays.get("margins")

    def write(self, path: Path) -> None:
        """Write id, row, order, margin, cluster, cluster_size; null where there is no margin or no cluster."""
        import numpy as np
        import pyarrow as pa

        from ladle.cli.program.outputs import write_table

        rows = self.selection.rows
        clusters: Any = [None] * len(rows)
        sizes = margins = clusters
        if self.clusters is not None:
            clusters = self.clusters[rows]
            sizes = np.bincount(self.clusters)[clusters]
        if self.margins is not None:
            margins = self.margins[rows]
        table = pa.table(
            {
                "id": self.pool.ids_at(rows),
                "row": pa.array(self.pool.source_rows(rows), pa.int64()),
                "order": pa.array(np.arange(len(rows)), pa.int64()),
                "margin": pa.array(margins, pa.float32()),
                "cluster": pa.array(clusters, pa.int32()),
                "cluster_size": pa.array(sizes, pa.int64()),
            }
        )
        write_table(table, path, about={"pool_digest": self.pool.digest, "story": self.selection.story.to_dict()})

    def report(self, path: Path, seconds: float, *, as_json: bool, before: bool) -> None:
        """Print what was chosen. before: whether the same file, byte for byte, was there already."""
        import numpy as np

        from ladle.cli.program.printing import peak_bytes, print_answer, time_and_memory

        rows, story, peak = self.selection.rows, self.selection.story, peak_bytes()
        facts: dict[str, Any] = {
            "command": "select",
            "pool": self.pool.source,
            **story.to_dict(),
            "story": story.to_dict(),
            **self.inputs.facts,
        }
        parts = story.facts.get("partitions")
        facts |= self.skipping.facts(self.pool)
        messages = {
            "pool": f"{counted(story.pool_rows, 'example')}, {story.labelled_rows:,} of them labelled",
            **self.skipping.shown(self.pool),
            "strategy": f"{story.strategy}, seed {story.seed}"
            + (f", in {counted(parts, 'partition')}" if parts else ""),
            **self.inputs.messages,
            "batch": f"{len(rows):,} of {counted(story.candidate_rows, 'candidate')}",
        }
        if self.margins is not None:
            least, middle, most = (float(value) for value in np.quantile(self.margins[rows], [0, 0.5, 1]))
            facts |= {"margin_min": least, "margin_median": middle, "margin_max": most}
            messages["margins"] = f"{least:.4g} to {most:.4g}, median {middle:.4g}"
        if self.clusters is not None:
            counts = np.bincount(self.clusters[rows])
            facts |= {"clusters_touched": int((counts > 0).sum()), "most_from_one_cluster": int(counts.max())}
            messages["clusters"] = f"{facts['clusters_touched']:,}, at most {int(counts.max()):,} from one"
            facts["tree_compared"] = self.tree_compared
            if not self.tree_compared:
                messages["tree"] = f"{UNCOMPARED}; nothing but rows and ids shows that it is of this pool"
        facts |= {"seconds": round(seconds, 3), "peak_memory_bytes": peak, "output": str(path)}
        facts["done_before"] = before
        messages |= {"took": time_and_memory(seconds, peak), "batch in": f"{path}{', as it was' if before else ''}"}
        print_answer("Selected", messages, facts, as_json=as_json)

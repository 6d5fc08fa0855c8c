"""`ladle select`: the next batch, by the scores of a model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli import options

EXAMPLES = options.examples(
    "ladle select pool.parquet --scores scores.parquet --tree tree.npz --size 100000 -o batch.parquet",
    "ladle select pool.npy --scores logits.npy --logits --tree tree.npz --size 5000 --labelled done.txt -o batch.csv",
    "ladle select pool.npy --size 1000 --strategy uniform -o first-batch.jsonl",
)

# What each strategy is asked with; any other gets margins.
_BY_PROBABILITIES = ("entropy", "least-confidence")
_BY_NOTHING = ("uniform",)
_BY_CLUSTERS = ("cluster-margin",)


def select(
    pool: options.PoolPath,
    size: Annotated[int, typer.Option("--size", metavar="COUNT", help="Examples in the batch.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="BATCH", help="The batch to write: .parquet, .csv or .jsonl.")
    ],
    scores: Annotated[
        Path | None,
        typer.Option(
            "--scores",
            metavar="FILE",
            help="Class probabilities of the pool: Parquet or Arrow with an id column and one column of float lists "
            "(or a float column for each class), .npz with ids, or .npy in the pool's row order.",
        ),
    ] = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", metavar="TREE", help="The tree that ladle cluster wrote.")
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy", metavar="NAME", help="cluster-margin, margin, entropy, least-confidence, uniform, ..."
        ),
    ] = "cluster-margin",
    labelled: Annotated[
        Path | None,
        typer.Option("--labelled", metavar="FILE", help="Ids not to choose: .txt, .csv, .npy or .parquet."),
    ] = None,
    candidate_ratio: Annotated[
        float | None,
        typer.Option(
            "--candidate-ratio", metavar="RATIO", help="Candidates for each place in the batch (cluster-margin: 10)."
        ),
    ] = None,
    mean_size: options.MeanSize = None,
    threshold: options.Threshold = None,
    n_clusters: options.NClusters = None,
    logits: Annotated[bool, typer.Option("--logits", help="The scores are logits; their softmax is taken.")] = False,
    margins: Annotated[
        bool, typer.Option("--margins", help="The scores are margins, one number an example, small where unsure.")
    ] = False,
    score_column: Annotated[
        str | None, typer.Option("--score-column", metavar="COLUMN", help="Column (of a .npz: array) of the scores.")
    ] = None,
    score_id: Annotated[
        str | None, typer.Option("--score-id", metavar="COLUMN", help="Column of the ids in the scores. Default: id.")
    ] = None,
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Select the next batch to label.

    Scores are matched to the pool by id, in any order. The batch is written with the columns id, row, order,
    margin, cluster and cluster_size, the first to label first. The tree is cut where it stopped, or at --mean-size,
    --threshold or --n-clusters.
    """
    from ladle.cli.outputs import TABLE_SUFFIXES, check_output
    from ladle.cli.progress import shown
    from ladle.cli.scored import Reading

    check_output(output, TABLE_SUFFIXES, inputs=[pool, scores, tree, labelled, ids])
    started = time.perf_counter()
    dials = {"mean_size": mean_size, "threshold": threshold, "n_clusters": n_clusters}
    asked = _Asked(strategy, size, seed, {} if candidate_ratio is None else {"candidate_ratio": candidate_ratio})
    reading = Reading(path=scores, logits=logits, margins=margins, column=score_column, id_column=score_id)
    asked.check(reading, tree, dials)
    examples = options.opened_pool(pool, id_column, embedding, ids)
    known = _labelled_rows(examples, labelled)
    asked.check_size(examples.rows, len(known))
    clusters = None if tree is None else _clusters(tree, dials, examples)
    given = reading.read(
        examples,
        known,
        whole=strategy in _BY_PROBABILITIES,
        progress=shown(quiet=quiet or as_json),
    )
    selection = asked.query(clusters, given, known, examples.rows)
    batch = _Batch(examples, selection, given.get("margins"), clusters)
    batch.write(output)
    batch.tell(output, time.perf_counter() - started, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What to choose by, and how many."""

    strategy: str
    size: int
    seed: int
    options: dict[str, Any]

    def check(self, reading: Any, tree: Path | None, dials: dict[str, Any]) -> None:
        """Refuse what can be refused before any file is read. Raises: ArgumentError."""
        from ladle.errors import ArgumentError
        from ladle.seeds import check_seed
        from ladle.strategies import catalogue

        check_seed(self.seed)
        known = catalogue.options(self.strategy)
        if "candidate_ratio" in self.options and "candidate_ratio" not in known:
            raise ArgumentError("--candidate-ratio", wanted=f"be left out for {self.strategy}", got="one")
        given = [f"--{name.replace('_', '-')}" for name, value in dials.items() if value is not None]
        if len(given) > 1 or (given and tree is None):
            wanted = "be one of --mean-size, --threshold, --n-clusters, with a --tree to cut"
            raise ArgumentError("the cut", wanted=wanted, got=" and ".join(given))
        if tree is None and self.strategy in _BY_CLUSTERS:
            raise ArgumentError(
                f"the strategy {self.strategy}",
                wanted="have a --tree",
                got="none",
                remedy="Make one with `ladle cluster POOL -o tree.npz`.",
            )
        reading.check(needed=self.strategy not in _BY_NOTHING, whole=self.strategy in _BY_PROBABILITIES)

    def check_size(self, pool_rows: int, labelled_rows: int) -> None:
        """Refuse a batch that the unlabelled pool cannot fill. Raises: ArgumentError."""
        from ladle.errors import ArgumentError

        unlabelled = pool_rows - labelled_rows
        if not 1 <= self.size <= unlabelled:
            raise ArgumentError(
                "--size",
                wanted=f"be between 1 and the unlabelled pool ({unlabelled:,} examples)",
                got=f"{self.size:,}",
                remedy="Lower it or widen the pool.",
            )

    def query(self, clusters: Any, given: dict[str, Any], labelled: Any, pool_rows: int) -> Any:
        """The strategy's `ladle.Selection`."""
        import numpy as np

        from ladle import strategies

        if not given:
            given = {"margins": np.zeros(pool_rows, np.float32)}  # only its length matters
        made = strategies.create(self.strategy, tree=clusters, **self.options)
        return made.query(self.size, labelled=labelled, seed=self.seed, **given)


def _labelled_rows(pool: Any, path: Path | None) -> Any:
    """Rows of the ids in a file, sorted; an id may stand there for each of its labels. Raises: IdError."""
    import numpy as np

    if path is None:
        return np.empty(0, np.int64)
    from ladle.pool.id_lists import read_ids

    listed = read_ids(path, like=pool.id_column.kind)
    return np.unique(pool.id_column.rows_of(listed, pool=pool.source, name=f"the labelled ids in {path}"))


def _clusters(path: Path, dials: dict[str, Any], pool: Any) -> Any:
    """The tree's flat clusters, when it is a tree of this pool. Raises: FileError, MismatchError, ArgumentError."""
    from ladle.errors import MismatchError
    from ladle.hac import Dendrogram

    tree = Dendrogram.load(path)
    remedy = "Cluster this pool, or name the pool that the tree was made from."
    if tree.n != pool.rows:
        raise MismatchError(
            f"the tree {path}",
            wanted=f"be of this pool ({pool.rows:,} examples)",
            got=f"one of {tree.n:,}",
            remedy=remedy,
        )
    if tree.pool_digest and tree.pool_digest != pool.digest:
        raise MismatchError(
            f"the tree {path}", wanted="be of this pool", got="one of other ids, or in another order", remedy=remedy
        )
    return tree.cut(**dials)


@dataclass(frozen=True, slots=True)
class _Batch:
    """A selection, with what is told of each example."""

    pool: Any
    selection: Any
    margins: Any  # (n,) or None
    clusters: Any  # (n,) or None

    def write(self, path: Path) -> None:
        """Write id, row, order, margin, cluster, cluster_size; null where there is no margin or no cluster."""
        import numpy as np
        import pyarrow as pa

        from ladle.cli.outputs import write_table

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
                "row": pa.array(rows, pa.int64()),
                "order": pa.array(np.arange(len(rows)), pa.int64()),
                "margin": pa.array(margins, pa.float32()),
                "cluster": pa.array(clusters, pa.int32()),
                "cluster_size": pa.array(sizes, pa.int64()),
            }
        )
        write_table(table, path, about={"pool_digest": self.pool.digest, "story": self.selection.story.to_dict()})

    def tell(self, path: Path, seconds: float, *, as_json: bool) -> None:
        """Print what was chosen."""
        import numpy as np

        from ladle.cli.answers import answer, peak_bytes, took

        rows, story, peak = self.selection.rows, self.selection.story, peak_bytes()
        facts: dict[str, Any] = {"command": "select", "pool": self.pool.source, **story.to_dict()}
        told = {
            "pool": f"{story.pool_rows:,} examples, {story.labelled_rows:,} of them labelled",
            "strategy": f"{story.strategy}, seed {story.seed}",
            "batch": f"{len(rows):,} of {story.candidate_rows:,} candidates",
        }
        if self.margins is not None:
            least, middle, most = (float(value) for value in np.quantile(self.margins[rows], [0, 0.5, 1]))
            facts |= {"margin_min": least, "margin_median": middle, "margin_max": most}
            told["margins"] = f"{least:.4g} to {most:.4g}, median {middle:.4g}"
        if self.clusters is not None:
            counts = np.bincount(self.clusters[rows])
            facts |= {"clusters_touched": int((counts > 0).sum()), "most_from_one_cluster": int(counts.max())}
            told["clusters"] = f"{facts['clusters_touched']:,}, at most {int(counts.max()):,} from one"
        facts |= {"seconds": round(seconds, 3), "peak_memory_bytes": peak, "output": str(path)}
        told |= {"took": took(seconds, peak), "batch in": str(path)}
        answer("Selected", told, facts, as_json=as_json)

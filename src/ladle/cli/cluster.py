"""`ladle cluster`: a pool in, a tree out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli import options
from ladle.cli.options import Metric, Quality

MEAN_SIZE = 10.0

EXAMPLES = options.examples(
    "ladle cluster pool.parquet -o tree.npz --id image_id --embedding emb",
    "ladle cluster embeddings.npy -o tree.npz --metric sqeuclidean --threshold 0.8",
    "ladle cluster shards/ -o tree.npz --clusters-out clusters.parquet --json",
)


def cluster(
    pool: options.PoolPath,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="TREE", help="The tree to write, a .npz file.")],
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    metric: Annotated[Metric, typer.Option("--metric", help="cosine, or squared Euclidean distance.")] = Metric.COSINE,
    mean_size: options.MeanSize = None,
    threshold: options.Threshold = None,
    n_clusters: options.NClusters = None,
    full: Annotated[bool, typer.Option("--full", help="Merge until one cluster is left.")] = False,
    exact: Annotated[
        bool | None,
        typer.Option("--exact/--approximate", help="Whether neighbours are exact. Default: up to 100,000 examples."),
    ] = None,
    quality: Annotated[
        Quality, typer.Option("--quality", help="How hard an approximate search tries.")
    ] = Quality.DEFAULT,
    seed: options.Seed = 0,
    clusters_out: Annotated[
        Path | None,
        typer.Option("--clusters-out", metavar="FILE", help="Also write id, row, cluster: .parquet, .csv or .jsonl."),
    ] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Cluster a pool once, for all the rounds to come.

    The tree stops where its clusters have --mean-size examples on average (default 10), or at --threshold or
    --n-clusters, or not before one cluster is left (--full). It can be cut at any level up to there.
    """
    from ladle.cli.outputs import TABLE_SUFFIXES, check_output

    inputs = [pool, ids]
    check_output(output, [".npz"], inputs=inputs)
    if clusters_out is not None:
        check_output(clusters_out, TABLE_SUFFIXES, inputs=[*inputs, output])
    level = _level(mean_size, threshold, n_clusters, full)
    started = time.perf_counter()
    examples = options.opened_pool(pool, id_column, embedding, ids)
    _check_fit(examples, level)

    from ladle.cli.progress import shown
    from ladle.hac import cluster as clustered

    tree = clustered(
        examples,
        metric=metric.value,
        exact=exact,
        quality=quality.value,
        seed=seed,
        progress=shown(quiet=quiet or as_json),
        **level,
    )
    tree.save(output)
    clusters = tree.cut()
    if clusters_out is not None:
        _write_clusters(examples, clusters, clusters_out)
    _tell(examples, tree, clusters, time.perf_counter() - started, output, clusters_out, as_json)


def _level(mean_size: float | None, threshold: float | None, n_clusters: int | None, full: bool) -> dict[str, Any]:
    """The level as arguments of `ladle.cluster`: one of them, or none for a full tree. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    dials = {"mean_size": mean_size, "threshold": threshold, "n_clusters": n_clusters}
    given = {name: value for name, value in dials.items() if value is not None}
    if len(given) + full > 1:
        raise ArgumentError(
            "the level",
            wanted="be one of --mean-size, --threshold, --n-clusters, --full",
            got=" and ".join([*(f"--{name.replace('_', '-')}" for name in given), *(["--full"] if full else [])]),
        )
    return given if given or full else {"mean_size": MEAN_SIZE}


def _check_fit(pool: Any, level: dict[str, Any]) -> None:
    from ladle.hac import Level
    from ladle.pool.budget import clustering_bytes, require

    if level:
        Level(**level).clusters_of(pool.rows)
    require(
        clustering_bytes(pool.rows, pool.dim),
        f"clustering {pool.rows:,} examples of dim {pool.dim:,}",
        remedy="Use a larger machine or fewer dimensions; LADLE_MEMORY=64GiB sets the limit by hand.",
    )


def _write_clusters(pool: Any, clusters: Any, path: Path) -> None:
    import numpy as np
    import pyarrow as pa

    from ladle.cli.outputs import write_table

    table = pa.table({"id": pool.ids, "row": np.arange(pool.rows, dtype=np.int64), "cluster": clusters})
    write_table(table, path, about={"command": "cluster", "pool_digest": pool.digest})


def _trust(tree: Any) -> str:
    if tree.recall is None:
        return f"{tree.certified:.2%} of them proven exact"
    return f"from approximate neighbours ({tree.recall:.1%} of a sample's found; --exact for all)"


def _tell(
    pool: Any, tree: Any, clusters: Any, seconds: float, output: Path, clusters_out: Path | None, as_json: bool
) -> None:
    import numpy as np

    from ladle.cli.answers import answer, peak_bytes, took

    sizes = np.bincount(clusters)
    peak = peak_bytes()
    facts = {
        "command": "cluster",
        "pool": pool.source,
        "rows": pool.rows,
        "dim": pool.dim,
        "dtype": pool.dtype.name,
        "metric": tree.metric,
        "merges": len(tree.merges),
        "complete": tree.complete,
        "certified": float(tree.certified),
        "recall": tree.recall,
        "clusters": len(sizes),
        "cluster_size_mean": float(sizes.mean()),
        "cluster_size_median": float(np.median(sizes)),
        "cluster_size_max": int(sizes.max()),
        "pool_digest": tree.pool_digest,
        "seconds": round(seconds, 3),
        "peak_memory_bytes": peak,
        "output": str(output),
        "clusters_out": None if clusters_out is None else str(clusters_out),
    }
    shown = {
        "pool": f"{pool.source}: {pool.rows:,} examples, dim {pool.dim:,}, {pool.dtype.name}",
        "metric": tree.metric,
        "clusters": f"{len(sizes):,}",
        "cluster size": f"mean {sizes.mean():.1f}, median {np.median(sizes):g}, largest {int(sizes.max()):,}",
        "merges": f"{len(tree.merges):,}, {_trust(tree)}",
        "took": took(seconds, peak),
        "tree": str(output),
    }
    if clusters_out is not None:
        shown["clusters in"] = str(clusters_out)
    answer("Clustered", shown, facts, as_json=as_json)

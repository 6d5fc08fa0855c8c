"""`ladle cluster`: the tree of a pool."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli.pool.cluster_state import ClusterState
from ladle.cli.program import options
from ladle.cli.program.options import Metric, Quality
from ladle.cli.program.skipping import SkipInvalid, SkippedFile, Skipping
from ladle.counts import counted

EXAMPLES = options.examples(
    "ladle cluster pool.parquet -o tree.npz --id image_id --embedding emb",
    "ladle cluster embeddings.npy -o tree.npz --metric sqeuclidean --threshold 0.8",
    "ladle cluster shards/ -o tree.npz --clusters-out clusters.parquet --json",
    "ladle cluster pool.parquet -o tree.npz --checkpoint /scratch/clustering",
    "ladle cluster pool.parquet -o tree.npz --ray head.example:6379",
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
    exact: options.Exact = None,
    quality: Annotated[
        Quality, typer.Option("--quality", help="How hard an approximate search tries.")
    ] = Quality.DEFAULT,
    ray: options.RayAddress = None,
    seed: options.Seed = 0,
    prototypes: Annotated[
        bool | None,
        typer.Option(
            "--prototypes/--no-prototypes",
            help="Whether the tree file holds the data for ladle assign. Default: if they take up to 1 GiB.",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="DIR",
            help="Folder of the checkpoint, from which the same command continues. Default: TREE.partial.",
        ),
    ] = None,
    no_checkpoint: Annotated[bool, typer.Option("--no-checkpoint", help="Write no checkpoint.")] = False,
    scratch: Annotated[
        Path | None,
        typer.Option(
            "--scratch",
            metavar="DIR",
            help="Folder of the vectors during the run, if they do not fit in memory. Default: the folder of TREE.",
        ),
    ] = None,
    clusters_out: Annotated[
        Path | None,
        typer.Option("--clusters-out", metavar="FILE", help="Also write id, row, cluster: .parquet, .csv or .jsonl."),
    ] = None,
    skip_invalid: SkipInvalid = False,
    skipped: SkippedFile = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Cluster a pool once, for all rounds.

    The tree ends where its clusters have --mean-size examples on average (default 10), or at --threshold or
    --n-clusters, or with one cluster (--full). It can be cut at any level up to there.

    The pool is read block by block and may be larger than memory. After an interruption the same command continues from
    its last checkpoint. An existing file is not replaced by another one without --force.
    """
    from ladle.cli.pool.cluster_plan import OutputPaths, check_fit
    from ladle.cli.program.outputs import TABLE_SUFFIXES, check_new, check_output, check_writable, write_all

    _check_ray(ray, exact)
    inputs = [pool, ids]
    check_output(output, [".npz"], inputs=inputs)
    if clusters_out is not None:
        check_output(clusters_out, TABLE_SUFFIXES, inputs=[*inputs, output])
    skipping = Skipping.of(skip_invalid, skipped, beside=output, inputs=[*inputs, clusters_out], force=force)
    level = _level(mean_size, threshold, n_clusters, full)
    state = ClusterState.of(checkpoint, no_checkpoint, output, inputs)
    if scratch is not None:
        check_writable(scratch)
    if (
        clusters_out is not None and not output.exists()
    ):  # it takes its name after the tree, so this command did not write it
        check_new(clusters_out, force=force)
    started = time.perf_counter()
    examples = skipping.open_pool(pool, id_column, embedding, ids, metric=metric.value)
    scratch_folder = output.absolute().parent if scratch is None else scratch
    files = OutputPaths(output, state.folder, scratch_folder)
    exact_engine = ray is not None or options.uses_exact(examples.rows, exact)
    check_fit(examples, level, files, exact=exact_engine, prototypes=prototypes, on_ray=ray is not None)
    _check_tree_there(output, examples, metric.value, level, force=force)

    from ladle.cli.program.progress import progress_reporter
    from ladle.hac import cluster as make_tree

    with state.hold(quiet=as_json) as resumed_from:
        tree = make_tree(
            examples,
            metric=metric.value,
            engine="auto" if ray is None else "ray",
            ray=ray,
            exact=exact,
            quality=quality.value,
            seed=seed,
            checkpoint=state.folder,
            scratch=scratch_folder,
            prototypes=prototypes,
            progress=progress_reporter(quiet=quiet or as_json),
            **level,
        )
        clusters, makers = tree.cut(), {output: tree.save, **skipping.files(examples)}
        if clusters_out is not None:
            makers[clusters_out] = lambda path: _write_clusters(examples, clusters, path)
        before = write_all(makers, force=force)
        done_before = before[output] and (clusters_out is None or before[clusters_out])
    run = _RunSummary(time.perf_counter() - started, output, clusters_out, resumed_from, skipping, done_before)
    _print(examples, tree, clusters, run, as_json)


def _check_ray(ray: str | None, exact: bool | None) -> None:
    """Refuse a wrong address, and approximate neighbours on Ray. Raises: ArgumentError."""
    if ray is None:
        return
    from ladle.cli.pool.cluster_plan import refuse_approximate_ray
    from ladle.compute.ray_cluster import check_address

    check_address(ray)
    refuse_approximate_ray(exact)


def _check_tree_there(path: Path, pool: Any, metric: str, level: dict[str, Any], *, force: bool) -> None:
    """Refuse, before any work, to write over a file that is not a tree of this pool, metric and level.

    Whether such a tree is the one of this command is known after the clustering only. Raises: FileError.
    """
    from ladle.cli.program.outputs import other_file_error
    from ladle.errors import LadleError
    from ladle.hac import Dendrogram, Level

    if force or not path.exists():
        return
    try:
        tree = Dendrogram.load(path)
        tree.origin.check(pool, subject=f"the tree {path}")
    except LadleError as cause:
        raise other_file_error(path) from cause
    if tree.metric != metric or tree.level != (Level(**level) if level else None):
        raise other_file_error(path)


def _level(mean_size: float | None, threshold: float | None, n_clusters: int | None, full: bool) -> dict[str, Any]:
    """The level as an argument of `ladle.cluster`; none for a full tree. Raises: ArgumentError for two levels."""
    from ladle.errors import ArgumentError

    options_of_level = {"mean_size": mean_size, "threshold": threshold, "n_clusters": n_clusters}
    level = {name: value for name, value in options_of_level.items() if value is not None}
    if len(level) + full > 1:
        raise ArgumentError(
            "the level",
            wanted="be one of --mean-size, --threshold, --n-clusters, --full",
            got=" and ".join([*(f"--{name.replace('_', '-')}" for name in level), *(["--full"] if full else [])]),
        )
    return level if level or full else {"mean_size": options.MEAN_SIZE}


def _write_clusters(pool: Any, clusters: Any, path: Path) -> None:
    import numpy as np
    import pyarrow as pa

    from ladle.cli.program.outputs import write_table

    rows = pool.source_rows(np.arange(pool.rows, dtype=np.int64))
    table = pa.table({"id": pool.ids, "row": rows, "cluster": clusters})
    write_table(table, path, about={"command": "cluster", "pool_digest": pool.digest})


def _trust(tree: Any) -> str:
    if tree.recall is None:
        return f"{tree.certified:.2%} of them proven exact"
    return f"from approximate neighbours (recall {tree.recall:.1%} in a sample; --exact for all)"


@dataclass(frozen=True, slots=True)
class _RunSummary:
    """The facts of a run beside its tree. done_before: whether equal files were there already."""

    seconds: float
    output: Path
    clusters_out: Path | None
    resumed_from: datetime | None
    skipping: Skipping
    done_before: bool


def _print(pool: Any, tree: Any, clusters: Any, run: _RunSummary, as_json: bool) -> None:
    import numpy as np

    from ladle.cli.program.printing import peak_bytes, print_answer, time_and_memory

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
        "inversions": tree.checks.inversions,
        "pushes": tree.checks.pushes,
        "clusters": len(sizes),
        "cluster_size_mean": float(sizes.mean()),
        "cluster_size_median": float(np.median(sizes)),
        "cluster_size_max": int(sizes.max()),
        "prototypes": tree.prototypes is not None,
        "pool_digest": tree.pool_digest,
        "resumed_from": None if run.resumed_from is None else run.resumed_from.isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 3),
        "peak_memory_bytes": peak,
        "output": str(run.output),
        "done_before": run.done_before,
        "clusters_out": None if run.clusters_out is None else str(run.clusters_out),
        **run.skipping.facts(pool),
    }
    shown = {
        "pool": f"{pool.source}: {counted(pool.rows, 'example')}, dim {pool.dim:,}, {pool.dtype.name}",
        **run.skipping.shown(pool),
        "metric": tree.metric,
        "clusters": f"{len(sizes):,}",
        "cluster size": f"mean {sizes.mean():.1f}, median {np.median(sizes):g}, largest {int(sizes.max()):,}",
        "merges": f"{len(tree.merges):,}, {_trust(tree)}",
        "self-check": f"{counted(tree.checks.inversions, 'merge')} below one of their parts, "
        f"{counted(tree.checks.pushes, 'neighbour')} found late",
        "took": time_and_memory(run.seconds, peak),
        "tree": f"{run.output}{', as it was' if run.done_before else ''}",
    }
    if run.clusters_out is not None:
        shown["clusters in"] = str(run.clusters_out)
    print_answer("Clustered", shown, facts, as_json=as_json)

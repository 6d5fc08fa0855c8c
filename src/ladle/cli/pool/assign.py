"""`ladle assign`: new examples into the clusters of a tree."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli.program import options
from ladle.cli.program.skipping import SkipInvalid, SkippedFile, Skipping
from ladle.counts import counted, of_number

EXAMPLES = options.examples(
    "ladle assign tree.npz new.parquet -o new-clusters.parquet --id image_id --embedding emb",
    "ladle assign tree.npz new.npy -o new-clusters.csv --clustered pool.npy --mean-size 5",
    "ladle assign tree.npz new/ -o new-clusters.parquet --new mark --json",
)


class New(StrEnum):
    """What happens to examples far from every cluster."""

    CLUSTER = "cluster"
    MARK = "mark"
    NEAREST = "nearest"


def assign(
    tree: Annotated[
        Path, typer.Argument(metavar="TREE", help="The tree that ladle cluster wrote.", show_default=False)
    ],
    pool: Annotated[
        Path,
        typer.Argument(
            metavar="POOL",
            help="The new examples: a .npy, .npz, .parquet, .arrow or .feather file, or a folder of them.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The clusters to write: .parquet, .csv or .jsonl.")
    ],
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    clustered: Annotated[
        Path | None,
        typer.Option(
            "--clustered",
            metavar="POOL",
            help="The pool of the tree, with the same columns. Needed for cuts finer than those the tree has data for.",
        ),
    ] = None,
    clustered_ids: Annotated[
        Path | None, typer.Option("--clustered-ids", metavar="FILE", help="Ids of a --clustered .npy pool.")
    ] = None,
    mean_size: options.MeanSize = None,
    threshold: options.Threshold = None,
    n_clusters: options.NClusters = None,
    new: Annotated[
        New,
        typer.Option("--new", help="Examples far from every cluster: cluster them, mark them -1, or take the nearest."),
    ] = New.CLUSTER,
    exact: Annotated[
        bool | None,
        typer.Option("--exact/--approximate", help="Whether each is compared with every cluster. Default: if quick."),
    ] = None,
    seed: options.Seed = 0,
    skip_invalid: SkipInvalid = False,
    skipped: SkippedFile = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Put new examples into the clusters of a tree, without clustering again.

    Each joins its nearest cluster up to the height where the tree is cut: where it stopped, or at --mean-size,
    --threshold or --n-clusters. The file has the columns id, row, cluster, linkage and new; cluster numbers are those
    of ladle cluster --clusters-out at the same cut, and new clusters are numbered on from there.
    """
    from ladle.cli.program.outputs import TABLE_SUFFIXES, check_output, write_all
    from ladle.cli.program.progress import progress_reporter
    from ladle.hac import Dendrogram

    check_output(output, TABLE_SUFFIXES, inputs=[tree, pool, ids, clustered, clustered_ids])
    inputs = [tree, pool, ids, clustered, clustered_ids]
    skipping = Skipping.of(skip_invalid, skipped, beside=output, inputs=inputs, force=force)
    started = time.perf_counter()
    loaded = Dendrogram.load(tree)
    examples = skipping.open_pool(pool, id_column, embedding, ids, metric=loaded.metric)
    clustered_pool = None
    if clustered is not None:  # without the rows that were left out when the tree was made
        then = Skipping(loaded.skipped_rows is not None, None)
        clustered_pool = then.open_pool(clustered, id_column, embedding, clustered_ids, metric=loaded.metric)
    assigned = loaded.assign(
        examples,
        mean_size=mean_size,
        threshold=threshold,
        n_clusters=n_clusters,
        pool=clustered_pool,
        new=new.value,
        exact=exact,
        seed=seed,
        progress=progress_reporter(quiet=quiet or as_json),
    )
    files = {output: lambda path: _write(examples, assigned, loaded, path), **skipping.files(examples)}
    done_before = write_all(files, force=force)[output]
    _print(examples, assigned, loaded.metric, skipping, time.perf_counter() - started, output, done_before, as_json)


def _write(pool: Any, assigned: Any, tree: Any, path: Path) -> None:
    import numpy as np
    import pyarrow as pa

    from ladle.cli.program.outputs import write_table

    table = pa.table(
        {
            "id": pool.ids,
            "row": pool.source_rows(np.arange(pool.rows, dtype=np.int64)),
            "cluster": assigned.labels,
            "linkage": assigned.linkages,
            "new": (assigned.labels < 0) | (assigned.labels >= assigned.known),
        }
    )
    write_table(
        table,
        path,
        about={"command": "assign", "pool_digest": pool.digest, "tree_pool_digest": tree.pool_digest},
    )


def _print(
    pool: Any,
    assigned: Any,
    metric: str,
    skipping: Skipping,
    seconds: float,
    output: Path,
    done_before: bool,
    as_json: bool,
) -> None:
    import numpy as np

    from ladle.cli.program.printing import peak_bytes, print_answer, time_and_memory

    peak = peak_bytes()
    joined = int(((assigned.labels >= 0) & (assigned.labels < assigned.known)).sum())
    far = pool.rows - joined
    facts = {
        "command": "assign",
        "pool": pool.source,
        "rows": pool.rows,
        "metric": metric,
        "clusters": assigned.known,
        "joined": joined,
        "twins": assigned.twins,
        "far": far,
        "clusters_founded": assigned.founded,
        "limit": None if np.isinf(assigned.limit) else assigned.limit,
        "recall": assigned.recall,
        "unresolved": assigned.unresolved,
        "seconds": round(seconds, 3),
        "peak_memory_bytes": peak,
        "output": str(output),
        "done_before": done_before,
        **skipping.facts(pool),
    }
    outcome = f", in {counted(assigned.founded, 'new cluster')}" if assigned.founded else ", marked -1" if far else ""
    search = "exact"
    if assigned.recall is not None:
        search = f"by cells ({assigned.recall:.1%} of a sample as in an exact search; --exact for all)"
    if assigned.unresolved:
        search += f"; {assigned.unresolved:,} equally near to a second cluster, up to rounding"
    shown = {
        "new examples": f"{pool.source}: {pool.rows:,}",
        **skipping.shown(pool),
        "joined": f"{joined:,} of {counted(assigned.known, 'cluster')}; "
        f"{assigned.twins:,} {of_number(assigned.twins, 'equals')} one of the tree's examples",
        "far from all": f"{far:,} beyond {assigned.limit:.4g}{outcome}",
        "search": search,
        "took": time_and_memory(seconds, peak),
        "clusters in": f"{output}{', as it was' if done_before else ''}",
    }
    print_answer("Assigned", shown, facts, as_json=as_json)

"""`ladle doctor`: versions, the machine, and the memory, disk and time that a pool would take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli.program import options
from ladle.cli.program.skipping import SkipInvalid, SkippedFile, Skipping
from ladle.counts import counted

EXAMPLES = options.examples(
    "ladle doctor",
    "ladle doctor pool.parquet",
    "ladle doctor --rows 9000000 --dim 64 --json",
    "ladle doctor --rows 300000 --dim 64 --exact",
    "ladle doctor --rows 3000000 --dim 64 --ray",
)

_WRITTEN = {"checkpoint": "the checkpoint, meanwhile", "scratch": "the vectors, meanwhile", "tree": "the tree"}


def doctor(
    pool: Annotated[
        Path | None,
        typer.Argument(metavar="[POOL]", help="A pool to look at and to plan for.", show_default=False),
    ] = None,
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="COUNT", help="Plan for a pool of so many rows.")
    ] = None,
    dim: Annotated[int | None, typer.Option("--dim", metavar="COUNT", help="... of so many dimensions.")] = None,
    exact: options.Exact = None,
    ray: Annotated[
        bool, typer.Option("--ray", help="Plan for ladle cluster --ray: what is moved, and the memory of a worker.")
    ] = False,
    skip_invalid: SkipInvalid = False,
    skipped: SkippedFile = None,
    as_json: options.AsJson = False,
) -> None:
    """Show versions, the machine, and the memory, disk and time that a pool would take.

    Name a POOL to read its size, or give --rows and --dim for one you do not have yet.
    """
    from ladle.cli.pool import machine
    from ladle.cli.program.printing import print_json, print_tables

    skipping = Skipping.of(skip_invalid, skipped, beside=None, inputs=[pool, ids])
    facts: dict[str, Any] = {
        "command": "doctor",
        "versions": machine.versions(),
        "machine": machine.hardware(),
        "engines": machine.engines(),
        "pool": _pool_facts(skipping, pool, id_column, embedding, ids, rows, dim),
    }
    if ray:
        _check_ray(facts["pool"], exact)
        exact = True
    facts["plan"] = _plan(facts["pool"], exact)
    facts["clustering"] = _clustering(facts["pool"], exact)
    if ray:
        facts["ray"] = _ray(facts["pool"], facts["clustering"], facts["machine"]["threads"])
    facts["warnings"] = _warnings(facts)
    if as_json:
        print_json(facts)
    else:
        print_tables(_tables(facts))


def _pool_facts(
    skipping: Skipping,
    path: Path | None,
    id_column: str | None,
    embedding: str | None,
    ids: Path | None,
    rows: int | None,
    dim: int | None,
) -> dict[str, Any] | None:
    from dataclasses import asdict

    from ladle.errors import ArgumentError

    if path is not None and (rows is not None or dim is not None):
        raise ArgumentError("--rows and --dim", wanted="be left out when a pool is named", got="both")
    if (rows is None) != (dim is None):
        raise ArgumentError("--rows and --dim", wanted="come together", got="one of them")
    if path is not None:
        opened = skipping.open_pool(path, id_column, embedding, ids)
        skipping.write(opened)
        return asdict(opened.describe()) | skipping.facts(opened)
    if rows is None or dim is None:
        return None
    if rows < 1 or dim < 1:
        raise ArgumentError("--rows and --dim", wanted="be 1 or more", got=f"{rows:,} and {dim:,}")
    return {"source": None, "rows": rows, "dim": dim, "dtype": "float32", "embedding_bytes": 4 * rows * dim}


def _plan(pool: dict[str, Any] | None, exact: bool | None) -> list[dict[str, Any]]:
    from ladle.hac import plan
    from ladle.strategies.plan import memory_plan

    if pool is None:
        return []
    rows, dim = pool["rows"], pool["dim"]
    return [
        {
            "step": step.step,
            "needed_bytes": step.needed_bytes,
            "available_bytes": step.available_bytes,
            "fits": step.fits,
        }
        for step in (plan.memory_plan(rows, dim, exact=plan.uses_exact(rows, exact)), memory_plan(rows))
    ]


def _clustering(pool: dict[str, Any] | None, exact: bool | None) -> dict[str, Any] | None:
    """The engine that clusters the pool to the default mean size, the disk it takes, and how long it takes."""
    if pool is None:
        return None
    from ladle.cli.pool import machine
    from ladle.hac import plan

    rows, dim = pool["rows"], pool["dim"]
    engine_exact = plan.uses_exact(rows, exact)
    carried = plan.carried_bytes(math.ceil(rows / options.MEAN_SIZE), dim, rows)
    speed = machine.products_per_second()
    on_disk = plan.goes_to_disk(rows, dim, exact=engine_exact)
    easy, hard = plan.clustering_seconds(rows, dim, exact=engine_exact, products_per_second=speed, on_disk=on_disk)
    return {
        "engine": "exact" if engine_exact else "approximate",
        "mean_size": options.MEAN_SIZE,
        "tree_bytes": plan.tree_file_bytes(rows, carried),
        "checkpoint_bytes": plan.checkpoint_file_bytes(rows, dim, exact=engine_exact),
        "scratch_bytes": plan.scratch_bytes(rows, dim) if on_disk else 0,
        "seconds_easy_data": round(easy, 1),
        "seconds_hard_data": round(hard, 1),
        "products_per_second": round(speed),
    }


def _check_ray(pool: dict[str, Any] | None, exact: bool | None) -> None:
    """Refuse a plan for Ray without a pool, or for approximate neighbours. Raises: ArgumentError."""
    from ladle.cli.pool.cluster_plan import refuse_approximate_ray
    from ladle.errors import ArgumentError

    if pool is None:
        raise ArgumentError("--ray", wanted="come with a POOL, or with --rows and --dim", got="neither")
    refuse_approximate_ray(exact)


def _ray(pool: dict[str, Any], clustering: dict[str, Any], threads: int) -> dict[str, Any]:
    """What `ladle cluster --ray` moves and holds, and the hours of one core like those of this machine."""
    from ladle.hac.ray_plan import ray_plan

    plan = ray_plan(pool["rows"], pool["dim"])
    moved = plan.shared_bytes + plan.returned_bytes
    return {
        "tasks": plan.tasks,
        "shared_bytes": plan.shared_bytes,
        "returned_bytes": plan.returned_bytes,
        "moved_bytes_per_row": round(moved / pool["rows"], 1),
        "worker_bytes": plan.worker_bytes,
        "core_hours_easy_data": round(clustering["seconds_easy_data"] * threads / 3600, 2),
        "core_hours_hard_data": round(clustering["seconds_hard_data"] * threads / 3600, 2),
    }


def _ray_table(ray: dict[str, Any]) -> tuple[str, dict[str, str]]:
    from ladle.memory.budget import bytes_text

    return "On Ray", {
        "tasks": f"{ray['tasks']:,}, in the first search of all examples",
        "moved": f"{bytes_text(ray['shared_bytes'])} of vectors to each machine, "
        f"{bytes_text(ray['returned_bytes'])} of answers back to this one",
        "memory": f"{bytes_text(ray['worker_bytes'])} for each worker, beside the shared memory of its machine",
        "time": f"about {ray['core_hours_easy_data']:g} to {ray['core_hours_hard_data']:g} hours of one core like "
        "those of this machine, shared by the workers but for the merging",
    }


def _warnings(facts: dict[str, Any]) -> list[str]:
    from ladle.memory.budget import bytes_text

    warnings = [
        f"to {step['step']} needs {bytes_text(step['needed_bytes'])}, "
        f"and {bytes_text(step['available_bytes'])} are available"
        for step in facts["plan"]
        if not step["fits"]
    ]
    clustering, free = facts["clustering"], facts["machine"]["disk_free_bytes"]
    written = {} if clustering is None else {what: clustering[f"{what}_bytes"] for what in _WRITTEN}
    if sum(written.values()) > free:
        parts = ", ".join(f"{bytes_text(size)} ({_WRITTEN[what]})" for what, size in written.items() if size)
        warnings.append(f"to cluster writes up to {parts}, and {bytes_text(free)} of disk are free here")
    if not facts["engines"]["blas"]:
        warnings.append("no BLAS library was found: matrix products, and so clustering, will be slow")
    return warnings


def _about(seconds: float) -> str:
    """A duration, rounded as an estimate should be: "20 s", "12 min", "5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds, -1 if seconds > 20 else 0)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"


def _pool_table(facts: dict[str, Any]) -> tuple[str, dict[str, str]]:
    from ladle.memory.budget import bytes_text

    pool, clustering = facts["pool"], facts["clustering"]
    about = {"examples": f"{pool['rows']:,}", "embeddings": f"dim {pool['dim']:,}, {pool['dtype']}"}
    if "skipped" in pool:
        about["left out"] = f"{counted(pool['skipped']['rows'], 'example')} whose vector cannot be used"
    if "id_type" in pool:
        about["ids"] = pool["id_type"]
    for step in facts["plan"]:
        fits = "fits" if step["fits"] else "does not fit"
        about[f"to {step['step']}"] = f"{bytes_text(step['needed_bytes'])} of memory, {fits}"
    if clustering["scratch_bytes"]:
        about["vectors"] = (
            f"in files, {bytes_text(clustering['scratch_bytes'])} while it runs, as memory has no room for them: slower"
        )
    about["neighbours"] = clustering["engine"]
    about["time to cluster"] = (
        f"about {_about(clustering['seconds_easy_data'])} on this machine where the data has clear clusters, "
        f"{_about(clustering['seconds_hard_data'])} where it has not"
    )
    about["disk"] = (
        f"{bytes_text(clustering['tree_bytes'])} for the tree at most; "
        f"{bytes_text(clustering['checkpoint_bytes'])} for the checkpoint while it runs, at most"
    )
    return pool["source"] or "A pool of this size", about


def _tables(facts: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    from ladle.memory.budget import bytes_text

    def amount(value: int | None) -> str:
        return "unknown" if value is None else bytes_text(value)

    machine, engines = facts["machine"], facts["engines"]
    tables = [
        ("Versions", {name: version or "not installed" for name, version in facts["versions"].items()}),
        (
            "Machine",
            {
                "system": machine["system"],
                "processor": f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads used",
                "memory": f"{amount(machine['memory_bytes'])}, {amount(machine['available_bytes'])} available",
                "disk": f"{amount(machine['disk_free_bytes'])} free in this folder",
                "GPU": ", ".join(machine["gpus"]) or "none found",
                "BLAS": "; ".join(
                    f"{blas['library']} {blas['version'] or ''} ({blas['threads']} threads, {blas['file']})"
                    for blas in engines["blas"]
                )
                or "none found",
                "SQLite": engines["sqlite"],
                "kernels": "compiled and kept"
                if engines["kernels_cached"]
                else "compiled at first use (seconds, once)",
            },
        ),
    ]
    if facts["pool"] is not None:
        tables.append(_pool_table(facts))
    if "ray" in facts:
        tables.append(_ray_table(facts["ray"]))
    if facts["warnings"]:
        tables.append(("Warnings", {str(place): text for place, text in enumerate(facts["warnings"], 1)}))
    return tables

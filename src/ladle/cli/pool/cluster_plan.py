"""The memory and the disk space that a clustering needs, checked before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """The paths `ladle cluster` writes. state: the folder of the checkpoint, if any. scratch: that of the vectors."""

    tree: Path
    state: Path | None
    scratch: Path


def refuse_approximate_ray(exact: bool | None) -> None:
    """Refuse approximate neighbours on Ray. exact: None where the engine may choose. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    if exact is False:
        raise ArgumentError(
            "--ray", wanted="come without --approximate: neighbours on Ray are exact", got="both", remedy="Give one."
        )


def check_fit(
    pool: Any,
    level: dict[str, Any],
    files: OutputPaths,
    *,
    exact: bool,
    prototypes: bool | None,
    on_ray: bool = False,
) -> None:
    """Refuse a clustering that does not fit in memory or on a disk. level, prototypes: as for `ladle.cluster`.

    on_ray: whether workers find the neighbours. The checkpoint then holds their answers too, until the search ends.

    The tree and the checkpoint count with their largest size; files on one disk are added up.
    Raises: MemoryPlanError; ArgumentError for a level that the pool cannot have.
    """
    from ladle.hac import Level
    from ladle.hac.plan import goes_to_disk, require_memory, scratch_bytes
    from ladle.hac.ray_plan import ray_answer_bytes

    clusters = Level(**level).clusters_of(pool.rows) if level else 1
    require_memory(pool.rows, pool.dim, exact=exact)
    needed = [("the tree", files.tree.absolute().parent, _tree_bytes(pool, clusters, prototypes))]
    if files.state is not None:
        answers = ray_answer_bytes(pool.rows, pool.dim) if on_ray else 0
        needed.append(("the checkpoint", files.state.absolute(), _state_bytes(pool, files.state, exact) + answers))
    if goes_to_disk(pool.rows, pool.dim, exact=exact):
        needed.append(("the vectors", files.scratch.absolute(), scratch_bytes(pool.rows, pool.dim)))
    _check_disks(needed)


def _tree_bytes(pool: Any, clusters: int | None, prototypes: bool | None) -> int:
    from ladle.hac.plan import carried_bytes, tree_file_bytes

    # Where only the heights decide how many clusters there are, prototypes are planned at their smallest.
    return tree_file_bytes(pool.rows, carried_bytes(clusters or 1, pool.dim, pool.rows, prototypes))


def _state_bytes(pool: Any, folder: Path, exact: bool) -> int:
    """The bytes of the checkpoint, less those of the one from which the run continues."""
    from ladle.hac.checkpoint import FILE_NAME
    from ladle.hac.plan import checkpoint_file_bytes

    earlier = folder / FILE_NAME
    size = checkpoint_file_bytes(pool.rows, pool.dim, exact=exact)
    return size - (earlier.stat().st_size if earlier.is_file() else 0)


def _check_disks(needed: list[tuple[str, Path, int]]) -> None:
    """Refuse files (what, folder, bytes) that do not fit on their disks. Raises: MemoryPlanError."""
    from ladle.memory.budget import bytes_text, require_disk

    disks: dict[int, list[tuple[str, Path, int]]] = {}
    for what, folder, size in needed:
        existing = next(each for each in (folder, *folder.parents) if each.is_dir())
        disks.setdefault(existing.stat().st_dev, []).append((what, existing, size))
    remedies = {
        "the tree": "Name another --output",
        "the checkpoint": "name another --checkpoint, or say --no-checkpoint",
        "the vectors": "name another --scratch",
    }
    for files in disks.values():
        purpose = ", ".join(f"{bytes_text(size)} ({what})" for what, _, size in files)
        remedy = ", ".join(remedies[what] for what, _, _ in files)
        require_disk(
            sum(size for _, _, size in files),
            files[0][1],
            purpose=purpose,
            remedy=f"Make room. {remedy[0].upper()}{remedy[1:]}.",
        )

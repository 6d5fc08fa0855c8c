"""Whether a Ray cluster has room for a clustering: checked before any work."""

from __future__ import annotations

from typing import Protocol

from ladle.errors import MemoryPlanError
from ladle.hac.engine.rounds import FIRST_NEIGHBOURS
from ladle.memory.budget import bytes_text, require
from ladle.neighbours.shard_plan import ShardPlan, shard_plan


class Room(Protocol):
    """What a cluster has; see `ladle.compute.ray_cluster.ClusterRoom`."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    @property
    def worker_bytes(self) -> int:
        """Memory for each worker, of the machine that has the least."""
        ...

    @property
    def store_bytes(self) -> int:
        """Shared memory of the machine that has the least."""
        ...


def ray_plan(rows: int, dim: int) -> ShardPlan:
    """What the neighbour search of a clustering moves and holds on Ray."""
    return shard_plan(rows, dim, FIRST_NEIGHBOURS)


def ray_answer_bytes(rows: int, dim: int) -> int:
    """Disk for the answers of the workers, until the first search is saved."""
    return ray_plan(rows, dim).returned_bytes


def require_cluster_room(plan: ShardPlan, room: Room, rows: int, dim: int) -> None:
    """Refuse a cluster whose workers or shared memory are too small. Raises: MemoryPlanError."""
    subject = f"clustering {rows:,} examples of dim {dim:,} on Ray"
    if plan.worker_bytes > room.worker_bytes:
        raise MemoryPlanError(
            subject,
            wanted=f"fit the {bytes_text(room.worker_bytes)} of memory of each worker",
            got=f"{bytes_text(plan.worker_bytes)} needed",
            remedy="Start Ray with fewer processors (--num-cpus) or on larger machines.",
        )
    needed = plan.store_bytes(room.workers)
    if needed > room.store_bytes:
        raise MemoryPlanError(
            subject,
            wanted=f"fit the {bytes_text(room.store_bytes)} of shared memory of each machine",
            got=f"{bytes_text(needed)} needed",
            remedy=f"Start Ray with --object-store-memory={needed} on every machine.",
        )


def require_local_room(plan: ShardPlan, workers: int, rows: int, dim: int) -> None:
    """Refuse to start a cluster on this machine without memory for its part of the work. Raises: MemoryPlanError."""
    require(
        plan.store_bytes(workers) + workers * plan.worker_bytes,
        f"clustering {rows:,} examples of dim {dim:,} on a local Ray",
        remedy="Use fewer workers (LADLE_THREADS), or a cluster of several machines.",
    )

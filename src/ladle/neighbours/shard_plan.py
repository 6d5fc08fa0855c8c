"""How a sharded search is cut, and what it moves and holds: planned before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from ladle.neighbours.products import MEMBER_BLOCK, QUERY_BLOCK

BLOCKS = 24  # of the members, at most: 300 tasks, and 25 lists of each member
LEAST_TILES = 4  # of a block
QUERY_TASKS = 3  # of each worker, so that none waits long for the last
LEAST_PRODUCTS = 1e11  # a second of one core: less is done before the vectors are moved
WORKER_FIXED_BYTES = 320 << 20  # a process with its libraries and compiled loops
STORE_MARGIN_BYTES = 64 << 20  # of shared memory
_POINT_BYTES = 4  # of a half, beside its vector
_ENTRY_BYTES = 8  # a score and a position


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What the first search of a clustering, the largest, moves and holds.

    tasks: in all. shared_bytes: of the vectors, at most once in the shared memory of each machine. returned_bytes: of
    the lists, from the workers to the caller. worker_bytes: memory of one worker, beside shared memory. Later searches
    move the clusters that are left, and their lists.
    """

    tasks: int
    shared_bytes: int
    returned_bytes: int
    worker_bytes: int

    @property
    def task_bytes(self) -> int:
        """The lists that one task returns, at most."""
        return 2 * self.returned_bytes // self.tasks

    def store_bytes(self, workers: int) -> int:
        """Shared memory of the caller's machine: the vectors, and the lists that wait for it."""
        return self.shared_bytes + 2 * workers * self.task_bytes + STORE_MARGIN_BYTES


def shard_plan(rows: int, dim: int, k: int) -> ShardPlan:
    """The plan for `rows` points of dimension `dim` with k neighbours each."""
    block = min(block_rows(rows), rows)
    blocks = -(-rows // block)
    vector = 4 * dim + _POINT_BYTES
    return ShardPlan(
        tasks=blocks * (blocks + 1) // 2,
        shared_bytes=rows * vector,
        returned_bytes=rows * blocks * k * _ENTRY_BYTES,
        worker_bytes=WORKER_FIXED_BYTES + 2 * block * (vector + 4 * k * _ENTRY_BYTES),
    )


def block_rows(members: int) -> int:
    """Members of a block: whole tiles, at least LEAST_TILES of them."""
    tiles = -(-members // MEMBER_BLOCK)
    return MEMBER_BLOCK * max(LEAST_TILES, -(-tiles // BLOCKS))


def query_rows(queries: int, workers: int) -> int:
    """Queries of a task: whole blocks of the products."""
    blocks = -(-queries // QUERY_BLOCK)
    return QUERY_BLOCK * max(1, -(-blocks // (QUERY_TASKS * workers)))


def is_worth_sharing(products: float, least: float | None = None) -> bool:
    """Whether a search of so many multiply-adds is handed to the workers. least: None is LEAST_PRODUCTS."""
    return products >= (LEAST_PRODUCTS if least is None else least)

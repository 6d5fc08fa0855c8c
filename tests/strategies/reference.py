"""Cluster-Margin again, slowly, in plain Python, straight from the paper's text; used only to check the fast one.

"M is the k_m unlabelled examples with the smallest margin. Group M by its clusters; sort the groups by size,
ascending. Round-robin over the sorted groups: take one example uniformly at random from each group in turn; after
the largest return to the smallest group that still has examples; stop at k_t."

Wherever chance enters, a `Chance` is asked. `Hashed` answers with the library's own numbers, in Python integers;
`Independent` with Python's generator.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from typing import Protocol

WORD = 2**64


class Chance(Protocol):
    def first_of_tied_rows(self, rows: list[int], count: int) -> set[int]: ...

    def shuffle_rank(self, cluster: int) -> float: ...

    def member(self, cluster: int, turn: int, size: int) -> int: ...


def cluster_margin(
    margins: Sequence[float],
    clusters: Sequence[int],
    batch_size: int,
    candidate_ratio: float,
    labelled: Sequence[int],
    group_size: str,
    chance: Chance,
) -> list[int]:
    taken = set(labelled)
    unlabelled = [row for row in range(len(margins)) if row not in taken]
    k_m = min(len(unlabelled), math.ceil(candidate_ratio * batch_size))

    cutoff = sorted(margins[row] for row in unlabelled)[k_m - 1]
    candidates = {row for row in unlabelled if margins[row] < cutoff}
    tied = [row for row in unlabelled if margins[row] == cutoff]
    candidates |= chance.first_of_tied_rows(tied, k_m - len(candidates))

    groups: dict[int, list[int]] = {}
    for row in sorted(candidates):
        groups.setdefault(clusters[row], []).append(row)

    def size(cluster: int) -> int:
        return len(groups[cluster]) if group_size == "candidates" else list(clusters).count(cluster)

    ordered = sorted(groups, key=lambda cluster: (size(cluster), chance.shuffle_rank(cluster)))
    batch: list[int] = []
    turn = 0
    while True:
        for cluster in ordered:
            members = groups[cluster]
            if not members:
                continue
            pick = chance.member(cluster, turn, len(members))
            batch.append(members[pick])
            # The place left empty is filled by the first member, which is then dropped: what is left is the same
            # set whatever the order, and this order is the one the hashed draws refer to.
            members[pick] = members[0]
            del members[0]
            if len(batch) == batch_size:
                return batch
        turn += 1


class Independent:
    """Python's own generator: the right distribution, other numbers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ranks: dict[int, float] = {}

    def first_of_tied_rows(self, rows: list[int], count: int) -> set[int]:
        return set(self.random.sample(rows, count))

    def shuffle_rank(self, cluster: int) -> float:
        return self.ranks.setdefault(cluster, self.random.random())

    def member(self, cluster: int, turn: int, size: int) -> int:
        return self.random.randrange(size)


class Hashed:
    """The library's draws, in Python integers of any size."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def first_of_tied_rows(self, rows: list[int], count: int) -> set[int]:
        return set(sorted(rows, key=lambda row: priority(self.key("ties"), row))[:count])

    def shuffle_rank(self, cluster: int) -> int:
        return priority(self.key("group order"), cluster)

    def member(self, cluster: int, turn: int, size: int) -> int:
        return below(self.key("members"), cluster, turn, size)

    def key(self, purpose: str) -> int:
        text = f"{self.seed}\x1f{purpose}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


GAMMA = 0x9E3779B97F4A7C15


def mix(word: int) -> int:
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % WORD
    return word ^ (word >> 31)


def priority(key: int, name: int) -> int:
    return mix((key + GAMMA * (name + 1)) % WORD)


def below(key: int, name: int, turn: int, size: int) -> int:
    word = mix((priority(key, name) + GAMMA * (turn + 1)) % WORD)
    while word < WORD % size:
        word = mix((word + GAMMA) % WORD)
    return word % size

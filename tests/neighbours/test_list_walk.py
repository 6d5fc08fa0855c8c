from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.neighbours import CellSearch, Effort
from ladle.neighbours.contract import NeighbourHints
from ladle.neighbours.join import Join
from ladle.neighbours.list_walk import PASSES, Links
from ladle.neighbours.list_walk_kernels import MOST
from ladle.neighbours.sample import RecallSample
from ladle.progress import SILENT
from tests.neighbours.test_join import K, joined, points

N, DIM = 300, 4


def known(random: np.random.Generator, n: int, most: int) -> tuple[NeighbourHints, np.ndarray]:
    """Lists of up to `most` ids, some of clusters that have merged and some marked as bounds; and who exists."""
    parents = np.arange(n, dtype=np.int32)
    for gone in random.choice(n - 1, n // 4, replace=False) + 1:
        parents[gone] = random.integers(gone)  # chains, none of them a ring
    lengths = random.integers(0, most + 1, n).astype(np.int32)
    gaps = random.integers(0, 3, n)
    starts = np.cumsum(lengths + gaps) - lengths
    ids = random.integers(0, n, int(lengths.sum() + gaps.sum())).astype(np.int32)
    ids = np.where(random.random(len(ids)) < 0.3, ~ids, ids)
    return NeighbourHints(ids, starts.astype(np.int64), lengths, parents), np.flatnonzero(parents == np.arange(n))


def plain_links(lists: NeighbourHints, ids: np.ndarray) -> list[list[int]]:
    """Both ways, by position, in any order."""
    place = {int(a): x for x, a in enumerate(ids)}
    near: list[list[int]] = [[] for _ in ids]
    for x, a in enumerate(ids):
        for entry in lists.ids[lists.starts[a] : lists.starts[a] + lists.lengths[a]]:
            b = int(entry if entry >= 0 else ~entry)
            while lists.parents[b] != b:
                b = int(lists.parents[b])
            near[x].append(place.get(b, -1))
            if b in place:
                near[place[b]].append(x)
    return near


def some_found(join: Join, rows: np.ndarray, random: np.random.Generator) -> None:
    """Queries that have found a few members at random, nearest first."""
    join.answer_only(rows)
    for x, row in enumerate(rows):
        others = np.setdiff1d(np.arange(len(join.order)), row)
        drawn = random.choice(others, K // 2, replace=False)
        scores = join.packed.points[drawn] @ join.packed.points[row] - join.packed.halves[drawn]
        best = np.argsort(-scores)
        join.positions[x, : K // 2], join.scores[x, : K // 2] = drawn[best], scores[best]


def walked(join: Join, near: list[list[int]]) -> list[set[int]]:
    """Who should be found for every query, by sets."""
    lists = [[int(y) for y in row if y >= 0] for row in join.positions]
    answer = {int(row): x for x, row in enumerate(join.rows)}
    met: list[set[int]] = [set(row) for row in lists]
    before: list[list[int]] = [[] for _ in lists]
    for _ in range(PASSES):
        earlier, before = before, [list(row) for row in lists]
        for x, row in enumerate(join.rows):
            for via in set(before[x]) - set(earlier[x]):
                met[x] |= {y for y in near[via] if y >= 0}
                met[x] |= set(before[answer[via]]) if via in answer else set()
            scores = join.packed.points @ join.packed.points[row] - join.packed.halves
            lists[x] = sorted(met[x] - {int(row)}, key=lambda y: -scores[y])[:K]
    return [set(row) for row in lists]


@given(seed=st.integers(0, 10_000), most=st.integers(0, MOST), queries=st.integers(1, 40))
@settings(max_examples=40)
def test_a_walk_finds_who_a_plain_one_finds(seed: int, most: int, queries: int) -> None:
    random = np.random.default_rng(seed)
    lists, active = known(random, 80, most)
    join = joined(points(seed, len(active), DIM))
    members = active.astype(np.int32)
    links = Links.of(join, members, lists)
    ids = members[join.order]
    near = plain_links(lists, ids)
    for x in range(len(ids)):
        listed = links.near[links.starts[x] : links.starts[x + 1]].tolist()
        assert sorted(listed) == sorted(near[x])
        near[x] = listed[:MOST]  # of more, the first count
    some_found(join, np.sort(random.choice(len(ids), min(queries, len(ids)), replace=False)), random)
    wanted = walked(join, near)
    links.walk(join)
    assert [set(row[row >= 0].tolist()) for row in join.positions] == wanted


@given(seed=st.integers(0, 10_000), most=st.integers(0, 200))
@settings(max_examples=30)
def test_a_walk_keeps_what_is_near_and_tells_the_truth(seed: int, most: int) -> None:
    random = np.random.default_rng(seed)
    lists, active = known(random, N, most)
    join = joined(points(seed, len(active), DIM))
    rows = np.sort(random.choice(len(active), 50, replace=False))
    some_found(join, rows, random)
    before = join.scores.copy()
    Links.of(join, active.astype(np.int32), lists).walk(join)
    assert (join.scores >= before).all()
    assert (np.diff(join.scores, axis=1) <= 0).all()
    for x, row in enumerate(rows):
        found = join.positions[x][join.positions[x] >= 0]
        assert row not in found
        assert len(set(found.tolist())) == len(found)
        scores = join.packed.points[found] @ join.packed.points[row] - join.packed.halves[found]
        assert np.allclose(scores, join.scores[x, : len(found)], atol=1e-5)


def test_any_number_of_threads_walks_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []
    for count in ("1", "5"):
        monkeypatch.setenv("LADLE_THREADS", count)
        random = np.random.default_rng(3)
        lists, active = known(random, 2_000, 12)
        join = joined(points(3, len(active), DIM))
        some_found(join, np.arange(0, len(active), 2), random)
        Links.of(join, active.astype(np.int32), lists).walk(join)
        outcomes.append((join.positions, join.scores))
    assert all(np.array_equal(one, other) for one, other in zip(*outcomes, strict=True))


def test_clusters_walk_to_neighbours_that_their_cells_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a clustering, by its own lists: the recall that a search reports rises where it is told of them."""
    monkeypatch.setattr("ladle.neighbours.effort.BRUTE_COST", 0)
    monkeypatch.setattr("ladle.neighbours.effort.HARD_COST", 0)
    gained: list[float] = []
    walk = Links.walk

    def watched(links: Links, join: Join) -> None:
        sample = RecallSample.of(join, 200, np.random.default_rng(0))
        before = sample.recall(join)
        walk(links, join)
        gained.append(sample.recall(join) - before)

    monkeypatch.setattr(Links, "walk", watched)
    E = np.random.default_rng(5).normal(size=(12_000, 24)).astype(np.float32)
    tree = ladle.cluster(E, mean_size=10, exact=False)
    assert tree.recall is not None
    assert min(gained) >= 0
    assert gained[0] > 0.03
    assert np.mean(gained) > 0.015


def test_a_search_that_is_told_of_no_lists_does_without() -> None:
    E = points(0, 20_000, 16)
    members = np.arange(len(E), dtype=np.int32)
    search = CellSearch(effort=Effort(brute_cost=0, hard_cost=0))
    for queries in (members, members[::2]):
        found = search.nearest(
            E, np.zeros(len(E)), members=members, queries=queries, k=5, precise=False, progress=SILENT
        )
        assert found.ids.shape == (len(queries), 5)
    assert search.later_recalls[-1] >= 0.9

"""The number of rows of the pool, in place of an array or beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle import strategies
from ladle.errors import ArgumentError, MismatchError, ShapeError
from ladle.strategies import Asked, Choice, Chooser, Uniform
from ladle.testing.strategy_contract import any_pool, check_pool_rows

N = 60
ARRAYS: dict[str, Any] = {
    "probabilities": np.random.default_rng(0).dirichlet(np.ones(3), N),
    "margins": np.random.default_rng(1).random(N),
    "embeddings": np.random.default_rng(2).standard_normal((N, 4)),
    "votes": np.random.default_rng(3).integers(0, 3, (N, 5)),
}
TREE = np.arange(N) // 5


class OneOfEach(Chooser):
    """Rows of each cluster in turn: it goes by a tree alone."""

    name = "one-of-each"

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def choose(self, asked: Asked) -> Choice:
        free = asked.unlabelled
        clusters = np.asarray(self.tree)[free]
        turns = np.array([np.count_nonzero(clusters[:place] == clusters[place]) for place in range(len(free))])
        rows = free[np.argsort(turns, kind="stable")[: asked.request.size]]
        return Choice(rows, np.zeros(len(rows), np.float32))


@pytest.mark.parametrize("name", strategies.names())
class TestEveryStrategy:
    def test_agreeing_rows_change_nothing_and_others_are_refused(self, name: str) -> None:
        for seed in range(5):
            pool = any_pool(seed)
            check_pool_rows(strategies.create(name, pool.clusters), pool)

    @pytest.mark.parametrize("array", ARRAYS)
    def test_a_disagreement_names_both(self, name: str, array: str) -> None:
        strategy = strategies.create(name, TREE)
        for rows in (N - 1, N + 1):
            with pytest.raises(MismatchError, match=f"`{array}` and `pool_rows` must .* got 60 and {rows} rows"):
                strategy.query(5, pool_rows=rows, **{array: ARRAYS[array]})

    def test_it_replaces_no_array_that_is_needed(self, name: str) -> None:
        strategy = strategies.create(name, TREE)
        if strategy.needs:
            with pytest.raises(ArgumentError, match=f"a query of {name.replace('+', '.')} must give `"):
                strategy.query(5, pool_rows=N)
        else:
            assert len(strategy.query(5, pool_rows=N)) == 5

    def test_in_partitions(self, name: str) -> None:
        strategy = strategies.create(name, TREE, partitions=3)
        if not strategy.needs:
            by_rows, by_array = strategy.query(9, pool_rows=N), strategy.query(9, margins=ARRAYS["margins"])
            np.testing.assert_array_equal(by_rows.rows, by_array.rows)
        with pytest.raises(MismatchError, match="`pool_rows`"):
            strategy.query(9, pool_rows=N + 1, **ARRAYS)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_uniform_of_so_many_rows(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 200))
    labelled = data.draw(st.lists(st.integers(0, rows - 1), unique=True, max_size=rows - 1))
    size, seed = data.draw(st.integers(1, rows - len(labelled))), data.draw(st.integers(0, 2**63 - 1))
    chosen = Uniform().query(size, pool_rows=rows, labelled=labelled, seed=seed)
    assert (chosen.story.pool_rows, chosen.story.labelled_rows) == (rows, len(labelled))
    alike = Uniform().query(size, margins=np.zeros(rows), labelled=labelled, seed=seed)
    np.testing.assert_array_equal(chosen.rows, alike.rows)


def test_a_tree_alone() -> None:
    chosen = OneOfEach(TREE).query(12, pool_rows=N)
    assert sorted(TREE[chosen.rows]) == list(range(12))
    mine = strategies.create(OneOfEach, TREE, partitions=1)
    np.testing.assert_array_equal(mine.query(12, pool_rows=N).rows, chosen.rows)


@pytest.mark.parametrize("rows", [0, -1, 2.0, True, "60", np.zeros(3)])
def test_bad_numbers_of_rows(rows: Any) -> None:
    with pytest.raises(ArgumentError, match="`pool_rows` must be a whole number from 1 to 2,147,483,647"):
        Uniform().query(1, pool_rows=rows)


@pytest.mark.parametrize("rows", [2**31, 10**12, 2**63 - 1, 10**30])
def test_more_rows_than_a_pool_can_have(rows: int) -> None:
    with pytest.raises(ArgumentError, match="`pool_rows` must be a whole number from 1 to 2,147,483,647"):
        Uniform().query(1, pool_rows=rows)


def test_nothing_given() -> None:
    with pytest.raises(ArgumentError, match=r"must give `probabilities` or .*got none of them\. .*`pool_rows`"):
        Uniform().query(1)
    with pytest.raises(ShapeError, match="`margins` must have one entry for each row of the pool; got a single number"):
        Uniform().query(1, margins=3.0)
    assert len(Uniform().query(2, pool_rows=np.int64(4))) == 2

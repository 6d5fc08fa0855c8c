"""Every strategy keeps the contract; and the suite finds those that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ladle import strategies
from ladle.errors import ArgumentError
from ladle.strategies import Asked, Choice, Chooser
from ladle.testing import StrategyContract
from ladle.testing.strategy_contract import any_pool, check_dtypes, check_layout, check_refusals, check_rows, check_ties


class TestClusterMargin(StrategyContract):
    """As somebody would hold a strategy of theirs to it; tests/laws asks all of ours, of pools by Hypothesis."""

    def strategy(self, tree):
        return strategies.create("cluster-margin", tree, candidate_ratio=2)


@pytest.mark.parametrize("name", strategies.names())
def test_what_cannot_be_answered_is_refused(name):
    pool = any_pool(0)
    check_refusals(strategies.create(name, pool.clusters), pool)


class Wrong(Chooser):
    """Wrong in one way."""

    name = "wrong"

    def __init__(self, choose):
        self.answer = choose

    def choose(self, asked: Asked) -> Choice:
        rows = self.answer(asked)
        return Choice(rows, np.zeros(len(rows), np.float32))


def first(asked):
    return asked.unlabelled[: asked.request.size]


@pytest.mark.parametrize(
    "choose",
    [
        lambda asked: first(asked)[:-1],
        lambda asked: np.append(first(asked), asked.unlabelled[-1:]),
        lambda asked: np.full(asked.request.size, -1),
        lambda asked: first(asked) + 0.0,
        lambda asked: first(asked) + asked.request.pool_rows,
    ],
)
def test_a_wrong_choice_is_refused_whoever_asks(choose):
    for seed in range(20):
        with pytest.raises(ArgumentError, match=r"the strategy wrong must choose \d+ different, unlabelled rows"):
            any_pool(seed).query(Wrong(choose))


def test_repeated_and_labelled_rows_are_refused():
    pool = replace(any_pool(3), labelled=np.array([0]), size=2)
    for rows in ([1, 1], [0, 1]):
        with pytest.raises(ArgumentError, match="labelled, repeated or foreign ones among them"):
            pool.query(Wrong(lambda asked, rows=rows: np.array(rows)))


def test_the_suite_finds_what_is_wrong(monkeypatch):
    with pytest.raises(AssertionError):
        check_ties(Wrong(first), np.arange(200) // 10)
    check_rows(Wrong(first), any_pool(1))

    def marking(asked):
        asked.given_votes[0] += 1
        return first(asked)

    with pytest.raises(AssertionError):
        check_rows(Wrong(marking), any_pool(1))

    def by_order_of_telling(asked):
        return np.roll(asked.unlabelled, int(np.asarray(asked.request.labelled)[:1].sum()))[: asked.request.size]

    def by_dtype(asked):
        return np.roll(asked.unlabelled, np.asarray(asked.given_probabilities).itemsize)[: asked.request.size]

    def all_pools(check, wrong, *given):
        for seed in range(20):
            check(Wrong(wrong), any_pool(seed), *given)

    with pytest.raises(AssertionError):
        all_pools(check_layout, by_order_of_telling, monkeypatch)
    with pytest.raises(AssertionError):
        all_pools(check_dtypes, by_dtype)

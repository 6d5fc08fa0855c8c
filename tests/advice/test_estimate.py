"""Estimates from a chart: laws on made charts, and the chart that comes with Ladle."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.advice import Advice, ExpectedSavings, Repetition, advise
from ladle.advice.chart import Cell, Chart, chart
from ladle.advice.estimate import errors_of, estimate, nearest, weights_of
from ladle.errors import ArgumentError, MismatchError, ShapeError

PLACES = st.builds(
    Repetition,
    share=st.floats(1e-3, 0.5),
    copies=st.floats(0, 1),
    batch_copies=st.floats(0, 1),
    width=st.floats(0, 2),
)
CELLS = st.lists(
    st.tuples(PLACES, st.sampled_from("abc"), st.floats(-1, 1)), min_size=4, max_size=20
).filter(lambda cells: len({family for _, family, _ in cells}) > 1)  # fmt: skip


def chart_of_cells(cells: list[tuple[Repetition, str, float]]) -> Chart:
    return Chart(tuple(Cell("p", family, place, {"auto": gain}) for place, family, gain in cells), ("auto",))


@settings(max_examples=200, deadline=None)
@given(CELLS, PLACES)
def test_laws(cells: list[tuple[Repetition, str, float]], new: Repetition) -> None:
    known = chart_of_cells(cells)
    gains = [gain for _, _, gain in cells]
    found = {confidence: estimate(known, "auto", new, confidence) for confidence in (0.8, 0.9, 0.95)}
    for each in found.values():
        assert 1 - np.exp(-min(gains)) - 1e-9 <= each.saved <= 1 - np.exp(-max(gains)) + 1e-9
        assert each.low <= each.saved <= each.high < 1
    assert found[0.95].low <= found[0.9].low <= found[0.8].low
    assert found[0.95].high >= found[0.9].high >= found[0.8].high
    assert weights_of(known, new).max() == 1
    closest = nearest(known, new, 1)[0]
    assert weights_of(known, new)[known.cells.index(closest)] == 1


@settings(max_examples=100, deadline=None)
@given(CELLS, st.floats(-5, 5))
def test_the_error_of_a_cell_does_not_know_its_family(cells: list[tuple[Repetition, str, float]], other: float) -> None:
    known = chart_of_cells(cells)
    changed = chart_of_cells(
        [(place, family, other if family == cells[0][1] else gain) for place, family, gain in cells]
    )
    estimates = [errors_of(each, "auto")[0] - each.gains("auto")[0] for each in (known, changed)]
    assert estimates[0] == pytest.approx(estimates[1])


def test_pools_that_were_the_same_decide() -> None:
    here, there = Repetition(0.01, 0.9, 0.5, 0.0), Repetition(0.01, 0.0, 0.0, 0.6)
    cells = [(here, family, np.log(2)) for family in "abc"] + [(there, family, 0.0) for family in "abc"]
    known = chart_of_cells(cells)
    assert estimate(known, "auto", here, 0.9).saved == pytest.approx(0.5, abs=0.01)
    assert estimate(known, "auto", there, 0.9).saved == pytest.approx(0, abs=0.01)
    unsure = chart_of_cells([*cells, (there, "d", 2.0), (there, "e", -2.0)])
    assert estimate(unsure, "auto", there, 0.9).outcome == "no clear difference"
    assert estimate(unsure, "auto", there, 0.9).high > estimate(known, "auto", there, 0.9).high + 0.3


def test_the_chart_that_comes_with_ladle() -> None:
    known = chart()
    assert len(known.cells) >= 30
    assert {"auto", "badge", "uniform", "cluster-margin 10"} <= set(known.strategies)
    assert len(set(known.families.tolist())) >= 5
    for cell in known.cells:
        assert set(cell.gains) == set(known.strategies)
        assert np.isfinite(list(cell.gains.values())).all()
        assert 0 < cell.repetition.share <= 0.5
    for name in known.strategies:
        assert np.isfinite(errors_of(known, name)).all()


E = np.random.default_rng(0).standard_normal((400, 8)).astype(np.float32)
M = np.random.default_rng(1).random(400).astype(np.float32)
TREE = ladle.cluster(E)


def test_advice() -> None:
    told = advise(TREE, 20, margins=M)
    assert isinstance(told, Advice)
    assert (told.pool_rows, told.size, len(told.like), told.confidence) == (400, 20, 4, 0.9)
    assert told.repetition.share == 0.05
    assert json.loads(json.dumps(told.to_dict()))["estimates"][0]["outcome"] == told.estimates[0].outcome
    halves = np.stack([0.5 + M / 2, 0.5 - M / 2], axis=1)
    assert advise(TREE, 20, probabilities=halves).repetition == told.repetition
    assert advise(TREE, 20, margins=M, labelled=np.argsort(M)[:20]).size == 20


@pytest.mark.parametrize(
    ("low", "high", "others", "words"),
    [
        (0.1, 0.4, (-0.1, 0.1), "auto is expected to need 25% fewer labels than margin"),
        (-0.1, 0.4, (0.1, 0.3), "Fewer labels than margin are expected of badge"),
        (-0.4, -0.1, (-0.1, 0.1), "Take margin"),
        (-0.1, 0.1, (-0.1, 0.1), "Neither auto nor any other"),
    ],
)
def test_the_summary_follows_the_intervals(low: float, high: float, others: tuple[float, float], words: str) -> None:
    told = advise(TREE, 20, margins=M)
    made = (ExpectedSavings("auto", (low + high) / 2, low, high), ExpectedSavings("badge", sum(others) / 2, *others))
    assert words in replace(told, estimates=made).summary


def test_what_it_refuses() -> None:
    for wrong in (1, 0, np.nan, "90%", None, [0.9]):
        with pytest.raises(ArgumentError, match="`confidence`"):
            advise(TREE, 20, margins=M, confidence=wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        advise(TREE, 401, margins=M)
    with pytest.raises(MismatchError):
        advise(TREE, 20, margins=M[:300])
    with pytest.raises((ArgumentError, ShapeError)):
        advise(TREE, 20)
    with pytest.raises(ArgumentError, match="`tree`"):
        advise(np.arange(400), 20, margins=M)  # type: ignore[arg-type]

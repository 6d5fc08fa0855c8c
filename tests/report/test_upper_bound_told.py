"""What a report says of an upper bound: the share of the gap that each strategy closes, and that it is no strategy."""

import numpy as np
import pytest

from ladle.lab.measures.gaps import gap_closed
from ladle.report.facts import facts_of
from ladle.report.page import page
from ladle.report.page_header import cards
from ladle.report.rows import bound_text, gaps_table
from ladle.report.spreading import spreading_comparisons
from ladle.report.tables import markdown_of
from tests.report import made_ledger as made

BOUND = "Best of many"
LABELS = ["Cluster-Margin 10", "Margin", "Uni<form>|x", BOUND]


def story(trial, number):
    return {"models_trained": 100 + 2 * number, "validation_rows": 80}


@pytest.fixture
def facts(tmp_path, monkeypatch):
    monkeypatch.setattr(made, "HEIGHTS", made.HEIGHTS | {BOUND: (0.70, 0.78, 0.82)})
    monkeypatch.setattr(made, "NAMES", made.NAMES | {BOUND: "upper-bound"})
    with made.made_ledger(tmp_path / "run", labels=LABELS, metrics=["accuracy"], stories={BOUND: story}) as ledger:
        return facts_of(ledger)


def test_the_shares_are_those_of_the_curves(facts):
    found = {(each.strategy, each.baseline): each for each in facts.main.gaps}
    assert set(found) == {
        ("Cluster-Margin 10", "Margin"),
        ("Uni<form>|x", "Margin"),
        ("Cluster-Margin 10", "Uni<form>|x"),
        ("Margin", "Uni<form>|x"),
    }
    assert found["Cluster-Margin 10", "Margin"].share == pytest.approx((0.76 - 0.74) / (0.82 - 0.74), abs=0.01)
    assert found["Margin", "Uni<form>|x"].share == pytest.approx((0.74 - 0.70) / (0.82 - 0.70), abs=0.01)
    assert found["Uni<form>|x", "Margin"].share < 0
    ends = {each.strategy: np.array(each.values)[:, -1] for each in facts.main.curves}
    again = gap_closed("Margin", ends["Margin"], "Uni<form>|x", ends["Uni<form>|x"], BOUND, ends[BOUND])
    assert found["Margin", "Uni<form>|x"] == again


def test_the_page_and_the_markdown_have_the_table_and_the_cost(facts):
    cost = "It trained 104 models for one batch, where a strategy needs one, and held out 80 rows"
    assert cost in bound_text(facts, facts.main)
    for written in (page(facts), markdown_of(facts)):
        assert cost in written
        assert "An upper bound chooses by true labels" in written
    assert "How much of what can be gained, by accuracy" in page(facts)
    header, rows = gaps_table(facts, facts.main)
    assert [len(row) for row in rows] == [len(header)] * 4
    assert facts.to_dict()["bound"] == {"label": BOUND, "models_trained": 104.0, "validation_rows": 80}


def test_it_is_not_counted_among_the_strategies(facts):
    assert facts.compared == tuple(LABELS[:3])
    told = cards(facts)
    assert told[1][0].startswith("76.")  # of Cluster-Margin, not 82%
    assert told[2][:2] == ("1 of 2", "strategies beat Margin at the end")
    assert [each.strategy for each in spreading_comparisons(facts)] == ["Cluster-Margin 10"]


def test_without_one_nothing_is_said(tmp_path):
    with made.made_ledger(tmp_path / "run", metrics=["accuracy"]) as ledger:
        facts = facts_of(ledger)
    assert (facts.bound, facts.main.gaps, bound_text(facts, facts.main)) == (None, (), "")
    assert "upper bound" not in page(facts).lower()
    assert "upper bound" not in markdown_of(facts).lower()


def test_a_bound_without_a_finished_trial_is_not_told(tmp_path, monkeypatch):
    monkeypatch.setattr(made, "HEIGHTS", made.HEIGHTS | {BOUND: (0.70, 0.78, 0.82)})
    monkeypatch.setattr(made, "NAMES", made.NAMES | {BOUND: "upper-bound"})
    waiting = [(BOUND, trial) for trial in range(6)]
    with made.made_ledger(tmp_path / "run", labels=LABELS, metrics=["accuracy"], unfinished=waiting) as ledger:
        facts = facts_of(ledger)
    assert (facts.bound, facts.main.gaps, facts.waiting) == (None, (), (BOUND,))

"""Several runs on one page, and what it says of spreading: only what the tests of the runs confirm."""

import json
import re

import numpy as np
import pytest

from ladle.report.facts import facts_of
from ladle.report.pools import PoolReport, pools_page
from ladle.report.sentences import points_text
from ladle.report.spreading import spreading_comparisons, spreading_sentences
from tests.report import made_ledger as made
from tests.report.reading import assert_described, assert_still_and_alone, read_page
from tests.report.test_page import IMAGES

CLUSTERS = np.repeat(np.arange(40), 10).astype(np.int32)
SPREAD, MARGIN = "Cluster-Margin 10", "Margin"


def facts_where(monkeypatch, tmp_path, final, *, name="made", trials=6, clusters=None, **changed):
    """The facts of a run where Cluster-Margin ends at `final`, Entropy and Margin at .74."""
    monkeypatch.setattr(made, "HEIGHTS", {**made.HEIGHTS, SPREAD: (0.60, 0.66, final)})
    with made.made_ledger(tmp_path / f"{name}-{final}.sqlite", trials=trials, name=name, **changed) as ledger:
        return facts_of(ledger, clusters=clusters)


@pytest.fixture
def two(monkeypatch, tmp_path):
    """A pool where spreading ties, and one where it pays."""
    tie = facts_where(monkeypatch, tmp_path, 0.74, name="plain", title="As <it> is", clusters=CLUSTERS)
    win = facts_where(monkeypatch, tmp_path, 0.78, name="repeated", title="Repeated", clusters=CLUSTERS)
    return [tie, win]


@pytest.mark.parametrize(
    ("final", "outcome", "words"),
    [
        (0.78, "win", ("Spreading paid here for Cluster-Margin 10:", "beats Margin; Entropy", "ties with Margin")),
        (0.74, "tie", ("Spreading made no difference here that 6 trials can show:", "tie with Margin")),
        (0.70, "loss", ("Spreading cost accuracy here for Cluster-Margin 10:", "loses to Margin")),
    ],
)
def test_the_sentence_says_what_the_paired_test_found(monkeypatch, tmp_path, final, outcome, words):
    facts = facts_where(monkeypatch, tmp_path, final)
    found = {each.strategy: each for each in spreading_comparisons(facts)}
    assert found[SPREAD].outcome == outcome
    assert found[SPREAD].against == MARGIN
    sentence = spreading_sentences(facts)[0]
    for each in words:
        assert each in sentence
    assert f"Cluster-Margin 10 ({100 * found[SPREAD].difference:+.2f}, {100 * found[SPREAD].low:+.2f} to" in sentence
    assert "with 250 labels" in sentence


def test_labels_are_only_saved_where_the_interval_is_clear(monkeypatch, tmp_path, two):
    tie, win = (" ".join(spreading_sentences(facts)) for facts in two)
    assert re.search(r"To be as good as Margin at its end, Cluster-Margin 10 needs \d+% \(\d+% to \d+%\) fewer", win)
    assert "fewer labels" not in tie


def test_the_whole_curve_has_its_own_test(two):
    area = next(each for each in two[1].main.areas if (each.strategy, each.against) == ("Cluster-Margin 10", "Margin"))
    told = next(each for each in spreading_sentences(two[1]) if each.startswith("Over the whole curve"))
    assert area.outcome == "tie"  # better at the end, worse before
    assert f"Cluster-Margin 10 ({points_text(area.difference)}, " in told
    assert "tie with Margin" in told


def test_a_few_trials_claim_nothing(monkeypatch, tmp_path):
    for trials, count in ((1, "1 trial"), (2, "2 trials")):
        facts = facts_where(monkeypatch, tmp_path, 0.78, name=f"few-{trials}", trials=trials)
        assert spreading_sentences(facts)[0] == f"{count}: too few to test, so nothing is claimed here."
        assert not re.search("paid|cost|beats|fewer labels", " ".join(spreading_sentences(facts)))


def test_the_copies_in_the_batches_are_the_measured_ones(two):
    told = spreading_sentences(two[0])[-1]
    near = {each.strategy: each.near for each in two[0].batches}
    assert f"Cluster-Margin 10 {100 * near[SPREAD]:.0f}%, Margin {100 * near[MARGIN]:.0f}%" in told


def test_without_a_strategy_that_spreads_there_is_no_sentence(monkeypatch, tmp_path):
    facts = facts_where(monkeypatch, tmp_path, 0.78, labels=["Margin", "Uni<form>|x"])
    assert spreading_sentences(facts) == []
    assert "accuracy by the number of labels." in pools_page("Two", [PoolReport(facts)], "Ask.")


def test_one_page_shows_both_pools(two):
    written = pools_page("Two <pools>", [PoolReport(facts, IMAGES) for facts in two], "Run `ladle advise`.")
    read = read_page(written)
    assert_still_and_alone(written, read)  # no drawing of one pool shares a name with one of the other
    assert_described(read)
    order = [
        "Two &lt;pools&gt;",
        "<h2>As &lt;it&gt; is</h2>",
        "<h2>Repeated</h2>",
        "Run <code>ladle advise</code>.",
        "All the rest",
    ]
    places = [written.index(each) for each in order]
    assert places == sorted(places)
    first, second = written[places[1] : places[2]], written[places[2] : places[3]]
    assert ("made no difference" in first, "paid here" in second) == (True, True)
    assert (first.count("<figure>"), second.count("<figure>")) == (1, 1)  # one figure a pool before the folds
    assert written.count("What each strategy chose first") == 2
    assert "a tie is no proof of equality" in written


def test_the_facts_of_both_are_inside_for_programs(two):
    written = pools_page("Two", [PoolReport(facts) for facts in two], "Ask.")
    block = json.loads(re.search(r'id="facts">(.*?)</script>', written, re.DOTALL)[1])
    assert [each["name"] for each in block["pools"]] == ["plain", "repeated"]
    assert block["pools"] == [json.loads(json.dumps(facts.to_dict())) for facts in two]


def test_the_cards_say_the_difference_and_the_outcome(two):
    header = pools_page("Two", [PoolReport(facts) for facts in two], "Ask.").split("</header>")[0]
    assert header.count('class="card"') == 4
    for each, pool in zip(two, ("Pool 1: ties", "Pool 2: wins"), strict=True):
        comparison = next(one for one in spreading_comparisons(each) if one.strategy == SPREAD)
        assert f"<strong>{100 * comparison.difference:+.2f} points</strong>" in header
        assert pool in header

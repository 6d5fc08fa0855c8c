import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from ladle.errors import ArgumentError, FileError, MissingDependencyError
from ladle.lab.data.datasets import Dataset
from ladle.lab.measures.savings import Savings
from ladle.report import markup
from ladle.report.drawing import BROAD, NARROW
from ladle.report.example_views import ExampleViews
from ladle.report.facts import facts_of
from ladle.report.figures import legend_columns, panels, savings_forest, series_of, short_count
from ladle.report.page import page, write_page
from tests.report import made_ledger as made
from tests.report.reading import assert_described, assert_still_and_alone, read_page

NAMES = ("cat", "d<o>g", "fish")
CLUSTERS = np.repeat(np.arange(40), [120, 60, 183, *[1] * 37]).astype(np.int32)


def dataset(inputs):
    return Dataset("Toys", inputs, np.arange(400) % 3, inputs[:9], np.arange(9) % 3, NAMES, np.arange(400), "free")


IMAGES = dataset(np.random.default_rng(0).integers(0, 256, (400, 7, 5), np.uint8))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with made.made_ledger(tmp_path_factory.mktemp("run") / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture(scope="module")
def written(ledger, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "page.html"
    write_page(ledger, path, dataset=IMAGES)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(written):
    return read_page(written)


def test_nothing_is_fetched_and_nothing_runs(written, read):
    assert_still_and_alone(written, read)


def test_names_are_escaped(written):
    assert "Uni&lt;form&gt;" in written
    assert "<form" not in written
    assert "d&lt;o&gt;g" in written


def test_every_picture_and_drawing_has_words(read):
    assert len(read.images) == 4 * 50
    # For each metric curves and two baselines, for desk and phone; then three of batches and the seconds, twice.
    assert len(read.figures) == 2 * 3 * 2 + 3 + 2
    assert_described(read)


def test_savings_come_first_in_their_tables(written):
    head = re.search(r'<thead><tr><th scope="col"></th>(<th[^>]*>saved</th>.*?)</tr>', written)[1]
    assert re.findall(">([^<]+)</th>", head) == ["saved", "95% interval", "in words", "at", "labels", "instead of"]
    assert 'class="words">fewer labels</td>' in written


def test_points_along_the_curve_say_how_they_are_corrected(written):
    assert "corrected by Holm over all pairs and all points, a wider family" in written


def test_open_intervals_end_in_an_arrow_head(monkeypatch):
    ends = []
    monkeypatch.setattr("ladle.report.figures._arrow_head", lambda axes, place, colour: ends.append(place))
    open_end = Savings("A", "B", 0.9, 90.0, 100.0, 0.1, None, 0.2, 0.9, 0.95, 6)
    savings_forest([open_end, replace(open_end, low=0.05)], ["A", "C"], ["red", "red"], name="s")
    assert ends == [0]
    monkeypatch.undo()
    drawn = [savings_forest([each], ["A"], ["red"], name="s") for each in (open_end, replace(open_end, low=-0.0))]
    assert drawn[0].count("<use") == drawn[1].count("<use") + 1


def test_long_names_leave_a_narrow_drawing_its_room():
    savings = [Savings("A", "B", 0.9, 90.0, 100.0, 0.1, 0.05, 0.2, 0.9, 0.95, 6)] * 2
    names = ["Cluster-Margin 1.25 by pool size", "Margin"]
    broad, narrow = (savings_forest(savings, names, ["red"] * 2, name="s", width=width) for width in (BROAD, NARROW))
    assert ">Cluster-Margin 1.25 by pool size<" in broad
    assert ">Cluster-Margin 1.25 by pool size<" not in narrow
    assert ">Cluster-Margin<" in narrow.replace("\n", "")


def test_the_facts_are_inside_for_programs(written, ledger):
    block = re.search(r'id="facts">(.*?)</script>', written, re.DOTALL)[1]
    assert json.loads(block) == json.loads(json.dumps(facts_of(ledger).to_dict()))


def test_it_says_what_was_run_and_what_came_out(written):
    assert "100.0% of merges" in written
    for told in ("400 examples of Toys", "wins, +2.00", "3-0-0", "fewer labels", "Toys: free.", "candidate_ratio"):
        assert told in written


def test_the_page_is_the_same_every_time(written, ledger):
    assert page(facts_of(ledger), dataset=IMAGES) == written


def test_two_trials_and_no_notes_make_a_page_without_claims(tmp_path):
    with made.made_ledger(tmp_path / "two", trials=2, facts=False, unfinished=[("Entropy", 1)]) as two:
        write_page(two, tmp_path / "two.html")
    told = (tmp_path / "two.html").read_text(encoding="utf-8")
    assert "with an interval or not at all" in told
    assert "too few finished trials to test" in told
    assert "23 of 24" in told
    assert "fewer labels" not in told
    assert "What each strategy chose first" not in told


def test_texts_are_shown_as_they_are_read(ledger, tmp_path):
    told = [f"<gloss> {row} é" + " long" * (40 * (row % 2)) for row in range(400)]
    texts = dataset(np.array([each.encode() for each in told]))
    written = page(facts_of(ledger, clusters=CLUSTERS), dataset=texts)
    assert written.count('<ul class="texts"') == 4 + 3
    assert written.count("<li class=picked") == 5 + 10 + 10
    assert "&lt;gloss&gt; 1 é long" in written
    assert "<gloss>" not in written
    assert "long…</li>" in written


def test_clusters_are_shown_where_they_are_known(ledger, written):
    assert "The clusters of the pool" not in written
    facts = facts_of(ledger, clusters=CLUSTERS)
    bare, pictured = page(facts), page(facts, dataset=IMAGES)
    for told in (bare, pictured):
        assert "40 clusters, 37 of them a single example, the largest of 183" in told
    assert bare.count("<img") == 0
    assert "Clusters that the first batch of Cluster-Margin 10 touched" in pictured
    assert "183 examples, 5 of them chosen" in pictured
    read = read_page(pictured)
    assert len(read.images) == 4 * 50 + 3 * 20
    assert_described(read)
    assert_still_and_alone(pictured, read)


def test_examples_are_named_by_class_place_and_row(written):
    assert 'title="d&lt;o&gt;g, number 1, row 1"' in written


def test_examples_of_several_classes_name_all_of_them():
    labels = np.array([[1, 0, 1], [0, -1, 0]] * 5, np.int8)
    inputs = np.array([b"a text"] * 10)
    several = Dataset("t", inputs, labels, inputs, labels, NAMES, np.arange(10), "free", multilabel=True)
    told = ExampleViews(several).show([(0, "first", False), (1, "second", True)], "Both")
    assert 'title="cat and fish, first, row 0"' in told
    assert 'class=picked title="of no class, second, row 1"' in told


def test_the_cards_count_also_what_is_not_tested(tmp_path, written):
    assert "too few trials to test" not in written
    with made.made_ledger(tmp_path / "thin", unfinished=[("Entropy", trial) for trial in range(1, 6)]) as thin:
        write_page(thin, tmp_path / "thin.html")
    told = (tmp_path / "thin.html").read_text(encoding="utf-8")
    assert "0 tied, 1 lost, 1 of too few trials to test" in told


def test_one_strategy_alone_has_a_page(tmp_path):
    with made.made_ledger(tmp_path / "one", labels=["Margin"], trials=1) as one:
        write_page(one, tmp_path / "one.html")
    assert "strategies beat" not in (tmp_path / "one.html").read_text(encoding="utf-8")


def test_many_strategies_share_panels_with_the_baselines(tmp_path, monkeypatch):
    more = {f"Cluster-Margin {ratio}": (0.6, 0.7, 0.75) for ratio in (1.25, 2, 5)} | {"BADGE": (0.6, 0.69, 0.74)}
    monkeypatch.setattr(made, "HEIGHTS", made.HEIGHTS | more)
    names = {label: "badge" if label == "BADGE" else "cluster-margin" for label in more}
    monkeypatch.setattr(made, "NAMES", made.NAMES | names)
    with made.made_ledger(tmp_path / "many", labels=list(made.HEIGHTS), metrics=["accuracy"]) as many:
        facts = facts_of(many)
        told = page(facts)
    assert [len(group) for group in panels(facts)] == [5, 5]
    for group in panels(facts):
        assert {"Margin", "Uni<form>|x"} <= set(group)
        assert len({series_of(facts, strategy) for strategy in group}) == len(group)
    assert "<figcaption>Cluster-Margin 10, Entropy, Cluster-Margin 1.25</figcaption>" in told
    assert "<figcaption>Cluster-Margin 2, Cluster-Margin 5, BADGE</figcaption>" in told


def test_numbers_that_fit_under_an_axis():
    told = [short_count(count) for count in (500, 1000, 1250, 12_500, 100_000, 1_300_000, 9_011_219, 10_500_000)]
    assert told == ["500", "1K", "1.25K", "12.5K", "100K", "1.3M", "9.011M", "10.5M"]


def test_what_cannot_be_written_leaves_nothing(ledger, tmp_path, monkeypatch):
    with pytest.raises(FileError):
        write_page(ledger, tmp_path / "absent" / "page.html")
    with pytest.raises(ArgumentError, match="images or texts"):
        write_page(ledger, tmp_path / "page.html", dataset=dataset(np.zeros((400, 3))))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"ladle\[lab\]"):
        write_page(ledger, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_legends_stay_above_their_drawing():
    long = ["Cluster-Margin 1.25 by pool size"] * 6
    assert legend_columns(long, NARROW) == 1
    assert legend_columns(long, BROAD) == 3
    assert legend_columns(["Entropy", "CoreSet", "BADGE", "Margin", "Uniform"], NARROW) == 3


def test_a_command_in_a_sentence_is_set_as_code():
    found = markup.section("Which?", "Run `ladle advise <POOL>` on yours.")
    assert "<p>Run <code>ladle advise &lt;POOL&gt;</code> on yours.</p>" in found

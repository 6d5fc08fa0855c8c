"""Every pair of strategies has its difference, interval and p, on the page and in the tables; and what ± is."""

import re
from itertools import permutations

import pytest

from ladle.report.facts import facts_of
from ladle.report.page import page
from ladle.report.rows import areas_table, curves_table, finals_table, other_pairs_table, pairs_table
from ladle.report.sentences import chance_text, difference_text, outcome_text
from ladle.report.tables import markdown_of, to_json
from tests.report import made_ledger as made

LABELS = [*made.HEIGHTS, "BADGE", "CoreSet", "Cluster-Margin 2", "Cluster-Margin 5"]


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    """The facts of a run of eight strategies, and its JSON."""
    more = {label: (0.6, 0.69 - 0.01 * place, 0.74) for place, label in enumerate(LABELS[4:])}
    names = dict(zip(more, ["badge", "coreset", "cluster-margin", "cluster-margin"], strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "HEIGHTS", made.HEIGHTS | more)
        patch.setattr(made, "NAMES", made.NAMES | names)
        with made.made_ledger(tmp_path_factory.mktemp("eight") / "ledger.sqlite", labels=LABELS) as ledger:
            return facts_of(ledger), to_json(ledger)


def told_of(family, strategy, against):
    each = next(each for each in family if (each.strategy, each.against) == (strategy, against))
    return [difference_text(each), chance_text(each.corrected), outcome_text(each)]


def test_every_pair_is_in_the_table_of_each_of_its_strategies(eight):
    facts, _ = eight
    for metric in facts.metrics:
        for strategy in LABELS:
            header, lines = pairs_table(facts, metric, strategy)
            assert [line[0] for line in lines] == [other for other in LABELS if other != strategy]
            end = [header.index(name) for name in ("points (95% interval)", "p corrected", "outcome")]
            area = [header.index(f"area: {name}") for name in ("points (95% interval)", "p corrected", "outcome")]
            for line in lines:
                assert [line[place] for place in end] == told_of(metric.finals, strategy, line[0])
                assert [line[place] for place in area] == told_of(metric.areas, strategy, line[0])


def test_the_page_has_a_fold_for_each_strategy(eight):
    facts, _ = eight
    written = page(facts)
    for metric in ("accuracy", "macro-F1"):
        section = re.search(rf"<h2>Every pair, by {metric}</h2>.*?</section>", written, re.DOTALL)[0]
        assert section.count("<details>") == 8
        assert section.count("<tbody>") == 8
        assert section.count("<tr>") == 8 * (1 + 7)
        assert "<summary>Uni&lt;form&gt;|x against each other</summary>" in section


def test_the_tables_have_every_pair_once_beside_those_with_baselines(eight):
    facts, _ = eight
    told = markdown_of(facts)
    pairs = {tuple(line[0].split(" against ")) for line in finals_table(facts, facts.main)[1]}
    others = [tuple(line[0].split(" against ")) for line in other_pairs_table(facts, facts.main.finals)[1]]
    assert len(others) == 6 * 5 / 2
    assert {frozenset(pair) for pair in (*pairs, *others)} == {frozenset(pair) for pair in permutations(LABELS, 2)}
    assert told.count("All other pairs:") == 2 * len(facts.metrics)
    pair = r"^\| BADGE against Cluster-Margin 5 \| [+-]\d\.\d\d \(.* to .*\) \| [\d&]"
    assert len(re.findall(pair, told, re.MULTILINE)) == 2 * len(facts.metrics)


def test_the_json_has_every_pair_with_its_outcome(eight):
    _, told = eight
    for metric in told["metrics"]:
        for family in ("finals", "areas"):
            assert {(each["strategy"], each["against"]) for each in metric[family]} == set(permutations(LABELS, 2))
            for each in metric[family]:
                assert each["low"] <= each["difference"] <= each["high"]
                assert 0 < each["p"] <= each["corrected"] <= 1
                assert each["outcome"] == ("tie" if each["corrected"] >= 0.05 else each["outcome"])
            assert {"win", "loss"} <= {each["outcome"] for each in metric[family]}


def test_two_strategies_leave_no_other_pairs(tmp_path):
    with made.made_ledger(tmp_path / "two", labels=["Margin", "Uni<form>|x"]) as ledger:
        assert "All other pairs" not in markdown_of(facts_of(ledger))
    with made.made_ledger(tmp_path / "one", labels=["Margin"]) as ledger:
        assert "Every pair" not in page(facts_of(ledger))


def test_pairs_that_share_no_trial_are_left_out(tmp_path):
    missing = [*(("Margin", trial) for trial in range(3)), *(("Entropy", trial) for trial in range(3, 6))]
    with made.made_ledger(tmp_path / "parts", unfinished=missing) as ledger:
        facts = facts_of(ledger)
    assert [line[0] for line in pairs_table(facts, facts.main, "Margin")[1]] == ["Cluster-Margin 10", "Uni<form>|x"]
    page(facts)


def test_every_plus_minus_says_that_it_is_a_standard_error(eight):
    facts, _ = eight
    assert curves_table(facts, facts.main)[0][0] == "mean ± standard error"
    assert areas_table(facts, facts.main)[0][1] == "area, mean ± standard error"
    written = page(facts)
    tables = re.findall(r"(?:<summary>[^<]*</summary>)?<div class=\"scroll\"><table>.*?</table>", written, re.DOTALL)
    with_errors = [table for table in tables if re.search(r"\d ± \d", table)]
    assert len(with_errors) == 2 * 2
    assert all("standard error" in table for table in with_errors)
    rest = re.sub(r"<table>.*?</table>", "", written, flags=re.DOTALL)
    numbers = re.findall(r"\d ± [\d.]+(.{0,20})", rest)
    assert numbers
    assert all(after.startswith(" (standard error)") for after in numbers)

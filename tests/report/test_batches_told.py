"""What a report says of batches: near-duplicates beside their share by chance, and the ratios that auto chose."""

import json

import pytest

from ladle.lab.protocol.experiment import Experiment
from ladle.report.facts import facts_of
from ladle.report.figures import shares
from ladle.report.page import page
from ladle.report.rows import batches_table, fit_table, levels_table, ratios_table
from ladle.report.tables import markdown_of, to_json
from tests.report import made_ledger as made

AUTO = {"Cluster-Margin 10": lambda trial, number: {
    "candidate_ratio": 1.0 if number == 1 else 2 + trial + number / 4, "shared": 0.5, "shared_by_chance": 0.125,
}}  # fmt: skip


@pytest.fixture
def auto(monkeypatch):
    """Makes ledgers whose first strategy has the candidate ratio auto."""
    usual = made.made_experiment

    def experiment(**changed):
        fields = usual(**changed).model_dump()
        fields["strategies"] = [
            {**each, "options": {"candidate_ratio": "auto"} if each["options"] else {}} for each in fields["strategies"]
        ]
        return Experiment.model_validate(fields)

    monkeypatch.setattr(made, "made_experiment", experiment)
    return made.made_ledger


def test_the_measured_share_by_chance_is_on_every_output(tmp_path):
    with made.made_ledger(tmp_path / "measured", noted={"near_by_chance": 0.5525}) as ledger:
        facts = facts_of(ledger)
        assert to_json(ledger)["near_by_chance"] == 0.5525
    for told in (page(facts), markdown_of(facts)):
        assert "By chance 55.2% of a batch are near-duplicates" in told
        assert "a twentieth" not in told
    header, lines = batches_table(facts)
    assert [line[header.index("by chance")] for line in lines] == ["55.2%"] * 4
    assert [line[header.index("near-duplicates")] for line in lines] == ["1.0%", "5.0%", "9.0%", "13.0%"]


def test_the_line_in_the_drawing_is_the_measured_share(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "ladle.report.figures.shares", lambda *args, chance=None: drawn.append(chance) or shares(*args, chance=chance)
    )
    for noted in ({"near_by_chance": 0.5525}, {}):
        with made.made_ledger(tmp_path / str(noted), noted=noted, trials=1) as ledger:
            page(facts_of(ledger))
    assert [chance for chance in drawn if chance is not None] == [0.5525, 0.05]


def test_older_ledgers_say_a_twentieth(tmp_path):
    with made.made_ledger(tmp_path / "older") as ledger:
        facts = facts_of(ledger)
        assert to_json(ledger)["near_by_chance"] is None
    for told in (page(facts), markdown_of(facts)):
        assert "by a limit that a twentieth of a uniform batch meets by chance" in told
    header, lines = batches_table(facts)
    assert {line[header.index("by chance")] for line in lines} == {"a twentieth"}


def test_nothing_is_said_of_near_duplicates_that_nobody_counted(tmp_path):
    with made.made_ledger(tmp_path / "bare", facts=False) as ledger:
        facts = facts_of(ledger)
    assert "ear-duplicates are told" not in page(facts) + markdown_of(facts)
    header, lines = batches_table(facts)
    assert {line[header.index("by chance")] for line in lines} == {"-"}


def test_the_ratio_that_auto_chose_is_told_for_each_round(auto, tmp_path):
    with auto(tmp_path / "auto", stories=AUTO) as ledger:
        facts = facts_of(ledger)
        told = json.loads(json.dumps(to_json(ledger)))["batches"][0]["chosen_ratios"]
    second = {"round": 2, "mean": 5.0, "least": 2.5, "most": 7.5, "shared": 0.5, "by_chance": 0.125}
    assert told[:2] == [{**second, "round": 1, "mean": 1.0, "least": 1.0, "most": 1.0}, second]
    assert [each.chosen_ratios for each in facts.batches[1:]] == [None] * 3
    assert ratios_table(facts) == (
        ["round", "labels before", "Cluster-Margin 10"],
        [["1", "100", "1.00"], ["2", "150", "5.00 (2.50 to 7.50)"], ["3", "200", "5.25 (2.75 to 7.75)"]],
    )
    assert "| 2 | 150 | 5.00 (2.50 to 7.50) |" in markdown_of(facts)
    assert "<h2>What auto chose</h2>" in page(facts)
    assert "5.00 (2.50 to 7.50)</td>" in page(facts)


def test_parts_of_a_batch_give_their_least_and_most(auto, tmp_path):
    parts = {"candidate_ratio_least": 1.5, "candidate_ratio_most": 2.5, "shared": 0.5}
    with auto(tmp_path / "parts", stories={"Cluster-Margin 10": lambda trial, number: parts}) as ledger:
        chosen = facts_of(ledger).batches[0].chosen_ratios
    assert [(each.mean, each.least, each.most, each.shared, each.by_chance) for each in chosen] == [
        (2.0, 1.5, 2.5, 0.5, None)
    ] * 3


@pytest.mark.parametrize("stories", [{}, {"Cluster-Margin 10": lambda trial, number: {"candidate_ratio": "much"}}])
def test_ratios_that_are_not_in_the_records_are_not_told(auto, tmp_path, stories):
    with auto(tmp_path / "none", stories=stories) as ledger:
        facts = facts_of(ledger)
    assert facts.batches[0].chosen_ratios is None
    assert "What auto chose" not in page(facts) + markdown_of(facts)


def test_a_ratio_that_the_protocol_states_is_no_choice_of_auto(tmp_path):
    with made.made_ledger(tmp_path / "fixed", stories=AUTO) as ledger:
        assert facts_of(ledger).batches[0].chosen_ratios is None


def test_classes_that_cannot_be_learnt_are_told_on_every_output(tmp_path):
    counts = {"o<w>l": 2, "emu": 1}
    with made.made_ledger(tmp_path / "owls", data={"only_in_test": counts}) as ledger:
        facts = facts_of(ledger)
        assert to_json(ledger)["run"]["dataset"]["only_in_test"] == counts
    warning = "3 labels of the test split are of classes that the pool lacks, so no strategy can learn them: "
    assert f'<p class="warning">{warning}o&lt;w&gt;l (2), emu (1).</p>' in page(facts)
    assert f"{warning}o&lt;w>l (2), emu (1)." in markdown_of(facts)
    with made.made_ledger(tmp_path / "none", data={"only_in_test": {}}) as ledger:
        facts = facts_of(ledger)
    assert "that the pool lacks" not in page(facts) + markdown_of(facts)


def fit_of_round(number):
    """Models that have not fitted in the first round, and have in the second; the third is not compared."""
    if number > 2:
        return {"converged": True}
    on_test = 0.4 if number == 1 else 0.79
    shares = {"on_labels": 0.5, "on_test": on_test, "reference_on_labels": 1.0, "reference_on_test": 0.8}
    return {"converged": number == 2, "fit": {"measure": "accuracy", **shares}}


def test_models_that_have_not_fitted_are_told_on_every_output(tmp_path):
    with made.made_ledger(tmp_path / "fits", fits=fit_of_round) as ledger:
        facts = facts_of(ledger)
        told = json.loads(json.dumps(to_json(ledger)))["fit"]
    assert [(each["labels"], each["models"], each["fitted"]) for each in told["points"]] == [
        (150, 24, False), (200, 24, True)
    ]  # fmt: skip
    assert (told["stopped"], told["told"]) == (24, 72)
    assert len(told["warnings"]) == 2
    html, markdown = page(facts), markdown_of(facts)
    warning = "The learner has not fitted its labels: with 150 labels its accuracy is 50.0% on these labels"
    assert f'<p class="warning">{warning}' in html
    assert warning in markdown
    for written in (html, markdown):
        assert "24 of 72 fits stopped before they had converged" in written
        assert "Whether the models have fitted their labels" in written
    assert fit_table(facts)[1] == [
        ["150", "accuracy", "50.0", "100.0", "40.0", "80.0", "no"],
        ["200", "accuracy", "50.0", "100.0", "79.0", "80.0", "yes"],
    ]


def test_ledgers_from_before_the_fits_were_compared_say_nothing_of_them(tmp_path):
    with made.made_ledger(tmp_path / "before") as ledger:
        facts = facts_of(ledger)
    assert "fitted" not in page(facts).split('type="application/json"')[0] + markdown_of(facts)


def leveled(trial, number):
    """Margin's batch in the first round; then a level that differs between trials, in the third its rule too."""
    if number == 1:
        return {"level": 1.0, "why": "margin"}
    return {"level": 2.0 + trial, "why": "near-copies" if number == 3 and trial < 2 else "reach"}


def test_the_level_that_auto_chose_is_told_for_each_round(tmp_path, monkeypatch):
    monkeypatch.setattr(made, "NAMES", made.NAMES | {"Entropy": "auto"})
    with made.made_ledger(tmp_path / "levels", stories={"Entropy": leveled}) as ledger:
        facts = facts_of(ledger)
        told = json.loads(json.dumps(to_json(ledger)))["batches"]
    assert [each["chosen_levels"] is None for each in told] == [True, True, True, False]
    assert told[3]["chosen_levels"][2] == {
        "round": 3, "mean": 4.5, "least": 2.0, "most": 7.0, "why": {"near-copies": 2, "reach": 4}
    }  # fmt: skip
    assert levels_table(facts) == (
        ["round", "labels before", "Entropy"],
        [
            ["1", "100", "1.00: margin"],
            ["2", "150", "4.50 (2.00 to 7.00): reach"],
            ["3", "200", "4.50 (2.00 to 7.00): near-copies 2, reach 4"],
        ],
    )
    assert "| 2 | 150 | 4.50 (2.00 to 7.00): reach |" in markdown_of(facts)
    assert markdown_of(facts).count("## What auto chose") == page(facts).count("<h2>What auto chose</h2>") == 1
    assert "4.50 (2.00 to 7.00): near-copies 2, reach 4</td>" in page(facts)


def test_parts_of_a_batch_may_have_levels_for_several_reasons(tmp_path, monkeypatch):
    monkeypatch.setattr(made, "NAMES", made.NAMES | {"Entropy": "auto"})
    parts = {"level_least": 1.0, "level_most": 3.0}
    with made.made_ledger(tmp_path / "parts", stories={"Entropy": lambda trial, number: parts}) as ledger:
        assert levels_table(facts_of(ledger))[1][0] == ["1", "100", "2.00 (1.00 to 3.00): parts differ"]
    with made.made_ledger(tmp_path / "none") as ledger:
        assert facts_of(ledger).batches[3].chosen_levels is None

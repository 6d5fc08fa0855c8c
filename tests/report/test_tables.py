import csv as csv_module
import io
import json
import re

import pytest

from ladle.report.tables import compare_markdown, csv, markdown, to_json
from tests.report.made_ledger import HEIGHTS, LABELS, height, made_ledger


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with made_ledger(tmp_path_factory.mktemp("run") / "ledger.sqlite") as made:
        yield made


def tables(text):
    """Every table of a Markdown text, as rows of cells."""
    found = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        found.append([re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()])
    return found


def test_every_measurement_is_in_the_csv_to_the_last_digit(ledger):
    rows = list(csv_module.DictReader(io.StringIO(csv(ledger))))
    assert len(rows) == len(HEIGHTS) * 6 * 4 * 2
    assert list(rows[0]) == ["strategy", "trial", "round", "labels", "metric", "value"]
    for row in rows:
        assert int(row["labels"]) == LABELS[int(row["round"])]
        if row["metric"] == "accuracy":
            assert float(row["value"]) == height(row["strategy"], int(row["trial"]), int(row["round"]))


def test_markdown_tables_have_rows_of_one_length(ledger):
    found = tables(markdown(ledger))
    assert len(found) > 8
    assert all(len({len(row) for row in table}) == 1 for table in found)


def test_markdown_takes_names_as_they_stand(ledger):
    told = markdown(ledger).split("```toml")[0]
    assert "Uni&lt;form>\\|x" in told
    assert "<form" not in told


def test_savings_stand_with_their_intervals(ledger):
    told = markdown(ledger)
    row = next(line for line in told.splitlines() if "fewer labels" in line)
    assert re.search(r"\d+% \| -?\d+% to -?\d+% \|", row)


def test_without_intervals_no_savings(tmp_path):
    with made_ledger(tmp_path / "two", trials=2) as two:
        told = markdown(two)
    assert "with an interval or not at all" in told
    assert "### Labels saved" not in told
    assert "too few trials to test" in told
    assert "| untested |" in told
    assert re.search(r"\+\d\.\d\d \(no interval of 2 trials\) \| none \|", told)


def test_three_trials_have_intervals_wide_enough_for_a_verdict(tmp_path):
    with made_ledger(tmp_path / "three", trials=3) as three:
        told = markdown(three)
    assert "fewer labels" in told
    assert "more labels" in told
    assert "too few trials to tell" not in told


def test_json_is_plain(ledger):
    told = to_json(ledger)
    assert json.loads(json.dumps(told, allow_nan=False))["name"] == "made"


def test_two_runs_side_by_side_say_whether_they_are_paired(ledger, tmp_path):
    with made_ledger(tmp_path / "b", shift=0.01, mean_size=20.0, labels=["Margin", "Uni<form>|x"]) as other:
        paired = compare_markdown(ledger, other)
    assert "Student's paired t" in paired
    assert "| mean\\_size | 10.0 | 20.0 |" in paired
    assert re.search(r"Only in A: made in .*run\S*: Cluster-Margin 10, Entropy\.", paired)
    with made_ledger(tmp_path / "c", trials=2, shift=0.01) as other:
        assert "| +1.00 (no interval of 2 trials) | none |" in compare_markdown(ledger, other)
    with made_ledger(tmp_path / "d", seed_sets=1) as other:
        assert "Welch's unpaired t" in compare_markdown(ledger, other)

"""`ladle strategies`, and docs/strategies.md: what it tells people to run does run."""

from __future__ import annotations

import csv
import re

import pytest

import ladle
from ladle.strategies import catalogue
from tests.cli.pages import DOCS, run_page


def flowed(text):
    return " ".join(text.split())


def test_the_list(run, run_json):
    code, out, err = run("strategies")
    assert (code, err) == (0, "")
    code, facts = run_json("strategies")
    assert (code, facts["command"]) == (0, "strategies")
    assert [each["name"] for each in facts["strategies"]] == ladle.strategies.names()
    shown = flowed(out)
    for each in facts["strategies"]:
        assert each == catalogue.describe(each["name"]).to_dict()
        assert f"{each['name']} {each['summary']} needs: " in shown
        assert each["source"] in shown
    assert "needs: scores; a tree" in shown
    assert "needs: nothing" in shown


@pytest.mark.parametrize("name", ladle.strategies.names())
def test_all_about_one(run, run_json, name):
    code, out, err = run("strategies", name)
    assert (code, err) == (0, "")
    told, shown = catalogue.describe(name), flowed(out)
    for text in (name, told.summary, told.cost, told.repeats, told.source):
        assert text in shown
    for option in told.options:
        assert f" {option} " in shown
    assert shown.endswith("partitions 1 deal_labelled false")
    code, facts = run_json("strategies", name)
    assert (code, facts["strategies"]) == (0, [told.to_dict()])


def test_options_are_spelt_as_select_takes_them(run):
    shown = flowed(run("strategies", "cluster-margin")[1])
    assert "candidate_ratio 10 group_size candidates " in shown
    assert "mean_size null (in select: --mean-size)" in shown


def test_an_unknown_name(run, run_json):
    code, out, err = run("strategies", "best")
    assert (code, out) == (2, "")
    assert "be one of uniform, margin," in err
    code, facts = run_json("strategies", "best")
    assert (code, facts["error"]["exit_code"], facts["error"]["got"]) == (2, 2, "'best'")


def test_help(run):
    code, out, _ = run("strategies", "--help")
    assert code == 0
    assert "Examples" in out
    assert "ladle strategies cluster-margin" in out
    assert " strategies " in run("--help")[1]
    assert "ladle strategies" in flowed(run("select", "--help")[1])


@pytest.mark.long
def test_the_page_runs(tmp_path):
    kinds = [*["python"] * 2, "sh", "sh", "python", "sh", "sh", "python", "sh", *["python"] * 4]
    told = run_page("strategies.md", tmp_path, kinds)
    assert told[0].startswith("cluster-margin chose 500 rows of a pool of 5,000 (100 labelled already)")
    assert re.findall(r"([a-z+-]+) \[", told[1]) == ladle.strategies.names()
    assert 1 <= float(told[4].split()[0]) <= 10
    assert "cluster of three" in told[6]
    assert told[7] == "10"
    for name in ("batch", "margin", "first", "careful", "parts"):
        with (tmp_path / f"{name}.csv").open() as file:
            assert len(list(csv.DictReader(file))) == 500


def test_the_page_lists_every_strategy():
    rows = re.findall(r"^\| `([a-z+-]+)` \| .+ \| (.+?) \| .+ \|$", (DOCS / "strategies.md").read_text(), re.MULTILINE)
    listed = dict(rows)
    assert list(listed) == ladle.strategies.names()
    for name in ladle.strategies.names():
        needs = listed[name]
        told = catalogue.describe(name)
        wanted = [*told.needs, *{"yes": ["a tree"], "optional": ["a tree if given"], "no": []}[told.takes_tree]]
        assert needs == (", ".join(wanted) or "nothing"), name

import importlib.util
import re

import pytest

from tests.lab.toy import toy_dataset

QUICK = ("--trials", "2", "--rounds", "2", "--batch-size", "20", "--seed-size", "30")


@pytest.fixture
def small(monkeypatch):
    """The demo on a data set of 400 images, so that the test takes a second."""
    monkeypatch.setattr("ladle.lab.fashion_mnist", toy_dataset)


def test_it_tells_and_writes_the_report(run, small, tmp_path):
    page = tmp_path / "report.html"
    code, out, err = run("demo", "--out", page, *QUICK)
    assert (code, err) == (0, "")
    for words in ("Accuracy on 150 test images", "Labels saved", "Seconds per step", "Cluster-Margin vs Uniform"):
        assert words in out
    assert out.rstrip().endswith(str(page))
    assert max(len(line) for line in out.splitlines() if str(tmp_path) not in line) <= 80
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_machines_get_the_same_numbers(run_json, small, tmp_path):
    page = tmp_path / "report.html"
    code, told = run_json("demo", "--out", page, *QUICK, "--seed", "5", "--candidate-ratio", "3")
    assert code == 0
    assert told["report"] == str(page)
    assert [each["name"] for each in told["strategies"]] == ["Cluster-Margin", "Margin", "Uniform"]
    assert told["labels"] == [30, 50, 70]
    assert told["options"] == {"candidate ratio": "3"}
    again = run_json("demo", "--out", page, *QUICK, "--seed", "5", "--candidate-ratio", "3")[1]
    assert [each["accuracy"] for each in again["strategies"]] == [each["accuracy"] for each in told["strategies"]]
    assert again["savings"] == told["savings"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--trials", "0"), 2, "trials"),
        (("--candidate-ratio", "0.5"), 2, "candidate_ratio"),
        (("--rounds", "2000"), 2, "pool's 400 rows"),
        (("--out", "absent/report.html"), 4, "folder"),
        (("--out", "report.pdf"), 4, "html"),
    ],
)
def test_bad_options_are_refused_before_any_work(run, small, tmp_path, monkeypatch, options, code, words):
    monkeypatch.chdir(tmp_path)
    found, out, err = run("demo", *QUICK, *options)
    assert (found, out) == (code, "")
    assert re.search(words, err)
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named_before_any_work(run, monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("sklearn", "PIL") else find(name))
    code, out, err = run("demo", "--out", tmp_path / "report.html")
    assert (code, out) == (7, "")
    assert "no scikit-learn, no pillow" in err
    assert 'pip install "ladle[lab]"' in err

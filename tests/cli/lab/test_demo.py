import importlib.util
import re

import pytest

QUICK = (
    "--pool-rows", "400", "--trials", "3", "--rounds", "2", "--batch-size", "20", "--seed-size", "30", "--workers", "0",
)  # fmt: skip


def quick(*changes: object) -> list[object]:
    """The quick options with some of them changed, each given once."""
    given = dict(zip(QUICK[::2], QUICK[1::2], strict=True)) | dict(zip(changes[::2], changes[1::2], strict=True))
    return [part for pair in given.items() for part in pair]


def test_it_tells_and_writes_the_report(run, tmp_path):
    page = tmp_path / "report.html"
    code, out, err = run("demo", "--out", page, "--quiet", *QUICK)
    assert (code, err) == (0, "")
    for words in ("Accuracy on 5,000 test images", "Labels saved", "Seconds per step", "Cluster-Margin vs Uniform"):
        assert words in out
    assert out.rstrip().endswith(str(page))
    assert max(len(line) for line in out.splitlines() if str(tmp_path) not in line) <= 80
    written = page.read_text(encoding="utf-8")
    assert written.startswith("<!doctype html>")
    assert "Clusters that the first batch of Cluster-Margin touched" in written
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.long
def test_machines_get_the_same_numbers_and_a_run_to_go_on_with(run, run_json, tmp_path):
    page, kept = tmp_path / "report.html", tmp_path / "kept"
    same = ("--seed", "5", "--candidate-ratio", "3", "--out", page)
    code, told = run_json("demo", *quick(*same, "--trials", "1", "--keep", kept))
    assert code == 0
    assert told["report"] == str(page)
    assert told["strategies"] == ["Cluster-Margin", "Margin", "Uniform"]
    assert told["labels"] == [30, 50, 70]
    assert '"candidate_ratio" = 3' in told["protocol"]
    assert told["metrics"][0]["savings"] == []  # one trial
    more = run_json("demo", *quick(*same, "--keep", kept), "--force")[1]
    again = run_json("demo", *quick(*same), "--force")[1]
    assert more["metrics"] == again["metrics"]
    assert more["metrics"][0]["curves"][0]["values"][0] == told["metrics"][0]["curves"][0]["values"][0]
    assert run("lab", "report", kept, "--examples", "--force", "-o", page)[0] == 0


def test_one_trial_claims_nothing(run, tmp_path):
    code, out, _ = run("demo", *quick("--out", tmp_path / "report.html", "--trials", "1"))
    assert code == 0
    assert "with an interval or not at all" in " ".join(out.split())
    assert "1 trial in" in out


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
def test_bad_options_are_refused_before_any_work(run, tmp_path, monkeypatch, options, code, words):
    monkeypatch.chdir(tmp_path)
    found, out, err = run("demo", *quick(*options))
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

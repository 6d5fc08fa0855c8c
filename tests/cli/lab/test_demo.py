import importlib.util
import json
import re

import pytest

from ladle.cli.lab.demo_runs import demo_experiments, demo_runs
from ladle.lab import read_experiment
from ladle.lab.ledger.ledger import Ledger

QUICK = (
    "--pool-rows", "400", "--trials", "3", "--rounds", "2", "--batch-size", "20", "--seed-size", "30", "--workers", "0",
)  # fmt: skip


def quick(*changes: object) -> list[object]:
    """The quick options with some of them changed, each given once."""
    given = dict(zip(QUICK[::2], QUICK[1::2], strict=True)) | dict(zip(changes[::2], changes[1::2], strict=True))
    return [part for pair in given.items() for part in pair]


def facts_in(page):
    return json.loads(re.search(r'id="facts">(.*?)</script>', page, re.DOTALL)[1])


def test_it_tells_and_writes_the_report(run, tmp_path):
    page = tmp_path / "report.html"
    code, out, err = run("demo", "--out", page, "--quiet", *QUICK)
    assert (code, err) == (0, "")
    for words in ("Accuracy on 5,000 test images", "Labels saved", "Cluster-Margin vs Uniform", "Auto vs Margin"):
        assert out.count(words) == 2  # in each of the two pools
    assert "ladle advise POOL --scores S --size K" in " ".join(out.split())
    assert out.rstrip().endswith(str(page))
    assert max(len(line) for line in out.splitlines() if str(tmp_path) not in line) <= 80
    written = page.read_text(encoding="utf-8")
    assert written.startswith("<!doctype html>")
    assert written.count("Clusters that the first batch of Cluster-Margin touched") == 2
    for words in ("The images as they are", "A pool made to repeat itself", "ladle advise POOL --scores S --size K"):
        assert words in written
    first, second = (pool["run"]["dataset"] for pool in facts_in(written)["pools"])
    assert first["rows"] == 400
    assert 200 < second["rows"] < 600  # about as many: ten of each of 40 images, in the mean
    assert "jittered copies" in second["source"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.long
def test_machines_get_the_same_numbers_and_a_run_to_go_on_with(run, run_json, tmp_path):
    page, kept = tmp_path / "report.html", tmp_path / "kept"
    same = ("--seed", "5", "--candidate-ratio", "3", "--out", page)
    code, told = run_json("demo", *quick(*same, "--trials", "1", "--keep", kept))
    assert code == 0
    assert told["report"] == str(page)
    assert [each["name"] for each in told["pools"]] == ["demo", "demo-redundant"]
    for pool in told["pools"]:
        assert pool["strategies"] == ["Cluster-Margin", "Auto", "Margin", "Uniform"]
        assert pool["labels"] == [30, 50, 70]
        assert '"candidate_ratio" = 3' in pool["protocol"]
        assert pool["metrics"][0]["savings"] == []  # one trial
    more = run_json("demo", *quick(*same, "--keep", kept), "--force")[1]
    again = run_json("demo", *quick(*same), "--force")[1]
    for longer, fresh, short in zip(more["pools"], again["pools"], told["pools"], strict=True):
        assert longer["metrics"] == fresh["metrics"]
        assert longer["metrics"][0]["curves"][0]["values"][0] == short["metrics"][0]["curves"][0]["values"][0]
    assert run("lab", "report", kept / "demo-redundant", "--examples", "--force", "-o", page)[0] == 0


def test_one_trial_claims_nothing(run, tmp_path):
    code, out, _ = run("demo", *quick("--out", tmp_path / "report.html", "--trials", "1"))
    assert code == 0
    assert "with an interval or not at all" in " ".join(out.split())
    assert "1 trial on each of 2 pools in" in out
    assert out.count("1 trial: too few to test, so nothing is claimed here.") == 2


def test_a_demo_that_was_stopped_goes_on_by_the_same_command(run, run_json, tmp_path, monkeypatch):
    page = tmp_path / "report.html"
    same = quick("--out", page, "--trials", "1", "--rounds", "1")
    finish = Ledger.add_round
    finished = []

    def stop_at_the_sixth(ledger, record):
        finish(ledger, record)
        finished.append((ledger.experiment().name, record.strategy))
        if len(finished) == 6:  # in the second pool: four strategies have a round each in the first
            raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, "add_round", stop_at_the_sixth)
    code, out, err = run("demo", *same, "--quiet")
    assert (code, out) == (130, "")
    assert "the same command goes on from 6 of 8 rounds in" in " ".join(err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html.partial"]
    code, _, err = run("demo", *same)
    assert code == 0
    assert "going on from 6 of 8 rounds in" in " ".join(err.split())
    assert len(finished) == len(set(finished)) == 8  # no round was made twice
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    stopped_once = facts_in(page.read_text(encoding="utf-8"))
    undisturbed = run_json("demo", *same, "--force")[1]
    for one, other in zip(stopped_once["pools"], undisturbed["pools"], strict=True):
        assert one["metrics"] == other["metrics"]


def test_other_dials_begin_a_run_of_their_own(tmp_path):
    page = tmp_path / "report.html"
    dials = {"trials": 1, "rounds": 1, "batch_size": 20, "seed_size": 30, "seed": 0}
    folders = []
    for changed in ({}, {"seed": 1}):
        with demo_runs(demo_experiments(None, 400, **(dials | changed)), page, None) as runs:
            folders += [run.folder for run in runs]
    assert len(set(folders)) == 4
    assert {folder.parent for folder in folders} == {tmp_path / "report.html.partial"}
    with demo_runs(demo_experiments(None, 400, **dials), page, tmp_path / "kept") as runs:
        assert [run.folder for run in runs] == [tmp_path / "kept" / name for name in ("demo", "demo-redundant")]


def test_the_halves_differ_in_the_pool_and_the_candidates_alone():
    plain, redundant = (read_experiment(name).model_dump() for name in ("demo", "demo-redundant"))
    assert {field for field, value in plain.items() if value != redundant[field]} == {
        "name", "title", "dataset", "redundancy", "strategies"
    }  # fmt: skip
    for one, other in zip(plain["strategies"], redundant["strategies"], strict=True):
        assert {**one, "options": {}} == {**other, "options": {}}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--trials", "0"), 2, "trials"),
        (("--candidate-ratio", "0.5"), 2, "candidate_ratio"),
        (("--rounds", "2000"), 2, "pool's 400 rows"),
        (("--rounds", "17"), 2, "pool's 345 rows"),  # of the second pool
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

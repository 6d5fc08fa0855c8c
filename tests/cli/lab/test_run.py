"""`ladle lab run` where a run has been: what it says first, and what it refuses."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.cli.lab.test_lab import PROTOCOL, finished  # noqa: F401 - a fixture


@pytest.fixture
def copied(finished, tmp_path):  # noqa: F811 - the fixture, asked for
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def protocol(tmp_path, old="", new=""):
    path = tmp_path / "changed.toml"
    path.write_text(PROTOCOL.replace(old, new))
    return path


def test_another_experiment_is_refused_with_both_values_and_nothing_else_said(run, copied, tmp_path):
    code, out, err = run("lab", "run", protocol(tmp_path, "batch_size = 20", "batch_size = 30"), "-o", copied)
    assert (code, out) == (5, "")
    assert "batch_size (20 there, 30 here)" in err
    assert "going on" not in err


def test_wrong_parts_are_refused_before_it_goes_on(run, copied, tmp_path):
    code, _, err = run("lab", "run", protocol(tmp_path), "-o", copied, "--strategies", "Nobody")
    assert code == 2
    assert "going on" not in err


def test_fewer_trials_or_rounds_are_counted_as_they_are_now(run, run_json, copied, tmp_path):
    for old, new, total in (("trials = 3", "trials = 1", 4), ("rounds = 2", "rounds = 1", 6)):
        changed = protocol(tmp_path, old, new)
        code, _, err = run("lab", "run", changed, "-o", copied)
        assert code == 0
        assert err.startswith(f"going on from {total} of {total} rounds")
        code, facts = run_json("lab", "run", changed, "-o", copied)
        assert (code, facts["rounds_before"], facts["rounds_done"]) == (0, total, total)


@pytest.mark.parametrize("left", ["an empty file", "no such file"])
def test_a_lost_ledger_is_not_begun_anew(run, copied, tmp_path, left):
    ledger = copied / "ledger.sqlite"
    ledger.write_bytes(b"") if left == "an empty file" else ledger.unlink()
    code, out, err = run("lab", "run", protocol(tmp_path), "-o", copied)
    assert (code, out) == (4, "")
    assert left in err
    assert "Restore it from a copy" in err


def test_a_folder_without_a_name_is_refused(run, tmp_path):
    code, out, err = run("lab", "run", protocol(tmp_path), "--out", "")
    assert (code, out) == (2, "")
    assert "--out must name a folder" in err


def test_the_next_command_can_be_pasted(run, copied, tmp_path):
    spaced = copied.rename(tmp_path / "my run")
    code, out, _ = run("lab", "run", protocol(tmp_path), "-o", spaced)
    assert code == 0
    assert "myrun'" in "".join(out.split())


def test_a_raw_ledger_is_not_published_over(run, copied, tmp_path):
    other = tmp_path / "other" / "ledger.sqlite"
    shutil.copytree(copied, other.parent)
    before = other.read_bytes()
    for options in ((), ("--force",)):
        code, out, err = run("lab", "publish", copied, "-o", other, *options)
        assert (code, out) == (2, "")
        assert "replace nothing but another such copy" in err
    assert other.read_bytes() == before
    for _ in range(2):  # a copy may be made again
        assert run("lab", "publish", copied, "-o", tmp_path / "thin.sqlite")[0] == 0


def test_copies_and_classes_that_cannot_be_learnt_are_told_on_every_output(run, run_json, tmp_path):
    """A pool of ten copies of each row, and a test split with a class that the pool lacks."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(40, 6)).astype(np.float32)
    inputs, labels = np.repeat(rows, 10, axis=0), np.repeat(np.arange(40) % 2, 10)
    test = {"test_inputs": rows[:12], "test_labels": np.array([0, 1, 2] * 4)}
    np.savez(tmp_path / "copies.npz", inputs=inputs, labels=labels, **test)
    text = f"""
name = "copies"
title = "Copies"
dataset = {{name = "feature-file", path = "{tmp_path / "copies.npz"}"}}
learner = {{name = "logistic"}}
seed_size = 20
batch_size = 40
rounds = 2
trials = 2

[[strategies]]
name = "margin"

[[strategies]]
name = "cluster-margin"
options = {{candidate_ratio = "auto"}}
"""
    (tmp_path / "copies.toml").write_text(text)
    folder = tmp_path / "run"
    code, out, _ = run("lab", "run", tmp_path / "copies.toml", "-o", folder, "--workers", 0, "--quiet")
    told = " ".join(out.split())
    assert code == 0
    assert "4 labels of the test split are of classes" in told or "that the pool lacks" in told
    assert "± " in told
    assert "(standard error)" in told
    code, facts = run_json("lab", "run", tmp_path / "copies.toml", "-o", folder)
    assert (code, facts["only_in_test"]) == (0, {"2": 4})
    assert facts["notices"] == [
        "4 labels of the test split are of classes that the pool lacks, so no strategy can learn them: 2 (4)."
    ]
    outputs = ("-o", tmp_path / "page.html", "--markdown", tmp_path / "page.md")
    code, facts = run_json("lab", "report", folder, *outputs)
    report = facts["report"]
    assert report["near_by_chance"] == report["run"]["near_by_chance"] > 0.5  # of 40 out of ten copies of 40
    assert report["run"]["near_limit"] == 1e-10
    batches = {each["strategy"]: each for each in report["batches"]}
    assert batches["margin"]["chosen_ratios"] is None
    assert [each["round"] for each in batches["cluster-margin"]["chosen_ratios"]] == [1, 2]
    assert batches["margin"]["near"] > 0.9
    for name in ("page.html", "page.md"):
        written = (tmp_path / name).read_text(encoding="utf-8")
        for words in ("that the pool lacks, so no strategy can learn them: 2 (4).", "What auto chose"):
            assert words in written, (name, words)
        assert f"By chance {100 * report['near_by_chance']:.1f}% of a batch" in written
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_a_learner_that_has_not_fitted_is_told_on_every_output(run_json, tmp_path):
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 900)
    inputs = (random.normal(0, 1, (3, 8))[labels] + random.normal(0, 1, (900, 8))).astype(np.float32)
    np.savez(tmp_path / "made.npz", inputs=inputs, labels=labels)
    early = 'solver = "adam", epochs = 30, decay = 3.0, standardise = true'
    for name, options in (("early", f", {early}"), ("now", "")):
        (tmp_path / f"{name}.toml").write_text(f"""
name = "{name}"
title = "Made"
dataset = {{name = "feature-file", path = "{tmp_path / "made.npz"}"}}
learner = {{name = "linear-head"{options}}}
seed_size = 100
batch_size = 50
rounds = 1
trials = 1

[[strategies]]
name = "uniform"
""")
        code, facts = run_json("lab", "run", tmp_path / f"{name}.toml", "-o", tmp_path / name, "--workers", 0)
        assert code == 0
        outputs = ("-o", tmp_path / f"{name}.html", "--markdown", tmp_path / f"{name}.md")
        code, reported = run_json("lab", "report", tmp_path / name, *outputs)
        assert code == 0
        assert reported["report"]["fit"] == facts["fit"]
        warned = "The learner has not fitted its labels: with 150 labels its accuracy is "
        assert [each["fitted"] for each in facts["fit"]["points"]] == [name == "now"]
        assert len([each for each in facts.get("notices", []) if each.startswith(warned)]) == (name == "early")
        for suffix in ("html", "md"):
            assert (warned in (tmp_path / f"{name}.{suffix}").read_text(encoding="utf-8")) is (name == "early")
    assert reported["report"]["run"]["learner_options"] == {
        "strength": 1.0, "iterations": 1_000, "standardise": False
    }  # fmt: skip
    code, compared = run_json("lab", "compare", tmp_path / "early", tmp_path / "now")
    assert code == 0
    assert [each[0] for each in compared["differing"]] == [
        "name", "learner.solver", "learner.epochs", "learner.decay", "learner.standardise", "learner as run"
    ]  # fmt: skip

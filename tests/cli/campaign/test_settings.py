"""`ladle campaign set` and `ladle campaign class`: what they change, what they say, what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from tests.cli.campaigns import labelled, make_pool


@pytest.fixture
def begun(run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    labels = ("--labels", "cat,dog,emu", "--strategy", "margin", "--budget", 30, "--price", 0.04, "--currency", "EUR")
    assert run_json("campaign", "create", "pool.parquet", "--name", "birds", *labels)[0] == 0
    ask = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 20, "-o", "batch.csv")
    assert run_json(*ask)[0] == 0
    labelled(tmp_path / "batch.csv", tmp_path / "done.csv", first=12)
    assert run_json("campaign", "tell", "done.csv", "--annotator", "ann")[1]["labelled"] == 12
    return tmp_path


def opened() -> ladle.Campaign:
    return ladle.Campaign.open("birds.db", name="birds")


def test_set(begun: Path, run: Any, run_json: Any) -> None:
    line = ("campaign", "set", "--annotators", 2, "--agreement", "unanimous", "--budget", 2000, "--lease-days", 3)
    control = ("--control", "12.5%")
    code, facts = run_json(
        *line, "--price", 0.05, "--currency", "USD", "--gold-accuracy", 0.9, "--by", "lead", *control
    )
    assert code == 0
    assert facts["changed"] == {
        "annotators_per_task": {"old": 1, "new": 2},
        "agreement": {"old": "majority", "new": "unanimous"},
        "budget": {"old": 30, "new": 2000},
        "lease_seconds": {"old": 604800.0, "new": 259200.0},
        "price": {"old": 0.04, "new": 0.05},
        "currency": {"old": "EUR", "new": "USD"},
        "gold_accuracy": {"old": 0.8, "new": 0.9},
        "control": {"old": 0.0, "new": 0.125},
    }
    assert (facts["tasks"], facts["done_before"]) == (12, False)
    code, out, err = run(*line)
    assert (code, err) == (0, "")
    assert "nothing was changed" in out
    code, out, err = run("campaign", "set", "--no-budget", "--no-price", "--annotators", 1)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["annotators", "1,", "was", "2"],
        ["budget", "none,", "was", "2,000"],
        ["price", "none,", "was", "0.05"],
        ["paid", "0.48", "EUR", "for", "12", "labels:", "each", "at", "the", "price", "of", "its", "time"],
        ["tasks", "12", "have", "another", "state", "now"],
    ]
    assert "set" in run("campaign", "audit")[1]
    with opened() as campaign:
        assert campaign.audit()[-2].actor == "lead"
        assert (campaign.settings.budget, campaign.settings.lease_seconds) == (None, 3 * 86400)
    out = run("campaign", "set", "--lease-days", 1, "--control", "5%")[1]
    assert [line.split() for line in out.splitlines()[1:3]] == [
        ["lease-days", "1", "day,", "was", "3", "days"],
        ["control", "5%,", "was", "12.5%"],
    ]
    assert "it buys the class shares of the pool" in " ".join(out.split())
    out = " ".join(run("campaign", "audit")[1].split())
    assert "control 12.5% to 5%, lease 3 days to 1 day" in out, "in the units of the options"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "--budget, --annotators, --agreement, --lease-days, --price, --currency, --gold-accuracy"),
        (("--budget", 3, "--no-budget"), "one of --budget and --no-budget"),
        (("--price", 3, "--no-price"), "one of --price and --no-price"),
        (("--budget", 0), "budget"),
        (("--agreement", "most"), "agreement"),
    ],
)
def test_what_cannot_be_set(begun: Path, run: Any, given: Any, words: str) -> None:
    code, out, err = run("campaign", "set", *given)
    assert (code, out) == (2, "")
    assert words in err


def test_an_ask_beyond_the_budget_names_the_command_that_raises_it(begun: Path, run: Any) -> None:
    ask = ("campaign", "ask", "--scores", "scores-2.parquet", "--size", 11, "-o", "more.csv")
    code, out, err = run(*ask)
    assert (code, out) == (2, "")
    assert "budget of 30 labels: 12 are paid for, 8 reserved" in err
    assert "10 left for 10 examples; got 11" in err
    assert "ladle campaign set --budget" in err
    assert run("campaign", "set", "--budget", 31)[0] == 0
    assert run(*ask)[0] == 0


def test_class_commands(begun: Path, run: Any, run_json: Any) -> None:
    code, facts = run_json("campaign", "class", "add", "owl", "kiwi")
    assert (code, facts["classes"]) == (0, ["cat", "dog", "emu", "owl", "kiwi"])
    code, facts = run_json("campaign", "class", "rename", "emu", "rhea", "--by", "lead")
    assert (code, facts["classes"][2], facts["tasks"]) == (0, "rhea", 0)
    assert facts["labels"] > 0
    code, facts = run_json("campaign", "class", "merge", "dog", "cat")
    assert (code, facts["classes"]) == (0, ["cat", "rhea", "owl", "kiwi"])
    code, facts = run_json("campaign", "class", "list")
    assert sum(row["labels"] for row in facts["classes"]) == 12
    assert [row["former"] for row in facts["classes"]] == [["dog"], ["emu"], [], []]
    out = run("campaign", "class", "list")[1]
    assert "was dog" in out
    late = labelled(begun / "batch.csv", begun / "late.csv")
    assert run_json("campaign", "tell", late, "--annotator", "ann")[1]["accepted"] == 8
    assert run("campaign", "verify")[0] == 0
    code, _, err = run("campaign", "ask", "--scores", "scores-2.parquet", "--size", 2, "-o", "more.csv")
    assert code == 5
    assert "4 classes that the campaign has now ('dog' merged into 'cat' on" in err or "4 classes" in err
    code, _, err = run("campaign", "class", "add", "dog")
    assert (code, "former name of 'cat'" in err) == (5, True)
    assert "ladle campaign class unmerge" in err
    assert run("campaign", "class", "merge", "cow", "cat")[0] == 8
    code, facts = run_json("campaign", "class", "unmerge", "dog")
    assert (code, facts["classes"], facts["labels"] > 0) == (0, ["cat", "dog", "rhea", "owl", "kiwi"], True)
    code, facts = run_json("campaign", "class", "remove", "kiwi")
    assert (code, facts["classes"]) == (0, ["cat", "dog", "rhea", "owl"])
    code, _, err = run("campaign", "class", "remove", "dog")
    assert (code, "ladle campaign class merge" in err, "Campaign" in err) == (2, True, False)
    events = len(opened().audit())
    for line in (("unmerge", "dog"), ("remove", "kiwi")):  # repeated, as after a crash
        code, facts = run_json("campaign", "class", *line)
        assert (code, facts["done_before"], facts["labels"]) == (0, True, 0)
        code, out, _ = run("campaign", "class", *line)
        assert (code, "nothing was changed" in out) == (0, True)
    assert len(opened().audit()) == events
    assert run("campaign", "class", "unmerge", "cow")[0] == 8


def test_scores_of_the_classes_of_before(begun: Path, run: Any) -> None:
    run("campaign", "class", "add", "owl")
    ask = ("campaign", "ask", "--scores", "scores-2.parquet", "--size", 2, "-o", "more.csv")
    code, _, err = run(*ask)
    assert code == 5
    assert "be of the 4 classes that the campaign has now ('owl' added on 20" in err
    assert "a model that knows 3 classes. Train the model" in err
    assert "--margins" in err
    run("campaign", "class", "remove", "owl")
    assert run(*ask)[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("set", "--budget", "1x"), "--budget must be a whole number; got '1x'."),
        (("set", "--price", "cheap"), "--price must be a number; got 'cheap'."),
        (("quarantine", "close", "one", "--reason", "r"), "NUMBER must be a whole number; got 'one'."),
    ],
)
def test_what_is_no_number_is_named(words: tuple[str, ...], message: str, begun: Path, run: Any) -> None:
    code, _, err = run("campaign", *words)
    assert code == 2
    assert f"error: {message}" in err


def test_classes_of_one_spelling_are_not_told_apart(
    run: Any, run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pool(tmp_path)
    campaign = ladle.Campaign.create(
        f"sqlite:///{tmp_path}/n.db", name="n", pool=tmp_path / "pool.parquet", labels=[3, "3"], strategy="uniform"
    )
    campaign.close()
    monkeypatch.setenv("LADLE_DB", str(tmp_path / "n.db"))
    code, _, err = run("campaign", "class", "rename", "3", "three")
    assert code == 2
    assert err.strip().endswith("The command line cannot tell them apart.")


def test_classes_that_are_numbers(run: Any, run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "n.db")
    assert run("campaign", "create", "pool.parquet", "--name", "n", "--labels", "0,1", "--strategy", "uniform")[0] == 0
    assert run_json("campaign", "class", "add", "2")[1]["classes"] == [0, 1, 2]
    assert run_json("campaign", "class", "rename", "2", "7")[1]["classes"] == [0, 1, 7]
    assert run_json("campaign", "class", "merge", "7", "0")[1]["classes"] == [0, 1]
    assert run_json("campaign", "class", "rename", "1", "one")[1]["classes"] == [0, "one"]


def test_a_control_is_created_and_said(begun: Path, run: Any, run_json: Any) -> None:
    line = ("campaign", "create", "pool.parquet", "--name", "owls", "--labels", "cat,dog,emu", "--strategy", "margin")
    code, out, err = run(*line, "--control", "5%")
    assert (code, err) == (0, "")
    assert "5% of every batch is drawn uniformly" in " ".join(out.split())
    assert run_json(*line, "--control", "0.05")[1]["control"] == 0.05
    scores = ("--scores", "scores-1.parquet", "--size", 20, "-o", "owls.csv")
    assert run_json("campaign", "ask", "--name", "owls", *scores)[1]["control"] == 1
    assert "control" not in (begun / "owls.csv").read_text("utf-8")
    assert run_json("campaign", "export", "outstanding", "--name", "owls", "-o", "waiting.csv")[0] == 0
    assert "control" not in (begun / "waiting.csv").read_text("utf-8")
    for wrong in ("5 percent", "80%", "-1"):
        code, _, err = run("campaign", "set", "--name", "owls", f"--control={wrong}")
        assert code == 2, wrong
        assert "--control" in err


def test_what_the_control_tells_is_shown(begun: Path, run: Any, run_json: Any) -> None:
    run("campaign", "set", "--name", "birds", "--control", "50%", "--no-budget")
    code, _, err = run("campaign", "control")
    assert code == 8
    assert "ladle campaign set" in err
    ask = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 20, "--model", "v1", "--key", "two")
    assert run_json(*ask, "-o", "two.csv")[1]["control"] > 0
    labelled(begun / "batch.csv", begun / "all-done.csv")
    assert run_json("campaign", "tell", "all-done.csv", "--annotator", "ann")[0] == 0
    labelled(begun / "two.csv", begun / "two-done.csv")
    assert run_json("campaign", "tell", "two-done.csv", "--annotator", "ann")[0] == 0
    code, facts = run_json("campaign", "control")
    assert (code, facts["waiting"], facts["batch"]) == (0, 0, 2)
    assert facts["tests"][0]["model"] == "v1", "the file has probabilities, though the strategy reads margins"
    assert facts["tests"][0]["accuracy"] is not None
    code, out, err = run("campaign", "control", "--scores", "scores-1.parquet", "--held-out")
    assert (code, err) == (0, "")
    for words in ("Share of the pool", "emu", "these scores", "95% interval", "v1"):
        assert words in out
    assert "control" in run("campaign", "progress")[1]
    assert "control: accuracy" in run("campaign", "status")[1]
    assert run_json("campaign", "progress")[1]["control"]["members"] == facts["members"]
    code, _, err = run("campaign", "control", "--held-out")
    assert code == 2
    assert "--scores" in err


def test_the_log_names_the_class_zero_and_says_things_in_words(tmp_path: Path, run: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "digits.db")
    pool = ladle.open_pool(np.eye(6, dtype=np.float32), ids=[f"im{each}" for each in range(6)])
    settings = {"strategy": "uniform", "labels": [0, 1, 2], "name": "digits", "by": "lead"}
    with ladle.Campaign.create("sqlite:///digits.db", pool=pool, **settings) as campaign:
        campaign.classes.merge(1, 0)
        campaign.classes.rename(0, 7)
        campaign.classes.rename(7, 0)
        campaign.classes.add(5)
        campaign.classes.remove(5)
        campaign.adjudicate(["im1"], [2], reason="a hook")
        campaign.undo_adjudication(["im1"])
        campaign.set(annotators_per_task=2)
    code, out, _ = run("campaign", "audit")
    shown = " ".join(out.split())
    assert code == 0
    for what in (
        "change merge, into 0, old 1",
        "change rename, new 7, old 0",
        "change rename, new 0, old 7",
        "labels [2]",
        "undo adjudication",
        "changed annotators per task 1 to 2",
    ):
        assert what in shown, shown


def test_numbers_that_were_text_are_numbers_again(
    run: Any, run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "n.db")
    line = ("campaign", "create", "pool.parquet", "--name", "n", "--labels", "0,1,2", "--strategy", "uniform")
    assert run(*line)[0] == 0
    (tmp_path / "done.csv").write_text("id,label\nim001,2\nim002,1\n")
    assert run("campaign", "tell", "done.csv", "--annotator", "ann")[0] == 0

    def exported(what: str) -> tuple[pa.DataType, list[object]]:
        assert run("campaign", "export", what, "-o", f"{what}.parquet", "--force")[0] == 0
        column = pq.read_table(tmp_path / f"{what}.parquet").column("label")
        return column.type, column.to_pylist()

    whats = ("resolved", "labels")
    assert [exported(each) for each in whats] == [(pa.int64(), [2, 1])] * 2
    assert "are text in exported files" in run("campaign", "class", "rename", "2", "two")[1]
    assert [exported(each)[1] for each in whats] == [["two", "1"]] * 2
    assert "are numbers in exported files" in run("campaign", "class", "rename", "two", "2")[1]
    assert [exported(each) for each in whats] == [(pa.int64(), [2, 1])] * 2
    assert run_json("campaign", "class", "list")[1]["classes"][2]["name"] == 2
    (tmp_path / "late.csv").write_text("id,label\nim003,two\nim004,2\n")
    assert run_json("campaign", "tell", "late.csv", "--annotator", "ann")[1]["accepted"] == 2
    assert exported("resolved") == (pa.int64(), [2, 1, 2, 2])
    code, facts = run_json("campaign", "class", "rename", "2", "5")
    assert (code, facts["classes"], facts["label_type"]) == (0, [0, 1, 5], "integer")
    code, facts = run_json("campaign", "class", "rename", "5", "five")
    assert (code, facts["label_type"]) == (0, "text")
    assert run_json("campaign", "class", "rename", "five", "2")[1]["classes"] == [0, 1, 2], "as others are numbers"
    for old, new in (("1", "one"), ("2", "two")):
        assert run("campaign", "class", "rename", old, new)[0] == 0
    assert run_json("campaign", "class", "rename", "two", "2")[1]["classes"] == [0, "one", 2], "it was a number before"


def test_a_class_command_repeated_among_numbers_and_text(
    run: Any, run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "n.db")
    line = ("campaign", "create", "pool.parquet", "--name", "n", "--labels", "0,1,2,9", "--strategy", "uniform")
    assert run(*line)[0] == 0
    assert run("campaign", "class", "add", "11")[0] == 0
    assert run("campaign", "class", "merge", "9", "0")[0] == 0
    assert run("campaign", "class", "rename", "1", "one")[0] == 0
    for words in (("unmerge", "9"), ("remove", "11"), ("merge", "9", "0"), ("unmerge", "9")):
        first, again = (run_json("campaign", "class", *words) for _ in range(2))
        assert (first[0], first[1]["done_before"]) == (0, False), words
        assert (again[0], again[1]["done_before"]) == (0, True), words
        assert again[1]["classes"] == first[1]["classes"]
    assert run("campaign", "class", "remove", "12")[0] == 8


def test_a_new_price_says_what_was_paid_at_the_old_one(begun: Path, run: Any, run_json: Any) -> None:
    out = run("campaign", "set", "--price", 0.1, "--currency", "USD")[1]
    assert "0.48 EUR for 12 labels: each at the price of its time" in out
    labelled(begun / "batch.csv", begun / "more.csv", first=14)
    assert run("campaign", "tell", "more.csv", "--annotator", "ann")[0] == 0
    assert run_json("campaign", "progress")[1]["costs"] == {"EUR": 0.48, "USD": 0.2}
    out = run("campaign", "progress")[1]
    assert "0.48 EUR + 0.20 USD paid, at the price of their time; 0.60 USD reserved, at 0.1 USD a label now" in out
    assert run("campaign", "set", "--no-price")[0] == 0
    assert "0.48 EUR + 0.20 USD paid; a label has no price now" in run("campaign", "progress")[1]


def test_a_mistyped_price_is_corrected(begun: Path, run: Any, run_json: Any) -> None:
    assert run("campaign", "set", "--price", 5)[0] == 0
    labelled(begun / "batch.csv", begun / "more.csv", first=14)
    assert run("campaign", "tell", "more.csv", "--annotator", "ann")[0] == 0
    assert run_json("campaign", "progress")[1]["costs"] == {"EUR": 10.48}
    out = " ".join(run("campaign", "set", "--price", 0.05, "--instead-of", 5)[1].split())
    assert "corrected labels that were told at 5 cost 0.05 paid 0.58 EUR for 14 labels" in out
    again = run_json("campaign", "set", "--price", 0.05, "--instead-of", 5)[1]
    assert (again["done_before"], again["corrected"]) == (True, {})
    out = " ".join(run("campaign", "audit")[1].split())
    assert "price 5 to 0.05" in out
    assert "corrected price 0.05 instead of 5" in out
    code, _, err = run("campaign", "set", "--instead-of", 5)
    assert (code, "--price" in err) == (2, True)


def test_class_commands_say_which_labels_they_count(begun: Path, run: Any, run_json: Any) -> None:
    with opened() as campaign:
        example = next(row.id for row in campaign.labels() if row.label == "cat")
        other = next(row.id for row in campaign.labels() if row.label == "dog")
        campaign.tell([example], ["emu"], annotator="ann")
        campaign.delete_labels([other], annotator="ann", reason="slip")
        listed = {row.name: row.labels for row in campaign.classes.counts()}
    code, _, err = run("campaign", "class", "remove", "cat")
    got = f"{listed['cat']} labels, 1 superseded or deleted label"
    assert (code, got in " ".join(err.split())) == (2, True), err
    out = " ".join(run("campaign", "class", "rename", "cat", "tiger")[1].split())
    assert f"labels {listed['cat'] + 1} under another name now, 1 of them superseded or deleted" in out
    facts = run_json("campaign", "class", "merge", "dog", "tiger")[1]
    assert (facts["labels"], facts["ended"]) == (listed["dog"] + 1, 1)


def test_all_of_a_short_list_of_classes_is_shown(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "n.db")
    for name, count in (("ten", 10), ("many", 12)):
        classes = ",".join(map(str, range(count)))
        line = ("campaign", "create", "pool.parquet", "--name", name, "--labels", classes, "--strategy", "uniform")
        out = run(*line)[1]
        assert ("8, 9, ..." in out, "8, 9\n" in out) == (count == 12, count == 10)


def test_classes_of_the_command_line_have_one_spelling(begun: Path, run: Any, run_json: Any) -> None:
    code, facts = run_json("campaign", "class", "add", " snow  owl ")
    assert (code, facts["classes"], "notices" in facts) == (0, ["cat", "dog", "emu", "snow owl"], False)
    assert run_json("campaign", "class", "add", "snow owl")[1]["done_before"]
    assert "'Emu' and 'emu' differ in capitals" in run("campaign", "class", "add", "Emu")[1]
    assert run_json("campaign", "class", "merge", "Emu ", " emu")[1]["classes"] == ["cat", "dog", "emu", "snow owl"]
    assert run_json("campaign", "class", "rename", "snow  owl", "owl ")[1]["classes"][3] == "owl"
    assert run_json("campaign", "class", "remove", "owl ")[1]["classes"] == ["cat", "dog", "emu"]
    assert run_json("campaign", "class", "unmerge", " Emu")[1]["classes"] == ["cat", "dog", "emu", "Emu"]


@pytest.mark.parametrize(("share", "value"), [("90%", 0.9), ("0.9", 0.9), ("62.5%", 0.625)])
def test_every_share_may_be_in_percent(begun: Path, run: Any, run_json: Any, share: str, value: float) -> None:
    code, facts = run_json("campaign", "set", "--gold-accuracy", share, "--control", "5%")
    assert code == 0
    assert {name: each["new"] for name, each in facts["changed"].items()} == {"gold_accuracy": value, "control": 0.05}
    rest = f"{100 - value * 100:g}%"
    code, facts = run_json("campaign", "export", "labels", "-o", "split.csv", "--split", f"a={share},b={rest}")
    assert (code, [each["share"] for each in facts["split"]["sides"]]) == (0, pytest.approx([value, 1 - value]))
    for option in ("--gold-accuracy", "--control"):
        code, _, err = run("campaign", "set", option, "most")
        assert (code, f"{option} must be a share such as 5% or 0.05; got 'most'" in err) == (2, True)
    assert run("campaign", "set", "--gold-accuracy", "120%")[0] == 2


def test_what_is_set_already_is_said(begun: Path, run: Any) -> None:
    run("campaign", "set", "--currency", "", "--gold-accuracy", "80%")
    out = run("campaign", "set", "--currency", "", "--gold-accuracy", "80%", "--no-budget")[1]
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["budget", "none,", "was", "30"],
        ["currency", "none", "already"],
        ["gold-accuracy", "80%", "already"],
    ]
    out = run("campaign", "set", "--currency", "")[1]
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["currency", "none", "already"],
        ["done", "before", "it"],
    ]

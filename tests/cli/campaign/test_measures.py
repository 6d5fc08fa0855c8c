"""`ladle campaign agreement`, `compare`, and exports with sides and since a moment."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from tests.cli.campaigns import CLASSES, make_pool, truth

SPLIT = ("--split", "train=0.8,validation=0.1,test=0.1")


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with birds.db: 60 examples labelled by ann and bob rightly, and by cy with one word for all."""
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    ids = [f"im{row:03}" for row in range(60)]
    made = ladle.Campaign.create("birds.db", name="birds", pool="pool.parquet", labels=CLASSES, annotators_per_task=3)
    with made as campaign:
        for name in ("ann", "bob"):
            campaign.tell(ids, [truth(each) for each in ids], annotator=name)
        campaign.tell(ids, ["cat"] * 60, annotator="cy")
        campaign.record_model("v1", metrics={"accuracy": 0.5})
    return tmp_path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_agreement_in_words_and_in_json(team: Path, run: Any, run_json: Any) -> None:
    code, out, err = run("campaign", "agreement")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Agreement of birds"
    assert "60 examples with labels of two people or more, 180 labels" in out
    assert "55.6% of pairs of labels of one example" in out
    pair = next(line for line in lines if line.split()[:2] == ["ann", "bob"])
    assert pair.split() == ["ann", "bob", "60", "100%", "1.000"]
    assert next(line for line in lines if line.split()[:2] == ["ann", "cy"]).split()[-2:] == ["33.3%", "0.000"]
    review = "agrees with 33% of the others' labels on 60 shared examples, where the others agree with 100%"
    assert review in " ".join(out.split())
    assert "nobody was ever tested by gold, in 180 labels" in out
    code, facts = run_json("campaign", "agreement")
    assert (code, facts["command"], facts["name"]) == (0, "campaign agreement", "birds")
    assert [row["kappa"] for row in facts["pairs"]] == [1.0, 0.0, 0.0]
    assert [row["reason"] for row in facts["reviews"]] == ["agreement", "untested"]
    progress = run_json("campaign", "progress")[1]
    assert progress["reviews"] == facts["reviews"]
    assert "Due for a review" in run("campaign", "progress")[1]


def test_agreement_that_is_not_known(team: Path, run: Any, run_json: Any) -> None:
    ladle.Campaign.create("alone.db", name="alone", pool="pool.parquet", strategy="margin").close()
    code, out, err = run("campaign", "agreement", "--db", "alone.db")
    assert (code, err) == (0, "")
    assert "not known: no example has labels of two people" in out
    assert "no reason is clear" in out
    facts = run_json("campaign", "agreement", "--db", "alone.db")[1]
    assert (facts["alpha"], facts["share"], facts["pairs"]) == (None, None, [])


def test_long_tables_are_cut_and_say_so(team: Path, run: Any) -> None:
    made = ladle.Campaign.create("many.db", name="many", pool="pool.parquet", strategy="margin", labels=range(30))
    ids = [f"im{row:03}" for row in range(60)]
    with made as campaign:
        for person in range(8):
            campaign.tell(ids, [(row * person) % 30 for row in range(60)], annotator=f"p{person}")
    out = run("campaign", "agreement", "--db", "many.db")[1]
    assert "Pairs of people, those that agree least (20 of 28; --json has all)" in out
    assert "Classes, the least agreed on (20 of 30; --json has all)" in out


@pytest.mark.parametrize("what", ["resolved", "labels"])
def test_sides_in_an_export(what: str, team: Path, run: Any, run_json: Any) -> None:
    code, facts = run_json("campaign", "export", what, *SPLIT, "-o", "all.csv")
    assert code == 0
    said = facts["split"]
    assert [(each["name"], each["share"]) for each in said["sides"]] == [
        ("train", 0.8),
        ("validation", 0.1),
        ("test", 0.1),
    ]
    assert (said["seed"], said["grouped_by"], said["parted_clusters"]) == (0, "tree", 0)
    rows = rows_of(team / "all.csv")
    distinct = {row["id"]: row["split"] for row in rows}
    assert {each["name"]: each["examples"] for each in said["sides"]} == {
        name: sum(side == name for side in distinct.values()) for name in ("train", "validation", "test")
    }
    with ladle.Campaign.open("birds.db") as campaign:
        split = campaign.split({"train": 0.8, "validation": 0.1, "test": 0.1})
        assert [row["split"] for row in rows] == split.at(np.array([int(row["row"]) for row in rows])).tolist()
    code, facts = run_json("campaign", "export", what, *SPLIT, "--only", "train", "-o", "train.csv")
    assert (code, facts["split"]["only"]) == (0, "train")
    assert rows_of(team / "train.csv") == [row for row in rows if row["split"] == "train"]
    out = run("campaign", "export", what, *SPLIT, "--only", "test", "-o", "test.jsonl")[1]
    assert "test only:" in out
    assert "of these examples in" in out


def test_sides_without_clusters_say_so(team: Path, run: Any) -> None:
    with ladle.Campaign.create("plain.db", name="plain", pool="pool.parquet", strategy="margin") as campaign:
        campaign.tell(["im000", "im001"], ["cat", "dog"])
    out = run("campaign", "export", "resolved", "--db", "plain.db", *SPLIT, "-o", "a.csv")[1]
    assert "may be on different sides: the campaign has no clusters, and each id decides alone" in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("resolved", "--only", "train"), "--only must come with --split"),
        (("resolved", "--near", "0.1"), "--near must come with --split"),
        (("resolved", *SPLIT, "--only", "tran"), "--only must be one of train, validation, test; got 'tran'. Did you"),
        (("resolved", "--split", "train"), "--split must be NAME=SHARE for each side"),
        (("resolved", "--split", "train=0.5,train=0.5"), "--split must be NAME=SHARE for each side, each once"),
        (("resolved", "--split", "train=a,test=b"), "--split must be NAME=SHARE"),
        (("resolved", "--split", "train=0.8,test=0.1"), "must make 1 together; got 0.9"),
        (("resolved", "--split", "train=1"), "must name two sides or more"),
        (("audit", *SPLIT), "--split must come with resolved or labels; got audit"),
        (("batch", "--since", "round:1"), "--since must come with resolved or labels; got batch"),
        (("resolved", "--since", "round:1"), "has no rounds yet"),
        (("labels", "--since", "yesterday"), "must be a time such as"),
        (("labels", "--since", "2026"), "have one meaning"),
        (("resolved", "--withdrawn", "gone.csv"), "--withdrawn must come with resolved and --since"),
        (
            ("labels", "--since", "event:1", "--withdrawn", "gone.csv"),
            "--withdrawn must come with resolved and --since",
        ),
        (("resolved", "--since", "event:1", "--withdrawn", "gone.manifest"), "--withdrawn must be .jsonl"),
        (("resolved", "--since", "event:1", "--withdrawn", "./out.csv"), "must be another file than --output"),
    ],
)
def test_exports_that_are_refused(options: Any, message: str, team: Path, run: Any) -> None:
    code, out, err = run("campaign", "export", *options, "-o", "out.csv")
    assert (code, out) == (2, "")
    assert message in err
    assert not (team / "out.csv").exists()


def test_an_export_says_how_to_go_on(team: Path, run: Any, run_json: Any) -> None:
    facts = run_json("campaign", "export", "resolved", "-o", "first.csv")[1]
    event = facts["event"]
    with ladle.Campaign.open("birds.db") as campaign:
        assert campaign.last_event() == event
        campaign.tell(["im100"] * 3, ["dog"] * 3, annotator=["ann", "bob", "cy"])
        campaign.exclude(["im003"], reason="a smudge")
    facts = run_json("campaign", "export", "resolved", "--since", f"event:{event}", "-o", "second.csv")[1]
    assert (facts["rows"], facts["withdrawn"], facts["event"]) == (1, 1, event + 2)
    assert [row["id"] for row in rows_of(team / "second.csv")] == ["im100"]
    out = run("campaign", "export", "resolved", "--since", f"event:{event}", "-o", "third.csv")[1]
    assert "examples that had labels before and have no resolved label now: 1" in " ".join(out.split())
    assert f"--since event:{event + 2}" in out
    facts = run_json("campaign", "export", "labels", "--since", f"event:{event}", "-o", "labels.csv")[1]
    assert facts["rows"] == 3
    line = (
        "campaign",
        "export",
        "resolved",
        "--since",
        f"event:{event}",
        "--withdrawn",
        "gone.csv",
        "-o",
        "fourth.csv",
    )
    facts = run_json(*line)[1]
    assert (facts["withdrawn"], facts["withdrawn_ids"], facts["withdrawn_file"]) == (1, ["im003"], "gone.csv")
    assert [(row["id"], row["state"]) for row in rows_of(team / "gone.csv")] == [("im003", "excluded")]
    assert run(*line)[0] == 0, "repeated, the files are those that are there"
    earlier = {row["id"]: row["label"] for row in rows_of(team / "first.csv")}
    earlier |= {row["id"]: row["label"] for row in rows_of(team / "fourth.csv")}
    now = {each: label for each, label in earlier.items() if each not in facts["withdrawn_ids"]}
    assert run("campaign", "export", "resolved", "-o", "now.csv")[0] == 0
    assert now == {row["id"]: row["label"] for row in rows_of(team / "now.csv")}


def test_compare(team: Path, run: Any, run_json: Any) -> None:
    with ladle.Campaign.create("owls.db", name="owls", pool="pool.parquet", strategy="margin", budget=50) as owls:
        for count in (20, 100):
            owls.tell([f"im{row:03}" for row in range(count)], ["cat"] * count, annotator="ann")
            owls.record_model(f"v{count}", metrics={"accuracy": count / 100})
    code, facts = run_json("campaign", "compare", "--db", "birds.db", "--db", "owls.db")
    assert (code, facts["command"]) == (0, "campaign compare")
    assert [row["campaign"] for row in facts["campaigns"]] == ["birds", "owls"]
    assert [row["budget"] for row in facts["campaigns"]] == [None, 50]
    labelled = facts["campaigns"][0]["labelled"]
    there = {(row["campaign"], row["labelled"]): row["value"] for row in facts["curves"]}
    assert there["owls", labelled] == pytest.approx(labelled / 100)
    code, out, err = run("campaign", "compare", "owls", "birds", "--db", "birds.db", "--db", "owls.db")
    assert (code, err) == (0, "")
    assert f"~{labelled / 100:g}" in out
    assert "accuracy by labelled examples (~ lies on the line between two models)" in out
    assert next(line for line in out.splitlines() if "budget" in line).split() == ["budget", "50", "-"]
    with ladle.Campaign.create("owls.db", name="emus", pool="pool.parquet", strategy="margin"):
        pass
    code, facts = run_json("campaign", "compare", "--db", "owls.db")
    assert [row["campaign"] for row in facts["campaigns"]] == ["emus", "owls"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "must be two or more; got birds. Name another database too"),
        (("birds",), 2, "must be two or more"),
        (("birds", "no"), 8, "the campaign 'no' must be one of birds"),
        (("birds", "birds"), 2, "name each campaign once"),
        (("--db", "birds.db", "--db", "./birds.db"), 2, "must be different ones"),
        (("--db", "no.db"), 4, "no.db"),
    ],
)
def test_comparisons_that_are_refused(options: Any, code: int, message: str, team: Path, run: Any) -> None:
    found, out, err = run("campaign", "compare", *options)
    assert (found, out) == (code, "")
    assert message in err

"""`ladle campaign status`: one screen, with commands that can be typed as they are."""

from __future__ import annotations

import csv
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ladle.campaign import Campaign
from ladle.campaign.status import Status
from ladle.cli.campaign.opening import as_typed, open_campaign
from ladle.cli.campaign.overview.status import HEIGHT, WIDTH, _shortened, screen
from ladle.errors import LadleError
from ladle.labelling import MemoryStore
from ladle.labelling.next_steps import STEPS, CampaignFacts, DueReview, NextStep, steps
from tests.campaign.made import begun
from tests.cli.campaigns import labelled, make_pool
from tests.cli.test_usage import commands


def test_json_has_the_figures_of_the_control(tmp_path: Path, monkeypatch: Any, run: Any, run_json: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "c.db")
    for options in (("--control", "50%"), ()):
        name = "with" if options else "without"
        create = ("campaign", "create", "pool.parquet", "--labels", "cat,dog,emu", "--strategy", "margin")
        assert run(*create, "--name", name, *options)[0] == 0
        assert (
            run("campaign", "ask", "--scores", "scores-1.parquet", "--size", 9, "-o", f"{name}.csv", "--name", name)[0]
            == 0
        )
        facts = {each: run_json("campaign", each, "--name", name)[1]["control"] for each in ("status", "progress")}
        assert facts["status"] == facts["progress"]
        assert (facts["status"] is not None) == bool(options)


def test_a_final_word_names_a_former_number(tmp_path: Path, monkeypatch: Any, run: Any, run_json: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "c.db")
    assert run("campaign", "create", "pool.parquet", "--labels", "7,8", "--strategy", "uniform", "--name", "c")[0] == 0
    assert run("campaign", "class", "rename", "7", "9")[0] == 0
    for word in ("7", "9"):
        assert run_json("campaign", "adjudicate", "--example", f"im00{word}", "--label", word)[1]["changed"] == 1
    assert run("campaign", "export", "resolved", "-o", "r.csv")[0] == 0
    with (tmp_path / "r.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["9", "9"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any) -> Path:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LADLE_DB", raising=False)
    create = ("--name", "the birds", "--db", "my birds.db", "--labels", "cat,dog,emu", "--strategy", "margin")
    assert run("campaign", "create", "pool.parquet", *create)[0] == 0
    return tmp_path


def test_the_commands_are_as_typed(folder: Path, run: Any, run_json: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ("--db", "my birds.db", "--name", "the birds")
    assert run("campaign", "ask", "--scores", "scores-1.parquet", "--size", 9, "-o", "b.csv", *place)[0] == 0
    labelled(folder / "b.csv", folder / "l.csv", first=5, but={})
    (folder / "odd.csv").write_text("id,label\nim001,cow\n")
    run("campaign", "tell", "l.csv", "--annotator", "ann", *place)
    run("campaign", "tell", "odd.csv", "--annotator", "ann", *place)
    code, out, err = run("campaign", "status", *place)
    assert (code, err) == (0, "")
    assert "5 of 9 asked for" in out
    assert "ladle campaign export quarantine -o odd.csv --db 'my birds.db' --name 'the birds'" in out
    facts = run_json("campaign", "status", *place)[1]
    assert (facts["waiting"], facts["quarantined"]) == (4, 1)
    step = next(each for each in facts["steps"] if each["name"] == "quarantine")
    words = shlex.split(step["command"].replace("odd.csv", "found.csv"))
    assert run(*words[1:])[0] == 0
    assert (folder / "found.csv").exists()
    monkeypatch.setenv("LADLE_DB", "my birds.db")
    assert "ladle campaign export quarantine -o odd.csv\n" in run("campaign", "status")[1]
    out = run("campaign", "progress", *place)[1].replace("\n", " ")
    assert "export quarantine -o odd.csv" in out
    assert "--name 'the" in out


def test_every_command_of_the_table_exists() -> None:
    known = {" ".join(path[1:]): command for path, command in commands() if path[0] == "campaign"}
    for facts in (full(3), replace(full(3), gold=5, needs=("votes", "probabilities"))):
        for rule in STEPS.values():
            words = shlex.split(rule.command(facts))
            name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
            options = {each for option in known[name].params for each in option.opts}
            assert {word for word in words if word.startswith("-")} <= options, words


@pytest.mark.parametrize("names", [("Ann O'Hara", "ann o'hara"), ("-ann", "ann"), ("A -- b", "a -- b")])
def test_two_names_of_one_person_are_merged_by_the_command_as_it_stands(
    names: tuple[str, str], folder: Path, run: Any, run_json: Any
) -> None:
    place = ("--db", "my birds.db", "--name", "the birds")
    for name, ids in zip(names, (["im001"], ["im002", "im003"]), strict=True):
        (folder / "l.csv").write_text("id,label\n" + "".join(f"{each},cat\n" for each in ids))
        assert run("campaign", "tell", "l.csv", f"--annotator={name}", *place)[0] == 0
    step = next(each for each in run_json("campaign", "status", *place)[1]["steps"] if each["name"] == "names")
    assert run(*shlex.split(step["command"])[1:])[0] == 0
    facts = run_json("campaign", "status", *place)[1]
    assert facts["near_equal"] == []
    with open_campaign("my birds.db", "the birds") as campaign:
        assert set(campaign.labels()["annotator"]) == {names[1]}


def test_people_due_for_a_review_are_named(folder: Path, run: Any, run_json: Any) -> None:
    place = ("--db", "my birds.db", "--name", "the birds")
    for who, words in (("ann", "cat,dog"), ("bob", "cat,dog"), ("cy", "dog,cat")):
        said = words.split(",")
        (folder / "l.csv").write_text("id,label\n" + "".join(f"im{row:03},{said[row % 2]}\n" for row in range(40)))
        assert run("campaign", "tell", "l.csv", "--annotator", who, *place)[0] == 0
    assert "Due for a review: cy (disagrees)." in run("campaign", "status", *place)[1]
    (found,) = run_json("campaign", "status", *place)[1]["reviews"]
    assert (found["annotator"], found["reasons"]) == ("cy", ["disagrees"])
    assert "on 40 shared examples" in found["texts"][0]


def full(count: int) -> CampaignFacts:
    many = tuple(f"a person of a long name {number}: 100,000 (batch {number})" for number in range(count))
    return CampaignFacts(
        batches=7,
        waiting=99_999,
        holders=many,
        overdue=many,
        disputes=12_345,
        quarantined=9_999,
        near_equal=(("Ann", "ann"),),
        reviews=tuple(DueReview(each, ("wrong on gold", "disagrees"), ("a", "b")) for each in many),
        untested=50,
        answers=5,
        newest_model="a model of a very long version " * 3,
        labelled=5,
        scored_batches=4,
        same_scores=True,
        left=0,
        stop=many,
        to_choose=4,
    )


@pytest.mark.parametrize("db", [None, "b.db", "postgresql://someone@a.long.host.example.com:5432/a_database_of_labels"])
@pytest.mark.parametrize("count", [0, 1, 9])
def test_it_fits_a_screen(db: str | None, count: int, tmp_path: Path) -> None:
    facts = full(count)
    campaign = begun(MemoryStore(), tmp_path, name="a name " + "x" * 150)
    lines = screen(Status(campaign.progress(), facts, tuple(steps(facts))), db, None)
    assert sum(-(-len(line) // WIDTH) or 1 for line in lines) < HEIGHT
    assert max(len(line) for line in lines if "ladle campaign" not in line) <= WIDTH
    assert ("more" in lines[-1]) == (lines[-1].strip().startswith("and"))
    assert "more" in lines[-1] or count == 0


def test_nothing_to_do(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path)
    figures, facts = campaign.progress(), CampaignFacts(batches=1, waiting=0)
    assert screen(Status(figures, facts, ()), None, None)[-1] == "Nothing to do."
    only = screen(Status(figures, facts, (NextStep("x", "Do it.", "list"),)), "x.db", None)
    assert only[-2:] == ["  1  Do it.", "       ladle campaign list --db x.db"]


def test_labels_that_nobody_asked_for_stand_apart(folder: Path, run: Any) -> None:
    place = ("--db", "my birds.db", "--name", "the birds")
    assert run("campaign", "ask", "--scores", "scores-1.parquet", "--size", 9, "-o", "b.csv", *place)[0] == 0
    labelled(folder / "b.csv", folder / "l.csv", first=5, but={})
    assert run("campaign", "tell", "l.csv", "--annotator", "ann", *place)[0] == 0
    assert "not asked for" not in run("campaign", "status", *place)[1] + run("campaign", "progress", *place)[1]
    asked = (folder / "b.csv").read_text()
    others = [each for each in (f"im{row:03}" for row in range(100)) if each not in asked][:3]
    (folder / "o.csv").write_text("id,label\n" + "".join(f"{each},cat\n" for each in others))
    assert run("campaign", "import", "o.csv", "--source", "old", *place)[0] == 0
    out = run("campaign", "status", *place)[1]
    assert "labelled: 5 of 9 asked for" in out
    assert "not asked for: 3 labelled" in out
    facts = json.loads(run("campaign", "status", "--json", *place)[1])
    figures = json.loads(run("campaign", "progress", "--json", *place)[1])
    assert (facts["labelled"], facts["labelled_unasked"]) == (5, 3)
    assert (figures["labelled"], figures["labelled_unasked"]) == (5, 3)
    out = " ".join(run("campaign", "progress", *place)[1].split())
    assert "labelled 5 of 9 asked for" in out
    assert "not asked for 3 labelled; 8 are labelled in all" in out


def test_a_long_message_ends_with_a_sentence() -> None:
    first = "Many people have tasks: " + ", ".join(f"person {number}" for number in range(12)) + "."
    second = "Ask them, or take the tasks back, and say why, so that others know of it tomorrow."
    lines = _shortened(f"{first} {second}")
    assert " ".join(lines) == first
    assert " ".join(_shortened(second)) == second
    assert _shortened("word " * 90)[-1].endswith(" ...")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cret@host/labels", "postgresql://me:***@host/labels"),
        ("postgresql://me:s3/cr:et@host:5432/labels?x=1", "postgresql://me:***@host:5432/labels?x=1"),
        ("postgresql://host/labels?user=me&password=s3cret&x=1", "postgresql://host/labels?user=me&password=***&x=1"),
        ("postgresql://me@host/labels", "postgresql://me@host/labels"),
        ("sqlite:///a:b@c.db", "sqlite:///a:b@c.db"),
        ("a:b@c.db", "a:b@c.db"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert as_typed("status", url, None) == f"ladle campaign status --db {shlex.quote(shown)}"
    with pytest.raises(LadleError) as raised:
        Campaign.open(url.replace("postgresql", "mysql").replace("@host", "@host:port"), name="x")
    assert "s3" not in str(raised.value)


def test_gold_that_is_out_is_no_task_that_waits() -> None:
    facts = CampaignFacts(batches=1, waiting=0, holders=("yan: 1 (gold)",), to_choose=5)
    told = {step.name: step.message for step in steps(facts)}
    assert told["tell"].startswith("Only gold is out, whose labels are known (yan: 1 (gold)).")
    assert told["ask"].startswith("Nothing but gold is outstanding.")

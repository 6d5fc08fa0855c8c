"""`ladle campaign outstanding`, `disputes`, `adjudicate`, `assign`, and `take` beside them."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import ladle
from ladle.cli.campaign.tables import table
from ladle.cli.program.printing import least_width
from tests.cli.campaigns import make_pool


@pytest.fixture
def begun(run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a campaign, its database in LADLE_DB; two files disagree on im100, im101 and im102."""
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    created = ("campaign", "create", "pool.parquet", "--name", "birds", "--labels", "cat,dog,emu")
    assert run_json(*created, "--strategy", "margin")[0] == 0
    for name, label in (("one", "cat"), ("two", "dog")):
        (tmp_path / f"{name}.csv").write_text("id,label\n" + "".join(f"im{row},{label}\n" for row in (102, 100, 101)))
        assert run_json("campaign", "tell", f"{name}.csv", "--annotator", name)[0] == 0
    return tmp_path


def opened() -> ladle.Campaign:
    return ladle.Campaign.open("sqlite:///birds.db", name="birds")


def ids_in(path: str) -> list[str]:
    with Path(path).open(newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def filled(path: str, words: dict[str, str]) -> str:
    """A copy of a batch file with these labels."""
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    with Path(f"filled-{path}").open("w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(row | {"label": words.get(row["id"], "")} for row in rows)
    return f"filled-{path}"


def test_a_vendors_batch_is_left_to_the_vendor(begun: Path, run: Any, run_json: Any) -> None:
    asked = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 5, "--holder", "vendorA", "-o", "vendor.csv")
    assert run_json(*asked)[0] == 0
    code, facts = run_json("campaign", "take", "--annotator", "ann", "--size", 5, "-o", "ann.csv")
    assert (code, facts["tasks"]) == (0, 3), "the disputes, which are nobody's"
    assert not set(ids_in("ann.csv")) & set(ids_in("vendor.csv"))
    code, out, _ = run("campaign", "take", "--annotator", "bob", "--size", 5, "-o", "bob.csv")
    assert code == 0
    assert "none is left for bob; 8 tasks wait for others: see ladle campaign outstanding" in " ".join(out.split())
    code, facts = run_json("campaign", "take", "--annotator", "bob", "--size", 5, "--share", "-o", "both.csv")
    assert (code, facts["tasks"], facts["share"]) == (0, 5, True)
    assert set(ids_in("both.csv")) == set(ids_in("vendor.csv"))


def test_outstanding_names_who_has_what(begun: Path, run: Any, run_json: Any) -> None:
    asked = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 5, "--holder", "vendorA", "-o", "vendor.csv")
    assert run_json(*asked)[0] == 0
    run_json("campaign", "take", "--annotator", "ann", "--size", 2, "-o", "ann.csv")
    run_json("campaign", "assign", "--to", "eve", "--example", "im150")
    code, facts = run_json("campaign", "outstanding")
    assert (code, facts["outstanding"], facts["disputed"], facts["with_nobody"]) == (0, 9, 3, 1)
    assert facts["unasked"] == 4
    told = [(row["who"], row["how"], row["tasks"], row["ended"]) for row in facts["holdings"]]
    assert told == [("vendorA", "batch 1", 5, False), ("ann", "taken", 2, False), ("eve", "assigned", 1, False)]
    assert all(row["since"].endswith("+00:00") for row in facts["holdings"])
    code, out, _ = run("campaign", "outstanding")
    assert code == 0
    assert "4 of them: assigned or disputed ones" in out
    line = next(line for line in out.splitlines() if "vendorA" in line)
    assert line.split()[:4] == ["vendorA", "5", "batch", "1"]
    code, facts = run_json("campaign", "export", "outstanding", "-o", "out.csv")
    assert (code, facts["rows"]) == (0, 9)
    with (begun / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["ladle_holder"] for row in rows] == ["vendorA"] * 5 + [""] * 4
    assert [row["ladle_taken_by"] for row in rows] == [""] * 6 + ["ann", "ann", ""]
    assert rows[5]["ladle_assigned_to"] == "eve"
    assert rows[8]["ladle_taken_since"] == ""


def test_what_is_overdue_is_on_every_screen(begun: Path, run: Any, run_json: Any) -> None:
    asked = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 3, "-o", "batch.csv")
    assert run_json(*asked)[0] == 0
    with opened() as campaign:
        campaign.take("ann", 3, lease_seconds=0.001)
    time.sleep(0.01)
    code, facts = run_json("campaign", "outstanding")
    assert (code, facts["outstanding"], facts["with_nobody"]) == (0, 6, 3)
    assert [(row["who"], row["how"], row["tasks"], row["ended"]) for row in facts["holdings"]] == [
        ("ann", "taken", 3, True)
    ]
    line = next(line for line in run("campaign", "outstanding")[1].splitlines() if "ann" in line)
    assert line.split()[:3] == ["ann", "3", "taken"]
    assert "ended" in line
    assert "Overdue: ann: 3 (taken)." in run("campaign", "status")[1]
    run_json("campaign", "release", "--annotator", "ann")
    assert "Overdue" not in run("campaign", "status")[1]
    assert "ann" not in run("campaign", "outstanding")[1]


def test_disputes_are_shown_taken_and_exported(begun: Path, run: Any, run_json: Any) -> None:
    code, facts = run_json("campaign", "disputes")
    assert (code, facts["disputes"], facts["disagree"], facts["unasked"]) == (0, 3, 3, 3)
    assert facts["examples"][0]["id"] == "im100"
    assert facts["examples"][0]["labels"] == {"one": "cat", "two": "dog"}
    code, out, _ = run("campaign", "disputes", "--limit", 2)
    assert code == 0
    assert "one: cat, two: dog" in out
    assert "the oldest 2" in out
    assert "im102" not in out
    code, facts = run_json("campaign", "take", "--annotator", "ann", "--size", 2, "--disputed", "-o", "some.csv")
    assert (code, facts["tasks"], facts["disputed"]) == (0, 2, True)
    assert ids_in("some.csv") == ["im100", "im101"]
    for name in ("d.csv", "d.jsonl", "d.parquet"):
        code, facts = run_json("campaign", "export", "disputes", "-o", name)
        assert (code, facts["rows"]) == (0, 3)
    with (begun / "d.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["label"], row["ladle_batch"], row["ladle_order"]) for row in rows] == [
        ("im100", "", "0", "0"), ("im101", "", "0", "1"), ("im102", "", "0", "2")
    ]  # fmt: skip
    assert rows[0]["ladle_check"].startswith("0-")
    assert rows[0]["ladle_labels"] == '{"one": "cat", "two": "dog"}'
    assert run_json("campaign", "tell", filled("d.csv", {"im100": "dog"}), "--annotator", "ann")[1]["labelled"] == 1


def test_a_lead_decides_one_and_many(begun: Path, run: Any, run_json: Any) -> None:
    line = ("campaign", "adjudicate", "--example", "im100", "--label", "cat", "--reason", "the tail", "--by", "lea")
    code, facts = run_json(*line)
    assert (code, facts["changed"], facts["adjudicated"], facts["disputes"]) == (0, 1, 1, 2)
    assert run_json(*line)[1]["done_before"]
    run_json("campaign", "export", "disputes", "-o", "d.csv")
    code, facts = run_json("campaign", "adjudicate", filled("d.csv", {"im101": "emu"}))
    assert (code, facts["changed"], facts["disputes"]) == (0, 1, 1), "the empty cell is no word"
    with opened() as campaign:
        assert {row.id: (row.label, row.how) for row in campaign.resolved()} == {
            "im100": ("cat", "adjudicated"),
            "im101": ("emu", "adjudicated"),
        }
        assert [row.by for row in campaign.adjudications()] == ["lea", "tester"]
    for suffix in (".csv", ".parquet", ".jsonl"):
        assert run_json("campaign", "export", "adjudications", "-o", f"words{suffix}")[1]["rows"] == 2
        assert run_json("campaign", "export", "labels", "-o", f"labels{suffix}")[0] == 0
    with (begun / "labels.csv").open(newline="") as file:
        assert {row["id"]: row["adjudicated"] for row in csv.DictReader(file)} == {
            "im100": "cat", "im101": "emu", "im102": ""
        }  # fmt: skip
    assert "decided by lea: 'cat' (the tail)" in run("campaign", "story", "im100")[1]
    code, facts = run_json("campaign", "adjudicate", "--undo", "--example", "im100")
    assert (code, facts["changed"], facts["disputes"]) == (0, 1, 2)
    assert run_json("campaign", "adjudicate", "--undo", "words.csv")[1]["changed"] == 1
    assert "adjudicate" in run("campaign", "audit")[1]


def test_words_that_are_none_are_refused(begun: Path, run: Any) -> None:
    (begun / "empty.csv").write_text("id,label\nim100,\n")
    (begun / "odd.csv").write_text("id,label\nim100,cow\n")
    (begun / "strange.csv").write_text("id,label\nnobody,cat\n")
    for line, code, text in [
        (("--example", "im100"), 2, "--label"),
        (("--label", "cat"), 2, "--example"),
        (("--example", "im100", "--label", "cow"), 2, "cow"),
        (("--example", "im100", "--label", "cat", "--label", "dog"), 2, "one label"),
        (("one.csv", "--example", "im100"), 2, "both"),
        (("empty.csv",), 4, "must have labels"),
        (("odd.csv",), 2, "cow"),
        (("strange.csv",), 3, "nobody"),
        (("--undo", "--example", "im100", "--label", "cat"), 2, "left out with --undo"),
        (("--undo",), 2, "--example"),
    ]:
        found, _, err = run("campaign", "adjudicate", *line)
        assert (found, text in err) == (code, True), (line, err)


def test_numbers_are_decided_as_numbers(begun: Path, run_json: Any) -> None:
    for name, kind, word, wanted in [
        ("value", ("--kind", "value"), ("--label", "0.5"), 0.5),
        ("digit", ("--labels", "0,1"), ("--label", "1"), 1),
        ("multi", ("--labels", "a,b", "--kind", "multi"), ("--label", "b", "--label", "a"), ["a", "b"]),
    ]:
        made = ("campaign", "create", "pool.parquet", "--name", name, "--strategy", "uniform")
        assert run_json(*made, *kind, "--db", f"{name}.db")[0] == 0
        line = ("campaign", "adjudicate", "--example", "im100", *word, "--db", f"{name}.db")
        assert run_json(*line)[1]["changed"] == 1
        with ladle.Campaign.open(f"sqlite:///{name}.db", name=name) as campaign:
            assert campaign.resolved()["label"] == [wanted]


def test_assignments_by_every_option(begun: Path, run: Any, run_json: Any) -> None:
    assert run_json("campaign", "ask", "--scores", "scores-1.parquet", "--size", 4, "-o", "b.csv")[0] == 0
    (begun / "hard.txt").write_text("im150\nim151\n")
    line = ("campaign", "assign", "--to", "eve")
    for options, changed in [
        (("--ids", "hard.txt"), 2),
        (("--example", "im160", "--example", "im161"), 2),
        (("--batch", 1), 4),
        (("--disputed",), 3),
    ]:
        code, facts = run_json(*line, *options)
        assert (code, facts["changed"], facts["waiting"], facts["to"]) == (0, changed, changed, "eve")
        assert run_json(*line, *options)[1]["done_before"]
    assert run_json("campaign", "take", "--annotator", "ann", "--size", 50, "-o", "ann.csv")[1]["tasks"] == 0
    code, facts = run_json("campaign", "assign", "--end", "--batch", 1, "--to", "eve")
    assert (code, facts["changed"], facts["end"]) == (0, 4, True)
    assert run_json("campaign", "take", "--annotator", "ann", "--size", 50, "-o", "a2.csv")[1]["tasks"] == 4
    assert run_json("campaign", "take", "--annotator", "eve", "--size", 50, "-o", "eve.csv")[1]["tasks"] == 7
    for options, code, text in [
        (("--to", "eve"), 2, "one of --ids"),
        (("--to", "eve", "--disputed", "--batch", "1"), 2, "--batch and --disputed"),
        (("--disputed",), 2, "--to"),
        (("--to", "eve", "--batch", "9"), 8, "9"),
        (("--to", "eve", "--example", "nobody"), 3, "nobody"),
    ]:
        found, _, err = run("campaign", "assign", *options)
        assert (found, text in err) == (code, True), (options, err)


def test_an_assignment_says_what_it_takes_and_what_it_leaves_out(begun: Path, run: Any, run_json: Any) -> None:
    assert run_json("campaign", "take", "--annotator", "ann", "--size", 2, "-o", "ann.csv")[1]["tasks"] == 2
    line = ("campaign", "assign", "--disputed", "--to")
    code, out, _ = run(*line, "one")
    assert (code, "3: one has answered them" in " ".join(out.split())) == (0, True)
    code, facts = run_json(*line, "one")
    assert (code, facts["changed"], facts["left_out"], facts["done_before"]) == (0, 0, 3, False)
    code, facts = run_json(*line, "eve")
    assert (code, facts["changed"], facts["left_out"], facts["taken_from"]) == (0, 3, 0, {"ann": 2})
    run_json("campaign", "assign", "--end", "--disputed")
    run_json("campaign", "take", "--annotator", "ann", "--size", 2, "-o", "again.csv")
    assert "taken from ann: 2 tasks" in " ".join(run(*line, "dora")[1].split())


def test_nothing_left_to_take_writes_no_file(run: Any, run_json: Any, tmp_path: Path, monkeypatch: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    run("campaign", "create", "pool.parquet", "--name", "birds", "--labels", "cat,dog,emu", "--strategy", "margin")
    take = ("campaign", "take", "--annotator", "ann", "--size", 5, "-o", "ann.csv")

    def said(*more: str) -> str:
        code, facts = run_json(*take, *more)
        assert (code, facts["tasks"], facts["file"], Path("ann.csv").exists()) == (0, 0, None, False)
        out = run(*take, *more)[1]
        assert "none was written" in out
        assert " ".join(out.split()).count(facts["nothing_left"]) == 1
        return facts["nothing_left"]

    assert said() == "nothing was asked for yet"
    assert said("--disputed") == "none is disputed"
    run("campaign", "ask", "--scores", "scores-1.parquet", "--size", 1, "-o", "batch.csv", "--holder", "bob")
    assert said() == "none is left for ann; 1 task waits for others: see ladle campaign outstanding"
    (example,) = ids_in("batch.csv")
    Path("bob.csv").write_text(f"id,label\n{example},cat\n")
    run("campaign", "tell", "bob.csv", "--annotator", "bob")
    assert said() == "none is waiting: all that was asked for is labelled"


def test_ids_are_never_cut(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    ids = [f"{'a long folder/' * 7}image {row:03}.jpg" for row in range(3)]
    monkeypatch.chdir(tmp_path)
    campaign = ladle.Campaign.create(
        "sqlite:///x.db", pool=ladle.open_pool(np.eye(3), ids=ids), name="x", strategy="uniform", labels=["cat", "dog"]
    )
    campaign.tell(ids * 2, ["cat"] * 3 + ["dog"] * 3, annotator=["somebody of a long name"] * 3 + ["another one"] * 3)
    campaign.close()
    out = run("campaign", "disputes", "--db", "x.db")[1]
    lines = [line for line in out.splitlines() if "image" in line]
    assert [next(each for each in ids if each in line) for line in lines] == ids
    assert all("somebody of a long name: cat, another one: dog" in line for line in lines), "a pipe has whole lines"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_terminal_wraps_other_columns_than_the_first(width: int) -> None:
    rows = [["an-id-of-40-characters-" + "x" * 17, "words " * 30, "12,345,678"]]
    made = table(["id", "what", "count"], rows, right={2})
    console = Console(width=max(width, least_width(made)))
    with console.capture() as capture:
        console.print(made)
    out = capture.get()
    assert rows[0][0] in out
    assert rows[0][2] in out
    assert out.split().count("words") == 30


def test_ending_the_assignments_of_nobody_names_nobody_first(begun: Path, run: Any) -> None:
    for examples in ((), ("--disputed",), ("--example", "no-such-example")):
        code, _, err = run("campaign", "assign", "--end", "--to", "nobody", *examples)
        assert (code, "the person 'nobody'" in err) == (8, True)

"""`ladle campaign pool`, `extend --replace`, `--pool` on every command, and errors in the words of commands."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ladle.campaign import Campaign
from ladle.cli.app import program
from ladle.command_words import ARGUMENTS, in_commands
from ladle.errors import ArgumentError, LadleError
from tests.house.rooms import SOURCE

N = 30
VECTORS = np.random.default_rng(3).normal(size=(N, 4)).astype(np.float32)
COMMANDS = program().commands["campaign"].commands
NO_POOL = {"create", "list", "extend", "restore", "migrate", "compare"}  # they name a pool, or are of no one campaign
NO_POOL |= {name for name, command in COMMANDS.items() if hasattr(command, "commands")}  # of people and quarantine


def written(path: Path, numbers: list[int], vectors: np.ndarray) -> Path:
    pq.write_table(pa.table({"id": [f"im-{number}" for number in numbers], "emb": list(vectors)}), path)
    return path


@pytest.fixture
def birds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    written(tmp_path / "pool.parquet", list(range(N)), VECTORS)
    assert run("campaign", "create", "pool.parquet", "--name", "birds", "--strategy", "coreset")[0] == 0
    return tmp_path


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - NO_POOL))
def test_every_command_takes_the_pool_from_an_option_and_the_environment(name: str) -> None:
    (option,) = [each for each in COMMANDS[name].params if "--pool" in each.opts]
    assert option.envvar == "LADLE_POOL"


def test_a_pool_that_moves(birds: Path, run, run_json) -> None:
    assert re.search(r"can be read +yes", run("campaign", "pool")[1])
    (birds / "pool.parquet").rename(birds / "new.parquet")
    code, out, _ = run("campaign", "pool")
    assert (code, "no such file" in out.lower() or "nothing there" in out.lower()) == (0, True)
    code, _, err = run("campaign", "ask", "--size", "3", "-o", "b.csv")
    assert code == 4
    assert "--pool POOL" in err
    assert "ladle campaign pool move" in err
    assert run("campaign", "ask", "--size", "3", "-o", "b.csv", "--pool", "new.parquet")[0] == 0
    code, facts = run_json("campaign", "pool", "move", "new.parquet")
    assert (code, facts["done_before"], facts["problem"], len(facts["pools"])) == (0, False, "", 1)
    (only,) = facts["pools"]
    assert (only["change"], only["by"] == only["moved_by"], only["moved_at"] > only["at"]) == ("create", True, True)
    changes = run("campaign", "pool")[1]
    assert " create by " in changes
    assert re.search(r"move by .*new\.parquet", " ".join(changes.split()))
    assert run_json("campaign", "pool", "move", "new.parquet")[1]["done_before"] is True
    (birds / "new.parquet").rename(birds / "newer.parquet")
    assert run("campaign", "pool", "move", "newer.parquet")[0] == 0
    (birds / "newer.parquet").rename(birds / "new.parquet")
    (only,) = run_json("campaign", "pool", "move", "new.parquet")[1]["pools"]
    places = [Path(each["source"]).name for each in only["moves"]]
    assert (places, only["moves"][-1]["at"]) == (["new.parquet", "newer.parquet", "new.parquet"], only["moved_at"])
    shown = " ".join(run("campaign", "pool")[1].split())
    assert re.search(r"move by .*new\.parquet .*move by .*newer\.parquet .*move by .*new\.parquet", shown)
    assert run("campaign", "ask", "--size", "3", "-o", "c.csv", "--key", "2")[0] == 0
    assert "move" in run("campaign", "audit")[1]
    assert run("campaign", "pool", "move")[0] == 2
    written(birds / "other.parquet", list(range(N))[::-1], VECTORS)
    code, _, err = run("campaign", "pool", "move", "other.parquet")
    assert (code, "ladle campaign extend --replace" in err, "pool=" in err) == (5, True, False)
    code, _, err = run("campaign", "verify", "--pool", "other.parquet")
    assert (code, "ladle campaign extend --replace" in err) == (4, True)
    assert not any(word in err for word in ("Campaign.", "pool=", "backup"))


def test_a_pool_that_is_replaced(birds: Path, run, run_json, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("campaign", "ask", "--size", "4", "-o", "b.csv")[0] == 0
    with (birds / "b.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        line["label"] = "cat"
    with (birds / "late.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    gone = int(lines[0]["id"].removeprefix("im-"))
    kept = [number for number in range(N) if number != gone][::-1]
    written(birds / "new.parquet", kept, VECTORS[kept])
    code, _, err = run("campaign", "extend", "new.parquet")
    assert (code, "--replace" in err, "`" in err) == (5, True, False)
    code, facts = run_json("campaign", "extend", "new.parquet", "--replace")
    assert (code, facts["replaced"], facts["removed"], facts["added"], facts["done_before"]) == (0, True, 1, 0, False)
    assert facts["gone"] == 1
    assert run_json("campaign", "extend", "new.parquet", "--replace")[1]["done_before"] is True
    code, facts = run_json("campaign", "tell", "late.csv")  # its rows are those of the pool before
    assert (code, facts["accepted"], facts["quarantined"]) == (0, 4, 0)
    assert run("campaign", "export", "resolved", "-o", "r.csv")[0] == 0
    with (birds / "r.csv").open(newline="") as file:
        told = sorted(line["id"] for line in csv.DictReader(file))
    assert told == sorted(line["id"] for line in lines[1:])
    code, facts = run_json("campaign", "export", "labels", "-o", "l.csv", "--split", "a=50%,b=50%")
    assert (code, facts["split"]["removed"], sum(each["examples"] for each in facts["split"]["sides"])) == (0, 1, 3)
    out = " ".join(run("campaign", "export", "labels", "-o", "m.csv", "--split", "a=50%,b=50%")[1].split())
    assert "no side 1 example that was removed from the pool" in out
    assert run("campaign", "verify")[0] == 0
    (birds / "new.parquet").rename(birds / "elsewhere.parquet")
    monkeypatch.setenv("LADLE_POOL", "elsewhere.parquet")
    assert run("campaign", "progress")[0] == 0
    assert run("campaign", "verify")[0] == 0


def test_a_replaced_pool_says_what_is_gone(birds: Path, run, run_json) -> None:
    assert run("campaign", "exclude", "--example", "im-3", "--reason", "blurry")[0] == 0
    kept = list(range(4, N))
    written(birds / "new.parquet", kept, VECTORS[kept])
    out = " ".join(run("campaign", "extend", "new.parquet", "--replace")[1].split())
    assert "removed 4 examples, 1 of them with records, which is kept and excluded" in out
    assert run_json("campaign", "audit", "--last", "1")[1]["events"][0]["details"]["gone"] == 4
    code, _, err = run("campaign", "exclude", "--example", "im-0", "--reason", "dark")
    assert (code, "have records from when they were in it" in err, "not known any more" in err) == (3, True, True)
    assert run("campaign", "exclude", "--example", "im-3", "--reason", "dark")[0] == 0
    written(birds / "less.parquet", kept[2:], VECTORS[kept[2:]])
    out = " ".join(run("campaign", "extend", "less.parquet", "--replace")[1].split())
    assert "removed 2 examples, none of them with records: the campaign knows them no more" in out
    written(birds / "all.parquet", list(range(N)), VECTORS)
    out = " ".join(run("campaign", "extend", "all.parquet", "--replace")[1].split())
    assert "removed 0 examples came back 1 example with records" in out


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (("ask", "--size", "900", "-o", "b.csv"), "--size must"),
        (("ask", "--size", "0", "-o", "b.csv"), "--size must"),
        (("take", "--annotator", "", "--size", "3", "-o", "b.csv"), "--annotator must"),
        (("exclude", "ids.txt", "--reason", ""), "--reason must"),
        (("round", "--size", "3", "-o", "b.csv", "--gold", "5"), "--gold must"),
        (("create", "pool.parquet", "--name", "x", "--annotators", "0"), "--annotators must"),
        (("create", "pool.parquet", "--name", "../x"), "--name must"),
        (("create", "pool.parquet", "--name", "x", "--budget", "-1"), "--budget must"),
        (("create", "pool.parquet", "--name", "x", "--lease-days", "-1"), "--lease-days must"),
        (("create", "pool.parquet", "--name", "x", "--agreement", "loudest"), "--agreement must"),
        (("progress", "--db", "mysql://x"), "--db must"),
    ],
)
def test_messages_name_options(birds: Path, run, line: tuple[str, ...], wanted: str) -> None:
    (birds / "ids.txt").write_text("im-1\n")
    code, _, err = run("campaign", *line)
    assert code == 2
    assert wanted in err
    assert "`" not in err


PARTS = ("subject", "wanted", "got", "remedy")  # of an error


def texts_of_errors() -> list[tuple[str, str, str]]:
    """Every text of an error of the rooms of campaigns: where it is, which part of the error it is, and the text."""
    found = []
    for room in ("campaign", "labelling", "store", "formats"):
        for path in sorted((SOURCE / room).rglob("*.py")):
            tree = ast.parse(path.read_text())
            place = str(path.relative_to(SOURCE))
            named = {
                target.id: node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                    parts = [("subject", each) for each in node.args[:1]]
                    parts += [(each.arg, each.value) for each in node.keywords if each.arg in PARTS]
                    for part, value in parts:
                        known = named.get(value.id, value) if isinstance(value, ast.Name) else value
                        found.append((f"{place}:{node.lineno}", part, text_of(known)))
    return [each for each in found if each[2]]


def text_of(node: ast.AST) -> str:
    """The text of an expression, with X for what is not known before it runs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(each) if isinstance(each, ast.Constant) else "X" for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    inner = (ast.JoinedStr, ast.BinOp, ast.IfExp, ast.Constant)
    return " ".join(text_of(each) for each in ast.iter_child_nodes(node) if isinstance(each, inner))


OPTIONS = {each for command in COMMANDS.values() for param in command.params for each in param.opts}
IN_PYTHON = re.compile(r"\b[a-z_]+=(?![=>0-9])|Campaign\.|\bladle\.[A-Z]|\(\.\.\.")


def test_no_message_of_a_campaign_speaks_of_python_on_the_command_line() -> None:
    texts = texts_of_errors()
    assert len(texts) > 300
    wrong = []
    for where, part, text in texts:
        given = {"subject": "it", "wanted": "be", "got": "none", "remedy": ""} | {part: text}
        spoken = in_commands(LadleError(given.pop("subject"), **given), OPTIONS)
        if IN_PYTHON.search(str(spoken)) and "reset_index" not in text:  # frames of pandas come from Python alone
            wrong.append(f"{where} {part}: {spoken}")
    assert wrong == []


def test_every_argument_of_a_campaign_has_a_word_of_the_command_line() -> None:
    methods = [each for name, each in inspect.getmembers(Campaign, callable) if not name.startswith("_")]
    names = {name for each in methods for name in inspect.signature(each).parameters} - {"self", "cls", "campaign"}
    python_only = {"progress", "clock", "database", "file", "labels", "example_id", "imported", "scores_reading"}
    python_only |= {"renew_below_seconds"}  # of pages that are loaded again and again
    of_pages = {"after", "assigned_to", "batch", "cluster", "comment", "count", "first", "limit", "members", "most"}
    of_pages |= {"open_only", "state"}
    assert names - set(ARGUMENTS) - python_only - of_pages == set()


def test_columns_of_files_keep_their_names() -> None:
    error = ArgumentError("the table", wanted="have a column `probabilities`", got="`label` and `source`")
    assert in_commands(error, OPTIONS) is error
    known = in_commands(ArgumentError("`size`", wanted="come with `model`", got="`probabilities`"), {"--size"})
    assert str(known) == "--size must come with `model`; got the scores."
    assert type(known) is ArgumentError


def test_scores_by_position_of_a_pool_with_rows_left_out(tmp_path: Path, monkeypatch, run, run_json) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    vectors = VECTORS.copy()
    vectors[[2, 5]] = np.nan
    np.save("pool.npy", vectors)
    line = ("campaign", "create", "pool.npy", "--name", "birds", "--strategy", "margin", "--skip-invalid")
    assert run(*line)[0] == 0
    margins = np.where(np.arange(N) == 7, 0.0, 1.0).astype(np.float32)
    np.save("margins.npy", margins)
    code, facts = run_json("campaign", "round", "--scores", "margins.npy", "--margins", "--size", "1", "-o", "b.csv")
    assert code == 0, facts
    with Path("b.csv").open(newline="") as file:
        assert [line["id"] for line in csv.DictReader(file)] == ["7"]
    np.save("short.npy", margins[:-1])
    code, facts = run_json("campaign", "round", "--scores", "short.npy", "--margins", "--size", "1", "-o", "c.csv")
    assert (code, "also for those that were left out" in facts["error"]["message"]) == (3, True)


def test_label_files_of_a_round_may_name_their_columns(birds: Path, run_json) -> None:
    (birds / "told.csv").write_text("image,class\nim-3,cat\nim-4,dog\n")
    line = ("campaign", "round", "--labels", "told.csv", "--id", "image", "--label", "class", "--size", "2")
    code, facts = run_json(*line, "-o", "b.csv")
    assert code == 0, facts
    assert facts["steps"][0]["accepted"] == 2


def test_part_10_beside_part_9(tmp_path: Path, monkeypatch, run, run_json) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    (tmp_path / "pool").mkdir()
    for part in range(8, 10):
        written(tmp_path / "pool" / f"part-{part}.parquet", [part * 2, part * 2 + 1], VECTORS[part * 2 : part * 2 + 2])
    assert run("campaign", "create", "pool", "--name", "birds", "--strategy", "coreset")[0] == 0
    assert run("campaign", "ask", "--size", "2", "-o", "b.csv")[0] == 0
    written(tmp_path / "pool" / "part-10.parquet", [20, 21], VECTORS[20:22])
    code, _, err = run("campaign", "ask", "--size", "1", "-o", "c.csv", "--key", "2")
    assert (code, "ladle campaign extend" in err) == (5, True)
    code, facts = run_json("campaign", "extend", "pool")
    assert (code, facts["added"]) == (0, 2)
    assert run("campaign", "ask", "--size", "1", "-o", "c.csv", "--key", "2")[0] == 0
    assert run("campaign", "verify")[0] == 0


def test_a_split_of_a_replaced_pool(birds: Path, run, run_json) -> None:
    (birds / "told.csv").write_text("id,label\n" + "".join(f"im-{number},cat\n" for number in range(12)))
    assert run("campaign", "tell", "told.csv")[0] == 0
    shares = "train=0.5,test=0.5"
    assert run("campaign", "export", "labels", "-o", "one.csv", "--split", shares)[0] == 0
    kept = list(range(1, N))[::-1]
    written(birds / "new.parquet", kept, VECTORS[kept])
    assert run("campaign", "extend", "new.parquet", "--replace")[0] == 0
    assert run("campaign", "export", "labels", "-o", "two.csv", "--split", shares)[0] == 0

    def sides(name: str) -> dict[str, str]:
        with (birds / name).open(newline="") as file:
            return {line["id"]: line["split"] for line in csv.DictReader(file)}

    assert sides("two.csv") == sides("one.csv") | {"im-0": ""}


def test_messages_say_what_to_type(birds: Path, run, run_json) -> None:
    (birds / "gold.csv").write_text("id,label\nim-1,cat\n")
    assert run("campaign", "tell", "gold.csv", "--annotator", "vendorA")[0] == 0
    err = " ".join(run("campaign", "person", "merge", "vendorA", "Vendor B")[2].split())
    assert "To give 'vendorA' a new name, rename it: ladle campaign person rename." in err
    chosen = [
        {"from_name": name, "to_name": "x", "type": "choices", "value": {"choices": [label]}}
        for name, label in (("kind", "cat"), ("quality", "sharp"))
    ]
    task = {"id": 1, "data": {"id": "im-2"}, "annotations": [{"result": chosen}]}
    (birds / "studio.json").write_text(json.dumps([task]))
    err = " ".join(run("campaign", "tell", "studio.json", "--annotator", "ann")[2].split())
    assert "Name the control that holds the labels: --label CONTROL" in err
    assert run("campaign", "tell", "studio.json", "--annotator", "ann", "--label", "kind")[0] == 0
    line = ("campaign", "create", "pool.parquet", "--name", "owls", "--strategy", "coreset", "--labels", "1,2")
    assert run(*line)[0] == 0
    err = run("campaign", "adjudicate", "--example", "im-1", "--label", "77", "--name", "owls")[2]
    assert ("77" in err, "position" in err) == (True, False)
    assert run_json("campaign", "compare", "--name", "owls", "--name", "birds")[0] == 0

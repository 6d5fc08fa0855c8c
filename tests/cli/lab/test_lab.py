"""`ladle lab`: list, run, stop, run again, report, compare, publish."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ladle.cli import main
from ladle.errors import NotFoundError
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.ledger.records import digest_of_rows
from ladle.lab.protocol.files import parse_experiment, shipped
from tests.cli.pages import run_page

PROTOCOL = """
name = "tiny"
title = "A tiny experiment"
dataset = {name = "fashion-mnist", pool_rows = 300}
learner = {name = "mlp", hidden = 16, epochs = 2}
seed_size = 30
batch_size = 20
rounds = 2
trials = 3
metrics = ["accuracy", "macro_f1"]

[[strategies]]
name = "uniform"
label = "Uniform"

[[strategies]]
name = "margin"
label = "Margin"
"""
DEADLINE_SECONDS = 120


@pytest.fixture
def protocol(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(PROTOCOL)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run, and what the command told."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "tiny.toml").write_text(PROTOCOL)
    assert main(["lab", "run", str(folder / "tiny.toml"), "-o", str(folder / "run"), "--workers", "1", "--json"]) == 0
    return folder / "run"


def test_list_tells_what_there_is(run, run_json):
    code, out, err = run("lab", "list")
    assert (code, err) == (0, "")
    assert 'cifar-10-binary.tar.gz | tar xz -C "$LADLE_DATA"\n' in out  # a command is not folded
    assert max(len(line) for line in out.splitlines() if "from: " not in line) <= 80
    for words in ("Protocols", "Data sets", "Learners", "smoke", "words-9-100k", "fashion-mnist", "vgg-16", "licence"):
        assert words in out
    code, facts = run_json("lab", "list")
    assert code == 0
    assert [each["name"] for each in facts["protocols"]] == shipped()
    assert {"fashion-mnist", "words-9"} <= {each["name"] for each in facts["datasets"]}
    assert "mlp" in {each["name"] for each in facts["learners"]}


def test_list_prints_a_protocol_to_copy(run):
    code, out, err = run("lab", "list", "smoke")
    assert (code, err) == (0, "")
    assert out.startswith("# ")
    assert parse_experiment(out).name == "smoke"
    assert run("lab", "list", "nothing")[0] == 4


def test_run_ends_with_a_ledger_and_says_where(run, run_json, finished, protocol):
    code, facts = run_json("lab", "run", protocol, "--out", finished)
    assert code == 0
    assert (facts["rounds_before"], facts["rounds_done"], facts["rounds_total"]) == (12, 12, 12)
    assert (facts["metric"], facts["labels"]) == ("accuracy", 70)
    assert [(each["label"], each["trials"]) for each in facts["strategies"]] == [("Uniform", 3), ("Margin", 3)]
    with Ledger.open(finished) as ledger:
        assert facts["ledger"] == str(ledger.path)
        assert facts["strategies"][0]["mean"] == ledger.curves("Uniform", "accuracy")[:, -1].mean()
    code, out, err = run("lab", "run", protocol, "--out", finished)
    assert (code, err) == (0, f"going on from 12 of 12 rounds in {finished}\n")
    assert "accuracy" in out
    assert "3 trials" in out
    assert "ladle lab report" in out


def test_parts_of_it(run_json, protocol, tmp_path):
    code, facts = run_json(
        "lab", "run", protocol, "-o", tmp_path / "run", "--workers", "1", "--trials", "1", "--strategies", "Margin"
    )
    assert code == 0
    assert (facts["rounds_before"], facts["rounds_done"], facts["rounds_total"]) == (0, 2, 12)
    assert facts["strategies"][0] == {"label": "Uniform", "trials": 0, "mean": None}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--workers", "-1"), 2, "workers"),
        (("--trials", "4"), 2, "between 1 and the 3"),
        (("--trials", "2-3"), 2, "numbers from 0 to 2"),
        (("--trials", "2-1"), 2, "numbers from 0 to 2"),
        (("--trials", "two"), 2, "a count, as 3, or numbers, as 3-5"),
        (("--strategies", "Margin,Badge"), 2, "be one of Uniform, Margin"),
    ],
)
def test_bad_options_are_refused_before_any_work(run, protocol, tmp_path, options, code, words):
    found, out, err = run("lab", "run", protocol, "-o", tmp_path / "run", *options)
    assert (found, out) == (code, "")
    assert words in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("fashion-mnist", "fashion", "be one of fashion-mnist"),
        ("pool_rows", "rows", "pool_rows"),
        ("batch_size = 20", "batch_size = 200", "pool's 300 rows"),
        ("trials = 3", "trials = 0", "tiny.toml"),
    ],
)
def test_bad_protocols_are_refused(run, protocol, tmp_path, old, new, words):
    protocol.write_text(PROTOCOL.replace(old, new))
    code, out, err = run("lab", "run", protocol, "-o", tmp_path / "run", "--workers", "1")
    assert (code, out) == (2, "")
    assert words in err
    assert not (tmp_path / "run" / "ledger.sqlite").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long)]
)
def test_what_is_stopped_says_how_to_go_on(run_json, protocol, finished, tmp_path, number, exit_code):
    folder = tmp_path / "run"
    running = subprocess.Popen(
        [sys.executable, "-m", "ladle", "lab", "run", str(protocol), "-o", str(folder), "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + DEADLINE_SECONDS
    while not (folder / "ledger.sqlite").exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    if number == signal.SIGINT:
        os.killpg(running.pid, number)  # as a terminal does: to the workers too
    else:
        running.send_signal(number)
    out, err = running.communicate(timeout=DEADLINE_SECONDS)
    assert (running.returncode, out) == (exit_code, "")
    *progress, last = err.splitlines()
    word = "interrupted" if number == signal.SIGINT else "terminated"
    assert last.startswith(f"{word}: the same command goes on from ")
    assert set(progress) <= {"Load the data, and compile at first use", "12 rounds left: choose, label, train, measure"}
    code, facts = run_json("lab", "run", protocol, "-o", folder, "--workers", "1")
    assert (code, facts["rounds_done"]) == (0, 12)
    with Ledger.open(folder) as mine, Ledger.open(finished) as theirs:
        for label in mine.strategies():
            assert (mine.curves(label, "macro_f1") == theirs.curves(label, "macro_f1")).all()


def test_report_and_compare(run, run_json, finished, tmp_path):
    pytest.importorskip("matplotlib")
    page, table, values = tmp_path / "page.html", tmp_path / "t.md", tmp_path / "v.csv"
    code, out, err = run("lab", "report", finished, "-o", page, "--markdown", table, "--csv", values, "--examples")
    assert (code, err) == (0, "")
    assert str(page) in out.replace("\n", "").replace(" ", "")
    assert page.read_text().startswith("<!doctype html>") or "<html" in page.read_text()
    assert "Margin" in table.read_text()
    assert values.read_text().count("\n") == 1 + 2 * 2 * 3 * 3  # strategies, metrics, trials, points
    assert run("lab", "report", finished, "-o", page)[0] == 4  # another page, without examples
    code, facts = run_json("lab", "report", finished / "ledger.sqlite", "-o", page, "--force")
    assert code == 0
    assert run_json("lab", "report", finished / "ledger.sqlite", "-o", page)[0] == 0  # the very page
    assert facts["written"] == {"page": str(page)}
    assert json.dumps(facts["report"])
    code, facts = run_json("lab", "compare", finished, finished, "-o", tmp_path / "both.md")
    assert code == 0
    assert facts["markdown"] == (tmp_path / "both.md").read_text()
    assert (facts["paired"], facts["labels"]) == (True, [30, 50, 70])
    assert facts["names"] == [f"A: tiny in {finished}", f"B: tiny in {finished}"]
    assert [each["final"]["difference"] for each in facts["strategies"]] == [0, 0, 0, 0]
    code, out, err = run("lab", "compare", finished, finished)
    assert (code, err) == (0, "")
    assert "Margin" in out


def test_compare_is_fitted_to_a_terminal(finished, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for columns in ("60", "80", "120"):
        screen = Terminal()
        monkeypatch.setattr("sys.stdout", screen)
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["lab", "compare", str(finished), str(finished)]) == 0
        told = re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())
        assert "|" not in told
        assert max(map(len, told.splitlines())) <= int(columns)
        for words in ("accuracy\n", "macro-F1\n", "Margin ", "+0.00", "B - A"):
            assert words in told
        assert re.search(r"^Margin .* 1\.000 +B ties .* 3$", told, re.MULTILINE)
        assert "trials are compared in pairs" in " ".join(told.split())


def test_a_page_is_named_by_its_experiment(run_json, finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, facts = run_json("lab", "report", finished)
    assert (code, facts["written"]) == (0, {"page": "tiny.html"})
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.html"]


def test_a_published_ledger_reports_as_the_run_does(run, run_json, finished, protocol, tmp_path):
    copy, table, tables = tmp_path / "copy" / "ledger.sqlite", tmp_path / "t.md", []
    copy.parent.mkdir()
    for _ in range(2):  # over an older one, too
        code, facts = run_json("lab", "publish", finished, "-o", copy)
        assert (code, facts["ledger"], facts["bytes"]) == (0, str(copy), copy.stat().st_size)
    for ledger in (finished, copy):
        assert run("lab", "report", ledger, "-o", tmp_path / "page.html", "--markdown", table, "--force")[0] == 0
        tables.append(table.read_text())
    assert tables[0] == tables[1].replace("| published | without the rows of its batches |\n", "")
    code, facts = run_json("lab", "compare", finished, copy)
    assert "compared in pairs" in facts["markdown"]
    with Ledger.open(finished) as whole, Ledger.open(copy) as thin:
        mine, theirs = whole.rounds("Margin"), thin.rounds("Margin")
        assert [digest_of_rows(each.packed_rows) for each in mine] == [each.packed_rows for each in theirs]
        assert len({each.packed_rows for each in theirs}) == len(theirs)
        with pytest.raises(NotFoundError, match="digest"):
            _ = theirs[0].rows
    code, out, err = run("lab", "run", protocol, "-o", copy.parent)
    assert (code, out) == (5, "")
    assert "published" in err
    code, out, err = run("lab", "report", copy, "-o", tmp_path / "page.html", "--examples")
    assert (code, out) == (2, "")
    assert "published" in err
    code, out, err = run("lab", "publish", copy, "-o", copy)
    assert code != 0
    assert [each.name for each in copy.parent.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("report", "absent"), "ladle lab run"),
        (("publish", "absent", "-o", "a.sqlite"), "ladle lab run"),
        (("report", "absent", "-o", "page.pdf"), "html"),
        (("report", "absent", "--csv", "page.txt"), "csv"),
        (("compare", "absent", "absent"), "ladle lab run"),
    ],
)
def test_what_is_not_there_is_told(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("lab", *arguments)
    assert (code, out) == (4, "")
    assert words in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["list", "run", "report", "compare", "publish"])
def test_help(run, command):
    code, out, err = run("lab", command, "--help")
    assert (code, err) == (0, "")
    assert "Examples" in out
    assert f"ladle lab {command}" in out


@pytest.mark.long
def test_the_page_runs(tmp_path: Path) -> None:
    told = run_page("lab.md", tmp_path, ["sh", "sh", "sh", "python", "sh", "python", "sh"])
    assert "words-9-1m" in told[0]
    assert {path.name for path in tmp_path.iterdir()} >= {"smoke.html", "smoke.md", "smoke.csv", "mine.toml", "runs"}
    assert "mine:LeastSureOfSome accuracy" in told[2]
    assert told[3].startswith("[[0.")  # one trial: the accuracies of three measurements
    assert "Upper bound accuracy 0." in told[4]
    assert "badge pooled ap 0." in told[6]

"""`ladle campaign`: each command, what it writes, what it says, and that saying it twice does it once."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.cli.campaign import commands as group
from ladle.cli.campaign.overview.progress import stopping_lines
from ladle.cli.campaign.tables import HEIGHT, curve_lines
from ladle.formats.checks import line_check
from ladle.labelling.agreement import RULES
from ladle.stopping import Verdict
from tests.cli.campaigns import N, labelled, make_pool, truth


@pytest.fixture
def begun(run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a campaign just begun, its database in LADLE_DB."""
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    code, facts = run_json("campaign", "create", "pool.parquet", "--name", "birds", "--labels", "cat,dog,emu")
    assert (code, facts["done_before"], facts["pool"]) == (0, False, N)
    return tmp_path


@pytest.fixture
def asked(begun: Path, run_json: Any) -> Path:
    """... and asked for 30 examples, in batch.csv."""
    code, facts = run_json("campaign", "ask", "--scores", "scores-1.parquet", "--size", 30, "-o", "batch.csv")
    assert (code, facts["round"], facts["size"], facts["done_before"]) == (0, 1, 30, False)
    return begun


def opened() -> ladle.Campaign:
    return ladle.Campaign.open("sqlite:///birds.db", name="birds")


def test_create_again_changes_nothing_and_otherwise_is_refused(begun: Path, run: Any, run_json: Any) -> None:
    same = ("campaign", "create", "pool.parquet", "--name", "birds", "--labels")
    code, facts = run_json(*same, "cat,dog,emu")
    assert (code, facts["done_before"]) == (0, True)
    code, out, err = run(*same, "cat,dog,emu")
    assert (code, err) == (0, "")
    assert "there already" in out
    assert run(*same, "cat,dog")[0] == 5
    code, facts = run_json("campaign", "list")
    assert [(each["name"], each["pool"], each["rounds"]) for each in facts["campaigns"]] == [("birds", N, 0)]


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ((), {"kind": "single", "classes": None, "low": None, "high": None}),
        (("--labels", "0,1,2"), {"kind": "single", "classes": [0, 1, 2], "low": None, "high": None}),
        (("--labels", "a,1", "--kind", "multi"), {"kind": "multi", "classes": ["a", "1"], "low": None, "high": None}),
        (("--labels", "names.txt"), {"kind": "single", "classes": ["a b", "c,d"], "low": None, "high": None}),
        (("--kind", "value", "--low", "0"), {"kind": "value", "classes": None, "low": 0.0, "high": None}),
    ],
)
def test_kinds_of_labels(
    run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Any, labels: dict[str, Any]
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("a b\nc,d\n")
    code, facts = run_json(
        "campaign", "create", "pool.parquet", "--db", "x.db", "--name", "x", "--strategy", "margin", *options
    )
    assert (code, facts["labels"]) == (0, labels)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("list",), 2, "Or set LADLE_DB"),
        (("list", "--db", "no.db"), 4, "ladle campaign create"),
        (("progress", "--db", "mysql://x/y"), 2, "be a database such as"),
        (("create", "pool.npy", "--name", "x", "--db", "x.db"), 4, "pool.npy"),
        (("create", "pool.npy", "--name", "x", "--db", "x.db", "--low", "1"), 2, "--kind value"),
        (("create", "pool.npy", "--name", "x", "--db", "x.db", "--kind", "value", "--labels", "a"), 2, "left out"),
        (("ask", "--size", "3", "-o", "b.txt", "--db", "x.db"), 4, "Or name its format"),
    ],
)
def test_what_cannot_begin_is_refused(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Any, code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LADLE_DB", raising=False)
    if words == "--kind value" or words == "left out":
        np.save("pool.npy", np.eye(4))
    found, out, err = run("campaign", *options)
    assert (found, out) == (code, "")
    assert words in err
    assert not (tmp_path / "x.db").exists()


def test_the_campaign_is_named_where_there_are_several(begun: Path, run: Any, run_json: Any) -> None:
    code, _ = run_json("campaign", "create", "pool.parquet", "--name", "owls", "--strategy", "uniform")
    assert code == 0
    code, _, err = run("campaign", "progress")
    assert code == 2
    assert "be one of birds, owls" in err
    assert run_json("campaign", "progress", "--name", "owls")[1]["name"] == "owls"
    assert run("campaign", "progress", "--name", "no")[0] == 8


def test_ask_twice_is_one_ask(asked: Path, run_json: Any, run: Any) -> None:
    before = (asked / "batch.csv").read_bytes()
    same = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 30, "-o", "batch.csv")
    code, facts = run_json(*same)
    assert (code, facts["round"], facts["done_before"], facts["file"]["done_before"]) == (0, 1, True, True)
    assert (asked / "batch.csv").read_bytes() == before
    with opened() as campaign:
        assert campaign.progress().asked == 30
        rows = campaign.batch().rows.tolist()
    first = f"im{rows[0]:03}"
    check = line_check(first, rows[0], 1)
    assert before.decode().splitlines()[1] == f'"{first}",,"{first}",{rows[0]},1,0,1,"{check}"'
    code, facts = run_json(*same[:-1], "other.csv", "--key", "mine")
    assert (code, facts["round"], facts["key"]) == (0, 2, "mine")


def test_ask_goes_by_the_scores(asked: Path, run_json: Any) -> None:
    table = pq.read_table("scores-1.parquet").sort_by("id")
    with ladle.Campaign.create(
        "sqlite:///other.db", name="birds", pool="pool.parquet", labels=["cat", "dog", "emu"]
    ) as other:
        chosen = other.ask(30, probabilities=np.array(table["p"].to_pylist(), np.float32))
        with opened() as campaign:
            assert campaign.batch().rows.tolist() == chosen.rows.tolist()


def test_an_ask_without_scores_ends_when_labels_come_back(begun: Path, run_json: Any) -> None:
    run_json("campaign", "create", "pool.parquet", "--name", "plain", "--strategy", "uniform")
    ask = ("campaign", "ask", "--name", "plain", "--size", 10, "-o")
    assert run_json(*ask, "a.csv")[1]["round"] == 1
    assert run_json(*ask, "a.csv")[1]["done_before"]
    labelled(begun / "a.csv", begun / "done.csv")
    assert run_json("campaign", "tell", "done.csv", "--name", "plain", "--annotator", "ann")[0] == 0
    code, facts = run_json(*ask, "b.csv")
    assert (code, facts["round"], facts["done_before"]) == (0, 2, False)


def test_a_batch_is_not_written_over_labels(asked: Path, run: Any, run_json: Any) -> None:
    labelled(asked / "batch.csv", asked / "batch.csv")
    filled = (asked / "batch.csv").read_bytes()
    again = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 30, "-o", "batch.csv")
    code, out, err = run(*again)
    assert (code, out) == (4, "")
    assert "may hold what people filled in" in err
    assert (asked / "batch.csv").read_bytes() == filled
    assert run_json(*again, "--force")[1]["file"]["done_before"] is False
    assert (asked / "batch.csv").read_bytes() != filled
    assert not list(asked.glob(".batch*"))
    labelled(asked / "batch.csv", asked / "batch.csv")
    code, out, err = run("campaign", "ask", "--scores", "scores-2.parquet", "--size", 30, "-o", "batch.csv")
    assert (code, out) == (4, "")
    with opened() as campaign:
        assert campaign.progress().rounds == 1  # refused before anything was asked


def test_tell_takes_what_there_is_and_says_what_there_is_not(asked: Path, run: Any, run_json: Any) -> None:
    with opened() as campaign:
        first, second = campaign.batch().ids[:2]
    answers = labelled(asked / "batch.csv", asked / "l.csv", but={first: "yak"}, first=20)
    code, facts = run_json("campaign", "tell", "l.csv", "--annotator", "ann")
    assert code == 0
    counted = {name: facts[name] for name in ("labels", "accepted", "quarantined", "unlabelled_rows", "labelled")}
    assert counted == {"labels": 20, "accepted": 19, "quarantined": 1, "unlabelled_rows": 10, "labelled": 19}
    code, again = run_json("campaign", "tell", "l.csv", "--annotator", "ann")
    assert (code, again["done_before"], again["accepted"]) == (0, True, 19)
    labelled(asked / "batch.csv", answers, but={second: "yak"})
    code, out, err = run("campaign", "tell", "l.csv", "--annotator", "ann")
    assert (code, err) == (0, "")
    assert "11 accepted" in out
    assert "18 known before" in out
    assert "ladle campaign quarantine list" in out
    with opened() as campaign:
        assert campaign.progress().labelled == 30
        assert {row.id: row.label for row in campaign.resolved()}[first] == truth(first)
        assert [row.id for row in campaign.quarantine()] == [first, second]


def test_a_damaged_file_tells_nothing(asked: Path, run: Any) -> None:
    answers = labelled(asked / "batch.csv", asked / "l.csv")
    answers.write_bytes(answers.read_bytes() + b"im001,1\n")
    code, out, err = run("campaign", "tell", "l.csv")
    assert (code, out) == (4, "")
    assert "l.csv" in err
    with opened() as campaign:
        assert len(campaign.labels()) == 0


def test_labels_of_many_annotators_and_times_come_in_one_file(asked: Path, run_json: Any) -> None:
    rows = [
        {"image": "im001", "class": "cat", "annotator": "ann", "told_at": "2026-01-02T03:04:05Z", "source": "a"},
        {"image": "im001", "class": "dog", "annotator": "bob", "told_at": "2026-01-02T03:04:06+01:00", "source": None},
    ]
    (asked / "l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, facts = run_json(
        "campaign", "import", "l.jsonl", "--source", "old", "--id", "image", "--label", "class", "--annotator", "x"
    )
    assert (code, facts["accepted"], facts["unasked"]) == (0, 2, 1)
    with opened() as campaign:
        found = [(row.annotator, row.label, row.source, row.told_at.isoformat()) for row in campaign.labels()]
    assert found == [
        ("ann", "cat", "a", "2026-01-02T03:04:05+00:00"),
        ("bob", "dog", "old", "2026-01-02T02:04:06+00:00"),
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv", ".json", ".manifest"])
def test_labels_travel_in_every_format(asked: Path, run_json: Any, suffix: str) -> None:
    labelled(asked / "batch.csv", asked / "l.csv")
    assert run_json("campaign", "tell", "l.csv", "--annotator", "ann")[0] == 0
    code, facts = run_json("campaign", "export", "labels", "-o", f"out{suffix}")
    assert (code, facts["rows"]) == (0, 30)
    created = ("campaign", "create", "pool.parquet", "--db", "b.db", "--name", "b", "--labels", "cat,dog,emu")
    assert run_json(*created)[0] == 0
    code, facts = run_json("campaign", "tell", f"out{suffix}", "--db", "b.db")
    assert (code, facts["accepted"], facts["quarantined"]) == (0, 30, 0)
    with opened() as ours, ladle.Campaign.open("sqlite:///b.db", name="b") as theirs:
        mine, found = ours.labels(), theirs.labels()
        assert list(mine["annotator"]) == list(found["annotator"])
        assert dict(zip(mine["id"], mine["label"], strict=True)) == dict(zip(found["id"], found["label"], strict=True))
        assert sorted(mine["told_at"]) == sorted(found["told_at"])


def test_every_export_can_be_read(asked: Path, run_json: Any, run: Any) -> None:
    labelled(asked / "batch.csv", asked / "l.csv", first=12)
    run_json("campaign", "tell", "l.csv", "--annotator", "ann")
    with opened() as campaign:
        counts = {
            "resolved": 12,
            "labels": 12,
            "outstanding": 18,
            "batch": 30,
            "quarantine": 0,
            "rounds": 1,
            "audit": len(campaign.audit()),
        }
    for what, count in counts.items():
        for suffix in (".parquet", ".csv", ".jsonl"):
            code, facts = run_json("campaign", "export", what, "-o", f"{what}{suffix}")
            assert (code, facts["rows"], facts["what"]) == (0, count, what)
        assert pq.read_table(f"{what}.parquet").num_rows == count
        assert len(Path(f"{what}.csv").read_text().splitlines()) == count + 1
        assert len([json.loads(line) for line in Path(f"{what}.jsonl").read_text().splitlines()]) == count
    assert pq.read_table("resolved.parquet")["label"].type == pa.large_string()
    assert run("campaign", "export", "audit", "-o", "audit.json")[0] == 2
    assert run("campaign", "export", "batch", "--round", 7, "-o", "seven.csv")[0] == 8


def test_take_and_release(asked: Path, run_json: Any, run: Any) -> None:
    code, facts = run_json("campaign", "take", "--annotator", "ann", "--size", 8, "-o", "ann.csv")
    assert (code, facts["tasks"], facts["renewed"]) == (0, 8, 0)
    code, facts = run_json("campaign", "take", "--annotator", "ann", "--size", 8, "-o", "ann.csv")
    assert (code, facts["tasks"], facts["renewed"], facts["file"]["done_before"]) == (0, 8, 8, True)
    code, facts = run_json("campaign", "take", "--annotator", "bob", "--size", 30, "-o", "bob.csv")
    assert (code, facts["tasks"]) == (0, 22)
    (asked / "two.txt").write_text("".join(line.split(",")[0].strip('"') + "\n" for line in
                                           (asked / "ann.csv").read_text().splitlines()[1:3]))  # fmt: skip
    assert run_json("campaign", "release", "--annotator", "ann", "--ids", "two.txt")[1]["released"] == 2
    assert run_json("campaign", "release", "--annotator", "ann")[1]["released"] == 6
    code, out, _ = run("campaign", "take", "--annotator", "bob", "--size", 30, "-o", "bob-2.csv")
    assert code == 0
    assert "30, 22 of them held before" in out


def test_exclude_include_and_delete(asked: Path, run_json: Any, run: Any) -> None:
    with opened() as campaign:
        first, second = campaign.batch().ids[:2]
    (asked / "out.txt").write_text(f"{first}\n{second}\n")
    code, facts = run_json("campaign", "exclude", "out.txt", "--reason", "blurred")
    assert (code, facts["changed"], facts["excluded"]) == (0, 2, 2)
    assert run_json("campaign", "exclude", "out.txt", "--reason", "blurred")[1]["done_before"]
    assert run_json("campaign", "include", "--example", first)[1]["excluded"] == 1
    labelled(asked / "batch.csv", asked / "l.csv")
    run_json("campaign", "tell", "l.csv", "--annotator", "ann")
    code, facts = run_json("campaign", "delete", "--example", first, "--reason", "slip", "--annotator", "ann")
    assert (code, facts["changed"]) == (0, 1)
    with opened() as campaign:
        assert first not in campaign.resolved()["id"]
    assert run("campaign", "exclude", "--reason", "none named")[0] == 2
    assert run("campaign", "exclude", "--example", "nobody", "--reason", "x")[0] == 3


def test_resolved_labels_say_how_many_are_gold(begun: Path, run_json: Any, run: Any) -> None:
    assert run_json("campaign", "export", "resolved", "-o", "none.csv")[1]["gold"] == 0
    Path("gold.csv").write_text("id,label\nim003,cat\nim004,dog\n")
    run("campaign", "gold", "gold.csv")
    code, facts = run_json("campaign", "export", "resolved", "-o", "train.csv")
    assert (code, facts["rows"], facts["gold"]) == (0, 2, 2)
    assert "2 of them with the label of gold" in run("campaign", "export", "resolved", "-o", "train.csv")[1]


def test_create_repeats_what_it_was_given(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    create = ("campaign", "create", "pool.parquet", "--db", "n.db", "--name", "ages", "--strategy", "margin")
    money = ("--price", "0.05", "--currency", "EUR", "--budget", "1", "--gold-accuracy", "0.9")
    more = ("--lease-days", "3", "--seed", "7", "--files", "kept", "--option", "noise=power", "--kind", "value")
    out = " ".join(run(*create, *money, *more, "--low", "0", "--high", "120")[1].split())
    for line in (
        *("price 0.05 EUR a label", "budget 1 label", "lease 3 days", "seed 7"),
        *("kept took", "strategy margin, noise power", "labels numbers from 0 to 120"),
    ):
        assert line in out
    assert "gold" not in out, "no number is right or wrong"
    birds = run("campaign", "create", "pool.parquet", "--db", "b.db", "--name", "birds", *money, "--strategy", "margin")
    assert "gold 90%" in " ".join(birds[1].split())


def test_gold_tests_people(begun: Path, run_json: Any, run: Any) -> None:
    (begun / "gold.csv").write_text("id,label\n" + "".join(f"im{row:03},{truth(f'im{row:03}')}\n" for row in range(9)))
    assert run_json("campaign", "gold", "gold.csv")[1]["added"] == 9
    assert run_json("campaign", "gold", "gold.csv")[1]["done_before"]
    run_json("campaign", "ask", "--scores", "scores-1.parquet", "--size", 20, "--gold", 5, "-o", "b.csv")
    labelled(begun / "b.csv", begun / "l.csv")
    assert run_json("campaign", "tell", "l.csv", "--annotator", "ann")[1]["accepted"] == 25
    code, out, _ = run("campaign", "progress")
    assert code == 0
    assert "5 of 5" in out


def test_models_make_the_learning_curve(asked: Path, run_json: Any, run: Any) -> None:
    code, facts = run_json("campaign", "model", "v0", "--metric", "accuracy=0.5", "--metric", "f1=0.4")
    assert (code, facts["done_before"], facts["metrics"]) == (0, False, {"accuracy": 0.5, "f1": 0.4})
    assert run_json("campaign", "model", "v0", "--metric", "f1=0.4", "--metric", "accuracy=0.5")[1]["done_before"]
    assert run("campaign", "model", "v0", "--metric", "accuracy=0.6")[0] == 5
    labelled(asked / "batch.csv", asked / "l.csv")
    run_json("campaign", "tell", "l.csv", "--annotator", "ann")
    run_json("campaign", "model", "v1", "--metric", "accuracy=0.75", "--scores", "scores-2.parquet")
    code, facts = run_json("campaign", "progress")
    assert [(each["version"], each["labelled"]) for each in facts["curve"]] == [("v0", 0), ("v1", 30)]
    assert facts["curve"][1]["scores"].endswith("scores-2.parquet")
    code, out, err = run("campaign", "progress")
    assert (code, err) == (0, "")
    for words in ("Learning curve: accuracy", "30 labelled", "Too early to stop", "Annotators", "100%", "ann"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 80
    for odd in ("accuracy", "=1", "accuracy=x", "accuracy=nan"):
        assert run("campaign", "model", "v2", "--metric", odd)[0] == 2


def test_story_and_audit(asked: Path, run_json: Any, run: Any) -> None:
    with opened() as campaign:
        first = campaign.batch().ids[0]
    labelled(asked / "batch.csv", asked / "l.csv")
    run_json("campaign", "tell", "l.csv", "--annotator", "ann")
    code, out, _ = run("campaign", "story", first)
    assert code == 0
    assert out.startswith(f"{first} (row {int(first[2:])}): labelled, '{truth(first)}'")
    assert "ann" in out
    code, facts = run_json("campaign", "story", first)
    assert (facts["state"], facts["label"]) == ("labelled", truth(first))
    assert run("campaign", "story", "nobody")[0] == 8
    code, facts = run_json("campaign", "audit", "--last", 2)
    assert [each["kind"] for each in facts["events"]] == ["ask", "tell"]
    code, out, _ = run("campaign", "audit")
    assert "labels 30, skips 0, repeats 0, quarantined 0" in " ".join(out.split())
    assert run("campaign", "audit", "--last", 0)[0] == 2


def test_verify_backup_restore_migrate(asked: Path, run_json: Any, run: Any) -> None:
    code, facts = run_json("campaign", "verify")
    assert (code, facts["ok"]) == (0, True)
    code, facts = run_json("campaign", "backup", "-o", "birds.backup")
    assert (code, facts["bytes"]) == (0, (asked / "birds.backup").stat().st_size)
    code, facts = run_json("campaign", "restore", "birds.backup", "--db", "again.db")
    assert (code, facts["name"], facts["rounds"]) == (0, "birds", 1)
    assert run("campaign", "restore", "birds.backup", "--db", "again.db")[0] == 5
    code, facts = run_json("campaign", "migrate")
    assert (code, facts["done_before"]) == (0, True)
    damaged = bytearray((asked / "birds.backup").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (asked / "birds.backup").write_bytes(damaged)
    assert run("campaign", "restore", "birds.backup", "--db", "third.db")[0] == 4


def test_a_backup_replaces_no_other_file_in_silence(asked: Path, run_json: Any, run: Any) -> None:
    backup = ("campaign", "backup", "-o", "birds.backup")
    assert run_json(*backup)[1]["done_before"] is False
    first = (asked / "birds.backup").read_bytes()
    assert "No backup" not in run("campaign", "status")[1]
    assert run_json(*backup)[1]["done_before"] is True
    assert (asked / "birds.backup").read_bytes() == first
    labelled(asked / "batch.csv", asked / "l.csv", first=3)
    assert run_json("campaign", "tell", "l.csv", "--annotator", "ann")[0] == 0
    code, out, err = run(*backup)
    assert (code, out) == (4, "")
    assert "--force" in err
    assert (asked / "birds.backup").read_bytes() == first
    assert run_json(*backup, "--force")[1]["done_before"] is False
    assert (asked / "birds.backup").read_bytes() != first
    (asked / "notes.backup").write_text("no backup at all")
    assert run(*backup[:-1], "notes.backup")[0] == 4
    assert (asked / "notes.backup").read_text() == "no backup at all"


def test_a_backup_of_another_campaign_is_another_file(asked: Path, run_json: Any, run: Any) -> None:
    run_json("campaign", "create", "pool.parquet", "--name", "owls", "--strategy", "uniform")
    assert run("campaign", "backup", "--name", "owls", "-o", "x.backup")[0] == 0
    assert run("campaign", "backup", "--name", "birds", "-o", "x.backup")[0] == 4
    assert run("campaign", "backup", "--name", "owls", "-o", "x.backup")[0] == 0


def test_verify_finds_damage(asked: Path, run: Any, run_json: Any) -> None:
    import sqlite3

    with sqlite3.connect("birds.db") as database:
        database.execute("UPDATE ladle_batch SET size = 29")
    database.close()
    code, out, err = run("campaign", "verify")
    assert (code, out) == (4, "")
    assert "be sound" in err
    assert "batch" in err
    code, facts = run_json("campaign", "round", "--scores", "scores-2.parquet", "--size", 5, "-o", "b2.csv")
    assert (code, facts["error"]["kind"]) == (4, "CorruptFileError")
    assert not (asked / "b2.csv").exists()


def test_extend(asked: Path, run_json: Any) -> None:
    table = pq.read_table("pool.parquet")
    more = pa.table({"id": ["new1", "new2"], "emb": [[1.0, 0.0, 0.0, 0.0], [1.0] * 4]}, schema=table.schema)
    pq.write_table(pa.concat_tables([table, more]), "grown.parquet")
    code, facts = run_json("campaign", "extend", "grown.parquet")
    assert (code, facts["added"], facts["pool"]) == (0, 2, N + 2)
    assert run_json("campaign", "extend", "grown.parquet")[1]["done_before"]


def test_a_pool_that_cannot_be_opened_again(run_json: Any, run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    table = pq.read_table("pool.parquet")
    np.save("pool.npy", np.array(table["emb"].to_pylist(), np.float32))
    (tmp_path / "ids.txt").write_text("".join(f"{each}\n" for each in table["id"].to_pylist()))
    create = ("campaign", "create", "pool.npy", "--ids", "ids.txt", "--db", "x.db", "--name", "x")
    assert run_json(*create)[0] == 0
    (tmp_path / "pool.npy").unlink()
    ask = ("campaign", "ask", "--db", "x.db", "--scores", "scores-1.parquet", "--size", 5, "-o", "b.csv")
    assert run_json(*ask)[1]["size"] == 5
    assert run_json("campaign", "progress", "--db", "x.db")[1]["asked"] == 5


@pytest.mark.parametrize("command", sorted(group.COMMANDS))
def test_help(run: Any, command: str) -> None:
    code, out, err = run("campaign", *command.split(), "--help")
    assert (code, err) == (0, "")
    assert "Examples" in out
    assert f"ladle campaign {command}" in out


def test_a_pool_that_has_moved(asked: Path, run_json: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    labelled(asked / "batch.csv", asked / "l.csv")
    (asked / "pool.parquet").rename("moved.parquet")
    assert run_json("campaign", "tell", "l.csv")[1]["accepted"] == 30  # by ids, which the campaign keeps
    assert run_json("campaign", "progress")[0] == 0
    monkeypatch.setenv("LADLE_POOL", "moved.parquet")
    ask = ("campaign", "ask", "--scores", "scores-2.parquet", "--size", 5, "-o", "b2.csv")
    assert run_json(*ask)[1]["round"] == 2
    assert run_json("campaign", "export", "batch", "-o", "b2.csv")[1]["done_before"]
    pq.write_table(pq.read_table("moved.parquet").slice(1), "less.parquet")
    assert run("campaign", "story", "im001", "--pool", "less.parquet")[0] == 5


def test_a_pool_that_has_moved_keeps_the_names_of_its_columns(run_json: Any, tmp_path: Path, monkeypatch: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    pq.write_table(pq.read_table("pool.parquet").rename_columns(["image", "vector"]), "named.parquet")
    create = ("campaign", "create", "named.parquet", "--id", "image", "--embedding", "vector", "--name", "x")
    assert run_json(*create, "--db", "x.db")[0] == 0
    Path("named.parquet").rename("moved.parquet")
    ask = ("campaign", "ask", "--db", "x.db", "--scores", "scores-1.parquet", "--size", 5, "-o", "b.csv")
    assert run_json(*ask, "--pool", "moved.parquet")[1]["size"] == 5


def test_help_names_every_rule_of_agreement(run: Any) -> None:
    told = " ".join(run("campaign", "create", "--help")[1].replace("│", " ").split())
    for rule in RULES:
        assert rule in told


def test_what_rules_say_of_several_metrics() -> None:
    verdicts = [
        Verdict(False, 0.1, "gain-plateau", "accuracy rises"),
        Verdict(True, 0.0, "gain-plateau", "f1 stands still"),
        Verdict(False, 0.2, "gain-plateau", "recall rises"),
        Verdict(False, 0.1, "gain-plateau", "accuracy rises"),
    ]
    assert stopping_lines(verdicts) == {"go on": "accuracy rises\nrecall rises", "stop": "f1 stands still"}


@pytest.mark.parametrize("plain", [False, True])
def test_the_curve_in_text(plain: bool) -> None:
    lines = curve_lines([100, 200, 400], [0.5, 0.75, 0.75], width=60, plain=plain)
    assert len(lines) == HEIGHT + 2
    assert max(map(len, lines)) <= 60
    point = "o" if plain else "●"
    assert sum(line.count(point) for line in lines) == 3
    assert lines[0].startswith(" 0.75 | ")
    assert lines[0].rstrip().endswith(point)
    assert lines[HEIGHT - 1].startswith("  0.5 | " + point)
    assert lines[-1].split() == ["100", "400", "labelled"]
    assert all(line.isascii() for line in lines) == plain
    flat = curve_lines([5], [0.0], width=20)
    assert sum(line.count("●") for line in flat) == 1


def test_a_metric_is_taken_back(run: Any, run_json: Any, tmp_path: Path, monkeypatch: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    assert run("campaign", "create", "pool.parquet", "--name", "birds", "--strategy", "margin")[0] == 0
    model = ("campaign", "model", "v1")
    assert run(*model, "--metric", "acuracy=0.9")[0] == 0
    assert "NAME=NUMBER" in run(*model, "--metric", "acuracy=none")[2]
    corrected = ("--correct", "--metric", "acuracy=none", "--metric", "accuracy=0.9")
    assert run_json(*model, *corrected)[1]["metrics"] == {"acuracy": None, "accuracy": 0.9}
    assert run_json("campaign", "progress")[1]["curve"][0]["metrics"] == {"accuracy": 0.9}
    events = len(run_json("campaign", "audit")[1]["events"])
    assert run(*model, *corrected)[0] == 0
    assert len(run_json("campaign", "audit")[1]["events"]) == events, "once"
    details = run_json("campaign", "audit")[1]["events"][-1]["details"]
    assert (details["before"], details["after"]) == ({"acuracy": 0.9}, {"accuracy": 0.9})
    assert "did you mean `accuracy`" in run(*model, "--correct", "--metric", "acurracy=none")[2].lower()
    assert "each name once" in run(*model, "--correct", "--metric", "a=none", "--metric", "a=1")[2]


@pytest.mark.parametrize("command", ["gold", "adjudicate"])
def test_a_wrong_label_of_a_file_is_named_with_its_line(
    command: str, run: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    create = ("--name", "birds", "--strategy", "margin", "--kind", "value", "--low", 0, "--high", 10)
    code, out, _ = run("campaign", "create", "pool.parquet", *create)
    assert (code, "rightly" in out) == (0, False)
    (tmp_path / "k.csv").write_text("id,label\nim001,1\nim002,\nim003,77\nim004,88\n")
    code, _, err = run("campaign", command, "k.csv", *(["--reason", "seen"] if command == "adjudicate" else []))
    assert code != 0
    assert "line 4 of k.csv" in err
    assert "'im003'" in err
    assert "2 such labels" in err


def test_the_control_says_what_it_buys(run: Any, run_json: Any, tmp_path: Path, monkeypatch: Any) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    create = ("campaign", "create", "pool.parquet", "--strategy", "margin", "--control", "50%", "--name")
    assert "class shares" in run(*create, "birds", "--labels", "cat,dog,emu")[1].replace("\n", " ")
    told = run(*create, "ages", "--kind", "value")[1].replace("\n", " ")
    assert ("the mean of the labels" in told, "accuracy" in told) == (True, False)
    out = run("campaign", "set", "--control", "25%", "--name", "ages")[1].replace("\n", " ")
    assert "it buys" in out
    ask = ("--size", 160, "-o", "b.csv", "--scores", "scores-1.parquet", "--name", "ages")
    assert run("campaign", "ask", *ask)[0] == 0
    with (tmp_path / "b.csv").open(newline="", encoding="utf-8-sig") as file:
        answers = [f"{row['id']},{place % 7}" for place, row in enumerate(csv.DictReader(file))]
    (tmp_path / "l.csv").write_text("\n".join(["id,label", *answers]) + "\n")
    assert "mean cannot be told yet" in run("campaign", "status", "--name", "ages")[1]
    assert run("campaign", "tell", "l.csv", "--annotator", "ann", "--name", "ages")[0] == 0
    mean = run_json("campaign", "control", "--name", "ages")[1]["mean"]
    for command in ("control", "progress", "status"):
        out = run("campaign", command, "--name", "ages")[1].replace("\n", " ")
        assert f"{mean['value']:.4g} ({mean['low']:.4g} to {mean['high']:.4g}" in out


def test_the_progress_of_many_labels_names_the_command_that_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any, run_json: Any
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "c.db")
    create = ("campaign", "create", "pool.parquet", "--labels", "cat,dog,emu", "--strategy", "uniform", "--name", "c")
    assert run(*create)[0] == 0
    assert run("campaign", "ask", "--size", 3, "-o", "batch.csv")[0] == 0
    with ladle.Campaign.open(tmp_path / "c.db") as campaign:
        campaign.tell(campaign.batch().ids, ["cat"] * 3, annotator="ann")
    monkeypatch.setattr("ladle.campaign.overview.progress.MANY_LABELS", 2)
    code, out, _ = run("campaign", "progress")
    assert code == 0
    assert "Not read" in out
    assert "ladle campaign progress --people" in " ".join(out.split())
    assert "ann" not in out.split()
    assert run_json("campaign", "progress")[1]["not_read"] == ["annotators", "reviews"]
    code, out, _ = run("campaign", "progress", "--people")
    assert "Not read" not in out
    assert "ann" in out.split()
    assert [row["annotator"] for row in run_json("campaign", "progress", "--people")[1]["annotators"]] == ["ann"]
    assert run_json("campaign", "progress", "--no-people")[1]["annotators"] is None

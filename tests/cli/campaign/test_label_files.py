"""`tell`, `import`, `round` and `gold`: how a label file is written is found out and said, or an option decides."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.formats.checks import line_check
from tests.cli.campaigns import make_pool


@pytest.fixture
def asked(run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a campaign of multi-labels and of single ones, each with 10 examples asked for."""
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    for name, more in (("birds", ()), ("flocks", ("--kind", "multi"))):
        create = ("campaign", "create", "pool.parquet", "--name", name, "--labels", "cat,dog,emu", *more)
        assert run_json(*create)[0] == 0
    ask = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 10, "-o", "batch.csv", "--name", "birds")
    assert run_json(*ask)[0] == 0
    return tmp_path


def batch_rows() -> list[dict[str, str]]:
    with Path("batch.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def ids() -> list[str]:
    return [row["id"] for row in batch_rows()]


TELL = ("campaign", "tell", "l.csv", "--name", "birds")


def test_what_was_found_out_is_said(asked: Path, run: Any, run_json: Any) -> None:
    Path("l.csv").write_bytes(f"id;label\n{ids()[0]};cat\n".encode("utf-16"))
    code, out, err = run(*TELL)
    assert code == 0
    assert "read as utf-16 text" in out + err
    assert "semicolons between its columns" in out + err
    Path("l.csv").write_text(f"id\tlabel\n{ids()[1]}\tcat\n")
    code, facts = run_json(*TELL)
    assert (code, facts["accepted"]) == (0, 1)
    assert any("with tabs" in each for each in facts["notices"])


def test_options_decide(asked: Path, run: Any, run_json: Any) -> None:
    Path("l.csv").write_text(f"id;label,status\n{ids()[0]};cat,done\n")
    code, out, err = run(*TELL)
    assert (code, out) == (4, "")
    assert "Name the delimiter" in err
    Path("l.csv").write_bytes(f"id;label;status\n{ids()[0]};cat;готово\n".encode("cp1251"))
    code, _, err = run(*TELL)
    assert (code, "name its encoding" in err) == (4, True)
    code, _, err = run(*TELL, "--encoding", "cp1251", "--delimiter", ";")
    assert (code, "`status`" in err, "ignore the column" in err) == (3, True, True)
    code, facts = run_json(*TELL, "--encoding", "cp1251", "--delimiter", ";", "--ignore-column", "status")
    assert (code, facts["accepted"], facts["superseded_rows"]) == (0, 1, 0)
    for option, words in ((("--delimiter", "ab"), "the delimiter"), (("--encoding", "klingon"), "the encoding")):
        code, _, err = run(*TELL, *option)
        assert (code, words in err) == (2, True)


def test_empty_lists_are_decided(asked: Path, run: Any, run_json: Any) -> None:
    Path("l.jsonl").write_text("".join(json.dumps({"id": each, "label": []}) + "\n" for each in ids()[:3]))
    tell = ("campaign", "import", "l.jsonl", "--name", "flocks", "--source", "doccano")
    code, _, err = run(*tell)
    assert (code, "as 3 rows have" in err) == (3, True)
    code, _, err = run(*tell, "--empty-lists", "open")
    assert (code, "labels in `label`; got none" in err) == (4, True)
    code, facts = run_json(*tell, "--empty-lists", "none")
    assert (code, facts["accepted"]) == (0, 3)
    assert run(*tell, "--empty-lists", "maybe")[0] == 2


def test_rejects_and_skips_are_counted(asked: Path, run: Any, run_json: Any) -> None:
    answers = ["accept", "reject", "reject", "ignore"]
    rows = [{"id": each, "label": "cat", "answer": answer} for each, answer in zip(ids(), answers, strict=False)]
    Path("l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, facts = run_json("campaign", "tell", "l.jsonl", "--name", "birds", "--annotator", "ann")
    assert (code, facts["accepted"], facts["rejected_rows"], facts["skipped_rows"]) == (0, 1, 2, 1)
    out = " ".join(run("campaign", "audit", "--last", 1, "--name", "birds")[1].split())
    assert "labels 1, skips 1, repeats 0, quarantined 0" in out
    assert "rejected" not in out, "a row that a tool rejects is no answer"


def test_gold_and_rounds_read_files_the_same_way(asked: Path, run_json: Any) -> None:
    Path("gold.csv").write_text("id;label\nim000;cat\n")
    code, facts = run_json("campaign", "gold", "gold.csv", "--name", "birds", "--delimiter", ";")
    assert (code, facts["examples"]) == (0, 1)
    Path("l.csv").write_text(f"id|label\n{ids()[0]}|cat\n")
    first = ("campaign", "round", "--scores", "scores-1.parquet", "--size", 5, "-o", "b2.csv", "--name", "birds")
    code, facts = run_json(*first, "--labels", "l.csv", "--delimiter", "|", "--annotator", "ann")
    assert (code, facts["steps"][0]["accepted"]) == (0, 1)


@pytest.mark.parametrize("name", ["batch.csv", "batch.jsonl", "batch.parquet", "batch.json", "batch.manifest"])
def test_batches_have_columns_that_no_tool_has(asked: Path, run_json: Any, name: str) -> None:
    """Asked for, taken, exported: the same columns, each line with the check of its id, row and batch."""
    exported = f"again-{name}"
    assert run_json("campaign", "export", "batch", "--name", "birds", "-o", exported)[0] == 0
    taken = ("campaign", "take", "--annotator", "ann", "--size", 4, "--name", "birds", "-o", f"taken-{name}")
    assert run_json(*taken)[0] == 0
    assert run_json("campaign", "export", "outstanding", "--name", "birds", "-o", f"open-{name}")[0] == 0
    with ladle.Campaign.open("sqlite:///birds.db", name="birds") as campaign:
        batch = campaign.batch()
        row_of = dict(zip(batch.ids.tolist(), batch.rows.tolist(), strict=True))
        checks = {each: line_check(each, row, 1) for each, row in row_of.items()}
        for path, count in ((exported, 10), (f"taken-{name}", 4), (f"open-{name}", 10)):
            fields = ["id", "ladle_id", "ladle_row", "ladle_batch", "ladle_order", "ladle_round", "ladle_check"]
            rows = ladle.formats.read(path, form=campaign.form, fields=fields).to_pylist()
            assert len(rows) == count
            for row in rows:
                assert row["ladle_id"] == row["id"]
                assert row["ladle_row"] == row_of[row["id"]]
                assert (row["ladle_batch"], row["ladle_round"]) == (1, 1)
                assert row["ladle_check"] == checks[row["id"]]
    assert [each for each in batch_rows()[0] if not each.startswith("ladle_")] == ["id", "label"]


def test_renumbered_ids_are_refused_and_the_copy_is_named(asked: Path, run: Any, run_json: Any) -> None:
    rows = [row | {"id": str(number), "label": "cat"} for number, row in enumerate(batch_rows(), 1)]
    with Path("l.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    code, _, err = run(*TELL)
    assert code == 3
    assert "line 2 of l.csv" in err
    assert "10 of 10 lines" in err
    code, facts = run_json(*TELL, "--id", "ladle_id")
    assert (code, facts["accepted"]) == (0, 10)

"""Commands about people, skips, the quarantine, and what is taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ladle
from tests.cli.campaigns import make_pool


@pytest.fixture
def begun(run_json: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a campaign of two annotators for each example, its database in LADLE_DB."""
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    options = ("--labels", "cat,dog,emu", "--strategy", "margin", "--annotators", 2)
    assert run_json("campaign", "create", "pool.parquet", "--name", "birds", *options)[0] == 0
    return tmp_path


def opened() -> ladle.Campaign:
    return ladle.Campaign.open("birds.db")


def written(name: str, *lines: str, header: str = "id,label") -> str:
    Path(name).write_text("\n".join([header, *lines]) + "\n")
    return name


def test_labels_of_nobody_are_refused_by_every_command(begun: Path, run: Any) -> None:
    path = written("a.csv", "im001,cat")
    lines = [
        ("tell", path),
        ("import", path, "--source", "old"),
        ("round", "--scores", "scores-1.parquet", "--size", 5, "-o", "b.csv", "--labels", path),
    ]
    for line in lines:
        code, _, err = run("campaign", *line)
        assert code == 2, line
        assert "a.csv must name who gave them, because 2 people label each example; got 1 of 1" in err
        assert "annotator=" not in err
    assert opened().audit()["kind"].tolist() == ["create"]


def test_names_that_are_nearly_the_same_are_warned_of_and_merged(begun: Path, run: Any, run_json: Any) -> None:
    assert run("campaign", "tell", written("a.csv", "im001,cat"), "--annotator", "ann")[0] == 0
    code, out, _ = run("campaign", "tell", written("b.csv", "im001,dog"), "--annotator", "Ann")
    assert code == 0
    assert "'Ann' and 'ann'" in " ".join(out.split())
    assert "ladle campaign person merge" in " ".join(out.split())
    code, facts = run_json("campaign", "person", "list")
    assert [(each["name"], each["labels"]) for each in facts["people"]] == [("ann", 1), ("Ann", 1)]
    code, facts = run_json("campaign", "person", "merge", "Ann", "ann", "--by", "lead")
    assert (code, facts["labels"], facts["skips"], facts["superseded"]) == (0, 1, 0, 1)
    assert run_json("campaign", "person", "rename", "ann", "Ann Lee")[1]["labels"] == 2
    assert run_json("campaign", "person", "team", "ann", "vendorA")[0] == 0
    code, out, _ = run("campaign", "person", "list")
    assert (code, "Ann Lee" in out, "vendorA" in out, "Ann, ann" in out) == (0, True, True, True)
    code, _, err = run("campaign", "person", "merge", "bob", "ann")
    assert (code, "nobody of that name" in err) == (8, True)
    assert opened().audit()["actor"].tolist()[-3] == "lead"


def test_changes_of_people_say_what_they_did_and_whether_it_was_so_before(begun: Path, run: Any, run_json: Any) -> None:
    for number, holder in enumerate(("Vendor A", "vendorA")):
        ask = ("ask", "--scores", "scores-1.parquet", "--size", 3, "--holder", holder, "--key", holder)
        assert run("campaign", *ask, "-o", f"b{number}.csv")[0] == 0
    assert run("campaign", "assign", "--to", "vendorA", "--example", "im001")[0] == 0
    code, out, _ = run("campaign", "person", "merge", "vendorA", "Vendor A")
    assert (code, "batches 1" in " ".join(out.split()), "assigned 1" in " ".join(out.split())) == (0, True, True)
    lines = [
        (("merge", "vendorA", "Vendor A"), None),
        (("rename", "Vendor A", "A"), {"labels": 0, "batches": 2, "assigned": 1}),
        (("team", "ann", "A"), {"team": "A"}),
        (("rename", "ann", "Ann Lee"), {"labels": 0, "batches": 0, "assigned": 0}),
    ]
    for line, wanted in lines:
        if wanted is not None:
            code, facts = run_json("campaign", "person", *line)
            assert (code, facts["done_before"], facts | wanted) == (0, False, facts), line
        assert run_json("campaign", "person", *line)[1]["done_before"], line
        assert "nothing was changed" in " ".join(run("campaign", "person", *line)[1].split()), line


def test_a_whole_file_in_quarantine_stops_a_round(begun: Path, run: Any, run_json: Any) -> None:
    bad = written("bad.csv", "im001,cow", "im002,cow")
    line = ("campaign", "round", "--scores", "scores-1.parquet", "--size", 5, "-o", "b.csv", "--labels", bad)
    code, _, err = run(*line, "--annotator", "ann")
    assert code == 11
    assert "bad.csv must be labels of this campaign, or some of them; got 2 that all went to quarantine" in err
    assert "--go-on" in err
    assert "go_on" not in err
    assert not Path("b.csv").exists()
    assert len(opened().batches()) == 0
    code, facts = run_json("campaign", "quarantine", "list")
    assert (facts["open"], [each["place"] for each in facts["entries"]]) == (2, ["line 2", "line 3"])
    assert run(*line, "--annotator", "ann", "--go-on")[0] == 0
    assert Path("b.csv").exists()


def test_entries_that_are_answered_since_are_closed_together(begun: Path, run: Any, run_json: Any) -> None:
    run("campaign", "tell", written("bad.csv", "im001,cow", "im002,cow"), "--annotator", "ann")
    out = run("campaign", "tell", written("mended.csv", "im001,cat", "im002,cow"), "--annotator", "ann")[1]
    assert "1 open entry is answered now: ladle campaign quarantine close --answered" in " ".join(out.split())
    out = " ".join(run("campaign", "quarantine", "list")[1].split())
    assert "2 open entries" in out
    assert "1 of them answered since" in out
    assert out.count("answered since: a label is one of") == 1
    facts = run_json("campaign", "quarantine", "list")[1]
    assert (facts["open"], facts["answered"]) == (2, 1)
    assert [each["is_answered"] for each in facts["entries"]] == [True, False]
    line = ("campaign", "quarantine", "close", "--answered", "--reason", "told again")
    assert [run_json(*line)[1]["changed"] for _ in range(2)] == [1, 0]
    assert run_json("campaign", "quarantine", "list")[1]["open"] == 1


def test_a_strict_tell_fails_and_another_does_not(begun: Path, run: Any) -> None:
    bad = written("bad.csv", "im001,cow")
    assert run("campaign", "tell", bad, "--annotator", "ann")[0] == 0
    code, _, err = run("campaign", "tell", bad, "--annotator", "ann", "--strict")
    assert (code, "ladle campaign quarantine list" in err) == (11, True)
    assert run("campaign", "import", bad, "--annotator", "ann", "--source", "old", "--strict")[0] == 11
    assert run("campaign", "tell", written("good.csv", "im001,cat"), "--annotator", "ann", "--strict")[0] == 0


def test_the_quarantine_is_listed_and_closed(begun: Path, run: Any, run_json: Any) -> None:
    assert run("campaign", "tell", written("bad.csv", "im001,cow", "im002,owl"), "--annotator", "ann")[0] == 0
    code, out, _ = run("campaign", "quarantine", "list")
    assert (code, "bad.csv line 2" in " ".join(out.split())) == (0, True)
    for wrong in ((), ("1", "--all"), ("1", "--answered"), ("--all", "--answered")):
        code, _, err = run("campaign", "quarantine", "close", *wrong, "--reason", "x")
        assert (code, "by their numbers, by --all or by --answered" in err) == (2, True)
    assert run_json("campaign", "quarantine", "close", "1", "--reason", "typing")[1]["open"] == 1
    assert run_json("campaign", "quarantine", "close", "--all", "--reason", "typing")[1]["changed"] == 1
    assert run_json("campaign", "quarantine", "list")[1]["entries"] == []
    assert [each["closing"] for each in run_json("campaign", "quarantine", "list", "--all")[1]["entries"]] == [
        "typing",
        "typing",
    ]
    assert run_json("campaign", "progress")[1]["quarantined"] == 0


def test_labels_are_deleted_by_who_gave_them_and_when(begun: Path, run: Any, run_json: Any) -> None:
    header = "id,label,annotator,told_at"
    path = written(
        "a.csv",
        "im001,cat,ann,2026-01-01T00:00:00Z",
        "im002,cat,bob,2026-01-05T00:00:00Z",
        "im003,dog,bob,",
        header=header,
    )
    assert run("campaign", "tell", path)[0] == 0
    line = ("campaign", "delete", "--annotator", "bob", "--until", "2026-02-01")
    code, facts = run_json(*line, "--dry-run")
    assert (code, facts["labels"], facts["tasks"], facts["changed"]) == (0, 1, 1, 0)
    code, _, err = run(*line)
    assert (code, "--reason must say why" in err) == (2, True)
    assert run_json(*line, "--reason", "wrong guide")[1]["changed"] == 1
    assert run_json("campaign", "delete", "--file", path, "--reason", "all of it")[1]["changed"] == 2
    assert run("campaign", "delete", "--reason", "x")[0] == 2
    code, _, err = run("campaign", "delete", "--since", "yesterday", "--reason", "x")
    assert (code, "--since must be a date or a time" in err) == (2, True)


def test_a_file_is_untold(begun: Path, run: Any, run_json: Any) -> None:
    good, wrong = written("good.csv", "im001,cat"), written("wrong.csv", "im001,dog", "im002,dog")
    for path in (good, wrong):
        assert run("campaign", "tell", path, "--annotator", "ann")[0] == 0
    code, facts = run_json("campaign", "untell", wrong, "--dry-run")
    assert (code, facts["labels"], facts["restored"]) == (0, 2, 1)
    assert len(opened().audit()) == 3
    assert run_json("campaign", "untell", wrong)[1]["restored"] == 1
    assert [row.label for row in opened().labels() if row.status == "current"] == ["cat"]
    assert run("campaign", "untell", "other.csv")[0] == 8
    code, facts = run_json("campaign", "tell", wrong, "--annotator", "ann")
    assert (facts["done_before"], facts["accepted"]) == (False, 2)


def test_an_untold_file_is_told_in_labels_and_in_examples(begun: Path, run: Any, run_json: Any) -> None:
    lines = [f"im00{place},cat,{who}" for place in range(1, 5) for who in ("ann", "bob")]
    path = written("both.csv", *lines, header="id,label,annotator")
    assert run("campaign", "tell", path)[0] == 0
    _, out, _ = run("campaign", "untell", path, "--dry-run")
    assert "8 would be deleted, of 4 examples" in out
    assert "nothing was changed" in out
    _, out, _ = run("campaign", "delete", "--annotator", "ann", "--dry-run")
    assert "4, of 4 examples" in out
    _, out, _ = run("campaign", "untell", path, "--annotator", "bob")
    assert "4 were deleted, of 4 examples" in out
    _, out, _ = run("campaign", "untell", path, "--annotator", "bob")
    assert "none: what this file had by bob was untold or deleted before, or was never new" in " ".join(out.split())
    assert run_json("campaign", "untell", path, "--annotator", "bob")[1]["done_before"]
    code, _, err = run("campaign", "untell", path, "--annotator", "Bob")
    assert (code, "Did you mean 'bob'?" in err) == (8, True)
    assert run(
        "campaign", "tell", written("new.csv", *(f"im00{place},dog" for place in range(1, 5))), "--annotator", "ann"
    )
    _, out, _ = run("campaign", "untell", path)
    assert "none: all 4 of this file were replaced by later ones" in " ".join(out.split())


def test_one_of_a_kind_is_told_in_the_singular(begun: Path, run: Any) -> None:
    def said(*line: str) -> str:
        return " ".join(run("campaign", *line)[1].split())

    assert run("campaign", "tell", written("a.csv", "im001,cat", "im002,cow"), "--annotator", "ann")[0] == 0
    assert run("campaign", "tell", written("b.csv", "im001,dog"), "--annotator", "ann")[0] == 0
    assert "none: the one of this file was replaced by a later one" in said("untell", "a.csv", "--dry-run")
    assert "1 entry would be closed" in said("untell", "a.csv", "--dry-run")
    assert "1 entry was closed" in said("untell", "a.csv")
    assert "1 was deleted, of 1 example" in said("untell", "b.csv")


def test_files_that_were_not_told_are_taken_back_in_other_ways(begun: Path, run: Any) -> None:
    def refused(*line: str) -> str:
        code, _, err = run("campaign", *line)
        assert code == 8, line
        return " ".join(err.split())

    gold, words = written("gold.csv", "im001,cat"), written("words.csv", "im002,dog")
    lines = [("untell", gold), ("untell", words), ("delete", "--file", gold, "--reason", "wrong")]
    assert not any("--remove" in refused(*line) or "--undo" in refused(*line) for line in lines)
    assert run("campaign", "gold", gold)[0] == 0
    assert run("campaign", "adjudicate", words)[0] == 0
    for line in lines:
        err = refused(*line)
        assert "Known labels of a file are taken back by ladle campaign gold --remove FILE." in err
        assert "Final words of a file are taken back by ladle campaign adjudicate --undo FILE." in err
    assert run("campaign", "gold", "--remove", gold)[0] == 0
    assert "gold --remove" not in refused("untell", gold)
    assert run("campaign", "adjudicate", "--undo", words)[0] == 0
    assert "--undo" not in refused("untell", words)


def test_unknown_names_are_refused_and_new_ones_said(begun: Path, run: Any, run_json: Any) -> None:
    assert run("campaign", "tell", written("a.csv", "im001,cat"), "--annotator", "ann", "--source", "desk")[0] == 0
    for line in (
        ("delete", "--annotator", "Ann", "--reason", "x"),
        ("delete", "--annotator", "Ann", "--dry-run"),
        ("release", "--annotator", "Ann"),
        ("untell", "a.csv", "--annotator", "Ann"),
        ("assign", "--end", "--to", "Ann", "--example", "im001"),
        ("person", "merge", "Ann", "bob"),
    ):
        code, out, err = run("campaign", *line)
        assert (code, out, "Did you mean 'ann'?" in " ".join(err.split())) == (8, "", True), line
    code, _, err = run("campaign", "delete", "--source", "dask", "--reason", "x")
    assert (code, "the source 'dask' must be one" in err) == (8, True)
    code, facts = run_json("campaign", "assign", "--to", "Ann", "--example", "im002")
    assert (code, facts["changed"]) == (0, 1)
    assert facts["notices"] == [
        "'Ann' is a new name: no person, team or holder of this campaign has it. Did you mean 'ann'?"
    ]
    assert "notices" not in run_json("campaign", "assign", "--to", "ann", "--example", "im002")[1]
    assert "reserves nothing of the budget" in " ".join(run("campaign", "assign", "--help")[1].split())
    code, _, err = run("campaign", "person", "team", "Q", "Q")
    assert (code, "a name that no person has" in err) == (2, True)


def test_skips_and_comments(begun: Path, run: Any, run_json: Any) -> None:
    line = ("campaign", "skip", "--example", "im001", "--annotator", "ann", "--reason", "too dark")
    assert run_json(*line)[1]["skipped"] == 1
    assert run_json(*line)[1]["done_before"]
    assert (
        run_json("campaign", "comment", "--example", "im001", "--annotator", "bob", "--text", "a smudge")[1]["comments"]
        == 1
    )
    _, out, _ = run("campaign", "story", "im001")
    assert "skipped by ann: too dark" in out
    assert "bob said, entered by tester: a smudge" in out
    assert run("campaign", "tell", written("a.csv", "im002,cat"), "--annotator", "ann")[0] == 0
    assert run("campaign", "export", "labels", "-o", "labels.csv")[0] == 0
    assert "im001" not in Path("labels.csv").read_text()
    assert "im002" in Path("labels.csv").read_text()


def test_a_file_with_skips_comments_and_seconds(begun: Path, run_json: Any) -> None:
    path = written(
        "a.csv",
        "im001,cat,no,,,1500",
        "im002,,yes,too dark,two birds?,2000",
        header="id,label,skip,skip_reason,comment,spent_ms",
    )
    code, facts = run_json("campaign", "tell", path, "--annotator", "ann")
    assert (code, facts["accepted"], facts["skipped"], facts["comments"]) == (0, 1, 1, 1)
    campaign = opened()
    assert [(row.label, row.reason, row.seconds) for row in campaign.labels()] == [
        ("cat", "", 1.5),
        (None, "too dark", 2.0),
    ]
    assert [(row.id, row.text, row.annotator) for row in campaign.comments()] == [("im002", "two birds?", "ann")]
    assert run_json("campaign", "tell", path, "--annotator", "ann")[1]["done_before"]


def test_gold_is_taken_back_and_a_metric_corrected(begun: Path, run: Any, run_json: Any) -> None:
    assert run_json("campaign", "gold", written("gold.csv", "im001,cat", "im002,dog"))[1]["added"] == 2
    assert run_json("campaign", "gold", "--remove", "--example", "im001")[1]["removed"] == 1
    assert run_json("campaign", "gold", "--remove", "gold.csv")[1]["removed"] == 1
    assert run("campaign", "gold")[0] == 2
    assert run_json("campaign", "model", "v1", "--metric", "accuracy=9.1")[0] == 0
    assert run("campaign", "model", "v1", "--metric", "accuracy=0.91")[0] == 5
    assert run_json("campaign", "model", "v1", "--metric", "accuracy=0.91", "--correct")[1]["corrected"]
    assert opened().progress().curve[0].metrics == {"accuracy": 0.91}
    assert run("campaign", "model", "v2", "--metric", "accuracy=0.91", "--correct")[0] == 8


def test_a_batch_that_is_all_labelled_says_that_new_scores_are_needed(begun: Path, run: Any, run_json: Any) -> None:
    line = ("campaign", "ask", "--scores", "scores-1.parquet", "--size", 2, "-o", "b.csv")
    assert run_json(*line)[0] == 0
    ids = opened().batch().ids.tolist()
    with opened() as campaign:
        for name in ("ann", "bob"):
            campaign.tell(ids, ["cat", "cat"], annotator=name)
    code, out, _ = run(*line)
    assert (code, "this batch of 2 examples is labelled" in " ".join(out.split())) == (0, True)
    assert "new scores" in " ".join(out.split())


def test_ids_that_were_renumbered_are_refused_with_the_line(begun: Path, run: Any) -> None:
    assert run("campaign", "ask", "--scores", "scores-1.parquet", "--size", 3, "-o", "b.csv")[0] == 0
    lines = Path("b.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    ids = [row[0] for row in rows]
    shifted = [[*ids[1:], ids[0]][place] for place in range(3)]
    for wrong in (shifted, ["im001", "im002", "im003"]):
        body = [",".join([example, "cat", *row[2:]]) for example, row in zip(wrong, rows, strict=True)]
        Path("shifted.csv").write_text("\n".join([lines[0], *body]) + "\n")
        code, _, err = run("campaign", "tell", "shifted.csv", "--annotator", "ann")
        assert (code, "line 2" in err) == (3, True), err
    assert len(opened().labels()) == 0


def test_an_annotator_that_no_line_is_of_is_said(begun: Path, run: Any, run_json: Any) -> None:
    path = written("a.csv", "im001,cat,4", "im002,dog,5", header="id,label,annotator")
    code, facts = run_json("campaign", "tell", path, "--annotator", "acme")
    assert (code, facts["accepted"]) == (0, 2)
    said = "The file says itself who labelled: 4, 5. The annotator acme was used for no line."
    assert facts["notices"] == [said]
    assert "The annotator acme was used for no line." in " ".join(
        run("campaign", "tell", path, "--annotator", "acme")[1].split()
    )
    some = written("b.csv", "im003,cat,4", "im004,dog,", header="id,label,annotator")
    assert run_json("campaign", "tell", some, "--annotator", "acme")[1]["notices"] == []


def test_a_skip_of_an_unknown_example_is_said(begun: Path, run: Any, run_json: Any) -> None:
    line = ("campaign", "skip", "--example", "nope", "--annotator", "ann", "--reason", "dark")
    assert "1 entry is there: the pool lacks the id" in run(*line)[1]
    assert run_json(*line)[1] | {"quarantined": 1, "skipped": 0, "done_before": False} == run_json(*line)[1]


def test_gold_that_changes_is_said(begun: Path, run: Any, run_json: Any) -> None:
    first, second = written("g1.csv", "im001,cat"), written("g2.csv", "im001,dog")
    assert run_json("campaign", "gold", first)[1]["added"] == 1
    changed = run_json("campaign", "gold", second)[1]
    assert (changed["added"], changed["changed"], changed["done_before"]) == (0, True, False)
    assert changed["notices"] == ['The gold example im001 has another known label now: it was "cat".']
    again = run_json("campaign", "gold", second)[1]
    assert (again["changed"], again["done_before"]) == (False, True)


def test_a_pool_that_is_gone_is_told_in_commands(begun: Path, run: Any, run_json: Any) -> None:
    Path("pool.parquet").unlink()
    for text in (run("campaign", "pool")[1], run_json("campaign", "pool")[1]["problem"]):
        assert "ladle campaign pool move" in text
        assert "Campaign." not in text


def test_the_log_counts_labels_skips_repeats_and_quarantined(begun: Path, run: Any, run_json: Any) -> None:
    name = f"{'a-long-name-' * 12}.csv"
    written(name, "im001,cat,", "im002,cow,", "nobody,cat,", "im003,,yes", "im004,dog,", header="id,label,skip")
    assert run("campaign", "tell", name, "--annotator", "ann")[0] == 0
    written("b.csv", "im004,dog,", "im003,cat,", header="id,label,skip")
    assert run("campaign", "tell", "b.csv", "--annotator", "ann")[0] == 0
    code, out, _ = run("campaign", "audit")
    shown = " ".join(out.split())
    assert code == 0
    assert "labels 2, skips 1, repeats 0, quarantined 2" in shown
    assert "labels 1, skips 0, repeats 1, quarantined 0, changed 1" in shown
    code, facts = run_json("campaign", "audit", "--last", 2)
    counts = [
        [each["details"][name] for name in ("accepted", "skipped", "repeated", "quarantined")]
        for each in facts["events"]
    ]
    assert (code, counts) == (0, [[2, 1, 0, 2], [1, 0, 1, 0]])


def test_a_merge_and_a_rename_say_labels_and_skips_apart(begun: Path, run: Any, run_json: Any) -> None:
    run("campaign", "tell", written("a.csv", "im001,cat", "im002,dog"), "--annotator", "Ann")
    run("campaign", "skip", "--example", "im003", "--annotator", "Ann", "--reason", "dark")
    run("campaign", "tell", written("b.csv", "im001,cat"), "--annotator", "ann")
    code, out, _ = run("campaign", "person", "merge", "Ann", "ann")
    shown = " ".join(out.split())
    assert (code, "labels 2 skips 1 superseded 1 answer, because" in shown) == (0, True), shown
    code, out, _ = run("campaign", "person", "rename", "ann", "Ann Lee")
    assert (code, "labels 3 skips 1" in " ".join(out.split())) == (0, True)
    shown = " ".join(run("campaign", "audit", "--last", 2)[1].split())
    assert "labels 2, paid twice 1, skips 1, superseded 1, tasks 3" in shown
    assert "labels 3, skips 1" in shown


def test_a_story_tells_who_deleted_a_label_and_why(begun: Path, run: Any, run_json: Any) -> None:
    run("campaign", "tell", written("a.csv", "im001,cat"), "--annotator", "ann")
    line = ("campaign", "delete", "--example", "im001", "--reason", "a slip", "--by", "lead")
    assert run(*line)[0] == 0
    run("campaign", "exclude", "--example", "im001", "--reason", "blurred", "--by", "lead")
    run("campaign", "include", "--example", "im001", "--by", "lead")
    code, facts = run_json("campaign", "story", "im001")
    assert (code, [each["what"] for each in facts["lines"]]) == (
        0,
        [
            "labelled 'cat' by ann, entered by tester",
            "the label 'cat' of ann was deleted by lead: a slip",
            "excluded by lead: blurred",
            "included again by lead (was excluded: blurred)",
        ],
    )
    out = run("campaign", "story", "im001")[1]
    assert "the label 'cat' of ann was deleted by lead: a slip" in out


def test_the_log_says_whose_and_which_answers_were_skipped_commented_on_and_deleted(
    begun: Path, run: Any, run_json: Any
) -> None:
    run("campaign", "skip", "--example", "im003", "--annotator", "Ann", "--reason", "too dark")
    run("campaign", "comment", "--example", "im004", "--annotator", "bob", "--text", "a tail")
    run("campaign", "tell", written("a.csv", "im001,cat", "im002,dog"), "--annotator", "cy")
    run("campaign", "delete", "--annotator", "cy", "--example", "im002", "--reason", "a slip")
    run("campaign", "untell", "a.csv")
    code, facts = run_json("campaign", "audit", "--last", 5)
    names = ("annotators", "ids", "reasons", "reason")
    told = [{name: each["details"][name] for name in names if name in each["details"]} for each in facts["events"]]
    assert code == 0
    assert told == [
        {"annotators": ["Ann"], "ids": ["im003"], "reasons": ["too dark"]},
        {"annotators": ["bob"], "ids": ["im004"]},
        {"annotators": ["cy"]},
        {"annotators": ["cy"], "ids": ["im002"], "reason": "a slip"},
        {"annotators": ["cy"], "reason": ""},
    ]
    shown = " ".join(run("campaign", "audit", "--last", 5)[1].split())
    assert 'annotators ["Ann"], reasons ["too dark"], ids ["im003"]' in shown
    assert 'deleted 1, tasks 1, annotators ["cy"], reason a slip, ids ["im002"]' in shown

"""What commands write never replaces another file unless it is --force; a command repeated finds its own."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.cli.program.outputs import write_contents
from ladle.errors import FileError
from tests.cli.test_usage import commands

OTHER = "must be a new one, or what this command wrote before; got another file, which may hold what people filled in"
# A folder that is gone on with.
RESUMED = {"lab run"}


def test_every_command_that_writes_a_file_has_force():
    for path, command in commands():
        names = {name for option in command.params for name in option.opts}
        if "-o" in names and " ".join(path) not in RESUMED:
            assert "--force" in names, path


@pytest.fixture
def select(made, tmp_path):
    return (
        *("select", made / "pool.parquet", "--id", "image_id", "--scores", made / "scores.parquet"),
        *("--tree", made / "tree.npz", "--size", 20, "-o", tmp_path / "batch.csv"),
    )


def filled_in(path):
    text = path.read_text().replace("im001", "im001 cat", 1) + "im999,cat\n"
    path.write_text(text)
    return text


def refused(run, line, path):
    """The line is refused, and the file stays as it was, with nothing beside it."""
    before, names = path.read_bytes(), sorted(each.name for each in path.parent.iterdir())
    code, out, err = run(*line)
    assert (code, out, OTHER in err) == (4, "", True), err
    assert path.read_bytes() == before
    assert sorted(each.name for each in path.parent.iterdir()) == names


def test_a_batch_that_people_have_filled_in(run, run_json, select, tmp_path):
    assert run_json(*select)[1]["done_before"] is False
    first = (tmp_path / "batch.csv").read_bytes()
    assert run_json(*select)[1]["done_before"] is True
    assert "batch.csv,asitwas" in "".join(run(*select)[1].split())  # a long path is broken wherever the line ends
    refused(run, (*select, "--seed", 8), tmp_path / "batch.csv")
    filled_in(tmp_path / "batch.csv")
    refused(run, select, tmp_path / "batch.csv")
    assert run_json(*select, "--force")[1]["done_before"] is False
    assert (tmp_path / "batch.csv").read_bytes() == first


def test_clusters_of_newcomers(run, run_json, made, tmp_path):
    line = ("assign", made / "tree.npz", made / "pool.npy", "-o", tmp_path / "c.csv")
    assert run_json(*line)[1]["done_before"] is False
    assert run_json(*line)[1]["done_before"] is True
    refused(run, (*line, "--mean-size", 40), tmp_path / "c.csv")
    assert run_json(*line, "--mean-size", 40, "--force")[1]["done_before"] is False


def test_a_tree(run, run_json, made, tmp_path, monkeypatch):
    line = ("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", "--clusters-out", tmp_path / "c.csv")
    assert run_json(*line)[1]["done_before"] is False
    assert run_json(*line)[1]["done_before"] is True
    (tmp_path / "c.csv").unlink()  # as if it had been killed before it was written
    assert run_json(*line)[1]["done_before"] is False
    filled_in(tmp_path / "c.csv")
    refused(run, line, tmp_path / "c.csv")
    with monkeypatch.context() as patch:
        patch.setattr("ladle.hac.cluster", lambda *_, **__: pytest.fail("worked before it refused"))
        for more in (["--metric", "sqeuclidean"], ["--mean-size", 5], ["--full"]):
            refused(run, (*line, *more), tmp_path / "t.npz")
        np.save(tmp_path / "other.npy", np.random.default_rng(0).random((240, 6)))
        refused(run, (line[0], tmp_path / "other.npy", *line[2:]), tmp_path / "t.npz")
        (tmp_path / "t.npz").write_bytes(b"precious")
        refused(run, line, tmp_path / "t.npz")
        (tmp_path / "t.npz").unlink()
        refused(run, line, tmp_path / "c.csv")
    assert run_json(*line, "--force")[1]["done_before"] is False
    assert ladle.Dendrogram.load(tmp_path / "t.npz").n == 240


def test_a_list_of_what_was_left_out(run, tmp_path):
    vectors = np.random.default_rng(0).random((30, 3))
    vectors[4] = np.nan
    np.save(tmp_path / "pool.npy", vectors)
    line = ("cluster", tmp_path / "pool.npy", "-o", tmp_path / "t.npz", "--skip-invalid")
    (tmp_path / "t.npz.skipped.csv").write_text("mine")
    refused(run, line, tmp_path / "t.npz.skipped.csv")
    assert run(*line, "--force")[0] == 0
    assert run(*line)[0] == 0


def test_exports_and_backups(run, run_json, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "a.db")
    made_of = ("create", made / "pool.npy", "--name", "a", "--strategy", "uniform", "--labels", "cat")
    assert run("campaign", *made_of)[0] == 0
    assert run("campaign", "ask", "--size", 3, "-o", "b.csv")[0] == 0
    filled = (tmp_path / "b.csv").read_text().splitlines()
    (tmp_path / "done.csv").write_text("\n".join([filled[0], *(line.replace(",,", ",cat,", 1) for line in filled[1:])]))
    assert run("campaign", "tell", "done.csv")[0] == 0
    resolved = ("campaign", "export", "resolved", "-o", "train.csv")
    assert run_json(*resolved)[1]["done_before"] is False
    assert run_json(*resolved)[1]["done_before"] is True
    filled_in(tmp_path / "train.csv")
    refused(run, resolved, tmp_path / "train.csv")
    assert run_json(*resolved, "--force")[1]["done_before"] is False
    refused(run, ("campaign", "backup", "-o", "train.csv"), tmp_path / "train.csv")
    assert run("campaign", "backup", "-o", "a.backup")[0] == 0
    assert run("campaign", "backup", "-o", "a.backup", "--force")[0] == 0


def test_several_texts_all_or_none(tmp_path):
    page, table = tmp_path / "a.html", tmp_path / "a.md"
    write_contents({page: "1"}, force=False)
    table.write_text("mine")
    with pytest.raises(FileError, match=r"a\.md must be a new one"):
        write_contents({page: "1", table: "2"}, force=False)
    with pytest.raises(FileError, match=r"a\.html must be a new one"):
        write_contents({page: "2", tmp_path / "b.md": "2"}, force=False)
    assert (page.read_text(), table.read_text(), (tmp_path / "b.md").exists()) == ("1", "mine", False)
    write_contents({page: "2", table: "2"}, force=True)
    assert (page.read_text(), table.read_text()) == ("2", "2")


@pytest.fixture
def withdrawing(run, made, tmp_path, monkeypatch):
    """An export of two files, from a campaign in the folder of now."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "a.db")
    shutil.copy(made / "pool.parquet", "pool.parquet")
    made_of = ("create", "pool.parquet", "--id", "image_id", "--name", "a", "--strategy", "uniform")
    assert run("campaign", *made_of, "--labels", "cat,dog")[0] == 0
    with ladle.Campaign.open("a.db") as campaign:
        campaign.tell(["im001", "im002"], ["cat", "dog"])
        event = campaign.last_event()
        campaign.exclude(["im002"], reason="blurred")
        campaign.tell(["im003"], ["cat"])
    return ("campaign", "export", "resolved", "--since", f"event:{event}", "--withdrawn", "gone.csv", "-o", "new.csv")


@pytest.mark.parametrize("name", ["new.csv", "gone.csv"])
def test_an_export_of_two_files_is_refused_whole(run, run_json, withdrawing, tmp_path, name):
    (tmp_path / name).write_text("mine")
    refused(run, withdrawing, tmp_path / name)
    assert run(*withdrawing, "--force")[0] == 0
    assert run_json(*withdrawing)[1]["done_before"] is True


def test_a_folder_that_is_not_there_leaves_neither_file(run, withdrawing, tmp_path):
    before = sorted(tmp_path.iterdir())
    code, _, err = run(*withdrawing[:-1], "no/such/folder/new.csv")
    assert (code, "folder" in err, sorted(tmp_path.iterdir())) == (4, True, before)


def test_no_file_of_the_campaign_is_its_second_output(run, withdrawing, tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.db")
    before = [(tmp_path / name).read_bytes() for name in ("a.db", "pool.parquet")]
    for name, what in (("link.csv", "a database"), ("pool.parquet", "its pool")):
        line = [*withdrawing, "--force"]
        line[line.index("gone.csv")] = name
        code, _, err = run(*line)
        assert (code, what in err, (tmp_path / "new.csv").exists()) == (2, True, False), err
    assert [(tmp_path / name).read_bytes() for name in ("a.db", "pool.parquet")] == before


def test_a_disk_that_fails_between_two_files_leaves_both_as_they_were(run, withdrawing, tmp_path, monkeypatch):
    (tmp_path / "gone.csv").write_text("mine")
    (tmp_path / "new.csv").write_text("mine too")
    before, rename, renamed = sorted(tmp_path.iterdir()), os.replace, []

    def replace(source, target):
        if str(target) in ("gone.csv", "new.csv") and not str(source).endswith(".before"):
            if renamed:
                raise OSError(5, "Input/output error")
            renamed.append(target)
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", replace)
        code, _, err = run(*withdrawing, "--force")
    assert (code, "All files are as they were" in err, len(renamed)) == (4, True, 1), err
    assert ((tmp_path / "gone.csv").read_text(), (tmp_path / "new.csv").read_text()) == ("mine", "mine too")
    assert sorted(tmp_path.iterdir()) == before


def test_a_refused_command_leaves_no_list_of_what_was_left_out(run, tmp_path):
    vectors = np.random.default_rng(0).random((30, 3))
    vectors[4] = np.nan
    np.save(tmp_path / "pool.npy", vectors)
    (tmp_path / "batch.csv").write_text("mine")
    line = ("select", tmp_path / "pool.npy", "--size", 3, "--strategy", "uniform", "-o", tmp_path / "batch.csv")
    refused(run, (*line, "--skip-invalid"), tmp_path / "batch.csv")
    code, _, err = run(*line[:-1], tmp_path / "b.csv", "--skip-invalid", "--skipped", tmp_path / "b.csv")
    assert (code, "be another file" in err, (tmp_path / "b.csv").exists()) == (2, True, False)
    assert run(*line, "--skip-invalid", "--force")[0] == 0
    assert (tmp_path / "batch.csv.skipped.csv").exists()


def test_the_demo_refuses_before_it_works(run, tmp_path, monkeypatch):
    monkeypatch.setattr("ladle.lab.run_experiment", lambda *_, **__: pytest.fail("worked before it refused"))
    (tmp_path / "page.html").write_text("mine")
    refused(run, ("demo", "--out", tmp_path / "page.html"), tmp_path / "page.html")
    code, out, _ = run("demo", "--out", tmp_path / "page.html", "--json")
    assert (code, json.loads(out)["error"]["kind"]) == (4, "FileError")


@pytest.mark.parametrize("path", ["/batch.csv", "/tmp/batch.csv", "/no-such-folder/batch.csv", "batch.csv"])
def test_an_output_near_the_root_is_no_file_of_a_campaign(path):
    from ladle.cli.program.outputs import refuse_campaign_file

    refuse_campaign_file(Path(path))

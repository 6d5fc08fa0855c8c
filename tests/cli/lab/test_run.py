"""`ladle lab run` where a run has been: what it says first, and what it refuses."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.lab.test_lab import PROTOCOL, finished  # noqa: F401 - a fixture


@pytest.fixture
def copied(finished, tmp_path):  # noqa: F811 - the fixture, asked for
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def protocol(tmp_path, old="", new=""):
    path = tmp_path / "changed.toml"
    path.write_text(PROTOCOL.replace(old, new))
    return path


def test_another_experiment_is_refused_with_both_values_and_nothing_else_said(run, copied, tmp_path):
    code, out, err = run("lab", "run", protocol(tmp_path, "batch_size = 20", "batch_size = 30"), "-o", copied)
    assert (code, out) == (5, "")
    assert "batch_size (20 there, 30 here)" in err
    assert "going on" not in err


def test_wrong_parts_are_refused_before_it_goes_on(run, copied, tmp_path):
    code, _, err = run("lab", "run", protocol(tmp_path), "-o", copied, "--strategies", "Nobody")
    assert code == 2
    assert "going on" not in err


def test_fewer_trials_or_rounds_are_counted_as_they_are_now(run, run_json, copied, tmp_path):
    for old, new, total in (("trials = 3", "trials = 1", 4), ("rounds = 2", "rounds = 1", 6)):
        changed = protocol(tmp_path, old, new)
        code, _, err = run("lab", "run", changed, "-o", copied)
        assert code == 0
        assert err.startswith(f"going on from {total} of {total} rounds")
        code, facts = run_json("lab", "run", changed, "-o", copied)
        assert (code, facts["rounds_before"], facts["rounds_done"]) == (0, total, total)


@pytest.mark.parametrize("left", ["an empty file", "no such file"])
def test_a_lost_ledger_is_not_begun_anew(run, copied, tmp_path, left):
    ledger = copied / "ledger.sqlite"
    ledger.write_bytes(b"") if left == "an empty file" else ledger.unlink()
    code, out, err = run("lab", "run", protocol(tmp_path), "-o", copied)
    assert (code, out) == (4, "")
    assert left in err
    assert "Restore it from a copy" in err


def test_a_folder_without_a_name_is_refused(run, tmp_path):
    code, out, err = run("lab", "run", protocol(tmp_path), "--out", "")
    assert (code, out) == (2, "")
    assert "--out must name a folder" in err


def test_the_next_command_can_be_pasted(run, copied, tmp_path):
    spaced = copied.rename(tmp_path / "my run")
    code, out, _ = run("lab", "run", protocol(tmp_path), "-o", spaced)
    assert code == 0
    assert "myrun'" in "".join(out.split())


def test_a_raw_ledger_is_not_published_over(run, copied, tmp_path):
    other = tmp_path / "other" / "ledger.sqlite"
    shutil.copytree(copied, other.parent)
    before = other.read_bytes()
    for options in ((), ("--force",)):
        code, out, err = run("lab", "publish", copied, "-o", other, *options)
        assert (code, out) == (2, "")
        assert "replace nothing but another such copy" in err
    assert other.read_bytes() == before
    for _ in range(2):  # a copy may be made again
        assert run("lab", "publish", copied, "-o", tmp_path / "thin.sqlite")[0] == 0

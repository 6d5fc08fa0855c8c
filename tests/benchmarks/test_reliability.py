"""Processes die, power goes, disks are full or broken, many work at once, bits flip: nothing is lost, nothing silent.

Small samples of what the benchmarks go through; and that these would find what they look for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.reliability import failpoints

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not failpoints.available(), reason="needs Linux and a C compiler called cc")


def reports(name: str, *options: str, code: int = 0) -> list[dict]:
    """The lines of JSON that a benchmark of reliability prints."""
    command = [sys.executable, "-m", f"benchmarks.reliability.{name}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == code, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def swept(*scenarios: str, every: int = 1) -> list[dict]:
    return reports("sweep", *scenarios, f"--every={every}", "--json")


def test_files_are_whole_or_as_they_were() -> None:
    outcomes = swept("file")
    assert len(outcomes) == 6
    for each in outcomes:
        assert each["wrong"] == []
        assert each["fail_points"] >= 5
        assert sum(each["ended"].values()) == each["fail_points"] + each["way"].startswith("power")
    killed = outcomes[0]
    assert killed["ended"] == {"killed": killed["fail_points"]}
    assert outcomes[2]["ended"]["FileError"] >= 3


def test_exports_are_whole_or_as_they_were() -> None:
    for each in swept("export batch csv"):
        assert each["wrong"] == []
        assert each["fail_points"] >= 5


@pytest.mark.long
def test_every_scenario_runs() -> None:
    """One fail point or a few of each, so that no scenario falls behind the program."""
    for each in swept(every=1000):
        assert each["wrong"] == [], each


@pytest.mark.long
def test_campaigns_lose_nothing() -> None:
    """A sample of the fail points; `python -m benchmarks.reliability.sweep` goes through all."""
    outcomes = swept("create", "round", every=40)
    assert len(outcomes) == 12
    for each in outcomes:
        assert each["wrong"] == []
        assert each["fail_points"] >= 30
        if not each["way"].startswith("disk"):
            assert set(each["ended"]) == {"killed"}
        else:
            assert each["ended"]["StoreError"] >= 1


def test_a_weaker_setting_would_lose_a_tell() -> None:
    """SQLite's default undoes the last commit where power goes before its folder is synced: the sweep sees that."""
    cut = reports("sweep", "tell", "--every=100", "--synchronous=FULL", "--json", code=1)[4]
    assert cut["way"] == "power cut, all unsynced lost"
    assert any("reported as done, and is not" in line for line in cut["wrong"])


def test_many_at_once() -> None:
    (report,) = reports("concurrency", "--tellers=2", "--askers=2", "--labels=100")
    assert report["what"] == []
    assert (report["uploads told"], report["uploads taken"], report["batches"]) == (40, 30, 20)
    assert report["labels told"] == 200


@pytest.mark.parametrize("who", ["client", "server"])
def test_postgres_killed(who: str) -> None:
    pytest.importorskip("psycopg")
    (report,) = reports("server_kills", f"--who={who}", "--kills=2", "--labels=20")
    assert report["what"] == []
    assert report["uploads acknowledged"] >= 1
    assert report["clients that ended in an error"] == (2 if who == "server" else 0)


def test_damage_is_noticed() -> None:
    options = ("--flips=25", "--cuts=8")
    for report in reports("damage", "database", "backup", *options):
        assert report["what"] == []
        assert (
            report["noticed"] + report["meaningless"] == report["tried"] == (25 if report["damage"] == "flips" else 8)
        )
        if report["artefact"] != "database" or report["damage"] == "cuts":
            assert report["meaningless"] == 0
        else:
            assert report["noticed"] >= 8


def test_what_is_lost_shows(tmp_path: Path) -> None:
    """A work that acknowledges before it is durable, and one that is half done, are found out."""
    script = tmp_path / "careless.py"
    script.write_text(CARELESS.format(root=str(ROOT)))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    wrong = json.loads(done.stdout)
    assert any("reported as done" in line for line in wrong["early"]), done.stderr
    assert any("half done" in line for line in wrong["halves"])
    assert any("no clear error: OSError" in line for line in wrong["halves"])


CARELESS = """
import json, sys, tempfile
from pathlib import Path
sys.path.insert(0, {root!r})
from benchmarks.reliability import failpoints, sweep
from benchmarks.reliability.scenarios import Act, Scenario, whole_or_not

def before(folder):
    (folder / "a").write_text("old")
    (folder / "b").write_text("old")

def both(folder):
    (folder / "a").write_text("new")
    (folder / "b").write_text("new")

def seen(folder):
    return {{name: (folder / name).read_text() for name in "ab"}}

def early(folder, tell):
    tell("done")
    both(folder)

failpoints.preloaded()
careless = whole_or_not(Act("careless", before, both, seen, lambda folder: []))
wrong = {{}}
with tempfile.TemporaryDirectory() as home:
    scenario = Scenario("early", careless.prepare, early, careless.check)
    sweep.prepared(Path(home), careless.prepare)
    wrong["early"] = sweep.swept(scenario, "killed", Path(home)).wrong
    wrong["halves"] = sweep.swept(careless, "disk error", Path(home)).wrong
print(json.dumps(wrong))
"""

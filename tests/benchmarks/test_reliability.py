"""A process that dies, or whose disk is full or broken, at any change of a file: nothing is lost, nothing silent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import failpoints  # noqa: E402

sys.path.remove(str(BENCHMARKS))

pytestmark = pytest.mark.skipif(not failpoints.available(), reason="needs Linux and a C compiler called cc")


def swept(*scenarios: str, every: int = 1) -> list[dict]:
    command = [sys.executable, BENCHMARKS / "reliability.py", *scenarios, f"--every={every}", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_files_are_whole_or_as_they_were() -> None:
    outcomes = swept("file")
    assert len(outcomes) == 4
    for each in outcomes:
        assert each["wrong"] == []
        assert each["fail_points"] >= 5
        assert sum(each["ended"].values()) == each["fail_points"]
    killed = outcomes[0]
    assert killed["ended"] == {"killed": killed["fail_points"]}
    assert outcomes[2]["ended"]["FileError"] >= 3


def test_campaigns_lose_nothing() -> None:
    """A sample of the fail points; `python benchmarks/reliability.py` goes through all."""
    outcomes = swept("create", "ask", "tell", every=13)
    assert len(outcomes) == 12
    for each in outcomes:
        assert each["wrong"] == []
        assert each["fail_points"] >= 30
    assert all(set(each["ended"]) == {"killed"} for each in outcomes if each["way"].startswith("killed"))
    assert all(each["ended"]["StoreError"] >= 2 for each in outcomes if each["way"].startswith("disk"))


def test_what_is_lost_shows(tmp_path: Path) -> None:
    """A work that acknowledges before it is durable, and one that is half done, are found out."""
    script = tmp_path / "careless.py"
    script.write_text(CARELESS.format(benchmarks=str(BENCHMARKS)))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert any("told to be done" in line for line in told["early"]), done.stderr
    assert any("half done" in line for line in told["halves"])
    assert any("no clear error: OSError" in line for line in told["halves"])


CARELESS = """
import json, sys, tempfile
from pathlib import Path
sys.path.insert(0, {benchmarks!r})
import failpoints, reliability
from scenarios import Act, Scenario, whole_or_not

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
found = {{}}
with tempfile.TemporaryDirectory() as home:
    scenario = Scenario("early", careless.prepare, early, careless.check)
    found["early"] = reliability.swept(scenario, "killed", Path(home)).wrong
    found["halves"] = reliability.swept(careless, "disk error", Path(home)).wrong
print(json.dumps(found))
"""

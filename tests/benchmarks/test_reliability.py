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


def swept(*scenarios: str) -> list[dict]:
    command = [sys.executable, BENCHMARKS / "reliability.py", *scenarios, "--json"]
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

"""What is lost when the process dies, or the disk is full or broken, at any change of a file: it should be nothing.

python benchmarks/reliability.py [SCENARIO ...] [--json]

Each scenario is done once for every fail point and every way to fail (see failpoints.py), in a fresh copy of its
folder, and what is left behind is checked. Exit code 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import failpoints
from failpoints import BROKEN, FULL, KILL, TEAR, Ended, Tell

WAYS = {"killed": KILL, "killed in the middle of a write": TEAR, "disk full": FULL, "disk error": BROKEN}


@dataclass(frozen=True, slots=True)
class Scenario:
    """prepare: makes the folder as it is before. work: what is done in it, telling what a user would be told.

    check: what is wrong afterwards, in a line each; it may go on with the work, as a user would.
    """

    name: str
    prepare: Callable[[Path], None]
    work: Callable[[Path, Tell], None]
    check: Callable[[Path, Ended], list[str]]


@dataclass(slots=True)
class Outcome:
    """Of one way to fail: fail points met, how the work ended, and what was wrong."""

    scenario: str
    way: str
    fail_points: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def swept(scenario: Scenario, way: str, home: Path) -> Outcome:
    """The scenario, once for every fail point."""
    before, folder = home / "before", home / "folder"
    for each in (before, folder):
        shutil.rmtree(each, ignore_errors=True)
    before.mkdir(parents=True)
    scenario.prepare(before)

    def work(tell: Tell) -> None:
        scenario.work(folder, tell)

    shutil.copytree(before, folder)
    outcome = Outcome(scenario.name, way, failpoints.count(work, folder))
    for number in range(1, outcome.fail_points + 1):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        ended = failpoints.attempt(work, folder, number, WAYS[way])
        kind = "killed" if ended.killed else ended.error.split(":")[0] or "done"
        outcome.ended[kind] = outcome.ended.get(kind, 0) + 1
        outcome.wrong += [f"fail point {number}: {told}" for told in scenario.check(folder, ended)]
    return outcome


def _file_before(folder: Path) -> None:
    (folder / "batch.csv").write_bytes(b"old")


def _file_written(folder: Path, tell: Tell) -> None:
    from ladle.durable import writing

    with writing(folder / "batch.csv") as file:
        for _ in range(8):
            file.write(b"new" * 50_000)
    tell("written")


def _file_checked(folder: Path, ended: Ended) -> list[str]:
    found = (folder / "batch.csv").read_bytes()
    wrong = [] if found in (b"old", b"new" * 400_000) else [f"batch.csv has {len(found)} bytes of neither"]
    if ended.told and found == b"old":
        wrong.append("told to be written, and is not")
    left = [path.name for path in folder.iterdir() if path.name != "batch.csv"]
    if left and not ended.killed:
        wrong.append(f"left behind: {', '.join(left)}")
    if ended.error and not ended.error.startswith("FileError"):
        wrong.append(f"no clear error: {ended.error}")
    return wrong


SCENARIOS = {each.name: each for each in (Scenario("file", _file_before, _file_written, _file_checked),)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--json", action="store_true", help="one line of JSON for each way to fail")
    asked = parser.parse_args()
    unknown = set(asked.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    failpoints.preloaded()
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        for name in asked.scenarios or SCENARIOS:
            for way in WAYS:
                outcome = swept(SCENARIOS[name], way, Path(home))
                wrong += len(outcome.wrong)
                ends = ", ".join(f"{count} {kind}" for kind, count in outcome.ended.items())
                text = f"{name}, {way}: {outcome.fail_points} fail points ({ends}), {len(outcome.wrong)} wrong"
                print(json.dumps(asdict(outcome)) if asked.json else "\n  ".join([text, *outcome.wrong]), flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

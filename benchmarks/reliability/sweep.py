"""What is lost when a process dies, or power goes, or the disk is full or broken, at any change of a file: nothing?

python -m benchmarks.reliability.sweep [SCENARIO ...] [--every 1] [--synchronous LEVEL] [--json] [--record]

Each scenario is done once for every fail point and every way to fail (see failpoints.py), in a fresh copy of its
folder, and what is left behind is checked (see scenarios.py): once, where the same bytes are left behind several times
by work that reported the same. Exit code 1 when anything was wrong.
--every: of so many fail points, one. --record: a row for each way to fail in benchmarks/results. --synchronous: a
weaker setting of SQLite (OFF, NORMAL, FULL), under which power cuts must show losses, or the sweep could not see any.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import record
from benchmarks.reliability import failpoints
from benchmarks.reliability.campaign_scenarios import CAMPAIGN
from benchmarks.reliability.command_scenarios import COMMANDS
from benchmarks.reliability.failpoints import BROKEN, FULL, KILL, LOSE, MIX, TEAR, Report
from benchmarks.reliability.file_scenarios import FILE
from benchmarks.reliability.fresh_folder import begun_again, prepared
from benchmarks.reliability.scenarios import Scenario
from ladle import durable
from ladle.store import engine

WAYS = {
    "killed": KILL,
    "killed in the middle of a write": TEAR,
    "disk full": FULL,
    "disk error": BROKEN,
    "power cut, all unsynced lost": LOSE,
    "power cut, some of it lost": MIX,
}
SCENARIOS = {each.name: each for each in (FILE, *CAMPAIGN, *COMMANDS)}


@dataclass(slots=True)
class Outcome:
    """Of one way to fail: fail points met, how the work ended, and what was wrong."""

    scenario: str
    way: str
    fail_points: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def swept(scenario: Scenario, way: str, home: Path, *, every: int = 1) -> Outcome:
    """A scenario that is prepared, once for every fail point, or for one of `every` so many."""
    start = time.perf_counter()
    folder = begun_again(home)

    def work(report: Report) -> None:
        scenario.work(folder, report)

    outcome = Outcome(scenario.name, way, failpoints.count(work, folder))
    checked: dict[object, list[str]] = {}
    last = outcome.fail_points + (WAYS[way] in (LOSE, MIX))  # power may go when all is done, too
    for number in sorted({*range(1, last + 1, every), last}):
        begun_again(home)
        ended = failpoints.attempt(work, folder, number, WAYS[way])
        kind = "killed" if ended.killed else ended.error.split(":")[0] or "done"
        outcome.ended[kind] = outcome.ended.get(kind, 0) + 1
        left = (tuple(ended.reports), ended.error, left_behind(folder))
        if left not in checked:
            checked[left] = scenario.check(folder, ended)
        outcome.wrong += [f"fail point {number}: {line}" for line in checked[left]]
    outcome.seconds = time.perf_counter() - start
    return outcome


def left_behind(folder: Path) -> tuple[tuple[str, str], ...]:
    """Every file of a folder, and the digest of its bytes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple((str(path.relative_to(folder)), durable.file_digest(path)) for path in paths)


def text_of(outcome: Outcome) -> str:
    """An outcome for people."""
    ends = ", ".join(f"{count} {kind}" for kind, count in outcome.ended.items())
    summary = f"{outcome.scenario}, {outcome.way}: {outcome.fail_points} fail points ({ends})"
    return "\n  ".join([f"{summary}, {len(outcome.wrong)} wrong, {outcome.seconds:.0f} s", *outcome.wrong])


def recorded(outcome: Outcome, synchronous: str) -> None:
    """A row of the page."""
    figures = {"fail points": outcome.fail_points, "wrong": len(outcome.wrong), "seconds": outcome.seconds}
    sizes = {"scenario": outcome.scenario, "way": outcome.way, "synchronous": synchronous}
    record.append("failpoints", sizes, figures | outcome.ended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--synchronous", choices=["OFF", "NORMAL", "FULL", "EXTRA"], default="EXTRA")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each way to fail")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    failpoints.preloaded()
    engine._PRAGMAS = (*engine._PRAGMAS, f"synchronous = {options.synchronous}")
    wrong = 0
    memory = "/dev/shm"  # a process that dies takes nothing with it that a disk would keep
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as home:
        for name in options.scenarios or SCENARIOS:
            prepared(Path(home), SCENARIOS[name].prepare)
            for way in WAYS:
                outcome = swept(SCENARIOS[name], way, Path(home), every=options.every)
                wrong += len(outcome.wrong)
                print(json.dumps(asdict(outcome)) if options.json else text_of(outcome), flush=True)
                if options.record:
                    recorded(outcome, options.synchronous)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

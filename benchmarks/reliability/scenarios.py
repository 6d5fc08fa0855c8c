"""What a sweep of fail points does and checks: see sweep.py."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.failpoints import Ended, Report
from ladle import errors
from ladle.errors import LadleError

Snapshot = dict[str, object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """prepare: makes the folder as it is before. work: what is done in it; it reports what a user is told.

    check: what is wrong afterwards, in a line each; it may go on with the work, as a user would.
    """

    name: str
    prepare: Callable[[Path], None]
    work: Callable[[Path, Report], None]
    check: Callable[[Path, Ended], list[str]]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a user does that happens as a whole or not at all, and may be repeated.

    do: the act. snapshot: everything there, by name, to be compared. problems: what is wrong, whatever happened.
    in_steps: whether it is several acts, each whole or not at all.
    """

    name: str
    prepare: Callable[[Path], None]
    do: Callable[[Path], None]
    snapshot: Callable[[Path], Snapshot]
    problems: Callable[[Path], list[str]]
    in_steps: bool = False


def whole_or_not(act: Act) -> Scenario:
    """The scenario of an act. Undisturbed runs, once and twice, give the snapshots to compare with."""
    known: dict[str, Snapshot] = {}

    def prepare(folder: Path) -> None:
        act.prepare(folder)
        aside = folder.with_name("aside")
        shutil.copytree(folder, aside)
        known["before"] = act.snapshot(folder)
        for when in ("once", "twice"):
            act.do(folder)
            known[when] = act.snapshot(folder)
        shutil.rmtree(folder)
        aside.rename(folder)
        if known["before"] == known["once"]:
            raise RuntimeError(f"{act.name} changes nothing in the snapshot")

    def work(folder: Path, report: Report) -> None:
        act.do(folder)
        report("done")

    def check(folder: Path, ended: Ended) -> list[str]:
        wrong = unclear(ended.error)
        try:
            current = act.snapshot(folder)
            wrong += [f"left behind: {line}" for line in (act.problems(folder) if current else [])]
            if ended.reports and current != known["once"]:
                wrong.append(f"reported as done, and is not: {difference(known['once'], current)}")
            elif not act.in_steps and current not in (known["before"], known["once"]):
                wrong.append(f"half done: {difference(known['before'], current)}; {difference(known['once'], current)}")
            if ended.error and current == known["once"] and "is undone" in ended.error:
                wrong.append(f"there, in spite of: {ended.error}")
            act.do(folder)
            current = act.snapshot(folder)
            if current not in (known["once"], known["twice"]):
                wrong.append(f"repeated, it ends otherwise: {difference(known['once'], current)}")
            wrong += [f"after the repeat: {line}" for line in act.problems(folder)]
        except Exception as failure:  # whatever a user meets afterwards is a result
            wrong.append(f"afterwards: {type(failure).__name__}: {failure}")
        return wrong

    return Scenario(act.name, prepare, work, check)


def unclear(error: str) -> list[str]:
    """A line if the work ended in an error ("Kind: message"; "" for none) that is not one of Ladle's own."""
    kind = getattr(errors, error.split(":")[0], None) if error else LadleError
    clear = isinstance(kind, type) and issubclass(kind, LadleError)
    return [] if clear else [f"no clear error: {error}"]


def difference(wanted: Snapshot, current: Snapshot) -> str:
    """Where two snapshots differ, for people."""
    names = [name for name in {**wanted, **current} if wanted.get(name) != current.get(name)]
    return ", ".join(f"{name} was {str(wanted.get(name))[:80]} is {str(current.get(name))[:80]}" for name in names)

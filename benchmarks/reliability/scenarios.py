"""What a sweep of fail points does and checks: see sweep.py."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.failpoints import Ended, Tell
from ladle import errors
from ladle.errors import LadleError

Seen = dict[str, object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """prepare: makes the folder as it is before. work: what is done in it, telling what a user would be told.

    check: what is wrong afterwards, in a line each; it may go on with the work, as a user would.
    """

    name: str
    prepare: Callable[[Path], None]
    work: Callable[[Path, Tell], None]
    check: Callable[[Path, Ended], list[str]]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a user does that happens as a whole or not at all, and may be repeated.

    do: it. seen: all that is there, by name, to be compared. unsound: what is wrong with it whatever happened.
    in_steps: it is several acts, each whole or not at all; what is there in between is one of `between`'s affairs.
    """

    name: str
    prepare: Callable[[Path], None]
    do: Callable[[Path], None]
    seen: Callable[[Path], Seen]
    unsound: Callable[[Path], list[str]]
    in_steps: bool = False


def whole_or_not(act: Act) -> Scenario:
    """The scenario of an act. It is done undisturbed first, once and twice: that is what is to be seen later."""
    known: dict[str, Seen] = {}

    def prepare(folder: Path) -> None:
        act.prepare(folder)
        aside = folder.with_name("aside")
        shutil.copytree(folder, aside)
        known["before"] = act.seen(folder)
        for when in ("once", "twice"):
            act.do(folder)
            known[when] = act.seen(folder)
        shutil.rmtree(folder)
        aside.rename(folder)
        if known["before"] == known["once"]:
            raise RuntimeError(f"{act.name} changes nothing that is seen")

    def work(folder: Path, tell: Tell) -> None:
        act.do(folder)
        tell("done")

    def check(folder: Path, ended: Ended) -> list[str]:
        wrong = unclear(ended.error)
        try:
            found = act.seen(folder)
            wrong += [f"left behind: {line}" for line in (act.unsound(folder) if found else [])]
            if ended.told and found != known["once"]:
                wrong.append(f"told to be done, and is not: {difference(known['once'], found)}")
            elif not act.in_steps and found not in (known["before"], known["once"]):
                wrong.append(f"half done: {difference(known['before'], found)}; {difference(known['once'], found)}")
            if ended.error and found == known["once"] and "is undone" in ended.error:
                wrong.append(f"there, in spite of: {ended.error}")
            act.do(folder)
            found = act.seen(folder)
            if found not in (known["once"], known["twice"]):
                wrong.append(f"repeated, it ends otherwise: {difference(known['once'], found)}")
            wrong += [f"after the repeat: {line}" for line in act.unsound(folder)]
        except Exception as failure:  # whatever a user meets afterwards is the finding
            wrong.append(f"afterwards: {type(failure).__name__}: {failure}")
        return wrong

    return Scenario(act.name, prepare, work, check)


def unclear(error: str) -> list[str]:
    """A line if the work ended in an error ("Kind: message"; "" for none) that is not one of Ladle's own."""
    kind = getattr(errors, error.split(":")[0], None) if error else LadleError
    clear = isinstance(kind, type) and issubclass(kind, LadleError)
    return [] if clear else [f"no clear error: {error}"]


def difference(wanted: Seen, found: Seen) -> str:
    """Where two pictures differ, for people."""
    names = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    return ", ".join(f"{name} was {str(wanted.get(name))[:80]} is {str(found.get(name))[:80]}" for name in names)

"""People: who is new, who is known, and whose names are nearly the same."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from ladle.errors import NotFoundError, did_you_mean
from ladle.labelling.contract.columns import repeated, texts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import AssignmentTable, BatchTable, EventTable, PersonTable
from ladle.labelling.people import NameChange, People, name_now
from ladle.labelling.spelling import looks_of

MERGED_HOLDERS = "merge holders"  # the kind of the event
_OF_PEOPLE = ("merge people", "rename person")  # the kinds of events that change the names of people


def founded(people: PersonTable, names: Iterable[str], *, event: int) -> PersonTable:
    """A row for each of these names that nobody has yet, in their order. "" is the name of nobody."""
    known = set(people.name.tolist())
    new = [name for name in dict.fromkeys(names) if name and name not in known]
    first = int(people.number.max(initial=0)) + 1
    number, zeros = np.arange(first, first + len(new), dtype=np.int64), repeated(0, len(new))
    return PersonTable(number, texts(new), repeated("", len(new)), zeros, repeated(event, len(new)))


def known_person(people: PersonTable, name: str, *, also: Iterable[str] = ()) -> str:
    """The person that a name belongs to; a name of `also` that no person has is itself.

    Raises: NotFoundError for any other name. It suggests the known name that is most like it.
    """
    known = dict.fromkeys([*people.name.tolist(), *also])
    if name not in known:
        raise NotFoundError(
            f"the person {name!r}",
            wanted="be one who has labelled or got tasks",
            got="nobody of that name",
            remedy=alike(name, known),
        )
    return People(people).name_of(name)


def known_names(view: View, *, without_batch: int = 0) -> list[str]:
    """All names under which work is given out: people, teams, holders of batches, assignees. Reads these tables.

    without_batch: the number of a batch whose holder does not count.
    """
    people, batches, assignments = view.read(PersonTable), view.read(BatchTable), view.read(AssignmentTable)
    batches = batches.take(batches.number != without_batch)
    columns = (people.name, people.team, batches.holder, assignments.assignee)
    return [name for name in dict.fromkeys(name for column in columns for name in column.tolist()) if name]


def merged_holders(view: View) -> list[tuple[str, str]]:
    """(old, new) of every merge and rename of names that were no people, in order. Reads these events."""
    told = [json.loads(each)["told"] for each in view.read(EventTable, "kind", [MERGED_HOLDERS]).details]
    return [(str(each["merged"]), str(each["into"])) for each in told]


def name_changes(view: View, *, holders: bool = False) -> list[NameChange]:
    """All merges and renames of people, in their order. holders: those of names that were no people too."""
    events = view.read(EventTable, "kind", [*_OF_PEOPLE, *([MERGED_HOLDERS] if holders else [])])
    return _changes_of(events)


def changes_in(log: EventTable) -> list[NameChange]:
    """All merges and renames of people in a log, in their order."""
    return _changes_of(log.take(np.isin(log.kind.astype(str), _OF_PEOPLE)))


def _changes_of(events: EventTable) -> list[NameChange]:
    changes = []
    for seq, kind, text in zip(events.seq.tolist(), events.kind.tolist(), events.details.tolist(), strict=True):
        told = json.loads(text)["told"]
        old, new = ("merged", "into") if "merged" in told else ("renamed", "to")
        changes.append(NameChange(seq, told[old], told[new], of_holders=kind == MERGED_HOLDERS))
    return sorted(changes, key=lambda each: each.event)


def holder_now(view: View, name: str, *, since: int) -> str:
    """The name that the work of this holder has now, who was named so at the event `since`. Reads the changes."""
    return name_now(name, since, name_changes(view, holders=True))


def alike(name: str, known: Iterable[str]) -> str:
    """Which known name may be meant: one that differs in looks alone, else one of nearly the same letters; or ""."""
    names = [each for each in known if each]
    same_looks = [each for each in names if looks_of(each) == looks_of(name)]
    return f"Did you mean {same_looks[0]!r}?" if same_looks else did_you_mean(name, names)


def new_notice(name: str, known: Iterable[str]) -> str:
    """What users should know of a name that nobody has had so far."""
    meant = alike(name, known)
    text = f"{name!r} is a new name: no person, team or holder of this campaign has it."
    return f"{text} {meant}" if meant else text


def near_names(people: PersonTable, names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of a name of `names` and the name of another person that differs in looks alone, each pair once.

    Names differ in looks alone when letters and digits are the same but for capitals, widths and spaces.
    """
    crew = People(people)
    persons = dict.fromkeys([*(crew.name_of(name) for name in people.name.tolist()), *names])
    by_looks: dict[str, list[str]] = {}
    for name in persons:
        if name:
            by_looks.setdefault(looks_of(name), []).append(name)
    found: dict[frozenset[str], tuple[str, str]] = {}
    for name in dict.fromkeys(names):
        for other in by_looks.get(looks_of(name), []) if name else []:
            if other != name:
                found.setdefault(frozenset((name, other)), (name, other))
    return list(found.values())


def near_notice(name: str, other: str) -> str:
    """What users should know of two names that are nearly the same."""
    return (
        f"the annotators {name!r} and {other!r} differ in capitals, spaces or punctuation alone; they count as two "
        "people until they are merged (ladle campaign person merge)"
    )


def notices_of_names(people: PersonTable, names: Iterable[str]) -> list[str]:
    """What users should know of these names of annotators: those near others' names, and those of teams."""
    names = list(dict.fromkeys(names))
    teams = set(people.team.tolist()) - {""}
    near = [near_notice(*pair) for pair in near_names(people, names)]
    return near + [
        f"{name!r} is a team: who labels under its name counts as one more person" for name in names if name in teams
    ]

"""The names of people and teams: who a name belongs to, who is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ladle.labelling.contract.tables import PersonTable
from ladle.labelling.spelling import has_sign, one_spelling


def person_name(text: str) -> str:
    """A name as campaigns store it, see `one_spelling`."""
    return one_spelling(text)


def is_person_name(text: str) -> bool:
    """Whether a name may be one of a person or a team: it has a letter or a digit, or is empty and names nobody."""
    return has_sign(text) or not person_name(text)


@dataclass(frozen=True, slots=True)
class NameChange:
    """A merge or a rename of people: since this event, everything of the person `old` belongs to the person `new`.

    of_holders: whether it is one of names that were no people, only holders of batches or assignees.
    """

    event: int
    old: str
    new: str
    of_holders: bool = False


def name_now(name: str, since: int, changes: Sequence[NameChange]) -> str:
    """The name that somebody has now who was named so at the event `since`. changes: all, those of holders too."""
    name = person_before(since, name, [each for each in changes if not each.of_holders])
    for change in changes:
        name = change.new if change.event > since and change.old == name else name
    return name


def person_before(event: int, name: str, changes: Sequence[NameChange]) -> str:
    """The person that a name belonged to just before an event. changes: all of the campaign, in their order."""
    person = person_name(name)
    for change in changes:
        if change.event < event and change.old == person:
            person = change.new
    return person


# The table that was read last, and what was read: the rules of a label ask for the people of one table several times.
_LATEST: list[tuple[PersonTable | None, dict[str, str], dict[str, str]]] = [(None, {}, {})]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The people of a campaign and their teams, by name. A name that nobody has is a person of that name."""

    table: PersonTable
    _final: dict[str, str] = field(init=False)  # the name of the person that each name belongs to
    _team: dict[str, str] = field(init=False)  # of each person who has one

    def __post_init__(self) -> None:
        table, final, teams = _LATEST[0]
        if table is not self.table:
            final, teams = self._read()
            _LATEST[0] = (self.table, final, teams)
        object.__setattr__(self, "_final", final)
        object.__setattr__(self, "_team", teams)

    def _read(self) -> tuple[dict[str, str], dict[str, str]]:
        rows = {number: (name, team, merged) for number, name, team, merged, _ in self.table.tuples()}
        final: dict[str, str] = {}
        teams: dict[str, str] = {}
        for first, (name, _, _) in rows.items():
            seen, number = {first}, first
            while (into := rows[number][2]) in rows and into not in seen:
                seen.add(into)
                number = into
            person, team, _ = rows[number]
            final[name] = person
            if team:
                teams[person] = team
        return final, teams

    def name_of(self, name: str) -> str:
        """The name of the person that this name belongs to, after people were merged."""
        return self._final.get(name, name)

    def team_of(self, person: str) -> str:
        """The team of a person; "" for none."""
        return self._team.get(self.name_of(person), "")

    def belongs(self, person: str, name: str) -> bool:
        """Whether `name` is this person, or the team of this person."""
        return self.name_of(person) == self.name_of(name) or (bool(name) and self.team_of(person) == name)

    def aliases_of(self, person: str) -> list[str]:
        """All names by which work may be meant for this person: own ones, those merged into it, the team's."""
        final = self.name_of(person)
        names = {final, *(name for name, other in self._final.items() if other == final), self.team_of(final)}
        return sorted(names - {""})

    def have_answered(self, name: str, answered: Iterable[str]) -> bool:
        """Whether a person or a team has nothing left to answer, once these people have answered.

        A team is done when each of its members has answered, or someone under the name of the team itself.
        """
        done = {self.name_of(each) for each in answered}
        members = {person for person, team in self._team.items() if team == name}
        return self.name_of(name) in done or (bool(members) and members <= done)

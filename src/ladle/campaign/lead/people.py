"""The people of a campaign: listed, merged, renamed, put into teams."""

from __future__ import annotations

import json

import numpy as np

from ladle.campaign.session import Session
from ladle.campaign.telling import check_text, known_rows
from ladle.errors import ArgumentError
from ladle.labelling.answers import Merged, Renamed
from ladle.labelling.contract import View, Writer
from ladle.labelling.events import Effects, next_number, record
from ladle.labelling.people import People, person_name
from ladle.labelling.records import Records, times
from ladle.labelling.rules import crew as crew_rules
from ladle.labelling.rules.crew import WorkOfPeople
from ladle.labelling.rules.people import alike, founded, known_names, known_person, new_notice
from ladle.labelling.tables import (
    AssignmentTable,
    EventTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    labels_of,
)


class CampaignPeople:
    """The people who label in a campaign, as `Campaign.people` gives them.

    A person is known from the first label, skip or task in a name. Names are trimmed and written in Unicode's form NFC.
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Records:
        """The people, in the order in which they came.

        Returns
        -------
        Records
            One row for each person: number (the id of the person), name, team ("" for none), labels (current ones),
            last_told_at, also_named (a list of other names that belong to the person).
        """
        with self._session.reading() as view:
            people, current = view.read(PersonTable), labels_of(view.read(LabelTable))
        crew = People(people)
        mine = people.take(people.merged_into == 0)
        listed = mine.name.tolist()
        counts = dict.fromkeys(listed, 0)
        last = dict.fromkeys(listed, 0)
        for name, told_at in zip(current.annotator.tolist(), current.told_at.tolist(), strict=True):
            counts[name] = counts.get(name, 0) + 1
            last[name] = max(last.get(name, 0), told_at)
        also = [sorted(set(crew.aliases_of(name)) - {name, crew.team_of(name)}) for name in listed]
        return Records(
            {
                "number": mine.number,
                "name": mine.name,
                "team": mine.team,
                "labels": np.array([counts[name] for name in listed], np.int64),
                "last_told_at": times(np.array([last[name] for name in listed], np.int64)),
                "also_named": also,
            }
        )

    def merge(self, name: str, into: str) -> Merged:
        """Make one person of two: all work and all later labels of one name belong to the other.

        Where both have labelled an example, the later label stands, and the tasks are judged again. `told_by` of each
        label keeps the name under which it was told.

        Parameters
        ----------
        name : str
            The name that is merged.
        into : str
            The person that it belongs to from now on.

        Returns
        -------
        Merged

        Raises
        ------
        NotFoundError
            When nobody has one of the names.
        ArgumentError
            When both names belong to one person already. A merge of these two names that is repeated changes nothing.
        """
        session = self._session
        with session.writing() as writer:
            people = writer.read(PersonTable)
            old, kept = _person(people, name), _person(people, into)
            named = [_named(name), _named(into)]
            if old == kept and _was_made(writer, named):
                return Merged(0, 0, 0, done_before=True)
            if old == kept:
                raise ArgumentError(
                    "the names", wanted="be of two people", got=f"{name!r} and {into!r}, which are one person already"
                )
            at = session.now()
            rows = np.unique(writer.read(LabelTable, "annotator", [old]).row)
            known, work = known_rows(writer, rows, at), _work(writer, (old, kept), at)
            effects = crew_rules.merge(session.settings, known, work, old=old, into=kept, named=named)
            record(writer, session.act("merge people", at), effects)
        report = effects.report
        labels, skips = int(report["labels"]), int(report["skips"])
        return Merged(labels, int(report["superseded"]), int(report["tasks"]), skips=skips)

    def rename(self, name: str, new: str) -> Renamed:
        """Give a person another name. The old name belongs to the person too: late labels under it count.

        Parameters
        ----------
        name, new : str
            The name now, and the new one.

        Returns
        -------
        Renamed
            How many labels and how many skips the person has.

        Raises
        ------
        NotFoundError
            When nobody has the name.
        ArgumentError
            When the new name is empty, or another person or a team has it.
        """
        session, new = self._session, _named(new)
        with session.writing() as writer:
            people, at = writer.read(PersonTable), session.now()
            old, crew = _person(people, name), People(people)
            if new in people.name.tolist() and crew.name_of(new) != old:
                raise ArgumentError(
                    "the new name", wanted="be free", got=f"{new!r}, who is another person", remedy="Merge the two."
                )
            if new in people.team.tolist():
                raise ArgumentError("the new name", wanted="be that of a person", got=f"{new!r}, which is a team")
            if new == old:
                return Renamed(**crew_rules.answers_of_person(writer.read(LabelTable, "annotator", [old]), old))
            rows = np.unique(writer.read(LabelTable, "annotator", [old]).row)
            known = known_rows(writer, rows, at)
            effects = crew_rules.rename(known, _work(writer, (old, new), at), old=old, new=new)
            record(writer, session.act("rename person", at), effects)
        return Renamed(int(effects.report["labels"]), int(effects.report["skips"]))

    def set_team(self, name: str, team: str) -> None:
        """Put a person into a team. Batches and tasks for the team go to its members.

        A name is that of a person or of a team, never of both: else nobody could tell to whom work for it goes. A new
        name like one that is known is noticed.

        Parameters
        ----------
        name : str
            The person, who may be new.
        team : str
            The name of the team; "" for none.

        Raises
        ------
        ArgumentError
            When a person has the name of the team, this one too, and when the name of a new person is that of a team.
        """
        session, team = self._session, person_name(check_text(team, "team"))
        with session.writing() as writer:
            people = writer.read(PersonTable)
            event, person = next_number(writer, EventTable), People(people).name_of(_named(name))
            new = founded(people, [person], event=event)
            if team and team in [*people.name.tolist(), person]:
                raise ArgumentError("the team", wanted="have a name that no person has", got=repr(team))
            if len(new) and person in people.team.tolist():
                raise ArgumentError("the person", wanted="have a name that no team has", got=repr(person))
            known = known_names(writer)
            if person not in known and alike(person, known):
                session.note(new_notice(person, known))
            effects = crew_rules.set_team(PersonTable.joined([people, new]), person, team, event=event)
            if len(new):
                effects = Effects(added=effects.changed or (new,), report=effects.report)
            if effects:
                record(writer, session.act("set team", session.now()), effects)

    def __len__(self) -> int:
        return len(self.list())

    def __repr__(self) -> str:
        return f"<the {len(self):,} people of {self._session.name!r}>"


def _named(name: object) -> str:
    """A name in its one spelling. Raises: ArgumentError for an empty one."""
    plain = person_name(check_text(name, "name"))
    if not plain:
        raise ArgumentError("`name`", wanted="be the name of a person", got="an empty one")
    return plain


def _person(people: PersonTable, name: object) -> str:
    """The name of the person that this name belongs to. Raises: NotFoundError."""
    return known_person(people, _named(name))


def _was_made(view: View, named: list[str]) -> bool:
    """Whether these two names were merged, one into the other, by a call like this one."""
    told = [json.loads(each)["told"] for each in view.read(EventTable, "kind", ["merge people"]).details]
    return any(report.get("named", [report["merged"], report["into"]]) == named for report in told)


def _work(view: View | Writer, names: tuple[str, str], at: int) -> WorkOfPeople:
    return WorkOfPeople(view.read(LeaseTable, "annotator", names), view.read(AssignmentTable, "assignee", names), at)

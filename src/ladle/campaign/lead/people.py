"""The people of a campaign: listed, merged, renamed, put into teams."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np

from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import check_name, check_text
from ladle.campaign.work.telling import known_rows
from ladle.errors import ArgumentError, NotFoundError
from ladle.labelling.answers import PersonChange
from ladle.labelling.contract.events import Effects, next_number, record
from ladle.labelling.contract.store import View, Writer
from ladle.labelling.contract.tables import (
    AssignmentTable,
    BatchTable,
    EventTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    answers_of,
)
from ladle.labelling.people import People, person_name
from ladle.labelling.records import Records, times
from ladle.labelling.rules import crew as crew_rules
from ladle.labelling.rules.crew import WorkOfPeople
from ladle.labelling.rules.people import (
    MERGED_HOLDERS,
    alike,
    founded,
    known_names,
    known_person,
    merged_holders,
    new_notice,
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
            last_told_at (of the last answer that stands, a label or a skip), also_named (a list of other names that
            belong to the person).
        """
        with self._session.reading(whole=True) as view:
            people, answers = view.read(PersonTable), answers_of(view.read(LabelTable))
        crew = People(people)
        mine = people.take(people.merged_into == 0)
        listed = mine.name.tolist()
        counts = dict.fromkeys(listed, 0)
        last = dict.fromkeys(listed, 0)
        for name, told_at, label in zip(
            answers.annotator.tolist(), answers.told_at.tolist(), answers.label.tolist(), strict=True
        ):
            counts[name] = counts.get(name, 0) + (label != "")
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

    def merge(self, name: str, into: str) -> PersonChange:
        """Make one person of two: all work and all later labels of one name belong to the other.

        Where both have labelled an example, the later label stands, and the tasks are judged again. `told_by` of each
        label keeps the name under which it was told. Two names that are no people (holders of batches, assignees,
        teams) are made one too: batches, assignments and members go to the other name.

        Parameters
        ----------
        name : str
            The name that is merged.
        into : str
            The person or team that it belongs to from now on.

        Returns
        -------
        PersonChange

        Raises
        ------
        NotFoundError
            When nobody has one of the names.
        ArgumentError
            When both names belong to one person already; for a person and a team. A merge of these two names that is
            repeated changes nothing.
        """
        session = self._session
        with session.writing() as writer:
            people, known_as = writer.read(PersonTable), known_names(writer)
            named = [_named(name), _named(into)]
            if _was_merged(writer, people, named):
                return PersonChange(done_before=True)
            old = known_person(people, named[0], also=known_as)
            kept = _known_into(people, named, known_as)
            if old == kept and _was_made(writer, named):
                return PersonChange(done_before=True)
            if old == kept:
                raise ArgumentError(
                    "the names", wanted="be of two people", got=f"{name!r} and {into!r}, which are one person already"
                )
            if not {old, kept} & set(people.name.tolist()):
                return _merge_holders(session, writer, old, kept)
            _check_no_team(people, old, kept)
            at, event = session.now(), next_number(writer, EventTable)
            rows = np.unique(writer.read(LabelTable, "annotator", [old]).row)
            known, work = known_rows(writer, rows, at), _work(writer, (old, kept), at)
            fresh = founded(people, [kept, old], event=event)
            effects = crew_rules.merge(session.settings, known, work, old=old, into=kept, named=named, fresh=fresh)
            record(writer, session.act("merge people", at), effects)
        return _answer(effects)

    def rename(self, name: str, new: str) -> PersonChange:
        """Give a person another name. The old name belongs to the person too: late labels under it count.

        The name of a team, a holder of batches or an assignee, who is no person, is changed with all work of that name.

        Parameters
        ----------
        name, new : str
            The name now, and the new one.

        Returns
        -------
        PersonChange

        Raises
        ------
        NotFoundError
            When nobody has the name.
        ArgumentError
            When the new name is empty, or another person or a team has it.
        """
        session, new = self._session, _new_name(new, "new")
        with session.writing() as writer:
            people, at, known_as = writer.read(PersonTable), session.now(), known_names(writer)
            if _was_merged(writer, people, [_named(name), new]):
                return PersonChange(done_before=True)
            old, crew = known_person(people, _named(name), also=known_as), People(people)
            if old not in people.name.tolist() and old != new:
                if new in known_as:
                    got = f"{new!r}, which is known already"
                    raise ArgumentError("the new name", wanted="be free", got=got, remedy="Merge the two.")
                return _merge_holders(session, writer, old, new)
            if new in people.name.tolist() and crew.name_of(new) != old:
                raise ArgumentError(
                    "the new name", wanted="be free", got=f"{new!r}, who is another person", remedy="Merge the two."
                )
            if new in people.team.tolist():
                raise ArgumentError("the new name", wanted="be that of a person", got=f"{new!r}, which is a team")
            if new in known_as and crew.name_of(new) != old:
                got = f"{new!r}, which got work before"
                raise ArgumentError("the new name", wanted="be free", got=got, remedy="Merge the two.")
            if old in people.team.tolist():
                raise ArgumentError("the name", wanted="be of a person or of a team", got=f"{old!r}, which is both")
            if new == old:
                return PersonChange(done_before=True)
            rows = np.unique(writer.read(LabelTable, "annotator", [old]).row)
            known = known_rows(writer, rows, at)
            effects = crew_rules.rename(known, _work(writer, (old, new), at), old=old, new=new)
            record(writer, session.act("rename person", at), effects)
        return _answer(effects)

    def set_team(self, name: str, team: str) -> PersonChange:
        """Put a person into a team. Batches and tasks for the team go to its members.

        A name is that of a person or of a team, never of both: else nobody could tell to whom work for it goes. A new
        name like one that is known is noticed.

        Parameters
        ----------
        name : str
            The person, who may be new.
        team : str
            The name of the team; "" for none.

        Returns
        -------
        PersonChange

        Raises
        ------
        ArgumentError
            When a person has the name of a new team, this one too, and when the name of a new person is that of a team.
        """
        session, team = self._session, person_name(check_name(team, "team"))
        with session.writing() as writer:
            people = writer.read(PersonTable)
            event, person = next_number(writer, EventTable), People(people).name_of(_named(name))
            new = founded(people, [person], event=event)
            if team and team in [*people.name.tolist(), person] and team not in people.team.tolist():
                raise ArgumentError("the team", wanted="have a name that no person has", got=repr(team))
            if len(new) and person in people.team.tolist():
                raise ArgumentError("the person", wanted="have a name that no team has", got=repr(person))
            known = known_names(writer)
            if person not in known:
                check_name(person, "name")
            if person not in known and alike(person, known):
                session.note(new_notice(person, known))
            effects = crew_rules.set_team(PersonTable.joined([people, new]), person, team, event=event)
            if len(new):
                effects = Effects(added=effects.changed or (new,), report=effects.report)
            if effects:
                record(writer, session.act("set team", session.now()), effects)
        return PersonChange(done_before=not effects)

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


def _new_name(name: object, argument: str) -> str:
    """A name that somebody gets, in its one spelling. Raises: ArgumentError."""
    check_name(_named(name), argument)
    return _named(name)


def _known_into(people: PersonTable, named: Sequence[str], known_as: Iterable[str]) -> str:
    """The person into whom another is merged. Raises: NotFoundError; a name that is new is given by a rename."""
    try:
        return known_person(people, named[1], also=known_as)
    except NotFoundError as error:
        raise NotFoundError(
            error.subject,
            wanted=error.wanted,
            got=error.got,
            remedy=f"{error.remedy} To give {named[0]!r} a new name, rename it: Campaign.people.rename.".strip(),
        ) from error


def _was_made(view: View, named: list[str]) -> bool:
    """Whether these two names were merged, one into the other, by a call like this one."""
    told = [json.loads(each)["told"] for each in view.read(EventTable, "kind", ["merge people"]).details]
    return any(report.get("named", [report["merged"], report["into"]]) == named for report in told)


def _check_no_team(people: PersonTable, *names: str) -> None:
    """Refuse to make one of a person and a team. Raises: ArgumentError."""
    team = next((each for each in names if each in people.team.tolist()), None)
    if team is not None:
        raise ArgumentError(
            "the names",
            wanted="be of two people, or of two teams",
            got=f"{team!r}, which is a team, and a person",
            remedy="A person is put into a team (Campaign.people.set_team).",
        )


def _merge_holders(session: Session, writer: Writer, old: str, into: str) -> PersonChange:
    """Give all work of one name to another; neither is the name of a person."""
    at, event = session.now(), next_number(writer, EventTable)
    work = _work(writer, (old, into), at)
    effects = crew_rules.merge_holders(writer.read(PersonTable), work, old=old, into=into, event=event)
    record(writer, session.act(MERGED_HOLDERS, at), effects)
    return _answer(effects)


def _was_merged(view: View, people: PersonTable, named: list[str]) -> bool:
    """Whether all work of the first of these names, which is no person's, was given to the second before."""
    old, _ = named
    if old in people.name.tolist() or old in people.team.tolist() or named not in map(list, merged_holders(view)):
        return False
    work = _work(view, (old, old), 0)
    return not any(work.report(old).values())


def _answer(effects: Effects) -> PersonChange:
    """What a change reports of itself."""
    counted = ("labels", "superseded", "tasks", "batches", "assigned", "skips")
    return PersonChange(**{name: effects.report.get(name, 0) for name in counted})


def _work(view: View | Writer, names: tuple[str, str], at: int) -> WorkOfPeople:
    leases, assignments = view.read(LeaseTable, "annotator", names), view.read(AssignmentTable, "assignee", names)
    return WorkOfPeople(leases, assignments, view.read(BatchTable), at)

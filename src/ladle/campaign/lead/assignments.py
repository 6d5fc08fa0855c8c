"""Examples assigned to people and teams."""

from __future__ import annotations

from ladle.campaign.lead.pool_changes import find_named
from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import check_name, check_text
from ladle.campaign.work.telling import known_rows
from ladle.errors import ArgumentError
from ladle.labelling.answers import Assigned
from ladle.labelling.contract.events import next_number, record
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import AssignmentTable, EventTable, LeaseTable, PersonTable
from ladle.labelling.people import People, person_name
from ladle.labelling.rules import assign as assign_rules
from ladle.labelling.rules.people import known_names, known_person, new_notice


def assign(session: Session, ids: object, to: str) -> Assigned:
    """Assign examples to a person or a team. Raises: see `Campaign.assign`."""
    assignee = person_name(check_name(to, "to"))
    if not assignee:
        raise ArgumentError("`to`", wanted="name a person or a team", got="nothing")
    chosen, at = find_named(session, ids), session.now()
    with session.writing() as writer:
        people, rows = People(writer.read(PersonTable)), chosen.row.tolist()
        assignments, leases = writer.read(AssignmentTable, "row", rows), writer.read(LeaseTable, "row", rows)
        known, names = known_rows(writer, chosen.row, at), known_names(writer)
        if assignee not in names:  # people get work before their first label, and teams before their first member
            session.note(new_notice(assignee, names))
        effects = assign_rules.assign(chosen, people.name_of(assignee), assignments, leases, people, known)
        if effects:
            record(writer, session.act("assign", at), effects)
    report = effects.report
    return Assigned(int(report["assigned"]), dict(report["taken_from"]), len(report["left_out"]))


def check_assignee(session: Session, to: str) -> None:
    """Refuse a name that nobody has. Raises: ArgumentError, NotFoundError."""
    with session.reading() as view:
        _known(view, to)


def _known(view: View, to: str) -> str:
    return known_person(view.read(PersonTable), person_name(check_text(to, "to")), also=known_names(view))


def unassign(session: Session, ids: object, to: str | None) -> int:
    """End the assignments of examples, to one assignee or to all: how many there were."""
    if to is not None:
        check_assignee(session, to)
    chosen, at = find_named(session, ids), session.now()
    with session.writing() as writer:
        assignments = writer.read(AssignmentTable, "row", chosen.row.tolist())
        if to is not None:
            name = _known(writer, to)
            assignments = assignments.take(assignments.assignee == name)
        effects = assign_rules.unassign(assignments, event=next_number(writer, EventTable), at=at)
        if effects:
            record(writer, session.act("unassign", at), effects)
    return int(effects.report["ended"])

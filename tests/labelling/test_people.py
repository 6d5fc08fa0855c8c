"""Names of people and teams: one spelling, one person, and who is behind a name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.contract.tables import PersonTable
from ladle.labelling.people import People, person_name


def people(*rows: tuple[str, str, int]) -> People:
    """People of these (name, team, merged into)."""
    return People(PersonTable.of([(number, *row, 1) for number, row in enumerate(rows, start=1)]))


def test_a_name_has_one_spelling() -> None:
    assert person_name("  Jose\u0301  A.\tB. \n") == "José A. B."
    assert person_name("Ann") == "Ann" != person_name("ann")
    assert person_name(" \u00a0 ") == ""


@given(st.text())
def test_a_spelling_stays_as_it_is(text: str) -> None:
    assert person_name(person_name(text)) == person_name(text) == person_name(f" {text}\n")


def test_a_name_belongs_to_the_person_it_was_merged_into() -> None:
    crew = people(("ann", "red", 0), ("Ann", "", 1), ("ANN", "", 2), ("bob", "red", 0), ("cy", "", 0))
    assert [crew.name_of(name) for name in ("ann", "Ann", "ANN", "bob", "new")] == ["ann", "ann", "ann", "bob", "new"]
    assert [crew.team_of(name) for name in ("ANN", "bob", "cy", "new")] == ["red", "red", "", ""]
    assert crew.aliases_of("Ann") == ["ANN", "Ann", "ann", "red"]
    assert crew.aliases_of("new") == ["new"]


def test_who_belongs_to_a_name() -> None:
    crew = people(("ann", "red", 0), ("Ann", "", 1), ("bob", "", 0))
    assert crew.belongs("ann", "Ann")
    assert crew.belongs("Ann", "red")
    assert not crew.belongs("bob", "red")
    assert crew.belongs("red", "red"), "a name nobody has is a person"
    assert not crew.belongs("bob", "")


def test_a_team_has_answered_once_all_of_it_have() -> None:
    crew = people(("ann", "red", 0), ("Ann", "", 1), ("bob", "red", 0), ("cy", "", 0))
    assert not crew.have_answered("red", ["ann"])
    assert crew.have_answered("red", ["Ann", "bob"])
    assert crew.have_answered("red", ["red"]), "labels told in the name of the team"
    assert crew.have_answered("ann", ["Ann"])
    assert not crew.have_answered("vendor", ["ann", "bob", "cy"])
    assert not crew.have_answered("cy", [])


def test_a_ring_of_merges_ends() -> None:
    crew = people(("ann", "", 2), ("bob", "", 1))
    assert {crew.name_of("ann"), crew.name_of("bob")} <= {"ann", "bob"}

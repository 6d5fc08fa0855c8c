"""Names without a letter or a digit are nobody's: wherever a name is given to somebody, they are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ladle import Campaign
from ladle.errors import ArgumentError, DataError, NotFoundError
from ladle.labelling import Store
from tests.campaign.made import begun, ids_of, margins

ONE, TWO, THREE = ids_of(3)
ACTS: dict[str, Callable[[Campaign, str], object]] = {
    "tell": lambda campaign, name: campaign.tell([ONE, TWO], ["cat", "cat"], annotator=["bob", name]),
    "import": lambda campaign, name: campaign.import_labels([ONE], ["cat"], source="old", annotator=name),
    "skip": lambda campaign, name: campaign.skip([ONE], reason="dark", annotator=name),
    "comment": lambda campaign, name: campaign.comment([ONE], "a smudge", annotator=name),
    "take": lambda campaign, name: campaign.take(name, 1),
    "ask": lambda campaign, name: campaign.ask(1, margins=margins(), holder=name),
    "assign": lambda campaign, name: campaign.assign([ONE], to=name),
    "rename": lambda campaign, name: campaign.people.rename("ann", name),
    "a team": lambda campaign, name: campaign.people.set_team("ann", name),
    "a new person": lambda campaign, name: campaign.people.set_team(name, "experts"),
}


@pytest.mark.parametrize("name", [" - ", "\u2014_?", "+1"])
@pytest.mark.parametrize("act", ACTS)
def test_a_name_needs_a_letter_or_a_digit(act: str, name: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([THREE], ["cat"], annotator="ann")
    log = len(campaign.audit())
    if name == "+1":
        ACTS[act](campaign, name)
        assert len(campaign.audit()) == log + (act != "take"), "there is nothing to take"
        return
    with pytest.raises(ArgumentError, match="must be a name with a letter or a digit; got"):
        ACTS[act](campaign, name)
    assert len(campaign.audit()) == log


@pytest.mark.parametrize("kind", ["label", "skip", "comment"])
def test_an_annotator_of_a_file_without_a_letter_is_refused_with_the_line(
    kind: str, store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path)
    cells = {"label": "cat,,", "skip": ",yes,", "comment": ",,a smudge"}[kind]
    path = tmp_path / "l.csv"
    path.write_text(f"id,label,skip,comment,annotator\n{ONE},cat,,,ann\n{TWO},{cells},-\n{THREE},cat,,,\n")
    with pytest.raises(DataError, match=r"line 3 of .* a letter or a digit in `annotator`; got '-', and 1 such name"):
        campaign.tell_file(path)
    with pytest.raises(ArgumentError, match="letter or a digit"):
        campaign.tell_file(path, annotator="--")
    assert campaign.audit()["kind"].tolist() == ["create"]


def test_an_assignment_that_is_ended_names_somebody_first(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.assign([ONE], to="ann")
    with pytest.raises(NotFoundError, match="the person 'nobody'"):
        campaign.unassign(["no such example"], to="nobody")
    assert campaign.unassign([ONE], to=" ann ") == 1

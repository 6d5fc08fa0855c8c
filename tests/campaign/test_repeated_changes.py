"""Every change of classes and people can be repeated, as after a crash that hid the answer; a mistake is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.campaign import PersonChange
from ladle.errors import LadleError
from ladle.labelling import Store
from ladle.labelling.answers import SettingsChange
from tests.campaign.made import begun, ids_of

ONE, TWO, THREE = ids_of(3)
Act = Callable[[ladle.Campaign], Any]
# What was done before, the change, and what does not contradict it.
CHANGES: dict[str, tuple[Act, Act, Act]] = {
    "class add": (lambda c: None, lambda c: c.classes.add("emu", "owl"), lambda c: c.classes.add("yak")),
    "class rename": (lambda c: None, lambda c: c.classes.rename("cat", "puss"), lambda c: c.classes.add("yak")),
    "class merge": (lambda c: None, lambda c: c.classes.merge("cat", "dog"), lambda c: c.classes.rename("fox", "ox")),
    "class merge of a number": (
        lambda c: c.classes.add(7),
        *(lambda c: c.classes.merge(7, "dog"), lambda c: c.classes.remove("fox")),
    ),
    "class unmerge": (
        lambda c: c.classes.merge("cat", "dog"),
        *(lambda c: c.classes.unmerge("cat"), lambda c: c.classes.rename("fox", "ox")),
    ),
    "class remove": (lambda c: None, lambda c: c.classes.remove("fox"), lambda c: c.classes.rename("cat", "puss")),
    "person merge": (lambda c: None, lambda c: c.people.merge("ann", "bob"), lambda c: c.people.rename("bob", "Bob")),
    "person merge by other names": (
        lambda c: (c.people.rename("ann", "Ann"), c.people.rename("bob", "Bob")),
        *(lambda c: c.people.merge(" ann ", "bob"), lambda c: c.people.set_team("Bob", "red")),
    ),
    "holder merge": (
        lambda c: (c.assign([ONE], to="red"), c.assign([TWO], to="Red")),
        *(lambda c: c.people.merge("Red", "red"), lambda c: c.people.set_team("cy", "red")),
    ),
    "person rename": (lambda c: None, lambda c: c.people.rename("ann", "Ann"), lambda c: c.people.set_team("bob", "a")),
    "person team": (lambda c: None, lambda c: c.people.set_team("ann", "red"), lambda c: c.people.merge("cy", "bob")),
}
# What was done, and the mistake, which no change of before excuses.
MISTAKES: dict[str, tuple[Act, Act]] = {
    "a class that never was": (lambda c: c.classes.rename("cat", "puss"), lambda c: c.classes.rename("cow", "puss")),
    "another new name": (lambda c: c.classes.rename("cat", "puss"), lambda c: c.classes.rename("cat", "tom")),
    "another class to merge into": (lambda c: c.classes.merge("cat", "dog"), lambda c: c.classes.merge("cat", "fox")),
    "a merge the other way": (lambda c: c.classes.merge("cat", "dog"), lambda c: c.classes.merge("dog", "cat")),
    "a part of what was added": (lambda c: c.classes.add("emu", "owl"), lambda c: c.classes.add("emu")),
    "added, and renamed since": (
        lambda c: (c.classes.add("emu"), c.classes.rename("emu", "owl")),
        lambda c: c.classes.add("emu"),
    ),
    "renamed, and renamed on": (
        lambda c: (c.classes.rename("cat", "puss"), c.classes.rename("puss", "tom")),
        lambda c: c.classes.rename("cat", "puss"),
    ),
    "merged into what is gone": (
        lambda c: (c.classes.merge("cat", "dog"), c.classes.merge("dog", "fox")),
        lambda c: c.classes.merge("cat", "dog"),
    ),
    "unmerged, and renamed since": (
        lambda c: (c.classes.merge("cat", "dog"), c.classes.unmerge("cat"), c.classes.rename("cat", "puss")),
        lambda c: c.classes.unmerge("cat"),
    ),
    "a number that is no text": (lambda c: (c.classes.add(7), c.classes.remove(7)), lambda c: c.classes.remove("7")),
    "people the other way": (lambda c: c.people.merge("ann", "bob"), lambda c: c.people.merge("bob", "ann")),
    "a person and oneself": (lambda c: c.people.merge("ann", "bob"), lambda c: c.people.merge("ann", "ann")),
    "a person who never was": (lambda c: c.people.merge("ann", "bob"), lambda c: c.people.merge("eve", "bob")),
}


def labelled(store: Store, folder: Path) -> ladle.Campaign:
    campaign = begun(store, folder, labels=["cat", "dog", "fox"])
    campaign.tell([ONE, TWO, THREE], ["cat", "dog", "dog"], annotator=["ann", "bob", "cy"])
    return campaign


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_repeated(what: str, store: Store, tmp_path: Path) -> None:
    before, change, later = CHANGES[what]
    campaign = labelled(store, tmp_path)
    before(campaign)
    change(campaign)
    for step in (lambda _: None, later):
        step(campaign)
        events, labels = len(campaign.audit()), str(campaign.labels().to_pylist())
        other = ladle.Campaign.open(store, name="birds")  # as another process would
        assert change(other) in (SettingsChange({}), PersonChange(done_before=True))
        assert (len(other.audit()), str(other.labels().to_pylist())) == (events, labels)
    assert campaign.verify().ok


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_refused(what: str, store: Store, tmp_path: Path) -> None:
    before, mistake = MISTAKES[what]
    campaign = labelled(store, tmp_path)
    before(campaign)
    events = len(campaign.audit())
    with pytest.raises(LadleError):
        mistake(campaign)
    assert len(campaign.audit()) == events


def test_a_change_is_repeated_where_any_class_is_accepted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.tell([ONE, TWO], ["cat", "dog"], annotator="ann")
    for change in (
        lambda: campaign.classes.rename("cat", "puss"),
        lambda: campaign.classes.merge("puss", "dog"),
        lambda: campaign.classes.unmerge("puss"),
    ):
        assert change()
        events = len(campaign.audit())
        assert not change()
        assert len(campaign.audit()) == events
    assert campaign.verify().ok

"""Names of classes that differ in spaces, forms of a letter or looks alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ladle.errors import ArgumentError
from ladle.labelling import Labels, Store
from tests.campaign.made import begun, ids_of

ONE, TWO, THREE, FOUR = ids_of(4)
COMPOSED, APART = "caf\u00e9", "cafe\u0301"  # one letter, and a letter with its accent
SPELLINGS = [("emu", " emu"), ("emu", "emu\t "), ("snow owl", "snow  owl"), ("snow owl", "snow\u00a0owl")]
SPELLINGS += [(COMPOSED, APART)]


@pytest.mark.parametrize(("name", "other"), SPELLINGS)
def test_a_class_has_one_spelling_in_every_change(name: str, other: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"])
    assert campaign.classes.add(other)
    assert list(campaign.classes) == ["cat", "dog", name]
    assert not campaign.classes.add(name), "a repeat"
    campaign.tell([ONE], [name], annotator="ann")
    with pytest.raises(ArgumentError, match="have no label"):
        campaign.classes.remove(other)
    assert campaign.classes.rename(other, " owl ")
    assert list(campaign.classes) == ["cat", "dog", "owl"]
    assert campaign.classes.rename("owl ", other)
    assert campaign.classes.merge(other, " cat")
    assert list(campaign.classes) == ["cat", "dog"]
    assert campaign.classes.unmerge(other)
    assert list(campaign.classes) == ["cat", "dog", name]
    campaign.classes.add(" newt ")
    assert campaign.classes.remove("newt  ")
    with pytest.raises(ArgumentError, match="empty"):
        campaign.classes.add("  ")
    assert campaign.notices == ()
    assert campaign.verify().ok


def test_a_class_that_was_created_with_spaces_is_found_exactly_first(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["emu ", "cat"])
    campaign.tell([ONE], ["emu "], annotator="ann")
    assert campaign.classes.add("emu"), "another class, as before: it is noticed"
    assert [text for text in campaign.notices if "'emu' and 'emu '" in text] == list(campaign.notices) != []
    campaign.tell([TWO], ["emu"], annotator="ann")
    assert campaign.classes.merge("emu ", "emu").labels == 1
    assert list(campaign.classes) == ["cat", "emu"]
    assert campaign.verify().ok


@pytest.mark.parametrize("other", ["Emu", "EMU", "e-mu", "\uff45mu"])
def test_a_class_that_differs_in_looks_alone_is_noticed(other: str, store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["emu", "cat"])
    campaign.classes.add("owl")
    campaign.classes.rename("emu", "Emus")
    campaign.classes.rename("Emus", "emu")
    assert campaign.notices == ()
    campaign.classes.add(other)
    assert len(campaign.notices) == 1
    assert f"{other!r} and 'emu' differ in capitals, spaces or punctuation alone" in campaign.notices[0]
    campaign.classes.rename("cat", "OWL")
    assert "'OWL' and 'owl'" in campaign.notices[-1]


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_label_names_its_class_exactly_or_but_for_spaces(kind: str, store: Store, tmp_path: Path) -> None:
    make = Labels.multi if kind == "multi" else Labels.single
    campaign = begun(store, tmp_path, labels=make(["emu", " owl", "owl", "cat"]))

    def label(text: str) -> object:
        return [text] if kind == "multi" else text

    told = campaign.tell(
        [ONE, TWO, THREE, FOUR], [label(each) for each in (" emu ", " owl", "owl ", "e mu")], annotator="ann", key="k"
    )
    assert (told.accepted, told.quarantined) == (3, 1)
    assert campaign.labels()["label"] == [label(each) for each in ("emu", " owl", "owl")]
    campaign.classes.rename("emu", "ostrich")
    assert campaign.tell([FOUR], [label("emu\t")], annotator="ann").accepted == 1, "a former name"
    assert campaign.labels()[-1].label == label("ostrich")
    campaign.classes.add("e mu")
    again = campaign.tell(
        [ONE, TWO, THREE, FOUR], [label(each) for each in (" emu ", " owl", "owl ", "e mu")], annotator="ann", key="k"
    )
    assert again.repeat_of_key, "the same tell, whatever the classes are now"
    assert campaign.verify().ok


@pytest.mark.parametrize("classes", [["emu", "cat"], ["emu", 3]])
def test_cells_of_label_files_name_classes_but_for_spaces(
    classes: list[str | int], store: Store, tmp_path: Path
) -> None:
    campaign = begun(store, tmp_path, labels=classes)
    path = tmp_path / "l.csv"
    path.write_text(f'id,label\n{ONE},"emu "\n{TWO},"  emu"\n{THREE}," {classes[1]} "\n{FOUR},Emu\n')
    told = campaign.tell_file(path, annotator="ann")
    assert (told.accepted, told.quarantined) == (3, 1)
    assert list(campaign.labels()["label"]) == ["emu", "emu", classes[1]]

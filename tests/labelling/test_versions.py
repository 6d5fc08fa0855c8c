"""Which answer stands does not depend on the order in which answers with times arrive."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.contract.columns import repeated, texts
from ladle.labelling.contract.tables import LabelTable, PersonTable
from ladle.labelling.rules import versions
from ladle.labelling.rules.people import founded, near_names
from ladle.labelling.rules.versions import NewAnswers, one_by_one, replaced_at_once, versions_of

ANSWERS = st.lists(
    st.tuples(st.sampled_from(["cat", "dog", ""]), st.integers(1, 9)), min_size=1, max_size=8, unique_by=lambda x: x[1]
)


def standing(answers: list[tuple[str, int]]) -> tuple[str, int]:
    """The answer of one annotator for one example that stands after these."""
    count = len(answers)
    labels, times = zip(*answers, strict=True)
    given = NewAnswers(
        row=repeated(0, count),
        annotator=repeated("ann", count),
        label=texts(labels),
        reason=repeated("", count),
        told_at=np.array(times),
        is_timed=repeated(1, count),
    )
    decided = versions_of(given, LabelTable.empty())
    assert decided.version == list(range(1, len(decided.place) + 1))
    (place,) = (each for each, stands in enumerate(decided.stands) if stands)
    return labels[decided.place[place]], decided.told_at[place]


@given(ANSWERS)
def test_the_latest_answer_stands_in_whatever_order_they_come(answers: list) -> None:
    assert standing(answers) == max(answers, key=lambda each: each[1])


SEVERAL = st.lists(
    st.tuples(
        st.integers(-2, 4),
        st.sampled_from(["ann", "bob", "cy"]),
        st.sampled_from(["cat", "dog", ""]),
        st.integers(1, 4),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


def answers_of_several(listed: list[tuple[int, str, str, int, bool]]) -> NewAnswers:
    row, annotator, label, told_at, is_timed = zip(*listed, strict=True)
    reasons = texts("dark" if each == "" else "" for each in label)
    numbers = [np.array(each, np.int64) for each in (row, told_at, is_timed)]
    return NewAnswers(
        row=numbers[0],
        annotator=texts(annotator),
        label=texts(label),
        reason=reasons,
        told_at=numbers[1],
        is_timed=numbers[2],
    )


def stored(new: NewAnswers) -> LabelTable:
    """The labels of a campaign that has been told these."""
    found = one_by_one(new, LabelTable.empty())
    kept = new.take(np.array(found.place, np.int64))
    listed = zip(kept.row.tolist(), kept.annotator.tolist(), kept.label.tolist(), kept.reason.tolist(), strict=True)
    facts = zip(found.version, found.told_at, found.stands, strict=True)
    rows = [
        (number, row, who, version, label, at, at, "", int(not stands), 1, int(not stands), label, who, 0, 0, why, "")
        for number, ((row, who, label, why), (version, at, stands)) in enumerate(zip(listed, facts, strict=True), 1)
    ]
    return LabelTable.of(rows)


@given(SEVERAL, SEVERAL)
def test_many_answers_at_once_are_decided_as_one_by_one(before: list, listed: list) -> None:
    known, new = stored(answers_of_several(before)), answers_of_several(listed)
    with patch.object(versions, "_FEW", 0):
        assert versions_of(new, known) == one_by_one(new, known)
        at_once = replaced_at_once(new)
    assert at_once == replaced_at_once(new)


def people(*names: str) -> PersonTable:
    return founded(PersonTable.empty(), names, event=1)


def test_new_people_are_numbered_and_nobody_is_nobody() -> None:
    first = people("ann", "", "bob", "ann")
    assert first.name.tolist() == ["ann", "bob"]
    more = founded(first, ["bob", "cy"], event=2)
    assert list(more.tuples()) == [(3, "cy", "", 0, 2)]


def test_names_that_look_alike_are_found() -> None:
    known = people("Ann-Marie", "bob", "李明", "José")
    for alike in ("ann marie", "ANNMARIE", "Ann\u2011Marie.", "\uff21nn-Marie", "Ann\u200b-Marie"):
        assert near_names(known, [alike]) == [(alike, "Ann-Marie")]
    for other in ("Ann-Mary", "bo", "李", "Jose", "...", "!"):
        assert near_names(known, [other]) == []
    assert near_names(people(), ["a", "A", "b"]) == [("a", "A")]
    merged = PersonTable.of([(1, "ann", "", 0, 1), (2, "Ann", "", 1, 1)])
    assert near_names(merged, ["ann"]) == [], "they are one person already"

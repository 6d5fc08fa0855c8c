"""Which answer stands does not depend on the order in which answers with times arrive."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.contract.columns import repeated, texts
from ladle.labelling.contract.tables import LabelTable, PersonTable
from ladle.labelling.rules.people import founded, near_names
from ladle.labelling.rules.versions import NewAnswers, versions_of

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

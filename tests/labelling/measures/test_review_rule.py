"""Who is due for a review: each reason just on either side of its limit."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ladle.labelling.measures.person_figures import PersonFigures
from ladle.labelling.measures.review_rule import LEAST, REASONS, as_records, reviews

TESTED = {"gold_right": 20, "gold_seen": 20}  # so that only the reason in question is found


def reasons(wanted: float = 0.8, **figures: Any) -> list[str]:
    person = PersonFigures(name="bob", **({"labels": 100} | TESTED | figures))
    return [each.reason for each in reviews([person], wanted=wanted)]


def test_gold_is_judged_by_the_upper_bound() -> None:
    # Wilson 1927: 10 of 20 is 70.1% at most, 13 of 20 is 81.9%.
    assert reasons(gold_right=10, gold_seen=20) == ["gold"]
    assert reasons(gold_right=13, gold_seen=20) == []
    assert reasons(gold_right=1, gold_seen=2) == []  # too few to tell
    assert reasons(gold_right=0, gold_seen=3) == ["gold"]  # 56% at most
    assert reasons(gold_right=19, gold_seen=20, wanted=0.999) == ["gold"]
    (found,) = reviews([PersonFigures(name="bob", labels=100, gold_right=10, gold_seen=20)], wanted=0.8)
    assert (found.annotator, found.figure, found.limit, found.count) == ("bob", 0.5, 0.8, 20)
    assert found.text == (
        "10 of 20 gold examples right: 50%, and 70% at most with 95% confidence, where the campaign wants 80%"
    )


def test_agreement_is_judged_where_the_intervals_part() -> None:
    others = {"others_shared": 100, "others_agreement": 0.9}
    assert reasons(shared=100, agreement=0.6, **others) == ["agreement"]
    assert reasons(shared=100, agreement=0.85, **others) == []
    assert reasons(shared=5, agreement=0.6, **others) == []
    assert reasons(shared=100, agreement=0.6, others_shared=3, others_agreement=0.9) == []
    assert reasons(shared=100, agreement=0.6, others_shared=0, others_agreement=math.nan) == []  # a team of two
    assert reasons(shared=0, agreement=math.nan, **others) == []


def test_values_are_judged_by_their_distance() -> None:
    of_others = {"shared": 50, "agreement": 0.0, "others_shared": 50, "others_agreement": 0.0, "others_difference": 0.1}
    assert reasons(difference=0.21, **of_others) == ["agreement"]
    assert reasons(difference=0.2, **of_others) == []
    assert reasons(difference=0.21, **(of_others | {"shared": LEAST - 1})) == []
    assert reasons(difference=0.21, **(of_others | {"others_difference": math.nan, "others_shared": 0})) == []


def test_speed_is_judged_by_the_others_and_by_what_people_can() -> None:
    assert reasons(timed=20, median_seconds=0.4) == ["speed"]
    assert reasons(timed=20, median_seconds=0.5) == []
    assert reasons(timed=19, median_seconds=0.1) == []
    assert reasons(timed=0, median_seconds=math.nan) == []
    assert reasons(timed=20, median_seconds=2.9, others_timed=20, others_median_seconds=9.0) == ["speed"]
    assert reasons(timed=20, median_seconds=3.0, others_timed=20, others_median_seconds=9.0) == []
    assert reasons(timed=20, median_seconds=2.9, others_timed=19, others_median_seconds=9.0) == []


def test_who_was_never_tested() -> None:
    tested = PersonFigures(name="ann", labels=100, **TESTED)
    fresh, busy = (PersonFigures(name=name, labels=count) for name, count in (("cy", LEAST - 1), ("dee", LEAST)))
    found = reviews([tested, fresh, busy], wanted=0.8)
    assert [(each.annotator, each.reason) for each in found] == [("dee", "untested")]
    everybody = reviews([fresh, busy], wanted=0.8)
    assert [(each.annotator, each.reason, each.count) for each in everybody] == [("", "untested", 2 * LEAST - 1)]
    assert everybody[0].text == "nobody was ever tested by gold, in 39 labels"
    assert reviews([fresh], wanted=0.8) == []
    assert reviews([], wanted=0.8) == []


def test_values_are_not_tested_by_gold() -> None:
    person = PersonFigures(name="ann", labels=100, gold_right=0, gold_seen=50)
    assert reviews([person, PersonFigures(name="bob", labels=100)], wanted=0.8, tests=False) == []
    assert [each.reason for each in reviews([person], wanted=0.8)] == ["gold"]


def test_reasons_come_in_the_order_of_the_table() -> None:
    bad = {"gold_right": 0, "gold_seen": 20, "shared": 100, "agreement": 0.1, "others_shared": 100}
    bad |= {"others_agreement": 0.9, "timed": 50, "median_seconds": 0.1}
    people = [PersonFigures(name=name, labels=100, **bad) for name in ("ann", "bob")]  # type: ignore[arg-type]
    people.append(PersonFigures(name="cy", labels=100))
    found = as_records(reviews(people, wanted=0.8))
    assert found["reason"].tolist() == ["gold"] * 2 + ["agreement"] * 2 + ["speed"] * 2 + ["untested"]
    assert found["annotator"].tolist() == ["ann", "bob"] * 3 + ["cy"]
    assert list(REASONS) == list(dict.fromkeys(found["reason"]))
    assert found.columns == ["annotator", "reason", "figure", "limit", "count", "text"]


@pytest.mark.parametrize("reason", list(REASONS))
def test_each_reason_has_a_meaning(reason: str) -> None:
    assert REASONS[reason].meaning
    assert REASONS[reason].short

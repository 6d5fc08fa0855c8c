"""Whose work is due for a review, and why: one table of reasons, each with its rule and its figures.

Only what is clear is a reason. A share counts by Wilson's interval of 95%, so that a few bad answers are none yet. What
is not known is no reason either, but for one: that nobody was ever tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ladle.counts import counted
from ladle.labelling.contract.columns import texts
from ladle.labelling.measures.person_figures import PersonFigures
from ladle.labelling.records import Records
from ladle.proposals.audit import wilson

EVERYBODY = ""  # the annotator of a reason that concerns all
LEAST = 20  # labels from which a speed, a distance of values, or the lack of a test is a reason
FASTEST_SECONDS = 0.5  # nobody reads an example and answers in less
MUCH_FASTER = 3.0  # times as fast as the others
MUCH_FARTHER = 2.0  # times as far from the others' values as these are from each other
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Review:
    """One reason to review the work of one person, or of everybody (annotator "").

    figure, limit: what was measured, and what it should have reached. count: of how many labels. text: for people.
    """

    annotator: str
    reason: str
    figure: float
    limit: float
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class ReviewReason:
    """meaning, short: for people. rule: the review of one person by the accuracy wanted on gold; None for no reason."""

    meaning: str
    short: str
    rule: Callable[[PersonFigures, float], Review | None]


def _gold(person: PersonFigures, wanted: float) -> Review | None:
    if not person.gold_seen:
        return None
    share = person.gold_right / person.gold_seen
    most = float(wilson(share, person.gold_seen, _Z)[1])
    if most >= wanted:
        return None
    text = (
        f"{person.gold_right:,} of {counted(person.gold_seen, 'gold example')} right: {share:.0%}, and {most:.0%} at "
        f"most with 95% confidence, where the campaign wants {wanted:.0%}"
    )
    return Review(person.name, "gold", share, wanted, person.gold_seen, text)


def _agreement(person: PersonFigures, wanted: float) -> Review | None:
    if not math.isnan(person.difference):
        return _distance(person)
    if not (person.shared and person.others_shared):
        return None
    most = float(wilson(person.agreement, person.shared, _Z)[1])
    least = float(wilson(person.others_agreement, person.others_shared, _Z)[0])
    if most >= least:
        return None
    text = (
        f"agrees with {person.agreement:.0%} of the others' labels on {counted(person.shared, 'shared example')}, "
        f"where the others agree with {person.others_agreement:.0%} of each other's"
    )
    return Review(person.name, "agreement", person.agreement, person.others_agreement, person.shared, text)


def _distance(person: PersonFigures) -> Review | None:
    limit = MUCH_FARTHER * person.others_difference
    if min(person.shared, person.others_shared) < LEAST or not person.difference > limit:
        return None
    text = (
        f"differs from the others by {person.difference:.4g} on {person.shared:,} shared examples, where the "
        f"others differ from each other by {person.others_difference:.4g}"
    )
    return Review(person.name, "agreement", person.difference, person.others_difference, person.shared, text)


def _speed(person: PersonFigures, wanted: float) -> Review | None:
    if person.timed < LEAST:
        return None
    compared = person.others_median_seconds / MUCH_FASTER if person.others_timed >= LEAST else 0.0
    limit = max(FASTEST_SECONDS, compared)
    if person.median_seconds >= limit:
        return None
    others = f", where the others take {person.others_median_seconds:.2g}" if compared > FASTEST_SECONDS else ""
    text = f"half of {person.timed:,} labels took less than {person.median_seconds:.2g} seconds{others}"
    return Review(person.name, "speed", person.median_seconds, limit, person.timed, text)


def _untested(person: PersonFigures, wanted: float) -> Review | None:
    if person.gold_seen or person.labels < LEAST:
        return None
    text = f"{person.labels:,} labels, and none of a gold example"
    return Review(person.name, "untested", 0.0, 1.0, person.labels, text)


REASONS: dict[str, ReviewReason] = {
    "gold": ReviewReason("right on gold examples clearly less often than the campaign wants", "wrong on gold", _gold),
    "agreement": ReviewReason(
        "agrees with the others clearly less than these among themselves", "disagrees", _agreement
    ),
    "speed": ReviewReason("answers faster than people can", "too fast", _speed),
    "untested": ReviewReason("never tested by gold", "not tested", _untested),
}


def reviews(people: Sequence[PersonFigures], *, wanted: float, tests: bool = True) -> list[Review]:
    """The reasons of all people, in the order of the table and of the people.

    wanted: the share of gold examples that the campaign wants to be right. tests: whether a label can be right or
    wrong. A value cannot: then nobody is tested by gold.
    """
    found: list[Review] = []
    nobody = tests and bool(people) and not any(person.gold_seen for person in people)
    for name, reason in REASONS.items():
        if name == "untested" and (nobody or not tests):
            continue
        if name == "gold" and not tests:
            continue
        found += [review for person in people if (review := reason.rule(person, wanted)) is not None]
    labels = sum(person.labels for person in people)
    if nobody and labels >= LEAST:
        text = f"nobody was ever tested by gold, in {labels:,} labels"
        found.append(Review(EVERYBODY, "untested", 0.0, 1.0, labels, text))
    return found


def as_records(found: Sequence[Review]) -> Records:
    """One row for each review: annotator ("" for everybody), reason, figure, limit, count, text."""
    return Records(
        {
            "annotator": texts(each.annotator for each in found),
            "reason": texts(each.reason for each in found),
            "figure": np.array([each.figure for each in found], np.float64),
            "limit": np.array([each.limit for each in found], np.float64),
            "count": np.array([each.count for each in found], np.int64),
            "text": texts(each.text for each in found),
        }
    )

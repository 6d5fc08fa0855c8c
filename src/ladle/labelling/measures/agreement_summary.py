"""The agreement of a campaign in one result: of all people, of each pair, on each class, and whom to review."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.labelling.contract.columns import texts
from ladle.labelling.contract.tables import LabelTable
from ladle.labelling.labels import Kind, Labels
from ladle.labelling.measures.agreement_measures import Ratings, alpha, class_agreement, pair_agreement, ratings_of
from ladle.labelling.measures.person_figures import PersonFigures
from ladle.labelling.records import Records

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff 2004: alpha for firm conclusions, and for tentative ones


@dataclass(frozen=True, slots=True, repr=False)
class Agreement:
    """How far the people of a campaign agree. What is not known is None, and NaN in a table.

    Current labels with a name count, of examples that are not excluded. Skips are no labels.

    Attributes
    ----------
    name : str
        The name of the campaign.
    kind : str
        "single", "multi" or "value", as `Labels.kind`.
    examples, labels : int
        Examples that two people or more have labelled, and their labels.
    alpha : float or None
        Krippendorff's alpha: 1 is perfect, 0 is what chance makes. Nominal for one class an example, interval for
        values; of several classes an example, each class is a question that is answered by yes or no.
    share : float or None
        The share of pairs of labels of one example that are equal; None for values too.
    pairs : Records
        One row for each pair of people with common examples: annotator, other, examples (that both have labelled),
        share (of equal labels), kappa (Cohen's; with quadratic weights for values, pooled over several classes),
        difference (root mean square of values).
    classes : Records
        One row for each class: label, labels (that name it), alpha (of this class against all others), share (where one
        person names it, how many of the others do), confused_with (the class that they name most often instead, or
        None), confused_share (how many do). Empty for values.
    annotators : Records
        One row for each person: annotator, labels, examples (on which the person is compared with others, see
        `ladle.labelling.measures.compared_labels`), share (of the others' labels that are equal), difference (from the
        others, of values), gold_right, gold_seen (0 of values), median_seconds (for a
        label).
    reviews : Records
        As `Reader.reviews`.
    """

    name: str
    kind: Kind
    examples: int
    labels: int
    alpha: float | None
    share: float | None
    pairs: Records
    classes: Records
    annotators: Records
    reviews: Records

    def to_dict(self) -> dict[str, Any]:
        """The agreement as plain values that JSON can hold.

        Returns
        -------
        dict
            Tables as lists of dicts; None for what is not known.
        """
        tables = ("pairs", "classes", "annotators", "reviews")
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name not in tables}
        return plain | {name: known_values(getattr(self, name)) for name in tables}

    def __repr__(self) -> str:
        known = "not known" if self.alpha is None else f"{self.alpha:.3f}"
        return f"<Agreement of {self.name}: alpha {known}, over {self.examples:,} examples>"


def summarise(
    name: str, kind: Labels, counted: LabelTable, people: Sequence[PersonFigures], reviews: Records
) -> Agreement:
    """The result. counted: as `counted_labels` gives them. Cost: that of `pair_agreement`."""
    ratings = ratings_of(counted, kind.kind)
    pairs = pair_agreement(ratings)
    all_pairs = int(pairs.examples.sum())
    is_value = kind.kind == "value"
    names = np.array(ratings.people, object)
    share = np.full(len(pairs.kappa), np.nan) if is_value else pairs.equal / pairs.examples
    return Agreement(
        name=name,
        kind=kind.kind,
        examples=ratings.examples,
        labels=len(ratings.example),
        alpha=alpha(ratings),
        share=None if is_value or not all_pairs else float(pairs.equal.sum() / all_pairs),
        pairs=Records(
            {
                "annotator": names[pairs.one],
                "other": names[pairs.other],
                "examples": pairs.examples,
                "share": share,
                "kappa": pairs.kappa,
                "difference": pairs.difference,
            }
        ),
        classes=_classes(ratings, kind),
        annotators=_annotators(people, is_value),
        reviews=reviews,
    )


def known_values(records: Records) -> list[dict[str, Any]]:
    """The rows as dicts that JSON can hold; what is not known is None."""
    return [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in records.to_pylist()
    ]


def _classes(ratings: Ratings, kind: Labels) -> Records:
    """One row for each class of the campaign, in its order, and then those that it does not name."""
    found = class_agreement(ratings, kind.kind)
    place = {text: number for number, text in enumerate(ratings.classes)}
    named = [json.dumps(each, ensure_ascii=False) for each in kind.classes or ()]
    listed = [*named, *(text for text in ratings.classes if text not in set(named))]
    known = np.array([place.get(text, -1) for text in listed], np.int64)
    there = known >= 0
    columns: dict[str, Any] = {"label": [json.loads(text) for text in listed]}
    for name in ("labels", "alpha", "share"):
        values = getattr(found, name)
        column = np.zeros(len(known), values.dtype) if name == "labels" else np.full(len(known), np.nan)
        column[there] = values[known[there]]
        columns[name] = column
    with_whom = [int(found.confused_with[each]) if each >= 0 else -1 for each in known.tolist()]
    columns["confused_with"] = [json.loads(ratings.classes[each]) if each >= 0 else None for each in with_whom]
    shares = [float(found.confused_share[each]) if each >= 0 else np.nan for each in known.tolist()]
    columns["confused_share"] = np.where(np.array(with_whom, np.int64) >= 0, np.array(shares, np.float64), np.nan)
    return Records(columns)


def _annotators(people: Sequence[PersonFigures], is_value: bool) -> Records:
    def floats(field: str) -> Any:
        return np.array([getattr(each, field) for each in people], np.float64)

    def counts(field: str) -> Any:
        return np.array([getattr(each, field) for each in people], np.int64)

    return Records(
        {
            "annotator": texts(each.name for each in people),
            "labels": counts("labels"),
            "examples": counts("shared"),
            "share": np.full(len(people), np.nan) if is_value else floats("agreement"),
            "difference": floats("difference"),
            "gold_right": counts("gold_right"),
            "gold_seen": counts("gold_seen"),
            "median_seconds": floats("median_seconds"),
        }
    )

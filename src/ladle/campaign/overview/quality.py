"""The agreement of a campaign, and whose work is due for a review."""

from __future__ import annotations

from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import ExclusionTable, GoldTable, LabelTable
from ladle.labelling.contract.tallies import counted_labels
from ladle.labelling.measures import review_rule
from ladle.labelling.measures.agreement_summary import Agreement, summarise
from ladle.labelling.measures.person_figures import PersonFigures, figures_of
from ladle.labelling.records import Records
from ladle.labelling.settings import Settings


def agreement(view: View, settings: Settings) -> Agreement:
    """The agreement of all people, of each pair, and on each class. Cost: reads all labels; see `pair_agreement`."""
    label = view.read(LabelTable)
    people, counted = figures(view, settings, label), counted_labels(label, view.read(ExclusionTable))
    return summarise(settings.name, settings.labels, counted, people, reviews_of(people, settings))


def figures(view: View, settings: Settings, label: LabelTable) -> list[PersonFigures]:
    """The figures of each person with labels. label: every version of all of them. Cost: a few sorts of the labels."""
    return figures_of(label, view.read(GoldTable), view.read(ExclusionTable), settings)


def reviews(view: View, settings: Settings, label: LabelTable) -> Records:
    """One row for each reason to review the work of a person. label: all of them. Cost: a few sorts of the labels."""
    return reviews_of(figures(view, settings, label), settings)


def reviews_of(people: list[PersonFigures], settings: Settings) -> Records:
    """The reviews that these figures call for."""
    tests = settings.labels.kind != "value"
    return review_rule.as_records(review_rule.reviews(people, wanted=settings.gold_accuracy, tests=tests))

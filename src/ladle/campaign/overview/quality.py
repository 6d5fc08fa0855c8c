"""The agreement of a campaign, and whose work is due for a review."""

from __future__ import annotations

from ladle.labelling.contract import View
from ladle.labelling.measures import review_rule
from ladle.labelling.measures.agreement_summary import Agreement, summarise
from ladle.labelling.measures.person_figures import PersonFigures, counted_labels, figures_of
from ladle.labelling.records import Records
from ladle.labelling.settings import Settings
from ladle.labelling.tables import ExclusionTable, GoldTable, LabelTable


def agreement(view: View, settings: Settings) -> Agreement:
    """The agreement of all people, of each pair, and on each class. Cost: reads all labels; see `pair_agreement`."""
    label, exclusions = view.read(LabelTable), view.read(ExclusionTable)
    people = figures_of(label, view.read(GoldTable), exclusions, settings)
    counted = counted_labels(label, exclusions)
    return summarise(settings.name, settings.labels, counted, people, _reviews(people, settings))


def reviews(view: View, settings: Settings, label: LabelTable) -> Records:
    """One row for each reason to review the work of a person. label: all of them. Cost: a few sorts of the labels."""
    exclusions = view.read(ExclusionTable)
    return _reviews(figures_of(label, view.read(GoldTable), exclusions, settings), settings)


def _reviews(people: list[PersonFigures], settings: Settings) -> Records:
    tests = settings.labels.kind != "value"
    return review_rule.as_records(review_rule.reviews(people, wanted=settings.gold_accuracy, tests=tests))

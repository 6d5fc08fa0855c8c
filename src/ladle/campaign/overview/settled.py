"""The state that the labels of one example gave it at an earlier moment, by the rules of then."""

from __future__ import annotations

from dataclasses import replace

from ladle.labelling.contract.columns import repeated, texts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import CURRENT, AdjudicationTable, LabelTable, SettingsTable
from ladle.labelling.example_events import standing, under_names
from ladle.labelling.rules.tell import resolutions
from ladle.labelling.settings import Settings, in_force
from ladle.labelling.states import OPEN


def state_before(view: View, answers: LabelTable, event: int) -> int:
    """The state of an example by its labels just before an event, without the words of leads.

    answers: all versions of its labels and skips. Settings and names of classes are those of then.
    """
    changes = view.read(SettingsTable)
    settings = in_force(Settings.from_json(view.settings), changes.take(changes.event < event))
    stood = standing(answers, event)
    named = (under_names(settings.labels, text) if text else "" for text in stood.as_told.tolist())
    stood = replace(stood, label=texts(named), status=repeated(CURRENT, len(stood)))
    found = resolutions(settings, stood, AdjudicationTable.empty())
    return int(found.state[0]) if len(found.state) else OPEN

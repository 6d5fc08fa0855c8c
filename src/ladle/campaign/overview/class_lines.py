"""What changes of the classes did to the labels of one example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import EventTable, SettingsTable
from ladle.labelling.example_events import SOMEONE, ExampleHistory, Line, under_names
from ladle.labelling.settings import Settings, in_force


def class_lines(view: View, events: EventTable, history: ExampleHistory) -> Iterator[Line]:
    """One line for each change of the classes that gave a label of the example another name.

    history: as `example_lines` left it. Labels that ended before count too: their names change as well. So do final
    words and gold. Cost: a look-up for each label of the example and each change of the classes.
    """
    changes = events.take(events.kind == "class")
    if not len(changes):
        return
    told = [*history.decided, *zip(history.answers.event.tolist(), history.answers.as_told.tolist(), strict=True)]
    settings, founding = view.read(SettingsTable), Settings.from_json(view.settings)
    for seq, at, _, actor, _, _, details, _ in changes.tuples():
        before = in_force(founding, settings.take(settings.event < seq)).labels
        after = in_force(founding, settings.take(settings.event <= seq)).labels
        known = {text for event, text in told if event < seq and text}
        if any(under_names(before, text) != under_names(after, text) for text in known):
            yield (
                at,
                seq,
                f"{_change(json.loads(details)['told'])} from here on, by {actor or SOMEONE}{history.verdict(seq)}",
            )


def _change(told: Mapping[str, Any]) -> str:
    """A change of the names of classes in words."""
    if told["change"] == "merge":
        return f"class {told['old']!r} counts as {told['into']!r}"
    if told["change"] == "rename":
        return f"class {told['old']!r} is named {told['new']!r}"
    return f"class {told['name']!r} is a class of its own again"

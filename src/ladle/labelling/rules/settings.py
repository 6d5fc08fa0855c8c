"""What a change of the settings writes: the new settings, and the tasks that they judge in another way."""

from __future__ import annotations

import json
from typing import Any

from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import SettingsTable
from ladle.labelling.rules.tell import KnownRows, rejudge
from ladle.labelling.settings import Settings

JUDGING = ("annotators_per_task", "agreement")  # settings that decide the state of a task
CHANGEABLE = (*JUDGING, "budget", "lease_seconds", "price", "currency", "gold_accuracy", "control")


def change_settings(before: Settings, after: Settings, known: KnownRows, *, number: int) -> Effects:
    """The new settings and the tasks that have another state under them; nothing where the settings are the same.

    known: what the campaign knows of all its tasks; only read where a setting of `JUDGING` changes. number: of the new
    row of settings.
    """
    changed = changes_between(before, after)
    report: dict[str, Any] = {"changed": changed, "tasks": 0}
    if not changed and not after.correction:
        return Effects(report=report)
    if after.correction:
        report["corrected"] = dict(after.correction)
    row = SettingsTable.of([(number, after.to_json(), known.event)])
    if not any(name in changed for name in JUDGING):
        return Effects(added=(row,), report=report)
    moved = rejudge("set", after, known, known.label, known.task.row)
    return Effects(added=(row,), changed=(moved,), report=report | {"tasks": len(moved)})


def changes_between(before: Settings, after: Settings) -> dict[str, list[Any]]:
    """The old and the new value of each setting of `CHANGEABLE` that differs."""
    old, new = json.loads(before.to_json()), json.loads(after.to_json())
    return {name: [old[name], new[name]] for name in CHANGEABLE if old[name] != new[name]}

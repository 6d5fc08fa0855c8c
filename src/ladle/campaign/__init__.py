"""The rules of a labelling campaign, free of SQL, clocks and files: events in, effects out.

`ladle.Campaign`, which has all three, stands on them in `ladle.store`.
"""

from __future__ import annotations

from ladle.campaign.answers import Batch, Progress, Taken, TaskStory, Told, Verdict
from ladle.campaign.contract import Store, View, Writer
from ladle.campaign.labels import Labels
from ladle.campaign.memory import MemoryStore
from ladle.campaign.records import Record, Records
from ladle.campaign.settings import Settings

__all__ = [
    "Batch",
    "Labels",
    "MemoryStore",
    "Progress",
    "Record",
    "Records",
    "Settings",
    "Store",
    "Taken",
    "TaskStory",
    "Told",
    "Verdict",
    "View",
    "Writer",
]

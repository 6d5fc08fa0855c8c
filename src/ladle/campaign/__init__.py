"""A labelling campaign: `Campaign`, which is asked and told over months, and `Reader`, which only looks.

The names of the rules' results and of the store's contract are here too; the rules themselves are in `ladle.labelling`.
"""

from __future__ import annotations

from ladle.campaign.campaign import Campaign
from ladle.campaign.reader import Reader
from ladle.labelling import (
    Batch,
    Labels,
    MemoryStore,
    Progress,
    Record,
    Records,
    Settings,
    Store,
    Taken,
    TaskStory,
    Told,
    Verdict,
    View,
    Writer,
)

__all__ = [
    "Batch",
    "Campaign",
    "Labels",
    "MemoryStore",
    "Progress",
    "Reader",
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

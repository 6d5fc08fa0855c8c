"""The rules of a labelling campaign, without SQL, clocks and files: events in, effects out.

`ladle.Campaign` applies them to a store, a clock and files, see `ladle.campaign`.
"""

from __future__ import annotations

from ladle.labelling.answers import (
    Assigned,
    Batch,
    PersonChange,
    Taken,
    TaskStory,
    Told,
    Verdict,
    Verification,
    Withdrawn,
)
from ladle.labelling.contract.store import Store, View, Writer
from ladle.labelling.control_figures import ControlEstimate, ControlFigures, LabelsSaved
from ladle.labelling.figures import Figures, Progress
from ladle.labelling.labels import Labels
from ladle.labelling.measures.agreement_summary import Agreement
from ladle.labelling.memory_store import MemoryStore
from ladle.labelling.pages import Page
from ladle.labelling.records import Record, Records
from ladle.labelling.settings import Settings
from ladle.labelling.splits import PoolSplit

__all__ = [
    "Agreement",
    "Assigned",
    "Batch",
    "ControlEstimate",
    "ControlFigures",
    "Figures",
    "Labels",
    "LabelsSaved",
    "MemoryStore",
    "Page",
    "PersonChange",
    "PoolSplit",
    "Progress",
    "Record",
    "Records",
    "Settings",
    "Store",
    "Taken",
    "TaskStory",
    "Told",
    "Verdict",
    "Verification",
    "View",
    "Withdrawn",
    "Writer",
]

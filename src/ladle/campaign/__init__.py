"""A labelling campaign: `Campaign`, which asks for labels and stores them over months, and `Reader`, which only reads.

The results of the rules and the contract of a store can be imported from here too. The rules are in `ladle.labelling`.

The rooms and files, each of which imports only those before it: session/ (an open campaign), own_files, overview/
(reading), backups, creation (its beginning), work/ (scores in, tasks out, labels in), control, lead/ (what a lead
changes), pools, pages; reader, comparison, status, teller, editor, whole_round, campaign (the public names).
"""

from __future__ import annotations

from ladle.campaign.campaign import Campaign
from ladle.campaign.comparison import CampaignComparison, compare
from ladle.campaign.reader import Reader
from ladle.campaign.work.rounds import RoundResult
from ladle.labelling import (
    Agreement,
    Assigned,
    Batch,
    Figures,
    Labels,
    MemoryStore,
    Page,
    PersonChange,
    PoolSplit,
    Progress,
    Record,
    Records,
    Settings,
    Store,
    Taken,
    TaskStory,
    Told,
    Verdict,
    Verification,
    View,
    Withdrawn,
    Writer,
)

__all__ = [
    "Agreement",
    "Assigned",
    "Batch",
    "Campaign",
    "CampaignComparison",
    "Figures",
    "Labels",
    "MemoryStore",
    "Page",
    "PersonChange",
    "PoolSplit",
    "Progress",
    "Reader",
    "Record",
    "Records",
    "RoundResult",
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
    "compare",
]

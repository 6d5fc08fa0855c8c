"""The counts of a campaign that a page shows."""

from __future__ import annotations

from collections import Counter

from ladle.campaign.overview.progress import progress
from ladle.campaign.session.session import Session
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import EventTable, LabelTable, labels_of
from ladle.labelling.figures import Figures


def figures(session: Session, view: View, at: int) -> Figures:
    """All counts of one moment. at: now, in microseconds."""
    known = progress(session, view, at)
    current = labels_of(view.read(LabelTable))
    shared = {name: getattr(known, name) for name in Figures.__dataclass_fields__ if hasattr(known, name)}
    return Figures(
        **shared
        | {
            "at_event": int(view.last(EventTable).seq[0]),
            "annotators": dict(sorted(Counter(current.annotator.tolist()).items())),
            "today": {},
            "classes": dict(sorted(Counter(current.label.tolist()).items())),
        }
    )

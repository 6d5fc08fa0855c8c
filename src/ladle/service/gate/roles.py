"""The roles of the service, and the person who sends a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do.

    A lead may do everything. A reader may see everything and change nothing. An annotator sees and labels only the
    tasks that this annotator has taken.
    """

    LEAD = "lead"
    ANNOTATOR = "annotator"
    READER = "reader"

    @property
    def meaning(self) -> str:
        """What this role may do, as a sentence."""
        return _MEANINGS[self]

    @property
    def home(self) -> tuple[str, str]:
        """The first page of this role: its address and title."""
        return ("/label", "Label") if self is Role.ANNOTATOR else ("/overview", "Overview")


_MEANINGS = {
    Role.LEAD: "A lead does everything.",
    Role.ANNOTATOR: "An annotator labels.",
    Role.READER: "A reader sees everything and changes nothing.",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends a request. name: for an annotator, the annotator's name in the campaign.

    is_session: whether a browser's session says so; otherwise a token does. csrf: what a form of this session repeats.
    """

    name: str
    role: Role
    is_session: bool
    csrf: str = ""

    @property
    def is_lead(self) -> bool:
        """Whether this is a lead."""
        return self.role is Role.LEAD

    @property
    def may_label(self) -> bool:
        """Whether this is an annotator or a lead."""
        return self.role in (Role.LEAD, Role.ANNOTATOR)

    @property
    def sees_all(self) -> bool:
        """Whether this is a lead or a reader."""
        return self.role in (Role.LEAD, Role.READER)

"""The answers of one tell, checked: who said what of which example, when, and in which file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ladle.labelling.contract.columns import Int64, Texts
from ladle.labelling.contract.events import Act, digest_of
from ladle.labelling.contract.tables import CommentTable

TellKind = Literal["tell", "import", "skip", "comment"]


@dataclass(frozen=True, slots=True, eq=False)
class FileOrigin:
    """The file that a tell comes from: its path as the caller named it, its SHA-256, the place of each refused entry.

    places: by position in the tell, such as "line 7". find_places: finds those of other positions, in the order of the
    file.
    """

    path: str
    sha256: str
    places: Mapping[int, str] = field(default_factory=dict)
    find_places: Callable[[Sequence[int]], list[str]] | None = None

    def places_of(self, positions: Sequence[int]) -> list[str]:
        """Where answers stand, in the order of the file; by their positions in the tell where the file is not known."""
        if self.find_places is None:
            return [f"answer {position + 1:,}" for position in sorted(positions)]
        return self.find_places(positions)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TellRequest:
    """One tell, checked: one entry for each of its l answers, in the order of the caller.

    kind: of the event; "import" for labels made elsewhere. row: (l,) of the pool, negative for an example that was
    taken out of it; NO_ROW for an id that the campaign does not know. label: (l,) canonical JSON, "" for a skip and for
    a value that is no label of the campaign. as_told: (l,) the label before its class was renamed or merged. said: (l,)
    what the caller gave, as text, whatever classes and examples the campaign has. refused: the reason, by position.
    given: the value as text, by position, for refused labels and unknown ids. told_by: (l,)
    the annotators as the caller wrote them. is_timed: (l,) 1 where the caller said when it was given. reason: (l,) of
    skips. spent_ms: (l,) 0 where nobody said. comments: remarks, not numbered yet; NO_ROW for an unknown id. at: the
    moment of the call, in microseconds. key: "" for none. part: of the pool, whose rows these are; 0 for none. by: who
    tells.
    """

    kind: TellKind
    row: Int64
    example_id: Texts
    label: Texts
    as_told: Texts
    said: Texts
    told_by: Texts
    source: Texts
    told_at: Int64
    is_timed: Int64
    reason: Texts
    spent_ms: Int64
    refused: Mapping[int, str]
    given: Mapping[int, str]
    at: int
    key: str = ""
    part: int = 0
    by: str = ""
    comments: CommentTable = field(default_factory=CommentTable.empty)
    origin: FileOrigin = field(default=FileOrigin("", ""))

    def __len__(self) -> int:
        return len(self.row)

    def act(self, key: str | None = None) -> Act:
        """The tell as an event, under its own key or another.

        Its digest is that of what the caller gave, but for `told_at`. It does not depend on what became of it: a class
        that was refused may be one now, and an unknown id may be in the pool now.
        """
        more: list[Any] = [self.reason] if (self.reason != "").any() else []
        if len(self.comments):
            more += [self.comments.example_id, self.comments.annotator, self.comments.text]
        digest = digest_of(self.example_id, self.said, [], self.told_by, self.source, *more)
        return Act(self.kind, self.at, self.by, self.key if key is None else key, digest)

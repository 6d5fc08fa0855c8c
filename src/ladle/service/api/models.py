"""The bodies of `/v1`: what a request may hold, strictly, and what an answer holds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

LONGEST_ID, LONGEST_TEXT, LONGEST_NAME = 4_096, 10_000, 200  # characters
MOST_ANSWERS = 10_000  # of one request
MOST_IDS = 100_000
MOST_CLASSES = 1_000  # of one label

ID_WANTED = f"be an id: a whole number of 64 bits, or text of 1 to {LONGEST_ID:,} characters"
LABEL_WANTED = (
    f"be a class (text of {LONGEST_TEXT:,} characters at most, or a whole number of 64 bits), a finite number, or a "
    f"list of {MOST_CLASSES:,} classes at most"
)
MOMENT_WANTED = (
    "be a time after the beginning of 1970: ISO 8601 with a zone, as 2026-03-01T09:30:00Z, or seconds since 1970"
)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_class(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, str) and len(value) <= LONGEST_TEXT)


def id_of(value: object) -> object:
    """An id as it is. Raises: ValueError with one sentence, where a union of types would have one for each type."""
    if not (_is_whole(value) or (isinstance(value, str) and 1 <= len(value) <= LONGEST_ID)):
        raise ValueError(ID_WANTED)
    return value


def label_of(value: object) -> object:
    """A label as it is; whether the campaign has it is for the campaign to say. Raises: ValueError, as `id_of`."""
    is_list = isinstance(value, list) and len(value) <= MOST_CLASSES and all(_is_class(each) for each in value)
    if not (_is_class(value) or is_list or (isinstance(value, float) and math.isfinite(value))):
        raise ValueError(LABEL_WANTED)
    return value


ExampleId = Annotated[
    Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
    | Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_ID)],
    BeforeValidator(id_of),
]
ClassName = (
    Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
    | Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)]
)
Label = Annotated[
    ClassName
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[list[ClassName], Field(max_length=MOST_CLASSES)],
    BeforeValidator(label_of),
]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_NAME)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_TEXT)]


def moment_of(value: object, as_datetime: ValidatorFunctionWrapHandler) -> datetime:
    """A moment that is a number, in seconds since 1970, or a text with a zone. Raises: ValueError."""
    try:
        if isinstance(value, bool):
            raise ValueError(MOMENT_WANTED)
        if isinstance(value, (int, float)) or (isinstance(value, str) and _is_number(value)):
            value = datetime.fromtimestamp(float(value), UTC)
        found: datetime = as_datetime(value)
        if found.timestamp() <= 0:
            raise ValueError(MOMENT_WANTED)
    except (ValueError, OverflowError, OSError) as cause:  # pydantic's own error is a ValueError
        raise ValueError(MOMENT_WANTED) from cause
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Moment = Annotated[
    AwareDatetime,
    WrapValidator(moment_of),
    Field(strict=False, description="ISO 8601 with a zone, or seconds since 1970."),
]
Seconds = Annotated[float, Field(strict=True, gt=0, le=365 * 24 * 3600.0, allow_inf_nan=False)]
Ids = Annotated[list[ExampleId], Field(min_length=1, max_length=MOST_IDS)]


class Body(BaseModel):
    """A body of a request: a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def example(**values: Any) -> ConfigDict:
    """The configuration of a body with an example for the documentation."""
    return ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra={"examples": [values]})


class TakeBody(Body):
    """Which tasks to take."""

    model_config = example(size=20)
    size: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 20
    lease_seconds: Seconds | None = None
    disputed: bool = False
    share: bool = Field(default=False, description="Leads alone: also from the batches of other holders.")
    annotator: Name | None = Field(default=None, description="Leads may take for someone else.")


class Answer(Body):
    """A label of one example."""

    id: ExampleId
    label: Label
    told_at: Moment | None = None
    seconds: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None


class TellBody(Body):
    """Labels to store."""

    model_config = example(labels=[{"id": "im-17", "label": "cat", "seconds": 1.4}])
    labels: Annotated[list[Answer], Field(min_length=1, max_length=MOST_ANSWERS)]
    annotator: Name | None = Field(default=None, description="Leads may tell labels of someone else.")
    source: Annotated[str, Field(strict=True, max_length=LONGEST_NAME)] = ""


class Skip(Body):
    """An example whose label cannot be told, and why."""

    id: ExampleId
    reason: Text
    told_at: Moment | None = None
    seconds: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None


class SkipBody(Body):
    """Skips to store."""

    model_config = example(skips=[{"id": "im-17", "reason": "too dark"}])
    skips: Annotated[list[Skip], Field(min_length=1, max_length=MOST_ANSWERS)]
    annotator: Name | None = None


class Remark(Body):
    """A comment on one example."""

    id: ExampleId
    text: Text


class CommentBody(Body):
    """Comments to store."""

    model_config = example(comments=[{"id": "im-17", "text": "two birds"}])
    comments: Annotated[list[Remark], Field(min_length=1, max_length=MOST_ANSWERS)]
    annotator: Name | None = None


class ReleaseBody(Body):
    """Which tasks to give back: all of the annotator's, or those of these examples."""

    model_config = example(ids=["im-17"])
    ids: Ids | None = None
    annotator: Name | None = Field(default=None, description="Leads may release for someone else.")


class AskBody(Body):
    """How many examples to choose, and by what scores."""

    model_config = example(size=3, margins=[0.9, 0.1, 0.5, 0.2], model="v2")
    size: Annotated[int, Field(strict=True, ge=1)]
    margins: list[Annotated[float, Field(strict=False, allow_inf_nan=False)]] | None = Field(
        default=None, description="For each example of the pool, in row order."
    )
    probabilities: list[list[Annotated[float, Field(strict=False, allow_inf_nan=False)]]] | None = None
    scores: Annotated[str, Field(strict=True, pattern="^([0-9a-f]{64}|last)$")] | None = Field(
        default=None,
        description="The digest that POST /v1/scores has answered, in place of the numbers. `last`, and the default "
        "where the strategy takes scores: those of the last recorded model, which the answer names.",
    )
    holder: Annotated[str, Field(strict=True, max_length=LONGEST_NAME)] = ""
    lease_seconds: Seconds | None = None
    model: Name | None = None
    gold: Annotated[int, Field(strict=True, ge=0)] = 0


class IdsBody(Body):
    """Examples."""

    model_config = example(ids=["im-17"])
    ids: Ids


class ExcludeBody(IdsBody):
    """Examples to exclude, and why."""

    model_config = example(ids=["im-17"], reason="blurred")
    reason: Text


class AssignBody(IdsBody):
    """Examples to assign. to: a person or a team; it may be new."""

    model_config = example(ids=["im-17"], to="ann")
    to: Name


class UnassignBody(IdsBody):
    """Examples whose assignments end. to: only those to this person or team."""

    model_config = example(ids=["im-17"])
    to: Name | None = None


class KnownLabel(Body):
    """An example and its label."""

    id: ExampleId
    label: Label


class GoldBody(Body):
    """Examples with a known label."""

    model_config = example(gold=[{"id": "im-17", "label": "cat"}])
    gold: Annotated[list[KnownLabel], Field(min_length=1, max_length=MOST_ANSWERS)]


class AdjudicateBody(Body):
    """Final words of a lead."""

    model_config = example(labels=[{"id": "im-17", "label": "cat"}], reason="see the guidelines")
    labels: Annotated[list[KnownLabel], Field(min_length=1, max_length=MOST_ANSWERS)]
    reason: Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)] = ""


class CloseBody(Body):
    """Entries of the quarantine to close, and why."""

    model_config = example(numbers=[1], reason="told again")
    numbers: Annotated[
        list[Annotated[int, Field(strict=True, ge=1, lt=2**63)]], Field(min_length=1, max_length=MOST_IDS)
    ]
    reason: Text


class Me(BaseModel):
    """Who is signed in, and what the campaign is."""

    name: str
    role: str
    campaign: str
    kind: Literal["single", "multi", "value"]
    classes: list[int | str] | None
    low: float | None
    high: float | None
    annotators_per_task: int
    lease_seconds: float


class TakenTask(BaseModel):
    """A task that was taken."""

    id: int | str
    row: int


class TakenAnswer(BaseModel):
    """The tasks that an annotator has now."""

    annotator: str
    tasks: list[TakenTask]
    lease_until: datetime
    renewed: int
    passed_on: int


class ToldAnswer(BaseModel):
    """What became of labels or skips, in counts as `Told` has them. Annotators are not told what became of tasks."""

    labels: int
    accepted: int
    changed: int
    repeated: int
    quarantined: int
    disputed: int | None
    labelled: int | None
    skipped: int
    older: int
    repeat_of_key: bool
    notices: list[str]


class CountAnswer(BaseModel):
    """How many examples, tasks or comments a change has changed; 0 when all was so before."""

    changed: int


class AssignedAnswer(BaseModel):
    """What an assignment has changed, as `Assigned` has it: examples, whose tasks they were, and those left out."""

    examples: int
    taken_from: dict[str, int]
    left_out: int


class BatchAnswer(BaseModel):
    """A batch, without its examples."""

    number: int
    round: int
    size: int
    key: str
    holder: str
    asked_at: datetime
    lease_until: datetime
    model: str
    passed_on: int
    renewed: bool = False
    story: dict[str, Any]
    notices: list[str] = []


class PageAnswer(BaseModel):
    """Rows of a long table, and the `after` of the next page: null at the end."""

    items: list[dict[str, Any]]
    next: str | None


class RowsAnswer(BaseModel):
    """All rows of a short table."""

    items: list[dict[str, Any]]


class StoryLine(BaseModel):
    """What happened, and when."""

    at: datetime
    what: str


class StoryAnswer(BaseModel):
    """All that happened to one example."""

    id: int | str
    row: int
    state: str
    label: Any
    lines: list[StoryLine]

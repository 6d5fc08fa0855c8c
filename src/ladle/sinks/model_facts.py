"""What every sink writes of a recorded model: its metrics, and the facts of the round on whose labels it was trained.

1. A sink reads the campaign and changes nothing in it.
2. Called again, a sink adds what is new: models that were recorded since, and metrics that were corrected. It finds out
   what is there from the place it writes to, so a call that was broken off is completed by the next one.
3. A campaign is known by the seal of its first event, which it keeps under another path and after a restore. So two
   campaigns of one name do not mix in one place.
4. The step of every metric is the number of labelled examples when the model was recorded: the axis on which learning
   curves of different strategies compare. Its time is that of the record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ladle.campaign.reader import Reader
from ladle.errors import ArgumentError
from ladle.numbers import shown


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One recorded model. metrics: name as the sink writes it -> value. facts: name -> number or text."""

    version: str
    at: datetime
    labelled: int
    metrics: Mapping[str, float]
    facts: Mapping[str, int | str]


def models_of(campaign: object, forbidden: str = "") -> list[ModelFacts]:
    """The recorded models of a campaign, in order.

    forbidden: a pattern of the characters that the sink does not take in the name of a metric; "_" stands for each.
    Raises: ArgumentError for what is no campaign, and for two metrics whose names would be the same.
    """
    if not isinstance(campaign, Reader):
        raise ArgumentError("`campaign`", wanted="be an open Campaign or Reader", got=shown(campaign)[:200])
    batches = {row.round: row for row in campaign.asked()}
    asked = {number: sum(row.size for key, row in batches.items() if key <= number) for number in batches}
    found = []
    for row in campaign.models():
        facts: dict[str, int | str] = {"round": row.round, "labelled": row.labelled, "asked": asked.get(row.round, 0)}
        if row.round in batches:
            facts |= {"batch_size": batches[row.round].size, "scores_model": batches[row.round].model}
        facts["scores_digest"] = row.scores_digest
        metrics = _named(row.metrics, forbidden)
        found.append(
            ModelFacts(row.version, row.at, row.labelled, metrics, {k: v for k, v in facts.items() if v != ""})
        )
    return found


def seal_of(campaign: Reader) -> str:
    """What names a campaign for ever: the seal of its first event. Cost: reads the events."""
    return str(campaign.audit()[0].chain)


def _named(metrics: Mapping[str, Any], forbidden: str) -> dict[str, float]:
    names: dict[str, str] = {}
    for name in metrics:
        plain = re.sub(forbidden, "_", name) if forbidden else name
        if plain in names:
            raise ArgumentError(
                "the metrics",
                wanted="have names that differ where the sink can write them",
                got=f"`{names[plain]}` and `{name}`, both `{plain}` there",
                remedy="Record them under other names: Campaign.record_model(..., correct=True).",
            )
        names[plain] = name
    return {plain: float(metrics[name]) for plain, name in names.items()}

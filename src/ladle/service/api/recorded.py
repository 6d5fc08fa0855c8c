"""The scores of the last recorded model, for an ask that sends none: on a page, and over `/v1`."""

from __future__ import annotations

from typing import Any

from ladle.campaign import Campaign
from ladle.errors import ArgumentError
from ladle.strategies import describe

FROM_RECORDED = frozenset({"scores", "embeddings"})  # what an ask without numbers can give a strategy


def check_recorded(campaign: Campaign, *, otherwise: str) -> bool:
    """Whether the strategy takes scores. otherwise: what else a sender can do, for the error.

    Raises: ArgumentError where the strategy needs what no recorded model has.
    """
    needs = set(describe(campaign.settings.strategy).needs)
    if not needs <= FROM_RECORDED:
        raise ArgumentError(
            "the strategy",
            wanted="need no more than scores and embeddings",
            got=f"{campaign.settings.strategy}, which needs {', '.join(sorted(needs))}",
            remedy=otherwise,
        )
    return "scores" in needs


def recorded_scores(campaign: Campaign, *, otherwise: str) -> dict[str, Any]:
    """`model` and `margins` of `Campaign.ask`; neither for a strategy that takes no scores.

    Raises: as `check_recorded`; ArgumentError where no model is recorded with scores; as `Reader.map.margins`.
    """
    if not check_recorded(campaign, otherwise=otherwise):
        return {}
    known = campaign.map.margins()
    if known is None:
        raise ArgumentError(
            "the scores",
            wanted="be those of a recorded model",
            got="no recorded model with scores",
            remedy=f"Record it: ladle campaign model VERSION --scores SCORES.parquet. {otherwise}",
        )
    return {"model": known[0], "margins": known[1]}

"""Several campaigns side by side: labels, spend, agreement, speed, and learning curves at equal label counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.campaign.reader import Reader
from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import texts
from ladle.labelling.measures.agreement_summary import known_values
from ladle.labelling.measures.learning_curves import Curve, at_equal_counts, curve_of
from ladle.labelling.measures.prices import costs_text
from ladle.labelling.records import Records
from ladle.numbers import shown


@dataclass(frozen=True, slots=True, repr=False)
class CampaignComparison:
    """Several campaigns side by side. What is not known is NaN in a table, and None in `to_dict`.

    Attributes
    ----------
    campaigns : Records
        One row for each: campaign (its name; with the database where several have that name), database, pool, rounds,
        labelled (examples), labels, annotators, spend (labels paid for), cost and currency (of these, in the currency
        of now), costs (text: in all currencies that it had; "" for none), budget (NaN for none), labels_per_day,
        seconds_per_label (the median of the people's medians), share (of equal pairs of labels), alpha
        (Krippendorff's), models.
    curves : Records
        One row for each metric, count of labelled examples and campaign: metric, labelled, campaign, value, measured.
        Counts are those at which any of the campaigns has recorded a model. Between two models of a campaign the value
        lies on the line between theirs, and `measured` is False; before its first and after its last it is not known.
    """

    campaigns: Records
    curves: Records

    def side_by_side(self, metric: str) -> Records:
        """One learning curve of each campaign that has the metric.

        Parameters
        ----------
        metric : str
            The name of the metric.

        Returns
        -------
        Records
            One row for each count: labelled, and a column for each campaign with the metric.

        Raises
        ------
        ArgumentError
            When no campaign has the metric.
        """
        rows = [row for row in self.curves if row.metric == metric]
        if not rows:
            known = ", ".join(dict.fromkeys(self.curves["metric"].tolist())) or "none"
            raise ArgumentError("`metric`", wanted=f"be one of the metrics ({known})", got=shown(metric))
        counts = sorted({row.labelled for row in rows})
        values = {(row.campaign, row.labelled): row.value for row in rows}
        names = dict.fromkeys(row.campaign for row in rows)
        columns = {name: np.array([values[name, count] for count in counts]) for name in names}
        return Records({"labelled": np.array(counts, np.int64), **columns})

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values that JSON can hold.

        Returns
        -------
        dict
            Tables as lists of dicts.
        """
        return {"campaigns": known_values(self.campaigns), "curves": known_values(self.curves)}

    def __repr__(self) -> str:
        return f"<CampaignComparison of {', '.join(self.campaigns['campaign'])}>"


def compare(*campaigns: Reader) -> CampaignComparison:
    """Compare several campaigns, of one database or of several.

    Parameters
    ----------
    *campaigns : Campaign or Reader
        Two or more, open.

    Returns
    -------
    CampaignComparison

    Raises
    ------
    ArgumentError
        For fewer than two, and for the same campaign twice.

    Notes
    -----
    Cost: reads all tasks and labels of each. Each is read at a moment of its own.
    """
    if len(campaigns) < 2:
        raise ArgumentError("the campaigns", wanted="be two or more", got=f"{len(campaigns)}")
    places = Counter((each.url, each.name) for each in campaigns)
    twice = [f"{name} in {url}" for (url, name), count in places.items() if count > 1]
    if twice:
        raise ArgumentError("the campaigns", wanted="be different ones", got=f"{twice[0]} twice")
    names = _names(campaigns)
    rows = [_row(campaign, name) for campaign, name in zip(campaigns, names, strict=True)]
    columns: dict[str, Any] = {}
    for field in rows[0]:
        values = [row[field] for row in rows]
        columns[field] = texts(values) if isinstance(values[0], str) else np.array(values)
    return CampaignComparison(Records(columns), _curves(campaigns, names))


def _names(campaigns: Sequence[Reader]) -> list[str]:
    """The name of each campaign, with its database where several have that name."""
    often = Counter(each.name for each in campaigns)
    return [each.name if often[each.name] == 1 else f"{each.name} ({each.url})" for each in campaigns]


def _row(campaign: Reader, name: str) -> dict[str, Any]:
    progress, agreement = campaign.progress(), campaign.agreement()
    medians = [each for each in agreement.annotators["median_seconds"].tolist() if not math.isnan(each)]
    return {
        "campaign": name,
        "database": campaign.url,
        "pool": progress.pool,
        "rounds": progress.rounds,
        "labelled": progress.labelled + progress.labelled_unasked,
        "labels": progress.labels,
        "annotators": len(agreement.annotators),
        "spend": progress.spend,
        "cost": _number(progress.cost),
        "currency": progress.currency,
        "costs": costs_text(progress.costs, progress.unpriced),
        "budget": _number(progress.budget),
        "labels_per_day": _number(progress.labels_per_day),
        "seconds_per_label": float(np.median(medians)) if medians else math.nan,
        "share": _number(agreement.share),
        "alpha": _number(agreement.alpha),
        "models": len(progress.curve),
    }


def _curves(campaigns: Sequence[Reader], names: Sequence[str]) -> Records:
    curves: dict[str, dict[str, Curve]] = {}
    for campaign, name in zip(campaigns, names, strict=True):
        models = campaign.progress(people=False).curve
        for metric in dict.fromkeys(each for row in models for each in row.metrics):
            points = [(row.labelled, row.metrics[metric]) for row in models if metric in row.metrics]
            curves.setdefault(metric, {})[name] = curve_of(points)
    rows = [
        (metric, int(count), name, value, measured)
        for metric, of_campaign in curves.items()
        for count, values in at_equal_counts(of_campaign)
        for name, (value, measured) in values.items()
    ]
    return Records(
        {
            "metric": texts(row[0] for row in rows),
            "labelled": np.array([row[1] for row in rows], np.int64),
            "campaign": texts(row[2] for row in rows),
            "value": np.array([row[3] for row in rows], np.float64),
            "measured": np.array([row[4] for row in rows], bool),
        }
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)

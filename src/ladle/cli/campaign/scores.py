"""The scores of an ask: read as `ladle select` reads them, and matched to the campaign's pool by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ladle.cli.pool.scored import QueryInputs, Reading
from ladle.errors import ClassCountError
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.campaign import Campaign


PROBABILITIES = ("probabilities",)  # all that the figures of the control need


@dataclass(frozen=True, slots=True)
class KnownPool:
    """The ids of a pool, which are all that reading scores needs. A campaign has them without the pool itself."""

    id_column: Any
    source: str

    @property
    def rows(self) -> int:
        """Examples in it."""
        return len(self.id_column)

    @property
    def source_count(self) -> int:
        """As `Pool.source_count`: a campaign does not know the rows that were left out of its pool."""
        return self.rows

    @property
    def source_ids(self) -> Any:
        """As `Pool.source_ids`."""
        return self.id_column

    def rows_from_source(self, rows: Any) -> Any:
        """As `Pool.rows_from_source`."""
        return rows

    def source_rows(self, rows: Any) -> Any:
        """As `Pool.source_rows`."""
        return rows

    def ids_at(self, rows: Any) -> Any:
        """The ids at these rows."""
        return self.id_column.at(rows)


def reading_of(
    campaign: Campaign,
    *,
    scores: Path | None,
    votes: Path | None,
    logits: bool,
    margins: bool,
    binary: bool,
    normalise: bool,
    columns: Sequence[str] | None,
    id_column: str | None,
    ignore_extra: bool,
    needs: Sequence[str] | None = None,
) -> Reading:
    """The options of the scores, checked against what is needed of them: by default, by the campaign's strategy.

    Raises: ArgumentError.
    """
    reading = Reading(
        path=scores,
        votes=votes,
        logits=logits,
        margins=margins,
        binary=binary,
        normalise=normalise,
        multilabel=campaign.settings.options.get("multilabel"),
        columns=columns or (),
        id_column=id_column,
        ignore_extra=ignore_extra,
    )
    reading.check(needs_of(campaign) if needs is None else needs)
    return reading


def needs_of(campaign: Campaign) -> tuple[str, ...]:
    """The names of the arrays that the campaign's strategy needs."""
    from ladle.strategies import describe

    return tuple(describe(campaign.settings.strategy).needs)


def given_of(campaign: Campaign, reading: Reading, *, progress: Reporter) -> QueryInputs:
    """The scores as `Campaign.ask` takes them, without embeddings, which it reads itself.

    Raises: as `Reading.read`; for scores of the classes of before, with what has changed since.
    """
    import numpy as np

    needs = [each for each in needs_of(campaign) if each != "embeddings"]
    settings, takes_margins = campaign.settings, "probabilities" not in needs
    tells_classes = reading.path is not None and not reading.margins and settings.labels.kind == "single"
    if settings.control and tells_classes and settings.labels.classes is not None:
        needs.append("probabilities")  # the ask records what they predict for the control
    # Scores by position have an entry for every row of the source; only the pool itself knows the rows left out.
    pool = campaign.pool.with_gaps() or KnownPool(campaign.ids, f"the pool of {campaign.name}")
    labelled = np.unique(campaign.labels()["row"])
    labelled = labelled[labelled >= 0]  # labelled examples of the pool may lack a score
    named = replace(reading, classes=campaign.settings.labels.classes)
    try:
        return named.read(pool, labelled, needs, takes_margins=takes_margins, progress=progress)
    except ClassCountError as error:
        campaign.classes.refuse_earlier(error.subject, error.count)
        raise


def probabilities_of(campaign: Campaign, reading: Reading, *, progress: Reporter) -> Any:
    """(n, c) the probabilities of a score file that has every example of the pool. Raises: as `given_of`.

    reading: checked for `PROBABILITIES`.
    """
    import numpy as np

    pool = campaign.pool.with_gaps() or KnownPool(campaign.ids, f"the pool of {campaign.name}")
    named = replace(reading, classes=campaign.settings.labels.classes)
    try:
        return named.read(pool, np.empty(0, np.int64), PROBABILITIES, progress=progress).arrays["probabilities"]
    except ClassCountError as error:
        try:
            campaign.classes.refuse_earlier(error.subject, error.count)
        except ClassCountError as earlier:  # margins are no remedy here
            remedy = earlier.remedy.partition(" Until then give its margins")[0]
            raise earlier.reworded(earlier.subject, wanted=earlier.wanted, got=earlier.got, remedy=remedy) from error
        raise

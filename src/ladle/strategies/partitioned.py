"""Any strategy on random parts of the pool, one after another: so a strategy of quadratic cost reaches large pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arrays import Rows
from ladle.errors import ArgumentError, DataError
from ladle.numbers import switch, whole
from ladle.pool import Pool
from ladle.seeds import MAX_SEED, child_seed
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need
from ladle.strategies.query.request import Request

StoryFacts = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Partitioned(Chooser):
    """Another strategy, queried in each of several random parts of the unlabelled pool for its share of the batch.

    The parts differ in size by one row at most, and so do their shares. Labelled rows belong to every part, unless they
    are dealt out like the others. Each part is a pool of its own to the strategy, with its own seed and the arrays of
    its own rows. The batch takes the first pick of every part, then the second of every part, and so on. With one part
    the result is that of the strategy itself.

    The scores of a selection are those of the strategy within each part. A fact of the story stays as it is where all
    parts agree; where numbers differ, the least and the most of them are given.

    Parameters
    ----------
    strategy : Chooser
        The strategy to query; `name` and `needs` are those of this strategy.
    partitions : int
        Number of parts, from 1 to the size of a batch.
    deal_labelled : bool, default False
        Whether each labelled row belongs to one part only. A strategy that compares every row with every labelled one,
        as CoreSet does, then makes an m-th of the comparisons for m parts; but a part does not know the labelled rows
        of the others.

    Raises
    ------
    ArgumentError
        A parameter is out of range; at a query also when there are more parts than places in the batch.

    Notes
    -----
    Cost: for m parts, m times the cost of the strategy on n / m rows, the labelled ones (an m-th of them, if dealt out)
    and size / m picks; where that cost grows with n x size, an m-th of it. The arrays of one part are in memory at a
    time, and 24 bytes a row of the pool.

    Repeatability: that of the strategy; the seed decides the parts.

    References
    ----------
    Citovsky et al. 2021, "Batch Active Learning at Scale", where CoreSet and BADGE are scaled in this way.
    """

    strategy: Chooser
    partitions: int
    deal_labelled: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.strategy, Chooser):
            raise ArgumentError(
                "`strategy`", wanted="be one of ladle.strategies", got=f"a {type(self.strategy).__name__}"
            )
        switch(self.deal_labelled, "`deal_labelled`")
        check_partitions(self.partitions)

    @property
    def name(self) -> str:  # type: ignore[override]  # an attribute of the class elsewhere, here of the strategy
        """The name of the strategy that is queried."""
        return self.strategy.name

    @property
    def needs(self) -> tuple[Need, ...]:  # type: ignore[override]  # as `name`
        """The needs of the strategy that is queried."""
        return self.strategy.needs

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`. Raises: ArgumentError when there are more partitions than places in the batch."""
        request, count = asked.request, check_partitions(self.partitions, size=asked.request.size)
        if count == 1:
            return self.strategy.choose(asked)
        asked = _checked(asked, self.strategy)
        shuffled = draws.sample(draws.key(request.seed, "partitions"), asked.unlabelled, request.unlabelled_rows)
        labelled = request.labelled
        if self.deal_labelled:
            labelled = draws.sample(draws.key(request.seed, "labelled partitions"), labelled, len(labelled))
        rows, row_scores = np.empty(request.size, np.int64), np.empty(request.size, np.float32)
        facts: list[StoryFacts] = []
        candidate_rows = 0
        with asked.progress.task("Choosing, part by part", count) as advance:
            for part in range(count):
                # Every count-th row of the shuffle, and every count-th place in the batch. The first parts have one row
                # more, and the first parts choose one row more, so no part has to choose more rows than it has.
                unlabelled, batch_pos = shuffled[part::count], slice(part, None, count)
                known = labelled[part::count] if self.deal_labelled else labelled
                choice = self._chosen_in(part, unlabelled, known, len(rows[batch_pos]), asked)
                rows[batch_pos], row_scores[batch_pos] = choice.rows, choice.scores
                facts.append(choice.facts)
                candidate_rows += len(unlabelled) if choice.candidate_rows is None else choice.candidate_rows
                advance(1)
        own: dict[str, int | float | str] = {
            "partitions": count,
            "partition_rows": -(-request.unlabelled_rows // count),
        }
        if self.deal_labelled:
            own["partition_labelled_rows"] = -(-len(labelled) // count)
        return Choice(rows, row_scores, {**own, **_merged(facts)}, candidate_rows=candidate_rows)

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`: the whole pool is checked here, because a part has other rows."""
        self.strategy.check_pool(pool_rows)

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:
        """See `Chooser.check_embeddings`."""
        self.strategy.check_embeddings(embeddings)

    def restricted(self, rows: Rows) -> Partitioned:
        """See `Chooser.restricted`."""
        return replace(self, strategy=self.strategy.restricted(rows))

    def _chosen_in(self, part: int, unlabelled: Rows, labelled: Rows, size: int, asked: Asked) -> Choice:
        """`size` of the unlabelled rows, chosen by the strategy in a pool of these rows alone."""
        rows = np.sort(np.concatenate([unlabelled, labelled]))
        request = Request(
            size=size,
            pool_rows=len(rows),
            labelled=np.searchsorted(rows, np.sort(labelled)),
            seed=child_seed(asked.request.seed, "partition", part) & MAX_SEED,
        )
        query_of_part = replace(
            asked,
            request=request,
            given_probabilities=_gathered(asked.given_probabilities, rows),
            given_margins=_gathered(asked.given_margins, rows),
            given_embeddings=_gathered(asked.given_embeddings, rows),
            given_votes=_gathered(asked.given_votes, rows),
        )
        try:
            choice = self.strategy.restricted(rows).choose(query_of_part)
        except DataError as error:
            place = f"{error.got} (counting within partition {part + 1} of {self.partitions})"
            raise type(error)(error.subject, wanted=error.wanted, got=place, remedy=error.remedy) from error
        return replace(choice, rows=rows[choice.rows])


def check_partitions(partitions: int, *, size: int | None = None) -> int:
    """`partitions` as a plain int, from 1 to `size`, the size of a batch. Raises: ArgumentError."""
    partitions = whole(partitions, "`partitions`", least=1)
    if size is not None and partitions > size:
        raise ArgumentError(
            "`partitions`",
            wanted=f"be at most the size of the batch ({size:,})",
            got=f"{partitions:,}",
            remedy="Each partition gives at least one row: lower their number or raise the size.",
        )
    return partitions


@dataclass(frozen=True, slots=True, eq=False)
class _Gathered:
    """These rows of an array, copied only while a strategy reads them."""

    whole: npt.ArrayLike
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(np.asarray(self.whole)[self.rows], dtype)  # a new array, whatever `copy` is


def _gathered(whole: Any, rows: Rows) -> _Gathered | None:
    return None if whole is None else _Gathered(whole, rows)


def _checked(asked: Asked, strategy: Chooser) -> Asked:
    """The query with the arrays that are needed checked whole, so that errors come first and name rows of the pool.

    Raises: ArgumentError when it is missing; ShapeError, NonFiniteError, ProbabilityError.
    """
    needs = strategy.needs
    if "scores" in needs:
        margins = asked.margins(multilabel=getattr(strategy, "multilabel", None))
        if asked.given_margins is not None:  # if not, each part computes its own, as a query without parts does
            asked = replace(asked, given_margins=margins)
    if "probabilities" in needs:
        probabilities = asked.probabilities(multilabel=bool(getattr(strategy, "multilabel", None)))
        asked = replace(asked, given_probabilities=probabilities, binary=False, normalise=False)
    if "embeddings" in needs:
        asked = replace(asked, given_embeddings=asked.embeddings())
    if "votes" in needs:
        asked = replace(asked, given_votes=asked.votes())
    return asked


def _merged(parts: Sequence[StoryFacts]) -> dict[str, int | float | str]:
    """The facts that all parts report: one value where they agree, the least and the most where numbers differ."""
    merged: dict[str, int | float | str] = {}
    for name in parts[0]:
        values = [facts[name] for facts in parts if name in facts]
        if len(values) < len(parts):
            continue
        if len(set(values)) == 1:
            merged[name] = values[0]
            continue
        numbers = [value for value in values if not isinstance(value, str)]
        if len(numbers) == len(values):
            merged[f"{name}_least"], merged[f"{name}_most"] = min(numbers), max(numbers)
    return merged

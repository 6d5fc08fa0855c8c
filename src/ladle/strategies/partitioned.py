"""Any strategy on random parts of the pool, one part after another: how those of quadratic cost reach large pools."""

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

Facts = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Partitioned(Chooser):
    """Another strategy, asked in each of several random parts of the unlabelled pool for its share of the batch.

    The parts differ in size by one row at most, and so do their shares. Labelled rows belong to every part, as labelled
    rows, unless they are dealt out like the others. Each part is a pool of its own to the strategy, with a seed of its
    own and with the arrays of its own rows. The batch takes the first pick of every part, then the second of every
    part, and so on. One part is the strategy itself.

    strategy: the one to ask; name and needs are its own. partitions: from 1 to the size of a batch. deal_labelled: each
    labelled row belongs to one part only. A strategy that compares every row with every labelled one, as CoreSet does,
    is then asked an m-th of the comparisons; but a part does not know what was labelled in the others.
    The scores of a selection are the strategy's own, within each part. Its facts are told as they are where all parts
    agree, and by the least and the most of them where numbers differ.
    Raises: ArgumentError; at a query also whatever the strategy raises.
    Cost: for m parts, m times what the strategy costs on n / m rows, the labelled ones (dealt out, an m-th of them),
    and size / m picks: where that grows with n x size, an m-th of it. One part's arrays are in memory at a time; 24
    bytes a row of the pool.
    Repeats: as the strategy; the parts are set by the seed.
    Source: Citovsky et al. 2021, who scale CoreSet and BADGE so.
    """

    strategy: Chooser
    partitions: int
    deal_labelled: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.strategy, Chooser):
            raise ArgumentError("`strategy`", wanted="be one of ladle.strategies", got=repr(self.strategy))
        object.__setattr__(self, "deal_labelled", switch(self.deal_labelled, "`deal_labelled`"))
        object.__setattr__(self, "partitions", check_partitions(self.partitions))

    @property
    def name(self) -> str:  # type: ignore[override]  # of a class elsewhere, here that of the strategy asked
        """The name of the strategy asked."""
        return self.strategy.name

    @property
    def needs(self) -> tuple[Need, ...]:  # type: ignore[override]  # as `name`
        """What the strategy asked needs."""
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
        facts: list[Facts] = []
        candidate_rows = 0
        with asked.progress.task("Choosing, part by part", count) as advance:
            for part in range(count):
                # Every count-th row of the shuffle, every count-th place in the batch: the parts that have one row
                # more are the first, and so are those asked for one more, so none is asked for more than it has.
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
        return Choice(rows, row_scores, {**own, **_together(facts)}, candidate_rows=candidate_rows)

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`: a part alone could not tell."""
        self.strategy.check_pool(pool_rows)

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:
        """See `Chooser.check_embeddings`."""
        self.strategy.check_embeddings(embeddings)

    def restricted(self, rows: Rows) -> Partitioned:
        """See `Chooser.restricted`."""
        return replace(self, strategy=self.strategy.restricted(rows))

    def _chosen_in(self, part: int, unlabelled: Rows, labelled: Rows, size: int, asked: Asked) -> Choice:
        """`size` of the unlabelled rows, by the strategy as it is in a pool of these rows."""
        rows = np.sort(np.concatenate([unlabelled, labelled]))
        request = Request(
            size=size,
            pool_rows=len(rows),
            labelled=np.searchsorted(rows, np.sort(labelled)),
            seed=child_seed(asked.request.seed, "partition", part) & MAX_SEED,
        )
        asked_here = replace(
            asked,
            request=request,
            given_probabilities=_gathered(asked.given_probabilities, rows),
            given_margins=_gathered(asked.given_margins, rows),
            given_embeddings=_gathered(asked.given_embeddings, rows),
            given_votes=_gathered(asked.given_votes, rows),
        )
        try:
            choice = self.strategy.restricted(rows).choose(asked_here)
        except DataError as error:
            place = f"{error.got} (counting within partition {part + 1} of {self.partitions})"
            raise type(error)(error.subject, wanted=error.wanted, got=place, remedy=error.remedy) from error
        return replace(choice, rows=rows[choice.rows])


def check_partitions(partitions: int, *, size: int | None = None) -> int:
    """`partitions` as a plain int, 1 or more, and at most `size`, that of a batch. Raises: ArgumentError."""
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
    """These rows of an array, copied only when, and for as long as, a strategy makes an array of them."""

    whole: npt.ArrayLike
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(np.asarray(self.whole)[self.rows], dtype)  # fresh in any case, whatever `copy` says


def _gathered(whole: Any, rows: Rows) -> _Gathered | None:
    return None if whole is None else _Gathered(whole, rows)


def _checked(asked: Asked, strategy: Chooser) -> Asked:
    """The query with what is needed checked as a whole, so that errors come before any work and name the pool's rows.

    Raises: ArgumentError when it is missing; ShapeError, NonFiniteError, ProbabilityError.
    """
    needs = strategy.needs
    if "scores" in needs:
        margins = asked.margins(multilabel=getattr(strategy, "multilabel", None))
        if asked.given_margins is not None:  # else each part takes its own of the probabilities, as without parts
            asked = replace(asked, given_margins=margins)
    if "probabilities" in needs:
        asked = replace(asked, given_probabilities=asked.probabilities(), binary=False, normalise=False)
    if "embeddings" in needs:
        asked = replace(asked, given_embeddings=asked.embeddings())
    if "votes" in needs:
        asked = replace(asked, given_votes=asked.votes())
    return asked


def _together(parts: Sequence[Facts]) -> dict[str, int | float | str]:
    """The facts that all parts tell: as they are where they agree, else the least and the most of the numbers."""
    told: dict[str, int | float | str] = {}
    for name in parts[0]:
        values = [facts[name] for facts in parts if name in facts]
        if len(values) < len(parts):
            continue
        if len(set(values)) == 1:
            told[name] = values[0]
            continue
        numbers = [value for value in values if not isinstance(value, str)]
        if len(numbers) == len(values):
            told[f"{name}_least"], told[f"{name}_most"] = min(numbers), max(numbers)
    return told

"""BADGE: unsure and different, by k-means++ over gradient embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle import draws
from ladle.errors import DataError
from ladle.numbers import switch
from ladle.strategies.distance.centres import Centres, outermost, square_lengths
from ladle.strategies.distance.proportional import sample_by_distance
from ladle.strategies.distance.space import Gradient
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, slots=True)
class Badge(Chooser):
    """k-means++ over the gradients that the rows would give the last layer if their most likely class were true.

    A gradient (p - e_y) x h is long where the model is unsure. The first pick is the longest one (a seeded draw decides
    ties), as in the authors' code. Each further pick is drawn in proportion to its squared distance to the nearest
    pick. The draws are exact, and the gradients themselves are never computed.

    For yes-or-no classes (`multilabel`) the gradient is (p - y) x h, where y, the most likely label, is 1 for every
    class with p > 1/2 and 0 for the others.

    A query needs `probabilities`, and the `embeddings` that are the input of the model's last layer. The scores of a
    selection are the squared distances at which the rows were picked.

    Parameters
    ----------
    multilabel : bool, default False
        Whether the probabilities are those of yes-or-no classes (sigmoid outputs), each by itself.

    Raises
    ------
    ArgumentError
        `multilabel` is neither true nor false.
    DataError
        At a query: the squared length of a gradient exceeds float32.

    Notes
    -----
    Cost: about 3 size^2 (classes + dim) multiply-adds, and n (classes + dim) a few times; 20 bytes a row of the pool
    and 4 (classes + dim) bytes a chosen row.

    Repeatability: set by probabilities, embeddings and seed.

    References
    ----------
    Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds", algorithm 1.
    """

    name: ClassVar[str] = "badge"
    needs: ClassVar[tuple[Need, ...]] = ("probabilities", "embeddings")
    summary: ClassVar[str] = (
        "k-means++ over the gradients that the rows would give the last layer if their most likely class were true."
    )
    cost: ClassVar[str] = (
        "about 3 size^2 (classes + dim) multiply-adds, and n (classes + dim) a few times; 20 bytes a row of the pool "
        "and 4 (classes + dim) bytes a chosen row."
    )
    repeats: ClassVar[str] = "set by probabilities, embeddings and seed."
    source: ClassVar[str] = (
        'Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds", algorithm 1.'
    )

    multilabel: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "multilabel", switch(self.multilabel, "`multilabel`"))

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request, free = asked.request, asked.unlabelled
        probabilities = asked.probabilities(multilabel=self.multilabel)
        space = Gradient(probabilities, asked.embeddings(), multilabel=self.multilabel)
        lengths = square_lengths(space, free)
        if not np.isfinite(lengths).all():
            raise DataError(
                "`embeddings`",
                wanted="have squared lengths that fit float32",
                got=f"row {free[np.argmin(np.isfinite(lengths))]:,} beyond",
                remedy="Divide all embeddings by one number: BADGE chooses the same.",
            )
        first, longest = outermost(free, lengths, draws.key(request.seed, self.name))
        others = free != first
        centres = Centres(space, free[others], request.size, np.full(len(free) - 1, np.inf, np.float32))
        centres.add(first)
        centres.refresh(np.arange(len(free) - 1))
        rows, distances = sample_by_distance(
            centres, request.size - 1, power=1.0, seed=request.seed, purpose=self.name, progress=asked.progress
        )
        return Choice(
            np.concatenate([first, rows]),
            np.concatenate([longest, distances]),
            {"longest_gradient": float(np.sqrt(longest[0]))},
        )

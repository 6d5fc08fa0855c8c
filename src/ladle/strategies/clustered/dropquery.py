"""DropQuery: where several predictions of a row disagree, one row of each neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.errors import ArgumentError
from ladle.geometry.points import Points, check_placeable
from ladle.metric import Metric, check_metric
from ladle.numbers import number
from ladle.strategies.clustered.kmeans import k_means, nearest_to_means
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Need

BLOCK = 65_536  # rows whose votes are counted at once


@dataclass(frozen=True, slots=True)
class DropQuery(Chooser):
    """Of the rows whose votes disagree with the prediction, the one nearest to the mean of each of `size` clusters.

    Candidates are the unlabelled rows of which more than `disagreement` of the votes name another class than the most
    likely one; if there are fewer than `size`, the rows with the most such votes. k-means puts them into `size`
    clusters. The candidates that disagree most take the places that empty clusters leave open. Ties are seeded draws.

    A query needs `votes` (the class that each of several passes predicted, under dropout or by an ensemble),
    `probabilities` and `embeddings`. The scores of a selection are the shares of votes that disagree.

    Parameters
    ----------
    disagreement : float, default 0.5
        The share of disagreeing votes above which a row is a candidate, 0 or larger and below 1.
    metric : {"sqeuclidean", "cosine"}, default "sqeuclidean"
        Distance between embeddings, as in `ladle.cluster`.

    Raises
    ------
    ArgumentError
        A parameter is out of range; at a query also votes for a class that `probabilities` lacks.

    Notes
    -----
    Cost: 5 candidates size dim multiply-adds in blocked matrix products up to 2,000 clusters, about 6 candidates
    sqrt(size) dim beyond; twice the candidates' embeddings.

    Repeatability: set by votes, probabilities, embeddings and seed.

    References
    ----------
    Gupte et al. 2024, "Revisiting Active Learning in the Era of Vision Foundation Models", section 3, with k-means
    stopped after four iterations, and in two levels for large batches.
    """

    disagreement: float = 0.5
    metric: Metric = "sqeuclidean"
    name: ClassVar[str] = "dropquery"
    needs: ClassVar[tuple[Need, ...]] = ("votes", "probabilities", "embeddings")
    summary: ClassVar[str] = (
        "Of the rows whose votes disagree with the prediction, the one nearest to the mean of each of `size` clusters."
    )
    cost: ClassVar[str] = (
        "5 candidates size dim multiply-adds in blocked matrix products up to 2,000 clusters, about 6 candidates "
        "sqrt(size) dim beyond; twice the candidates' embeddings."
    )
    repeats: ClassVar[str] = "set by votes, probabilities, embeddings and seed."
    source: ClassVar[str] = (
        'Gupte et al. 2024, "Revisiting Active Learning in the Era of Vision Foundation Models", section 3, with '
        "k-means stopped after four iterations, and in two levels for large batches."
    )

    def __post_init__(self) -> None:
        check_metric(self.metric)
        number(self.disagreement, "`disagreement`", least=0, below=1)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request, size = asked.request, asked.request.size
        embeddings = asked.embeddings()
        check_placeable(embeddings, self.metric)
        rates = disagreement(asked)
        free = asked.unlabelled
        lots = draws.priorities(draws.key(request.seed, self.name), free)
        ranked = free[np.lexsort((lots, -rates[free]))]
        candidates = np.sort(ranked[: max(size, int((rates[free] > self.disagreement).sum()))])
        points = Points.of(embeddings, candidates, self.metric).points
        picks = candidates[nearest_to_means(points, k_means(points, size, request.seed, asked.progress))]
        picks = picks[np.argsort(-rates[picks], kind="stable")][:size]
        left = ranked[~np.isin(ranked, picks)]
        rows = np.concatenate([picks, left[: size - len(picks)]])
        facts = {"disagreement": float(self.disagreement), "clusters_filled": len(picks)}
        return Choice(rows, rates[rows], facts, candidate_rows=len(candidates))


def disagreement(asked: Asked) -> npt.NDArray[np.float32]:
    """(n,) float32, the share of votes for another class than the most likely. Raises: as `Asked`, ProbabilityError."""
    votes, probabilities = asked.votes(), asked.probabilities()
    _check_votes(votes, probabilities.shape[1], asked)
    out = np.empty(len(votes), np.float32)
    for start in range(0, len(out), BLOCK):
        part = slice(start, start + BLOCK)
        likely = probabilities[part].argmax(axis=1)
        out[part] = np.mean(votes[part] != likely[:, None], axis=1)
    return out


def _check_votes(votes: npt.NDArray[np.integer[Any]], classes: int, asked: Asked) -> None:
    """Refuse votes for a class that does not exist: each would count as disagreement. Raises: ArgumentError."""
    outside: npt.NDArray[np.bool_] = np.any((votes < 0) | (votes >= classes), axis=1)
    outside[asked.request.labelled] = False
    if outside.any():
        row = int(np.argmax(outside))
        raise ArgumentError(
            "`votes`",
            wanted=f"hold the numbers of the {classes:,} classes of `probabilities`, from 0 to {classes - 1:,}",
            got=f"{votes[row].tolist()} in row {row:,}",
        )

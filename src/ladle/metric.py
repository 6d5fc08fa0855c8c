"""The two metrics: how far two embeddings lie from each other."""

from __future__ import annotations

from typing import Literal, get_args

from ladle.errors import ArgumentError
from ladle.numbers import choice

# 1 - cosine similarity, or squared Euclidean distance.
Metric = Literal["cosine", "sqeuclidean"]
METRICS: tuple[Metric, ...] = get_args(Metric)


def check_metric(metric: object) -> Metric:
    """`metric` if it is one of the two. Raises: ArgumentError."""
    if isinstance(metric, str) and metric == "euclidean":
        raise ArgumentError(
            "`metric`",
            wanted=f"be one of {', '.join(METRICS)}",
            got="'euclidean'",
            remedy='Average linkage of plain distances makes another tree than "sqeuclidean", that of squared ones.',
        )
    checked: Metric = choice(metric, "`metric`", METRICS)
    return checked

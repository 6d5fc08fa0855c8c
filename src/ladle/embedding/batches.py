"""What a pass over a pool reads: batches of a model's answers, from a source that can begin at any row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy.typing as npt

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ModelBatch:
    """The answers of a model for consecutive examples.

    Attributes
    ----------
    rows : int
        The number of examples, b.
    ids : object
        b ids, as `ladle.open_pool(ids=)` takes them; None for row numbers.
    outputs : ndarray, (b, classes) or (b,) float
        Logits or probabilities; None for a model without classes.
    embeddings : ndarray, (b, dim) float
        None for a model without embeddings.
    kept : mapping of str to pyarrow.Array
        Further columns of b entries, such as texts.
    """

    rows: int
    ids: Any = None
    outputs: npt.NDArray[Any] | None = None
    embeddings: npt.NDArray[Any] | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)


class BatchSource(Protocol):
    """Examples and the model that answers for them. The same source gives the same batches whenever it is read.

    Attributes
    ----------
    rows : int or None
        The number of examples, if it is known.
    facts : mapping
        What decides the answers: the model, the loader and their options by name. A pass continues only under equal
        facts.
    tolerance : float
        How far, as a share of its length, a vector may differ when it is computed again.
    """

    @property
    def rows(self) -> int | None: ...  # noqa: D102

    @property
    def facts(self) -> Mapping[str, Fact]: ...  # noqa: D102

    @property
    def tolerance(self) -> float: ...  # noqa: D102

    def batches(self, start: int) -> Iterator[ModelBatch]:
        """The batches from row `start` on, which is the first row of a batch."""
        ...

    def notices(self) -> tuple[str, ...]:
        """What users should know about how the batches were made; one sentence each."""
        ...

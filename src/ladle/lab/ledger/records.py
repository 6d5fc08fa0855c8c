"""The records of a ledger: one for the start of each trial, one for each round after it."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.arrays import Rows
from ladle.errors import CorruptFileError, NotFoundError

DIGEST = b"sha256:"  # the beginning of what a published ledger has in place of rows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StartRecord:
    """The start that all strategies of a trial share.

    Attributes
    ----------
    trial : int
        From 0.
    labels : int
        Rows of the seed set.
    metrics : mapping of str to float
        Of the model trained on the seed set, on the test split.
    certified : float
        The share of merges of the trial's tree that are proven, see `ladle.Dendrogram`.
    clusters : int
        How many the pool has at the experiment's mean size.
    seconds : mapping of str to float
        Wall-clock seconds by step: train, evaluate, score, embed, cluster.
    packed_rows : bytes
        The seed set, as `pack_rows` packs it.
    """

    trial: int
    labels: int
    metrics: Mapping[str, float]
    certified: float
    clusters: int
    seconds: Mapping[str, float]
    packed_rows: bytes

    @property
    def rows(self) -> Rows:
        """(labels,) int64: the seed set, ascending. Raises: NotFoundError where only its digest is there."""
        return unpack_rows(self.packed_rows)

    def __repr__(self) -> str:
        return f"StartRecord(trial {self.trial}: {self.labels:,} labels, {_metrics_text(self.metrics)})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RoundRecord:
    """One batch of one strategy, and the model that was trained after it.

    Attributes
    ----------
    trial : int
        From 0.
    strategy : str
        Its label.
    round : int
        From 1.
    labels : int
        Labels held after the round.
    metrics : mapping of str to float
        Of the model trained on these labels, on the test split.
    seconds : mapping of str to float
        Wall-clock seconds by step: score, select, train, evaluate; embed and cluster where the pool was clustered anew;
        embed also for strategies that read embeddings.
    facts : mapping
        Of the batch: clusters_touched; near_duplicates, out of near_compared rows (None where the inputs are neither
        numbers nor texts); class_counts, a list; margins, a list of the quantiles 0, 1/4, 1/2, 3/4 and 1;
        distinct_originals, where the data set knows them; story, the facts of the strategy's selection. Of the model:
        converged, where the learner can tell; fit, of some rounds, see `ladle.lab.measures.fitted`.
    packed_rows : bytes
        The batch, as `pack_rows` packs it.
    """

    trial: int
    strategy: str
    round: int
    labels: int
    metrics: Mapping[str, float]
    seconds: Mapping[str, float]
    facts: Mapping[str, Any]
    packed_rows: bytes

    @property
    def has_rows(self) -> bool:
        """Whether the record has the rows of the batch; a published ledger has only their digest."""
        return not is_digest(self.packed_rows)

    @property
    def rows(self) -> Rows:
        """(batch_size,) int64: the batch, in order of choice. Raises: NotFoundError where only its digest is there."""
        return unpack_rows(self.packed_rows)

    def __repr__(self) -> str:
        place = f"trial {self.trial}, {self.strategy}, round {self.round}"
        return f"RoundRecord({place}: {self.labels:,} labels, {_metrics_text(self.metrics)})"


def _metrics_text(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def pack_rows(rows: Rows) -> bytes:
    """Rows (b,) as the bytes of a .npy file of little-endian int64, compressed by zlib."""
    file = io.BytesIO()
    np.save(file, np.asarray(rows, "<i8"), allow_pickle=False)
    return zlib.compress(file.getvalue(), 6)


def unpack_rows(packed: bytes) -> Rows:
    """The rows in `packed`. Raises: NotFoundError for a digest, CorruptFileError for other bytes."""
    if is_digest(packed):
        raise NotFoundError(
            "the rows of the batch",
            wanted="be in the ledger",
            got="their digest alone, as in a published one",
            remedy="Open the ledger of the run itself, or run its protocol again.",
        )
    try:
        rows = np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False)
        if rows.dtype != "<i8" or rows.ndim != 1:
            raise ValueError(f"{rows.dtype} {rows.shape}")
    except (ValueError, EOFError, OSError, SyntaxError, zlib.error) as cause:
        raise CorruptFileError(
            "the rows of a batch in the ledger", wanted="be packed numbers", got=str(cause)
        ) from cause
    return rows.astype(np.int64, copy=False)  # type: ignore[no-any-return]


def digest_of_rows(packed: bytes) -> bytes:
    """ "sha256:" and the SHA-256 of packed rows as little-endian int64; a digest is returned as it is."""
    if is_digest(packed):
        return packed
    return DIGEST + hashlib.sha256(unpack_rows(packed).astype("<i8").tobytes()).hexdigest().encode()


def is_digest(packed: bytes) -> bool:
    """Whether these bytes are the digest of rows, and not packed rows."""
    return packed.startswith(DIGEST)

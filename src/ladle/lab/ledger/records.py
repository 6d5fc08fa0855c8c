"""What the ledger of an experiment holds: one record for the start of each trial, one for each round after it."""

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

DIGEST = b"sha256:"  # with this begins what stands for rows in a published ledger


@dataclass(frozen=True, slots=True, eq=False)
class StartRecord:
    """Where all strategies of a trial start.

    labels: rows of the seed set. metrics: on the test split, of the model those made. certified: see
    `ladle.Dendrogram`. clusters: how many the pool has at the experiment's mean size. seconds: by step.
    packed_rows: the seed set, see `pack_rows`.
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
        """(labels,) the seed set, ascending."""
        return unpack_rows(self.packed_rows)


@dataclass(frozen=True, slots=True, eq=False)
class RoundRecord:
    """One batch of one strategy, and the model it led to.

    round: 1 to the experiment's rounds. labels: held after it. metrics: on the test split, of the model they made.
    seconds: by step: score, select, train, evaluate; embed and cluster where the
    pool was clustered anew, embed also for strategies that read embeddings.
    facts: of the batch, under plain names. clusters_touched; near_duplicates, of near_compared rows that were asked
    (None where the inputs are no numbers); class_counts, a list; margins, the quantiles 0, 1/4, 1/2, 3/4, 1 of the
    batch, a list; distinct_originals, where near-duplicates were made; story, what the strategy told.
    packed_rows: the batch, see `pack_rows`.
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
        """Whether the batch's rows are here: a published ledger has their digest alone."""
        return not is_digest(self.packed_rows)

    @property
    def rows(self) -> Rows:
        """(batch size,) the batch, in order of choice. Raises: NotFoundError without them."""
        return unpack_rows(self.packed_rows)


def pack_rows(rows: Rows) -> bytes:
    """Rows (b,) as the bytes of a .npy file of little-endian int64, compressed by zlib."""
    file = io.BytesIO()
    np.save(file, np.asarray(rows, "<i8"), allow_pickle=False)
    return zlib.compress(file.getvalue(), 6)


def unpack_rows(packed: bytes) -> Rows:
    """What `pack_rows` packed. Raises: NotFoundError for a digest, CorruptFileError for other bytes."""
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
    """The SHA-256 of packed rows as little-endian int64, behind "sha256:"; of a digest, itself."""
    if is_digest(packed):
        return packed
    return DIGEST + hashlib.sha256(unpack_rows(packed).astype("<i8").tobytes()).hexdigest().encode()


def is_digest(packed: bytes) -> bool:
    """Whether these bytes stand for rows as their digest, not as the rows themselves."""
    return packed.startswith(DIGEST)

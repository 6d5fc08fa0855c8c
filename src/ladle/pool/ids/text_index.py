"""Where ids of text are in a pool, found without a pass over it: for processes that look up few ids many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle.mixing import GAMMA, mix

Words = npt.NDArray[np.uint64]
BLOCK_ROWS = 1 << 20  # ids hashed at a time: limits the memory of intermediate words


@dataclass(frozen=True, slots=True, eq=False)
class TextIndex:
    """The ids of a pool in the order of their hashes. Memory: 16 bytes for each id.

    ids: (n,) different texts, a pyarrow array of large strings. hashed: (n,) uint64, ascending. rows: (n,) int64, the
    row of each.
    """

    ids: Any
    hashed: Words
    rows: npt.NDArray[np.int64]

    @classmethod
    def of(cls, ids: Any) -> Self:
        """The index of these ids. Cost: about 0.3 us for each."""
        hashed = hashes(ids)
        order = np.argsort(hashed, kind="stable")
        return cls(ids, hashed[order], order)

    def find(self, wanted: Any) -> npt.NDArray[np.int64]:
        """(a,) int64: the row of each of these texts; -1 for one that is no id. Cost: a binary search for each."""
        found = np.full(len(wanted), -1, np.int64)
        sought = hashes(wanted)
        place, left = np.searchsorted(self.hashed, sought), np.arange(len(wanted))
        while len(left):
            inside = place[left] < len(self.hashed)
            left = left[inside]
            left = left[self.hashed[place[left]] == sought[left]]
            there = self.rows[place[left]]
            same = [one == other for one, other in zip(self._texts(there), wanted.take(pa.array(left)), strict=True)]
            is_same = np.array(same, bool)
            found[left[is_same]] = there[is_same]
            left = left[~is_same]  # two texts of one hash
            place[left] += 1
        return found

    def _texts(self, rows: npt.NDArray[np.int64]) -> Any:
        return self.ids.take(pa.array(rows))


def hashes(texts: Any) -> Words:
    """(a,) uint64: a hash of the bytes of each text of a pyarrow array of large strings without nulls."""
    _, offsets, data = texts.buffers()
    found = np.empty(len(texts), np.uint64)
    for first in range(0, len(texts), BLOCK_ROWS):
        part = np.frombuffer(offsets, np.int64)[texts.offset + first : texts.offset + len(texts) + 1][: BLOCK_ROWS + 1]
        octets = np.frombuffer(data, np.uint8)[part[0] : part[-1]] if data is not None else np.empty(0, np.uint8)
        found[first : first + BLOCK_ROWS] = _hashed(part - part[0], octets)
    return found


def _hashed(bounds: npt.NDArray[np.int64], octets: npt.NDArray[np.uint8]) -> Words:
    """The hash of each text between these bounds, eight bytes at a time."""
    padded = np.concatenate([octets, np.zeros(8, np.uint8)])
    words: Words = np.ndarray(len(octets) + 1, "<u8", padded.data, strides=(1,))  # the eight bytes from each byte on
    starts, lengths = bounds[:-1], np.diff(bounds)
    hashed = mix(lengths.astype(np.uint64) + GAMMA)
    begin = 0
    which = np.flatnonzero(lengths > begin)
    while len(which):
        bits = np.minimum(lengths[which] - begin, 8).astype(np.uint64) * np.uint64(8)
        word = words[starts[which] + begin] & (np.uint64(2**64 - 1) >> (np.uint64(64) - bits))
        hashed[which] = mix((hashed[which] ^ word) + GAMMA)
        begin += 8
        which = which[lengths[which] > begin]
    return hashed

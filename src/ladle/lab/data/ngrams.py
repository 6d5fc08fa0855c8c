"""Texts as bags of hashed pieces: byte n-grams, with marks of where a text begins and ends, and whole words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.threads import ranges, run_each

TEXTS_A_RANGE = 16_384


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The pieces of a text, and the number of buckets into which they are hashed.

    shortest, longest: lengths in bytes of the n-grams, over the text with a mark at each end; longest=0: none.
    words: also whole words and pairs of neighbouring words, small and capital letters alike.
    buckets: a power of two.
    """

    shortest: int = 1
    longest: int = 4
    words: bool = False
    buckets: int = 1 << 17

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= max(1, self.longest) <= 16:
            got = f"{self.shortest!r} and {self.longest!r}"
            raise ArgumentError("`shortest` and `longest`", wanted="be 1 to 16, the shortest first", got=got)
        if self.longest < 1 and not self.words:
            raise ArgumentError("`longest`", wanted="be 1 or more, unless words count", got=repr(self.longest))
        if not 2 <= self.buckets <= 1 << 24 or self.buckets & (self.buckets - 1):
            raise ArgumentError("`buckets`", wanted="be a power of two, 2 to 2**24", got=repr(self.buckets))

    @property
    def dials(self) -> tuple[int, int, bool, int]:
        """Arguments of the kernels: shortest, longest, words, and the mask of the buckets."""
        return self.shortest, self.longest, self.words, self.buckets - 1

    def counts(self, texts: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n, buckets) float32: the pieces in each bucket. Cost: O(bytes x lengths); n x buckets floats."""
        from ladle.lab.data import text_kernels

        letters = as_letters(texts)
        counts = np.zeros((len(letters), self.buckets), np.float32)
        run_each(
            lambda part: text_kernels.count_pieces(letters[part[0] : part[1]], *self.dials, counts[part[0] : part[1]]),
            ranges(len(letters), TEXTS_A_RANGE),
        )
        return counts


def as_letters(texts: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Texts of one width, (n,) of dtype S, as (n, width) uint8, padded with zeros; a view. Raises: ArgumentError."""
    if texts.dtype.kind != "S" or texts.ndim != 1:
        raise ArgumentError(
            "`inputs`", wanted="be texts: UTF-8 bytes, dtype S, shape (n,)", got=f"dtype {texts.dtype}, {texts.shape}"
        )
    return np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), texts.dtype.itemsize)


def as_texts(lines: list[str]) -> npt.NDArray[np.bytes_]:
    """Strings as (n,) UTF-8 bytes of the width of the longest."""
    return np.array([line.encode() for line in lines], np.bytes_)

"""What the names of columns tell: which are a series, such as `p0, p1, p2`, and which are no scores of classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BESIDE = """
    loss nll entropy margin margins confidence conf uncertainty variance var std score weight weights time timestamp
    seconds epoch step lr length size min max mean sum total threshold temperature target label labels truth y pred
    prediction perplexity accuracy acc error energy distance dist density row index idx rank fold split
"""
_VECTORS = "x e emb embed embedding embeddings feat feature features vec vector dim pc pca tsne umap"

BESIDE_SCORES = frozenset(_BESIDE.split())  # a column called so is a class only where it is named
COORDINATES = frozenset(_VECTORS.split())  # of embeddings
NO_MARGIN = BESIDE_SCORES - {"margin", "margins", "score", "confidence", "conf", "distance", "dist"}

Pattern = tuple[str, ...]
WORD: Pattern = ("word",)  # of names that have nothing in common


def pattern_of(name: str) -> Pattern:
    """What alike columns have in common: all but the last number in their names, or the beginning up to a separator."""
    numbered = re.fullmatch(r"(.*?)[0-9]+([^0-9]*)", name, re.DOTALL)
    if numbered:
        return ("number", numbered[1], numbered[2])
    begun = re.fullmatch(r"([^_.\-: /\[(]+[_.\-: /\[(]).+", name, re.DOTALL)
    return ("begin", begun[1]) if begun else WORD


def by_pattern(names: Sequence[str]) -> list[list[str]]:
    """The names in groups of one pattern."""
    groups: dict[Pattern, list[str]] = {}
    for name in names:
        groups.setdefault(pattern_of(name), []).append(name)
    return list(groups.values())


def is_series(names: Sequence[str]) -> bool:
    """Whether the names have one pattern in common."""
    patterns = {pattern_of(name) for name in names}
    return len(patterns) == 1 and WORD not in patterns


def number_in(name: str) -> int:
    """The last number in a name; 0 where there is none."""
    found = re.search(r"([0-9]+)[^0-9]*$", name)
    return int(found[1]) if found else 0


def stem_of(name: str) -> str:
    """A name without its numbers and the separators at its ends, in small letters."""
    return re.sub(r"[0-9]+", "", name).strip("_.-: /[]()").lower()

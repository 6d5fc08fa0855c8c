"""Words-9: 6.3 million words, and the language of each, one of nine.

It is the pool for batches of 100,000 and of a million: real, unbalanced (two words of three are Polish), and full of
near-duplicates, because the lists hold every inflected form.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ladle.arrays import row_blocks
from ladle.errors import ArgumentError, FileFormatError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import need_file
from ladle.lab.data.ngrams import as_letters
from ladle.lab.data.splits import assemble
from ladle.mixing import MIX_1
from ladle.seeds import child_seed

HOME = "/usr/share/dict"  # where Debian's packages put them
LISTS = {
    "american-english": "wamerican",
    "dutch": "wdutch",
    "french": "wfrench",
    "italian": "witalian",
    "ngerman": "wngerman",
    "polish": "wpolish",
    "portuguese": "wportuguese",
    "spanish": "wspanish",
    "swedish": "wswedish",
}
BRING = f"apt-get install {' '.join(LISTS.values())}"
CLASS_NAMES = ("English", "Dutch", "French", "Italian", "German", "Polish", "Portuguese", "Spanish", "Swedish")
LATIN_1 = {"swedish"}  # the encoding of that package's list; the others are UTF-8
LICENCE = "word lists of Debian packages, each under its own free licence: see /usr/share/doc/PACKAGE/copyright"
TEST_SHARE = 1 / 63  # about 100,000


def words_9(*, folder: str = HOME, test_share: float = TEST_SHARE) -> Dataset:
    """Words (n,) of dtype S in UTF-8, of nine classes: 6.19 million to choose from, 0.1 million to test on.

    Each list counts a word once; a word of several lists is an example in each, as only the label tells them apart.
    A word is in the test split when a hash of its letters falls into `test_share` of all hashes: so no spelling is in
    both splits, and no order matters. `ids` are positions in the lists laid end to end.
    folder: that of the lists. Raises: FileError, FileFormatError, ArgumentError.
    Cost: about 15 s; 0.4 GB, 1.2 GB while it reads.
    """
    if not 0 < test_share < 1:
        raise ArgumentError("`test_share`", wanted="be between 0 and 1", got=repr(test_share))
    home = Path(folder).expanduser()
    for name in LISTS:
        need_file(home / name, bring=BRING)  # all of them, before any is read
    lists = [_distinct(listed_words(home, name)) for name in LISTS]
    words = np.concatenate(lists)  # of the width of the longest
    labels = np.repeat(np.arange(len(lists)), [len(each) for each in lists]).astype(np.int64)
    del lists
    is_test = spelling_hashes(words) < np.uint64(test_share * 2.0**64)
    return assemble(
        "Words-9",
        words,
        labels,
        (np.flatnonzero(~is_test), np.flatnonzero(is_test)),
        class_names=CLASS_NAMES,
        licence=LICENCE,
        source=f"Debian's lists of words; about {test_share:.2%} by a hash of the spelling to test on",
    )


def spelling_hashes(words: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint64]:
    """(n,) uint64, a hash of each word's letters: FNV-1a up to its end, then mixed. Cost: 0.2 us a word."""
    letters = as_letters(words)
    hashes = np.full(len(letters), child_seed(0, "words-9 split"), np.uint64)
    for block in row_blocks(len(letters), 8 * letters.shape[1]):
        columns, values = np.ascontiguousarray(letters[block].T), hashes[block]
        for column in columns:
            stepped = (values ^ column) * np.uint64(0x100000001B3)
            np.copyto(values, stepped, where=column != 0)  # padding does not count
        values ^= values >> np.uint64(32)
        values *= MIX_1
        values ^= values >> np.uint64(29)
    return hashes


def listed_words(home: Path, name: str) -> list[str]:
    """The lines of one of `LISTS` in the folder `home`. Raises: FileError, FileFormatError."""
    path = need_file(home / name, bring=f"apt-get install {LISTS[name]}")
    encoding = "latin-1" if name in LATIN_1 else "utf-8"
    try:
        return path.read_text(encoding=encoding).splitlines()
    except UnicodeDecodeError as cause:
        raise FileFormatError(f"the list {path}", wanted=f"be text in {encoding}", got=str(cause)) from cause


def _distinct(lines: list[str]) -> npt.NDArray[np.bytes_]:
    distinct = dict.fromkeys(line.encode() for line in lines)
    distinct.pop(b"", None)
    return np.array(list(distinct), np.bytes_)

"""WordNet's glosses: 117,659 short definitions in 45 classes, from 42 to 14,435 of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import hexdigits

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.locations import need_file
from ladle.lab.data.ngrams import as_texts
from ladle.lab.data.splits import assemble, split_rows

HOME = "/usr/share/wordnet"  # where Debian's package puts it
BRING = "apt-get install wordnet-base"
PARTS = ("noun", "verb", "adj", "adv")
LICENCE = "WordNet 3.0 licence, Copyright 2006 Princeton University"
TEST_ROWS = 17_659  # which leaves 100,000 to choose from
CLASS_NAMES = (
    "adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact", "noun.attribute",
    "noun.body", "noun.cognition", "noun.communication", "noun.event", "noun.feeling", "noun.food", "noun.group",
    "noun.location", "noun.motive", "noun.object", "noun.person", "noun.phenomenon", "noun.plant", "noun.possession",
    "noun.process", "noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time",
    "verb.body", "verb.change", "verb.cognition", "verb.communication", "verb.competition", "verb.consumption",
    "verb.contact", "verb.creation", "verb.emotion", "verb.motion", "verb.perception", "verb.possession",
    "verb.social", "verb.stative", "verb.weather", "adj.ppl",
)  # fmt: skip


def wordnet_45(*, folder: str = HOME, test_rows: int = TEST_ROWS) -> Dataset:
    """Texts (n,) of dtype S: a gloss with its examples; its class is its lexicographer file.

    100,000 to choose from and 17,659 to test on, by one seeded draw; `ids` are positions in the four files' order
    (noun, verb, adj, adv). Equal glosses stay: pools of text have such near-duplicates.
    folder: that of `data.noun` and its like. Raises: FileError, CorruptFileError, ArgumentError.
    Cost: about 1 s; 60 MB.
    Source: Miller 1995, "WordNet: a lexical database for English".
    """
    texts, classes = glosses(Path(folder).expanduser())
    return assemble(
        "WordNet-45",
        as_texts(texts),
        classes,
        split_rows(len(texts), test_rows, "wordnet-45"),
        class_names=CLASS_NAMES,
        licence=LICENCE,
        source=f"WordNet's glosses; {test_rows:,} drawn by seed to test on",
    )


def glosses(home: Path = Path(HOME)) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Every gloss and its class, (n,). Raises: FileError, CorruptFileError."""
    texts: list[str] = []
    classes: list[int] = []
    for _, label, text in _entries(home):
        texts.append(text)
        classes.append(label)
    return texts, np.array(classes, np.int64)


def classes_of_words(home: Path = Path(HOME)) -> dict[str, set[int]]:
    """The classes of all senses of every word or phrase, in small letters. Raises: FileError, CorruptFileError."""
    classes: dict[str, set[int]] = {}
    for fields, label, text in _entries(home):
        if len(fields) < 4 or not all(each in hexdigits for each in fields[3]):
            raise CorruptFileError(
                f"the files in {home}", wanted="count the words of a sense in its fourth field", got=text[:60]
            )
        for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]:
            classes.setdefault(word.partition("(")[0].lower(), set()).add(label)  # "able(p)" marks where it may stand
    return classes


def _entries(home: Path) -> Iterator[tuple[list[str], int, str]]:
    """Each sense: the fields before the bar, its class, and the gloss."""
    for part in PARTS:
        path = need_file(home / f"data.{part}", bring=BRING)
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):  # the licence, at the beginning of each file
                continue
            before, _, text = line.partition("|")
            fields = before.split()
            if len(fields) < 2 or not fields[1].isdigit() or int(fields[1]) >= len(CLASS_NAMES):
                raise CorruptFileError(
                    f"the file {path}", wanted="have a class as the second field of each line", got=line[:60]
                )
            yield fields, int(fields[1]), text.strip()

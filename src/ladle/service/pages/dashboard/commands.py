"""The command of the command line that does the same as a button of a page."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from ladle.campaign import Reader

MOST_IDS = 3  # in a command; more come in a file


def command_of(campaign: Reader, words: str, *options: object) -> str:
    """`ladle campaign WORDS OPTIONS --db URL --name NAME`, quoted for a shell."""
    return shlex.join(
        ["ladle", "campaign", *words.split(), *map(str, options), "--db", campaign.url, "--name", campaign.name]
    )


def examples_of(ids: Sequence[object], *, file: Iterable[str] = ("ids.txt",)) -> list[str]:
    """The options that name examples: one by one, or in the file that the page gives out."""
    if len(ids) > MOST_IDS:
        return list(file)
    return [word for each in ids for word in ("--example", str(each))]

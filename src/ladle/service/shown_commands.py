"""The commands that pages show: whole, for this campaign, and quoted for a shell, so that they run as they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Protocol

END_OF_OPTIONS = "--"  # before names that begin with a dash
MOST_IDS = 3  # in a command; more come in a file
_QUOTED = re.compile(r"`([^`]+)`")


class HasPlace(Protocol):
    """A campaign, as commands name it."""

    @property
    def url(self) -> str:
        """The database, without a password."""

    @property
    def name(self) -> str:
        """The name in this database."""


def command_of(campaign: HasPlace, words: str, *options: object, names: Iterable[object] = ()) -> str:
    """`ladle campaign WORDS OPTIONS --db URL --name NAME NAMES`, quoted for a shell.

    words: of a command as it is typed, its own quotes and `--` among them; words in capitals are to be replaced.
    names: arguments that may begin with a dash.
    """
    typed, given = shlex.split(words), [str(each) for each in names]
    if END_OF_OPTIONS in typed:
        place = typed.index(END_OF_OPTIONS)
        typed, given = typed[:place], typed[place + 1 :] + given
    dashes = [END_OF_OPTIONS] if any(each.startswith("-") for each in given) else []
    place_of = ["--db", campaign.url, "--name", campaign.name]
    return shlex.join(["ladle", "campaign", *typed, *map(str, options), *place_of, *dashes, *given])


def serve_command(campaign: HasPlace, options: str) -> str:
    """`ladle serve URL --name NAME OPTIONS`, quoted for a shell."""
    return shlex.join(["ladle", "serve", campaign.url, "--name", campaign.name, *shlex.split(options)])


def with_commands(campaign: HasPlace, sentence: str) -> str:
    """A sentence whose commands in backticks, as `ladle campaign` has them, are made whole."""
    return _QUOTED.sub(lambda found: f"`{command_of(campaign, found[1])}`", sentence)


def examples_of(ids: Sequence[object], *, file: Iterable[str] = ("IDS.jsonl",)) -> list[str]:
    """The options that name examples: one by one, or in the file that the page gives out."""
    if len(ids) > MOST_IDS:
        return list(file)
    return [f"--example={each}" for each in ids]

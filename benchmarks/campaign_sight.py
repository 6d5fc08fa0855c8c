"""All that a campaign in SQLite holds, to be compared, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import ladle
from ladle.campaign.tables import KINDS
from ladle.errors import FileFormatError, NotFoundError
from ladle.store import SqlStore
from scenarios import Seen

NAME = "birds"
DATABASE = "birds.db"


def url(folder: Path) -> str:
    return f"sqlite:///{folder / DATABASE}"


def seen(folder: Path) -> Seen:
    """Every row of every table of the campaign; nothing where there is none. Seals are checked by reading."""
    if not (folder / DATABASE).exists():
        return {}
    try:
        with SqlStore.open(url(folder)) as store, store.reading(NAME) as view:
            return {kind.NAME: list(view.read(kind).tuples()) for kind in KINDS} | {"settings": view.settings}
    except (FileFormatError, NotFoundError):  # made, but without its tables or the campaign as yet
        return {}


def unsound(folder: Path) -> list[str]:
    """What is wrong with the database and the campaign in it, as `ladle campaign verify` tells it."""
    if not seen(folder):
        return []
    with ladle.Campaign.open(url(folder), name=NAME) as campaign:
        return list(campaign.verify().problems)

"""`ladle campaign`: months of labelling, nothing lost."""

from __future__ import annotations

from ladle.cli.campaign import asking, backups, creating, exporting, models, skipping, telling, whole_round
from ladle.cli.campaign.lead import (
    adjudicating,
    assigning,
    classes,
    exclusions,
    persons,
    pools,
    quarantine,
    settings,
    withdrawing,
)
from ladle.cli.campaign.overview import agreement, comparing, control, progress, records, status, worklists

ABOUT = "Run a labelling campaign of months: ask, label, tell; every batch, label and decision kept in a database."
_PARTS = (
    creating,
    whole_round,
    asking,
    telling,
    worklists,
    assigning,
    adjudicating,
    exporting,
    status,
    progress,
    agreement,
    comparing,
    control,
    records,
    models,
    pools,
    skipping,
    exclusions,
    withdrawing,
    quarantine,
    persons,
    settings,
    classes,
    backups,
)
COMMANDS = {name: command for part in _PARTS for name, command in part.COMMANDS.items()}
EXAMPLES = {name: text for part in _PARTS for name, text in part.EXAMPLES.items()}
ABOUT_WORD = {word: text for part in (quarantine, persons, classes) for word, text in part.ABOUT_WORD.items()}

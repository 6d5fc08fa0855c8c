"""`ladle campaign`: months of labelling, nothing lost."""

from __future__ import annotations

from ladle.cli import (
    campaign_asking,
    campaign_exporting,
    campaign_founding,
    campaign_keeping,
    campaign_modelling,
    campaign_progress,
    campaign_pruning,
    campaign_records,
    campaign_round,
    campaign_telling,
)

ABOUT = "Run a labelling campaign of months: ask, label, tell; every batch, label and decision kept in a database."

_PARTS = (
    campaign_founding,
    campaign_round,
    campaign_asking,
    campaign_telling,
    campaign_exporting,
    campaign_progress,
    campaign_records,
    campaign_modelling,
    campaign_pruning,
    campaign_keeping,
)
COMMANDS = {name: command for part in _PARTS for name, command in part.COMMANDS.items()}
EXAMPLES = {name: text for part in _PARTS for name, text in part.EXAMPLES.items()}

"""`ladle serve`: a campaign over HTTP, and who may use it."""

from __future__ import annotations

from ladle.cli.service import demo, running, tokens, users

ABOUT = (
    "Serve a campaign over HTTP: pages for a lead and for people who label, and /v1 for programs. "
    "`ladle serve birds.db` begins; its options are below the commands."
)
DEFAULT = "run"  # what `ladle serve birds.db` means, see `Group`
_PARTS = (running, demo, tokens, users)
COMMANDS = {name: command for part in _PARTS for name, command in part.COMMANDS.items()}
EXAMPLES = {name: text for part in _PARTS for name, text in part.EXAMPLES.items()}
ABOUT_WORD = {word: text for part in (tokens, users) for word, text in part.ABOUT_WORD.items()}

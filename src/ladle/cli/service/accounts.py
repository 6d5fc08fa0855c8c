"""The accounts of a campaign's service, for the commands that change them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import open_campaign

if TYPE_CHECKING:
    from ladle.service.gate.accounts import Accounts


class RoleName(StrEnum):
    """The roles of the service."""

    LEAD = "lead"
    ANNOTATOR = "annotator"
    READER = "reader"


Person = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A person; for an annotator, as in the campaign.", show_default=False),
]
RoleOption = Annotated[
    RoleName, typer.Option("--role", help="A lead may do all, a reader see all; an annotator has what was taken.")
]
Days = Annotated[
    float | None, typer.Option("--days", metavar="DAYS", help="How long it works. Default: until it is revoked.")
]


@contextmanager
def open_accounts(db: str | None, name: str | None) -> Iterator[tuple[str, Accounts]]:
    """The name of a campaign and the accounts of its service. Raises: as `open_campaign`."""
    from ladle.service.app import open_accounts as accounts_of
    from ladle.service.config import ServiceConfig

    with open_campaign(db, name) as campaign, accounts_of(campaign, ServiceConfig(database=campaign.url)) as accounts:
        yield campaign.name, accounts


def date_text(seconds: int) -> str:
    """A time as people read it, in UTC; "" for never."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else ""


def validity_text(expires_at: int) -> str:
    """Until when a new password or token works: a time in UTC, or "it is revoked"."""
    return f"{date_text(expires_at)} UTC" if expires_at else "it is revoked"


def state_text(expires_at: int, ended_at: int, now: int) -> str:
    """Whether an account works."""
    if ended_at:
        return f"revoked {date_text(ended_at)}"
    if 0 < expires_at <= now:
        return f"expired {date_text(expires_at)}"
    return f"until {date_text(expires_at)}" if expires_at else "works"


def account_facts(account: Any, now: int) -> dict[str, Any]:
    """A user or a token, for `--json`."""
    return {
        "person": account.name,
        "role": account.role,
        "made_at": account.made_at,
        "expires_at": account.expires_at or None,
        "revoked_at": account.ended_at or None,
        "works": account.ended_at == 0 and not 0 < account.expires_at <= now,
    }

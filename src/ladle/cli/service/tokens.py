"""`ladle serve token add`, `list`, `rotate`, `revoke`: how programs sign in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ladle.cli.campaign.opening import Db, Name
from ladle.cli.program import options
from ladle.cli.service.accounts import (
    Days,
    Person,
    RoleOption,
    account_facts,
    date_text,
    open_accounts,
    state_text,
    validity_text,
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="A token, as token list numbers it.", show_default=False)]
_ONCE = "It is shown this once, and kept nowhere. A program sends it as: Authorization: Bearer TOKEN"


def add(
    person: Person,
    role: RoleOption,
    days: Days = None,
    db: Db = None,
    name: Name = None,
    as_json: options.AsJson = False,
) -> None:
    """Make a token with which a program acts as a person. It is shown once; the database has only its hash."""
    from ladle.service.gate.roles import Role

    with open_accounts(db, name) as (campaign, accounts):
        secret, token = accounts.add_token(person, Role(role.value), days=days)
        _print_new("add", campaign, secret, token, as_json=as_json)


def list_tokens(db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """List the tokens: for whom, in which role, until when; never the tokens themselves."""
    from ladle.cli.campaign.tables import table
    from ladle.cli.program.printing import print_json, print_parts

    with open_accounts(db, name) as (campaign, accounts):
        found, now = accounts.tokens(), accounts.now()
    if as_json:
        print_json(
            {
                "command": "serve token list",
                "name": campaign,
                "tokens": [{"number": each.number, **account_facts(each, now)} for each in found],
            }
        )
        return
    lines = [
        [
            str(each.number),
            each.name,
            each.role,
            date_text(each.made_at),
            state_text(each.expires_at, each.ended_at, now),
        ]
        for each in found
    ]
    print_parts([(f"The tokens of {campaign}", table(["", "name", "role", "made", "state"], lines, right={0}))])


def rotate(
    number: Number, days: Days = None, db: Db = None, name: Name = None, as_json: options.AsJson = False
) -> None:
    """Make a new token in the place of one, for the same person and role. The old one stops working at once."""
    with open_accounts(db, name) as (campaign, accounts):
        secret, token = accounts.rotate_token(number, days=days)
        _print_new("rotate", campaign, secret, token, as_json=as_json)


def revoke(number: Number, db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """End a token. It stops working at once, and stays in the list."""
    from ladle.cli.program.printing import print_answer

    with open_accounts(db, name) as (campaign, accounts):
        token = accounts.revoke_token(number)
        facts = {"command": "serve token revoke", "name": campaign, "number": token.number, "person": token.name}
        print_answer(f"Token {token.number} of {token.name} is revoked", {"role": token.role}, facts, as_json=as_json)


def _print_new(what: str, campaign: str, secret: str, token: Any, *, as_json: bool) -> None:
    from ladle.cli.program.printing import print_answer

    facts = {
        "command": f"serve token {what}",
        "name": campaign,
        "number": token.number,
        "person": token.name,
        "role": token.role,
        "token": secret,
        "expires_at": token.expires_at or None,
    }
    lines = {"token": secret, "works until": validity_text(token.expires_at), "": _ONCE}
    print_answer(f"Token {token.number} for {token.name}, {token.role} of {campaign}", lines, facts, as_json=as_json)


COMMANDS = {"token add": add, "token list": list_tokens, "token rotate": rotate, "token revoke": revoke}
ABOUT_WORD = {"token": "Tokens: how programs sign in."}
EXAMPLES = {
    "token add": options.examples("ladle serve token add trainer --role lead --days 90 --db birds.db"),
    "token list": options.examples("ladle serve token list --db birds.db"),
    "token rotate": options.examples("ladle serve token rotate 3 --db birds.db"),
    "token revoke": options.examples("ladle serve token revoke 3 --db birds.db"),
}

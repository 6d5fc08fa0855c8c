"""`ladle serve user add`, `list`, `password`, `revoke`: how people sign in."""

from __future__ import annotations

import sys
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

FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin. Default: a random one, shown once.")
]


def add(
    person: Person,
    role: RoleOption,
    days: Days = None,
    password_stdin: FromStdin = False,
    db: Db = None,
    name: Name = None,
    as_json: options.AsJson = False,
) -> None:
    """Add a person who signs in with a password. The database has only its hash (scrypt)."""
    from ladle.service.gate.roles import Role

    password = _password(password_stdin)
    with open_accounts(db, name) as (campaign, accounts):
        user = accounts.add_user(person, Role(role.value), password, days=days)
        _print_user("add", campaign, user, password, shows=not password_stdin, as_json=as_json)


def list_users(db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """List the people who may sign in with a password: role, and until when."""
    from ladle.cli.campaign.tables import table
    from ladle.cli.program.printing import print_json, print_parts

    with open_accounts(db, name) as (campaign, accounts):
        found, now = accounts.users(), accounts.now()
    if as_json:
        print_json(
            {"command": "serve user list", "name": campaign, "users": [account_facts(each, now) for each in found]}
        )
        return
    lines = [
        [each.name, each.role, date_text(each.made_at), state_text(each.expires_at, each.ended_at, now)]
        for each in found
    ]
    print_parts([(f"The users of {campaign}", table(["name", "role", "made", "state"], lines, right=set()))])


def password(
    person: Person,
    password_stdin: FromStdin = False,
    db: Db = None,
    name: Name = None,
    as_json: options.AsJson = False,
) -> None:
    """Give a person another password. All browsers of the person are signed out."""
    new = _password(password_stdin)
    with open_accounts(db, name) as (campaign, accounts):
        user = accounts.set_password(person, new)
        _print_user("password", campaign, user, new, shows=not password_stdin, as_json=as_json)


def revoke(person: Person, db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """End a user, and all sessions, tokens and links of this name, at once. Labels stay."""
    from ladle.cli.program.printing import print_answer

    with open_accounts(db, name) as (campaign, accounts):
        ended = accounts.revoke(person)
        facts = {"command": "serve user revoke", "name": campaign, "person": person, "ended": ended}
        lines = {"ended": f"{ended:,} sessions, tokens and links"}
        print_answer(f"{person} may not sign in to {campaign} any more", lines, facts, as_json=as_json)


def _password(from_stdin: bool) -> str:
    """A password from stdin, without the end of its line, otherwise a random one. Raises: ArgumentError."""
    from ladle.service.gate.accounts import checked_password
    from ladle.service.gate.secrets import new_secret

    return checked_password(sys.stdin.readline().rstrip("\r\n")) if from_stdin else new_secret()[:20]


def _print_user(what: str, campaign: str, user: Any, new: str, *, shows: bool, as_json: bool) -> None:
    from ladle.cli.program.printing import print_answer

    facts = {
        "command": f"serve user {what}",
        "name": campaign,
        "person": user.name,
        "role": user.role,
        "password": new if shows else None,
        "expires_at": user.expires_at or None,
    }
    lines = {"works until": validity_text(user.expires_at)}
    if shows:
        lines = {"password": new, **lines, "": "It is shown this once, and kept nowhere."}
    print_answer(f"{user.name}, {user.role} of {campaign}", lines, facts, as_json=as_json)


COMMANDS = {"user add": add, "user list": list_users, "user password": password, "user revoke": revoke}
ABOUT_WORD = {"user": "Users: how people sign in."}
EXAMPLES = {
    "user add": options.examples("ladle serve user add ann --role annotator --db birds.db"),
    "user list": options.examples("ladle serve user list --db birds.db"),
    "user password": options.examples("ladle serve user password ann --db birds.db"),
    "user revoke": options.examples("ladle serve user revoke ann --db birds.db"),
}

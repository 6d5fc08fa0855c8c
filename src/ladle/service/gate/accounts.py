"""The rules of accounts: users with passwords, tokens, sessions, and the link that signs a lead in once."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from ladle.errors import ArgumentError, LadleError, NotFoundError
from ladle.labelling.people import person_name
from ladle.service.gate.roles import Identity, Role
from ladle.service.gate.secrets import (
    LEAST_PASSWORD,
    LONGEST_PASSWORD,
    digest,
    hash_password,
    is_password,
    new_secret,
)
from ladle.store.accounts import AccountStore, Answered, Credential, User

LONGEST_NAME = 200  # characters
LINK_SECONDS = 15 * 60
DAY_SECONDS = 24 * 3600
KEYS_SECONDS = 7 * DAY_SECONDS  # for which the answers of requests with a key are kept
LONGEST_DAYS = 3_650
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class Accounts:
    """Who may sign in to one campaign, and as what. Raises: StoreError, StoreBusyError.

    clock: returns seconds since 1970. session_seconds: how long a browser stays signed in.
    """

    def __init__(self, store: AccountStore, *, clock: Callable[[], float], session_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._session_seconds = session_seconds

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self._clock())

    # Users ------------------------------------------------------------------------------------------------------------

    def users(self) -> list[User]:
        """All users, by name, those that ended too."""
        return self._store.find(User)

    def add_user(self, name: str, role: Role, password: str, *, days: float | None = None) -> User:
        """Add a person who signs in with a password. Raises: ArgumentError for a name that is taken."""
        password = checked_password(password)
        user = User(checked_name(name), str(role), hash_password(password), self.now(), self._until(days), 0)
        if not self._store.add(user):
            old = self._user(user.name)
            if not self._has_ended(old.expires_at, old.ended_at):
                remedy = "Change the password, or end the user first: ladle serve user password, user revoke."
                raise ArgumentError("NAME", wanted="be a new name", got=f"{user.name!r}, a user already", remedy=remedy)
            self._store.change(User, {"name": user.name}, **_values(user))
        return user

    def set_password(self, name: str, password: str) -> User:
        """Give a user another password. The sessions and links of the user end. Raises: NotFoundError."""
        password = checked_password(password)
        user = self._user(checked_name(name))
        self._store.change(User, {"name": user.name}, password=hash_password(password))
        self._end_credentials(user.name, "session", "link")
        return user

    def revoke(self, name: str) -> int:
        """End a user, and all sessions, tokens and links of this name, which need not be a user's.

        Returns how many sessions, tokens and links ended. Raises: NotFoundError for a name that has none and no user.
        """
        written = checked_name(name)
        users = self._store.change(User, {"name": written}, ended_at=self.now())
        ended = self._end_credentials(written, "session", "token", "link")
        if not users and not ended:
            self._user(written)
        return ended

    def sign_in(self, name: str, password: str) -> tuple[str, Credential] | None:
        """Begin the session of a user: its secret; None for a wrong name or password. Cost: about 50 ms either way."""
        users = []
        with suppress(ArgumentError):  # a name that nobody can have
            users = self._store.find(User, name=checked_name(name))
        user = users[0] if users else None
        is_right = is_password(password[: LONGEST_PASSWORD + 1], user.password if user else "")
        if user is None or not is_right or self._has_ended(user.expires_at, user.ended_at):
            return None
        return self._begin_session(user.name, Role(user.role), latest=user.expires_at)

    # Tokens -----------------------------------------------------------------------------------------------------------

    def tokens(self) -> list[Credential]:
        """All tokens, oldest first, those that ended too."""
        return sorted(self._store.find(Credential, kind="token"), key=lambda each: each.number)

    def add_token(self, name: str, role: Role, *, days: float | None = None) -> tuple[str, Credential]:
        """Make a token: the secret, which is kept nowhere, and what is kept."""
        number = max((each.number for each in self.tokens()), default=0) + 1
        return self._new("token", checked_name(name), role, self._until(days), number=number)

    def rotate_token(self, number: int, *, days: float | None = None) -> tuple[str, Credential]:
        """End a token and make another one for the same person and role. Raises: NotFoundError."""
        old = self.revoke_token(number)
        lasted = (old.expires_at - old.made_at) / DAY_SECONDS if old.expires_at else None
        return self.add_token(old.name, Role(old.role), days=lasted if days is None else days)

    def revoke_token(self, number: int) -> Credential:
        """End a token. Raises: NotFoundError for a number that no living token has."""
        for each in self.tokens():
            if each.number == number and not self._has_ended(each.expires_at, each.ended_at):
                self._store.change(Credential, {"digest": each.digest}, ended_at=self.now())
                return each
        raise NotFoundError(f"token {number}", wanted="be a token that works", got="none", remedy="See: token list.")

    # Links and sessions -----------------------------------------------------------------------------------------------

    def add_link(self, name: str = "lead", role: Role = Role.LEAD) -> str:
        """Make a link that signs a person in once, within a quarter of an hour: its secret."""
        return self._new("link", checked_name(name), role, self.now() + LINK_SECONDS)[0]

    def use_link(self, secret: str) -> tuple[str, Credential] | None:
        """Begin the session that a link stands for; None for one that is wrong, late or used, or of an ended user."""
        link = self._living(secret, "link")
        if link is None:
            return None
        users = self._store.find(User, name=link.name)
        if any(self._has_ended(each.expires_at, each.ended_at) for each in users):
            return None
        used = self._store.change(Credential, {"digest": link.digest, "ended_at": 0}, ended_at=self.now())
        latest = max((each.expires_at for each in users), default=0)
        return self._begin_session(link.name, Role(link.role), latest=latest) if used == 1 else None

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self._store.change(Credential, {"digest": digest(secret), "kind": "session"}, ended_at=self.now())

    def identify(self, secret: str, kind: str) -> Identity | None:
        """The person whom a secret of this kind ("token" or "session") stands for; None for nobody."""
        found = self._living(secret, kind)
        return None if found is None else Identity(found.name, Role(found.role), kind == "session", found.csrf)

    def has_lead(self) -> bool:
        """Whether a lead can sign in, by a password or a token."""
        found: list[User | Credential] = [*self.users(), *self.tokens()]
        return any(each.role == Role.LEAD and not self._has_ended(each.expires_at, each.ended_at) for each in found)

    def forget_ended(self) -> None:
        """Remove sessions and links that expired more than a day ago, and old answers. Tokens stay listed."""
        for kind in ("session", "link"):
            self._store.remove_before(Credential, "expires_at", self.now() - DAY_SECONDS, kind=kind)
        self._store.remove_before(Answered, "at", self.now() - KEYS_SECONDS)

    def _begin_session(self, name: str, role: Role, *, latest: int = 0) -> tuple[str, Credential]:
        until = self.now() + int(self._session_seconds)
        return self._new("session", name, role, min(until, latest) if latest else until, csrf=new_secret())

    def _new(
        self, kind: str, name: str, role: Role, until: int, *, number: int = 0, csrf: str = ""
    ) -> tuple[str, Credential]:
        secret = new_secret()
        credential = Credential(digest(secret), kind, number, name, str(role), csrf, self.now(), until, 0)
        self._store.add(credential)
        return secret, credential

    def _living(self, secret: str, kind: str) -> Credential | None:
        if not _SECRET.fullmatch(secret):
            return None
        found = self._store.find(Credential, digest=digest(secret), kind=kind)
        return found[0] if found and not self._has_ended(found[0].expires_at, found[0].ended_at) else None

    def _user(self, name: str) -> User:
        found = self._store.find(User, name=name)
        if not found:
            raise NotFoundError(f"the user {name!r}", wanted="be a user", got="none", remedy="See: user list.")
        return found[0]

    def _end_credentials(self, name: str, *kinds: str) -> int:
        """End the credentials of these kinds that have not ended: how many."""
        of_name = {"name": name, "ended_at": 0}
        return sum(self._store.change(Credential, {**of_name, "kind": kind}, ended_at=self.now()) for kind in kinds)

    def _has_ended(self, expires_at: int, ended_at: int) -> bool:
        return ended_at > 0 or 0 < expires_at <= self.now()

    def _until(self, days: float | None) -> int:
        if days is None:
            return 0
        if not 0 < days <= LONGEST_DAYS:
            raise ArgumentError("--days", wanted=f"be above 0 and up to {LONGEST_DAYS:,}", got=f"{days:g}")
        return self.now() + max(1, int(days * DAY_SECONDS))


def checked_name(name: str) -> str:
    """A name as a campaign writes the names of annotators. Raises: ArgumentError."""
    wanted = f"be a name of 1 to {LONGEST_NAME} characters"
    try:
        written = person_name(name)
    except LadleError as error:
        raise ArgumentError("NAME", wanted=wanted, got=error.got) from error
    if not written or len(written) > LONGEST_NAME or not written.isprintable():
        raise ArgumentError("NAME", wanted=wanted, got=repr(written)[:80])
    return written


def checked_password(password: str) -> str:
    """A password that is long enough to be kept by scrypt. Raises: ArgumentError."""
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        wanted = f"have {LEAST_PASSWORD} to {LONGEST_PASSWORD:,} characters"
        raise ArgumentError("the password", wanted=wanted, got=f"{len(password):,}")
    return password


def _values(user: User) -> dict[str, object]:
    return {
        "role": user.role,
        "password": user.password,
        "made_at": user.made_at,
        "expires_at": user.expires_at,
        "ended_at": user.ended_at,
    }

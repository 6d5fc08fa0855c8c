"""The accounts of the service in the database of a campaign: who may sign in, by hashes alone.

The tables are apart from the campaign's: they have no seals, no log and no migrations, and a backup leaves them out.
They are created when the service first starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import sqlalchemy as sa

from ladle.store.dialects import dialect_of
from ladle.store.engine import WAIT_SECONDS, alongside, engine_of
from ladle.store.failures import translate
from ladle.store.joined import joined, part
from ladle.store.schema import SERVICE_PREFIX
from ladle.store.turns import Turns, transaction, turns_of

METADATA = sa.MetaData()


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in with a password. Times are seconds since 1970; 0 stands for never."""

    name: str
    role: str
    password: str  # its scrypt hash; "" for none
    made_at: int
    expires_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class Credential:
    """A random secret that stands for a person. kind: "token", "session" or "link" (which signs in once)."""

    digest: str  # its SHA-256
    kind: str
    number: int  # of a token, from 1, for people; 0 for others
    name: str
    role: str
    csrf: str  # of a session
    made_at: int
    expires_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A request with an `Idempotency-Key`, and its answer; "" while it is not kept here."""

    key: str  # the name of the sender and the key
    fingerprint: str  # of the request
    body: str
    at: int


Row = TypeVar("Row", User, Credential, Answered)


def _table(name: str, kind: type[Any], *keys: str) -> sa.Table:
    types: dict[str, Any] = {"int": sa.BigInteger, "str": sa.Text}
    columns: list[sa.Column[Any]] = [
        sa.Column(each.name, types[str(each.type)], nullable=False) for each in fields(kind)
    ]
    return sa.Table(
        f"{SERVICE_PREFIX}{name}",
        METADATA,
        sa.Column("campaign", sa.Text, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("campaign", *keys),
    )


_TABLES: dict[type[Any], sa.Table] = {
    User: _table("user", User, "name"),
    Credential: _table("credential", Credential, "digest"),
    Answered: _table("request", Answered, "key"),
}


class AccountStore:
    """The accounts of one campaign: rows by key. Its rules are in `ladle.service.gate`.

    url: of the database; None for accounts in memory. campaign: its name. wait_seconds: how long a
    transaction waits for others.
    Every method is a transaction of its own. Raises: StoreError, StoreBusyError.
    """

    def __init__(self, url: sa.URL | None, campaign: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._campaign = campaign
        self._url = url
        self._dialect = dialect_of(sa.make_url("sqlite://") if url is None else url)
        self._name = "memory" if url is None else url.render_as_string(hide_password=True)
        # In memory there is one connection. A file has the turns of the campaign's transactions.
        self._turns = Turns("memory") if url is None else turns_of(url)
        if url is None:
            options: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
            self._engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, **options)
        else:
            self._engine = engine_of(url, keeps_connections=True, wait_seconds=wait_seconds)

    def create(self) -> None:
        """Create the tables where they are missing."""
        with self._transaction(writes=True) as connection:
            self._dialect.hold_schema(connection)
            METADATA.create_all(connection)

    def find(self, kind: type[Row], /, **values: object) -> list[Row]:
        """The rows with these values of columns."""
        table = _TABLES[kind]
        query = self._where(sa.select(*table.c[1:]), table, values)
        with self._transaction(writes=False) as connection:
            return [kind(*row) for row in connection.execute(query.order_by(*table.primary_key.columns))]

    def add(self, row: User | Credential | Answered) -> bool:
        """Add a row, unless one of its key is there: whether it was added."""
        table = _TABLES[type(row)]
        with self._transaction(writes=True) as connection:
            keys = {name: getattr(row, name) for name in table.primary_key.columns.keys()[1:]}
            if connection.execute(self._where(sa.select(sa.literal(1)), table, keys)).first() is not None:
                return False
            connection.execute(sa.insert(table), {"campaign": self._campaign, **asdict(row)})
            return True

    @contextmanager
    def claiming(self, row: Answered, check: Callable[[Answered], None]) -> Iterator[None]:
        """A block that makes a change under a key. Its row is added with the change, or not at all.

        check: is given the row that is there already, and raises to refuse the change. The changes of a campaign in
        memory are not in the same database: there the caller lets one block of a key run at a time.
        """
        if self._name != "memory":
            with alongside(lambda connection: self._claim(connection, row, check)):
                yield
            return
        for before in self.find(Answered, key=row.key):
            check(before)
        yield
        self.add(row)

    def _claim(self, connection: sa.Connection, row: Answered, check: Callable[[Answered], None]) -> None:
        table = _TABLES[Answered]
        with translate(self._name):
            query = self._where(sa.select(*table.c[1:]), table, {"key": row.key})
            before = connection.execute(query).first()
            if before is None:
                connection.execute(sa.insert(table), {"campaign": self._campaign, **asdict(row)})
            else:
                check(Answered(*before))

    def change(self, kind: type[Row], where: dict[str, object], /, **values: object) -> int:
        """Give columns of the rows with these values other values: how many rows there are."""
        table = _TABLES[kind]
        with self._transaction(writes=True) as connection:
            return connection.execute(self._where(sa.update(table), table, where).values(**values)).rowcount

    def remove_before(self, kind: type[Row], column: str, moment: int, /, **values: object) -> int:
        """Remove the rows with these values whose time in a column is before a moment: how many."""
        table = _TABLES[kind]
        old = (table.c[column] < moment) & (table.c[column] > 0)
        with self._transaction(writes=True) as connection:
            return connection.execute(self._where(sa.delete(table), table, values).where(old)).rowcount

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def _where(self, statement: Any, table: sa.Table, values: dict[str, object]) -> Any:
        conditions = [table.c[name] == value for name, value in values.items()]
        return statement.where(table.c.campaign == self._campaign, *conditions)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[sa.Connection]:
        connection = joined(self._url)
        if connection is not None:  # committed with the changes of the campaign
            with translate(self._name), part(connection, self._name):
                yield connection
            return
        alone = self._name == "memory"
        options = self._dialect.isolation(writes=writes)
        with (
            translate(self._name),
            transaction(self._engine, self._turns, writes=writes, alone=alone, **options) as (connection, _),
        ):
            self._dialect.begin(connection, writes=writes)
            yield connection

"""What every store of campaigns guarantees.

A store keeps campaigns, each under a name of its own, as the tables of `ladle.labelling.contract.tables`. It does not
know what the tables mean. Rules read through a `View` and write through a `Writer`. A store guarantees:

1. All or nothing. When the `with` block of a `Writer` has ended, all its changes are stored. When the block raises, the
   process dies or the power fails, none is. Stored changes survive all of these, except in a store in memory.
2. One writer at a time. While a campaign is written, other writers wait. When that takes too long they raise
   StoreBusyError and have changed nothing. So a writer's reads are still true when it writes.
3. One moment. Everything that one view reads is of one moment between two writes, whatever others do meanwhile.
4. Reading returns what was written, in type and value, rows in ascending order of their key, or raises
   CorruptFileError.
5. Keys are unique. `add` of an existing key and `change` of a missing one raise StoreError, and nothing is written. So
   does a second event of one kind with the same `key`, unless the key is "".
6. Campaigns are separate from each other.
7. A `View` that `reading` returns has no way to write.

`ladle.testing.StoreContract` tests a store for these guarantees.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Self, TypeVar

from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.tables import KINDS, TaskTable

Kind = TypeVar("Kind", bound=Columns)


class View(ABC):
    """One campaign at one moment."""

    @property
    @abstractmethod
    def settings(self) -> str:
        """The settings of the campaign, as the text that `Store.founding` got."""

    @abstractmethod
    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        """Read a table, or some of its rows.

        Parameters
        ----------
        kind : subclass of Columns
            The table.
        field : str, default ""
            A column. Only rows whose value in it is one of `among` are read; "" reads all rows.
        among : iterable
            The values.

        Returns
        -------
        Columns
            Of this kind, in ascending order of the key.

        Raises
        ------
        CorruptFileError, StoreError, StoreBusyError
            When a row was damaged; when the database fails or is locked.

        Notes
        -----
        Cost: the rows read. With the field "row", or the first field of the key, only the rows returned.
        """

    @abstractmethod
    def last(self, kind: type[Kind]) -> Kind:
        """The row with the highest key of a table whose key is one number; an empty table where there is none."""

    def counts(self, kinds: Sequence[type[Columns]] = KINDS) -> dict[str, int]:
        """How many rows each of these tables has, by its name.

        Parameters
        ----------
        kinds : sequence of subclasses of Columns
            The tables; by default all.

        Notes
        -----
        Cost: here a pass over the tables; a store that counts faster than it reads has a count of its own.
        """
        return {kind.NAME: len(self.read(kind)) for kind in kinds}

    @abstractmethod
    def page(
        self, kind: type[Kind], where: Mapping[str, object], by: Sequence[str], after: Sequence[int], limit: int
    ) -> Kind:
        """The next rows of a table in the order of some of its number fields, at most `limit`.

        Parameters
        ----------
        kind : subclass of Columns
            The table.
        where : mapping of str to object
            The value that each of these fields must have.
        by : sequence of str
            The fields of numbers by which the rows are ordered. Together with those of `where` they identify a row.
        after : sequence of int
            A value for each field of `by`: only rows that come later are read.
        limit : int
            How many at most.

        Returns
        -------
        Columns
            Of this kind, in the order of `by`.

        Notes
        -----
        Cost: the rows returned, for the fields that a store has an index for; else up to all rows.
        """

    def now(self) -> int | None:
        """The time by the clock of the store, the same for all its clients.

        Returns
        -------
        int or None
            Microseconds since 1970, UTC; None for a store without a clock of its own, as here.
        """
        return None

    @abstractmethod
    def ranked(self, after: tuple[int, int], limit: int) -> TaskTable:
        """The open and disputed tasks of batches, in order of batch and place.

        Parameters
        ----------
        after : tuple of two int
            A batch and a place: only later tasks are read.
        limit : int
            How many at most.

        Returns
        -------
        TaskTable

        Notes
        -----
        Cost: the rows returned.
        """

    @abstractmethod
    def disputed(self, after: tuple[int, int], limit: int) -> TaskTable:
        """The disputed tasks, whether an ask chose them or not, the oldest dispute first.

        Parameters
        ----------
        after : tuple of two int
            An event and a row: only tasks that come later in the order of both are read.
        limit : int
            How many at most.

        Returns
        -------
        TaskTable
            In order of event and row: the event that wrote a task last is the one that made it disputed.

        Notes
        -----
        Cost: the rows returned.
        """


class Writer(View):
    """One campaign, locked against all other writers. It reads its own changes."""

    @abstractmethod
    def add(self, columns: Columns) -> None:
        """Add rows with new keys.

        Parameters
        ----------
        columns : Columns
            The rows of one table.

        Raises
        ------
        StoreError, StoreBusyError
            For a key that exists; when the database fails.
        """

    @abstractmethod
    def change(self, columns: Columns) -> None:
        """Replace the rows of these keys.

        Parameters
        ----------
        columns : Columns
            The new rows of one table.

        Raises
        ------
        StoreError, StoreBusyError
            For a key that does not exist; when the database fails.
        """

    @abstractmethod
    def rewrite(self, columns: Columns) -> None:
        """Replace all rows of a table, for examples whose rows have other numbers now.

        Parameters
        ----------
        columns : Columns
            All rows of one table.

        Raises
        ------
        StoreError, StoreBusyError
            When the database fails.

        Notes
        -----
        Cost: writes the whole table.
        """


class Store(ABC):
    """A place that keeps campaigns. The docstring of `ladle.labelling.contract.store` has its guarantees."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the store for people: a URL without its password."""

    @abstractmethod
    def names(self) -> list[str]:
        """List the campaigns.

        Returns
        -------
        list of str
            In alphabetical order.
        """

    @abstractmethod
    def founding(self, campaign: str, settings: str) -> AbstractContextManager[Writer]:
        """Create a campaign, which exists when the `with` block ends.

        Parameters
        ----------
        campaign : str
            Its name.
        settings : str
            Its settings, as `View.settings` returns them.

        Yields
        ------
        Writer

        Raises
        ------
        MismatchError
            When a campaign of this name exists.
        StoreError, StoreBusyError
            When the database fails; when others lock it for too long.
        """

    @abstractmethod
    def reading(self, campaign: str) -> AbstractContextManager[View]:
        """Read a campaign at one moment.

        Parameters
        ----------
        campaign : str
            Its name.

        Yields
        ------
        View
            It cannot write.

        Raises
        ------
        NotFoundError
            When there is no such campaign.
        StoreError, StoreBusyError
            As `founding`.
        """

    @abstractmethod
    def writing(self, campaign: str) -> AbstractContextManager[Writer]:
        """Lock a campaign and change it.

        Parameters
        ----------
        campaign : str
            Its name.

        Yields
        ------
        Writer

        Raises
        ------
        NotFoundError
            When there is no such campaign.
        StoreError, StoreBusyError
            As `founding`.
        """

    def together(self, campaign: str) -> AbstractContextManager[None]:
        """Store the changes that this thread makes in a block at its end, all at once, where the store can do so.

        Inside the block, each `writing` of the campaign is a change of its own, as outside: one that raises is undone,
        and the others stand. `reading` sees the changes before it.

        Parameters
        ----------
        campaign : str
            Its name.

        Yields
        ------
        None

        Raises
        ------
        NotFoundError
            When there is no such campaign.
        StoreError, StoreBusyError
            As `founding`. When they are raised at the end of the block, none of the changes is stored.

        Notes
        -----
        Here each change is stored at once, which is right for a store where that costs little.
        """
        return nullcontext()

    @abstractmethod
    def problems(self) -> list[str]:
        """Let the database check its own files and tables.

        Returns
        -------
        list of str
            One line for each problem.
        """

    @abstractmethod
    def close(self) -> None:
        """Close files and connections. All changes are stored already."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

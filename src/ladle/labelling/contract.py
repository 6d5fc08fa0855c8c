"""What every store of campaigns guarantees.

A store keeps campaigns, each under a name of its own, as the tables of `ladle.labelling.tables`. It knows nothing of
what they mean. Rules read through a `View` and write through a `Writer`. Whoever writes a store promises:

1. All or nothing. What a `Writer` was given is there as a whole when its `with` block has ended, or, if the block
   raised, the process died or the power failed, not at all. Once the block has ended it outlives all of these (but for
   a store that says it lives in memory).
2. One at a time. While a campaign is being written, no one else writes it: others wait, and raise StoreBusyError when
   it takes too long, having changed nothing. So whatever a writer reads is still true when it writes.
3. One picture. All that one view reads is of one moment, between two writes, whatever others do meanwhile.
4. What is read is what was written, in type and value, rows in ascending order of their key; or CorruptFileError.
5. Keys are unique. `add` of a key that is there, and `change` of one that is not, raise StoreError, and nothing is
   written. So does a second event of one kind with the same `key`, unless that is "".
6. Campaigns do not see each other.

`ladle.testing.StoreContract` holds a store to this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar

from ladle.labelling.columns import Columns
from ladle.labelling.tables import Task

Kind = TypeVar("Kind", bound=Columns)


class View(ABC):
    """One campaign as it is at one moment."""

    @property
    @abstractmethod
    def settings(self) -> str:
        """The text the campaign was founded with."""

    @abstractmethod
    def read(self, kind: type[Kind], field: str = "", among: Iterable[object] = ()) -> Kind:
        """The rows of a table; with `field`, those whose value in that column is `among` the values given.

        Raises: CorruptFileError, StoreError, StoreBusyError. Cost: the rows read; with `field="row"`, or the first of
        the key, the rows found.
        """

    @abstractmethod
    def last(self, kind: type[Kind]) -> Kind:
        """The row of the highest key of a table whose key is one number; no row where there is none."""

    @abstractmethod
    def ranked(self, after: tuple[int, int], limit: int) -> Task:
        """Tasks that a batch holds and that are open or disputed, in order of batch and place, from after that place.

        At most `limit` of them. Cost: the rows found.
        """


class Writer(View):
    """One campaign, held against all other writers. It reads what it has written."""

    @abstractmethod
    def add(self, columns: Columns) -> None:
        """Add rows with new keys. Raises: StoreError, also when one of the keys is there already."""

    @abstractmethod
    def change(self, columns: Columns) -> None:
        """Give the rows of these keys these values. Raises: StoreError, also when one of the keys is not there."""


class Store(ABC):
    """Keeps campaigns; the guarantees are in the docstring of this file."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is, for people: a URL without its password."""

    @abstractmethod
    def names(self) -> list[str]:
        """The campaigns there are, in alphabetical order."""

    @abstractmethod
    def founding(self, campaign: str, settings: str) -> AbstractContextManager[Writer]:
        """Begin a campaign: it is there when the block ends. Raises: MismatchError when there is one of that name."""

    @abstractmethod
    def reading(self, campaign: str) -> AbstractContextManager[View]:
        """A view of one moment. Raises: NotFoundError when there is no such campaign."""

    @abstractmethod
    def writing(self, campaign: str) -> AbstractContextManager[Writer]:
        """Hold the campaign and change it. Raises: NotFoundError; StoreBusyError when others hold it too long."""

    @abstractmethod
    def problems(self) -> list[str]:
        """What the database itself finds wrong with its files and tables, a line each; none when all is well."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. What was written is there already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""Every error that Ladle raises on purpose.

    LadleError
    ├── ArgumentError (ValueError)      an argument is out of range, or does not fit the others
    ├── DataError (ValueError)          the examples or scores themselves cannot be used
    │   ├── ShapeError                  wrong number of axes, rows or dimensions; ragged or null lists
    │   ├── NonFiniteError              NaN or infinity
    │   ├── ZeroVectorError             an all-zero embedding under the cosine metric
    │   ├── ProbabilityError            outside [0, 1], or a row that does not sum to 1
    │   ├── PrecisionError              rounding hides the exact answer that was asked for
    │   └── IdError                     duplicate, null, missing or unknown example ids
    ├── FileError (OSError)             a file cannot be used
    │   ├── FileFormatError             not a format Ladle reads, or written by a newer Ladle
    │   ├── CorruptFileError            truncated, or its checksum does not match
    │   └── UnsafeFileError             reading it would run a pickle
    ├── MismatchError (ValueError)      two good inputs that do not belong together (a tree and another pool)
    │   ├── ClassCountError             scores of another number of classes
    │   └── ReusedKeyError              a key of an earlier request with another content
    ├── QuarantinedError (ValueError)   a whole file of labels went to quarantine
    ├── MemoryPlanError (MemoryError)   the work would not fit the memory it may use
    ├── NotFoundError (LookupError)     no such campaign, batch, task, file, class or person
    ├── StoreError (OSError)            the database of a campaign fails: disk full, connection lost
    │   └── StoreBusyError              the database stayed busy for longer than the waiting time
    ├── AccessError (PermissionError)   a person may not do this
    │   └── SignInError                 nobody is signed in
    ├── LimitError                      more requests than the service takes
    │   └── TooLargeError               a body that is too long, or came too slowly
    ├── WorkersError (OSError)          worker processes or a cluster do not answer, or are lost again and again
    └── MissingDependencyError (ImportError)   an optional package is needed and absent

A message says what was wanted, what was got, and what to do about it; the parts are attributes too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Self

LONGEST_PART = 600  # characters of each part of a message


class LadleError(Exception):
    """The base of all errors that Ladle raises on purpose: "SUBJECT must WANTED; got GOT. REMEDY".

    Parameters
    ----------
    subject : str
        What is wrong: an argument in backticks, a file, a column.
    wanted : str
        What it must be or do, as a verb phrase: "have one column of each name".
    got : str
        What it is instead.
    remedy : str, optional
        What to do about it, in whole sentences; may be empty.

    Attributes
    ----------
    subject, wanted, got, remedy : str
        The parts of the message.

    Notes
    -----
    `OUTCOMES` maps every kind of error to an exit code of the command line and to an HTTP status. Errors can be pickled
    and sent between processes.
    """

    def __init__(self, subject: str, *, wanted: str, got: str, remedy: str = "") -> None:
        self.subject = subject
        self.wanted = wanted
        self.got = got
        self.remedy = remedy
        message = f"{_shortened(subject)} must {_shortened(wanted)}; got {_shortened(got)}."
        super().__init__(f"{message} {_shortened(remedy)}" if remedy else message)

    def __str__(self) -> str:  # the kinds that are OSErrors too would print its own (errno, text) pair
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are sent between processes; the default protocol would lose the keyword-only parts.
        return (_rebuild, (type(self), self.subject, self.wanted, self.got, self.remedy))

    def reworded(self, subject: str, *, wanted: str, got: str, remedy: str) -> Self:
        """The same error in other words.

        Parameters
        ----------
        subject, wanted, got, remedy : str
            As above.

        Returns
        -------
        Self
            Of the same kind.
        """
        return type(self)(subject, wanted=wanted, got=got, remedy=remedy)


def first_line(error: BaseException) -> str:
    """The first line of what an error of another library says; its type where it says nothing."""
    return (str(error) or type(error).__name__).splitlines()[0]


def _shortened(part: str) -> str:
    """A part of a message that people can read: without the middle of what is very long, such as a text of a caller."""
    return part if len(part) <= LONGEST_PART else f"{part[: LONGEST_PART - 100]} ... {part[-90:]}"


def _rebuild(kind: type[LadleError], subject: str, wanted: str, got: str, remedy: str) -> LadleError:
    return kind(subject, wanted=wanted, got=got, remedy=remedy)


class ArgumentError(LadleError, ValueError):
    """An argument is out of range, has the wrong type, or does not fit the others. Also a ValueError."""


class DataError(LadleError, ValueError):
    """The examples or the scores themselves cannot be used. Also a ValueError."""


class ShapeError(DataError):
    """An array or a column has the wrong number of axes, rows or dimensions, or holds ragged or null lists."""


class NonFiniteError(DataError):
    """There is NaN or infinity where finite numbers are needed."""


class ZeroVectorError(DataError):
    """An embedding is all zeros. It has no direction, so the cosine metric is not defined for it."""


class ProbabilityError(DataError):
    """A probability lies outside [0, 1], or a row of probabilities does not sum to 1."""


class PrecisionError(DataError):
    """Rounding hides the exact answer that was asked for.

    Some rows lie so far from the origin and so near each other that floating-point numbers cannot tell their distances.
    """


class IdError(DataError):
    """Example ids are duplicate, null, missing or unknown, or of the wrong kind."""


class PrecisionWarning(UserWarning):
    """Rounding may have changed a result for which exactness was not asked; see `PrecisionError`."""


class FileError(LadleError, OSError):
    """A file or a folder cannot be read or written. Also an OSError."""


class FileFormatError(FileError):
    """A file has a format that Ladle does not read, or was written by a newer version of Ladle."""


class CorruptFileError(FileError):
    """A file is truncated, or its checksum does not match."""


class UnsafeFileError(FileError):
    """Reading a file would run a pickle, which Ladle never does."""


class MismatchError(LadleError, ValueError):
    """Two good inputs do not belong together, such as a tree and another pool. Also a ValueError."""


class ClassCountError(MismatchError):
    """Scores have another number of classes than there are. `count` is theirs."""

    def __init__(self, subject: str, *, wanted: str, got: str, remedy: str = "", count: int = 0) -> None:
        super().__init__(subject, wanted=wanted, got=got, remedy=remedy)
        self.count = count

    def __reduce__(self) -> tuple[object, ...]:
        again = partial(ClassCountError, wanted=self.wanted, got=self.got, remedy=self.remedy, count=self.count)
        return (again, (self.subject,))

    def reworded(self, subject: str, *, wanted: str, got: str, remedy: str) -> Self:
        """The same error in other words, see `LadleError.reworded`."""
        return type(self)(subject, wanted=wanted, got=got, remedy=remedy, count=self.count)


class ReusedKeyError(MismatchError):
    """A key that stands for an earlier request came with another request."""


class QuarantinedError(LadleError, ValueError):
    """A whole file of labels went to quarantine, and no label of it was accepted. Also a ValueError."""


class MemoryPlanError(LadleError, MemoryError):
    """The work would not fit the memory it may use; raised before the work begins. Also a MemoryError."""


class NotFoundError(LadleError, LookupError):
    """There is no such campaign, batch, task, file, class or person. Also a LookupError."""


class StoreError(LadleError, OSError):
    """The database of a campaign failed: a full disk, a lost connection. Also an OSError.

    Every change that was not acknowledged is undone.
    """


class StoreBusyError(StoreError):
    """Other connections kept the database busy for longer than the waiting time. Nothing was changed: try again."""


class AccessError(LadleError, PermissionError):
    """A person may not do this. Also a PermissionError."""


class SignInError(AccessError):
    """Nobody is signed in, or the sign-in is wrong or has ended."""


class LimitError(LadleError):
    """More requests came than the service takes in a time. `retry_seconds`: how long to wait."""

    retry_seconds = 60


class TooLargeError(LimitError):
    """The body of a request is too long, or came too slowly."""


class WorkersError(LadleError, OSError):
    """Worker processes or a cluster do not answer, or are lost again and again. Also an OSError."""


class MissingDependencyError(LadleError, ImportError):
    """An optional package is needed and not installed. Also an ImportError."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an error leaves the program: the exit code of the process, and the HTTP status of a service."""

    exit_code: int
    http_status: int


# The one table from error to outcome; `ladle --help` documents the exit codes. Code 1 means a bug and code 2 a wrong
# command line, as in shells and click.
OUTCOMES: dict[type[LadleError], Outcome] = {
    LadleError: Outcome(1, 500),
    ArgumentError: Outcome(2, 422),
    DataError: Outcome(3, 422),
    FileError: Outcome(4, 400),
    MismatchError: Outcome(5, 409),
    MemoryPlanError: Outcome(6, 507),
    MissingDependencyError: Outcome(7, 501),
    NotFoundError: Outcome(8, 404),
    StoreError: Outcome(9, 500),
    StoreBusyError: Outcome(10, 503),
    QuarantinedError: Outcome(11, 422),
    ReusedKeyError: Outcome(5, 422),
    AccessError: Outcome(12, 403),
    SignInError: Outcome(12, 401),
    LimitError: Outcome(13, 429),
    TooLargeError: Outcome(13, 413),
    WorkersError: Outcome(14, 503),
}


def outcome_of(error: LadleError) -> Outcome:
    """The entry of `OUTCOMES` for the nearest base class of `error`."""
    for kind in type(error).__mro__:
        if kind in OUTCOMES:
            return OUTCOMES[kind]
    return OUTCOMES[LadleError]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: "Did you mean `margin`?", or "" if no known name is like it."""
    from difflib import get_close_matches

    names = {_simplify(each): each for each in known}
    near = get_close_matches(_simplify(word), names, n=1, cutoff=0.7)  # at 0.6, colour is near cluster
    return f"Did you mean `{names[near[0]]}`?" if near else ""


def _simplify(name: str) -> str:
    return name.lower().lstrip("-").replace("-", "_")

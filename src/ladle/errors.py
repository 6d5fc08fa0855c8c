"""Every error Ladle raises on purpose.

    LadleError
    ├── ArgumentError (ValueError)      an argument is out of range, or does not fit the others
    ├── DataError (ValueError)          the examples or scores themselves are unusable
    │   ├── ShapeError                  wrong number of axes, rows or dimensions; ragged or null lists
    │   ├── NonFiniteError              NaN or infinity
    │   ├── ZeroVectorError             an all-zero embedding under the cosine metric
    │   ├── ProbabilityError            outside [0, 1], or a row that does not sum to 1
    │   ├── PrecisionError              rounding hides what exactness was asked for
    │   └── IdError                     duplicate, null, missing or unknown example ids
    ├── FileError (OSError)             a file cannot be used
    │   ├── FileFormatError             not a format Ladle reads, or written by a newer Ladle
    │   ├── CorruptFileError            truncated, or its checksum does not match
    │   └── UnsafeFileError             reading it would run a pickle
    ├── MismatchError (ValueError)      two good inputs that do not belong together (a tree and another pool)
    ├── MemoryPlanError (MemoryError)   the work would not fit the memory it may use
    ├── NotFoundError (LookupError)     no such campaign, batch or task
    ├── StoreError (OSError)            the database of a campaign fails: disk full, connection lost
    │   └── StoreBusyError              others kept it busy for longer than one waits
    └── MissingDependencyError (ImportError)   an optional package is needed and absent

A message says what was wanted, what was got, and what to do about it; the parts are attributes too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class LadleError(Exception):
    """What every deliberate error has: `subject`, `wanted`, `got`, `remedy` (all text; `remedy` may be empty)."""

    def __init__(self, subject: str, *, wanted: str, got: str, remedy: str = "") -> None:
        self.subject = subject
        self.wanted = wanted
        self.got = got
        self.remedy = remedy
        message = f"{subject} must {wanted}; got {got}."
        super().__init__(f"{message} {remedy}" if remedy else message)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders; the default protocol would lose the keyword-only parts.
        return (_rebuild, (type(self), self.subject, self.wanted, self.got, self.remedy))


def _rebuild(kind: type[LadleError], subject: str, wanted: str, got: str, remedy: str) -> LadleError:
    return kind(subject, wanted=wanted, got=got, remedy=remedy)


class ArgumentError(LadleError, ValueError):
    """An argument is out of range, or does not fit the others."""


class DataError(LadleError, ValueError):
    """The examples or scores themselves are unusable."""


class ShapeError(DataError):
    """Wrong number of axes, rows or dimensions; ragged or null lists."""


class NonFiniteError(DataError):
    """NaN or infinity where numbers are needed."""


class ZeroVectorError(DataError):
    """An all-zero embedding has no direction, so the cosine metric cannot place it."""


class ProbabilityError(DataError):
    """Outside [0, 1], or a row that does not sum to 1."""


class PrecisionError(DataError):
    """Rounding hides what exactness was asked for: rows too far from the origin, and too near each other."""


class IdError(DataError):
    """Duplicate, null, missing or unknown example ids."""


class PrecisionWarning(UserWarning):
    """A result that rounding may have changed: given, with a warning, where exactness was not asked for."""


class FileError(LadleError, OSError):
    """A file cannot be used."""

    def __str__(self) -> str:  # OSError would print its own (errno, text) pair
        return str(self.args[0])


class FileFormatError(FileError):
    """Not a format Ladle reads, or written by a newer Ladle."""


class CorruptFileError(FileError):
    """Truncated, or its checksum does not match."""


class UnsafeFileError(FileError):
    """Reading the file would run a pickle, which Ladle never does."""


class MismatchError(LadleError, ValueError):
    """Two good inputs that do not belong together, such as a tree and another pool."""


class MemoryPlanError(LadleError, MemoryError):
    """The work would not fit the memory it may use."""


class NotFoundError(LadleError, LookupError):
    """No such campaign, batch or task."""


class StoreError(LadleError, OSError):
    """The database of a campaign fails: a full disk, a lost connection. What was not acknowledged is undone."""

    def __str__(self) -> str:  # OSError would print its own (errno, text) pair
        return str(self.args[0])


class StoreBusyError(StoreError):
    """Others kept the database busy for longer than one waits. Nothing was changed: try again."""


class MissingDependencyError(LadleError, ImportError):
    """An optional package is needed and absent."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an error leaves the program: the process exit code, and the HTTP status of a service."""

    exit_code: int
    http_status: int


# The one table from error to outcome; exit codes are documented in `ladle --help`. 1 is left to the unforeseen
# (a bug), 2 to command-line usage, as shells and click have it.
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
}


def outcome_of(error: LadleError) -> Outcome:
    """The nearest entry of `OUTCOMES` along the error's ancestry."""
    for kind in type(error).__mro__:
        if kind in OUTCOMES:
            return OUTCOMES[kind]
    return OUTCOMES[LadleError]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not known: "Did you mean `margin`?", or "" where no known name is like it."""
    from difflib import get_close_matches

    plain = {_bare(each): each for each in known}
    near = get_close_matches(_bare(word), plain, n=1, cutoff=0.7)  # at 0.6, colour is near cluster
    return f"Did you mean `{plain[near[0]]}`?" if near else ""


def _bare(name: str) -> str:
    return name.lower().lstrip("-").replace("-", "_")

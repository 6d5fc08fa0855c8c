"""The errors of databases, translated into errors of Ladle that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ladle.errors import CorruptFileError, LadleError, StoreBusyError, StoreError

_BUSY = ("database is locked", "database table is locked", "lock timeout", "deadlock detected", "too many clients")
_DAMAGED = ("malformed", "not a database", "file is encrypted", "unsupported file format", "could not decode")
_FULL = ("disk is full", "no space left", "disk quota")
_BUSY_STATES = ("55P03", "40P01", "40001", "53300")  # PostgreSQL: lock not available, deadlock, serialisation, clients
_DAMAGED_STATES = ("XX001", "XX002")  # data corrupted, index corrupted
_RESTORE = "Copy the database away as it is, then restore a backup: ladle campaign restore."
_UNSURE = "It may be done or undone: say it again under its key, or look before you do."


@contextmanager
def translate(name: str, *, committing: bool = False) -> Iterator[None]:
    """Raise errors of a database driver, with or without SQLAlchemy's wrapper, as errors of Ladle.

    name: of the database. committing: whether the block is a commit. A commit whose answer was lost may have been done.
    """
    try:
        yield
    except LadleError:
        raise
    except sa.exc.DBAPIError as cause:
        raise _as_error(name, cause.orig or cause, committing) from cause
    except sa.exc.TimeoutError as cause:
        raise StoreBusyError(
            f"the database {name}",
            wanted="have a connection free",
            got="all that this process may open, in use for as long as a transaction waits",
            remedy="Nothing was changed: try again when other work on it is done.",
        ) from cause
    except (sa.exc.SQLAlchemyError, UnicodeDecodeError) as cause:
        raise _as_error(name, cause, committing) from cause
    except Exception as cause:
        if not _of_driver(cause):
            raise
        raise _as_error(name, cause, committing) from cause


def _of_driver(cause: BaseException) -> bool:
    return type(cause).__module__.split(".")[0] in ("sqlite3", "psycopg")


def _as_error(name: str, cause: BaseException, committing: bool) -> LadleError:
    text = str(cause).strip().split("\n", maxsplit=1)[0] or type(cause).__name__
    lowered, state = text.lower(), getattr(cause, "sqlstate", None) or ""
    subject = f"the database {name}"
    if state in _BUSY_STATES or any(sign in lowered for sign in _BUSY):
        remedy = "Nothing was changed: try again when other work on it is done."
        return StoreBusyError(subject, wanted="be free for a moment", got=text, remedy=remedy)
    if state in _DAMAGED_STATES or any(sign in lowered for sign in _DAMAGED) or isinstance(cause, UnicodeDecodeError):
        return CorruptFileError(subject, wanted="be whole", got=text, remedy=_RESTORE)
    remedy = "What was not acknowledged is undone."
    if any(sign in lowered for sign in _FULL):
        return StoreError(subject, wanted="have room on its disk", got=text, remedy=f"{remedy} Free some, and repeat.")
    return StoreError(subject, wanted="work", got=text, remedy=_UNSURE if committing else remedy)

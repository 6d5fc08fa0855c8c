"""Notices: what users should know about how their input was read, collected until a command prints them.

Any room calls `notice`. The command line runs each command inside `gathered` and prints all notices with the answer or
the error. Outside `gathered` nothing is collected: in Python the same texts are attributes, such as `pool.notices`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_GATHERED: ContextVar[dict[str, None] | None] = ContextVar("ladle_notices", default=None)


def notice(text: str) -> None:
    """Collect `text` for the running command, once; do nothing outside `gathered`."""
    texts = _GATHERED.get()
    if texts is not None:
        texts[text] = None


def gathering() -> bool:
    """Whether a command is running that will print the notices."""
    return _GATHERED.get() is not None


def notices() -> tuple[str, ...]:
    """The notices collected so far, in order."""
    return tuple(_GATHERED.get() or ())


@contextmanager
def gathered() -> Iterator[None]:
    """Collect notices inside the block."""
    token = _GATHERED.set({})
    try:
        yield
    finally:
        _GATHERED.reset(token)

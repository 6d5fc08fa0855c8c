"""What users should know of how their input was read, gathered until a command shows it.

The room that finds something out calls `notice`. The command line runs each command inside `gathered`, and shows all
notices with the answer or the error. Outside `gathered` nothing is kept: in Python the same texts are attributes, such
as `pool.notices`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_GATHERED: ContextVar[dict[str, None] | None] = ContextVar("ladle_notices", default=None)


def notice(text: str) -> None:
    """Keep `text` for the command at work, once; nothing outside `gathered`."""
    texts = _GATHERED.get()
    if texts is not None:
        texts[text] = None


def gathering() -> bool:
    """Whether a command is at work that will show its notices."""
    return _GATHERED.get() is not None


def notices() -> tuple[str, ...]:
    """What has been gathered so far, in order."""
    return tuple(_GATHERED.get() or ())


@contextmanager
def gathered() -> Iterator[None]:
    """Gather notices for as long as the block lasts."""
    token = _GATHERED.set({})
    try:
        yield
    finally:
        _GATHERED.reset(token)

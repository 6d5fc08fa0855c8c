"""Your own code in a protocol: a data set, a learner or a strategy is named by its place, "module:name".

Such code is imported only to read a protocol file, to run it, and to show examples of a run. Opening, reporting and
comparing ledgers import none.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ladle.durable import file_digest
from ladle.errors import ArgumentError, MissingDependencyError

SEPARATOR = ":"  # between the module and the name in it; no name of the catalogue has one


def is_place(name: str) -> bool:
    """Whether `name` is a place, and not a name of the catalogue."""
    return SEPARATOR in name


def imported(place: str, kind: str) -> Any:
    """Import the object at `place`, such as "mine:load"; modules in the current folder come first.

    kind: what the object should be, for errors. Raises: ArgumentError when there is no such module or name;
    MissingDependencyError when the module needs another that is missing; whatever the module raises.
    """
    module_name, _, name = place.partition(SEPARATOR)
    try:
        with _from_here():
            module = importlib.import_module(module_name)
    except (ImportError, ValueError) as cause:
        if isinstance(cause, ImportError) and cause.name not in (None, module_name, module_name.partition(".")[0]):
            raise MissingDependencyError(
                f"the module {module_name}", wanted="find what it imports", got=str(cause), remedy="Install that."
            ) from cause
        wanted = "name a module that can be imported, from the current folder or the environment"
        raise ArgumentError(f"the {kind} {place}", wanted=wanted, got=str(cause)) from cause
    value = getattr(module, name, None) if name else None
    if value is None:
        raise ArgumentError(
            f"the {kind} {place}", wanted=f"be in the module {module_name}", got=f"nothing called {name!r} there"
        )
    return value


def versions(names: list[str]) -> dict[str, str]:
    """The first digits of the SHA-256 of each module that holds one of the places among `names`."""
    digests = {}
    for module_name in sorted({name.partition(SEPARATOR)[0] for name in names if is_place(name)}):
        path = getattr(sys.modules.get(module_name), "__file__", None)
        if path is not None:
            digests[module_name] = f"sha256 {file_digest(path)[:12]}"
    return digests


@contextmanager
def _from_here() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)

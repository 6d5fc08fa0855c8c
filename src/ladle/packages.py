"""Optional packages: they are imported when they are needed, and an error says how to install a missing one."""

from __future__ import annotations

import importlib
from typing import Any

from ladle.errors import MissingDependencyError


def need(module: str, *, package: str, purpose: str) -> Any:
    """The module called `module`, which `pip install package` brings; `purpose` ends "be installed to ...".

    Raises: MissingDependencyError, saying what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        missing = cause.name or module
        raise MissingDependencyError(
            f"the package {package.split()[0].partition('=')[0]}",
            wanted=f"be installed to {purpose}",
            got=f"no module {missing}",
            remedy=f"Run: pip install {package}",
        ) from cause

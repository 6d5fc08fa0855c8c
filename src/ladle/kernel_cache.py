"""Numba's cache on disk, for kernels: its files carry a seal in their names.

A cache that cannot be read or written only costs time: the loop is compiled again.
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching


class KernelCache(caching.FunctionCache):
    """The compiled forms of one kernel on disk, under one seal.

    The seal is part of the names of the files, so files under another seal are never opened: they may refer to classes
    that no longer exist.
    """

    def __init__(self, function: Callable[..., Any], seal: str) -> None:
        super().__init__(function)
        base = self._impl.filename_base
        self._base = f"{base}-{seal}"
        self._cache_file = caching.IndexDataCacheFile(
            cache_path=self.cache_path, filename_base=self._base, source_stamp=seal
        )
        # Names under any seal, or none: "module.function-LINE.pyVERSION", then "-SEAL" or nothing, ".1.nbc" or ".nbi".
        stem, _, version = base.rpartition(".py")
        self._any_seal = f"{glob.escape(stem.rpartition('-')[0])}-*.py{version}[-.]*nb[ci]"

    @property
    def index_path(self) -> Path:
        """The file that lists the compiled forms; there is none before the first was saved."""
        return Path(self.cache_path) / f"{self._base}.nbi"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled form for a signature, or None where there is none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged file can raise nearly any error; the loop is then compiled again
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save a compiled form, if the disk allows it."""
        try:
            self._remove_outdated()
            super().save_overload(sig, data)
        except Exception:  # a full disk: the loop runs, and the next process compiles it again
            self._forget()

    def _forget(self) -> None:
        with contextlib.suppress(OSError):
            self.index_path.unlink(missing_ok=True)

    def _remove_outdated(self) -> None:
        """Remove the files of this kernel under other seals, which would never be read."""
        for path in Path(self.cache_path).glob(self._any_seal):
            if not path.name.startswith(f"{self._base}."):
                path.unlink(missing_ok=True)

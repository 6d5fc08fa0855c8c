"""The facts of this machine, and of the packages on it, that `ladle doctor` shows."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ladle._version import __version__

PACKAGES = ("numpy", "scipy", "numba", "pyarrow", "typer", "rich", "sqlalchemy", "alembic")
OPTIONAL = ("scikit-learn", "matplotlib", "pillow", "torch", "psycopg", "ray")
_TIMING_SECONDS = 0.1
_TIMED_SIDE = 256  # rows and columns of the matrices: they fit a core's own cache, as the blocks of a search do


def versions() -> dict[str, str | None]:
    """Versions of Ladle, Python and the packages it needs or can use; None for absent ones. Imports none of them."""
    installed: dict[str, str | None] = {"ladle": __version__, "python": platform.python_version()}
    for name in (*PACKAGES, *OPTIONAL):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            installed[name] = None
    return installed


def hardware() -> dict[str, Any]:
    """Operating system, processor, cores, threads used, memory, free disk in this folder, NVIDIA GPUs."""
    from ladle.hardware import cpu, gpus
    from ladle.memory.budget import available_bytes, total_bytes
    from ladle.threads import thread_count

    return {
        "system": platform.platform(),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "threads": thread_count(),
        "memory_bytes": total_bytes(),
        "available_bytes": available_bytes(),
        "disk_free_bytes": shutil.disk_usage(Path.cwd()).free,
        "gpus": gpus(),
    }


def engines() -> dict[str, Any]:
    """The BLAS libraries NumPy and SciPy run on, SQLite, and whether numba's compiled kernels are kept."""
    return {"blas": _blas(), "sqlite": sqlite3.sqlite_version, "kernels_cached": _kernels_cached()}


def products_per_second() -> float:
    """Multiply-adds a second in float32 matrix products, all of Ladle's threads together.

    One core is timed for 0.1 s and its best product counts, so that other processes change little.
    """
    import numpy as np

    from ladle.threads import single_threaded_blas, thread_count

    factor = np.full((_TIMED_SIDE, _TIMED_SIDE), 0.5, np.float32)
    product = np.empty_like(factor)
    best = float("inf")
    end = time.perf_counter() + _TIMING_SECONDS
    with single_threaded_blas():
        while (started := time.perf_counter()) < end:
            np.matmul(factor, factor, out=product)
            best = min(best, time.perf_counter() - started)
    return thread_count() * _TIMED_SIDE**3 / best


def _blas() -> list[dict[str, Any]]:
    import numpy  # noqa: F401 - loads its BLAS, for threadpoolctl to see
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    return [
        {
            "library": library["internal_api"],
            "version": library.get("version"),
            "threads": library["num_threads"],
            "file": Path(library["filepath"]).name,
        }
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]


def _kernels_cached() -> bool:
    """Whether the cache on disk holds the kernels of a clustering as they are now; else the first command compiles."""
    from ladle.hac.compile_kernels import is_compiled

    return is_compiled() and is_compiled(cells=True)

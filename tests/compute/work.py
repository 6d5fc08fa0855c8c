"""Functions that tests run in workers."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np

from ladle.errors import DataError


def total(array: np.ndarray, factor: int) -> dict[str, Any]:
    return {"total": np.array([array.sum() * factor]), "writeable": np.array([array.flags.writeable])}


def die_once(mark: str, value: int) -> dict[str, Any]:
    """Kill the worker the first time that this task runs."""
    path = Path(mark)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": np.array([value])}


def die(value: int) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {"value": np.array([value])}


def refuse(value: int) -> dict[str, Any]:
    raise DataError("the value", wanted="be even", got=str(value))


def count_runs(folder: str, value: int) -> dict[str, Any]:
    with (Path(folder) / f"{value}.runs").open("a") as file:
        file.write("x")
    return {"value": np.array([value])}

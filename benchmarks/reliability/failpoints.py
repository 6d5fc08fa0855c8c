"""Run work in a child process that dies, loses power, or meets a full or broken disk, at a chosen change of its files.

The changes are counted where the C library is called (native/failpoints.c, compiled on first use by `cc`), so every
write, fsync, rename and deletion is a fail point, whoever makes it: Python, SQLite or Arrow. Linux only.

    from benchmarks.reliability.failpoints import KILL, attempt, count, preloaded
    preloaded()                                   # starts this program anew with the library in front
    for number in range(1, count(work, folder) + 1):
        ended = attempt(work, folder, number, KILL)
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COUNT, KILL, TEAR, FULL, BROKEN, LOSE, MIX = range(7)  # as in failpoints.c
SOURCES = [Path(__file__).parent / "native" / name for name in ("failpoints.c", "powercut.c")]
_MARK = "LADLE_FAILPOINTS"
Report = Callable[[str], None]
Work = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. killed: by the fail point. reports: what it reported. error: the exception it raised."""

    killed: bool
    reports: list[str]
    error: str


def available() -> bool:
    """Whether fail points can be compiled and loaded here."""
    return sys.platform == "linux" and shutil.which("cc") is not None


def built(folder: Path) -> Path:
    """The library, compiled into `folder`."""
    target = folder / "failpoints.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *flags, "-o", str(target), *map(str, SOURCES), "-ldl"], check=True)
    return target


def preloaded() -> None:
    """Return at once in a process that has the library in front of the C library; else become one."""
    if os.environ.get(_MARK):
        return
    library = built(Path(tempfile.mkdtemp(prefix="failpoints-")))
    os.environ |= {"LD_PRELOAD": str(library), _MARK: str(library)}
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def count(work: Work, folder: Path) -> int:
    """How many changes `work` makes to files under `folder`, in a child of its own."""

    def counted(report: Report) -> None:
        work(lambda text: None)
        report(str(_library().failpoints_seen()))

    ended = attempt(counted, folder, 0, COUNT)
    if ended.error:
        raise RuntimeError(ended.error)
    return int(ended.reports[-1])


def attempt(work: Work, folder: Path, number: int, how: int) -> Ended:
    """`work` in a child whose `number`-th change to files under `folder` meets what `how` says.

    What the child reports is in the pipe before `report` returns, so it outlives the child.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(work, folder, number, how, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().decode().splitlines()
    status = os.waitpid(child, 0)[1]
    errors = [line.removeprefix("error ") for line in lines if line.startswith("error ")]
    reports = [line.removeprefix("report ") for line in lines if line.startswith("report ")]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and status != 0 and not errors:
        errors = [f"the child ended with status {status}"]
    return Ended(killed, reports, errors[0] if errors else "")


def _in_child(work: Work, folder: Path, number: int, how: int, pipe: int) -> None:
    try:
        _library().failpoints_arm(os.fsencode(folder.resolve()), number, how)
        work(lambda text: _say(pipe, f"report {text}"))
        if how in (LOSE, MIX):
            _library().failpoints_cut()  # at the latest when all is done and reported
    except BaseException as error:
        if os.environ.get("LADLE_FAILPOINTS_TRACE"):
            traceback.print_exc()
        _say(pipe, f"error {type(error).__name__}: {error}".replace("\n", " "))
    os._exit(0)  # no cleaning up: the parent's files and threads are not this child's


def _say(pipe: int, line: str) -> None:
    os.write(pipe, line.encode() + b"\n")


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(os.environ[_MARK])
    library.failpoints_seen.restype = ctypes.c_long
    library.failpoints_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int]
    return library

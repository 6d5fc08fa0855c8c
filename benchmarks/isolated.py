"""Work in processes of its own, within limits of time and memory: a peer that crashes is one line of a table.

A module serves questions (`serve`), one JSON object a line; a `Worker` runs it and asks. Every answer says its
`outcome`: "done", "did not finish in 300 s", or "cannot: " and why.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

THREAD_VARIABLES = (
    "LADLE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
ROOT = Path(__file__).parents[1]
MEMORY_SHARE = 0.85  # of the machine's: past it a process gets a MemoryError, not the whole machine a killer
Answer = dict[str, Any]


class Worker:
    """A fresh Python process that runs `module`, asked one question at a time."""

    def __init__(self, module: str, threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {name: str(threads) for name in THREAD_VARIABLES} | {"PYTHONPATH": _search_path()},
        )
        self._ending = ""

    def ask(self, question: Answer, limit_seconds: float) -> Answer:
        """The process's answer; once it has failed or overrun, that same outcome for every later question."""
        if not self._ending:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with suppress(BrokenPipeError):  # it has ended: the reading below meets its output's end, and says how
                self._process.stdin.write(json.dumps(question).encode() + b"\n")
                self._process.stdin.flush()
            with selectors.DefaultSelector() as waiting:
                waiting.register(self._process.stdout, selectors.EVENT_READ)
                ready = waiting.select(limit_seconds)
            line = self._process.stdout.readline() if ready else b""
            if line:
                return json.loads(line)
            self._ending = self._end_of_process() if ready else f"did not finish in {limit_seconds:g} s"
            self.close()
        return {"outcome": self._ending}

    def _end_of_process(self) -> str:
        code = self._process.wait()
        return f"cannot: {signal.Signals(-code).name}" if code < 0 else f"cannot: ended with code {code}"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                with suppress(BrokenPipeError):  # what was still to be written has no reader any more
                    pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()


def _search_path() -> str:
    """PYTHONPATH, with the folder that holds the package of benchmarks first."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def serve(work: Callable[[Answer], Answer]) -> None:
    """Answer questions from standard input until it ends."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(MEMORY_SHARE * memory)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    for line in sys.stdin:
        try:
            answer = {"outcome": "done"} | work(json.loads(line))
        except Exception as failure:  # whatever a peer raises is its result
            answer = {"outcome": f"cannot: {type(failure).__name__}: {failure}"[:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

"""Outputs of tasks in a folder, so that a run that was killed goes on where it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ladle import durable
from ladle.compute.contract import Executor, Function, Output, Task
from ladle.errors import CorruptFileError


@dataclass(frozen=True, slots=True)
class TaskOutputs:
    """The outputs of one run in `directory`: an .npz for each task, sealed with the checksum of its bytes.

    key: a digest of everything that decides the outputs. Runs of another key have files of their own.
    """

    directory: Path
    key: str

    @property
    def folder(self) -> Path:
        """Where the files of this run are."""
        return self.directory / self.key

    def save(self, name: str, output: Output) -> None:
        """Write the output of a task: whole or not at all, also after a power cut. Raises: FileError."""
        with durable.writing(self._path(name)) as file:
            np.savez(file, **output)  # type: ignore[arg-type]
            durable.seal(file)

    def load(self, name: str) -> Output | None:
        """The output of a task; None where there is none, or where its bytes have changed: the task then runs again.

        Raises: FileError when the file cannot be read.
        """
        path = self._path(name)
        if not path.exists():
            return None
        with durable.readable(f"the file {path}"):
            try:
                durable.check_seal(path)
            except CorruptFileError:
                return None
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return {each: archive[each] for each in archive.files}

    def open(self) -> None:
        """Make the folder, and remove half-written files of a killed run. Raises: FileError."""
        durable.folder(self.folder)
        for unfinished in self.folder.glob(".*.tmp"):
            with suppress(OSError):
                unfinished.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def clear_outputs(directory: Path) -> None:
    """Remove the outputs of all runs in `directory`, once what was made of them is saved."""
    shutil.rmtree(directory, ignore_errors=True)


def run_tasks(
    executor: Executor, function: Function, tasks: Sequence[Task], outputs: TaskOutputs | None
) -> Iterator[tuple[str, Output]]:
    """Give the name and output of every task, in any order: from `outputs` where it is there, else from the executor.

    Each new output is saved before it is given. outputs: None keeps nothing.
    Raises: as `Executor.run`; FileError where an output cannot be written.
    """
    if outputs is None:
        yield from executor.run(function, tasks)
        return
    outputs.open()
    missing = []
    for task in tasks:
        saved = outputs.load(task.name)
        if saved is None:
            missing.append(task)
        else:
            yield task.name, saved
    for name, output in executor.run(function, missing):
        outputs.save(name, output)
        yield name, output

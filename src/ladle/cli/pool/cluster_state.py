"""The checkpoint of `ladle cluster`, from which the same command continues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The folder of the checkpoint during the run; None under --no-checkpoint."""

    folder: Path | None

    @classmethod
    def of(cls, checkpoint: Path | None, no_checkpoint: bool, output: Path, inputs: list[Path | None]) -> ClusterState:
        """The folder that the options name, checked. Raises: ArgumentError, FileError."""
        from ladle.cli.program.outputs import check_folder
        from ladle.errors import ArgumentError

        if checkpoint is not None and no_checkpoint:
            raise ArgumentError("the checkpoint", wanted="be written or not", got="--checkpoint and --no-checkpoint")
        if no_checkpoint:
            return cls(None)
        folder = checkpoint or output.with_name(output.name + ".partial")
        check_folder(folder, inputs=inputs)
        return cls(folder)

    @contextmanager
    def hold(self, *, quiet: bool) -> Iterator[datetime | None]:
        """Hold the checkpoint during the work; yields the time of the one from which the run continues, if any.

        After the work the checkpoint is removed; Ctrl-C and errors leave it.
        """
        resumed_from = self._saved_at()
        if resumed_from is not None and not quiet:
            typer.echo(f"going on from the checkpoint of {_time_text(resumed_from)} in {self.folder}", err=True)
        try:
            yield resumed_from
        except KeyboardInterrupt as interrupt:
            saved_at = self._saved_at()
            if saved_at is not None:
                time_text = _time_text(saved_at)
                interrupt.add_note(f"the same command goes on from the checkpoint of {time_text} in {self.folder}")
            raise
        if self.folder is not None:
            from ladle.hac.checkpoint import Checkpoints

            Checkpoints(self.folder, {}).clear()
            with suppress(OSError):  # it does not exist, or holds other files
                self.folder.rmdir()

    def _saved_at(self) -> datetime | None:
        from ladle.hac.checkpoint import Checkpoints

        if self.folder is None or not Checkpoints(self.folder, {}).path.exists():
            return None
        return datetime.fromtimestamp(Checkpoints(self.folder, {}).path.stat().st_mtime).astimezone()


def _time_text(when: datetime) -> str:
    """The time of day; the date too unless that is today."""
    return f"{when:%H:%M:%S}" if when.date() == datetime.now().astimezone().date() else f"{when:%Y-%m-%d %H:%M:%S}"

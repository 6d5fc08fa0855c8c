"""The state that `ladle cluster` keeps while it runs, for the same command to go on from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer


@dataclass(frozen=True, slots=True)
class ClusterState:
    """Where the state of the clustering is kept while it runs; in no folder under --no-checkpoint."""

    folder: Path | None

    @classmethod
    def of(cls, checkpoint: Path | None, no_checkpoint: bool, output: Path, inputs: list[Path | None]) -> ClusterState:
        """As the options name it, checked. Raises: ArgumentError, FileError."""
        from ladle.cli.program.outputs import check_folder
        from ladle.errors import ArgumentError

        if checkpoint is not None and no_checkpoint:
            raise ArgumentError("the checkpoint", wanted="be kept or not", got="--checkpoint and --no-checkpoint")
        if no_checkpoint:
            return cls(None)
        folder = checkpoint or output.with_name(output.name + ".partial")
        check_folder(folder, inputs=inputs)
        return cls(folder)

    @contextmanager
    def kept(self, *, quiet: bool) -> Iterator[datetime | None]:
        """Around the work and its outputs: when the checkpoint it goes on from was saved, if there is one.

        After the work the checkpoint is removed; Ctrl-C and errors leave it.
        """
        before = self._saved_at()
        if before is not None and not quiet:
            typer.echo(f"going on from the checkpoint of {_time_text(before)} in {self.folder}", err=True)
        try:
            yield before
        except KeyboardInterrupt as stop:
            saved = self._saved_at()
            if saved is not None:
                stop.add_note(f"the same command goes on from the checkpoint of {_time_text(saved)} in {self.folder}")
            raise
        if self.folder is not None:
            from ladle.hac.checkpoint import Checkpoints

            Checkpoints(self.folder, {}).clear()
            with suppress(OSError):  # never made, or holding files of others
                self.folder.rmdir()

    def _saved_at(self) -> datetime | None:
        from ladle.hac.checkpoint import Checkpoints

        if self.folder is None or not Checkpoints(self.folder, {}).path.exists():
            return None
        return datetime.fromtimestamp(Checkpoints(self.folder, {}).path.stat().st_mtime).astimezone()


def _time_text(when: datetime) -> str:
    """The time of day; the date too unless that is today."""
    return f"{when:%H:%M:%S}" if when.date() == datetime.now().astimezone().date() else f"{when:%Y-%m-%d %H:%M:%S}"

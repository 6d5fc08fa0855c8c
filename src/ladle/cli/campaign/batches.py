"""Batches as files to fill in, which never replace another file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.formats import Written


def check_batch_file(path: Path, format_name: str | None) -> bool:
    """Refuse, before any work, a batch file that cannot be written; return whether it exists already.

    Raises: FileError, FileFormatError.
    """
    from ladle.cli.program.outputs import check_output
    from ladle.formats import format_of

    format_of(path, format_name)
    check_output(path, [path.suffix.lower()], inputs=[])
    return path.exists()


def write_batch(
    campaign: Campaign, tasks: Any, path: Path, *, format_name: str | None, force: bool
) -> tuple[Written, bool]:
    """Write the tasks with an empty column of labels and a check in each line; True when the same file existed already.

    tasks: the table of `Batch.to_arrow`, `Taken.to_arrow` or `Reader.outstanding`. Raises: as `write_tables`.
    """
    about = {"campaign": campaign.name, "classes": classes_of(campaign)}
    file = TableFile(_batch_table(campaign, tasks), path, format_of_file(path, format_name), about)
    return write_tables([file], force=force)[0]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table that goes to a file in a format of `ladle.formats`. about: what the file says of itself."""

    table: Any
    path: Path
    format_name: str
    about: dict[str, Any]


def write_tables(files: Sequence[TableFile], *, force: bool) -> list[tuple[Written, bool]]:
    """Write these files: all, or none. Of each, what was written, and whether the same file existed already.

    Raises: FileError when another file exists, which may hold labels, without `force`; the errors of the formats.
    """
    from ladle.cli.program.outputs import write_all
    from ladle.formats import write

    made: dict[Path, Written] = {}

    def maker(file: TableFile) -> Callable[[Path], object]:
        def make(place: Path) -> None:
            written = write(file.table, place, format=file.format_name, about=file.about)
            made[file.path] = replace(written, path=file.path)

        return make

    before = write_all({file.path: maker(file) for file in files}, force=force)
    return [(made[file.path], before[file.path]) for file in files]


def format_of_file(path: Path, format_name: str | None) -> str:
    """The name of the format of a file: the one that was named, or the one of its suffix. Raises: FileFormatError."""
    from ladle.formats import format_of

    return format_of(path, format_name).name


def classes_of(campaign: Campaign) -> list[Any] | None:
    """The classes of the campaign, for formats that number them."""
    classes = campaign.settings.labels.classes
    return None if classes is None else list(classes)


def written_facts(written: Written, before: bool) -> dict[str, Any]:
    """A written file as JSON can hold it."""
    return {
        "output": os.fspath(written.path),
        "format": written.format,
        "rows": written.rows,
        "sha256": written.sha256,
        "done_before": before,
    }


def _batch_table(campaign: Campaign, tasks: Any) -> Any:
    """The table of a batch file, see `as_batch_file`."""
    import numpy as np
    import pyarrow as pa

    from ladle.formats.checks import as_batch_file
    from ladle.formats.fields import LABEL

    if "round" not in tasks.schema.names:  # tasks that one annotator takes belong to batches of any round
        waiting = campaign.outstanding()
        round_of = dict(zip(waiting["row"].tolist(), waiting["round"].tolist(), strict=True))
        rounds = [round_of.get(row, 0) for row in tasks.column("row").to_pylist()]
        tasks = tasks.append_column("round", pa.array(rounds, pa.int64()))
    batches = campaign.batches()
    number_of = dict(zip(batches["round"].tolist(), batches["number"].tolist(), strict=True))
    numbers = np.array([number_of.get(each, 0) for each in tasks.column("round").to_pylist()], np.int64)
    return as_batch_file(tasks, numbers, campaign.form.type_of(LABEL))

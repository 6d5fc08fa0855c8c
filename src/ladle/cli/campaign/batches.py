"""Batches as files to fill in, which never replace another file."""

from __future__ import annotations

import os
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

    tasks: the table of `Batch.to_arrow`, `Taken.to_arrow` or `Reader.outstanding`. Raises: as `write_file`.
    """
    about = {"campaign": campaign.name, "classes": classes_of(campaign)}
    return write_file(_batch_table(campaign, tasks), path, format_name=format_name, about=about, force=force)


def write_file(
    table: Any, path: Path, *, format_name: str | None, about: dict[str, Any], force: bool
) -> tuple[Written, bool]:
    """Write a table in a format of `ladle.formats`; True when the same file existed already.

    Raises: FileError when another file exists, which may hold labels, without `force`.
    """
    from dataclasses import replace

    from ladle.cli.program.outputs import write_new
    from ladle.formats import format_of, write

    made: list[Written] = []
    named = format_of(path, format_name).name
    before = write_new(path, lambda place: made.append(write(table, place, format=named, about=about)), force=force)
    return replace(made[0], path=path), before


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

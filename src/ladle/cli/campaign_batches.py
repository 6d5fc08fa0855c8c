"""Batches as files to be filled in: never written over something else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ladle.connect import Written
    from ladle.store import Campaign


def check_batch_file(path: Path, format_name: str | None) -> bool:
    """Refuse, before any work, a batch file that could not be written; whether there is one already.

    Raises: FileError, FileFormatError.
    """
    from ladle.cli.outputs import check_output
    from ladle.connect import format_of

    format_of(path, format_name)
    check_output(path, [path.suffix.lower()], inputs=[])
    return path.exists()


def write_batch(
    campaign: Campaign, tasks: Any, path: Path, *, format_name: str | None, force: bool
) -> tuple[Written, bool]:
    """Write the tasks, each with an empty label to fill in; True when the very file was there already.

    tasks: what `to_arrow` gives of a batch. Raises: FileError when another file stands there, for it may hold labels.
    """
    from ladle.connect import format_of, write
    from ladle.durable import file_digest

    table, about = _with_label(campaign, tasks), {"campaign": campaign.name, "classes": classes_of(campaign)}
    if force or not path.exists():
        return write(table, path, format=format_name, about=about), False
    with tempfile.TemporaryDirectory(prefix="ladle-") as folder:
        made = write(table, Path(folder) / path.name, format=format_of(path, format_name).name, about=about)
    if made.sha256 != file_digest(path):
        raise other_file(path)
    return type(made)(path, made.format, made.rows, made.size_bytes, made.sha256), True


def other_file(path: Path) -> Exception:
    """The error of a batch that would be written over what is there."""
    from ladle.errors import FileError

    return FileError(
        f"the file {path}",
        wanted="be a new one, or this batch as it was written",
        got="another file, which may hold labels",
        remedy="Name another file, or say --force to replace it.",
    )


def classes_of(campaign: Campaign) -> list[Any] | None:
    """The campaign's classes, for formats that number them."""
    classes = campaign.settings.labels.classes
    return None if classes is None else list(classes)


def written_facts(written: Written, before: bool) -> dict[str, Any]:
    """A file that was written, as JSON can carry it."""
    return {
        "output": os.fspath(written.path),
        "format": written.format,
        "rows": written.rows,
        "sha256": written.sha256,
        "done_before": before,
    }


def _with_label(campaign: Campaign, tasks: Any) -> Any:
    import pyarrow as pa

    from ladle.cli.campaign_opening import form_of
    from ladle.connect.fields import LABEL

    return tasks.append_column(LABEL, pa.nulls(tasks.num_rows, form_of(campaign).type_of(LABEL)))

"""`--skip-invalid`: leave examples whose vector cannot be used out of a pool, and list them in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.counts import counted

SkipInvalid = Annotated[
    bool,
    typer.Option(
        "--skip-invalid",
        help="Leave out examples whose vector is null, ragged, NaN, infinite or (under cosine) all zeros; list them.",
    ),
]
SkippedFile = Annotated[
    Path | None,
    typer.Option(
        "--skipped",
        metavar="FILE",
        help="Where --skip-invalid lists row, id and reason: .csv, .jsonl or .parquet. Default: OUTPUT.skipped.csv.",
    ),
]
DEFAULT_METRIC = "cosine"  # of ladle cluster


@dataclass(frozen=True, slots=True)
class Skipping:
    """Whether rows that cannot be used are left out, and the file that lists them (None for no file)."""

    wanted: bool
    listing: Path | None
    force: bool = False  # whether the list may be written over another file

    @classmethod
    def of(
        cls,
        wanted: bool,
        listing: Path | None,
        *,
        beside: Path | None,
        inputs: list[Path | None],
        force: bool = False,
    ) -> Skipping:
        """The options, checked before any work. beside: the output after which the list is named by default.

        Raises: ArgumentError for --skipped alone; the errors of `check_output`.
        """
        from ladle.cli.program.outputs import TABLE_SUFFIXES, check_output
        from ladle.errors import ArgumentError

        if not wanted:
            if listing is not None:
                raise ArgumentError("--skipped", wanted="come with --skip-invalid", got="none")
            return cls(False, None)
        if listing is None and beside is not None:
            listing = beside.with_name(f"{beside.name}.skipped.csv")
        if listing is not None:
            check_output(listing, TABLE_SUFFIXES, inputs=[*inputs, beside])
        return cls(True, listing, force)

    def open_pool(
        self, path: Path, id_column: str | None, embedding: str | None, ids: Path | None, *, metric: str | None = None
    ) -> Any:
        """Open the pool without the rows that cannot be used. metric: see `open_pool`.

        The list of those rows is not written yet: see `files`. Raises: as `ladle.open_pool`; FileError where the list
        would replace another file.
        """
        from ladle.pool import open_pool

        pool = open_pool(
            path,
            id=id_column,
            embedding=embedding,
            ids=ids,
            skip_invalid=self.wanted,
            metric=metric or DEFAULT_METRIC,
        )
        if self.listing is not None:
            from ladle.cli.program.outputs import check_same

            check_same(self.listing, lambda path: _write(pool, path), force=self.force)
        return pool

    def files(self, pool: Any) -> dict[Path, Callable[[Path], object]]:
        """The list of the rows that were left out, for `write_all` with the other files of the command."""
        return {} if self.listing is None else {self.listing: lambda path: _write(pool, path)}

    def write(self, pool: Any) -> None:
        """Write the list of the rows that were left out, for commands without another file. Raises: FileError."""
        from ladle.cli.program.outputs import write_all

        write_all(self.files(pool), force=self.force)

    def facts(self, pool: Any) -> dict[str, Any]:
        """The rows left out, for --json; nothing without --skip-invalid."""
        if not self.wanted:
            return {}
        count, reasons = (0, {}) if pool.skipped is None else (len(pool.skipped), pool.skipped.counts())
        listing = None if self.listing is None else str(self.listing)
        return {"skipped": {"rows": count, "reasons": reasons, "listed_in": listing}}

    def shown(self, pool: Any) -> dict[str, str]:
        """The rows left out, for people; nothing without --skip-invalid."""
        if not self.wanted:
            return {}
        count = 0 if pool.skipped is None else len(pool.skipped)
        where = f", listed in {self.listing}" if self.listing is not None else ""
        return {"left out": f"{count:,} of {counted(pool.source_count, 'example')}{where}"}


def _write(pool: Any, path: Path) -> None:
    import pyarrow as pa

    from ladle.cli.program.outputs import write_table

    faults = pool.skipped
    table = pa.table(
        {
            "row": pa.array([] if faults is None else faults.rows, pa.int64()),
            "id": pool.ids.slice(0, 0) if faults is None else faults.ids,
            "reason": pa.array([] if faults is None else faults.reasons(), pa.string()),
        }
    )
    write_table(table, path, about={"option": "--skip-invalid", "pool": pool.source})

"""What comes with a pool on the command line: the examples that are labelled, and the tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ladle.counts import counted


def labelled_rows(pool: Any, paths: list[Path], column: str | None, id_column: str | None) -> Any:
    """(l,) rows named by any of these files, ascending. Raises: as `find_rows_in_files`."""
    from ladle.errors import ArgumentError
    from ladle.pool.ids.named_rows import find_rows_in_files

    if column is not None and not paths:
        raise ArgumentError("--labelled-column", wanted="come with --labelled", got="none")
    rows = find_rows_in_files(
        paths,
        pool.source_ids,
        what="the labelled ids",
        pool=pool.source,
        column=column,
        id_name=id_column,
        remedy="Name the column of the ids with --labelled-column.",
    )
    usable = pool.rows_from_source(rows)
    return usable[usable >= 0]


def check_tree(tree: Any, path: Path | None, pool: Any, progress: Any) -> bool:
    """Whether the tree could be compared with the pool's vectors. Raises: MismatchError for a tree of another pool."""
    from ladle.hac.tree.origin import REMEDY

    wanted, remedy = f"be of this pool ({counted(pool.rows, 'example')})", REMEDY
    if tree.skipped_rows is not None and pool.skipped is None:
        remedy = f"Add --skip-invalid: the tree was made without {counted(len(tree.skipped_rows), 'example')}. {REMEDY}"
    compared: bool = tree.origin.check(
        pool, subject=f"the tree {path}", wanted=wanted, remedy=remedy, progress=progress
    )
    return compared

"""The pool of a campaign changes: it grows at its end, moves to another place, or another one takes its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladle.arraylikes import as_array
from ladle.campaign.creation import check_tree, pool_part, save_ids, without_cuts
from ladle.campaign.session.damage import newest_part
from ladle.campaign.session.examples import Examples, as_pool, check_same, from_texts
from ladle.campaign.session.session import CHANGED, Session
from ladle.errors import ArgumentError, LadleError, MismatchError
from ladle.hac.tree.level import LEVELS
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.events import Effects, next_number, record, replaced_parts, replacements
from ladle.labelling.contract.store import View, Writer
from ladle.labelling.contract.tables import NO_ROW, ArtefactTable, EventTable, ExclusionTable, PoolPartTable
from ladle.labelling.rules.replace import Recorded, replace_pool
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.hac import Dendrogram


@dataclass(frozen=True, slots=True)
class PoolChange:
    """How a pool changed: examples that are new, and gone; those with records that went, came back, or have other rows.

    is_new: False when the campaign has this pool already, and nothing was changed.
    """

    added: int = 0
    gone: int = 0
    removed: int = 0
    returned: int = 0
    moved: int = 0
    is_new: bool = False


def extend(session: Session, pool: Pool, tree: Any, progress: Reporter) -> PoolChange:
    """Extend the pool at its end. Raises: MismatchError when it does not begin with the campaign's pool."""
    with session.reading() as view:
        part, artefacts, since = newest_part(view), view.read(ArtefactTable), _last_replaced(view)
    grown = pool.rows - int(part.rows[0])
    if grown == 0 and pool.digest == part.digest[0] and pool.dim == part.dim[0]:
        return PoolChange()
    _check_grown(pool, part)
    clusters = _grown_clusters(session, pool, artefacts, part, since, tree, progress)
    number = int(part.number[0]) + 1
    with _next_part(session, part) as writer:
        at, event = session.now(), next_number(writer, EventTable)
        added = _new_part(session, pool, number, clusters, event)
        report = {"pool": pool.source, "examples": pool.rows, "new": grown}
        change = PoolChange(added=grown, is_new=True)
        back = None
        if (writer.read(ExclusionTable).row < 0).any():  # examples were removed: some may come back
            records = Recorded.of(CountedView(writer))
            now, removals = _rows_in(pool, records), replacements(writer)
            back, counts = replace_pool(session.settings, records, now, removals=removals, event=event, at=at)
            back = back if counts["returned"] else None
        if back is None:
            record(writer, session.act("extend", at), Effects(added=added, report=report))
        else:
            change = PoolChange(added=grown - counts["returned"], is_new=True, **counts)
            told = {"part": number, **report, "new": change.added, **counts, **back.report}
            record(writer, session.act("replace", at), replace(back, added=added, report=told))
    session.pool = pool
    return change


def replace_by(session: Session, pool: Pool, tree: Any, progress: Reporter) -> PoolChange:
    """Put another pool in the place of the campaign's: every record follows its example by id.

    Raises: MismatchError for ids of another kind, and a tree of other vectors; ArgumentError when a tree is needed.
    """
    with session.reading() as view:
        part, artefacts, since = newest_part(view), view.read(ArtefactTable), _last_replaced(view)
    if pool.id_column.kind != part.id_type[0]:
        raise MismatchError(
            f"the pool {pool.source}",
            wanted=f"have {part.id_type[0]} ids, as the campaign's",
            got=f"{pool.id_column.kind} ids",
            remedy="Labels follow their examples by id. For other ids, begin another campaign.",
        )
    number, event_free = int(part.number[0]) + 1, pool_part(pool, 1, 1)
    clusters = _new_clusters(session, pool, artefacts, part, since, tree, progress)
    names = ("rows", "dim", "dtype", "digest", "reopen")
    same = all(part.column(name)[0] == event_free.column(name)[0] for name in names)
    if same and (clusters is None or session.files.has_clusters(clusters, number - 1, artefacts)):
        return PoolChange()
    fresh = _count_new(session, pool, part, artefacts)
    gone = max(0, int(part.rows[0]) - (pool.rows - fresh))
    with _next_part(session, part) as writer:
        at, event = session.now(), next_number(writer, EventTable)
        records = Recorded.of(CountedView(writer))  # a table that has lost rows must not be written anew
        now, removals = _rows_in(pool, records), replacements(writer)
        effects, counts = replace_pool(session.settings, records, now, removals=removals, event=event, at=at)
        added = _new_part(session, pool, number, clusters, event)
        about = {"part": number, "pool": pool.source, "examples": pool.rows, "new": fresh, "gone": gone}
        report = {**about, **counts, **effects.report}
        record(writer, session.act("replace", at), replace(effects, added=added, report=report))
    session.files.remove_checkpoint()
    session.pool = pool
    return PoolChange(added=fresh, gone=gone, is_new=True, **counts)


def move(session: Session, given: object) -> bool:
    """Record where the pool is now: whether that is news. Raises: MismatchError for another pool; ArgumentError."""
    with session.reading() as view:
        part, artefacts = newest_part(view), view.read(ArtefactTable)
    pool = as_pool(given, str(part.reopen[0]))
    check_same(pool, part)
    clusters = session.files.clusters(artefacts, int(part.number[0]))
    if clusters is not None and not isinstance(clusters, np.ndarray):
        clusters.origin.check(pool, subject=f"the pool {pool.source}", remedy=CHANGED)
    there = pool_part(pool, int(part.number[0]), 1)
    if not there.reopen[0]:
        raise ArgumentError(
            f"the pool {pool.source}",
            wanted="be in a file or a folder that opens again as it is",
            got="an array, or a file whose ids were given apart",
            remedy="Write its ids into the file, as a column `id`, or into ids.npy beside the .npy files of a folder.",
        )
    names = [] if session.files.ids(part, artefacts) is not None else save_ids(session.files, part, pool)
    if there.reopen[0] == part.reopen[0] and not names:
        return False
    with _next_part(session, part) as writer:
        event = next_number(writer, EventTable)
        moved = replace(there, event=np.array([event], np.int64))
        added = ArtefactTable.of([session.files.artefact(name, event) for name in names])
        report = {"from": str(part.source[0]), "to": str(there.source[0])}
        record(writer, session.act("move", session.now()), Effects(added=(added,), changed=(moved,), report=report))
    session.pool = None if session.pool is None else pool
    return True


@contextmanager
def _next_part(session: Session, part: PoolPartTable) -> Iterator[Writer]:
    """The campaign, locked, if its pool is still of this part. Raises: MismatchError."""
    with session.writing() as writer:
        now = newest_part(writer)
        if list(now.tuples()) != list(part.tuples()):
            raise MismatchError("the pool", wanted="stay as it is while it is changed", got="another change of it")
        yield writer


def _new_part(
    session: Session, pool: Pool, number: int, clusters: Any, event: int
) -> tuple[PoolPartTable, ArtefactTable]:
    """The rows of a new part, whose files are saved."""
    fresh = pool_part(pool, number, event)
    names = save_ids(session.files, fresh, pool)
    if clusters is not None:
        names.append(session.files.save_clusters(clusters, number))
    return fresh, ArtefactTable.of([session.files.artefact(name, event) for name in names])


def _rows_in(pool: Pool, records: Recorded) -> Int64:
    """(named examples,) the row of each in the pool; NO_ROW for one that it does not have."""
    examples, (_, ids) = Examples(pool.id_column), records.named()
    if not len(ids):
        return np.empty(0, np.int64)
    wanted = from_texts(ids, pool.id_column.kind)
    rows = examples.find(examples.checked(wanted.tolist()))
    return np.where(rows < 0, NO_ROW, rows)


def _last_replaced(view: View) -> int:
    """The number of the part that replaced the one before last; 1 where none did."""
    return max(replaced_parts(view.read(EventTable, "kind", ["replace"])), default=1)


def _count_new(session: Session, pool: Pool, part: PoolPartTable, artefacts: ArtefactTable) -> int:
    """How many ids of the pool the campaign's pool did not have, as far as the campaign knows its ids."""
    try:
        known = session.files.ids(part, artefacts)
    except LadleError:
        known = None
    if known is None:
        return max(0, pool.rows - int(part.rows[0]))
    return int((known.find_rows(pool.ids) < 0).sum())


def _check_grown(pool: Pool, part: PoolPartTable) -> None:
    begins = pool.rows > int(part.rows[0]) and Ids(pool.ids.slice(0, int(part.rows[0]))).digest == part.digest[0]
    if not begins or pool.dim != part.dim[0]:
        raise MismatchError(
            f"the pool {pool.source}",
            wanted=f"begin with the campaign's {int(part.rows[0]):,} examples of dim {int(part.dim[0])}, in order",
            got=f"{pool.rows:,} examples of dim {pool.dim}, other ones or in another order",
            remedy="Append new examples at the end. If examples were removed or reordered, or embedded anew, "
            "replace the pool: `replace=True`.",
        )


def _grown_clusters(
    session: Session,
    pool: Pool,
    artefacts: ArtefactTable,
    part: PoolPartTable,
    since: int,
    tree: Any,
    progress: Reporter,
) -> Dendrogram | Int64 | None:
    """The clusters of the larger pool: those given, or the campaign's tree with the new examples assigned to it."""
    from ladle import strategies

    settings = session.settings
    if tree is not None:
        return _checked(tree, pool, progress)  # type: ignore[no-any-return]
    known = session.files.tree(artefacts, int(part.number[0]), since=since)
    if known is None:
        if strategies.describe(settings.strategy).takes_tree != "yes":
            return None
        raise ArgumentError(
            "`tree`",
            wanted="be the clusters of the grown pool",
            got="none, and the campaign has no tree that takes new examples",
        )
    cut = {name: value for name, value in settings.options.items() if name not in without_cuts(settings.options)}
    embeddings = pool.embeddings()
    wanted = f"begin with the {known.n:,} examples that the campaign's tree was made from"
    known.origin.check(embeddings[: known.n], subject="the grown pool", wanted=wanted, progress=progress)
    newcomers = embeddings[known.n :]
    labels = known.assign(newcomers, seed=settings.seed, progress=progress, **cut).labels
    grown: Int64 = np.concatenate([known.cut(**cut), labels])
    return grown


def _new_clusters(
    session: Session,
    pool: Pool,
    artefacts: ArtefactTable,
    part: PoolPartTable,
    since: int,
    tree: Any,
    progress: Reporter,
) -> Any:
    """The clusters of a pool that replaces another: those given, the campaign's where they fit, or new ones."""
    from ladle import strategies

    if tree is not None:
        return _checked(tree, pool, progress)
    settings, number = session.settings, int(part.number[0])
    known = session.files.clusters(artefacts, number)
    if known is None and strategies.describe(settings.strategy).takes_tree != "yes":
        return None
    last = session.files.tree(artefacts, number, since=since)
    if known is not None and not isinstance(known, np.ndarray) and _fits(known, pool, progress):
        return known
    if last is None:
        raise ArgumentError(
            "`tree`",
            wanted="be the clusters of the new pool",
            got="none, and those of the campaign were given as numbers, which cannot be made anew",
        )
    level = {name: value for name, value in settings.options.items() if name in LEVELS}
    made: dict[str, Any] = {"seed": settings.seed, "metric": last.metric, "level": level, "progress": progress}
    try:
        return session.files.cluster(pool, **made)
    except MismatchError:  # of the checkpoint of another pool, which a crash left
        session.files.remove_checkpoint()
        return session.files.cluster(pool, **made)


def _fits(tree: Any, pool: Pool, progress: Reporter) -> bool:
    try:
        check_tree(tree, pool, progress)
    except MismatchError:
        return False
    return True


def _checked(tree: Any, pool: Pool, progress: Reporter) -> Any:
    """The caller's clusters of this pool. Raises: MismatchError for those of another one; as `Dendrogram.load`."""
    from ladle.hac import Dendrogram

    if isinstance(tree, (str, Path)):
        tree = Dendrogram.load(tree)
    tree = tree if isinstance(tree, Dendrogram) else as_array(tree, "tree")
    check_tree(tree, pool, progress)
    return tree

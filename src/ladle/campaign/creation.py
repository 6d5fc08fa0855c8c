"""How a campaign begins, and how it is found again.

Clustering and strategies are imported in this room where they are used: most that is done to a campaign needs neither,
and they take half a second to load.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ladle.arraylikes import as_array
from ladle.campaign import backups
from ladle.campaign.damage import newest_part
from ladle.campaign.examples import opened, reopening
from ladle.campaign.files import Files
from ladle.campaign.session import Clock, Desk, folder_of
from ladle.errors import ArgumentError, IdError, MismatchError
from ladle.labelling.contract import Store
from ladle.labelling.events import Act, Effects, record
from ladle.labelling.settings import Settings
from ladle.labelling.tables import Artefact, PoolPart
from ladle.pool import Pool
from ladle.progress import SILENT, Reporter
from ladle.store.engine import file_of
from ladle.store.sql import SqlStore


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A campaign about to begin. tree: a dendrogram, a path of one, (n,) flat clusters, or None."""

    settings: Settings
    pool: Pool
    tree: Any
    clock: Clock
    progress: Reporter


def found(store: Store, plan: Plan) -> Desk:
    """Begin a campaign; or, if it was begun just so before, find it. Raises: MismatchError when it is another one."""
    plan = replace(plan, settings=_with_files(plan.settings, store), tree=_checked_tree(plan))
    if plan.settings.name not in store.names():
        try:
            return _founded(store, plan)
        except MismatchError:  # unless another process was faster
            if plan.settings.name not in store.names():
                raise
    return _found_again(store, plan)


def _found_again(store: Store, plan: Plan) -> Desk:
    desk = find(store, plan.settings.name, pool=plan.pool, clock=plan.clock)
    with store.reading(desk.name) as view:
        desk.examples(view)  # which refuses another pool
    if desk.settings.to_json() != replace(plan.settings, files=desk.settings.files).to_json():
        raise MismatchError(
            f"the campaign {desk.name!r}",
            wanted="be a new one, or begin as it began before",
            got="one of that name with other settings",
            remedy="Choose another name, or open it.",
        )
    return desk


def restored(store: Store, path: str | os.PathLike[str], *, name: str | None, files: str) -> Desk:
    """The campaign of a backup, founded in `store`. Raises: see `Campaign.restore`."""

    def folder(settings: Settings) -> Path:
        return folder_of(settings, _database(store))

    def placed(settings: Settings) -> Settings:
        return _with_files(replace(settings, files=files), store)

    return find(
        store, backups.restore(store, path, name=name, placed=placed, folder=folder).name, pool=None, clock=time.time
    )


def find(store: Store, name: str, *, pool: object, clock: Clock) -> Desk:
    """A campaign that is there. pool: where it lies now, or None. Raises: NotFoundError; as `ladle.open_pool`."""
    with store.reading(name) as view:
        settings = Settings.from_json(view.settings)
        reopen = "" if pool is None else str(newest_part(view).reopen[0])
    given = None if pool is None else opened(pool, reopen)
    return Desk(store, settings, Files(folder_of(settings, _database(store))), clock, given)


def without_cuts(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a strategy but for where it cuts a tree, of which flat clusters know nothing."""
    return {name: value for name, value in options.items() if name not in ("mean_size", "threshold", "n_clusters")}


def pool_part(pool: Pool, number: int, event: int) -> PoolPart:
    """What a campaign keeps of its pool."""
    facts = pool.describe()
    if facts.id_type == "text" and pc.any(pc.match_substring(pool.ids, "\x00")).as_py():
        raise IdError("the ids of a campaign", wanted="have no NUL in them, which databases refuse", got="one that has")
    told = (number, facts.rows, facts.dim, facts.dtype, facts.id_type, pool.digest, facts.source)
    return PoolPart.of([(*told, reopening(pool), event)])


def kept_ids(files: Files, part: PoolPart, pool: Pool) -> list[str]:
    """Keep the ids of a pool that cannot be opened again: the files written."""
    return [] if part.reopen[0] else [files.keep_ids(pool.id_column, int(part.number[0]))]


def _founded(store: Store, plan: Plan) -> Desk:
    from ladle import strategies

    settings, pool = plan.settings, plan.pool
    desk = Desk(store, settings, Files(folder_of(settings, _database(store))), plan.clock, pool)
    part = pool_part(pool, 1, 1)
    names = kept_ids(desk.files, part, pool)
    tree = plan.tree
    if tree is None and strategies.describe(settings.strategy).takes_tree == "yes":
        tree = desk.files.clustered(pool, seed=settings.seed, progress=plan.progress)
    if tree is not None:
        names.append(desk.files.keep_clusters(tree, 1))
    artefacts = Artefact.of([desk.files.artefact(name, 1) for name in names])
    text = settings.to_json()
    told = {"pool": pool.source, "examples": pool.rows, "strategy": settings.strategy, "files": names}
    with store.founding(settings.name, text) as writer:
        record(writer, Act("create", desk.now()), Effects(added=(part, artefacts), told=told))
    desk.files.forget_checkpoint()
    return desk


def _checked_tree(plan: Plan) -> Any:
    """The clusters, loaded, if they fit the pool and the strategy takes its options. Raises: ArgumentError ..."""
    from ladle import strategies
    from ladle.clusters import is_cuttable
    from ladle.hac import Dendrogram

    settings, tree = plan.settings, plan.tree
    if isinstance(tree, (str, Path)):
        tree = Dendrogram.load(tree)
    elif tree is not None and not is_cuttable(tree):
        tree = np.atleast_1d(as_array(tree, "tree"))
    takes = strategies.describe(settings.strategy).takes_tree
    if tree is not None and takes == "no":
        raise ArgumentError("`tree`", wanted=f"be left out for {settings.strategy}", got="one")
    check_tree(tree, plan.pool, plan.progress)
    flat = tree is not None and not isinstance(tree, Dendrogram)
    options = dict(settings.options) if flat else without_cuts(settings.options)
    strategies.create(settings.strategy, tree=[0] if takes == "yes" else None, **options)  # which refuses wrong ones
    return tree


def check_tree(tree: Any, pool: Pool, progress: Reporter = SILENT) -> None:
    """Refuse a dendrogram, or flat clusters, of another pool; None passes. Raises: MismatchError. Cost: one pass."""
    from ladle.hac import Dendrogram

    if isinstance(tree, Dendrogram):
        tree.origin.check(pool, subject="`tree`", wanted="be of this pool", progress=progress)
    elif tree is not None and len(tree) != pool.rows:
        raise MismatchError("`tree`", wanted=f"be of this pool ({pool.rows:,} examples)", got=f"one of {len(tree):,}")


def _with_files(settings: Settings, store: Store) -> Settings:
    if settings.files:
        return replace(settings, files=str(Path(settings.files).absolute()))
    if _database(store) is not None:
        return settings
    if isinstance(store, SqlStore):
        return replace(settings, files=str(Path(f"{settings.name}.files").absolute()))
    return replace(settings, files=tempfile.mkdtemp(prefix="ladle-campaign-"))


def _database(store: Store) -> Path | None:
    return file_of(store.url) if isinstance(store, SqlStore) else None

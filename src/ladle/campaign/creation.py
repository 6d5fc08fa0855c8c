"""How a campaign is created, opened and restored.

Clustering and strategies are imported inside functions: most work on a campaign needs neither, and they take half a
second to load.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ladle.arraylikes import as_array
from ladle.campaign import backups
from ladle.campaign.session.clocks import Clock
from ladle.campaign.session.damage import newest_part
from ladle.campaign.session.examples import as_pool, reopen_instructions
from ladle.campaign.session.files import CampaignFiles
from ladle.campaign.session.session import Database, Session, database_file, folder_of
from ladle.clusters import is_cuttable
from ladle.errors import ArgumentError, IdError, MismatchError, NotFoundError
from ladle.hac.tree.level import LEVELS
from ladle.labelling.contract.events import Effects, record
from ladle.labelling.contract.store import Store
from ladle.labelling.contract.tables import ArtefactTable, PoolPartTable
from ladle.labelling.settings import Settings, settings_in_force
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.progress import SILENT, Reporter
from ladle.store.sql import SqlStore


@dataclass(frozen=True, slots=True, eq=False)
class NewCampaign:
    """A campaign that is to be created. tree: a dendrogram, the path of one, (n,) flat clusters, or None."""

    settings: Settings
    pool: Pool
    tree: Any
    clock: Clock | None
    progress: Reporter
    by: str = ""


def create(url: Database, plan: NewCampaign) -> Session:
    """Create a campaign, or open the same one. Raises: MismatchError when one of its name has other settings."""
    plan = replace(plan, tree=_checked_tree(plan))  # what is refused here leaves no new database
    with _making(url) as store:
        plan = replace(plan, settings=_with_files(plan.settings, store))
        if plan.settings.name not in store.names():
            try:
                return _create_new(store, plan)
            except MismatchError:  # another process may have created it meanwhile
                if plan.settings.name not in store.names():
                    raise
        return _open_same(store, plan)


def _making(url: Database) -> AbstractContextManager[Store]:
    """The store, which is made if it is not there; a database that was made goes again if the block raises."""
    return nullcontext(url) if isinstance(url, Store) else SqlStore.creating(url)


def _open_same(store: Store, plan: NewCampaign) -> Session:
    session = open_existing(store, plan.settings.name, pool=plan.pool, clock=plan.clock, by=plan.by)
    with store.reading(session.name) as view:
        session.examples(view)  # refuses another pool
    planned = _plain_settings(replace(plan.settings, files=session.settings.files))
    if planned not in (_plain_settings(session.settings), _plain_settings(session.founding)):
        raise MismatchError(
            f"the campaign {session.name!r}",
            wanted="be new, or have the settings that it was created with or has now",
            got="one of that name with other settings",
            remedy="Choose another name, or open it.",
        )
    return session


def _plain_settings(settings: Settings) -> str:
    """Settings as a caller can name them: without the names that classes had before."""
    return replace(settings, labels=replace(settings.labels, former=())).to_json()


def restore(url: Database, path: str | os.PathLike[str], *, name: str | None, files: str) -> Session:
    """Restore the campaign of a backup. Raises: see `Campaign.restore`."""

    def folder(settings: Settings, store: Store) -> Path:
        return folder_of(settings, database_file(store))

    def placed(settings: Settings, store: Store) -> Settings:
        return _with_files(replace(settings, files=files), store)

    store, settings = backups.restore(partial(_making, url), path, name=name, placed=placed, folder=folder)
    return open_existing(store, settings.name, pool=None)


def only_name(store: Store) -> str:
    """The name of the only campaign. Raises: NotFoundError for none; ArgumentError for several, which it names."""
    names = store.names()
    if not names:
        wanted, remedy = "hold a campaign", "Make one: Campaign.create, or ladle campaign create."
        raise NotFoundError(f"the database {store.name}", wanted=wanted, got="none", remedy=remedy)
    if len(names) > 1:
        raise ArgumentError("`name`", wanted=f"be one of {', '.join(names)}", got="none, and there are several")
    return names[0]


def open_existing(store: Store, name: str, *, pool: object, clock: Clock | None = None, by: str = "") -> Session:
    """Open a campaign. pool: where it is now, or None. Raises: NotFoundError; as `ladle.open_pool`."""
    with store.reading(name) as view:
        founding, in_force = Settings.from_json(view.settings), settings_in_force(view)
        reopen = "" if pool is None else str(newest_part(view).reopen[0])
    given = None if pool is None else as_pool(pool, reopen)
    files = CampaignFiles(folder_of(founding, database_file(store)))
    session = Session(store, founding, files, clock, given, by)
    session.settings = in_force
    return session


def without_cuts(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a strategy without the level of a cut, which flat clusters do not have."""
    return {name: value for name, value in options.items() if name not in LEVELS}


def pool_part(pool: Pool, number: int, event: int) -> PoolPartTable:
    """The row that a campaign stores about its pool. Raises: IdError for an id with a NUL."""
    facts = pool.describe()
    if facts.id_type == "text" and pc.any(pc.match_substring(pool.ids, "\x00")).as_py():
        raise IdError("the ids of a campaign", wanted="be without NUL, which databases refuse", got="one with a NUL")
    how = reopen_instructions(pool)
    source = json.loads(how)["path"] if how else facts.source  # the whole path: others work in other folders
    first = (number, facts.rows, facts.dim, facts.dtype, facts.id_type, pool.digest, source)
    return PoolPartTable.of([(*first, how, event)])


def save_ids(files: CampaignFiles, part: PoolPartTable, pool: Pool) -> list[str]:
    """Save the ids of a pool: the names of the files written; none for the row numbers of a pool with files."""
    if part.reopen[0] and pool.digest == Ids.row_numbers(pool.rows).digest:
        return []
    return [files.save_ids(pool.id_column, int(part.number[0]))]


def _create_new(store: Store, plan: NewCampaign) -> Session:
    from ladle import strategies

    settings, pool = plan.settings, plan.pool
    files = CampaignFiles(folder_of(settings, database_file(store)))
    session = Session(store, settings, files, plan.clock, pool, plan.by)
    part = pool_part(pool, 1, 1)
    names = save_ids(session.files, part, pool)
    tree = plan.tree
    if tree is None and strategies.describe(settings.strategy).takes_tree == "yes":
        tree = session.files.cluster(pool, seed=settings.seed, progress=plan.progress)
    if tree is not None:
        names.append(session.files.save_clusters(tree, 1))
    artefacts = ArtefactTable.of([session.files.artefact(name, 1) for name in names])
    text = settings.to_json()
    report = {"pool": pool.source, "examples": pool.rows, "strategy": settings.strategy, "files": names}
    with store.founding(settings.name, text) as writer:
        session.times.look(writer)
        record(writer, session.act("create", session.now()), Effects(added=(part, artefacts), report=report))
    session.files.remove_checkpoint()
    with session.reading() as view:
        session.examples(view)  # the caller's pool is the campaign's, until others change it
    return session


def _checked_tree(plan: NewCampaign) -> Any:
    """The clusters, loaded, once they fit the pool and the strategy accepts its options. Raises: ArgumentError ..."""
    from ladle import strategies
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
    strategies.create(settings.strategy, tree=[0] if takes == "yes" else None, **options)  # refuses wrong options
    return tree


def check_tree(tree: Any, pool: Pool, progress: Reporter = SILENT) -> None:
    """Refuse a dendrogram or flat clusters of another pool; None passes. Raises: MismatchError. Cost: one pass."""
    from ladle.hac import Dendrogram

    if isinstance(tree, Dendrogram):
        tree.origin.check(pool, subject="`tree`", wanted="be of this pool", progress=progress)
    elif tree is not None and len(tree) != pool.rows:
        raise MismatchError("`tree`", wanted=f"be of this pool ({pool.rows:,} examples)", got=f"one of {len(tree):,}")


def _with_files(settings: Settings, store: Store) -> Settings:
    if settings.files:
        return replace(settings, files=str(Path(settings.files).absolute()))
    if database_file(store) is not None:
        return settings
    if isinstance(store, SqlStore):
        return replace(settings, files=str(Path(f"{settings.name}.files").absolute()))
    return replace(settings, files=tempfile.mkdtemp(prefix="ladle-campaign-"))

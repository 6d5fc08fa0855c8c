"""The map of a campaign's pool: the layout, which is made once and kept, and what colours the examples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ladle import durable
from ladle.campaign.overview import mapping
from ladle.campaign.session.damage import newest_part
from ladle.campaign.session.files import MAPS
from ladle.campaign.session.session import HasSession, Session
from ladle.errors import ArgumentError, CorruptFileError, MismatchError
from ladle.labelling.records import Records
from ladle.numbers import path_of, switch
from ladle.progress import SILENT, Reporter, reporter

if TYPE_CHECKING:
    from ladle.maps import Layout
    from ladle.pool import Pool

PRINCIPAL = "the first two principal components"


class CampaignMap:
    """The map of a campaign's pool, `Reader.map`.

    Parameters
    ----------
    session : Session
        The open campaign.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def layout(
        self, given: str | os.PathLike[str] | None = None, *, umap: bool = False, progress: Reporter = SILENT
    ) -> Layout:
        """Where the examples lie: the layout that is kept, or a new one, which is kept then.

        Parameters
        ----------
        given : path, optional
            A file of two numbers for each example, by id (columns x and y) or a `.npy` in row order; by default the
            first two principal components of the embeddings.
        umap : bool, default False
            Whether UMAP places the examples, by Euclidean distance: a sample of 20,000, and the others among their
            nearest ones of the sample. Needs the package umap-learn.
        progress : Reporter, optional
            Receives the progress of a new layout.

        Returns
        -------
        Layout

        Raises
        ------
        ArgumentError, FileError, MismatchError
            For a pool that cannot be read, as `CampaignPool.opened`. For `given`, as `ladle.maps.given_positions`.
        MissingDependencyError
            For `umap` without umap-learn.
        NonFiniteError
            For a vector or a position that is not finite.
        MemoryPlanError
            When it does not fit memory: 64 bytes a row, and what `ladle.maps.principal_positions` states.

        Notes
        -----
        Cost: once, two passes over the vectors and a sort, and with `umap` what `ladle.maps.umap_positions` states;
        afterwards reads 12 bytes a row. It is made again when the pool was extended or replaced, when `given` has other
        bytes, and when its file is damaged. Repeats: the same pool has the same map.
        """
        shown = reporter(progress)
        kept = self.kept(given, umap=umap)
        return self._made(given, umap, shown) if kept is None else kept

    def kept(self, given: str | os.PathLike[str] | None = None, *, umap: bool = False) -> Layout | None:
        """The layout that is kept for the pool of now, or None. given, umap: as in `layout`. Raises: FileError."""
        from ladle.maps import load_layout

        if switch(umap, "`umap`") and given is not None:
            raise ArgumentError("`umap`", wanted="be left out where a file has the positions", got="both")
        path, key = self._place(path_of(given, "`given`", undecided=True), umap)
        if not path.exists():
            return None
        try:
            return load_layout(path, pool=key)
        except (CorruptFileError, MismatchError):  # it is made again from what it was made of
            return None

    def _made(self, given: str | os.PathLike[str] | None, umap: bool, progress: Reporter) -> Layout:
        from ladle.maps import Layout, given_positions, principal_positions, save_layout, umap_positions
        from ladle.maps.by_umap import SAMPLE

        path, key = self._place(given, umap)
        pool = self._pool()
        if umap:
            among = f" of a sample of {SAMPLE:,}, the others among their nearest" if pool.rows > SAMPLE else ""
            layout = Layout.of(umap_positions(pool, progress=progress), f"UMAP{among}")
        elif given is None:
            layout = Layout.of(principal_positions(pool, progress=progress), PRINCIPAL)
        else:
            layout = Layout.of(given_positions(given, pool, progress=progress), f"the file {Path(given).name}")
        durable.folder(path.parent)
        save_layout(layout, path, pool=key)
        return layout

    def _place(self, given: str | os.PathLike[str] | None, umap: bool) -> tuple[Path, str]:
        """The file of the layout, and what it was made of: the ids and part of the pool, and a file of positions."""
        with self._session.reading() as view:
            part = newest_part(view)
        key = f"{part.digest[0]} part {int(part.number[0])}"
        if given is not None:
            key += f" positions {durable.file_digest(given)}"
        name = "umap.npz" if umap else "principal.npz" if given is None else "given.npz"
        return self._session.files.folder / MAPS / name, key

    def _pool(self) -> Pool:
        with self._session.reading() as view:
            return self._session.examples(view).pool

    def colours(self, by: str) -> Records:
        """What tells the examples of the campaign apart on the map.

        Parameters
        ----------
        by : {"state", "round", "label", "annotator"}
            "state" of the task, or "excluded" without one; the last round that chose it; its resolved label; who has
            given its last label, skips left out.

        Returns
        -------
        Records
            row and value (text), one row for each example that has such a value. Labels of several classes, and
            numbers, are text as people write them.

        Raises
        ------
        ArgumentError
            For another word.

        Notes
        -----
        Cost: reads all tasks, and for "label" and "annotator" all labels.
        """
        with self._session.reading(whole=True) as view:
            return mapping.colours(view, self._session.settings, by)

    def clusters(self) -> npt.NDArray[np.int32] | None:
        """The cluster of each row, at the level that the options of the strategy name.

        Returns
        -------
        ndarray of int32, shape (n,), or None
            None for a campaign without clusters.

        Raises
        ------
        MismatchError
            When the pool has changed.
        FileError, CorruptFileError
            For the file of the clusters.

        Notes
        -----
        Cost: reads the tree and cuts it, and compares it with the vectors of the pool the first time.
        """
        with self._session.reading() as view:
            return mapping.flat_clusters(self._session.clusters(view), self._session.settings)

    def margins(self) -> tuple[str, npt.NDArray[np.float32]] | None:
        """The margins by the last recorded model whose score file is known.

        Returns
        -------
        tuple of str and ndarray of float32, shape (n,), or None
            The version of the model and the margin of each row, 1 where a labelled example has no score. None when no
            recorded model has scores.

        Raises
        ------
        FileError
            When the score file is gone.
        MismatchError
            When it has other bytes than when the model was recorded.
        ArgumentError, ClassCountError, DataError
            When it holds neither probabilities nor margins.

        Notes
        -----
        Cost: one pass over the score file, twice its bytes with the digest.
        """
        with self._session.reading() as view:
            found = mapping.last_scores(view)
            task_rows = mapping.task_rows(view)
            pool = None if found is None else self._session.examples(view).pool
        if found is None or pool is None:
            return None
        version, path, digest = found
        if durable.file_digest(path) != digest:
            raise MismatchError(
                f"the scores {path}",
                wanted=f"be those that were recorded with the model {version}",
                got="other bytes",
                remedy="Record the model of the new scores: ladle campaign model VERSION --scores FILE.",
            )
        return version, mapping.read_margins(path, pool, task_rows, self._session.settings)

    def clusters_of_tasks(self, margins: npt.NDArray[np.float32] | None = None) -> Records:
        """The clusters that have tasks, by their number: what was asked, labelled and disputed in each.

        Parameters
        ----------
        margins : ndarray of float32, shape (n,), optional
            As `margins` returns them.

        Returns
        -------
        Records
            cluster, size (of the pool), asked, labelled, disputed, excluded, labels (different resolved ones), mixed
            (the share of its resolved labels that are not the most frequent one; 0 without any), margin (the mean of
            `margins`; NaN without them), first_row. No rows for a campaign without clusters.

        Raises
        ------
        ShapeError, ArgumentError
            For `margins` that are not one number for each row.

        Notes
        -----
        Cost: reads all tasks and labels, and the clusters.
        """
        with self._session.reading(whole=True) as view:
            clusters = mapping.flat_clusters(self._session.clusters(view), self._session.settings)
            if margins is not None and clusters is not None:
                margins = mapping.check_margins(margins, len(clusters))
            return mapping.clusters_of_tasks(view, self._session.settings, clusters, margins)

    def __repr__(self) -> str:
        return f"<CampaignMap of {self._session.name!r}>"


def _map(campaign: HasSession) -> CampaignMap:
    """The map of the pool: where each example lies, and what colours it."""
    return CampaignMap(campaign._session)


map_of = property(_map)

"""The files of a campaign: its clusters, and the ids of a pool that cannot be opened again.

They lie in a folder beside the database, are written before the database names them, and carry their digest there: a
crash leaves a file that nobody names, never a name without its file.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle import durable
from ladle.errors import ArgumentError, CorruptFileError, FileError
from ladle.labelling.tables import Artefact
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.hac import Dendrogram

CHECKPOINT = "clustering"
MEAN_SIZE = 10.0  # rows a cluster, where the campaign clusters its pool itself


class Files:
    """The folder of one campaign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep_ids(self, ids: Ids, number: int) -> str:
        """Keep the ids of the pool's part `number`: the file's name. Raises: FileError."""
        name = f"ids-{number}.arrow"
        table = pa.table({"id": ids.values})
        with durable.writing(self._path(name)) as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return name

    def ids(self, number: int, artefacts: Artefact) -> Ids:
        """The ids that `keep_ids` kept. Raises: FileError, CorruptFileError."""
        path = self.checked(f"ids-{number}.arrow", artefacts)
        with pa.memory_map(str(path)) as file:
            return Ids(pa.ipc.open_file(file).read_all().column("id"))

    def keep_clusters(self, tree: object, number: int) -> str:
        """Keep a dendrogram or (n,) flat clusters of part `number`: the file's name. Raises: FileError ..."""
        from ladle.clusters import is_cuttable
        from ladle.hac import Dendrogram

        if isinstance(tree, Dendrogram):
            name = f"tree-{number}.npz"
            tree.save(self._path(name))
            return name
        if is_cuttable(tree):
            raise ArgumentError("`tree`", wanted="be a ladle.Dendrogram or (n,) flat clusters", got=type(tree).__name__)
        name = f"clusters-{number}.npy"
        with durable.writing(self._path(name)) as file:
            np.save(file, np.asarray(tree), allow_pickle=False)
        return name

    def clustered(self, pool: Pool, *, seed: int, progress: Reporter) -> Dendrogram:
        """The pool clustered for Cluster-Margin; killed on the way, the same call goes on from where it was."""
        from ladle.hac import cluster

        checkpoint = self._path(CHECKPOINT)
        return cluster(pool, mean_size=MEAN_SIZE, seed=seed, checkpoint=checkpoint, progress=progress)

    def forget_checkpoint(self) -> None:
        """Remove what `clustered` went on from, once its tree is kept."""
        shutil.rmtree(self.folder / CHECKPOINT, ignore_errors=True)

    def clusters(self, artefacts: Artefact, number: int) -> Dendrogram | npt.NDArray[Any] | None:
        """What `keep_clusters` kept for part `number`; None when nothing was. Raises: FileError, CorruptFileError."""
        from ladle.hac import Dendrogram

        names = set(artefacts.name.tolist())
        if f"tree-{number}.npz" in names:
            return Dendrogram.load(self.checked(f"tree-{number}.npz", artefacts))
        if f"clusters-{number}.npy" in names:
            kept: npt.NDArray[Any] = np.load(self.checked(f"clusters-{number}.npy", artefacts), allow_pickle=False)
            return kept
        return None

    def tree(self, artefacts: Artefact, number: int) -> Dendrogram | None:
        """The newest dendrogram kept for part `number` or an earlier one. Raises: FileError, CorruptFileError."""
        named = [re.fullmatch(r"tree-([0-9]{1,9})\.npz", name) for name in artefacts.name.tolist()]
        parts = [int(each[1]) for each in named if each is not None and int(each[1]) <= number]
        if not parts:
            return None
        found = self.clusters(artefacts, max(parts))
        return None if isinstance(found, np.ndarray) else found

    def strays(self, artefacts: Artefact) -> list[str]:
        """Files in the folder that the campaign does not name: left by a crash, and harmless."""
        if not self.folder.is_dir():
            return []
        return sorted({path.name for path in self.folder.iterdir()} - set(artefacts.name.tolist()))

    def artefact(self, name: str, event: int) -> tuple[str, str, int, int]:
        """What the database keeps of a file: a row of `Artefact`. Raises: FileError."""
        path = self.folder / name
        return name, durable.file_digest(path), path.stat().st_size, event

    def checked(self, name: str, artefacts: Artefact) -> Path:
        """The path of a file that is as it was written. Raises: FileError, CorruptFileError. Cost: reads it once."""
        path = self.folder / name
        known = artefacts.take(artefacts.name == name)
        if not len(known) or not path.is_file():
            raise FileError(
                f"the file {path}", wanted="be there", got="no such file", remedy="Restore it from a backup."
            )
        if durable.file_digest(path) != known.digest[0]:
            raise CorruptFileError(
                f"the file {path}",
                wanted="match the checksum in the campaign",
                got="other bytes",
                remedy="Restore it from a backup.",
            )
        return path

    def _path(self, name: str) -> Path:
        return durable.folder(self.folder) / name

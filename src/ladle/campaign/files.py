"""The files of a campaign: its clusters, and the ids of its pool.

They are in a folder beside the database. A file is written before the database stores its name and its digest, so a
crash may leave a file without a name, but never a name without a file.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle import durable
from ladle.errors import ArgumentError, CorruptFileError, FileError
from ladle.hac.tree.level import DEFAULT_MEAN_SIZE
from ladle.labelling.tables import ArtefactTable, PoolPartTable
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.hac import Dendrogram

CHECKPOINT = "clustering"
_DIGITS = "[0-9]{1,9}"
MEAN_SIZE = float(DEFAULT_MEAN_SIZE)  # rows in a cluster, when the campaign clusters its pool


class CampaignFiles:
    """The folder of one campaign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save_ids(self, ids: Ids, number: int) -> str:
        """Save the ids of part `number` of the pool, compressed: the name of the file. Raises: FileError."""
        name = ids_name(number)
        table = pa.table({"id": ids.values})
        packed = pa.ipc.IpcWriteOptions(compression="zstd")
        with (
            durable.writing(self._path(name)) as file,
            pa.ipc.new_file(file, table.schema, options=packed) as writer,
        ):
            writer.write_table(table)
        return name

    def ids(self, part: PoolPartTable, artefacts: ArtefactTable) -> Ids | None:
        """The ids of this part of the pool: those that `save_ids` saved, or its row numbers, which need no file.

        None where the campaign was made by an older Ladle, which kept only the ids of pools that cannot be opened
        again. Raises: FileError, CorruptFileError. Cost: reads the file, or hashes the row numbers.
        """
        name = ids_name(int(part.number[0]))
        if name in artefacts.name.tolist() or not part.reopen[0]:
            path = self.checked(name, artefacts)
            with pa.memory_map(str(path)) as file:
                ids = Ids(pa.ipc.open_file(file).read_all().column("id"))
            ids.column = json.loads(str(part.reopen[0]) or "{}").get("id")  # other files may name their ids so too
            return ids
        numbers = Ids.row_numbers(int(part.rows[0])) if part.id_type[0] == "integer" else None
        return numbers if numbers is not None and numbers.digest == part.digest[0] else None

    def save_clusters(self, tree: object, number: int) -> str:
        """Save a dendrogram or (n,) flat clusters of part `number`: the name of the file. Raises: FileError ..."""
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

    def cluster(
        self,
        pool: Pool,
        *,
        seed: int,
        progress: Reporter,
        metric: Any = "cosine",
        level: Mapping[str, Any] | None = None,
    ) -> Dendrogram:
        """Cluster the pool, down to a level. After a crash, the same call continues from its checkpoint."""
        from ladle.hac import cluster

        checkpoint = self._path(CHECKPOINT)
        cut = dict(level or {"mean_size": MEAN_SIZE})
        return cluster(pool, metric=metric, seed=seed, checkpoint=checkpoint, progress=progress, **cut)

    def remove_checkpoint(self) -> None:
        """Remove the checkpoint of `cluster`, once its tree is saved."""
        shutil.rmtree(self.folder / CHECKPOINT, ignore_errors=True)

    def clusters(self, artefacts: ArtefactTable, number: int) -> Dendrogram | npt.NDArray[Any] | None:
        """The clusters that were saved for part `number`, or None. Raises: FileError, CorruptFileError."""
        from ladle.hac import Dendrogram

        names = set(artefacts.name.tolist())
        if f"tree-{number}.npz" in names:
            return Dendrogram.load(self.checked(f"tree-{number}.npz", artefacts))
        if f"clusters-{number}.npy" in names:
            flat: npt.NDArray[Any] = np.load(self.checked(f"clusters-{number}.npy", artefacts), allow_pickle=False)
            return flat
        return None

    def tree(self, artefacts: ArtefactTable, number: int, *, since: int = 1) -> Dendrogram | None:
        """The newest dendrogram of the parts from `since` to `number`. Raises: FileError, CorruptFileError."""
        named = [re.fullmatch(rf"tree-({_DIGITS})\.npz", name) for name in artefacts.name.tolist()]
        parts = [int(each[1]) for each in named if each is not None and since <= int(each[1]) <= number]
        if not parts:
            return None
        newest = self.clusters(artefacts, max(parts))
        return None if isinstance(newest, np.ndarray) else newest

    def strays(self, artefacts: ArtefactTable) -> list[str]:
        """The files in the folder that the campaign does not name. A crash leaves them; they are harmless."""
        if not self.folder.is_dir():
            return []
        return sorted({path.name for path in self.folder.iterdir()} - set(artefacts.name.tolist()))

    def artefact(self, name: str, event: int) -> tuple[str, str, int, int]:
        """What the database stores about a file: a row of `ArtefactTable`. Raises: FileError."""
        path = self.folder / name
        return name, durable.file_digest(path), path.stat().st_size, event

    def checked(self, name: str, artefacts: ArtefactTable) -> Path:
        """The path of a file that passes its checksum. Raises: FileError, CorruptFileError. Cost: reads it once."""
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


def ids_name(number: int) -> str:
    """The name of the file with the ids of part `number` of the pool."""
    return f"ids-{number}.arrow"

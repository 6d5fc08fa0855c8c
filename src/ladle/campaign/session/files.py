"""The files of a campaign: its clusters, and the ids of its pool.

They are in a folder beside the database. A file is written before the database stores its name and its digest, so a
crash may leave a file without a name, but never a name without a file. A file is never replaced by another: where its
name is taken by other bytes, of another campaign or of one that was moved away, it gets a name with its digest.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle import durable
from ladle.errors import ArgumentError, CorruptFileError, FileError
from ladle.hac.tree.level import DEFAULT_MEAN_SIZE
from ladle.labelling.contract.tables import ArtefactTable, PoolPartTable
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids
from ladle.progress import Reporter

if TYPE_CHECKING:
    from ladle.hac import Dendrogram

CHECKPOINT = "clustering"
MAPS = "map"  # the folder of the layouts of the pool, which are made again from the pool when they are lost
_DIGITS, _DIGEST = "[0-9]{1,9}", "[0-9a-f]{32}"
MEAN_SIZE = float(DEFAULT_MEAN_SIZE)  # rows in a cluster, when the campaign clusters its pool


class CampaignFiles:
    """The folder of one campaign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save_ids(self, ids: Ids, number: int) -> str:
        """Save the ids of part `number` of the pool, compressed: the name of the file. Raises: FileError."""
        table = pa.table({"id": ids.values})
        packed = pa.ipc.IpcWriteOptions(compression="zstd")
        new = self._new(".arrow")
        with durable.writing(new) as file, pa.ipc.new_file(file, table.schema, options=packed) as writer:
            writer.write_table(table)
        return durable.placed(new, f"ids-{number}.arrow")

    def ids(self, part: PoolPartTable, artefacts: ArtefactTable) -> Ids | None:
        """The ids of this part of the pool: those that `save_ids` saved, or its row numbers, which need no file.

        None where the campaign was made by an older Ladle, which kept only the ids of pools that cannot be opened
        again. Raises: FileError, CorruptFileError. Cost: reads the file, or hashes the row numbers.
        """
        number = int(part.number[0])
        name = named(artefacts, f"ids-{number}.arrow")
        if name is not None or not part.reopen[0]:
            path = self.checked(name or f"ids-{number}.arrow", artefacts)
            with pa.memory_map(str(path)) as file:
                ids = Ids(pa.ipc.open_file(file).read_all().column("id"))
            ids.column = json.loads(str(part.reopen[0]) or "{}").get("id")  # other files may name their ids so too
            return ids
        numbers = Ids.row_numbers(int(part.rows[0])) if part.id_type[0] == "integer" else None
        return numbers if numbers is not None and numbers.digest == part.digest[0] else None

    def save_clusters(self, tree: object, number: int) -> str:
        """Save a dendrogram or (n,) flat clusters of part `number`: the name of the file. Raises: FileError ..."""
        new = self._written(tree)
        return durable.placed(new, f"{_kind_of(new)}-{number}{new.suffix}")

    def has_clusters(self, tree: object, number: int, artefacts: ArtefactTable) -> bool:
        """Whether the campaign keeps these clusters for part `number`. Raises: as `save_clusters`."""
        new = self._written(tree)
        digest = durable.file_digest(new)
        kept = named(artefacts, f"{_kind_of(new)}-{number}{new.suffix}")
        new.unlink()
        return bool(kept is not None and artefacts.digest[artefacts.name == kept].tolist() == [digest])

    def _written(self, tree: object) -> Path:
        """A new file with these clusters."""
        from ladle.clusters import is_cuttable
        from ladle.hac import Dendrogram

        if isinstance(tree, Dendrogram):
            new = self._new(".npz")
            tree.save(new)
            return new
        if is_cuttable(tree):
            raise ArgumentError("`tree`", wanted="be a ladle.Dendrogram or (n,) flat clusters", got=type(tree).__name__)
        new = self._new(".npy")
        with durable.writing(new) as file:
            np.save(file, np.asarray(tree), allow_pickle=False)
        return new

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

        tree, clusters = (named(artefacts, name) for name in (f"tree-{number}.npz", f"clusters-{number}.npy"))
        if tree is not None:
            return Dendrogram.load(self.checked(tree, artefacts))
        if clusters is not None:
            flat: npt.NDArray[Any] = np.load(self.checked(clusters, artefacts), allow_pickle=False)
            return flat
        return None

    def tree(self, artefacts: ArtefactTable, number: int, *, since: int = 1) -> Dendrogram | None:
        """The newest dendrogram of the parts from `since` to `number`. Raises: FileError, CorruptFileError."""
        trees = [re.fullmatch(rf"tree-({_DIGITS})(\.{_DIGEST})?\.npz", name) for name in artefacts.name.tolist()]
        parts = [int(each[1]) for each in trees if each is not None and since <= int(each[1]) <= number]
        if not parts:
            return None
        newest = self.clusters(artefacts, max(parts))
        return None if isinstance(newest, np.ndarray) else newest

    def strays(self, known: Iterable[str]) -> list[str]:
        """The files in the folder without those of these names. A crash leaves them; they are harmless."""
        if not self.folder.is_dir():
            return []
        return sorted({path.name for path in self.folder.iterdir()} - {MAPS, *known})

    def names_in(self, other: CampaignFiles, artefacts: ArtefactTable) -> list[str]:
        """What of this folder belongs to another campaign with these files: its files, or the folder that it has here.

        Nothing where the two campaigns have different folders.
        """
        here, there = Path(os.path.realpath(self.folder)), Path(os.path.realpath(other.folder))
        if here == there:
            return [*artefacts.name.tolist(), CHECKPOINT]
        return [there.relative_to(here).parts[0]] if here in there.parents else []

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

    def _new(self, suffix: str) -> Path:
        """The path of a file that nobody else writes."""
        return self._path(f"new-{secrets.token_hex(16)}{suffix}")


def _kind_of(new: Path) -> str:
    """What the name of a file of clusters begins with."""
    return "tree" if new.suffix == ".npz" else "clusters"


def named(artefacts: ArtefactTable, name: str) -> str | None:
    """The name under which a campaign has this file: the plain one, or one with a digest; None where it has none."""
    stem, suffix = name.rsplit(".", 1)
    names = artefacts.name.tolist()
    return next((each for each in names if re.fullmatch(rf"{re.escape(stem)}(\.{_DIGEST})?\.{suffix}", each)), None)

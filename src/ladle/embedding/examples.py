"""A pool from examples and a model by name: images of a folder, or texts of a column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from ladle import durable
from ladle.embedding.batches import Fact, ModelBatch
from ladle.embedding.embedders import OpenEmbedder
from ladle.embedding.image_files import ImageFiles, Unreadable
from ladle.embedding.one_pass import PassOptions, ScoredPool, check_place, run_pass
from ladle.embedding.shards import PARTIAL
from ladle.embedding.text_columns import TEXT_SUFFIXES, TextColumn
from ladle.errors import ArgumentError, FileFormatError
from ladle.progress import Reporter

BATCH_SIZE = 64
SHARD_ROWS = 4_096  # half a minute of images, for those who have no other processor
CHECKED = "_checked.json"
FOLDER_TABLES = (".parquet", ".pq", ".arrow", ".feather", ".ipc")


class PoolExamples(Protocol):
    """PoolExamples of one kind, read by their places; `ImageFiles` and `TextColumn`."""

    kind: str
    kept_column: str

    @property
    def digest(self) -> str: ...  # noqa: D102

    @property
    def ids(self) -> Any: ...  # noqa: D102

    def __len__(self) -> int: ...

    def unreadable(self, progress: Reporter) -> list[Unreadable]:
        """The examples that cannot be embedded, with reasons."""
        ...

    def read(self, places: Sequence[int]) -> list[Any]:
        """The examples at these places."""
        ...

    def kept(self, examples: Sequence[Any]) -> list[Any]:
        """What of these examples is kept beside their vectors."""
        ...


def open_examples(path: Path, *, column: str | None = None, id_column: str | None = None) -> PoolExamples:
    """The examples in a folder of images, or in a column of a file or of a folder of Parquet or Arrow files.

    Raises: FileError and its kinds; ArgumentError for a column of a folder of images, and for a folder of both.
    """
    if path.is_dir():
        suffixes = {each.suffix.lower() for each in path.rglob("*") if each.name[0] not in "._" and each.is_file()}
        tables = sorted(suffixes & set(FOLDER_TABLES))
        if not tables:
            if column is not None or id_column is not None:
                got = "a folder of images, whose ids are the names of the files"
                raise ArgumentError("--text and --id", wanted="be left out without columns", got=got)
            return ImageFiles.of(path)
    elif path.exists() and path.suffix.lower() not in TEXT_SUFFIXES:
        wanted = f"be a folder of images, or a file ending in {', '.join(TEXT_SUFFIXES)}"
        raise FileFormatError(f"the source {path}", wanted=wanted, got=path.name)
    return TextColumn.of(path, column=column, id_column=id_column)


def find_unreadable(examples: PoolExamples, out: Path, progress: Reporter) -> list[Unreadable]:
    """The examples that cannot be embedded. They are looked for once: the answer is kept in the folder of the pass."""
    for folder in (out, out.with_name(out.name + PARTIAL)):
        try:
            stored = json.loads((folder / CHECKED).read_bytes())
            if stored["examples"] == examples.digest:
                return [Unreadable(**each) for each in stored["unreadable"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return examples.unreadable(progress)


def embed_examples(
    examples: PoolExamples,
    embedder: OpenEmbedder,
    unreadable: Sequence[Unreadable],
    options: PassOptions,
    *,
    keep: bool,
) -> ScoredPool:
    """Embed all examples but the unreadable ones: the pool. keep: whether thumbnails or texts are kept in it.

    Raises: as `run_pass`; ArgumentError where no example is left.
    Cost: the model's; memory of the ids, a batch and a shard.
    """
    out = [each.place for each in unreadable]
    places = np.delete(np.arange(len(examples)), out)
    if not len(places):
        raise ArgumentError("the examples", wanted="be one or more that can be read", got="none")
    source = _ExampleSource(examples, embedder, places, keep, BATCH_SIZE)
    check_place(options.folder)
    if not options.folder.exists():
        partial = durable.folder(options.folder.with_name(options.folder.name + PARTIAL))
        stored = {"examples": examples.digest, "unreadable": [_as_dict(each) for each in unreadable]}
        with durable.writing(partial / CHECKED) as file:
            file.write(json.dumps(stored).encode())
    return run_pass(source, options)


def _as_dict(one: Unreadable) -> dict[str, Any]:
    return {"place": one.place, "name": one.name, "reason": one.reason}


@dataclass(frozen=True, slots=True)
class _ExampleSource:
    examples: PoolExamples
    embedder: OpenEmbedder
    places: Any  # (n,) int64 of the readable examples
    keep: bool
    batch_size: int
    tolerance: float = 1e-2  # texts of another length in a batch change the rounding of quantised networks

    @property
    def rows(self) -> int:
        """See `BatchSource`."""
        return len(self.places)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """See `BatchSource`."""
        return {
            "model": self.embedder.made_of,
            "examples": self.examples.digest,
            "rows": self.rows,
            "batch_size": self.batch_size,
            "keep content": self.keep,
        }

    def batches(self, start: int) -> Iterator[ModelBatch]:
        """See `BatchSource`."""
        ids, column = self.examples.ids, self.examples.kept_column
        for first in range(start, self.rows, self.batch_size):
            places = self.places[first : first + self.batch_size].tolist()
            found = self.examples.read(places)
            kept = {column: pa.array(self.examples.kept(found))} if self.keep else {}
            names = ids.take(pa.array(places)) if hasattr(ids, "take") else [ids[place] for place in places]
            yield ModelBatch(len(places), names, None, self.embedder.run(found), kept)

    def notices(self) -> tuple[str, ...]:
        """See `BatchSource`."""
        return ()

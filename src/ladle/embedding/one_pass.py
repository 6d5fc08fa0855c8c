"""One pass of a model over a pool, written shard by shard; killed and called again it goes on.

Shards end where batches end, at the first batch that makes them `shard_rows` long, so the same batches make the same
shards. When a pass goes on, its first batch is computed again and compared with what was stored: facts may be equal
where the model is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ladle import durable
from ladle.arrays import as_matrix, check_finite
from ladle.counts import counted
from ladle.embedding.batches import BatchSource, ModelBatch
from ladle.embedding.score_columns import ScoreForm
from ladle.embedding.seen_ids import SeenIds
from ladle.embedding.shards import SCORES, ShardFolder
from ladle.errors import ArgumentError, DataError, FileError, IdError, MismatchError, ShapeError
from ladle.memory.budget import require_disk
from ladle.notices import notice
from ladle.numbers import choice, path_of, whole
from ladle.pool import Pool, open_pool
from ladle.pool.ids.example_ids import as_id_array
from ladle.progress import SILENT, Reporter, reporter

SHARD_ROWS = 16_384
DTYPES = ("float32", "float16")
ID_BYTES = 16  # of an id on disk, as a guess


@dataclass(frozen=True, slots=True)
class ScoredPool:
    """A finished pass over a pool.

    Attributes
    ----------
    path : Path
        The folder of the pool, which `ladle.open_pool` and the commands take.
    scores : Path or None
        The folder of the scores, which `ladle select --scores` takes (with `--margins` where only those were kept).
    rows, dim : int
        The number of examples, and the length of one embedding.
    classes : int or None
        The number of classes of the model's outputs.
    has_probabilities : bool
        Whether the probabilities of the classes were kept.
    rows_before : int
        The rows that an earlier call had finished: 0 for a pass from the beginning.
    notices : tuple of str
        What users should know about the pass, such as the layer that was taken; one sentence each.
    """

    path: Path
    scores: Path | None
    rows: int
    dim: int
    classes: int | None
    has_probabilities: bool
    rows_before: int
    notices: tuple[str, ...]

    def open(self) -> Pool:
        """The pool, as `ladle.open_pool` opens it."""
        return open_pool(self.path)


@dataclass(frozen=True, slots=True)
class PassOptions:
    """Where a pass goes, and in which form. Raises: ArgumentError, FileError."""

    out: Path
    score_columns: ScoreForm
    dtype: str = "float32"
    shard_rows: int = SHARD_ROWS
    progress: Reporter = SILENT

    def __post_init__(self) -> None:
        path_of(self.out, "`out`")
        choice(self.dtype, "`dtype`", DTYPES)
        object.__setattr__(self, "shard_rows", whole(self.shard_rows, "`shard_rows`", least=1))  # frozen
        reporter(self.progress)

    @property
    def folder(self) -> Path:
        """`out` as an absolute path."""
        return Path(os.path.abspath(self.out))  # noqa: PTH100 - links stay as they are


def check_place(out: Path) -> None:
    """Refuse, before any work, a folder that could not be made. Raises: FileError."""
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise FileError(f"the folder {out.parent}", wanted="exist and be writable", got="one that is not")


def run_pass(source: BatchSource, options: PassOptions) -> ScoredPool:
    """Read all batches of the source and write them: the finished pass.

    Raises: MismatchError when `out` holds a pass of another model, loader or options, or when the first batch is not
    what it was; MemoryPlanError when the disk has no room; ShapeError, NonFiniteError, IdError for answers that cannot
    be used; FileError. What was finished stays, and the same call goes on.
    Cost: the model's, and in memory one shard and 8 bytes for each id that the source gives.
    """
    out = options.folder
    check_place(out)
    score_columns = options.score_columns
    facts = {
        **source.facts,
        "dtype": options.dtype,
        "shard_rows": options.shard_rows,
        "logits": score_columns.logits,
        "binary": score_columns.binary,
        "multilabel": score_columns.multilabel,
        "keep": score_columns.keep,
        "also": ", ".join(score_columns.also),
    }
    shards = ShardFolder.opened(out, facts)
    before = shards.rows
    work = _Pass(source, options, shards)
    if before:
        work.compare_first_batch()
    if not shards.complete:
        durable.folder(shards.folder)
        try:
            with durable.locked(shards.folder):
                shards.sweep()
                work.write()
        except BaseException:
            with suppress(OSError):  # it holds shards
                shards.folder.rmdir()
            raise
    shards.finish(out)
    about = shards.about
    how = score_columns.how_to_read(about["classes"])
    notices = tuple(dict.fromkeys((*about["notices"], *source.notices(), *how)))
    for text in notices:
        notice(text)
    has_scores = about["classes"] is not None
    return ScoredPool(
        path=out,
        scores=out / SCORES if has_scores else None,
        rows=shards.rows,
        dim=about["dim"],
        classes=about["classes"],
        has_probabilities=has_scores and score_columns.keeps_probabilities(about["classes"]),
        rows_before=before,
        notices=notices,
    )


@dataclass(slots=True)
class _Pass:
    source: BatchSource
    options: PassOptions
    shards: ShardFolder

    def write(self) -> None:
        """Write what is missing, shard by shard."""
        done, seen = self.shards.rows, SeenIds()
        by_number = self.shards.about.get("ids") == "row numbers"
        if not by_number:
            for ids in self.shards.ids():
                seen.add(ids, lambda: iter(()))
        with self.options.progress.task("Embedding the pool", self.source.rows) as advance:
            advance(done)
            pending: list[tuple[Any, Any]] = []
            for batch in self.source.batches(done):
                pool, scores = self._tables(batch, done + sum(part.num_rows for part, _ in pending))
                pending.append((pool, scores))
                advance(batch.rows)
                if sum(part.num_rows for part, _ in pending) >= self.options.shard_rows:
                    done += self._flush(pending, seen)
            if pending:
                done += self._flush(pending, seen)
        self._check_end(done)

    def _check_end(self, done: int) -> None:
        if not done:
            raise ArgumentError("the examples", wanted="be one or more", got="none")
        if self.source.rows is not None and done != self.source.rows:
            raise MismatchError(
                "the loader", wanted=f"give {counted(self.source.rows, 'example')}, as it says", got=f"{done:,}"
            )

    def _flush(self, pending: list[tuple[Any, Any]], seen: SeenIds) -> int:
        """Write the pending batches as one shard: the number of its rows."""
        pool = _joined([part for part, _ in pending])
        scores = None if pending[0][1] is None else _joined([part for _, part in pending])
        pending.clear()
        if self.shards.about["ids"] != "row numbers":
            seen.add(pool["id"].combine_chunks(), self.shards.ids)
        self.shards.about["notices"] = list(dict.fromkeys((*self.shards.about["notices"], *self.source.notices())))
        self.shards.add(pool, scores)
        return int(pool.num_rows)

    def _tables(self, batch: ModelBatch, first_row: int) -> tuple[Any, Any]:
        """The pool's table and the scores' (or None) of one batch, checked. Raises: see `run_pass`."""
        vectors = None if batch.embeddings is None else self._vectors(batch, first_row)
        if vectors is None:
            raise ShapeError("the model", wanted="give embeddings", got="none", remedy="A pool consists of them.")
        ids = pa.array(np.arange(first_row, first_row + batch.rows)) if batch.ids is None else _ids(batch, first_row)
        score_columns = self.options.score_columns
        outputs = None if batch.outputs is None else np.asarray(batch.outputs)
        if outputs is not None and outputs.shape[:1] != (batch.rows,):
            wanted = f"have shape ({batch.rows:,}, classes)"
            raise ShapeError("the outputs of the model", wanted=wanted, got=f"shape {outputs.shape}")
        about: dict[str, Any] = {
            "dim": int(vectors.shape[1]),
            "classes": None if outputs is None else score_columns.classes_of(outputs),
            "ids": "row numbers" if batch.ids is None else str(ids.type),
        }
        self._check_alike(about, first_row)
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
        columns = {"id": ids, "embedding": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]), **batch.kept}
        scores = None if outputs is None else pa.table({"id": ids, **score_columns.columns(outputs, first_row)})
        return pa.table(columns), scores

    def _vectors(self, batch: ModelBatch, first_row: int) -> npt.NDArray[Any]:
        """(b, dim) of the wanted dtype. Raises: ShapeError, NonFiniteError."""
        matrix = as_matrix(batch.embeddings, "embeddings")  # type: ignore[arg-type]
        if len(matrix) != batch.rows:
            raise ShapeError("the embeddings", wanted=f"have {batch.rows:,} rows", got=f"{len(matrix):,}")
        check_finite(matrix, "the embeddings", first_row=first_row)
        if matrix.dtype.name == self.options.dtype:
            return matrix
        with np.errstate(over="ignore"):
            made = matrix.astype(self.options.dtype)
        if self.options.dtype == "float16" and not np.isfinite(made).all():
            row = first_row + int(np.argmin(np.isfinite(made).all(axis=1)))
            raise DataError(
                "the embeddings",
                wanted="fit float16, whose largest number is 65,504",
                got=f"a larger one in row {row:,}",
                remedy="Store float32.",
            )
        return made

    def _check_alike(self, about: dict[str, Any], first_row: int) -> None:
        """Keep what the first batch shows, and refuse a later batch of another form. Raises: ShapeError, IdError."""
        known = self.shards.about
        if not known:
            known |= {**about, "notices": []}
            self._check_disk(about)
            return
        for name, kind in (("dim", ShapeError), ("classes", ShapeError), ("ids", IdError)):
            if known[name] != about[name]:
                what = {"dim": "vectors of dim", "classes": "this number of classes:", "ids": "ids of the kind"}[name]
                raise kind(
                    f"the batch from row {first_row:,} on",
                    wanted=f"have {what} {known[name]}, as those before",
                    got=str(about[name]),
                )

    def _check_disk(self, about: dict[str, Any]) -> None:
        """Refuse a pass for which the disk has no room, where the number of examples is known."""
        if self.source.rows is None:
            return
        classes, numbers = about["classes"], 0
        if classes is not None:
            columns = self.options.score_columns
            numbers = 1 + len(columns.also) + (classes if columns.keeps_probabilities(classes) else 0)
        row_bytes = about["dim"] * np.dtype(self.options.dtype).itemsize + 4 * numbers + ID_BYTES
        require_disk(
            self.source.rows * row_bytes,
            self.options.folder.parent,
            purpose=f"{counted(self.source.rows, 'example')} of dim {about['dim']:,}",
            remedy="Name a folder on another disk, or store float16.",
        )

    def compare_first_batch(self) -> None:
        """Compute the first batch again and compare it with the stored one. Raises: MismatchError."""
        with closing(_closable(self.source.batches(0))) as batches:
            batch = next(batches, None)
        if batch is None:
            raise MismatchError("the loader", wanted="give the examples that it gave before", got="none")
        stored = pq.read_table(self.shards.pool_file(0)).slice(0, batch.rows)
        ids = pa.array(np.arange(batch.rows)) if batch.ids is None else _ids(batch, 0)
        dim = self.shards.about["dim"]
        then = stored["embedding"].combine_chunks().values.to_numpy().reshape(-1, dim).astype(np.float64)
        same_ids = (
            stored["id"].combine_chunks().cast(ids.type, safe=False).equals(ids) if _alike(stored, ids) else False
        )
        now = np.asarray(batch.embeddings, np.float64)
        got = ""
        if not same_ids:
            got = "other ids in the first batch: the loader has changed"
        elif now.shape != then.shape:
            got = f"vectors of shape {now.shape} in the first batch, and {then.shape} then: the model has changed"
        else:
            rounding = {"float32": 1e-5, "float16": 2e-3}[self.options.dtype]
            allowed = (self.source.tolerance + rounding) * np.linalg.norm(then, axis=1) + 1e-6
            off = np.linalg.norm(now - then, axis=1)
            if (off > allowed).any():
                row = int(np.argmax(off - allowed))
                got = f"another vector for row {row:,}: the model or the loader has changed"
        if not got and batch.outputs is not None:
            got = self._compare_scores(batch)
        if got:
            raise MismatchError(
                f"the pass in {self.shards.folder}",
                wanted="be continued with the model and the loader that it began with",
                got=got,
                remedy="Give what it began with, or name another folder.",
            )

    def _compare_scores(self, batch: ModelBatch) -> str:
        """ "" if the first margins are the stored ones."""
        if not self.shards.shards[0].scores:
            return "outputs of classes, and none then: the model has changed"
        now = self.options.score_columns.columns(np.asarray(batch.outputs), 0)["margin"].to_numpy()
        then = pq.read_table(self.shards.score_file(0), columns=["margin"])["margin"].to_numpy()[: batch.rows]
        off = np.abs(now - then)
        if (off > self.source.tolerance + 1e-4).any():
            return f"another margin for row {int(np.argmax(off)):,}: the model or the loader has changed"
        return ""


def _alike(stored: Any, ids: Any) -> bool:
    return bool(pa.types.is_integer(stored["id"].type) == pa.types.is_integer(ids.type))


def _closable(batches: Iterator[ModelBatch]) -> Any:
    """The iterator with a method `close`, as generators have."""

    def each() -> Iterator[ModelBatch]:
        yield from batches

    return each()


def _ids(batch: ModelBatch, first_row: int) -> Any:
    ids = as_id_array(batch.ids, "the ids")
    if len(ids) != batch.rows:
        raise IdError(
            f"the ids of the batch from row {first_row:,} on",
            wanted=f"be one for each of its {counted(batch.rows, 'example')}",
            got=f"{len(ids):,}",
        )
    return ids


def _joined(parts: list[Any]) -> Any:
    """Batches as one table of one chunk."""
    return pa.concat_tables(parts).combine_chunks()

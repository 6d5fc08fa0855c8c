"""The files of a pass: shards of a pool, shards of its scores, and a manifest with the digest of each.

The folder is the pool: `shard-00000.parquet` and so on have `id`, `embedding` and the kept columns. The same shards in
its folder `_scores` have `id` and the columns of scores. `_pass.json` names the model, the loader and the options, and
the SHA-256 of every shard. Names that begin with `_` are ignored when the folder is opened as a pool.

Until the pass is complete the folder is called NAME.partial, so that nobody reads a part of a pool as the whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ladle import durable
from ladle.embedding.batches import Fact
from ladle.errors import CorruptFileError, FileError, FileFormatError, MismatchError

FORMAT, FORMAT_VERSION = "ladle-pass", 1
MANIFEST, SCORES, PARTIAL = "_pass.json", "_scores", ".partial"


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A finished shard. scores: "" without scores."""

    rows: int
    pool: str
    scores: str


@dataclass(slots=True)
class ShardFolder:
    """The folder of a pass, while it is written or after it.

    facts: what decides the content; see `BatchSource.facts`. about: what the reader of a finished pass needs to know.
    """

    folder: Path
    facts: dict[str, Fact]
    about: dict[str, Any] = field(default_factory=dict)
    shards: list[ShardRecord] = field(default_factory=list)
    complete: bool = False

    @classmethod
    def opened(cls, out: Path, facts: Mapping[str, Fact]) -> ShardFolder:
        """The pass that `out` will hold: finished, begun, or new; nothing is written.

        Raises: MismatchError for a pass of another model, loader or options; FileError where `out` is something else;
        CorruptFileError for a shard that has changed.
        """
        partial = out.with_name(out.name + PARTIAL)
        if _is_pass(out):
            found = cls._read(out)
        elif out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise FileError(
                f"the output {out}",
                wanted="be a new folder, or one that an equal call has written",
                got="a file" if out.is_file() else "a folder of other files",
                remedy="Name another folder.",
            )
        elif _is_pass(partial):
            found = cls._read(partial)
        else:
            return cls(partial, dict(facts))
        found._check_facts(facts)
        found._check_files()
        return found

    @classmethod
    def _read(cls, folder: Path) -> ShardFolder:
        path = folder / MANIFEST
        with durable.readable(f"the file {path}"):
            text = path.read_bytes()
        try:
            stored = json.loads(text)
            if stored["format"] != FORMAT or stored["format_version"] != FORMAT_VERSION:
                raise FileFormatError(
                    f"the file {path}",
                    wanted=f"be a manifest of version {FORMAT_VERSION}",
                    got=f"{stored['format']} {stored['format_version']}",
                    remedy="Use the version of Ladle that wrote it, or name another folder.",
                )
            shards = [ShardRecord(**each) for each in stored["shards"]]
            return cls(folder, stored["facts"], stored["about"], shards, stored["complete"])
        except (ValueError, KeyError, TypeError) as cause:
            if isinstance(cause, FileFormatError):
                raise
            raise CorruptFileError(
                f"the file {path}",
                wanted="be the manifest of a pass",
                got="other text",
                remedy="Remove the folder, or name another one.",
            ) from cause

    def _check_facts(self, facts: Mapping[str, Fact]) -> None:
        names = [name for name in {**self.facts, **facts} if self.facts.get(name) != facts.get(name)]
        if names:
            raise MismatchError(
                f"the pass in {self.folder}",
                wanted="be continued with the model, the loader and the options that it began with",
                got="; ".join(f"{each}: {facts.get(each)!r} now, {self.facts.get(each)!r} then" for each in names),
                remedy="Give what it began with, or name another folder.",
            )

    def _check_files(self) -> None:
        for number, record in enumerate(self.shards):
            for path, digest in ((self.pool_file(number), record.pool), (self.score_file(number), record.scores)):
                if digest and (not path.is_file() or durable.file_digest(path) != digest):
                    raise CorruptFileError(
                        f"the shard {path}",
                        wanted="be as the pass wrote it",
                        got="other bytes" if path.exists() else "no file",
                        remedy=f"Remove {self.folder}, and begin anew.",
                    )

    @property
    def rows(self) -> int:
        """The rows of the finished shards."""
        return sum(record.rows for record in self.shards)

    def pool_file(self, number: int) -> Path:
        """The file of vectors and kept columns of a shard."""
        return self.folder / f"shard-{number:05}.parquet"

    def score_file(self, number: int) -> Path:
        """The file of scores of a shard."""
        return self.folder / SCORES / f"shard-{number:05}.parquet"

    def add(self, pool: Any, scores: Any) -> None:
        """Write a shard. pool, scores: tables; None for no scores. Raises: FileError; the shard is then absent."""
        number = len(self.shards)
        durable.folder(self.folder)
        digests = [_write(pool, self.pool_file(number)), ""]
        if scores is not None:
            durable.folder(self.folder / SCORES)
            digests[1] = _write(scores, self.score_file(number))
        self.shards.append(ShardRecord(pool.num_rows, *digests))
        self._write_manifest()

    def finish(self, out: Path) -> None:
        """Mark the pass as complete and give the folder its name. Raises: FileError."""
        if not self.complete:
            self.complete = True
            self._write_manifest()
        if self.folder != out:
            try:
                os.replace(self.folder, out)  # noqa: PTH105
            except OSError as cause:
                raise FileError(
                    f"the output {out}", wanted="take its name", got=cause.strerror or str(cause)
                ) from cause
            durable.sync_folder(out.parent)
            self.folder = out

    def sweep(self) -> None:
        """Remove what a killed process left: files that had not yet taken their names."""
        for each in (self.folder, self.folder / SCORES):
            for path in each.glob(".*.tmp"):
                path.unlink(missing_ok=True)

    def ids(self) -> Iterator[Any]:
        """The ids of each finished shard, as arrays."""
        for number in range(len(self.shards)):
            yield pq.read_table(self.pool_file(number), columns=["id"])["id"].combine_chunks()

    def _write_manifest(self) -> None:
        stored = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "complete": self.complete,
            "facts": self.facts,
            "about": self.about,
            "shards": [{"rows": each.rows, "pool": each.pool, "scores": each.scores} for each in self.shards],
        }
        with durable.writing(self.folder / MANIFEST) as file:
            file.write(json.dumps(stored, indent=1).encode() + b"\n")


def _is_pass(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def _write(table: Any, path: Path) -> str:
    """Write a table as Parquet, with a checksum for each page: the SHA-256 of the file."""
    floats = {"embedding", "probabilities", "margin", "entropy", "least_confidence"}
    packed = {name: "none" if name in floats else "zstd" for name in table.column_names}
    with durable.writing(path) as file:
        pq.write_table(
            table,
            file,
            compression={f"{name}.list.element" if name in ("embedding", "probabilities") else name: packed[name]
                         for name in packed},
            use_dictionary=False,
            write_page_checksum=True,
            write_statistics=[name for name in table.column_names if name == "id"],
            store_schema=True,
        )  # fmt: skip
    return durable.file_digest(path)

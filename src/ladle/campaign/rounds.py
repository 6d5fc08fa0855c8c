"""A whole round in steps that can be repeated: the keys that identify each step, and what the round returns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle import durable
from ladle.errors import ArgumentError, FileError
from ladle.labelling.answers import Batch, Told, Verification
from ladle.labelling.pool_rules import check_metrics

# How a file of scores was read: as logits, as margins, from which column, and by which column of ids.
PLAIN_READING: tuple[object, ...] = (False, False, None, None)


@dataclass(frozen=True, slots=True, eq=False)
class RoundResult:
    """The result of `Campaign.round`.

    Attributes
    ----------
    batch : Batch
        The batch of the round. `batch.renewed` says that an earlier call has made it.
    told : tuple of Told
        One for each file of labels. `repeat_of_key` says that an earlier call has told the file.
    verification : Verification
        The integrity check, which has passed.
    labelled : int or None
        The number of labelled examples of the recorded model; None without a model.
    model_repeated : bool
        Whether an earlier call has recorded the model.
    """

    batch: Batch
    told: tuple[Told, ...]
    verification: Verification
    labelled: int | None = None
    model_repeated: bool = False

    @property
    def done_before(self) -> bool:
        """Whether earlier calls had done every step but the integrity check."""
        told = all(each.repeat_of_key for each in self.told)
        return told and self.batch.renewed and (self.labelled is None or self.model_repeated)

    def __repr__(self) -> str:
        return f"<RoundResult: {len(self.told):,} files of labels, then {self.batch!r}>"


def check_arguments(
    arrays: Mapping[str, Any], has_reader: bool, model: str | None, metrics: Mapping[str, float] | None
) -> None:
    """Refuse arguments of a round that do not go together. Raises: ArgumentError."""
    if has_reader and any(array is not None for array in arrays.values()):
        raise ArgumentError("`read_scores`", wanted="come without arrays of scores", got="both")
    if metrics and model is None:
        raise ArgumentError("`metrics`", wanted="come with `model`", got="none")
    check_metrics(metrics)


def tell_key(kind: str, sha256: str, annotator: str, source: str, names: Mapping[str, str]) -> str:
    """The key of a tell ("tell") or an import ("import") of a file: its digest, and how its columns were read."""
    return _key(kind, sha256, annotator, source, sorted(names.items()))


def ask_key(
    size: int,
    *,
    gold: int = 0,
    model: str | None = None,
    scores_digest: str = "",
    scores_reading: tuple[object, ...] = PLAIN_READING,
    label_digests: Iterable[str] = (),
    label_rows: int = 0,
) -> str:
    """The key of an ask that has no other: the same for the same request.

    label_digests: the SHA-256 of each file of labels of the round. label_rows: the labels that the campaign has. They
    count only where neither scores nor files of labels tell one ask from the next: then the request is another one once
    a label has come back.
    """
    digests = ",".join(label_digests)
    state: object = "" if scores_digest or digests else label_rows
    return _key("ask", size, gold, model, scores_digest, scores_reading, digests, state)


def digest_of_files(paths: Iterable[str | os.PathLike[str] | None]) -> str:
    """One SHA-256 for these files and folders of files; "" for none.

    Raises: FileError for a path without a file. Cost: reads every file.
    """
    parts = []
    for path in (Path(each) for each in paths if each is not None):
        if not path.exists():
            raise FileError(str(path), wanted="be a file or a folder", got="nothing there")
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        parts += [
            f"{each.name} {durable.file_digest(each)}" if path.is_dir() else durable.file_digest(each) for each in files
        ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if parts else ""


def _key(kind: str, *parts: object) -> str:
    return f"{kind}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"

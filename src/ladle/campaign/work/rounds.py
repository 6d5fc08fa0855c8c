"""A whole round in steps that can be repeated: the keys that identify each step, and what the round returns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ladle import durable
from ladle.campaign.session.session import Session
from ladle.counts import counted
from ladle.errors import ArgumentError, FileError
from ladle.formats import LabelFile
from ladle.labelling.answers import Batch, Told, Verification
from ladle.labelling.contract.tables import BatchTable, GoldTable, LabelTable, ModelTable, TaskTable, gold_of
from ladle.labelling.rules.people import alike, known_names, new_notice
from ladle.labelling.rules.pool import check_metrics
from ladle.labelling.states import OPEN, WAITING, as_counted
from ladle.notices import notice
from ladle.numbers import path_of, shown

# How a file of scores was read: as logits, as margins, from which column, and by which column of ids.
PLAIN_READING: tuple[object, ...] = (False, False, None, None)
_LOGITS: tuple[object, ...] = (True, False, None, None)
_MARGINS: tuple[object, ...] = (False, True, None, None)
_KEY, _KEY_OF_ARRAYS = "ask", "ask-arrays"  # how the keys of rounds begin


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
    arrays: Mapping[str, Any], read_scores: object, model: str | None, metrics: Mapping[str, float] | None
) -> None:
    """Refuse arguments of a round that are of another kind, or do not go together. Raises: ArgumentError."""
    if read_scores is not None and not callable(read_scores):
        raise ArgumentError("`read_scores`", wanted="be a function that returns arrays", got=shown(read_scores)[:80])
    if read_scores is not None and any(array is not None for array in arrays.values()):
        raise ArgumentError("`read_scores`", wanted="come without arrays of scores", got="both")
    check_metrics(metrics)
    if metrics and model is None:
        raise ArgumentError("`metrics`", wanted="come with `model`", got="none")


def checked_reading(given: object) -> tuple[object, ...] | None:
    """How the file of scores was read, or None. Raises: ArgumentError for anything but a tuple."""
    if given is None or isinstance(given, tuple):
        return given
    raise ArgumentError("`scores_reading`", wanted="be a tuple or None", got=shown(given)[:80])


def listed_files(labels: object) -> list[Any]:
    """The files of labels of a round. Raises: ArgumentError for one file in place of a list."""
    single = isinstance(labels, (str, bytes, os.PathLike, LabelFile, Mapping, Set))
    if single or not isinstance(labels, Iterable):
        remedy = "Give a list, also of one file." if single else "Leave it out where there are none."
        raise ArgumentError("`labels`", wanted="be a list of files", got=shown(labels)[:80], remedy=remedy)
    files = list(labels)
    for each in files:
        if not isinstance(each, LabelFile):
            path_of(each, "a file of `labels`")
    return files


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

    model: None, but for the keys of earlier versions, see `find_key`: the same scores are the same ask, whatever their
    model is called.
    label_digests: the SHA-256 of each file of labels of the round. label_rows: the labels that the campaign has. They
    count only where neither scores nor files of labels tell one ask from the next: then the request is another one once
    a label has come back.
    """
    digests = ",".join(label_digests)
    state: object = "" if scores_digest or digests else label_rows
    return _key(_KEY, size, gold, model, scores_digest, scores_reading, digests, state)


def readings_of(
    given: Mapping[str, Any], binary: bool, normalise: bool, scores_reading: tuple[object, ...] | None = None
) -> list[tuple[object, ...]]:
    """How the file of these arrays may have been read: first what the arrays say, then all that a batch may have.

    scores_reading: how it was read, where the caller knows. The margins of a file of probabilities are those
    probabilities' round; no file is both.
    """
    if scores_reading:
        return [scores_reading, *([_MARGINS] if scores_reading == PLAIN_READING else [])]
    words = tuple(word for word, used in (("binary", binary), ("normalise", normalise)) if used)
    if given["probabilities"] is not None:
        return list(dict.fromkeys([PLAIN_READING + words, _LOGITS + words, PLAIN_READING]))
    of_others = [(*each, word) for each in (PLAIN_READING, _LOGITS) for word in ("binary", "normalise")]
    first = PLAIN_READING + words if given["margins"] is None else _MARGINS
    # Margins may be those of the file, or made of its probabilities; without arrays nothing is known.
    return list(dict.fromkeys([first, PLAIN_READING, _MARGINS, _LOGITS, *of_others]))


def find_key(
    has_batch: Callable[[str], bool],
    readings: Sequence[tuple[object, ...]],
    *,
    models: Sequence[str],
    alone: bool = False,
    label_digests: Sequence[str] = (),
    **request: Any,
) -> str:
    """The key of this ask or round: the one that has a batch already, else the first. request: for `ask_key`.

    models: those of the batches so far, which were part of the key in earlier versions. alone: whether it has arrays
    without a file or a digest. The keys of such rounds begin with other letters, which tell them apart; in earlier
    versions they began as all others. label_digests: of each file of labels, as given. Their order, and a file given
    twice, make no other round; in earlier versions they did.
    """
    orders = dict.fromkeys([tuple(sorted(set(label_digests))), tuple(label_digests)])
    ways = [(each, model) for model in (None, *models) for each in orders]
    if alone and request["scores_digest"]:
        plain = [ask_key(**request, model=model, label_digests=each) for each, model in ways]
        keys = [_KEY_OF_ARRAYS + each.removeprefix(_KEY) for each in plain] + plain
    else:
        keys = [
            ask_key(**request, model=model, label_digests=each, scores_reading=reading)
            for each, model in ways
            for reading in readings
        ]
    return next((each for each in keys if has_batch(each)), keys[0])


def require_numbers(strategy: str, given: Mapping[str, Any]) -> None:
    """Refuse the path of scores alone, where the strategy reads scores. Raises: ArgumentError."""
    if any(array is not None for array in given.values()):
        return
    from ladle import strategies  # half a second to load

    if any(need != "embeddings" for need in strategies.describe(strategy).needs):
        raise ArgumentError(
            "`scores`",
            wanted="come with its numbers: it identifies the file and is not read",
            got="the path alone",
            remedy="Give them too, such as `probabilities`, `margins` or `votes`.",
        )


def check_last_batch(session: Session) -> None:
    """Refuse a new batch by arrays alone while that of a file is leased and without a label. Raises: ArgumentError."""
    with session.reading() as view:
        batches = view.read(BatchTable)
        last = batches.take(np.arange(len(batches))[-1:])
        if not len(last) or not last.scores_digest[0] or not _is_of_a_file(str(last.key[0])):
            return
        task = view.read(TaskTable)
        rows = task.row[(task.batch == last.number[0]) & (task.state == OPEN)]
        untouched = len(rows) == int(last.size[0]) and not np.isin(view.read(LabelTable).row, rows).any()
    if not untouched or int(last.lease_until[0]) <= session.now():
        return
    raise ArgumentError(
        "a round by arrays alone",
        wanted=f"not follow round {int(last.round[0])}, which came from a file of scores, before a label has come back",
        got="arrays without `scores`",
        remedy="To finish that round, give its file as `scores` too; for a new one, the new file or a `scores_digest`.",
    )


def digest_of_files(paths: Iterable[str | os.PathLike[str] | None]) -> str:
    """One SHA-256 for these files and folders of files; "" for none.

    Raises: FileError for a path without a file. Cost: reads every file.
    """
    parts = []
    paths = [path_of(each, "`scores`", undecided=True) for each in paths]
    for path in (Path(each) for each in paths if each is not None):
        if not path.exists():
            raise FileError(str(path), wanted="be a file or a folder", got="nothing there")
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        parts += [
            f"{each.name} {durable.file_digest(each)}" if path.is_dir() else durable.file_digest(each) for each in files
        ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if parts else ""


def noted(session: Session, batch: Batch) -> Batch:
    """The batch with notices: that all of it is labelled already, or that its scores have made an earlier batch."""
    found = []
    with session.reading() as view:
        if batch.renewed:
            rows = batch.rows.tolist()
            task = as_counted(view.read(TaskTable, "row", rows), gold_of(view.read(GoldTable, "row", rows)).row)
            if not np.isin(task.state, WAITING).any():
                found.append(
                    f"this batch of {counted(len(batch), 'example')} is labelled, and the same scores give it again: "
                    "another one needs new scores"
                )
        else:
            batches = view.read(BatchTable)
            names = known_names(view, without_batch=batch.number)
            if batch.holder and batch.holder not in names and alike(batch.holder, names):
                found.append(new_notice(batch.holder, names))
            mine = batches.scores_digest[batches.number == batch.number]
            same = batches.take((batches.scores_digest == mine[0]) & (batches.number < batch.number))
            if mine[0] and len(same):
                found.append(
                    f"the scores are those of round {int(same.round[-1]):,}: they know nothing of the labels since"
                )
    for each in found:
        notice(each)
    return replace(batch, notices=tuple(found))


def models_of_batches(session: Session) -> list[str]:
    """The models that batches were asked with, each once."""
    with session.reading() as view:
        return [each for each in dict.fromkeys(view.read(BatchTable).model.tolist()) if each]


def has_model(session: Session, version: str) -> bool:
    """Whether this version of the model is recorded."""
    with session.reading() as view:
        return version in view.read(ModelTable).version.tolist()


def label_rows(session: Session) -> int:
    """The number of labels, every version counted."""
    with session.reading() as view:
        return len(view.read(LabelTable))


def _is_of_a_file(key: str) -> bool:
    """Whether it is the key of a round whose scores have a file or a digest."""
    return key.startswith(f"{_KEY}-") and not key.startswith(f"{_KEY_OF_ARRAYS}-")


def _key(kind: str, *parts: object) -> str:
    return f"{kind}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"

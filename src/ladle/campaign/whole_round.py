"""A whole round: tell the files that came back, check the campaign, record the model, ask for the next batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ladle.campaign.overview import verify
from ladle.campaign.session.session import Session
from ladle.campaign.work import asking, label_files, rounds, telling
from ladle.campaign.work.rounds import RoundResult
from ladle.campaign.work.score_arrays import arrays_of
from ladle.counts import counted
from ladle.errors import MismatchError, QuarantinedError
from ladle.formats import LabelFile
from ladle.labelling.answers import Batch, Told, Verification
from ladle.labelling.contract.tables import PersonTable
from ladle.labelling.rules import tell as tell_rules
from ladle.labelling.rules.once import check_once
from ladle.labelling.rules.request import TellRequest
from ladle.numbers import mapping
from ladle.progress import Reporter


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoundRequest:
    """The arguments of `Campaign.round`, checked. given: the arrays by name. scores_digest: None where nobody said."""

    size: int
    gold: int
    files: Sequence[LabelFile]
    annotator: str
    given: Mapping[str, Any]
    read_scores: Callable[[], Mapping[str, Any]] | None
    scores: str | os.PathLike[str] | None
    scores_digest: str | None
    scores_reading: tuple[object, ...] | None
    model: str | None
    metrics: Mapping[str, float] | None
    holder: str
    lease_seconds: float | None
    binary: bool
    normalise: bool
    go_on: bool
    progress: Reporter


class _Steps(Protocol):
    """The methods of a campaign that a round calls, one after another."""

    @property
    def name(self) -> str: ...
    def has_batch(self, key: str) -> bool: ...
    def tell_file(self, file: LabelFile, *, annotator: str = "") -> Told: ...
    def verify(self, *, progress: Reporter = ...) -> Verification: ...
    def record_model(
        self,
        version: str,
        *,
        metrics: Mapping[str, float] | None = None,
        scores: str | os.PathLike[str] | None = None,
    ) -> int: ...
    def ask(
        self,
        size: int,
        *,
        probabilities: Any = None,
        margins: Any = None,
        embeddings: Any = None,
        votes: Any = None,
        key: str | None = None,
        holder: str = "",
        lease_seconds: float | None = None,
        model: str | None = None,
        scores_digest: str | None = None,
        gold: int = 0,
        binary: bool = False,
        normalise: bool = False,
        progress: Reporter = ...,
    ) -> Batch: ...


def run(campaign: _Steps, session: Session, request: RoundRequest) -> RoundResult:
    """Do the steps of a round that are not done yet. Raises: see `Campaign.round`."""
    digest = request.scores_digest
    if digest is None:
        digest = rounds.digest_of_files([request.scores]) or asking.digest_of_arrays(arrays_of(request.given))
    key = _key_of(campaign, session, request, digest)
    asking.check_model(session, key, request.model or "")
    if request.scores is not None and request.read_scores is None and not campaign.has_batch(key):
        rounds.require_numbers(session.settings.strategy, request.given)
    told = _tell(campaign, session, request, is_new=not campaign.has_batch(key))
    if not request.go_on:
        refuse_quarantined(told)
    verification = campaign.verify(progress=request.progress)
    verify.require_passed(campaign.name, verification)
    is_new = not campaign.has_batch(key)
    if is_new and digest and _is_alone(request):
        rounds.check_last_batch(session)
    arrays: Any = request.given
    if request.read_scores is not None and is_new:
        arrays = mapping(request.read_scores(), "what `read_scores` returns", wanted="be arrays by name")
    if is_new:
        asking.require_possible(session, request.size, request.gold, arrays)
    labelled, repeated = None, False
    if request.model is not None:
        repeated = rounds.has_model(session, request.model)
        labelled = campaign.record_model(request.model, metrics=request.metrics, scores=request.scores)
    batch = campaign.ask(
        request.size,
        **({name: arrays.get(name) for name in request.given} if is_new else {}),
        key=key,
        holder=request.holder,
        lease_seconds=request.lease_seconds,
        model=request.model,
        scores_digest=digest or None,
        gold=request.gold,
        binary=request.binary and is_new,
        normalise=request.normalise and is_new,
        progress=request.progress,
    )
    return RoundResult(batch, told, verification, labelled, repeated)


def refuse_quarantined(told: Sequence[Told]) -> None:
    """Refuse to go on after a file whose labels all went to quarantine. Raises: QuarantinedError."""
    whole = [each for each in told if each.labels and not each.accepted + each.skipped + each.repeated]
    if not whole:
        return
    names = ", ".join(each.file or "a file without a name" for each in whole[:3])
    raise QuarantinedError(
        f"the labels of {names}" + (", ..." if len(whole) > 3 else ""),
        wanted="be labels of this campaign, or some of them",
        got=f"{sum(each.quarantined for each in whole):,} that all went to quarantine",
        remedy="See why in `quarantine()`. What was told stays told, and nothing was asked: `go_on=True` asks all the "
        "same.",
    )


def _key_of(campaign: _Steps, session: Session, request: RoundRequest, digest: str) -> str:
    """The key that identifies this round."""
    readings = rounds.readings_of(request.given, request.binary, request.normalise, request.scores_reading)
    return rounds.find_key(
        campaign.has_batch,
        readings,
        alone=_is_alone(request),
        label_digests=[file.sha256 for file in request.files],
        size=request.size,
        gold=request.gold,
        models=rounds.models_of_batches(session),
        scores_digest=digest,
        label_rows=0 if digest or request.files else rounds.label_rows(session),
    )


def _is_alone(request: RoundRequest) -> bool:
    """Whether it has arrays without a file or a digest that names them."""
    return request.scores is None and request.scores_digest is None


def _tell(campaign: _Steps, session: Session, request: RoundRequest, *, is_new: bool) -> tuple[Told, ...]:
    """Tell the files that were not told before. is_new: whether the batch of the round does not exist yet.

    Raises: MismatchError for a file that was told before and does not stand any more, before anything is told.
    """
    requests = [label_files.request_of(session, file, annotator=request.annotator) for file in request.files]
    before = [_earlier(session, each, requests, is_new=is_new) for each in requests]
    return tuple(
        campaign.tell_file(file, annotator=request.annotator) if known is None else known
        for file, known in zip(request.files, before, strict=True)
    )


def _earlier(session: Session, request: TellRequest, files: Sequence[TellRequest], *, is_new: bool) -> Told | None:
    """What an earlier tell of this file reported; None when it was not told before.

    What other files of the same round have changed since counts as told: an interrupted round told them.
    """
    with session.reading() as view:
        _, report = telling.next_key(view, request)
        if report is None:
            tell_rules.check_named(session.settings, request)
            check_once(request, view.read(PersonTable))
            return None
        known = telling.known_of(view, request)
        gone = tell_rules.answers_gone(request, known, {each.origin.sha256 for each in files})
    if gone and is_new:
        raise MismatchError(
            f"the labels of {request.origin.path}",
            wanted="stand as they were told, or be new",
            got=f"a file that was told before, of which {counted(gone, 'label', 'stands')} no more",
            remedy="Is the file right? Tell it again by itself, with `campaign tell`, and its labels stand again. Is "
            "what stands right? Leave the file out of this round.",
        )
    return telling.told_of(report, repeat_of_key=True)

"""Asking: choose rows while others go on working, then make the batch if those rows are still free."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings
from ladle.campaign.creation import without_cuts
from ladle.campaign.session.examples import Examples
from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import check_name, check_text
from ladle.campaign.work.score_arrays import (
    arrays_of,
    as_probabilities,
    check_class_count,
    check_entries,
    check_order,
    indexes_of,
)
from ladle.errors import ArgumentError, FileError, MismatchError, NotFoundError, ReusedKeyError
from ladle.labelling import answers
from ladle.labelling.contract.columns import Int64, distinct
from ladle.labelling.contract.counted import CountedView
from ladle.labelling.contract.events import Act, digest_of, earlier_report, next_number, record
from ladle.labelling.contract.store import View, Writer
from ladle.labelling.contract.tables import (
    MICROSECONDS,
    BatchRowsTable,
    BatchTable,
    ControlTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    PersonTable,
    TallyTable,
    TaskTable,
    gold_of,
)
from ladle.labelling.people import People, person_name
from ladle.labelling.records import moment
from ladle.labelling.rules import ask as ask_rules
from ladle.labelling.rules.ask import AskRequest, BatchChoice, PoolState
from ladle.labelling.rules.control import NOTHING, ControlPlan, plan_control, predictions, quota_of, spread_over
from ladle.labelling.rules.people import holder_now
from ladle.labelling.settings import check_lease
from ladle.numbers import whole
from ladle.progress import Reporter, reporter

TRIES = 3  # selections while others go on working; the next one makes them wait


def check_request(
    session: Session,
    size: object,
    *,
    arrays: Mapping[str, npt.ArrayLike | None],
    binary: bool,
    normalise: bool,
    gold: object,
    key: str | None,
    holder: str,
    lease_seconds: float | None,
    model: str | None,
    scores_digest: str | None,
    progress: Reporter,
) -> AskRequest:
    """The arguments of `Campaign.ask`, checked. Raises: ArgumentError, ShapeError, MismatchError; as `arrays_of`.

    Cost: with a key and without `scores_digest`, a hash of all bytes of the arrays.
    """
    size, gold = check_words(session, size, gold, holder, model, lease_seconds)
    named = check_text("" if key is None else key, "key")
    digest = check_text("" if scores_digest is None else scores_digest, "scores_digest")
    plain = arrays_of(arrays)
    check_entries(plain)
    given = as_probabilities(plain, binary=binary, normalise=normalise)
    return AskRequest(
        size=size,
        gold=gold,
        lease=lease_of(session, lease_seconds),
        key=named,
        holder=person_name(holder),
        by=session.by,
        model=model or "",
        scores_digest=digest or (digest_of_arrays(given) if named else ""),
        arrays=given,
        indexes=indexes_of(arrays),
        progress=reporter(progress),
    )


def _check_lengths(given: Mapping[str, Any], pool_rows: int) -> None:
    """Refuse arrays of another length than the pool. Raises: MismatchError."""
    for name, array in given.items():
        if len(array) != pool_rows:
            raise MismatchError(
                f"`{name}`",
                wanted=f"have one entry for each of the pool's {pool_rows:,} examples",
                got=f"{len(array):,}",
            )


def check_words(
    session: Session, size: object, gold: object, holder: str, model: str | None, lease_seconds: float | None
) -> tuple[int, int]:
    """`size` and `gold` as int, once these arguments of an ask are right. Raises: ArgumentError."""
    check_name(holder, "holder")
    check_text("" if model is None else model, "model")
    lease_of(session, lease_seconds)
    return whole(size, "`size`", least=1), whole(gold, "`gold`", least=0)


def require_possible(session: Session, size: int, gold: int, arrays: Mapping[str, Any]) -> None:
    """Refuse arrays of another length than the pool, a `size` beyond the budget or the examples left, too much `gold`.

    A round calls this before it records the model, because an ask that fails must leave no record of it.
    Raises: ArgumentError, MismatchError, ShapeError.
    """
    plain = arrays_of(arrays)
    check_entries(plain)
    with session.reading() as view:
        at, examples = session.now(), session.examples(view)
        state = _state(view, at)
        _check_lengths(plain, len(examples))
        check_class_count(plain, session.settings.labels.classes, view)
        ask_rules.check_gold(state.gold_to_ask, gold)
        ask_rules.check_budget(session.settings, view, size + gold)
        ask_rules.check_room(view, state, size, pool_rows=len(examples), at=at)


def count_gold_to_ask(session: Session) -> int:
    """How many gold examples an ask may add. Cost: reads the gold examples and their exclusions."""
    with session.reading() as view:
        gold = gold_of(view.read(GoldTable)).row
        exclusions = view.read(ExclusionTable, "row", gold.tolist())
        return int(((gold >= 0) & ~np.isin(gold, exclusions.row[exclusions.active == 1])).sum())


def lease_of(session: Session, seconds: float | None) -> int:
    """The length of a lease in microseconds; None stands for the campaign's. Raises: ArgumentError."""
    return round(check_lease(session.settings.lease_seconds if seconds is None else seconds) * MICROSECONDS)


def digest_of_arrays(given: Mapping[str, Any]) -> str:
    """One digest for the scores of an ask; "" for none. Cost: a hash of all their bytes."""
    return (
        digest_of(*(part for name, array in sorted(given.items()) for part in (name, np.asarray(array))))
        if given
        else ""
    )


def ask(session: Session, request: AskRequest) -> answers.Batch:
    """Choose and make a batch, or find the batch of its key. Raises: see `Campaign.ask`."""
    for _ in range(TRIES):
        with session.reading() as view:
            basis = _basis(session, request, view)
        selection = None if basis is None else _select(session, request, basis)
        with session.writing() as writer:
            batch = _make_or_find(session, request, writer, selection, basis)
            if batch is not None:
                return batch
    with session.writing() as writer:  # another process changed the pool every time: now the others wait
        basis = _basis(session, request, writer)
        selection = None if basis is None else _select(session, request, basis)
        batch = _make_or_find(session, request, writer, selection, basis)
        assert batch is not None
        return batch


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """What a selection was made from, at one moment.

    last_event: the number of the last event then. spend: what `check_budget` counted. control: what the ask does for
    the control.
    """

    state: PoolState
    examples: Examples
    clusters: Any
    last_event: int
    at: int
    spend: Mapping[str, int]
    control: ControlPlan


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """The rows of a batch before gold is added, and the story of its selection."""

    rows: Int64
    story: Mapping[str, Any]


def _basis(session: Session, request: AskRequest, view: View) -> _Basis | None:
    """The basis of a selection; None when the batch exists. Raises: ArgumentError when too few rows are free."""
    at = session.now()
    examples = session.examples(view)
    if earlier_report(view, request.act(at)) is not None:
        return None
    check_class_count(request.arrays, session.settings.labels.classes, view)  # they may have changed since
    state = _state(view, at)
    ask_rules.check_gold(state.gold_to_ask, request.gold)
    spend = ask_rules.check_budget(session.settings, view, request.size + request.gold)
    ask_rules.check_room(view, state, request.size, pool_rows=len(examples), at=at)
    examples.pool_if_there()  # refuses one that has changed: scores may go by its rows
    control, last = _control(session, view, state, request.size), int(view.last(EventTable).seq[0])
    return _Basis(state, examples, session.clusters(view), last, at, spend, control)


def _state(view: View, at: int) -> PoolState:
    """The state of the pool. Raises: CorruptFileError when a task or a kept count is lost, of which few are read."""
    if isinstance(view, CountedView):
        view.check((TaskTable, TallyTable))
    return ask_rules.pool_state(view, at)


def _control(session: Session, view: View, state: PoolState, size: int) -> ControlPlan:
    """What an ask for `size` does for the control.

    Cost: about a microsecond for each id, once for each pool; reads the labelled tasks.
    """
    quota = quota_of(session.settings.control, state.asked, size)
    if quota == 0:
        return NOTHING
    words = session.control_words(view)
    free, excluded, labelled = (np.zeros(len(words), bool) for _ in range(3))
    free[:] = True
    free[state.closed] = False
    excluded[state.excluded], labelled[ask_rules.labelled_rows(view, state.gold)] = True, True
    return plan_control(words, quota, state.control, free=free, excluded=excluded, labelled=labelled)


def _renew(session: Session, writer: Writer, number: int, request: AskRequest, act: Act) -> answers.Batch:
    """The batch of an earlier ask with this key, under a longer lease. Raises: MismatchError for other scores."""
    batch = writer.read(BatchTable, "number", [number])
    if request.scores_digest and batch.scores_digest[0] and request.scores_digest != batch.scores_digest[0]:
        raise ReusedKeyError(
            f"the key {request.key!r}",
            wanted="stand for one ask",
            got="the same ask with other scores",
            remedy="Repeat it as it was, or use a new key.",
        )
    people, holder = People(writer.read(PersonTable)), str(batch.holder[0])
    events = writer.read(EventTable, "key", [request.key])
    asked = int(events.seq[events.kind == act.kind][0])
    wanted = people.name_of(holder_now(writer, request.holder, since=asked))
    if request.holder and people.name_of(holder) != wanted:
        raise ReusedKeyError(
            f"the key {request.key!r}",
            wanted="stand for one ask",
            got=f"the same ask for {request.holder}; " + (f"{holder} has it" if holder else "nobody has it by name"),
            remedy="Repeat it as it was, or use a new key. To hand the batch over, release it (Campaign.release), and "
            "assign its examples (Campaign.assign).",
        )
    _refuse_other_model(batch, request.model)
    effects = ask_rules.renew_batch(
        batch, lease_until=act.at + request.lease, model=request.model, event=next_number(writer, EventTable)
    )
    record(writer, session.act("renew", act.at), effects)
    return read_batch(session, writer, number, renewed=True)


def check_model(session: Session, key: str, model: str) -> None:
    """Refuse another model than that of the batch of this key, where there is one. Raises: MismatchError."""
    with session.reading() as view:
        batches = view.read(BatchTable)
        _refuse_other_model(batches.take(batches.key == key), model)


def _refuse_other_model(batch: BatchTable, model: str) -> None:
    """Refuse a model for a batch that has another one. batch: one row, or none. Raises: MismatchError."""
    if not len(batch) or model in ("", batch.model[0]) or not batch.model[0]:
        return
    raise MismatchError(
        f"the model of round {int(batch.round[0])}",
        wanted=f"be {batch.model[0]!r}, with which the same request was made before",
        got=repr(model),
        remedy="Repeat it as it was. Another batch needs other scores, or an ask with a key of its own.",
    )


def read_batch(session: Session, view: View, number: int, *, renewed: bool = False) -> answers.Batch:
    """A batch as it was asked. Raises: NotFoundError."""
    batch, chosen = view.read(BatchTable, "number", [number]), view.read(BatchRowsTable, "number", [number])
    if not len(batch):
        raise NotFoundError(
            f"the batch {number}", wanted=f"be one of the campaign {session.name!r}", got="no such number"
        )
    rows, _ = ask_rules.rows_of(chosen)
    return answers.Batch(
        ids=session.examples(view).at(rows),
        rows=rows,
        number=number,
        round=int(batch.round[0]),
        key=str(batch.key[0]),
        holder=str(batch.holder[0]),
        asked_at=moment(int(batch.asked_at[0])),
        lease_until=moment(int(batch.lease_until[0])),
        story=json.loads(batch.story[0]),
        control=_control_rows(view, rows, number),
        model=str(batch.model[0]),
        renewed=renewed,
        passed_on=int(batch.passed_on[0]),
    )


def _control_rows(view: View, rows: Int64, number: int) -> Int64:
    """The rows of a batch that it was asked for as members of the control, in its order."""
    control = view.read(ControlTable, "row", rows.tolist())
    return rows[np.isin(rows, control.row[control.batch <= number])]


def number_of(view: View, number: int | None, key: str | None) -> int:
    """The number of the batch with this number or this key; of the last batch without both. Raises: NotFoundError."""
    batches = view.read(BatchTable)
    if number is not None and key is not None:
        raise ArgumentError("a batch", wanted="be named by its number or its key", got="both")
    if key is not None:
        batches = batches.take(batches.key == key)
    if number is not None:
        batches = batches.take(batches.number == whole(number, "`number`", least=1))
    if not len(batches):
        which = f"the batch {key!r}" if key else f"the batch {number}" if number else "a batch"
        raise NotFoundError(which, wanted="have been asked", got="none of that name or number")
    return int(batches.number[-1])


def _select(session: Session, request: AskRequest, basis: _Basis) -> _Chosen:
    """What the control draws and what the strategy chooses, by the seed of the next batch. Raises: as `Strategy.query`.

    The strategy chooses as if what was drawn had a label.
    """
    from ladle import strategies
    from ladle.strategies.query.contract import Story

    given, examples = dict(request.arrays), basis.examples
    options = dict(session.settings.options)
    if isinstance(basis.clusters, np.ndarray):
        options = without_cuts(options)
    strategy = strategies.create(session.settings.strategy, tree=basis.clusters, **options)
    check_order(request.indexes, examples.ids)
    _check_lengths(given, len(examples))
    if "embeddings" in strategy.needs and "embeddings" not in given:
        given["embeddings"] = _embeddings(examples, strategy.name)
    number, drawn = basis.state.batches + 1, basis.control.drawn
    seed = ask_rules.selection_seed(session.settings, number)
    closed = distinct(np.concatenate([basis.state.closed, drawn]))
    size, pool_rows = request.size - len(drawn), len(examples)
    if size == 0:
        story = Story(strategy.name, seed, 0, pool_rows, len(closed), 0)
        chosen = drawn[:0]
    else:
        selection = strategy.query(
            size, pool_rows=pool_rows, labelled=closed, seed=seed, progress=request.progress, **given
        )
        story, chosen = selection.story, selection.rows
    # To the strategy, what is out, excluded, assigned or gold is as if labelled; to the reader of the story it is not.
    told = story.to_dict() | {"labelled_rows": basis.state.labelled, "closed_rows": len(closed)}
    if session.settings.control:
        told["control_rows"] = len(drawn)
    return _Chosen(spread_over(chosen, drawn, seed=session.settings.seed, number=number), told)


def _embeddings(examples: Examples, strategy: str) -> Embeddings:
    try:
        return examples.pool.embeddings()
    except (ArgumentError, FileError) as error:
        raise type(error)(
            f"the strategy {strategy}",
            wanted="have the embeddings of the pool",
            got=f"its ids alone, because {error.subject} must {error.wanted}, and is {error.got}",
            remedy=error.remedy or "Give `embeddings`, or the pool: Campaign.open(..., pool=...).",
        ) from error


def _make_or_find(
    session: Session, request: AskRequest, writer: Writer, selection: _Chosen | None, basis: _Basis | None
) -> answers.Batch | None:
    """The batch, new or of the same key; None when a chosen row is no longer free, or another batch came between."""
    at = session.now()
    act = request.act(at)
    report = earlier_report(writer, act)
    if report is not None:
        return _renew(session, writer, int(report["batch"]), request, act)
    assert basis is not None  # a batch that existed before still exists
    assert selection is not None
    state, spend, event = basis.state, basis.spend, next_number(writer, EventTable)
    if event != basis.last_event + 1:
        state = ask_rules.pool_state(writer, at)
        spend = ask_rules.check_budget(session.settings, writer, request.size + request.gold)
        if state.batches != basis.state.batches or not ask_rules.still_free(state, selection.rows):
            return None
    number = state.batches + 1
    rows, gold = ask_rules.with_gold(session.settings, selection.rows, state.gold_to_ask, request.gold, number)
    joined, texts_at = basis.control.joined, basis.examples.texts_at
    predicted = predictions(session.settings.labels, request.arrays.get("probabilities"), joined)
    choice = BatchChoice(
        rows, texts_at(rows), gold, selection.story, basis.control, control_id=texts_at(joined), predicted=predicted
    )
    task = writer.read(TaskTable, "row", np.sort(rows).tolist())
    record(writer, act, ask_rules.make_batch(state, task, request, choice, event=event, at=at, spend=spend))
    return read_batch(session, writer, number)

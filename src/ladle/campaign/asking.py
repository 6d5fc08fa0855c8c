"""Asking: choose while others go on working, then make the batch if what was chosen is still there to be chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ladle.arrays import Embeddings
from ladle.campaign.creation import without_cuts
from ladle.campaign.examples import Examples
from ladle.campaign.score_arrays import arrays_of, check_order, indexes_of, with_classes
from ladle.campaign.session import Desk
from ladle.errors import ArgumentError, MismatchError, NotFoundError
from ladle.labelling import answers, ask_rules
from ladle.labelling.ask_rules import Asked, Standing
from ladle.labelling.contract import View, Writer
from ladle.labelling.events import Act, before, digest_of, next_number, record
from ladle.labelling.records import moment
from ladle.labelling.settings import check_count, check_lease
from ladle.labelling.tables import MICROSECONDS, Batch, BatchRows, Event
from ladle.progress import SILENT, Reporter

TRIES = 3  # selections while others go on working; the next one has them wait


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """An ask. given: the arrays the strategy goes by; indexes: what pandas had to tell of their rows.

    request: its digest, but for the scores'. `ask` checks them all, and fills in what follows from them.
    """

    size: int
    gold: int
    key: str
    holder: str
    lease: int  # microseconds
    model: str
    scores_digest: str
    request: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    indexes: dict[str, Any] = field(default_factory=dict)
    binary: bool = False  # what the probabilities are, see `ladle.margin`
    normalise: bool = False
    progress: Reporter = SILENT


def lease_of(desk: Desk, seconds: float | None) -> int:
    """How long a lease lasts, in microseconds. Raises: ArgumentError."""
    return round(check_lease(desk.settings.lease_seconds if seconds is None else seconds) * MICROSECONDS)


def digest_of_arrays(given: dict[str, Any]) -> str:
    """What tells the scores of one ask from those of another; "" for none. Cost: a hash of all their bytes."""
    return (
        digest_of(*(part for name, array in sorted(given.items()) for part in (name, np.asarray(array))))
        if given
        else ""
    )


def ask(desk: Desk, order: Order) -> answers.Batch:
    """Choose and make a batch, or find it under its key. Raises: see `Campaign.ask`."""
    order = _checked(desk, order)
    for _ in range(TRIES):
        with desk.reading() as view:
            ground = _ground(desk, order, view)
        selection = None if ground is None else _selection(desk, order, ground)
        with desk.writing() as writer:
            made = _made(desk, order, writer, selection, ground)
            if made is not None:
                return made
    with desk.writing() as writer:  # others came between every time: now they wait for us
        ground = _ground(desk, order, writer)
        selection = None if ground is None else _selection(desk, order, ground)
        made = _made(desk, order, writer, selection, ground)
        assert made is not None
        return made


def _checked(desk: Desk, order: Order) -> Order:
    size, gold = check_count(order.size, "size", least=1), check_count(order.gold, "gold", least=0)
    given = with_classes(
        arrays_of(order.given), desk.settings.labels.classes, binary=order.binary, normalise=order.normalise
    )
    digest = order.scores_digest or (digest_of_arrays(given) if order.key else "")
    return replace(
        order,
        size=size,
        gold=gold,
        request=digest_of(size, gold),
        scores_digest=digest,
        given=given,
        indexes=indexes_of(order.given),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """What a selection goes by, as it was at a moment. seen: the last event then."""

    place: Standing
    examples: Examples
    clusters: Any
    seen: int
    at: int


def _ground(desk: Desk, order: Order, view: View) -> _Ground | None:
    """Where things stand; None when the batch is made already. Raises: ArgumentError when there is no room for it."""
    at = desk.now()
    examples = desk.examples(view)
    if before(view, Act("ask", at, order.holder, order.key, order.request)) is not None:
        return None
    place = ask_rules.standing(view, desk.settings)
    ask_rules.check_budget(desk.settings, place.asked_labels, order.size + order.gold)
    ask_rules.check_room(place, order.size, pool_rows=len(examples), at=at)
    return _Ground(place, examples, desk.clusters(view), int(view.last(Event).seq[0]), at)


def _renewed(desk: Desk, writer: Writer, number: int, order: Order, at: int) -> answers.Batch:
    """The batch of an earlier ask with this key, its lease renewed. Raises: MismatchError for other scores."""
    batch = writer.read(Batch, "number", [number])
    if order.scores_digest and batch.scores_digest[0] and order.scores_digest != batch.scores_digest[0]:
        raise MismatchError(
            f"the key {order.key!r}",
            wanted="stand for one ask",
            got="the same ask with other scores",
            remedy="Repeat it as it was, or use a new key.",
        )
    effects = ask_rules.renewed(batch, lease_until=at + order.lease, event=next_number(writer, Event))
    record(writer, Act("renew", at, order.holder), effects)
    return batch_answer(desk, writer, number, renewed=True)


def batch_answer(desk: Desk, view: View, number: int, *, renewed: bool = False) -> answers.Batch:
    """A batch as it was asked. Raises: NotFoundError."""
    batch, chosen = view.read(Batch, "number", [number]), view.read(BatchRows, "number", [number])
    if not len(batch):
        raise NotFoundError(f"the batch {number}", wanted=f"be one of the campaign {desk.name!r}", got="no such number")
    rows, _ = ask_rules.rows_of(chosen)
    return answers.Batch(
        ids=desk.examples(view).at(rows),
        rows=rows,
        number=number,
        round=int(batch.round[0]),
        key=str(batch.key[0]),
        holder=str(batch.holder[0]),
        asked_at=moment(int(batch.asked_at[0])),
        lease_until=moment(int(batch.lease_until[0])),
        story=json.loads(batch.story[0]),
        model=str(batch.model[0]),
        renewed=renewed,
        passed_on=int(batch.passed_on[0]),
    )


def number_of(view: View, number: int | None, key: str | None) -> int:
    """The number of a batch named by its number, by its key, or not at all: the last. Raises: NotFoundError."""
    batches = view.read(Batch)
    if number is not None and key is not None:
        raise ArgumentError("a batch", wanted="be named by its number or its key", got="both")
    if key is not None:
        batches = batches.take(batches.key == key)
    if number is not None:
        batches = batches.take(batches.number == check_count(number, "number", least=1))
    if not len(batches):
        which = f"the batch {key!r}" if key else f"the batch {number}" if number else "a batch"
        raise NotFoundError(which, wanted="have been asked", got="none of that name or number")
    return int(batches.number[-1])


def _selection(desk: Desk, order: Order, ground: _Ground) -> Any:
    """The strategy's choice, by the seed of the batch that comes next. Raises: as `Strategy.query`."""
    from ladle import strategies

    given, examples = dict(order.given), ground.examples
    options = dict(desk.settings.options)
    if isinstance(ground.clusters, np.ndarray):
        options = without_cuts(options)
    strategy = strategies.create(desk.settings.strategy, tree=ground.clusters, **options)
    check_order(order.indexes, examples.ids)
    for name, array in given.items():
        if len(array) != len(examples):
            raise MismatchError(
                f"`{name}`",
                wanted=f"have one entry for each of the pool's {len(examples):,} examples",
                got=f"{len(array):,}",
            )
    if "embeddings" in strategy.needs and "embeddings" not in given:
        given["embeddings"] = _embeddings(examples, strategy.name)
    seed = ask_rules.selection_seed(desk.settings, ground.place.batches + 1)
    closed = ground.place.closed(ground.at)
    return strategy.query(
        order.size, pool_rows=len(examples), labelled=closed, seed=seed, progress=order.progress, **given
    )


def _embeddings(examples: Examples, strategy: str) -> Embeddings:
    if examples.pool is None:
        raise ArgumentError(
            f"the strategy {strategy}",
            wanted="have the embeddings of the pool",
            got="its ids alone",
            remedy="Give `embeddings`, or the pool: Campaign.open(..., pool=...).",
        )
    return examples.pool.embeddings()


def _made(desk: Desk, order: Order, writer: Writer, selection: Any, ground: _Ground | None) -> answers.Batch | None:
    """The batch, made or found; None when what was chosen is no longer free, or another batch came between."""
    at = desk.now()
    act = Act("ask", at, order.holder, order.key, order.request)
    told = before(writer, act)
    if told is not None:
        return _renewed(desk, writer, int(told["batch"]), order, at)
    assert ground is not None  # what was made stays made
    place, event = ground.place, next_number(writer, Event)
    if event != ground.seen + 1:
        place = ask_rules.standing(writer, desk.settings)
        if place.batches != ground.place.batches or not ask_rules.still_free(place, selection.rows, at):
            return None
    number = place.batches + 1
    rows, gold = ask_rules.with_gold(desk.settings, selection.rows, place.gold, order.gold, number)
    batch = Asked(
        row=rows,
        example_id=ground.examples.texts_at(rows),
        gold=gold,
        number=number,
        event=event,
        at=at,
        lease_until=at + order.lease,
        story=selection.story.to_dict(),
        key=order.key,
        holder=order.holder,
        model=order.model,
        scores_digest=order.scores_digest,
    )
    record(writer, act, ask_rules.asked(place, batch))
    return batch_answer(desk, writer, number)

"""Which rows an ask may choose, and what an ask writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ladle.counts import counted, of_number
from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import Int64, Texts, distinct, repeated, texts
from ladle.labelling.contract.events import Act, Effects, digest_of
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    ASKED,
    NO_ROW,
    AssignmentTable,
    BatchRowsTable,
    BatchTable,
    ControlTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    TallyTable,
    TaskTable,
    gold_of,
)
from ladle.labelling.contract.tallies import counts_in
from ladle.labelling.measures.spending import spend_kept
from ladle.labelling.people import People
from ladle.labelling.rules.assign import kept_rows
from ladle.labelling.rules.control import NOTHING, ControlPlan, new_members
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, LABELLED, OPEN, STATES
from ladle.progress import SILENT, Reporter
from ladle.seeds import MAX_SEED, child_seed, stream

_ALL = 1 << 40  # rows: more than any table has


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AskRequest:
    """One ask, checked. Everything from the border of a campaign down to the rules reads this one object.

    size, gold: how many examples to choose, and how many gold examples to add. lease: in microseconds. key, holder,
    model, scores_digest: "" for none. by: who asks. arrays: what the strategy reads, each of the whole pool in row
    order. indexes: the pandas indexes that came with the arrays.
    """

    size: int
    gold: int
    lease: int
    key: str = ""
    holder: str = ""
    by: str = ""
    model: str = ""
    scores_digest: str = ""
    arrays: Mapping[str, Any] = field(default_factory=dict)
    indexes: Mapping[str, Any] = field(default_factory=dict)
    progress: Reporter = SILENT

    def act(self, at: int) -> Act:
        """The ask as an event at a moment, in microseconds. Scores are compared apart from its digest."""
        return Act("ask", at, self.by, self.key, digest_of(self.size, self.gold))


@dataclass(frozen=True, slots=True, eq=False)
class PoolState:
    """The pool at one moment.

    closed: the rows that no ask may choose: labelled, disputed, excluded, gold, assigned or under a lease; ascending.
    excluded, gold, assigned: rows of the pool, without examples that were taken out of it; of those assigned only the
    ones that their assignees have not answered.
    batches: the number of batches. asked: the size of all of them together. control: the rows of its members.
    """

    closed: Int64
    excluded: Int64
    gold: Int64
    assigned: Int64
    batches: int
    asked: int
    labelled: int
    control: Int64

    @property
    def gold_to_ask(self) -> Int64:
        """The rows of the gold examples that are not excluded."""
        return self.gold[~np.isin(self.gold, self.excluded)]


@dataclass(frozen=True, slots=True, eq=False)
class BatchChoice:
    """The rows of a batch in the order of choice, gold among them, and their ids. gold: which rows are gold.

    control: what the ask does for the control. control_id, predicted: (joined,) of its new members.
    """

    row: Int64
    example_id: Texts
    gold: Int64
    story: Mapping[str, Any]
    control: ControlPlan = NOTHING
    control_id: Texts = field(default_factory=lambda: texts(()))
    predicted: Texts = field(default_factory=lambda: texts(()))


def pool_state(view: View, at: int) -> PoolState:
    """Read the state of the pool. at: now, in microseconds.

    Cost: reads all batches, leases and exclusions, the open tasks of batches whose lease has ended, and the tasks that
    no ask has chosen.
    """
    batches, exclusions, assignments = view.read(BatchTable), view.read(ExclusionTable), view.read(AssignmentTable)
    of_assigned = view.read(LabelTable, "row", np.unique(assignments.row[assignments.active == 1]).tolist())
    gold, excluded = gold_of(view.read(GoldTable)).row, exclusions.row[exclusions.active == 1]
    assigned = kept_rows(assignments, of_assigned, People(view.read(PersonTable)))
    closed = np.concatenate([_held(view, batches, at), excluded, gold, assigned])
    tasks = counts_in(view.read(TallyTable, "sheet", ["tasks"]))
    return PoolState(
        closed=distinct(closed[closed >= 0]),
        excluded=excluded[excluded >= 0],
        gold=gold[gold >= 0],
        assigned=assigned[assigned >= 0],
        batches=len(batches),
        asked=int(batches.size.sum()),
        labelled=sum(count for (_, word, _, _), count in tasks.items() if word == STATES[LABELLED]),
        control=view.read(ControlTable).row,
    )


def _held(view: View, batches: BatchTable, at: int) -> Int64:
    """The rows of the tasks that are not open, or under a lease.

    A task of a batch is one of the rows of that batch, so only the open ones of batches without a lease are read.
    """
    chosen, leases = view.read(BatchRowsTable), view.read(LeaseTable)
    asked = [np.frombuffer(each, "<i8").astype(np.int64) for each in chosen.row_list.tolist()]
    ended = batches.number[batches.lease_until <= at].tolist()
    free = [_tasks(view, OPEN, number).row for number in ended]
    unasked = [_tasks(view, state, 0).row for state in (LABELLED, DISPUTED, EXCLUDED)]
    of_batches = distinct(np.concatenate([np.empty(0, np.int64), *asked]))
    if free:
        of_batches = of_batches[~np.isin(of_batches, np.concatenate(free))]
    return np.concatenate([of_batches, *unasked, leases.row[leases.lease_until > at]])


def _tasks(view: View, state: int, batch: int) -> TaskTable:
    """The tasks of a batch in this state; of those that no ask has chosen with batch 0."""
    return view.page(TaskTable, {"state": state, "batch": batch}, ["row"], [NO_ROW], _ALL)


def labelled_rows(view: View, gold: Int64) -> Int64:
    """The rows of the pool with a label, gold among them. Cost: reads the labelled tasks."""
    rows = view.read(TaskTable, "state", [LABELLED]).row
    return distinct(np.concatenate([rows[rows >= 0], gold]))


def lease_ends(task: TaskTable, batches: BatchTable, leases: LeaseTable) -> Int64:
    """(tasks,) the end of each task's longest lease, of its batch or of an annotator who took it; 0 for none."""
    by_batch = np.zeros(int(batches.number.max()) + 1 if len(batches) else 1, np.int64)
    by_batch[batches.number] = batches.lease_until
    until: Int64 = by_batch[task.batch]
    if len(leases):
        places = np.searchsorted(task.row, leases.row)
        np.maximum.at(until, places, leases.lease_until)
    return until


def check_budget(settings: Settings, view: View, size: int) -> Mapping[str, int]:
    """Refuse an ask for `size` tasks beyond the budget; return what it counted, for the log.

    Raises: ArgumentError that names what is paid for, reserved and left.
    Cost: reads some kept counts where there is a budget.
    """
    if settings.budget is None:
        return {}
    people = settings.annotators_per_task
    spend = spend_kept(settings, counts_in(view.read(TallyTable, "sheet", ["tasks", "payments"])))
    left = spend.left(settings.budget) or 0
    if size * people > left:
        each = "" if people == 1 else f", {people} for each example"
        raise ArgumentError(
            "`size`",
            wanted=f"be within the budget of {counted(settings.budget, 'label')}{each}: "
            f"{spend.paid:,} {of_number(spend.paid, 'is')} paid for, {spend.reserved:,} reserved for tasks that were "
            f"asked for, and {left:,} left for {counted(left // people, 'example')}",
            got=f"{size:,}",
            remedy="Ask for fewer, exclude examples that will not be labelled, or raise the budget: "
            "Campaign.set(budget=...). Tasks that were asked for can be taken without a new ask.",
        )
    return {"budget": settings.budget, "paid": spend.paid, "reserved": spend.reserved, "labels": size * people}


def check_room(view: View, state: PoolState, size: int, *, pool_rows: int, at: int) -> None:
    """Refuse an ask for more rows than are free. Raises: ArgumentError that says why they are not.

    at: the moment of `state`. Cost: nothing; reads all tasks for the error.
    """
    free = pool_rows - len(state.closed)
    if size <= free:
        return
    task = view.read(TaskTable)
    until = lease_ends(task, view.read(BatchTable), view.read(LeaseTable))
    out = task.row[(task.state == OPEN) & (until > at)]
    held = len(distinct(np.concatenate([out, np.setdiff1d(state.assigned, state.excluded)])))
    raise ArgumentError(
        "`size`",
        wanted=f"be at most the {counted(free, 'example')} to choose from (of {pool_rows:,}: {held:,} "
        f"{of_number(held, 'is')} out for labelling, {len(state.excluded):,} excluded, the rest labelled or disputed)",
        got=f"{size:,}",
        remedy="Ask for fewer, wait for labels or leases, or extend the pool.",
    )


def selection_seed(settings: Settings, number: int) -> int:
    """The seed of a batch's selection. It depends on the campaign's seed and the batch's number alone."""
    return child_seed(settings.seed, "batch", number) & MAX_SEED


def check_gold(gold: Int64, count: int) -> None:
    """Refuse to add more gold examples than there are. gold: their rows. Raises: ArgumentError."""
    if count > len(gold):
        wanted = f"be at most the {len(gold):,} gold examples"
        raise ArgumentError("`gold`", wanted=wanted, got=f"{count:,}", remedy="Excluded ones do not count.")


def with_gold(settings: Settings, rows: Int64, gold: Int64, count: int, number: int) -> tuple[Int64, Int64]:
    """`rows` with `count` gold examples at random places among them, and the rows of those gold examples.

    Raises: ArgumentError when there are fewer. Repeats: by the campaign's seed and the batch's number.
    """
    check_gold(gold, count)
    if count == 0:
        return rows, rows[:0]
    random = stream(settings.seed, "gold", number)
    chosen = random.choice(np.sort(gold), count, replace=False)
    places = np.sort(random.integers(0, len(rows) + 1, count))
    return np.insert(rows, places, chosen), chosen


def make_batch(
    state: PoolState,
    task: TaskTable,
    request: AskRequest,
    choice: BatchChoice,
    *,
    event: int,
    at: int,
    spend: Mapping[str, int],
) -> Effects:
    """The next batch, new tasks for its examples without one, and the open tasks that move to it.

    An open task moves to the batch that asks for it last, once the lease of its earlier batch has expired.
    task: those of the chosen examples, ascending. spend: what `check_budget` counted.
    """
    number = state.batches + 1
    place = np.arange(len(choice.row), dtype=np.int64)
    order = np.argsort(choice.row)
    rows = choice.row[order]
    there = np.isin(rows, task.row)
    fresh, again = order[~there], order[there]
    count = len(fresh)
    states = np.where(np.isin(choice.row[fresh], state.excluded), EXCLUDED, OPEN)
    new = TaskTable(
        row=choice.row[fresh],
        example_id=choice.example_id[fresh],
        origin=repeated(ASKED, count),
        state=states.astype(np.int64),
        batch=repeated(number, count),
        place=place[fresh],
        event=repeated(event, count),
    )
    moved = replace(
        task,
        batch=repeated(number, len(task)),
        place=place[again],
        event=repeated(event, len(task)),
    )
    passed_on = int(np.sum((task.batch > 0) & ~np.isin(task.row, state.gold)))
    story = json.dumps(choice.story, ensure_ascii=False, sort_keys=True)
    batch = BatchTable(
        number=repeated(number, 1),
        round=repeated(number, 1),
        key=repeated(request.key, 1),
        holder=repeated(request.holder, 1),
        asked_at=repeated(at, 1),
        lease_until=repeated(at + request.lease, 1),
        size=repeated(len(choice.row), 1),
        passed_on=repeated(passed_on, 1),
        story=repeated(story, 1),
        model=repeated(request.model, 1),
        scores_digest=repeated(request.scores_digest, 1),
        event=repeated(event, 1),
    )
    listed, gold = choice.row.astype("<i8").tobytes(), np.sort(choice.gold).astype("<i8").tobytes()
    report = {
        "batch": number,
        "size": len(choice.row),
        "new": count,
        "passed_on": passed_on,
        "gold": len(choice.gold),
        **({"holder": request.holder} if request.holder else {}),
        **({"spend": dict(spend)} if spend else {}),
    }
    plan = choice.control
    if len(plan.joined) or len(plan.drawn):
        report["control"] = {"drawn": len(plan.drawn), "joined": len(plan.joined)}
    control = new_members(plan, choice.control_id, choice.predicted, batch=number, event=event)
    batch_rows = BatchRowsTable.of([(number, listed, gold, event)])
    return Effects(added=(new, batch, batch_rows, control), changed=(moved,), report=report)


def renew_batch(batch: BatchTable, *, lease_until: int, model: str, event: int) -> Effects:
    """The same batch with a longer lease. model: that of its scores, recorded where it had none; "" for none."""
    longer = np.maximum(batch.lease_until, lease_until)
    report: dict[str, Any] = {"batch": int(batch.number[0]), "lease_until": int(longer[0])}
    if model and not batch.model[0]:
        batch = replace(batch, model=repeated(model, 1))
        report["model"] = model
    changed = replace(batch, lease_until=longer, event=repeated(event, len(batch)))
    return Effects(changed=(changed,), report=report)


def still_free(state: PoolState, rows: Int64) -> bool:
    """Whether an ask may (still) choose all these rows."""
    return not np.isin(rows, state.closed).any()


def rows_of(batch: BatchRowsTable) -> tuple[Int64, Int64]:
    """The rows of a table of one batch, in the order of choice, and its gold rows."""
    rows, gold = (np.frombuffer(listed[0], "<i8").astype(np.int64) for listed in (batch.row_list, batch.gold_list))
    return rows, gold

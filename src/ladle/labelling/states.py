"""The states of a task, and which rule moves a task from which state to which.

                 enough labels         too little
                 that agree            agreement
        open --------------> labelled   open/labelled --> disputed
          ^                     |                            |
          |    labels deleted   |      one more, and agreed  |
          +---------------------+          disputed --> labelled

    a lead's final word: open/disputed --adjudicate--> labelled --undo--> the state that its labels give
    any of the three --exclude--> excluded --include--> the state that its labels give
    any of the three --set--> another of them; labelled <--class--> disputed

    replace (a new pool): as exclude for an example that is no longer in the pool, as include for one that is again

A lease is no state: whether a task is held depends on the clock alone.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Literal

from ladle.errors import LadleError
from ladle.labelling.contract import tables
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.tables import TaskTable
from ladle.labelling.contract.tallies import counted_states

OPEN, LABELLED, DISPUTED, EXCLUDED = tables.OPEN, tables.LABELLED, tables.DISPUTED, tables.EXCLUDED
STATES = tables.STATES

WAITING = (OPEN, DISPUTED)  # the states of a task that waits for labels

Rule = Literal[
    "tell", "delete", "untell", "merge people", "exclude", "include", "adjudicate", "undo", "replace", "set", "class"
]

# The moves that each rule can make; a task may always keep its state. A tell never takes answers away, so it opens no
# task. Deletions, files untold and merged people add no answer, so they settle no open task. A final word settles;
# taking it back never does. Excluded tasks change by `exclude` and `include` alone.
# Other settings (how many people, which rule) judge every task anew. Merged classes change what labels say and not how
# many there are, so they open no task and settle no open one.
MOVES: dict[Rule, frozenset[tuple[int, int]]] = {
    "tell": frozenset({(OPEN, LABELLED), (OPEN, DISPUTED), (LABELLED, DISPUTED), (DISPUTED, LABELLED)}),
    "delete": frozenset({(LABELLED, OPEN), (DISPUTED, OPEN), (LABELLED, DISPUTED), (DISPUTED, LABELLED)}),
    "untell": frozenset({(LABELLED, OPEN), (DISPUTED, OPEN), (LABELLED, DISPUTED), (DISPUTED, LABELLED)}),
    "merge people": frozenset({(LABELLED, OPEN), (DISPUTED, OPEN), (LABELLED, DISPUTED), (DISPUTED, LABELLED)}),
    "exclude": frozenset({(OPEN, EXCLUDED), (LABELLED, EXCLUDED), (DISPUTED, EXCLUDED)}),
    "adjudicate": frozenset({(OPEN, LABELLED), (DISPUTED, LABELLED)}),
    "undo": frozenset({(LABELLED, OPEN), (LABELLED, DISPUTED)}),
    "include": frozenset({(EXCLUDED, OPEN), (EXCLUDED, LABELLED), (EXCLUDED, DISPUTED)}),
    "set": frozenset(permutations((OPEN, LABELLED, DISPUTED), 2)),
    "class": frozenset({(LABELLED, DISPUTED), (DISPUTED, LABELLED)}),
}
MOVES["replace"] = MOVES["exclude"] | MOVES["include"]


def as_counted(task: TaskTable, gold: Int64) -> TaskTable:
    """The tasks with the states that lists and counts go by: a gold example in dispute is labelled.

    Its label is known. So it waits for nobody, reserves nothing, and no lead has to decide. Its stored state is that of
    its labels, because it may be gold no more one day. gold: rows, as `gold_of` has them.
    """
    return replace(task, state=counted_states(task, gold))


def check_moves(rule: Rule, before: Int64, after: Int64) -> None:
    """Refuse a move that the rule cannot make: the rule has a fault, and nothing must be written.

    before, after: (tasks,) the states. Raises: LadleError.
    """
    for old, new in set(zip(before.tolist(), after.tolist(), strict=True)):
        if old != new and (old, new) not in MOVES[rule]:
            raise LadleError(
                f"the rule {rule!r}",
                wanted="move tasks as the table of states allows",
                got=f"a move from {STATES[old]} to {STATES[new]}",
            )

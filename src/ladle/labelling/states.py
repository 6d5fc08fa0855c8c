"""The states of a task, and the one table of how it moves between them.

                 enough labels         too little
                 that agree            agreement
        open --------------> labelled   open/labelled --> disputed
          ^                     |                            |
          |    labels deleted   |      one more, and agreed  |
          +---------------------+          disputed --> labelled

    any of the three --exclude--> excluded --include--> what its labels make of it

A lease is no state: whether a task is held is a matter of the clock alone.
"""

from __future__ import annotations

from ladle.errors import LadleError
from ladle.labelling.columns import Int64

OPEN, LABELLED, DISPUTED, EXCLUDED = range(4)
STATES = ("open", "labelled", "disputed", "excluded")

WAITING = (OPEN, DISPUTED)  # for labels

# What may follow what; a state may always stay.
MOVES: dict[int, tuple[int, ...]] = {
    OPEN: (LABELLED, DISPUTED, EXCLUDED),
    LABELLED: (OPEN, DISPUTED, EXCLUDED),
    DISPUTED: (OPEN, LABELLED, EXCLUDED),
    EXCLUDED: (OPEN, LABELLED, DISPUTED),
}


def check_moves(before: Int64, after: Int64) -> None:
    """Raises: LadleError for a move that the table does not have: a rule is wrong, and nothing must be written."""
    moves = set(zip(before.tolist(), after.tolist(), strict=True))
    for was, becomes in moves:
        if was != becomes and becomes not in MOVES.get(was, ()):
            raise LadleError("a task", wanted="move as its table of states has it", got=f"{was} to {becomes}")

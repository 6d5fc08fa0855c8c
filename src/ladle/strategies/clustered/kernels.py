"""Compiled loops over clusters: grouping, places, the round-robin. All are serial: no result depends on threads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.mixing import GAMMA, mix_word

Longs = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int32]

ONE = np.uint64(1)


@kernel
def below(draw_key: np.uint64, name: np.uint64, turn: np.uint64, size: np.uint64) -> np.uint64:
    """A number from 0 to size - 1, each equally likely: the draw of cluster `name` at its turn `turn`.

    A word modulo `size` would favour small remainders by 2**64 mod size words; exactly those words are rejected.
    """
    word: np.uint64 = mix_word(mix_word(draw_key + GAMMA * (name + ONE)) + GAMMA * (turn + ONE))
    unfair = (np.uint64(0) - size) % size
    while word < unfair:
        word = mix_word(word + GAMMA)
    return word % size


@kernel
def scatter(rows: Longs, labels: Labels, cursors: Longs, members: Longs) -> None:
    """Put each row at the place of its label's cursor, and advance the cursor: the last step of a counting sort.

    rows: (k,) int64; labels: (k,) int32; cursors: (count,) int64, overwritten; members: (k,) int64, written whole.
    """
    for candidate_pos in range(rows.size):
        label = labels[candidate_pos]
        place = cursors[label]
        members[place] = rows[candidate_pos]
        cursors[label] = place + 1


@kernel
def place_in_cluster(labels: Labels, counts: Longs, places: Longs) -> None:
    """How many rows before each row have its label.

    labels: (k,) int32; counts: (count,) int64, zeros, overwritten; places: (k,) int64, written whole.
    """
    for row_pos in range(labels.size):
        label = labels[row_pos]
        places[row_pos] = counts[label]
        counts[label] += 1


@kernel
def round_robin(draw_key: np.uint64, names: Longs, starts: Longs, members: Longs, in_play: Longs, batch: Longs) -> int:
    """Fill `batch` from the groups in turn, one random member a visit, and return the number of rounds begun.

    names: (g,) int64; starts: (g + 1,) int64; members: (k,) int64, k >= len(batch), permuted in place; in_play:
    (g,) int64, 0..g-1, overwritten; batch: (b,) int64, written whole. Every group in play is visited once a round, so
    in round `turn` the first `turn` members of each are in the batch: a Fisher-Yates shuffle, as deep as the visits.
    """
    playing = names.size
    batch_pos = 0
    turn = 0
    while batch_pos < batch.size and playing > 0:
        staying = 0
        for place in range(playing):
            group = in_play[place]
            first = starts[group] + turn
            left = starts[group + 1] - first
            pick = first + np.int64(below(draw_key, np.uint64(names[group]), np.uint64(turn), np.uint64(left)))
            batch[batch_pos] = members[pick]
            members[pick] = members[first]
            batch_pos += 1
            if batch_pos == batch.size:
                break
            if left > 1:
                in_play[staying] = group
                staying += 1
        playing = staying
        turn += 1
    return turn

"""Compiled loops of the text learner: hashing a text into buckets, and an embedding bag over them; all are serial."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.compiled import kernel
from ladle.mixing import mix_word

Letters = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Longs = npt.NDArray[np.int64]

BASIS, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # of FNV-1a, 64 bits
BEGIN, END = np.uint64(2), np.uint64(3)  # ASCII's marks of a text's start and end
WORD = np.uint64(0x9E3779B97F4A7C15)  # the start of a word's hash: other than that of an n-gram of the same letters


@kernel
def bucket(word: np.uint64, mask: int) -> np.uint64:
    """The bucket of a hash, which is mixed first, because the low bits of FNV are not random."""
    return mix_word(word) & np.uint64(mask)


@kernel
def pieces(text: Letters, shortest: int, longest: int, words: bool, mask: int, buckets: Longs) -> int:
    """Write the buckets of a text's pieces to `buckets`, and return how many there are, at least one.

    text: (width,) uint8, zeros after its end; buckets: (most_pieces(...),) int64, owned by the caller.
    """
    length = text.size
    while length > 0 and text[length - 1] == 0:
        length -= 1
    count = 0
    for start in range(-1, length + 1):
        word = BASIS
        for size in range(1, min(longest, length + 1 - start) + 1):
            position = start + size - 1
            letter = BEGIN if position < 0 else (END if position == length else np.uint64(text[position]))
            word = (word ^ letter) * PRIME
            if size >= shortest:
                buckets[count] = bucket(word, mask)
                count += 1
    if words:
        count = whole_words(text, length, mask, buckets, count)
    if count == 0:  # a text without pieces, such as without words, is a bag of one piece
        buckets[0] = bucket(WORD, mask)
        count = 1
    return count


@kernel
def whole_words(text: Letters, length: int, mask: int, buckets: Longs, count: int) -> int:
    """Add the words of `text` and pairs of neighbouring words to `buckets` from `count` on; return the new count."""
    before = np.uint64(0)
    word = WORD
    inside = False
    for position in range(length + 1):
        letter = np.int64(text[position]) if position < length else 32
        if 65 <= letter <= 90:
            letter += 32
        if 48 <= letter <= 57 or 97 <= letter <= 122 or letter >= 128:  # digits, letters, and what is not ASCII
            word = (word ^ np.uint64(letter)) * PRIME
            inside = True
        elif inside:
            buckets[count] = bucket(word, mask)
            count += 1
            if before != np.uint64(0):
                buckets[count] = bucket(before * PRIME + word, mask)
                count += 1
            before = word
            word = WORD
            inside = False
    return count


@kernel
def most_pieces(width: int, shortest: int, longest: int, words: bool) -> int:
    """The most pieces a text of `width` bytes can have."""
    return (width + 2) * max(0, longest - shortest + 1) + (width + 2 if words else 0) + 1


@kernel
def count_pieces(letters: Letters, shortest: int, longest: int, words: bool, mask: int, counts: Floats) -> None:
    """letters: (n, width) uint8; counts: (n, buckets) float32, zeros, added to."""
    buckets = np.empty(most_pieces(letters.shape[1], shortest, longest, words), np.int64)
    for row in range(len(letters)):
        for place in range(pieces(letters[row], shortest, longest, words, mask, buckets)):
            counts[row, buckets[place]] += np.float32(1)


@kernel
def bag(table: Floats, buckets: Longs, count: int, hidden: Floats) -> None:
    """hidden: (dim,) float32, written whole: the mean of the first `count` of `buckets` in table (buckets, dim)."""
    hidden[:] = 0
    for place in range(count):
        vector = table[buckets[place]]
        for axis in range(hidden.size):
            hidden[axis] += vector[axis]
    hidden *= np.float32(1) / np.float32(count)


@kernel
def chances(hidden: Floats, weights: Floats, biases: Floats, likely: Floats) -> None:
    """likely: (classes,) float32, written whole: softmax of weights (classes, dim) @ hidden + biases."""
    for label in range(likely.size):
        total = biases[label]
        for axis in range(hidden.size):
            total += weights[label, axis] * hidden[axis]
        likely[label] = total
    highest = likely.max()
    whole = np.float32(0)
    for label in range(likely.size):
        likely[label] = np.exp(likely[label] - highest)
        whole += likely[label]
    likely *= np.float32(1) / whole


@kernel
def train(
    letters: Letters, labels: Longs, order: Longs,
    shortest: int, longest: int, words: bool, mask: int,
    rates: Floats, table: Floats, weights: Floats, biases: Floats,
) -> None:  # fmt: skip
    """One pass of stochastic gradient descent over the examples in `order`, one at a time.

    letters: (n, width) uint8; labels: (n,) int64; order: (n,) int64; rates: (2,) float32, the learning rate at the
    start and at the end, linear in between; table: (buckets, dim), weights: (classes, dim), biases: (classes,)
    float32, changed in place.
    """
    buckets = np.empty(most_pieces(letters.shape[1], shortest, longest, words), np.int64)
    hidden = np.empty(table.shape[1], np.float32)
    back = np.empty(table.shape[1], np.float32)
    likely = np.empty(len(weights), np.float32)
    for step in range(order.size):
        rate = rates[0] + (rates[1] - rates[0]) * np.float32(step / order.size)
        row = order[step]
        count = pieces(letters[row], shortest, longest, words, mask, buckets)
        bag(table, buckets, count, hidden)
        chances(hidden, weights, biases, likely)
        back[:] = 0
        for label in range(likely.size):
            push = rate * ((np.float32(1) if label == labels[row] else np.float32(0)) - likely[label])
            biases[label] += push
            for axis in range(hidden.size):
                back[axis] += push * weights[label, axis]
                weights[label, axis] += push * hidden[axis]
        back *= np.float32(1) / np.float32(count)
        for place in range(count):
            vector = table[buckets[place]]
            for axis in range(hidden.size):
                vector[axis] += back[axis]


@kernel
def apply(
    letters: Letters, shortest: int, longest: int, words: bool, mask: int,
    table: Floats, weights: Floats, biases: Floats, wants_hidden: bool, answer: Floats,
) -> None:  # fmt: skip
    """answer: (n, dim) or (n, classes) float32, written whole: the mean vector of each text, or its chances."""
    buckets = np.empty(most_pieces(letters.shape[1], shortest, longest, words), np.int64)
    hidden = np.empty(table.shape[1], np.float32)
    for row in range(len(letters)):
        count = pieces(letters[row], shortest, longest, words, mask, buckets)
        bag(table, buckets, count, hidden)
        if wants_hidden:
            answer[row] = hidden
        else:
            chances(hidden, weights, biases, answer[row])

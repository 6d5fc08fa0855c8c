"""SplitMix64 by its twins, against plain integers; written once in the whole source."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ladle.compiled import kernel
from ladle.mixing import GAMMA, mix, mix_word
from tests.house.rooms import SOURCE, files

WORD = 2**64


def finalised(word: int) -> int:
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % WORD
    return word ^ (word >> 31)


@kernel
def mix_all(words, out):
    for place in range(words.size):
        out[place] = mix_word(words[place])


@given(arrays.arrays(np.uint64, st.integers(0, 30)))
def test_both_twins_are_the_finaliser(words: np.ndarray) -> None:
    wanted = [finalised(int(word)) for word in words]
    out = np.empty_like(words)
    mix_all(words, out)
    assert out.tolist() == wanted
    mixed = mix(words)
    assert mixed is words
    assert words.tolist() == wanted


def test_published_numbers() -> None:
    # The first outputs of SplitMix64 from the state 1234567, as Rosetta Code and others publish them.
    states = (np.uint64(1234567) + GAMMA * np.arange(1, 4, dtype=np.uint64)).astype(np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_it_is_written_once_and_needs_no_numba() -> None:
    constants = ("BF58476D1CE4E5B9", "94D049BB133111EB")
    holders = {path for path in files() if any(each in path.read_text().upper() for each in constants)}
    assert holders == {SOURCE / "mixing.py"}
    program = "import ladle.mixing, sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

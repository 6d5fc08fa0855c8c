"""The index of text ids finds what a dictionary finds, whatever the texts are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.pool.ids import text_index
from ladle.pool.ids.text_index import TextIndex, hashes

TEXTS = st.lists(st.text(max_size=30) | st.sampled_from(["a", "a\0", "aa" * 40, "\0" * 8, "\0" * 9]), unique=True)


def array(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


@given(ids=TEXTS, others=TEXTS, cut=st.integers(0, 3))
def test_every_text_is_found_at_its_row_and_no_other(ids: list[str], others: list[str], cut: int) -> None:
    ids = ids[cut:]
    known = {text: row for row, text in enumerate(ids)}
    wanted = [*others, *ids, *others]
    index_of = TextIndex.of(array(["cut", *ids])[1:])  # a slice does not begin at the beginning of its buffers
    assert index_of.find(array(wanted)).tolist() == [known.get(text, -1) for text in wanted]


def test_texts_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_index, "hashes", lambda texts: np.full(len(texts), 7, np.uint64))
    found = TextIndex.of(array(["a", "b", "c"])).find(array(["c", "x", "a", "b"]))
    assert found.tolist() == [2, -1, 0, 1]


def test_a_hash_does_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = array([f"image {number}" * (1 + number % 7) + "é" for number in range(50)])
    whole = hashes(texts)
    monkeypatch.setattr(text_index, "BLOCK_ROWS", 3)
    assert np.array_equal(hashes(texts), whole)
    assert len(np.unique(whole)) == 50

"""Ids that come in parts: one that comes twice is found, whichever parts it is in."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ladle.embedding.seen_ids as room
from ladle.embedding.batches import ModelBatch
from ladle.embedding.one_pass import PassOptions, run_pass
from ladle.embedding.score_columns import ScoreForm
from ladle.embedding.seen_ids import SeenIds
from ladle.errors import IdError, MismatchError

PARTS = st.lists(st.lists(st.integers(-20, 60), min_size=1, max_size=9), min_size=1, max_size=9)


@given(PARTS, st.booleans(), st.booleans())
def test_the_law(parts, is_text, collide):
    kept = room._keys
    if collide and is_text:  # equal hashes of distinct texts are no repeat
        room._keys = lambda ids: kept(ids) % 3
    try:
        seen, earlier, everything = SeenIds(), [], set()
        for part in parts:
            values = [f"id {number}" for number in part] if is_text else part
            ids = pa.array(values, pa.large_string() if is_text else pa.int64())
            repeats = len(set(values)) < len(values) or everything & set(values)
            if repeats:
                with pytest.raises(IdError, match="distinct"):
                    seen.add(ids, lambda: iter(earlier))
                return
            seen.add(ids, lambda: iter(earlier))
            earlier.append(ids)
            everything |= set(values)
    finally:
        room._keys = kept


class Source:
    """Four batches of ids, and an end after some of them."""

    tolerance = 0.0

    def __init__(self, batches, rows=None):
        self._batches, self.rows, self.facts = batches, rows, {"model": "m"}

    def batches(self, start):
        row = 0
        for ids in self._batches:
            if row >= start:
                yield ModelBatch(len(ids), ids, None, [[1.0, 2.0]] * len(ids))
            row += len(ids)

    def notices(self):
        return ()


def test_a_repeat_in_a_later_shard_is_refused_also_after_a_kill(tmp_path):
    options = PassOptions(tmp_path / "pool", ScoreForm(), shard_rows=2)
    with pytest.raises(IdError, match="b"):
        run_pass(Source([["a", "b"], ["c", "d"], ["b", "e"]]), options)
    with pytest.raises(IdError, match="b"):  # the ids of the finished shards are known again
        run_pass(Source([["a", "b"], ["c", "d"], ["b", "e"]]), options)
    assert run_pass(Source([["a", "b"], ["c", "d"], ["f", "e"]]), options).rows_before == 4


def test_other_ids_and_another_count_are_refused(tmp_path):
    options = PassOptions(tmp_path / "pool", ScoreForm(), shard_rows=2)
    with pytest.raises(MismatchError, match="5 examples"):
        run_pass(Source([["a", "b"], ["c", "d"]], rows=5), options)
    with pytest.raises(MismatchError, match=r"rows|ids|examples"):
        run_pass(Source([["z", "b"], ["c", "d"]], rows=5), options)
    with pytest.raises(IdError, match="kind"):
        run_pass(Source([["a", "b"], [1, 2]], rows=5), PassOptions(tmp_path / "kinds", ScoreForm(), shard_rows=2))

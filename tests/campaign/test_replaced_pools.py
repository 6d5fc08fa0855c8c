"""A campaign over ids: whatever pools follow each other, it tells the same labels by id as a plain dict does."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import LadleError
from ladle.labelling import MemoryStore, Store

IDS = [f"im-{number}" for number in range(12)]
LABELS = ("cat", "dog")

pools = st.permutations(IDS).flatmap(lambda order: st.integers(2, len(IDS)).map(lambda size: order[:size]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("pool"), pools),
        st.tuples(st.just("tell"), st.sampled_from(IDS), st.sampled_from(LABELS), st.sampled_from(["ann", "bob"])),
        st.tuples(st.just("ask"), st.integers(1, 4)),
        st.tuples(st.just("exclude"), st.sampled_from(IDS)),
        st.tuples(st.just("include"), st.sampled_from(IDS)),
        st.tuples(st.just("gold"), st.sampled_from(IDS)),
        st.tuples(st.just("take"), st.sampled_from(["ann", "bob"])),
    ),
    max_size=14,
)


class Plain:
    """What must stand, by id."""

    def __init__(self, pool: list[str]) -> None:
        self.pool = pool
        self.labels: dict[tuple[str, str], str] = {}  # (id, annotator) -> the current label
        self.known: set[str] = set()  # ids with records, which the campaign remembers when they are gone
        self.excluded: set[str] = set()  # by the lead
        self.gold: set[str] = set()
        self.batches: list[list[str]] = []

    def state(self, each: str) -> str:
        if each in self.excluded or each not in self.pool:
            return "excluded"
        votes = [label for (name, _), label in self.labels.items() if name == each]
        if not votes:
            return "open"
        return "labelled" if len(set(votes)) == 1 else "disputed"


def vectors_of(ids: list[str]) -> np.ndarray:
    return np.array([[IDS.index(each), 1.0] for each in ids], np.float32)


def act(campaign: ladle.Campaign, plain: Plain, step: tuple) -> None:
    kind, *words = step
    if kind == "pool":
        campaign.extend(ladle.open_pool(vectors_of(words[0]), ids=words[0]), replace=True)
        plain.pool = words[0]
    elif kind == "tell":
        each, label, annotator = words
        told = campaign.tell([each], [label], annotator=annotator)
        assert told.quarantined == (each not in plain.pool and each not in plain.known)
        if not told.quarantined:
            plain.labels[each, annotator] = label
            plain.known.add(each)
    elif kind == "ask":
        size = min(words[0], len(plain.pool))
        try:
            batch = campaign.ask(size, margins=np.array([IDS.index(each) for each in plain.pool], np.float32))
        except LadleError:
            return
        plain.batches.append(batch.ids.tolist())
        assert all(each in plain.pool and plain.state(each) == "open" for each in plain.batches[-1])
        assert not set(plain.batches[-1]) & plain.gold
        plain.known |= set(plain.batches[-1])
    elif kind == "take":
        taken = campaign.take(words[0], 3).ids.tolist()
        assert set(taken) <= set(plain.pool)
    elif words[0] in plain.pool:
        plain.known.add(words[0]) if kind != "include" else None
        if kind == "exclude":
            campaign.exclude([words[0]], reason="blurry")
            plain.excluded.add(words[0])
        elif kind == "include":
            campaign.include([words[0]])
            plain.excluded.discard(words[0])
        elif kind == "gold" and words[0] not in plain.gold:
            campaign.add_gold([words[0]], ["cat"])
            plain.gold.add(words[0])


def check(campaign: ladle.Campaign, plain: Plain) -> None:
    current = {(each.id, each.annotator): each.label for each in campaign.labels() if each.status == "current"}
    assert current == plain.labels
    assert [campaign.batch(number).ids.tolist() for number in range(1, len(plain.batches) + 1)] == plain.batches
    found = {each.id: each.label for each in campaign.resolved()}
    wanted = {each: "cat" for each in plain.gold if each in plain.pool and each not in plain.excluded}
    for each, _ in plain.labels:
        if plain.state(each) == "labelled" and each not in plain.gold:
            wanted[each] = next(label for (name, _), label in plain.labels.items() if name == each)
    assert found == wanted
    asked = {each for batch in plain.batches for each in batch}
    waiting = {each.id for each in campaign.outstanding()}
    unasked = {each for each, _ in plain.labels if plain.state(each) == "disputed" and each not in plain.gold}
    assert waiting == {each for each in asked if plain.state(each) in ("open", "disputed")} | unasked
    for each in {each for each, _ in plain.labels}:
        assert campaign.story(each).state == plain.state(each)
    assert campaign.ids.values.to_pylist() == plain.pool
    assert campaign.verify().ok, campaign.verify()


def run(store: Store, folder: Path, first: list[str], todo: list[tuple], *, seldom: bool = False) -> None:
    pool = ladle.open_pool(vectors_of(first), ids=first)
    campaign = ladle.Campaign.create(store, name="birds", pool=pool, strategy="margin", files=str(folder / "files"))
    plain = Plain(first)
    for step in todo:
        act(campaign, plain, step)
        if not seldom or step[0] == "pool":
            check(campaign, plain)
    again = ladle.Campaign.open(store, name="birds")
    check(again, plain)
    again.backup(folder / "copy.zip")
    check(ladle.Campaign.restore(MemoryStore(), folder / "copy.zip", files=str(folder / "again")), plain)


@given(first=pools, todo=steps)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_labels_by_id_are_those_of_a_plain_dict(first: list[str], todo: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(MemoryStore(), Path(folder), first, todo)


def test_and_so_in_every_store(store: Store, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    todo: list[tuple] = []
    for _ in range(4):
        todo += [
            ("tell", IDS[random.integers(12)], LABELS[random.integers(2)], ("ann", "bob")[random.integers(2)])
            for _ in range(3)
        ]
        todo += [("ask", 2), ("exclude", IDS[random.integers(12)]), ("gold", IDS[random.integers(12)]), ("take", "ann")]
        todo.append(("pool", random.permutation(IDS)[: random.integers(3, 12)].tolist()))
    run(store, tmp_path, IDS[:8], todo, seldom=True)

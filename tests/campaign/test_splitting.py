"""The sides of a campaign's split, over all stores: stable while it grows, near-duplicates together."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.campaign.overview.splitting import tight_height
from ladle.errors import ArgumentError
from ladle.labelling import MemoryStore, Store
from tests.campaign.made import begun, ids_of

SHARES = {"train": 0.5, "test": 0.5}


def vectors_of(scenes: int, copies: int, seed: int = 1) -> np.ndarray:
    """`copies` near-duplicates of each scene, which are far from each other; those of one scene are not neighbours."""
    random = np.random.default_rng(seed)
    scene = random.standard_normal((scenes, 8))
    vectors = np.tile(scene, (copies, 1)) + 1e-3 * random.standard_normal((scenes * copies, 8))
    return vectors.astype(np.float32)


def campaign_of(store: Store, folder: Path, vectors: np.ndarray, **settings: Any) -> ladle.Campaign:
    pool = ladle.open_pool(vectors, ids=ids_of(len(vectors)))
    settings = {"name": "birds", "files": str(folder / "files")} | settings
    return ladle.Campaign.create(store, pool=pool, **settings)


def test_near_duplicates_are_on_one_side(store: Store, tmp_path: Path) -> None:
    campaign = campaign_of(store, tmp_path, vectors_of(50, 2))
    split = campaign.split(SHARES)
    assert (split.grouped_by, split.parted, len(split)) == ("tree", 0, 100)
    assert (split.side[:50] == split.side[50:]).all()
    assert split.near_duplicates() == (50, 100)
    assert 25 < split.counts()["train"] < 75
    assert split.height == pytest.approx(tight_height(campaign._session.files.clusters(_artefacts(campaign), 1)))


def _artefacts(campaign: ladle.Campaign) -> Any:
    from ladle.labelling.contract.tables import ArtefactTable

    with campaign._session.reading() as view:
        return view.read(ArtefactTable)


def test_a_campaign_without_clusters_goes_by_ids(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, rows=400)
    split = campaign.split({"train": 0.8, "test": 0.2})
    assert (split.grouped_by, split.height, split.near_duplicates()) == ("id", None, (0, 0))
    assert split.group.tolist() == list(range(400))
    assert split.counts()["train"] == pytest.approx(320, abs=40)
    with pytest.raises(ArgumentError, match="come with a campaign that has a tree"):
        campaign.split(SHARES, near=0.1)


def test_the_seed_of_the_campaign_decides(store: Store, tmp_path: Path) -> None:
    one, same, other = (begun(store, tmp_path, name=name, seed=seed) for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    assert one.split(SHARES).side.tolist() == same.split(SHARES).side.tolist() != other.split(SHARES).side.tolist()
    assert (one.split(SHARES).seed, other.split(SHARES).seed) == (3, 4)


def test_given_clusters_are_kept_together(store: Store, tmp_path: Path) -> None:
    clusters = np.arange(100) // 10
    campaign = campaign_of(store, tmp_path, vectors_of(50, 2), tree=clusters)
    split = campaign.split(SHARES)
    assert (split.grouped_by, split.height) == ("clusters", None)
    assert split.group.tolist() == (clusters * 10).tolist()


def test_labels_and_rounds_change_no_side(store: Store, tmp_path: Path) -> None:
    campaign = campaign_of(store, tmp_path, vectors_of(50, 2))
    before = campaign.split(SHARES)
    batch = campaign.ask(20, margins=np.linspace(0, 1, 100, dtype=np.float32))
    campaign.tell(batch.ids, ["cat"] * 20)
    pool = ladle.open_pool(vectors_of(50, 2), ids=ids_of(100))
    after = ladle.Campaign.open(store, name="birds", pool=pool).split(SHARES)
    assert before.side.tolist() == after.side.tolist()


def test_a_pool_that_grows_changes_no_side(store: Store, tmp_path: Path) -> None:
    """Newcomers go to the side of their near-duplicates, old and new, without a new tree and with one."""
    vectors = vectors_of(40, 5)
    campaign = campaign_of(store, tmp_path, vectors[:80])
    sides = [campaign.split(SHARES).side]
    for rows, tree in ((120, None), (160, "new"), (200, None)):
        pool = ladle.open_pool(vectors[:rows], ids=ids_of(rows))
        campaign.extend(pool, tree=ladle.cluster(pool, mean_size=2) if tree else None)
        split = campaign.split(SHARES)
        assert (len(split), split.grouped_by, split.parted) == (rows, "tree", 0)
        assert (split.side == np.resize(split.side[:40], rows)).all()
        assert split.near_duplicates() == (40, rows)
        sides.append(split.side)
    for earlier, later in pairwise(sides):
        assert earlier.tolist() == later[: len(earlier)].tolist()


def test_examples_that_later_clusters_join_keep_their_sides(store: Store, tmp_path: Path) -> None:
    """Nobody moves, and the clusters on several sides are counted."""
    vectors = vectors_of(60, 1)
    campaign = campaign_of(store, tmp_path, vectors[:40], tree=np.arange(40))
    before = campaign.split(SHARES)
    assert len(set(before.side.tolist())) == 2
    joined = np.concatenate([np.zeros(20, np.int64), np.arange(20, 50), np.zeros(10, np.int64)])
    campaign.extend(ladle.open_pool(vectors, ids=ids_of(60)), tree=joined)
    after = campaign.split(SHARES)
    assert after.grouped_by == "clusters"
    assert after.side[:40].tolist() == before.side.tolist()
    assert (after.side[50:] == before.side[0]).all()
    assert after.parted == 1


def test_a_larger_height_makes_larger_groups(tmp_path: Path) -> None:
    vectors = np.random.default_rng(2).standard_normal((100, 3)).astype(np.float32)
    campaign = campaign_of(MemoryStore(), tmp_path, vectors)
    tight, loose = (campaign.split(SHARES, near=height) for height in (1e-9, 0.02))
    assert (tight.height, tight.near_duplicates()) == (1e-9, (0, 0))
    assert loose.near_duplicates()[1] > 20


def test_newcomers_need_the_vectors(tmp_path: Path) -> None:
    vectors, store = vectors_of(40, 3), MemoryStore()
    campaign = ladle.Campaign.create(store, name="birds", pool=vectors[:80], files=str(tmp_path / "files"))
    campaign.extend(vectors)
    again = ladle.Campaign.open(store, name="birds")  # an array cannot be opened again: its ids alone are known
    with pytest.raises(ArgumentError, match="find the near-duplicates of the 40 examples that were added"):
        again.split(SHARES)


def test_the_cut_lies_in_the_jump_of_the_heights() -> None:
    """Whatever the share of near-duplicates; without any, it is at two rows a cluster."""
    random = np.random.default_rng(3)
    far = random.standard_normal((400, 8)).astype(np.float32)
    near = far + 1e-3 * random.standard_normal((400, 8)).astype(np.float32)
    for copies in (20, 200, 400):
        tree = ladle.cluster(np.concatenate([far, near[:copies]]), mean_size=10)
        height = tight_height(tree)
        assert tree.cut(threshold=height).max() + 1 == 400
        assert tree.heights[copies] / 3 > height > tree.heights[copies - 1] * 3
    alone = ladle.cluster(far, mean_size=10)
    assert alone.cut(threshold=tight_height(alone)).max() + 1 == 200
    few = ladle.cluster(np.concatenate([far, near[:5]]), mean_size=10)  # fewer than tell of a jump
    assert few.cut(threshold=tight_height(few)).max() + 1 == 202
    equal = ladle.cluster(np.concatenate([far, far[:50]]), mean_size=10)
    assert equal.cut(threshold=tight_height(equal)).max() + 1 == 400
    stopped = ladle.cluster(np.concatenate([far, near]), n_clusters=400)
    assert stopped.cut(threshold=tight_height(stopped)).max() + 1 == 400
    assert tight_height(ladle.cluster(far[:1])) == 0


@pytest.mark.parametrize("near", [-1.0, float("nan"), "a"])
def test_heights_that_are_none(near: Any, tmp_path: Path) -> None:
    campaign = campaign_of(MemoryStore(), tmp_path, vectors_of(10, 2))
    with pytest.raises(ArgumentError, match="near"):
        campaign.split(SHARES, near=near)


def test_equal_rows_are_near_duplicates_however_many(tmp_path: Path) -> None:
    vectors = np.repeat(vectors_of(5, 1), 20, axis=0)
    split = campaign_of(MemoryStore(), tmp_path, vectors).split(SHARES)
    assert split.near_duplicates() == (5, 100)

"""A map by UMAP: of all examples or of a sample, the same each time, and refused without the package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, MissingDependencyError
from ladle.maps import umap_positions
from tests.campaign.made import begun

GROUPS, EACH = 4, 100


def blobs() -> np.ndarray:
    """Four groups far from each other in 16 dimensions, in turn."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(GROUPS, 16)) * 20
    rows = np.arange(GROUPS * EACH) % GROUPS
    return (centres[rows] + rng.normal(size=(len(rows), 16))).astype(np.float32)


@pytest.mark.long
@pytest.mark.parametrize("sample", [1000, 120])
def test_groups_stay_together(sample: int) -> None:
    if find_spec("umap") is None:
        pytest.skip("needs umap-learn: pip install umap-learn")
    pool = ladle.open_pool(blobs())
    first, second = (umap_positions(pool, sample=sample) for _ in range(2))
    assert first.shape == (GROUPS * EACH, 2)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, second)
    groups = np.arange(GROUPS * EACH) % GROUPS
    apart = ((first[:, None] - first[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)
    assert (groups[nearest] == groups).mean() > 0.99


@pytest.mark.long
def test_a_campaign_keeps_its_layout(tmp_path: Path) -> None:
    if find_spec("umap") is None:
        pytest.skip("needs umap-learn: pip install umap-learn")
    campaign = begun(tmp_path / "c.db", tmp_path)
    made = campaign.map.layout(umap=True)
    assert made.method == "UMAP"
    kept = campaign.map.kept(umap=True)
    assert kept is not None
    assert np.array_equal(kept.codes, made.codes)
    assert campaign.map.kept() is None
    assert campaign.map.layout().method != "UMAP"


def test_it_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = begun(tmp_path / "c.db", tmp_path)
    with pytest.raises(ArgumentError, match="both"):
        campaign.map.layout(tmp_path / "x.npy", umap=True)
    monkeypatch.setattr("ladle.maps.by_umap.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"ladle\[umap\]"):
        campaign.map.layout(umap=True)

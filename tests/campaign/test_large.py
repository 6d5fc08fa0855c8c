"""More rows than one call to a database takes: nothing is lost at the seams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.labelling import Store
from ladle.store import dialects

ROWS, BATCH = 20_000, 12_000


@pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
def test_a_large_batch_is_asked_told_and_told_anew(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialects, "CHUNK_ROWS", 5_000)
    ids = np.random.default_rng(0).permutation(ROWS) * 3
    pool = ladle.open_pool(np.zeros((ROWS, 1), np.float32), ids=ids)
    margins = np.random.default_rng(1).random(ROWS, np.float32)
    campaign = ladle.Campaign.create(store, name="birds", pool=pool, strategy="margin", files=str(tmp_path / "files"))
    batch = campaign.ask(BATCH, margins=margins, key="all")
    assert sorted(batch.rows.tolist()) == np.sort(np.argsort(margins)[:BATCH]).tolist()
    assert batch.ids.tolist() == ids[batch.rows].tolist()
    assert campaign.outstanding()["id"].tolist() == batch.ids.tolist()
    words = np.arange(BATCH) % 7
    assert campaign.tell(batch.ids, words, annotator="ann").labelled == BATCH
    again = campaign.tell(batch.ids, (words + (words == 3)), annotator="ann", key="corrected")
    assert (again.changed, again.repeated) == (int((words == 3).sum()), int((words != 3).sum()))
    resolved = campaign.resolved()
    assert dict(zip(resolved["id"].tolist(), resolved["label"], strict=True)) == dict(
        zip(batch.ids.tolist(), (words + (words == 3)).tolist(), strict=True)
    )
    assert campaign.ask(BATCH, margins=margins, key="all").ids.tolist() == batch.ids.tolist()
    assert campaign.verify().ok

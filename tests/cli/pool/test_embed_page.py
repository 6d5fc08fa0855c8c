"""docs/embed.md: what it tells people to run does run, on a few images and texts."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

import ladle
from tests.cli.pages import run_page


@pytest.mark.long
def test_the_page_runs(tmp_path):
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for row in range(40):
        pixels = np.clip(rng.normal(row % 4 * 60, 30, (48, 64, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"im_{row}.jpg")
    texts = ["the cat sat on the mat", "shares fell in London today", "", "a dog ran over the hill"]
    rows = "".join(f"r{row},{text}\n" for row, text in enumerate(texts))
    (tmp_path / "reviews.csv").write_text("review_id,body\n" + rows)
    told = run_page("embed.md", tmp_path, ["sh", "sh", "python", "sh", "python"])
    assert "40 examples of photos, dim 1,280" in told[0]
    assert "3 examples of reviews.csv, dim 384" in told[1]
    assert "1000 64 ('the embeddings are the input of `2`" in told[2]
    assert told[4] == "1000 5 True"
    with (tmp_path / "first-batch.csv").open() as file:
        batch = [row["id"] for row in csv.DictReader(file)]
    assert len(set(batch)) == 20
    assert set(batch) <= set(ladle.open_pool(tmp_path / "birds").ids.to_pylist())
    reviews = ladle.open_pool(tmp_path / "reviews")
    assert reviews.ids.to_pylist() == ["r0", "r1", "r3"]
    near = reviews.embeddings() @ reviews.embeddings().T
    assert near[0, 2] > near[0, 1]  # both tell of animals
    assert json.loads((tmp_path / "scored" / "_pass.json").read_text())["facts"]["precision"] == "bfloat16"

"""docs/campaign.md: every block runs, in order, as a reader would run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ladle
from tests.cli.pages import run_page


@pytest.mark.long
def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.delenv("LADLE_DB", raising=False)
    kinds = ["python", *["sh"] * 4, "python", *["sh"] * 4, "python", *["sh"] * 4, "python"]
    told = run_page("campaign.md", tmp_path, kinds)
    assert "classes 10: 0, 1, 2" in told[1]
    assert "Round 2 of digits" in told[3]
    assert "done before: labels-1.csv: 100 accepted" in told[3]
    assert '"done_before": true' in told[4]
    assert "Learning curve: accuracy" in told[4]
    assert "digits is sound" in told[4]
    assert "10 labels taken" in told[5]
    for words in (
        "Control of digits",
        "Share of the pool",
        "these scores",
        "labels saved cannot be told yet: the control has",
    ):
        assert words in told[6], words
    assert "200 examples with labels of two people or more, 600 labels" in told[8]
    assert " cy agrees with 61% of the others' labels" in told[8].partition("Due for a review")[2]
    assert "budget 1,200, was 1,000" in told[9]
    assert told[10] == "230 of 250 are labelled; 230 labels"
    assert '"excluded": 1' in told[11]
    assert "near-duplicates" in told[13]
    assert "Exported labels of digits" in told[14]
    assert told[15] == "100 labels; 0 rows without one"
    with ladle.Campaign.open(f"sqlite:///{tmp_path}/digits.db", name="digits") as campaign:
        assert campaign.verify().ok
        assert (campaign.progress().rounds, campaign.progress().quarantined) == (3, 0)
        images = json.loads((tmp_path / "labels.json").read_text())["images"]
        assert len(images) == len(campaign.resolved())

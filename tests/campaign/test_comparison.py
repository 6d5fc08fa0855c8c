"""Several campaigns side by side, over all stores."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import ladle
from ladle.campaign import compare
from ladle.errors import ArgumentError
from ladle.labelling import MemoryStore, Store
from tests.campaign.made import begun, ids_of


def test_two_campaigns_of_one_database(store: Store, tmp_path: Path) -> None:
    one = begun(store, tmp_path, name="owls", budget=100, price=0.5, currency="EUR")
    other = begun(store, tmp_path, name="birds", annotators_per_task=2)
    one.tell(ids_of(40)[:10], ["cat"] * 10, annotator="ann")
    one.record_model("v1", metrics={"accuracy": 0.5, "loss": 2.0})
    one.tell(ids_of(40)[10:30], ["cat"] * 20, annotator="ann")
    one.record_model("v2", metrics={"accuracy": 0.7})
    for name, labels in (("ann", ["cat", "dog"] * 10), ("bob", ["cat"] * 20)):
        other.tell(ids_of(40)[:20], labels, annotator=name)
    other.tell(ids_of(40)[:20], ["cat"] * 20, annotator="cy")
    other.record_model("v1", metrics={"accuracy": 0.9})
    found = compare(one, other)
    rows = {row.campaign: row for row in found.campaigns}
    assert (rows["owls"].labelled, rows["owls"].labels, rows["owls"].annotators, rows["owls"].models) == (30, 30, 1, 2)
    assert (rows["birds"].labels, rows["birds"].annotators, rows["birds"].pool) == (60, 3, 40)
    assert (rows["owls"].budget, rows["owls"].spend, rows["birds"].spend) == (100, 30, 60)
    assert (rows["owls"].cost, rows["owls"].currency) == (15.0, "EUR")
    assert math.isnan(rows["birds"].cost)
    assert math.isnan(rows["birds"].budget)  # no budget is not a budget of 0
    assert math.isnan(rows["owls"].alpha)
    assert math.isnan(rows["owls"].seconds_per_label)
    assert rows["birds"].alpha == other.agreement().alpha
    assert rows["birds"].share == other.agreement().share
    curves = found.side_by_side("accuracy")
    assert curves.columns == ["labelled", "owls", "birds"]
    by_count = {row.labelled: vars(row) for row in curves}
    assert list(by_count) == sorted({10, 30, rows["birds"].labelled})
    assert by_count[20] == {"labelled": 20, "owls": pytest.approx(0.6), "birds": 0.9}  # on the line; measured
    assert math.isnan(by_count[30]["birds"])
    measured = {(row.campaign, row.labelled): row.measured for row in found.curves if row.metric == "accuracy"}
    assert (measured["owls", 20], measured["birds", 20], measured["birds", 30]) == (False, True, False)
    assert found.side_by_side("loss").columns == ["labelled", "owls"]
    with pytest.raises(ArgumentError, match="be one of the metrics \\(accuracy, loss\\); got 'f1'"):
        found.side_by_side("f1")
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["campaigns"][0]["alpha"] is None
    assert repr(found) == "<CampaignComparison of owls, birds>"


def test_campaigns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, other = (begun(f"sqlite:///{tmp_path}/{name}.db", tmp_path / name) for name in ("a", "b"))
    found = compare(one, other)
    names = found.campaigns["campaign"].tolist()
    assert names == [f"birds ({one.url})", f"birds ({other.url})"]
    assert len(found.curves) == 0


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    store = MemoryStore()
    one = begun(store, tmp_path)
    with pytest.raises(ArgumentError, match="be two or more; got 1"):
        compare(one)
    with pytest.raises(ArgumentError, match="be different ones"):
        compare(one, ladle.Campaign.open(store, name="birds"))

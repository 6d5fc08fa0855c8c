"""An argument of a wrong kind is an error of Ladle that names it, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import LadleError
from ladle.labelling import MemoryStore
from ladle.stopping import ClassificationChange, StablePredictions
from tests.campaign.made import begun, ids_of, margins, pool_of

VECTORS = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Call = Callable[[ladle.Campaign], object]


def created(**wrong: object) -> object:
    given = {"name": "x", "pool": pool_of(), "strategy": "margin"} | wrong
    return ladle.Campaign.create(MemoryStore(), **given)


CALLS: dict[str, tuple[str, Call]] = {
    "a checkpoint that is a number": ("`checkpoint`", lambda _: ladle.cluster(VECTORS, checkpoint=3)),
    "a scratch that is a number": ("`scratch`", lambda _: ladle.cluster(VECTORS, scratch=3)),
    "a tree saved to a number": ("`path`", lambda _: ladle.cluster(VECTORS, mean_size=4).save(3)),
    "a tree loaded from a number": ("`path`", lambda _: ladle.Dendrogram.load(3)),
    "scores that are a number": ("`scores`", lambda campaign: campaign.record_model("v", scores=3)),
    "metrics that are a number": ("`metrics`", lambda campaign: campaign.record_model("v", metrics=3)),
    "metrics that are a list": ("`metrics`", lambda campaign: campaign.record_model("v", metrics=[("a", 1)])),
    "files that are a number": ("`files`", lambda _: created(files=3)),
    "options that are a number": ("`options`", lambda _: created(options=3)),
    "a clock that is a number": ("`clock`", lambda _: created(clock=3)),
    "labels that are one text": ("`labels`", lambda campaign: campaign.round(2, labels="x.csv", margins=margins())),
    "labels that are one path": ("`labels`", lambda campaign: campaign.round(2, labels=Path("x"), margins=margins())),
    "labels that are None": ("`labels`", lambda campaign: campaign.round(2, labels=None, margins=margins())),
    "labels of numbers": ("`labels`", lambda campaign: campaign.round(2, labels=[3], margins=margins())),
    "metrics of a round": ("`metrics`", lambda campaign: campaign.round(2, metrics="a", model="v", margins=margins())),
    "scores without a reader": ("`read_scores`", lambda campaign: campaign.round(2, read_scores=3)),
    "scores of a round": ("`scores`", lambda campaign: campaign.round(2, scores=3, margins=margins())),
    "an annotator that is a scalar": (
        "`annotator`",
        lambda campaign: campaign.tell(ids_of(1), ["cat"], annotator=np.float32(2)),
    ),
    "a source that is a scalar": (
        "`source`",
        lambda campaign: campaign.tell(ids_of(1), ["cat"], source=np.int64(2)),
    ),
    "a file of labels that is a number": ("`path`", lambda campaign: campaign.tell_file(3)),
    "a backup to a number": ("`path`", lambda campaign: campaign.backup(3)),
    "a backup from a number": ("`path`", lambda _: ladle.Campaign.restore(MemoryStore(), 3)),
    "predictions that are a number": ("`predictions`", lambda _: ClassificationChange().verdict(predictions=3)),
    "predictions that are a text": ("`predictions`", lambda _: StablePredictions().verdict(predictions="abc")),
    "a file that is None": ("`file`", lambda campaign: campaign.withdrawals.untell(None)),
    "a file of a very long name": ("`file`", lambda campaign: campaign.withdrawals.untell("x" * 5000)),
    "a file with a NUL": ("`file`", lambda campaign: campaign.delete_labels(file="a\0b", reason="x")),
    "numbers that are one": ("`numbers`", lambda campaign: campaign.withdrawals.close_quarantined(5, reason="x")),
    "a length of time for a time": ("`since`", lambda campaign: campaign.labels(since=np.timedelta64(1, "D"))),
    "a name that is a number": ("`annotator`", lambda campaign: campaign.release(3)),
    "a key that is a number": ("`key`", lambda campaign: campaign.has_batch(3)),
    "a key that is False": ("`key`", lambda campaign: campaign.tell(ids_of(1), ["cat"], key=False)),
    "a name of labels to delete": ("`annotator`", lambda campaign: campaign.delete_labels(annotator=3, reason="x")),
    "a progress that is a number": ("`progress`", lambda campaign: campaign.verify(progress=3)),
    "a progress of an extension": ("`progress`", lambda campaign: campaign.extend(pool_of(), progress=3)),
    "a name of a campaign to open": ("`name`", lambda campaign: ladle.Campaign.open(MemoryStore(), name=3)),
    "what a reader of scores returns": (
        "`read_scores`",
        lambda campaign: campaign.round(2, read_scores=lambda: 3),  # type: ignore[arg-type,return-value]
    ),
    "a tree that is a path": ("`tree`", lambda _: ladle.ClusterMargin("t.npz")),
    "a tree that is an object": ("`tree`", lambda _: ladle.ClusterMargin(object())),
}


@pytest.mark.parametrize("what", CALLS)
def test_an_argument_of_a_wrong_kind_is_named(what: str, tmp_path: Path) -> None:
    name, call = CALLS[what]
    campaign = begun(MemoryStore(), tmp_path)
    with pytest.raises(LadleError) as raised:
        call(campaign)
    assert name in raised.value.subject
    assert campaign.audit()["kind"].tolist() == ["create"]

"""The agreement of a campaign and whom to review, over all stores."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

import ladle
from ladle.labelling import Labels, MemoryStore, Store
from tests.campaign.made import begun, ids_of

WORDS = ["cat", "dog", "emu"]


def told(campaign: ladle.Campaign, name: str, labels: list[Any], first: int = 0) -> None:
    campaign.tell(ids_of(40)[first : first + len(labels)], labels, annotator=name)


def of_three(store: Store, folder: Path, **settings: Any) -> tuple[ladle.Campaign, dict[str, list[str]]]:
    """Thirty examples that ann, bob and cy have labelled: ann and bob mostly rightly, cy by chance."""
    random = np.random.default_rng(5)
    truth = random.choice(WORDS, 30)
    said = {
        name: np.where(random.random(30) < right, truth, random.choice(WORDS, 30)).tolist()
        for name, right in (("ann", 0.95), ("bob", 0.95), ("cy", 0.0))
    }
    campaign = begun(store, folder, labels=[*WORDS, "fox"], annotators_per_task=3, **settings)
    for name, labels in said.items():
        told(campaign, name, labels)
    return campaign, said


def test_agreement_of_pairs_and_classes(store: Store, tmp_path: Path) -> None:
    campaign, said = of_three(store, tmp_path)
    found = campaign.agreement()
    assert (found.name, found.kind, found.examples, found.labels) == ("birds", "single", 30, 90)
    pairs = {(row.annotator, row.other): row for row in found.pairs}
    assert list(pairs) == [("ann", "bob"), ("ann", "cy"), ("bob", "cy")]
    for (one, other), row in pairs.items():
        assert row.examples == 30
        assert row.kappa == pytest.approx(cohen_kappa_score(said[one], said[other]))
        assert row.share == pytest.approx(np.mean(np.array(said[one]) == said[other]))
    assert found.share == pytest.approx(np.mean([row.share for row in found.pairs]))
    assert found.share == pytest.approx(campaign.progress().agreement)
    assert found.classes["label"] == [*WORDS, "fox"]  # in the order of the campaign
    counts = [sum(labels.count(word) for labels in said.values()) for word in WORDS]
    assert found.classes["labels"].tolist() == [*counts, 0]
    assert math.isnan(found.classes[3].alpha)  # nobody named it: not known, and not 0
    assert found.classes[3].confused_with is None
    assert found.alpha is not None
    assert all(row.alpha < 1 for row in found.classes[:3])
    people = {row.annotator: row for row in found.annotators}
    assert people["cy"].share < people["ann"].share
    assert [row.examples for row in found.annotators] == [30, 30, 30]
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["classes"][3]["alpha"] is None
    assert plain["annotators"][0]["median_seconds"] is None
    assert plain["alpha"] == found.alpha


def test_what_does_not_count(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=WORDS, annotators_per_task=2)
    told(campaign, "ann", ["cat", "dog", "emu", "cat"])
    told(campaign, "bob", ["cat", "dog", "cat", "dog"])
    assert campaign.agreement().share == 0.5
    campaign.exclude(ids_of(40)[3:4], reason="a smudge")
    assert (campaign.agreement().examples, campaign.agreement().share) == (3, pytest.approx(2 / 3))
    campaign.include(ids_of(40)[3:4])
    campaign.delete_labels(ids_of(40)[3:4], annotator="bob", reason="asleep")
    assert campaign.agreement().examples == 3
    campaign.tell(ids_of(40)[2:3], ["emu"], annotator="bob")  # a correction stands in place of the old label
    assert (campaign.agreement().share, campaign.agreement().alpha) == (1.0, 1.0)


def test_nothing_shared_is_not_known(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=WORDS)
    for found in (campaign.agreement(), (told(campaign, "ann", WORDS), campaign.agreement())[1]):
        assert (found.examples, found.alpha, found.share, len(found.pairs)) == (0, None, None, 0)
        assert repr(found) == "<Agreement of birds: alpha not known, over 0 examples>"
    assert np.isnan(found.classes["alpha"]).all()
    assert np.isnan(found.annotators["share"]).all()
    assert found.annotators["labels"].tolist() == [3]
    json.dumps(found.to_dict(), allow_nan=False)


def test_values_and_several_classes(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=Labels.value(0, 10), annotators_per_task=2)
    told(campaign, "ann", [1.0, 2.0, 3.0, 9.0])
    told(campaign, "bob", [1.0, 2.0, 3.0, 8.0])
    found = campaign.agreement()
    assert found.share is None  # equal numbers say nothing
    assert len(found.classes) == 0
    assert found.pairs[0].difference == pytest.approx(0.5)
    kappa = cohen_kappa_score([1, 2, 3, 9], [1, 2, 3, 8], weights="quadratic", labels=range(10))
    assert found.pairs[0].kappa == pytest.approx(kappa)
    several = begun(store, tmp_path, labels=Labels.multi(WORDS), annotators_per_task=2, name="sets")
    told(several, "ann", [["cat"], ["cat", "dog"], [], ["emu"]])
    told(several, "bob", [["cat"], ["cat"], [], ["emu"]])
    found = several.agreement()
    assert found.pairs[0].share == 0.75
    assert found.classes["alpha"].tolist()[0] == found.classes["alpha"].tolist()[2] == 1
    assert found.classes[1].alpha == pytest.approx(0)
    assert found.classes["confused_with"] == [None] * 3


def test_whom_to_review(store: Store, tmp_path: Path) -> None:
    campaign, _ = of_three(store, tmp_path)
    found = {(row.annotator, row.reason): row for row in campaign.reviews()}
    assert set(found) == {("cy", "agreement"), ("", "untested")}
    assert found["cy", "agreement"].count == 30
    assert found["cy", "agreement"].limit == pytest.approx(campaign.agreement().pairs[0].share)
    campaign.add_gold(ids_of(40)[:10], ["cat"] * 10)
    campaign.tell(ids_of(40)[:10], ["cat"] * 10, annotator="ann")
    campaign.tell(ids_of(40)[:10], ["dog"] * 10, annotator="bob")
    campaign.tell(ids_of(40)[:30], ["cat"] * 30, annotator="dee")
    reasons = [(row.annotator, row.reason) for row in campaign.reviews()]
    assert ("bob", "gold") in reasons
    assert ("ann", "gold") not in reasons
    assert ("", "untested") not in reasons
    assert campaign.agreement().reviews == campaign.reviews() == campaign.progress().reviews


def test_the_accuracy_wanted_is_a_setting(store: Store, tmp_path: Path) -> None:
    lax, strict = (
        begun(store, tmp_path, name=name, labels=WORDS, gold_accuracy=wanted)
        for name, wanted in (("lax", 0.5), ("strict", 0.95))
    )
    for campaign in (lax, strict):
        campaign.add_gold(ids_of(40)[:20], ["cat"] * 20)
        told(campaign, "ann", ["cat"] * 14 + ["dog"] * 6)
    assert len(lax.reviews()) == 0
    (row,) = strict.reviews()
    assert (row.annotator, row.reason, row.figure, row.limit, row.count) == ("ann", "gold", 0.7, 0.95, 20)


def test_who_settles_disputes_is_not_blamed_for_them(tmp_path: Path) -> None:
    """An expert sees hard examples alone, on which no two people agree."""
    campaign = begun(MemoryStore(), tmp_path, rows=200, labels=WORDS, annotators_per_task=2)
    ids = ids_of(200)
    campaign.tell(ids, ["cat"] * 200, annotator="ann")
    campaign.tell(ids, ["cat"] * 150 + ["dog"] * 50, annotator="bob")
    campaign.tell(ids[150:], ["emu"] * 50, annotator="expert")
    campaign.add_gold(ids[:1], ["cat"])
    assert [row.annotator for row in campaign.reviews() if row.reason == "agreement"] == []
    assert campaign.agreement().share < 0.6  # though the labels of the expert do count for the agreement of all


def test_a_correction_leaves_its_author_among_the_first(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, labels=WORDS, annotators_per_task=2)
    for name in ("ann", "bob", "cy"):
        told(campaign, name, ["cat"] * 30)
    told(campaign, "ann", ["dog"] * 30)  # thought better of all of them
    people = {row.annotator: (row.examples, row.share) for row in campaign.agreement().annotators}
    assert people == {"ann": (30, 0), "bob": (30, 0), "cy": (30, 0.5)}  # cy came later, and measures nobody else


@pytest.mark.parametrize("kind", ["single", "multi", "value"])
def test_a_careless_person_who_comes_after_two_have_agreed(kind: str, store: Store, tmp_path: Path) -> None:
    """Ann and bob label everything, then cy and dee do. All but cy are as careful as each other."""
    as_told = {
        "single": lambda word: word,
        "multi": lambda word: [word],
        "value": lambda word: float(WORDS.index(word)),
    }
    kinds = {"single": Labels.single(WORDS), "multi": Labels.multi(WORDS), "value": Labels.value()}
    random = np.random.default_rng(7)
    campaign = begun(store, tmp_path, rows=150, labels=kinds[kind], annotators_per_task=2)
    truth = random.choice(WORDS, 150)
    for name, wrong in (("ann", 0.1), ("bob", 0.1), ("cy", 0.9), ("dee", 0.1)):
        said = np.where(random.random(150) < wrong, random.choice(WORDS, 150), truth)
        campaign.tell(ids_of(150), [as_told[kind](word) for word in said], annotator=name)
    found = [row.annotator for row in campaign.reviews() if row.reason == "agreement"]
    assert found == ["cy"]


def test_who_comes_late_does_not_make_the_first_ones_look_careless(store: Store, tmp_path: Path) -> None:
    """A third of the examples are hard. Cy labels after ann and bob, with whom he agrees wherever they agree."""
    campaign = begun(store, tmp_path, rows=150, labels=WORDS, annotators_per_task=2)
    campaign.tell(ids_of(150), ["cat"] * 150, annotator="ann")
    campaign.tell(ids_of(150), ["cat"] * 100 + ["dog"] * 50, annotator="bob")
    campaign.tell(ids_of(150), ["cat"] * 100 + ["emu"] * 50, annotator="cy")
    assert [row.annotator for row in campaign.reviews() if row.reason == "agreement"] == []
    people = {row.annotator: (row.examples, row.share) for row in campaign.agreement().annotators}
    assert people["ann"] == people["bob"] == (150, pytest.approx(2 / 3))
    assert people["cy"] == (100, 1)


def test_answers_faster_than_people_can_and_skips(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=WORDS, annotators_per_task=2)
    campaign.tell(ids_of(30), ["cat"] * 30, annotator="ann", seconds=9.0)
    campaign.tell(ids_of(30), ["cat"] * 30, annotator="bob", seconds=[2.0] * 30)
    campaign.tell(ids_of(10), ["cat"] * 10, annotator="cy")  # nobody says how long
    found = {row.annotator: row for row in campaign.reviews() if row.reason == "speed"}
    assert list(found) == ["bob"]
    assert (found["bob"].figure, found["bob"].limit, found["bob"].count) == (2.0, 3.0, 30)
    seconds = {row.annotator: row.median_seconds for row in campaign.agreement().annotators}
    assert (seconds["ann"], seconds["bob"]) == (9.0, 2.0)
    assert math.isnan(seconds["cy"])
    campaign.skip(ids_of(40)[30:], annotator="ann", reason="blurred")
    assert campaign.agreement().annotators[0].labels == 30  # a skip is no label


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_progress_and_agreement_say_the_same_of_each_person(store: Store, kind: str, tmp_path: Path) -> None:
    is_value = kind == "values"
    campaign = begun(store, tmp_path, labels=Labels.value() if is_value else ["cat", "dog"], annotators_per_task=2)
    words = [1.0, 2.0] if is_value else ["cat", "dog"]
    ids = ids_of(40)[:6]
    campaign.tell(ids, words * 3, annotator="ann")
    campaign.tell(ids, words * 2 + words[::-1], annotator="bob")
    campaign.tell(ids[4:], words[::-1], annotator="eve")  # in dispute: they measure nobody
    campaign.exclude(ids[:1], reason="dark")
    progress, agreement = campaign.progress(), campaign.agreement()
    shares = {row.annotator: row.share for row in agreement.annotators}
    assert {row.annotator: row.agreement for row in progress.annotators} == pytest.approx(shares, nan_ok=True)
    assert progress.agreement == agreement.share
    assert is_value or shares["ann"] == pytest.approx(0.6)


def test_gold_counts_no_number_as_right_or_wrong(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=Labels.value(0, 10))
    ids = ids_of(40)[:30]
    campaign.add_gold(ids, [5.0] * 30)
    campaign.tell(ids, [5.1] * 30, annotator="ann")
    campaign.tell(ids, [5.0] * 30, annotator="bob")
    for table in (campaign.progress().annotators, campaign.agreement().annotators):
        assert table["gold_seen"].tolist() == table["gold_right"].tolist() == [0, 0]
    assert "gold" not in campaign.reviews()["reason"].tolist()

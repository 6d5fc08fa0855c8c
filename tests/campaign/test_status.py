"""The facts that the status of a campaign goes by, over all stores."""

from __future__ import annotations

from pathlib import Path

import pytest

import ladle
from ladle.campaign.status import Status, status
from ladle.labelling import Labels, Store
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins


def names(found: Status) -> list[str]:
    return [step.name for step in found.steps]


def message(campaign: ladle.Campaign, name: str) -> str:
    return next(step.message for step in status(campaign).steps if step.name == name)


def test_a_campaign_from_its_first_day(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, labels=["cat", "dog"], budget=20)
    assert names(status(campaign)) == ["first"]
    batch = campaign.ask(10, margins=margins(), holder="vendor", key="one")
    assert names(status(campaign)) == ["tell"]
    assert "10 tasks wait for labels (vendor: 10 (batch 1))" in message(campaign, "tell")
    clock.now += 2 * HOUR
    assert names(status(campaign))[0] == "overdue"
    assert "vendor: 10 (batch 1)" in message(campaign, "overdue")
    campaign.tell(batch.ids, ["cat"] * 10, annotator="ann")
    assert names(status(campaign)) == ["ask", "backup"]
    campaign.tell(ids_of(40)[30:33], ["cat", "dog", "cow"], annotator="Ann")
    campaign.tell(ids_of(40)[30:31], ["dog"], annotator="bob")
    found = status(campaign)
    assert names(found)[:3] == ["quarantine", "disputes", "names"]
    assert found.facts.near_equal == (("Ann", "ann"),)
    assert found.steps[2].command == "person merge Ann ann"
    assert (found.facts.disputes, found.facts.quarantined, found.facts.untested) == (1, 1, 13)
    assert "gold" in names(found)
    campaign.add_gold(ids_of(40)[38:], ["cat", "cat"])
    assert "gold" not in names(status(campaign))


def careless(campaign: ladle.Campaign, people: tuple[str, ...] = ("ann", "bob")) -> None:
    """These people agree on forty examples, and cy with neither of them."""
    for name in people:
        campaign.tell(ids_of(40), ["cat", "dog"] * 20, annotator=name)
    campaign.tell(ids_of(40), ["dog", "cat"] * 20, annotator="cy", seconds=0.1)


def test_people_due_for_a_review_are_named(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"], annotators_per_task=2)
    careless(campaign)
    found = status(campaign)
    (due,) = found.facts.reviews
    assert (due.annotator, due.reasons) == ("cy", ("disagrees", "too fast"))
    assert due.texts == tuple(row.text for row in campaign.reviews() if row.annotator == "cy")
    assert message(campaign, "reviews") == "Due for a review: cy (disagrees, too fast)."


def test_gold_is_spoken_of_once(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=["cat", "dog"], annotators_per_task=2)
    careless(campaign)
    found = status(campaign)
    assert [step.name for step in found.steps if "gold" in step.message] == ["gold"]
    assert found.facts.untested == 120
    campaign.add_gold(ids_of(40)[:20], ["cat", "dog"] * 10)
    found = status(campaign)
    assert [step.name for step in found.steps if "gold" in step.message] == ["reviews"]
    assert found.facts.reviews[0].reasons == ("wrong on gold", "disagrees", "too fast")


def test_values_are_not_tested_by_gold(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, labels=Labels.value(), annotators_per_task=2)
    for name in ("ann", "bob"):
        campaign.tell(ids_of(40), [1.5] * 40, annotator=name)
    assert "gold" not in names(status(campaign))


@pytest.mark.parametrize(("strategy", "files"), [("margin", "--scores SCORES.parquet "), ("uniform", "")])
def test_the_first_ask_has_what_the_strategy_needs(strategy: str, files: str, store: Store, tmp_path: Path) -> None:
    (first,) = status(begun(store, tmp_path, strategy=strategy)).steps
    assert first.command == f"ask {files}--size COUNT -o batch-1.csv"


def test_models_and_scores(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    first = campaign.ask(5, margins=margins(), scores_digest="one", key="one")
    campaign.tell(first.ids, ["cat"] * 5, annotator="ann")
    campaign.ask(5, margins=margins(), scores_digest="one", key="two")
    found = status(campaign)
    assert (found.facts.same_scores, found.facts.scored_batches) == (True, 2)
    assert {"model", "scores"} <= set(names(found))
    campaign.record_model("m1", metrics={"accuracy": 0.5})
    campaign.tell(campaign.batch().ids[:2], ["cat"] * 2, annotator="ann")
    campaign.ask(5, margins=margins(), scores_digest="two", key="three")
    assert "2 labelled examples are newer than the model m1" in message(campaign, "train")
    assert not {"model", "scores"} & set(names(status(campaign)))


def test_a_batch_of_nobody_is_overdue(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    campaign.ask(4, margins=margins())
    assert status(campaign).facts.overdue == ()
    clock.now += 2 * HOUR
    assert status(campaign).facts.overdue == ("batch 1: 4",)


def test_a_used_budget(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, budget=3)
    batch = campaign.ask(3, margins=margins())
    campaign.tell(batch.ids, ["cat"] * 3, annotator="ann")
    assert names(status(campaign)) == ["budget", "backup"]


def test_holders_are_of_the_tasks_that_are_counted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path)
    campaign.ask(3, margins=margins(), holder="vendor")
    campaign.assign(ids_of(40)[-2:], to="eve")
    facts = status(campaign).facts
    assert (facts.waiting, facts.waiting_unasked) == (3, 2)
    assert facts.waiting + facts.waiting_unasked == len(campaign.outstanding()) == sum(campaign.holdings()["tasks"])
    assert message(campaign, "tell").startswith("3 tasks wait for labels, and 2 more that no ask has chosen (vendor: 3")
    campaign.tell(campaign.batch().ids, ["cat"] * 3, annotator="vendor")
    assert "2 tasks wait for labels that no ask has chosen (eve: 2 (assigned))" in message(campaign, "tell")
    assert message(campaign, "ask").startswith("Nothing that was asked for is outstanding.")

"""Lists and counts of what waits and what is disputed are of the same examples, over all stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.campaign.status import status
from ladle.errors import ArgumentError
from ladle.labelling import Store
from tests.campaign.made import begun, ids_of, margins

IDS = ids_of(40)
ASKED = IDS[:8]  # the first two are gold


@pytest.fixture
def campaign(store: Store, tmp_path: Path) -> ladle.Campaign:
    """Two people disagree on examples of every kind: of the batch, of none, gold, excluded, gone, assigned."""
    made = begun(store, tmp_path, labels=["cat", "dog"], annotators_per_task=2, budget=60)
    made.add_gold(IDS[:2], ["cat", "cat"])
    assert set(made.ask(6, margins=margins(), gold=2).ids) == set(ASKED)
    disagree(made, [0, 2, 3, 4, 30, 31, 32, 33])
    for name in ("ann", "bob"):
        made.tell([IDS[1], IDS[5]], ["cat", "cat"], annotator=name)
    made.exclude([IDS[3]], reason="blurred")
    made.add_gold([IDS[31], IDS[33]], ["cat", "cat"])
    made.assign([IDS[32], IDS[33]], to="eve")
    left = [each for each in IDS if each != IDS[4]]
    made.extend(ladle.open_pool(np.zeros((39, 2), np.float32), ids=left), replace=True)
    return made


def disagree(campaign: ladle.Campaign, rows: list[int]) -> None:
    for name, word in (("ann", "cat"), ("bob", "dog")):
        campaign.tell([IDS[row] for row in rows], [word] * len(rows), annotator=name)


def counts(campaign: ladle.Campaign) -> tuple[list[str], list[str]]:
    """The disputed examples, and the tasks of batches that wait, which all lists and counts have to agree on."""
    disputes, waiting = campaign.disputes(), campaign.outstanding()
    asked = waiting["id"][waiting["round"] > 0].tolist()
    is_disputed = waiting["state"] == "disputed"
    listed, found, facts = disputes["id"].tolist(), campaign.progress(), status(campaign).facts
    assert sorted(waiting["id"][is_disputed].tolist()) == sorted(listed)
    assert found.disputed == facts.disputes == len(listed)
    unasked = int((disputes["round"] == 0).sum())
    assert found.disputed_unasked == unasked == int((is_disputed & (waiting["round"] == 0)).sum())
    assert found.outstanding == facts.waiting == len(asked)
    assert campaign.batches()["outstanding"].tolist() == [len(asked)]
    assert campaign.rounds()["disputed"].tolist() == [len(listed) - unasked]
    assert campaign.rounds()["labelled"].tolist() == [found.labelled]
    return sorted(listed), asked


def test_a_dispute_is_one_everywhere_or_nowhere(campaign: ladle.Campaign) -> None:
    disputed, waiting = counts(campaign)
    assert disputed == sorted(IDS[row] for row in (2, 30, 32))
    assert sorted(waiting) == sorted(IDS[row] for row in (2, 6, 7))
    found = campaign.progress()
    # Of eight that were asked for, three wait; two gold ones and another are labelled; one is excluded and one is gone.
    assert (found.asked, found.outstanding, found.labelled) == (8, 3, 3)
    assert (found.labelled_unasked, found.excluded) == (2, 2)  # two gold examples that nobody asked for
    assert sorted(campaign.take("dee", 40, disputed=True)) == sorted([IDS[2], IDS[30]])  # the third is kept for eve
    assert campaign.record_model("m1", metrics={"accuracy": 0.5}) == 5
    assert "train" not in [step.name for step in status(campaign).steps]
    assert campaign.verify().ok


def test_a_tell_calls_gold_labelled_whoever_disagrees(store: Store, tmp_path: Path) -> None:
    made = begun(store, tmp_path, labels=["cat", "dog"], annotators_per_task=2)
    made.add_gold(IDS[:1], ["cat"])
    made.tell(IDS[:2], ["cat", "cat"], annotator="ann")
    told = made.tell(IDS[:2], ["dog", "dog"], annotator="bob")
    assert (told.disputed, told.labelled) == (1, 1)
    told = made.tell(IDS[:2], ["dog", "dog"], annotator="cy")
    assert (told.disputed, told.labelled) == (0, 1)


def test_a_disputed_gold_example_reserves_nothing(campaign: ladle.Campaign) -> None:
    found = campaign.progress()
    assert (found.spend, found.reserved, found.left) == (20, 2 * 2 + 1, 35)
    with pytest.raises(ArgumentError, match="20 are paid for, 5 reserved"):
        campaign.ask(18, margins=margins(39))
    assert len(campaign.ask(17, margins=margins(39))) == 17


def test_gold_that_is_taken_back_is_disputed_again(campaign: ladle.Campaign) -> None:
    assert (campaign.story(IDS[0]).state, campaign.story(IDS[0]).label) == ("labelled", "cat")
    campaign.withdrawals.remove_gold(IDS[:1])
    disputed, waiting = counts(campaign)
    assert IDS[0] in disputed
    assert IDS[0] in waiting
    assert (campaign.story(IDS[0]).state, campaign.story(IDS[0]).label) == ("disputed", None)
    campaign.include([IDS[3]])
    campaign.extend(ladle.open_pool(np.zeros((40, 2), np.float32), ids=IDS), replace=True)
    disputed, _ = counts(campaign)
    assert disputed == sorted(IDS[row] for row in (0, 2, 3, 4, 30, 32))

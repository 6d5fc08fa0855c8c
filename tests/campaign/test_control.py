"""The control: a share of every batch that keeps a uniform sample of the pool labelled, whatever the strategy does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, LadleError, MismatchError, NotFoundError
from ladle.labelling import Labels, MemoryStore, Store
from ladle.labelling.contract.tables import ControlTable
from ladle.labelling.id_words import id_words
from ladle.labelling.rules.control import quota_of
from tests.campaign.made import HOUR, Clock, begun, ids_of, margins, pool_of

ROWS = 200
SEED = 3


def order_of(ids: list[str]) -> list[int]:
    """The rows in the order in which the control takes them."""
    return np.argsort(id_words(SEED, "control", np.array(ids, object))).tolist()


def members_of(campaign: ladle.Campaign) -> dict[str, tuple[int, bool, str]]:
    with campaign._session.reading() as view:
        return {row[1]: (row[2], bool(row[3]), row[4]) for row in view.read(ControlTable).tuples()}


def controlled(store: Store, folder: Path, share: float = 0.2, **settings: object) -> ladle.Campaign:
    labels = {"labels": ["cat", "dog"], "seed": SEED, "control": share} | settings
    return begun(store, folder, ROWS, **labels)


def test_without_a_share_nothing_is_drawn(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.0)
    batch = campaign.ask(40, margins=margins(ROWS))
    assert batch.rows.tolist() == list(range(40))
    assert len(batch.control) == 0
    assert "control_rows" not in batch.story
    assert members_of(campaign) == {}


@pytest.mark.parametrize("taste", ["least sure first", "surest first", "by chance"])
def test_the_members_are_the_beginning_of_one_order_whatever_the_strategy_takes(
    taste: str, store: Store, tmp_path: Path
) -> None:
    campaign, ids = controlled(store, tmp_path), ids_of(ROWS)
    scores = {"least sure first": margins(ROWS), "surest first": 1 - margins(ROWS)}.get(taste)
    if scores is None:
        scores = np.random.default_rng(0).random(ROWS, dtype=np.float32)
    asked: set[int] = set()
    for number in range(1, 5):
        batch = campaign.ask(30, margins=scores)
        expected = [ids[row] for row in order_of(ids)[: 6 * number]]
        members = members_of(campaign)
        assert set(members) == set(expected)
        drawn = {example for example, (of, is_drawn, _) in members.items() if is_drawn and of == number}
        assert set(batch.ids[np.isin(batch.rows, batch.control)].tolist()) == drawn
        assert set(batch.control.tolist()).isdisjoint(asked)
        assert len(drawn) <= 6
        assert len(set(batch.rows.tolist()) - asked) == 30
        asked |= set(batch.rows.tolist())
        campaign.tell(batch.ids, ["cat" if row % 3 else "dog" for row in batch.rows.tolist()])
    found = [example for example, (_, is_drawn, _) in members.items() if not is_drawn]
    assert found or taste == "by chance"
    assert campaign.verify().ok


def test_small_asks_have_their_share_too() -> None:
    sizes, share = [3, 1, 7, 2] * 25, 0.05
    before = np.cumsum([0, *sizes])
    quotas = [quota_of(share, int(asked), size) for asked, size in zip(before, sizes, strict=False)]
    assert sum(quotas) == round(share * sum(sizes))
    assert max(quotas) == 1
    assert quota_of(0.5, 0, 1) == 1


def test_a_batch_of_control_alone(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.5)
    batch = campaign.ask(1, margins=margins(ROWS))
    assert batch.control.tolist() == batch.rows.tolist() == order_of(ids_of(ROWS))[:1]
    assert batch.story["strategy"] == "margin"


def test_the_people_cannot_tell(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path)
    batch = campaign.ask(100, margins=margins(ROWS))
    assert "control" not in batch.to_arrow().schema.names
    places = np.flatnonzero(np.isin(batch.rows, batch.control))
    assert len(places) == 20
    assert places.min() < 20
    assert places.max() > 80, "they are spread over the whole batch"
    rest = batch.rows[~np.isin(batch.rows, batch.control)]
    assert (np.diff(rest) > 0).all(), "the others are in the order of choice"


def test_the_same_ask_again_has_the_same_control(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path)
    batch = campaign.ask(30, margins=margins(ROWS), key="one")
    again = campaign.ask(30, margins=margins(ROWS), key="one")
    assert again.renewed
    assert again.control.tolist() == batch.control.tolist()
    assert campaign.batch(1).control.tolist() == batch.control.tolist()
    assert [row.control for row in campaign.outstanding()] == np.isin(batch.rows, batch.control).tolist()


def test_newcomers_and_lapsed_members_are_drawn_first(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = controlled(store, tmp_path, clock=clock, lease_seconds=HOUR)
    batch = campaign.ask(60, margins=margins(ROWS))
    ids = ids_of(ROWS + 100)
    campaign.extend(pool_of(ROWS + 100))
    first = order_of(ids_of(ROWS))[:12]
    order = order_of(ids)
    late = [row for row in order[: order.index(first[-1])] if row >= ROWS]
    assert 0 < len(late) < 12
    campaign.tell(batch.ids, ["cat"] * 60)
    steps = order[order.index(first[-1]) + 1 :][: 12 - len(late)]
    second = campaign.ask(60, margins=margins(ROWS + 100))
    free = set(range(ROWS + 100)) - set(batch.rows.tolist())
    assert set(second.control.tolist()) == set(late) | (set(steps) & free)
    clock.now += 2 * HOUR  # nobody has answered
    third = campaign.ask(15, margins=1 - margins(ROWS + 100))
    waiting = [row for row in order if row in set(second.control.tolist())]
    assert third.control.tolist() == [row for row in third.rows.tolist() if row in waiting[:3]]
    assert len(third.control) == 3
    assert members_of(campaign)[ids[late[0]]] == (2, True, ""), "it is no fair test: it was not drawn in order"
    assert campaign.verify().ok


def test_excluded_examples_are_no_part_of_it(store: Store, tmp_path: Path) -> None:
    campaign, ids = controlled(store, tmp_path), ids_of(ROWS)
    order = order_of(ids)
    campaign.exclude([ids[row] for row in order[:5]], reason="blurred")
    campaign.add_gold([ids[order[5]]], ["dog"])
    campaign.ask(30, margins=margins(ROWS))
    assert set(members_of(campaign)) == {ids[row] for row in order[5:11]}
    assert not members_of(campaign)[ids[order[5]]][1], "gold has its label: nobody is asked"
    campaign.include([ids[order[0]]])
    second = campaign.ask(30, margins=margins(ROWS))
    assert order[0] in second.control.tolist()
    assert campaign.verify().ok


def test_what_the_model_predicted_is_on_record_before_the_label(store: Store, tmp_path: Path) -> None:
    campaign, ids = controlled(store, tmp_path), ids_of(ROWS)
    P = np.stack([margins(ROWS), 1 - margins(ROWS)], axis=1)
    first = campaign.ask(100, margins=margins(ROWS))
    campaign.tell(first.ids, ["cat"] * 100)
    batch = campaign.ask(60, probabilities=P)
    for example, (number, is_drawn, predicted) in members_of(campaign).items():
        row = ids.index(example)
        if number == 1:
            assert predicted == "", "margins do not tell the class"
        elif is_drawn:
            assert predicted == ('"cat"' if P[row, 0] >= 0.5 else '"dog"')
        else:
            assert predicted == "", "it had a label: the model may have been trained on it"
    assert {True, False} == {is_drawn for number, is_drawn, _ in members_of(campaign).values() if number == 2}
    drawn = batch.control[0]
    campaign.tell([ids[drawn]], ["cat"])
    story = str(campaign.story(ids[drawn]))
    assert "drawn uniformly for the control in batch 2, when the model predicted" in story
    word = members_of(campaign)[ids[drawn]][2].strip('"')
    campaign.classes.rename(word, "kitten")
    assert "the model predicted 'kitten' (then 'cat')" in str(campaign.story(ids[drawn]))


def test_it_follows_its_examples_to_another_pool(store: Store, tmp_path: Path) -> None:
    campaign, ids = controlled(store, tmp_path), ids_of(ROWS)
    batch = campaign.ask(30, margins=margins(ROWS))
    before = members_of(campaign)
    kept = [each for each in reversed(ids) if each != batch.ids[0]]
    vectors = np.arange(len(kept) * 2, dtype=np.float32).reshape(-1, 2)
    campaign.extend(ladle.open_pool(vectors, ids=kept), replace=True)
    assert members_of(campaign) == before
    with campaign._session.reading() as view:
        control = view.read(ControlTable)
        assert [kept[row] for row in control.row[control.row >= 0]] == control.example_id[control.row >= 0].tolist()
    assert campaign.verify().ok
    campaign.backup(tmp_path / "birds.backup")
    with ladle.Campaign.restore(MemoryStore(), tmp_path / "birds.backup", files=str(tmp_path / "other")) as again:
        assert members_of(again) == before


def test_the_share_is_a_setting(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.0)
    assert campaign.set(control=0.1).changed == {"control": (0.0, 0.1)}
    assert len(campaign.ask(30, margins=margins(ROWS)).control) == 3
    campaign.set(control=0)
    assert len(campaign.ask(30, margins=margins(ROWS)).control) == 0
    for wrong in (-0.1, 0.51, "5%", True, float("nan")):
        with pytest.raises(ArgumentError, match="control"):
            campaign.set(control=wrong)  # type: ignore[arg-type]
    with pytest.raises(MismatchError, match="other settings"):
        controlled(store, tmp_path, 0.3)


def test_verify_names_a_member_that_is_not_of_the_beginning(tmp_path: Path) -> None:
    store = MemoryStore()
    campaign = controlled(store, tmp_path)
    campaign.ask(30, margins=margins(ROWS))
    tables = store._campaigns["birds"][1][ControlTable]
    key = sorted(tables)[0]
    last = order_of(ids_of(ROWS))[-1]
    tables[(last,)] = (last, ids_of(ROWS)[last], *tables.pop(key)[2:])
    problems = campaign.verify().problems
    assert any("not the beginning" in line for line in problems), problems
    assert any("not in batch 1" in line for line in problems), problems


def model_of(truth: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Probabilities of a model that takes the wrong class at these rows."""
    said = np.where(wrong, 1 - truth, truth)
    return np.stack([0.9 - 0.8 * said, 0.1 + 0.8 * said], axis=1).astype(np.float32)


def labelled_rounds(campaign: ladle.Campaign, rounds: int, wrong: np.ndarray) -> np.ndarray:
    """Rounds of 40 whose labels all come back; the class of each row."""
    truth = (np.random.default_rng(5).random(ROWS) < 0.3).astype(int)
    for _ in range(rounds):
        batch = campaign.ask(40, probabilities=model_of(truth, wrong), model="m")
        campaign.tell(batch.ids, [["cat", "dog"][truth[row]] for row in batch.rows.tolist()])
    return truth


def test_what_the_control_tells(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.5)
    wrong = np.random.default_rng(6).random(ROWS) < 0.25
    truth = labelled_rounds(campaign, 2, wrong)
    figures, order = campaign.control(), order_of(ids_of(ROWS))
    assert (figures.population, figures.members, figures.waiting, figures.batch) == (ROWS, 40, 0, 2)
    assert figures.sample["row"].tolist() == order[:40]
    assert figures.sample["label"] == [["cat", "dog"][truth[row]] for row in order[:40]]
    for row in figures.classes:
        is_it = truth == (row.label == "dog")
        assert row.low <= is_it.mean() <= row.high
        assert row.all_labels or row.share == pytest.approx(is_it[order[:40]].mean())
    members = members_of(campaign)
    for row in figures.tests:
        tested = [order[place] for place in range(40) if members[ids_of(ROWS)[order[place]]][0] == row.batch]
        asked_before = set(campaign.batch(1).rows.tolist()) if row.batch == 2 else set()
        fair = [each for each in tested if each not in asked_before]
        assert (row.tests, row.waiting, row.model) == (len(fair), 0, "m")
        assert row.accuracy == pytest.approx(1 - wrong[fair].mean())
        assert row.low <= row.accuracy <= row.high
    assert campaign.progress().control.to_dict() == figures.to_dict()
    third = campaign.ask(40, probabilities=model_of(truth, wrong))
    waiting = campaign.control()
    assert (waiting.batch, waiting.members, waiting.waiting) == (2, 60, len(third.control))
    assert np.isnan(waiting.tests[-1].accuracy)
    assert waiting.last_test.batch == 2
    assert str(waiting.to_dict()["tests"][-1]["accuracy"]) == "None"


def test_given_scores_are_tested_on_labels_that_they_have_not_seen(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.5)
    wrong = np.random.default_rng(6).random(ROWS) < 0.25
    truth = labelled_rounds(campaign, 3, wrong)
    order, members = order_of(ids_of(ROWS)), members_of(campaign)
    seen = np.isin(np.arange(ROWS), [*campaign.batch(1).rows, *campaign.batch(2).rows])
    P = model_of(truth, wrong)
    last = [row for row in order[40:60] if not seen[row]]
    found = campaign.control(probabilities=P)
    assert found.accuracy.count == len(last) == sum(of == 3 and drawn for of, drawn, _ in members.values())
    assert found.accuracy.value == pytest.approx(1 - wrong[last].mean())
    assert "before batch 3" in found.accuracy_of
    two = [row for row in order[20:60] if row not in set(campaign.batch(1).rows.tolist())]
    found = campaign.control(probabilities=P, unseen_from=2)
    assert (found.accuracy.count, found.accuracy.value) == (len(two), pytest.approx(1 - wrong[two].mean()))
    found = campaign.control(probabilities=P, held_out=True)
    assert (found.accuracy.count, found.accuracy.value) == (60, pytest.approx(1 - wrong[order[:60]].mean()))
    campaign.classes.rename("dog", "wolf")
    assert campaign.control(probabilities=P, held_out=True).accuracy == found.accuracy
    campaign.ask(40, margins=margins(ROWS))
    assert campaign.control(probabilities=P).accuracy is None
    assert "cannot be told before" in campaign.control(probabilities=P).accuracy_of


def test_wrong_questions_to_the_control(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.0)
    with pytest.raises(NotFoundError, match=r"Campaign\.set\(control="):
        campaign.control()
    assert campaign.progress().control is None
    campaign.set(control=0.5)
    campaign.ask(10, margins=margins(ROWS))
    assert campaign.control().batch == 0
    assert len(campaign.control().classes) == 0
    P = np.full((ROWS, 2), 0.5, np.float32)
    for given, what in (
        ({"held_out": True}, "probabilities"),
        ({"unseen_from": 1}, "probabilities"),
        ({"probabilities": P, "held_out": True, "unseen_from": 1}, "left out"),
        ({"probabilities": P, "unseen_from": 2}, "1 at most"),
        ({"probabilities": P[:9]}, "one entry for each"),
        ({"probabilities": np.full((ROWS, 3), 1 / 3)}, "2 classes"),
    ):
        with pytest.raises(LadleError, match=what):
            campaign.control(**given)


def test_several_classes_and_numbers(store: Store, tmp_path: Path) -> None:
    several = controlled(store, tmp_path, 0.5, labels=ladle.campaign.Labels.multi(["cat", "dog"]))
    batch = several.ask(40, margins=margins(ROWS))
    several.tell(batch.ids, [["cat", "dog"] if row % 2 else ["dog"] for row in batch.rows.tolist()])
    shares = {row.label: row.share for row in several.control().classes}
    odd = [row % 2 for row in order_of(ids_of(ROWS))[:20]]
    assert shares == {"cat": pytest.approx(np.mean(odd)), "dog": 1.0}
    numbers = controlled(store, tmp_path, 0.5, labels=ladle.campaign.Labels.value(), name="ages")
    batch = numbers.ask(40, margins=margins(ROWS))
    numbers.tell(batch.ids, [1.5] * 40)
    assert len(numbers.control().classes) == 0
    assert numbers.control().sample["label"] == [1.5] * 20


def test_the_control_of_numbers_tells_their_mean(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.5, labels=Labels.value())
    values = np.random.default_rng(1).normal(7, 2, ROWS).round(3)

    def told(size: int) -> ladle.labelling.ControlFigures:
        batch = campaign.ask(size, margins=margins(ROWS))
        campaign.tell(batch.ids, values[batch.rows].tolist())
        return campaign.control()

    few = told(40)
    assert (few.labelled, few.mean, len(few.classes)) == (20, None, 0)
    some = told(40)
    assert some.mean is not None
    members = np.array([row.label for row in some.sample])
    assert some.mean.value == pytest.approx(members.mean())
    assert some.mean.low < some.mean.value < some.mean.high
    assert some.mean.count == some.labelled == len(members)
    more = told(80)
    assert more.mean is not None
    assert more.mean.high - more.mean.low < some.mean.high - some.mean.low
    assert more.to_dict()["mean"]["value"] == more.mean.value
    assert more.mean.low < values.mean() < more.mean.high


def test_classes_have_no_mean(store: Store, tmp_path: Path) -> None:
    campaign = controlled(store, tmp_path, 0.5)
    batch = campaign.ask(100, margins=margins(ROWS))
    campaign.tell(batch.ids, ["cat"] * 100)
    assert campaign.control().mean is None

"""Tasks move between states as the table of states says: each rule makes all of its moves, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import LadleError
from ladle.labelling import MemoryStore
from ladle.labelling.contract.tables import TaskTable
from ladle.labelling.states import DISPUTED, EXCLUDED, LABELLED, MOVES, OPEN, STATES, check_moves
from tests.campaign.made import begun, ids_of, margins

ONE, TWO, THREE, FOUR = ids_of(4)
Moves = set[tuple[int, int]]


def moves_of(store: MemoryStore, act: Callable[[], object]) -> Moves:
    """The moves of tasks that existed before an act."""

    def states() -> dict[int, int]:
        with store.reading("birds") as view:
            task = view.read(TaskTable)
            return dict(zip(task.row.tolist(), task.state.tolist(), strict=True))

    before = states()
    act()
    after = states()
    return {(state, after[row]) for row, state in before.items() if after[row] != state}


def campaign_of(folder: Path, annotators: int) -> tuple[MemoryStore, ladle.Campaign]:
    """A campaign whose first batch has the first rows of the pool."""
    store = MemoryStore()
    campaign = begun(store, folder, annotators_per_task=annotators)
    campaign.ask(8, margins=margins())
    return store, campaign


def test_a_tell_makes_its_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 1)
    assert moves_of(store, lambda: campaign.tell([ONE], ["cat"], annotator="ann")) == {(OPEN, LABELLED)}
    assert moves_of(store, lambda: campaign.tell([ONE], ["dog"], annotator="bob")) == {(LABELLED, DISPUTED)}
    assert moves_of(store, lambda: campaign.tell([ONE], ["cat"], annotator="cid")) == {(DISPUTED, LABELLED)}
    store, campaign = campaign_of(tmp_path / "two", 2)
    two = lambda: campaign.tell([ONE, ONE], ["cat", "dog"], annotator=["ann", "bob"])  # noqa: E731
    assert moves_of(store, two) == {(OPEN, DISPUTED)}
    assert MOVES["tell"] == {(OPEN, LABELLED), (LABELLED, DISPUTED), (DISPUTED, LABELLED), (OPEN, DISPUTED)}


def test_a_deletion_makes_its_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 1)
    campaign.tell([ONE] * 3, ["cat", "cat", "dog"], annotator=["ann", "bob", "cid"])

    def delete(annotator: str | None) -> Callable[[], object]:
        return lambda: campaign.delete_labels([ONE], annotator=annotator, reason="a slip")

    assert moves_of(store, delete("ann")) == {(LABELLED, DISPUTED)}
    assert moves_of(store, delete("cid")) == {(DISPUTED, LABELLED)}
    assert moves_of(store, delete("bob")) == {(LABELLED, OPEN)}
    campaign.tell([ONE] * 2, ["cat", "dog"], annotator=["ann", "bob"])
    assert moves_of(store, delete(None)) == {(DISPUTED, OPEN)}
    assert MOVES["delete"] == {(LABELLED, DISPUTED), (DISPUTED, LABELLED), (LABELLED, OPEN), (DISPUTED, OPEN)}


def test_an_untold_file_makes_its_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 1)
    # Three people and their files: what is left of the labels of one example once a file is untold.
    cases: dict[tuple[int, int], tuple[list[tuple[str, str]], tuple[str, str]]] = {
        (LABELLED, OPEN): ([], ("ann", "cat")),
        (DISPUTED, LABELLED): ([("bob", "dog")], ("ann", "cat")),
        (LABELLED, DISPUTED): ([("bob", "dog"), ("cid", "cat")], ("ann", "cat")),
    }
    for number, (move, (others, (annotator, label))) in enumerate(cases.items()):
        example = ids_of(8)[number]
        for other, said in others:
            campaign.tell([example], [said], annotator=other)
        path = tmp_path / f"{number}.csv"
        path.write_text(f"id,label\n{example},{label}\n")
        campaign.tell_file(path, annotator=annotator)
        assert moves_of(store, lambda path=path: campaign.withdrawals.untell(path)) == {move}  # type: ignore[misc]
    two = tmp_path / "two.csv"
    two.write_text(f"id,label,annotator\n{FOUR},cat,ann\n{FOUR},dog,bob\n")
    campaign.tell_file(two)
    assert moves_of(store, lambda: campaign.withdrawals.untell(two)) == {(DISPUTED, OPEN)}
    assert MOVES["untell"] == {*cases, (DISPUTED, OPEN)}


def test_merged_people_make_their_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 2)
    campaign.tell([ONE, ONE], ["cat", "cat"], annotator=["ann", "Ann"])
    campaign.tell([TWO, TWO], ["cat", "dog"], annotator=["ann", "Ann"])
    campaign.tell([THREE] * 3, ["cat", "dog", "cat"], annotator=["ann", "bob", "Ann"])
    campaign.tell(
        [FOUR] * 4, ["cat", "dog", "cat", "dog"], annotator=["ann", "Ann", "cid", "bob"], told_at=[9, 8, 7, 7]
    )
    merge = moves_of(store, lambda: campaign.people.merge("Ann", "ann"))
    assert merge == {(LABELLED, OPEN), (DISPUTED, OPEN), (LABELLED, DISPUTED), (DISPUTED, LABELLED)}
    assert merge == MOVES["merge people"]
    assert campaign.verify().ok


def test_exclusions_make_their_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 1)
    campaign.tell([ONE, TWO, TWO], ["cat", "cat", "dog"], annotator=["ann", "ann", "bob"])
    chosen = [ONE, TWO, THREE]
    assert moves_of(store, lambda: campaign.exclude(chosen, reason="blurred")) == MOVES["exclude"]
    assert moves_of(store, lambda: campaign.tell([THREE], ["cat"], annotator="ann")) == set()
    assert moves_of(store, lambda: campaign.delete_labels([THREE], reason="a slip")) == set()
    assert moves_of(store, lambda: campaign.include(chosen)) == MOVES["include"]


def test_a_final_word_and_its_end_make_their_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 1)
    campaign.tell([ONE, TWO, TWO], ["cat", "cat", "dog"], annotator=["ann", "ann", "bob"])
    chosen = [ONE, TWO, THREE]
    assert moves_of(store, lambda: campaign.adjudicate(chosen, "emu")) == MOVES["adjudicate"]
    assert moves_of(store, lambda: campaign.undo_adjudication(chosen)) == MOVES["undo"]


def test_other_settings_make_their_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 1)
    campaign.tell([ONE, TWO, TWO, THREE, THREE, THREE], ["cat"] * 3 + ["cat", "dog", "dog"], annotator=[*"aababc"])
    campaign.exclude([FOUR], reason="blurred")
    made: Moves = set()
    rules = [(1, "majority"), (2, "majority"), (2, "unanimous"), (3, "unanimous"), (4, "unanimous"), (1, "latest")]
    for annotators, agreement in [*rules, *reversed(rules)]:
        setting = lambda annotators=annotators, agreement=agreement: campaign.set(  # noqa: E731
            annotators_per_task=annotators, agreement=agreement
        )
        made |= moves_of(store, setting)
    assert made == MOVES["set"]
    assert campaign.story(FOUR).state == "excluded"


def test_merged_classes_make_their_moves_and_no_other(tmp_path: Path) -> None:
    store, campaign = campaign_of(tmp_path, 2)
    four = ["a", "b", "c", "d"]
    campaign.tell([ONE] * 2, ["cat", "kitten"], annotator=four[:2])
    campaign.tell([TWO] * 4, ["dog", "dog", "cat", "kitten"], annotator=four)
    campaign.tell([THREE], ["kitten"], annotator="a")
    assert moves_of(store, lambda: campaign.classes.merge("kitten", "cat")) == MOVES["class"]


@pytest.mark.parametrize("rule", MOVES)
def test_a_move_that_no_rule_makes_is_refused(rule: str) -> None:
    every = range(len(STATES))
    refused = 0
    for before in every:
        for after in every:
            states = np.array([before], np.int64), np.array([after], np.int64)
            if before == after or (before, after) in MOVES[rule]:  # type: ignore[index]
                check_moves(rule, *states)  # type: ignore[arg-type]
                continue
            refused += 1
            with pytest.raises(LadleError, match=f"{STATES[before]} to {STATES[after]}"):
                check_moves(rule, *states)  # type: ignore[arg-type]
    assert refused == 12 - len(MOVES[rule]) > 0  # type: ignore[index]


def test_states_have_names() -> None:
    assert [STATES[state] for state in (OPEN, LABELLED, DISPUTED, EXCLUDED)] == list(STATES)

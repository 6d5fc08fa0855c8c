"""The table of what a lead should do next: each row holds where it should, and says what there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ladle.labelling.next_steps import STEPS, CampaignFacts, DueReview, near_equal, steps

BUSY = CampaignFacts(batches=2, waiting=0, left=0, answers=0, to_choose=5)  # nothing but the budget
CY = DueReview("cy", ("wrong on gold", "too fast"), ("2 of 9 gold examples right", "half of 30 labels"))
CASES: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    # the step: facts under which it holds, facts one step away under which it does not, words of its message
    "overdue": ({"overdue": ("vendor: 5 (batch 1)",)}, {"overdue": ()}, "vendor: 5"),
    "quarantine": ({"quarantined": 1}, {"quarantined": 0}, "1 entry is in quarantine"),
    "disputes": ({"disputes": 3}, {"disputes": 0}, "3 examples"),
    "names": ({"near_equal": (("Ann", "ann"),)}, {"near_equal": ()}, "Ann = ann"),
    "reviews": ({"reviews": (CY,)}, {"reviews": ()}, "Due for a review: cy (wrong on gold, too fast)."),
    "stop": ({"stop": ("the gain is small",)}, {"stop": ()}, "gain is small"),
    "tell": (
        {"waiting": 2, "holders": ("ann: 2 (taken)",)},
        {"waiting": 0, "holders": ()},
        "2 tasks wait for labels (ann: 2",
    ),
    "budget": ({"left": 0}, {"left": 1}, "used up"),
    "model": ({"scored_batches": 2}, {"scored_batches": 1}, "No model"),
    "scores": ({"same_scores": True}, {"same_scores": False}, "same scores"),
    "train": ({"newest_model": "m1", "labelled": 5, "model_labelled": 3}, {"model_labelled": 5}, "2 labelled examples"),
    "first": ({"batches": 0, "left": None}, {"batches": 1}, "Nothing has been asked"),
    "ask": ({"left": 7}, {"waiting": 1}, "7 labels of the budget"),
    "gold": ({"untested": 20}, {"untested": 0}, "Nobody was ever tested by gold, in 20 labels"),
    "backup": ({"answers": 1}, {"is_backed_up": True}, "No backup"),
}


def test_every_row_of_the_table_is_tried() -> None:
    assert set(CASES) == set(STEPS)


@pytest.mark.parametrize("name", CASES)
def test_a_step_holds_where_it_should(name: str) -> None:
    there, gone, words = CASES[name]
    facts = replace(BUSY, **there)  # type: ignore[arg-type]
    found = {step.name: step for step in steps(facts)}
    assert words in found[name].message
    assert found[name].command == STEPS[name].command(facts)
    assert name not in {step.name for step in steps(replace(facts, **gone))}  # type: ignore[arg-type]


def test_a_label_that_nobody_asked_for_is_newer_than_the_model_too() -> None:
    facts = replace(BUSY, newest_model="m1", labelled=3, labelled_unasked=2, model_labelled=3)
    assert "2 labelled examples" in {step.name: step for step in steps(facts)}["train"].message


def test_steps_come_in_the_order_of_the_table() -> None:
    found = [step.name for step in steps(replace(BUSY, quarantined=1, overdue=("a: 1",), waiting=3, untested=2))]
    assert found == [name for name in STEPS if name in found]
    assert found[0] == "overdue"


def test_a_whole_pool_is_not_asked_for_again() -> None:
    assert steps(CampaignFacts(batches=3, waiting=0, to_choose=0)) == []


def test_names_that_are_nearly_one() -> None:
    labels = {"Ann": 9, "ann": 5, "a.n.n.": 0, "bob": 1, "Bob ": 1, "cy": 7, "": 3}
    assert near_equal(labels) == (("a.n.n.", "ann", "Ann"), ("Bob ", "bob"))
    assert near_equal({"ann": 1, "anna": 1}) == ()


@pytest.mark.parametrize(
    ("names", "command"),
    [
        (("Ann", "ann"), "person merge Ann ann"),
        (("a.n.n.", "Ann", "ann"), "person merge a.n.n. ann"),
        (("Ann O'Hara", "ann o'hara"), """person merge 'Ann O'"'"'Hara' 'ann o'"'"'hara'"""),
        (("-ann", "ann"), "person merge -- -ann ann"),
        (("a -- b", "A -- b"), "person merge -- 'a -- b' 'A -- b'"),
    ],
)
def test_names_are_merged_into_the_one_with_the_most_labels(names: tuple[str, ...], command: str) -> None:
    (step,) = steps(replace(BUSY, left=None, to_choose=0, near_equal=(names, ("Bob", "bob"))))
    assert step.command == command


@pytest.mark.parametrize(
    ("needs", "files"),
    [
        ((), ""),
        (("embeddings",), ""),
        (("scores",), "--scores SCORES.parquet "),
        (("probabilities", "embeddings"), "--scores SCORES.parquet "),
        (("votes", "probabilities", "embeddings"), "--votes VOTES.parquet --scores SCORES.parquet "),
    ],
)
def test_an_ask_has_the_files_that_the_strategy_needs(needs: tuple[str, ...], files: str) -> None:
    (first,) = steps(CampaignFacts(batches=0, waiting=0, to_choose=5, needs=needs))
    assert first.command == f"ask {files}--size COUNT -o batch-1.csv"
    later = steps(CampaignFacts(batches=1, waiting=0, to_choose=5, needs=needs, untested=30, gold=5))
    assert [step.command for step in later] == [
        f"round {files}--size COUNT -o NEXT.csv",
        f"round {files}--size COUNT --gold COUNT -o NEXT.csv",
    ]


def test_gold_that_is_known_goes_into_a_batch_if_one_can_be_asked_for() -> None:
    facts = replace(BUSY, left=None, untested=30)
    assert steps(facts)[-1].command == "gold KNOWN.csv"
    assert "--gold COUNT" in steps(replace(facts, gold=5))[-1].command
    assert "gold" not in [step.name for step in steps(replace(facts, gold=5, to_choose=0))]
    assert "gold" not in [step.name for step in steps(replace(facts, gold=5, left=0))]


def test_long_lists_are_counted() -> None:
    (step,) = steps(replace(BUSY, left=None, to_choose=0, overdue=tuple(f"p{n}: 1" for n in range(9))))
    assert "p2: 1; and 6 more" in step.message
    assert "p3" not in step.message


def test_the_tasks_that_no_ask_has_chosen_stand_apart() -> None:
    def said(**facts: int) -> str:
        found = steps(replace(BUSY, holders=("ann: 3 (assigned)",), **facts))
        return next(step.message for step in found if step.name == "tell")

    rest = "(ann: 3 (assigned)). Tell the labels that come back."
    assert said(waiting=52) == f"52 tasks wait for labels {rest}"
    assert said(waiting=52, waiting_unasked=3) == f"52 tasks wait for labels, and 3 more that no ask has chosen {rest}"
    assert said(waiting=0, waiting_unasked=1) == f"1 task waits for labels that no ask has chosen {rest}"

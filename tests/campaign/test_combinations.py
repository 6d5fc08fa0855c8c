"""Changes that meet each other: a pool that is replaced, a class that is renamed, a person who is merged meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import LadleError, MismatchError
from ladle.labelling import Store
from tests.campaign.made import Clock

IDS = [f"e{place}" for place in range(4)]


def pool_of(*ids: str) -> ladle.Pool:
    return ladle.open_pool(np.array([[float(each[1:]), 1.0] for each in ids], np.float32), ids=list(ids))


class Meanwhile(Clock):
    """A clock that lets something happen when it is next looked at: between a call's checks and its write."""

    def __init__(self) -> None:
        super().__init__()
        self.act: Callable[[], object] | None = None

    def __call__(self) -> float:
        act, self.act = self.act, None
        if act is not None:
            act()
        return self.now


def begun(store: Store, folder: Path, labels: list[str] | None, clock: Clock) -> ladle.Campaign:
    return ladle.Campaign.create(
        store,
        name="birds",
        pool=pool_of(*IDS),
        strategy="margin",
        labels=labels,
        clock=clock,
        files=str(folder / "files"),
    )


def other(store: Store) -> ladle.Campaign:
    return ladle.Campaign.open(store, name="birds", clock=Clock())


def file_of(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / f"{len(list(folder.glob('*.jsonl')))}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def resolved(campaign: ladle.Campaign) -> dict[str, object]:
    return {row.id: row.label for row in campaign.resolved()}


def test_an_example_that_comes_back_by_an_extension_has_its_records(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.tell(["e0"], ["a"], annotator="ann")
    campaign.adjudicate(["e0"], ["a"])
    campaign.extend(pool_of("e1", "e2"), replace=True)
    campaign.extend(pool_of("e1", "e2", "e0", "e9"))
    campaign.tell(["e0"], ["b"], annotator="ann")
    assert resolved(campaign) == {"e0": "a"}
    current = [(row.row, row.label) for row in campaign.labels() if row.status == "current"]
    assert current == [(2, "b")]
    assert campaign.progress().spend == 1
    assert campaign.verify().ok
    campaign.extend(pool_of(*IDS), replace=True)
    assert campaign.verify().ok
    assert resolved(campaign) == {"e0": "a"}


def test_a_file_with_comments_is_refused_once_the_pool_was_replaced_meanwhile(store: Store, tmp_path: Path) -> None:
    clock = Meanwhile()
    campaign = begun(store, tmp_path, ["a", "b"], clock)
    campaign.skip(IDS, annotator="zoe", reason="dark")
    file = file_of(tmp_path, {"id": "e0", "label": "a", "annotator": "ann", "comment": "odd"})
    clock.act = lambda: other(store).extend(pool_of(*reversed(IDS)), replace=True)
    with pytest.raises(MismatchError, match="Repeat the change"):
        campaign.tell_file(file)
    campaign.tell_file(file)
    assert [(row.id, row.row) for row in campaign.labels() if row.label == "a"] == [("e0", 3)]
    assert campaign.verify().ok


@pytest.mark.parametrize("act", ["tell", "adjudicate"])
def test_a_class_that_is_merged_meanwhile_counts_as_the_other(act: str, store: Store, tmp_path: Path) -> None:
    clock = Meanwhile()
    campaign = begun(store, tmp_path, ["a", "b"], clock)
    clock.act = lambda: other(store).classes.merge("a", "b")
    more = {"annotator": "ann"} if act == "tell" else {}
    getattr(campaign, act)(["e0"], ["a"], **more)
    assert resolved(campaign) == {"e0": "b"}
    assert campaign.verify().ok


def test_a_file_untold_after_a_merge_leaves_what_stood_before_it(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.tell(["e0"], ["a"], annotator="ann")
    campaign.tell(["e0"], ["b"], annotator="bob")
    campaign.delete_labels(annotator="ann", reason="a slip")
    campaign.people.merge("ann", "bob")
    file = file_of(tmp_path, {"id": "e0", "label": "a", "annotator": "bob"})
    campaign.tell_file(file)
    assert campaign.withdrawals.untell(file).restored == 1
    assert resolved(campaign) == {"e0": "b"}


def test_a_rename_onto_a_class_of_gold_is_refused_where_any_class_is_accepted(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, None, Clock())
    campaign.tell(["e0"], ["cat"], annotator="ann")
    campaign.add_gold(["e1"], ["dog"])
    campaign.adjudicate(["e2"], ["emu"])
    for taken in ("dog", "emu"):
        with pytest.raises(LadleError):
            campaign.classes.rename("cat", taken)
    campaign.classes.rename("emu", "rhea")
    assert resolved(campaign) == {"e0": "cat", "e1": "dog", "e2": "rhea"}


def test_a_comment_is_stored_once_whatever_its_author_is_called_now(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.comment(["e0"], "odd", annotator="ann")
    campaign.tell(["e0"], ["a"], annotator="ann")
    campaign.people.rename("ann", "anna")
    assert campaign.comment(["e0"], "odd", annotator="ann") == 0
    assert len(campaign.comments()) == 1


def test_who_has_only_taken_tasks_is_known(store: Store, tmp_path: Path) -> None:
    campaign = begun(store, tmp_path, ["a", "b"], Clock())
    campaign.ask(2, margins=np.zeros(4))
    campaign.take("Ann", 1)
    campaign.people.rename("Ann", "ann")
    assert [row.taken_by for row in campaign.outstanding() if row.taken_by] == ["ann"]

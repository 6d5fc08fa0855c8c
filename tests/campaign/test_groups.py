"""Near-duplicates labelled together: who is in a group, what is stored, and what its audit tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.campaign.groups import AUDIT, AUDIT_SHARE, MOST_MEMBERS
from ladle.errors import ArgumentError, IdError
from ladle.labelling import MemoryStore
from ladle.labelling.contract.columns import texts
from ladle.labelling.id_words import id_words
from tests.campaign.made import Clock

COPIES, ORIGINALS, OTHERS = 60, 8, 120


def copies_of(tmp_path: Path, **settings: Any) -> ladle.Campaign:
    """8 originals with 60 near-equal copies each, "o-c" being copy c of original o, and 120 other examples."""
    generator = np.random.default_rng(0)
    singles = 10 * generator.standard_normal((ORIGINALS + OTHERS, 6))
    copies = np.repeat(singles[:ORIGINALS], COPIES, axis=0)
    vectors = np.concatenate([copies + 0.001 * generator.standard_normal(copies.shape), singles[ORIGINALS:]])
    ids = [f"{row // COPIES}-{row % COPIES}" for row in range(len(copies))] + [f"s-{row}" for row in range(OTHERS)]
    settings = {
        "labels": ["cat", "dog"],
        "clock": Clock(),
        "files": str(tmp_path / "f"),
    } | settings
    pool = ladle.open_pool(vectors.astype(np.float32), ids=ids)
    tree = ladle.cluster(pool, metric="sqeuclidean", mean_size=10)
    campaign = ladle.Campaign.create(MemoryStore(), name="copies", pool=pool, tree=tree, **settings)
    rows = np.arange(len(copies)) % COPIES * ORIGINALS + np.arange(len(copies)) // COPIES
    margins = np.concatenate([rows, 1000 + np.arange(OTHERS)]).astype(np.float32)
    campaign.ask(2 * ORIGINALS, margins=margins)  # two copies of each original
    return campaign


def is_audited(campaign: ladle.Campaign, example: str) -> bool:
    word = id_words(campaign.settings.seed, "group audit", texts([example]))[0]
    return bool(word < AUDIT_SHARE * 2**64)


def test_a_group_is_of_one_tight_cluster_and_no_example_is_in_two(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    tasks = campaign.take("ann", 2 * ORIGINALS).ids.tolist()
    groups = campaign.groups_of("ann", tasks)
    everyone = [each for group in groups for each in group]
    assert len(everyone) == len(set(everyone))
    for task, group in zip(tasks, groups, strict=True):
        assert {each.split("-")[0] for each in group} <= {task.split("-")[0]}
        assert task not in everyone or tasks.index(task) > 0
        assert len(group) <= MOST_MEMBERS
    originals = {task.split("-")[0] for task in tasks} - {"s"}
    assert len(originals) > 3
    assert sum(len(group) == MOST_MEMBERS for group in groups) == len(originals)
    assert campaign.groups_of("ann", tasks[:1], most=3)[0] == groups[0][:3]
    assert campaign.are_near("3-0", ["3-5", "4-5"]).tolist() == [True, False]


def test_who_is_kept_for_something_else_is_in_no_group(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path, control=0.5)
    campaign.add_gold(["0-10"], ["cat"])
    campaign.exclude(["0-11"], reason="blurred")
    campaign.assign(["0-12"], to="eve")
    campaign.tell(["0-13"], ["dog"], annotator="bob")
    campaign.adjudicate(["0-14"], ["dog"])
    kept = {f"0-{number}" for number in range(10, 15)}
    bobs = set(campaign.take("bob", 5).ids.tolist())
    control = {each["id"] for each in campaign.outstanding().to_pylist() if each["control"]}
    tasks = campaign.take("ann", 30).ids.tolist()
    members = {each for group in campaign.groups_of("ann", tasks) for each in group}
    assert control
    assert not members & (kept | bobs | control)
    assert campaign.groups_of("ann", ["0-10"]) == [[]]


def test_one_answer_labels_the_task_and_its_members_but_for_the_audit(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    task = campaign.take("ann", 1).ids.tolist()[0]
    members = campaign.groups_of("ann", [task])[0]
    left_out, answered = members[0], members[1:]
    audited = [each for each in answered if is_audited(campaign, each)]
    assert 1 <= len(audited) <= 10
    for _ in range(2):  # the second time after a lost acknowledgement
        told = campaign.tell_group(task, "cat", answered, annotator="ann", key="k", seconds=2.5)
    assert told.repeat_of_key
    rows = {row["id"]: row for row in campaign.labels().to_pylist()}
    assert set(rows) == {task, *answered} - set(audited)
    assert {(row["label"], row["annotator"], row["source"]) for row in rows.values()} == {("cat", "ann", "group")}
    assert rows[task]["seconds"] == 2.5
    assert left_out not in rows
    assert campaign.verify().ok
    # The audit comes back singly, before new tasks, to the same person alone.
    assert not set(campaign.take("bob", 60).ids.tolist()) & set(audited)
    assert set(campaign.take("ann", len(audited)).ids.tolist()) == set(audited)
    assert all(not set(group) & set(audited) for group in campaign.groups_of("ann", audited))
    comments = {row["id"]: row["text"] for row in campaign.comments().to_pylist()}
    assert comments == dict.fromkeys(audited, f'{AUDIT}"cat"')
    figures = campaign.group_audit()
    assert (figures.labels, figures.waiting, figures.precision) == (len(rows), len(audited), None)


def test_the_audit_counts_the_answers_that_differ(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    checked = 0
    for number, task in enumerate(campaign.take("ann", ORIGINALS).ids.tolist()):
        members = campaign.groups_of("ann", [task])[0]
        campaign.tell_group(task, "cat", members, annotator="ann", key=f"k{number}")
    audited = [row["id"] for row in campaign.comments().to_pylist()]
    wrong = audited[:3]
    for example in audited[:-1]:
        campaign.tell([example], ["dog" if example in wrong else "cat"], annotator="ann")
        checked += 1
    found = campaign.group_audit()
    assert found.precision is not None
    assert (found.precision.checked, found.precision.right, found.waiting) == (checked, checked - 3, 1)
    assert 0.03 < len(audited) / (ORIGINALS * MOST_MEMBERS) < 0.08


def test_an_answer_for_the_group_is_changed_by_another(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    task = campaign.take("ann", 1).ids.tolist()[0]
    members = campaign.groups_of("ann", [task])[0]
    campaign.tell_group(task, "cat", members, annotator="ann", key="one")
    campaign.tell_group(task, "dog", members, annotator="ann", key="two")
    current = [row for row in campaign.labels().to_pylist() if row["status"] == "current"]
    assert {row["label"] for row in current} == {"dog"}
    audited = [each for each in members if is_audited(campaign, each)]
    campaign.tell(audited, ["dog"] * len(audited), annotator="ann")
    found = campaign.group_audit().precision
    assert found is not None
    assert found.right == found.checked == len(audited)


def test_a_group_spends_no_more_than_the_budget(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path, budget=2 * ORIGINALS + 7)
    tasks = campaign.take("ann", 2 * ORIGINALS).ids.tolist()
    assert sum(map(len, campaign.groups_of("ann", tasks))) <= 7


def test_members_are_counted_among_those_that_no_batch_asked_for(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    task = campaign.take("ann", 1).ids.tolist()[0]
    members = campaign.groups_of("ann", [task])[0]
    told = campaign.tell_group(task, "cat", members, annotator="ann", key="k")
    figures, progress = campaign.figures(), campaign.progress()
    assert told.accepted > 40
    asked = sum(each["id"] in campaign.batch(1).ids.tolist() for each in campaign.labels().to_pylist())
    assert asked < told.accepted
    assert (figures.labelled, figures.labelled_unasked) == (asked, told.accepted - asked)
    assert (progress.labelled, progress.labelled_unasked) == (asked, told.accepted - asked)
    assert figures.spend == told.accepted
    assert f"{told.accepted - asked} others are labelled" in str(progress)


def test_there_are_no_groups_where_a_task_needs_several_labels(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    task = campaign.take("ann", 1).ids.tolist()[0]
    members = campaign.groups_of("ann", [task])[0]
    assert members
    campaign.set(annotators_per_task=2)
    assert campaign.groups_of("ann", [task]) == [[]]
    with pytest.raises(ArgumentError, match=r"members.*2 labels a task"):
        campaign.tell_group(task, "cat", members, annotator="ann")
    assert len(campaign.labels()) == len(campaign.comments()) == 0
    assert campaign.tell_group(task, "cat", [], annotator="ann").accepted == 1


def test_what_is_no_group_is_refused(tmp_path: Path) -> None:
    campaign = copies_of(tmp_path)
    task = campaign.take("ann", 1).ids.tolist()[0]
    members = campaign.groups_of("ann", [task])[0]
    stranger = f"{(int(task.split('-')[0]) + 1) % ORIGINALS}-50"
    for wrong in ([stranger], [task], [members[0]] * 2, [f"{task.split('-')[0]}-{n}" for n in range(59)]):
        with pytest.raises(ArgumentError, match="members"):
            campaign.tell_group(task, "cat", wrong, annotator="ann")
    with pytest.raises(ArgumentError, match="labels"):
        campaign.tell_group(task, "cow", members, annotator="ann")
    with pytest.raises(ArgumentError, match="annotator"):
        campaign.tell_group(task, "cat", members, annotator="")
    with pytest.raises(IdError):
        campaign.tell_group(task, "cat", ["no such"], annotator="ann")
    assert len(campaign.labels()) == len(campaign.comments()) == 0


def test_without_clusters_there_are_no_groups() -> None:
    pool = ladle.open_pool(np.arange(20, dtype=np.float32).reshape(10, 2))
    campaign = ladle.Campaign.create(MemoryStore(), name="plain", pool=pool, strategy="margin", labels=["a", "b"])
    assert campaign.groups_of("ann", [0, 1]) == [[], []]
    with pytest.raises(ArgumentError, match="members"):
        campaign.tell_group(0, "a", [1], annotator="ann")

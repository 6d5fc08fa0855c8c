"""Rules of agreement against their own sentences, and Dawid and Skene's model against plain loops."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.agreement import RULES, judge
from ladle.labelling.contract.tables import CURRENT, DELETED, LabelTable
from ladle.labelling.labels import Labels
from ladle.labelling.measures import dawid_skene as dawid_skene_module
from ladle.labelling.measures.annotators import agreement_of
from ladle.labelling.measures.dawid_skene import dawid_skene
from ladle.labelling.states import DISPUTED, LABELLED, OPEN

A, B, C = '"a"', '"b"', '"c"'


def told(*said: tuple[int, str, str], status: int = CURRENT) -> LabelTable:
    """Labels of (row, annotator, canonical label), in this order."""
    return LabelTable.of(
        [
            (number, row, annotator, 1, label, number, number, "", status, 1, 0, label, annotator, 0, 0, "", "")
            for number, (row, annotator, label) in enumerate(said, start=1)
        ]
    )


def votes(*labels: str) -> LabelTable:
    return told(*((7, f"annotator {place}", label) for place, label in enumerate(labels)))


CASES = [
    ("majority", 1, [A], LABELLED, A, 1.0),
    ("majority", 2, [A], OPEN, "", 0.0),
    ("majority", 2, [A, B], DISPUTED, "", 0.0),
    ("majority", 2, [A, B, B], LABELLED, B, 2 / 3),
    ("majority", 3, [A, B, C], DISPUTED, "", 0.0),
    ("majority", 3, [A, A], OPEN, "", 0.0),
    ("majority", 1, [A, B], DISPUTED, "", 0.0),
    ("majority", 4, [A, A, B, B], DISPUTED, "", 0.0),
    ("majority", 5, [A, A, B, C, C], DISPUTED, "", 0.0),
    ("unanimous", 2, [A, A], LABELLED, A, 1.0),
    ("unanimous", 2, [A, A, B], DISPUTED, "", 0.0),
    ("latest", 1, [A, A, B], LABELLED, B, 1 / 3),
    ("first", 1, [A, A, B], LABELLED, A, 2 / 3),
    ("latest", 3, [A, B], OPEN, "", 0.0),
    ("dawid-skene", 2, [A, B], LABELLED, B, 0.5),
]


@pytest.mark.parametrize(("agreement", "needed", "labels", "state", "label", "share"), CASES)
def test_the_rules(agreement: str, needed: int, labels: list[str], state: int, label: str, share: float) -> None:
    found = judge(votes(*labels), Labels.single(), agreement=agreement, annotators_per_task=needed)
    assert (found.row.tolist(), found.state.tolist(), found.label.tolist()) == ([7], [state], [label])
    assert found.share.tolist() == [pytest.approx(share)]
    assert found.votes.tolist() == [len(labels)]


def test_several_classes_are_judged_each_by_itself() -> None:
    kind = Labels.multi()
    for labels, state, label in [
        (['["a","b"]', '["a"]', "[]"], LABELLED, '["a"]'),
        (['["a","b"]', '["a"]'], DISPUTED, ""),
        (["[]", "[]"], LABELLED, "[]"),
        (['["a",3]', '["a",3]'], LABELLED, '["a",3]' if kind.canonical(["a", 3]) == '["a",3]' else '[3,"a"]'),
    ]:
        found = judge(votes(*labels), kind, agreement="majority", annotators_per_task=2)
        assert (found.state.tolist(), found.label.tolist()) == ([state], [label]), labels


def test_values_agree_on_their_median() -> None:
    found = judge(votes("0.5", "1.0", "0.25"), Labels.value(), agreement="majority", annotators_per_task=3)
    assert (found.label.tolist(), found.share.tolist()) == (["0.5"], [pytest.approx(1 / 3)])
    even = judge(votes("0.5", "1.0"), Labels.value(), agreement="majority", annotators_per_task=2)
    assert even.label.tolist() == ["0.75"]


def test_deleted_labels_do_not_count() -> None:
    labels = LabelTable.joined([told((1, "ann", A), status=DELETED), told((2, "ann", B))])
    found = judge(labels, Labels.single(), agreement="majority", annotators_per_task=1)
    assert found.row.tolist() == [1, 2]
    assert found.state.tolist() == [OPEN, LABELLED]


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from("wxyz"), st.sampled_from([A, B, C])), unique_by=lambda s: s[:2]
    ),
    st.sampled_from(sorted(RULES)),
    st.integers(1, 3),
)
def test_rows_are_judged_each_by_itself(said: list, agreement: str, needed: int) -> None:
    together = judge(told(*said), Labels.single(), agreement=agreement, annotators_per_task=needed)
    assert together.row.tolist() == sorted({row for row, _, _ in said})
    for place, row in enumerate(together.row.tolist()):
        alone = told(*(each for each in said if each[0] == row))
        found = judge(alone, Labels.single(), agreement=agreement, annotators_per_task=needed)
        for name in ("state", "label", "share", "votes"):
            assert getattr(found, name)[0] == getattr(together, name)[place]


def plain_dawid_skene(said: list[tuple[int, str, str]], rounds: int = 20_000, smoothing: float = 0.01) -> dict:
    """The same model in loops over dicts."""
    rows, classes = sorted({row for row, _, _ in said}), sorted({label for _, _, label in said})
    people = {name for _, name, _ in said}
    belief = {row: dict.fromkeys(classes, 0.0) for row in rows}
    for row, _, label in said:
        belief[row][label] += 1
    for row in rows:
        total = sum(belief[row].values())
        belief[row] = {each: value / total for each, value in belief[row].items()}
    for _ in range(rounds):
        change = 0.0
        prior = {each: sum(belief[row][each] for row in rows) / len(rows) for each in classes}
        counts = {(who, true, heard): smoothing for who in people for true in classes for heard in classes}
        for row, who, label in said:
            for true in classes:
                counts[who, true, label] += belief[row][true]
        for row in rows:
            weights = {}
            for true in classes:
                weight = prior[true] + 1e-300
                for other, who, label in said:
                    if other == row:
                        weight *= counts[who, true, label] / sum(counts[who, true, each] for each in classes)
                weights[true] = weight
            total = sum(weights.values())
            after = {each: value / total for each, value in weights.items()}
            change = max(change, *(abs(after[each] - belief[row][each]) for each in classes))
            belief[row] = after
        if change < 1e-7:
            break
    return belief


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from("wxyz"), st.sampled_from([A, B, C])),
        min_size=1,
        unique_by=lambda said: said[:2],
    )
)
def test_dawid_skene_is_the_model_in_plain_loops(said: list) -> None:
    found, expected = dawid_skene(told(*said)), plain_dawid_skene(said)
    assert found.row.tolist() == sorted(expected)
    for row, label, share in zip(found.row.tolist(), found.label.tolist(), found.share.tolist(), strict=True):
        assert share == pytest.approx(max(expected[row].values()), abs=1e-6)
        assert expected[row][label] == pytest.approx(share, abs=1e-6)


def poor_labels(seed: int, rows: int = 1000, people: int = 5) -> LabelTable:
    """Of two classes, by people who are hardly better than chance: the model needs thousands of rounds."""
    random = np.random.default_rng(seed)
    truth, skill = random.integers(0, 2, rows), random.uniform(0.1, 0.6, people)
    said = []
    for row, true in enumerate(truth.tolist()):
        for who in random.choice(people, 3, replace=False).tolist():
            label = true if random.random() < skill[who] else int(random.integers(0, 2))
            said.append((row, f"annotator {who}", json.dumps(label)))
    return told(*said)


@pytest.mark.parametrize("seed", [0, 4])
def test_dawid_skene_runs_on_until_no_label_changes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the likelihood below 1e-7, or 100 rounds, left up to 16% of such labels to change."""
    labels = poor_labels(seed)
    found = dawid_skene(labels)
    assert found.converged
    monkeypatch.setattr(dawid_skene_module, "TOLERANCE", 1e-10)
    further = dawid_skene(labels)
    assert found.label.tolist() == further.label.tolist()
    np.testing.assert_allclose(found.share, further.share, atol=1e-3)


def test_dawid_skene_says_when_it_does_not_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dawid_skene_module, "ROUNDS", 30)
    with pytest.warns(RuntimeWarning, match="still changes after 30 rounds"):
        assert not dawid_skene(poor_labels(0)).converged


def test_ties_of_dawid_skene_go_to_the_first_class_whatever_the_rounding() -> None:
    """Both classes play the same part for row 1: exchange them, rows 0 and 2, and x and y."""
    said = [(0, "w", A), (0, "x", A), (0, "y", A), (1, "x", B), (1, "y", A), (2, "w", B), (2, "x", B), (2, "y", B)]
    found = dawid_skene(told(*said))
    assert found.share[1] == pytest.approx(0.5, abs=1e-6)
    assert found.label.tolist() == [A, A, B]


def test_dawid_skene_of_no_labels_is_empty() -> None:
    found = dawid_skene(told())
    assert (len(found.row), len(found.label), len(found.share), found.converged) == (0, 0, 0, True)


def test_dawid_skene_knows_whom_to_believe() -> None:
    """Two careless people outvote one careful one on many examples; the model learns who is who."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 400)
    skill = {"careful": 0.98, "careless": 0.45, "as careless": 0.45}
    said = []
    for row, true in enumerate(truth.tolist()):
        for name, right in skill.items():
            label = true if random.random() < right else int(random.integers(0, 3))
            said.append((row, name, json.dumps(label)))
    labels = told(*said)
    by_model = np.array([json.loads(label) for label in dawid_skene(labels).label.tolist()])
    by_majority = judge(labels, Labels.single(), agreement="majority", annotators_per_task=3)
    settled = by_majority.state == LABELLED
    right = np.array([json.loads(label or "-1") for label in by_majority.label.tolist()]) == truth
    assert (by_model == truth).mean() > 0.9
    assert (by_model == truth).mean() > right.mean() + 0.1
    assert settled.mean() < 1


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from("wxyz"), st.sampled_from([A, B])), unique_by=lambda s: s[:2])
)
def test_agreement_counts_pairs(said: list) -> None:
    pairs = [(one, other) for place, one in enumerate(said) for other in said[place + 1 :] if one[0] == other[0]]
    overall = agreement_of(told(*said))
    if not pairs:
        assert overall is None
        return
    assert overall == pytest.approx(sum(one[2] == other[2] for one, other in pairs) / len(pairs))

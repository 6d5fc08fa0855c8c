"""Kappa and alpha against scikit-learn, the package krippendorff, published tables, and plain loops."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from ladle.labelling.measures.agreement_measures import (
    PairAgreement,
    alpha,
    class_agreement,
    others_agreement,
    pair_agreement,
    ratings_of,
)
from tests.labelling.told import Said, table_of

PEOPLE, CLASSES = "wxyz", ["a", "b", "c"]


def said_of(labels: st.SearchStrategy[Any], **limits: int) -> st.SearchStrategy[list[Said]]:
    each = st.tuples(st.integers(0, 7), st.sampled_from(PEOPLE), labels)
    return st.lists(each, unique_by=lambda said: said[:2], max_size=28, **limits)


one_class = said_of(st.sampled_from(CLASSES), min_size=6)
several = said_of(st.lists(st.sampled_from(CLASSES), unique=True).map(sorted))
numbers = said_of(st.integers(0, 4).map(float), min_size=6)
every_kind = st.one_of(
    st.tuples(st.just("single"), one_class), st.tuples(st.just("multi"), several), st.tuples(st.just("value"), numbers)
)


def shared(said: list[Said]) -> list[Said]:
    votes = Counter(row for row, _, _ in said)
    return [each for each in said if votes[each[0]] > 1]


def by_pair(found: PairAgreement, people: list[str]) -> dict[tuple[str, str], dict[str, float]]:
    return {
        (people[one], people[other]): {
            name: float(getattr(found, name)[place]) for name in ("examples", "equal", "kappa", "difference")
        }
        for place, (one, other) in enumerate(zip(found.one.tolist(), found.other.tolist(), strict=True))
    }


def common(said: list[Said], one: str, other: str) -> list[tuple[Any, Any]]:
    by = {name: {row: label for row, who, label in said if who == name} for name in (one, other)}
    return [(by[one][row], by[other][row]) for row in sorted(by[one].keys() & by[other].keys())]


def as_matrix(said: list[Said], value: Any) -> list[list[float]]:
    rows = sorted({row for row, _, _ in said})
    known = {(who, row): value(label) for row, who, label in said}
    return [[known.get((who, row), np.nan) for row in rows] for who in PEOPLE]


def true_alpha(said: list[Said], value: Any, level: str) -> float | None:
    values = {value(label) for _, _, label in shared(said)}
    if len(values) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=as_matrix(shared(said), value), level_of_measurement=level))


@given(one_class)
def test_kappa_of_classes_is_that_of_scikit_learn(said: list[Said]) -> None:
    ratings = ratings_of(table_of(said), "single")
    found = by_pair(pair_agreement(ratings), ratings.people)
    expected = {}
    for pair in itertools.combinations(sorted({who for _, who, _ in said}), 2):
        if both := common(said, *pair):
            expected[pair] = both
    assert set(found) == set(expected)
    for pair, both in expected.items():
        assert found[pair]["examples"] == len(both)
        assert found[pair]["equal"] == sum(one == other for one, other in both)
        if len({label for labels in both for label in labels}) == 1:
            assert np.isnan(found[pair]["kappa"])  # chance explains it all
        else:
            assert found[pair]["kappa"] == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)))


@given(numbers)
def test_kappa_of_values_has_quadratic_weights(said: list[Said]) -> None:
    ratings = ratings_of(table_of(said), "value")
    found = by_pair(pair_agreement(ratings), ratings.people)
    for pair, figures in found.items():
        one, other = np.array(common(said, *pair)).T
        assert figures["difference"] == pytest.approx(np.sqrt(((one - other) ** 2).mean()), abs=1e-7)
        if len({*one, *other}) == 1:
            assert np.isnan(figures["kappa"])
        else:
            truth = cohen_kappa_score(one.astype(int), other.astype(int), labels=range(5), weights="quadratic")
            assert figures["kappa"] == pytest.approx(truth)


@given(several)
def test_kappa_of_several_classes_is_pooled_over_them(said: list[Said]) -> None:
    ratings = ratings_of(table_of(said), "multi")
    for pair, figures in by_pair(pair_agreement(ratings), ratings.people).items():
        both = common(said, *pair)
        observed = expected = 0.0
        for name in CLASSES:
            one, other = (np.array([name in labels[side] for labels in both]) for side in (0, 1))
            observed += float((one == other).mean())
            expected += float(one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean()))
        if expected == pytest.approx(len(CLASSES)):
            assert np.isnan(figures["kappa"])
        else:
            assert figures["kappa"] == pytest.approx((observed - expected) / (len(CLASSES) - expected))
        assert figures["equal"] == sum(one == other for one, other in both)


@given(one_class)
def test_alpha_of_classes_is_that_of_the_package(said: list[Said]) -> None:
    ratings = ratings_of(table_of(said), "single")
    truth = true_alpha(said, CLASSES.index, "nominal")
    assert alpha(ratings) == (None if truth is None else pytest.approx(truth))
    found = class_agreement(ratings, "single")
    for place, name in enumerate(json.loads(each) for each in ratings.classes):
        truth = true_alpha(said, lambda label, name=name: float(label == name), "nominal")
        assert found.alpha[place] == pytest.approx(np.nan if truth is None else truth, nan_ok=True)


@given(numbers)
def test_alpha_of_values_is_that_of_the_package(said: list[Said]) -> None:
    truth = true_alpha(said, float, "interval")
    assert alpha(ratings_of(table_of(said), "value")) == (None if truth is None else pytest.approx(truth))


@given(several)
def test_alpha_of_several_classes_counts_the_classes_that_differ(said: list[Said]) -> None:
    """By the definition, in loops: the distance of two labels is the number of classes in one of them alone."""
    pairable = shared(said)
    votes = Counter(row for row, _, _ in pairable)

    def apart(one: Said, other: Said) -> int:
        return len(set(one[2]) ^ set(other[2]))

    pairs = [(one, other) for one, other in itertools.permutations(pairable, 2)]
    observed = sum(apart(one, other) / (votes[one[0]] - 1) for one, other in pairs if one[0] == other[0])
    expected = sum(apart(one, other) for one, other in pairs) / max(len(pairable) - 1, 1)
    found = alpha(ratings_of(table_of(said), "multi"))
    assert found == (pytest.approx(1 - observed / expected) if expected else None)


def test_alpha_of_krippendorff_2011() -> None:
    """Table of section D: four observers, twelve units, some labels missing."""
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    said = [(unit, PEOPLE[who], label) for who, line in enumerate(table) for unit, label in enumerate(line) if label]
    assert alpha(ratings_of(table_of(said), "single")) == pytest.approx(0.743, abs=5e-4)
    as_values = [(unit, who, float(label)) for unit, who, label in said]
    assert alpha(ratings_of(table_of(as_values), "value")) == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_krippendorff_2011_for_two_observers() -> None:
    """Section B: two observers, ten units, two classes; and section C, twelve units and five classes."""
    of_two = ("0100000010", "1110010000")
    said = [(unit, PEOPLE[who], label) for who, line in enumerate(of_two) for unit, label in enumerate(line)]
    assert alpha(ratings_of(table_of(said), "single")) == pytest.approx(0.095, abs=5e-4)
    of_five = ("aabbdcccedda", "babbbccceddd")
    said = [(unit, PEOPLE[who], label) for who, line in enumerate(of_five) for unit, label in enumerate(line)]
    assert alpha(ratings_of(table_of(said), "single")) == pytest.approx(0.692, abs=5e-4)


@given(one_class)
def test_the_class_given_most_often_instead(said: list[Said]) -> None:
    ratings = ratings_of(table_of(said), "single")
    found = class_agreement(ratings, "single")
    votes = Counter(row for row, _, _ in said)
    for place, name in enumerate(json.loads(each) for each in ratings.classes):
        given_beside: Counter[str] = Counter()
        labels = 0
        for row, who, label in said:
            if label == name and votes[row] > 1:
                labels += 1
                for other_row, other, instead in said:
                    if other_row == row and other != who:
                        given_beside[instead] += 1 / (votes[row] - 1)  # type: ignore[assignment]
        assert found.labels[place] == labels
        assert found.share[place] == pytest.approx(given_beside[name] / labels)
        del given_beside[name]
        most = max(given_beside.values(), default=0)
        assert found.confused_share[place] == pytest.approx(most / labels)
        with_whom = found.confused_with[place]
        assert (with_whom == -1) == (most == 0)
        if most:
            assert given_beside[json.loads(ratings.classes[with_whom])] == pytest.approx(most)


@given(every_kind)
def test_each_person_and_the_others(drawn: tuple[str, list[Said]]) -> None:
    kind, said = drawn
    ratings = ratings_of(table_of(said), kind)  # type: ignore[arg-type]
    found = others_agreement(ratings)
    pairs = [(one, other) for one, other in itertools.combinations(said, 2) if one[0] == other[0]]
    for place, name in enumerate(ratings.people):
        mine = [pair for pair in pairs if name in (pair[0][1], pair[1][1])]
        rest = [pair for pair in pairs if name not in (pair[0][1], pair[1][1])]
        rows = {one[0] for one, _ in mine}
        assert found.examples[place] == len(rows)
        of_row = [np.mean([one[2] == other[2] for one, other in mine if one[0] == row]) for row in rows]
        assert found.share[place] == pytest.approx(np.mean(of_row))
        assert found.others_examples[place] == len({one[0] for one, _ in rest})
        others = np.mean([one[2] == other[2] for one, other in rest]) if rest else np.nan
        assert found.others_share[place] == pytest.approx(others, nan_ok=True)
        if kind == "value":
            for figure, several in ((found.difference, mine), (found.others_difference, rest)):
                squared = [(one[2] - other[2]) ** 2 for one, other in several]
                truth = np.sqrt(np.mean(squared)) if squared else np.nan
                assert figure[place] == pytest.approx(truth, abs=1e-6, nan_ok=True)


@given(every_kind, st.randoms(use_true_random=False))
def test_names_of_people_and_the_order_of_rows_change_nothing(drawn: tuple[str, list[Said]], random: Any) -> None:
    kind, said = drawn
    names = dict(zip(PEOPLE, random.sample(PEOPLE, len(PEOPLE)), strict=True))
    rows = dict(enumerate(random.sample(range(100), 8)))
    moved = [(rows[row], names[who], label) for row, who, label in said]
    random.shuffle(moved)
    before, after = (ratings_of(table_of(each), kind) for each in (said, moved))  # type: ignore[arg-type]
    one, other = alpha(before), alpha(after)
    assert one == (None if other is None else pytest.approx(other))
    pairs = by_pair(pair_agreement(after), after.people)
    for pair, figures in by_pair(pair_agreement(before), before.people).items():
        again = pairs[tuple(sorted(names[who] for who in pair))]  # type: ignore[index]
        assert again == {name: pytest.approx(value, abs=1e-7, nan_ok=True) for name, value in figures.items()}


@given(one_class, st.permutations(CLASSES))
def test_names_of_classes_change_nothing(said: list[Said], names: list[str]) -> None:
    other_names = dict(zip(CLASSES, names, strict=True))
    before = ratings_of(table_of(said), "single")
    after = ratings_of(table_of([(row, who, other_names[label]) for row, who, label in said]), "single")
    one, other = alpha(before), alpha(after)
    assert one == (None if other is None else pytest.approx(other))
    np.testing.assert_allclose(pair_agreement(before).kappa, pair_agreement(after).kappa)
    alphas = dict(zip(after.classes, class_agreement(after, "single").alpha, strict=True))
    for name, value in zip(before.classes, class_agreement(before, "single").alpha, strict=True):
        assert alphas[json.dumps(other_names[json.loads(name)])] == pytest.approx(value, nan_ok=True)


@given(one_class)
def test_one_class_an_example_is_a_list_of_one(said: list[Said]) -> None:
    single = ratings_of(table_of(said), "single")
    listed = ratings_of(table_of([(row, who, [label]) for row, who, label in said]), "multi")
    one, other = alpha(single), alpha(listed)
    assert one == (None if other is None else pytest.approx(other))
    np.testing.assert_allclose(pair_agreement(single).kappa, pair_agreement(listed).kappa)


@pytest.mark.parametrize("kind", ["single", "multi", "value"])
def test_perfect_agreement_is_one(kind: str) -> None:
    of_kind = {"single": ["a", "b", "a", "c"], "multi": [["a"], [], ["a", "b"], ["c"]], "value": [0.1, 0.3, 0.1, 1e9]}
    truth: list[Any] = of_kind[kind]  # type: ignore[assignment]
    said = [(row, who, label) for row, label in enumerate(truth) for who in PEOPLE]
    ratings = ratings_of(table_of(said), kind)  # type: ignore[arg-type]
    assert alpha(ratings) == 1
    assert pair_agreement(ratings).kappa.tolist() == [1.0] * 6
    if kind != "value":
        assert class_agreement(ratings, kind).alpha.tolist() == [1.0] * 3  # type: ignore[arg-type]


def test_what_is_not_known_is_not_nought() -> None:
    nobody = ratings_of(table_of([(1, "w", "a"), (2, "x", "a")]), "single")
    assert alpha(nobody) is None
    assert len(pair_agreement(nobody).kappa) == len(class_agreement(nobody, "single").alpha) == 0
    always = ratings_of(table_of([(1, "w", "a"), (1, "x", "a"), (2, "w", "a"), (2, "x", "a")]), "single")
    assert alpha(always) is None
    assert np.isnan(pair_agreement(always).kappa).all()
    assert np.isnan(class_agreement(always, "single").alpha).all()
    assert ratings_of(table_of([]), "value").examples == 0


def test_labels_without_a_name_are_nobodys() -> None:
    said = [(1, "w", "a"), (1, "", "b"), (2, "w", "a"), (2, "x", "b"), (3, "", "a")]
    assert ratings_of(table_of(said), "single").people == ["w", "x"]


@pytest.mark.long
@pytest.mark.parametrize("votes", [3, 50])
def test_a_million_labels_of_fifty_people(votes: int) -> None:
    """They take about four seconds on one core."""
    random = np.random.default_rng(0)
    rows = np.repeat(np.arange(1_000_000 // votes), votes)
    who = np.argsort(random.random((len(rows) // votes, 50)), axis=1)[:, :votes].ravel()
    labels = random.integers(0, 10, len(rows))
    said = [(row, f"p{name}", label) for row, name, label in zip(rows, who, labels.tolist(), strict=True)]
    table = table_of(said)
    began = time.perf_counter()
    ratings = ratings_of(table, "single")
    found = pair_agreement(ratings)
    assert alpha(ratings) == pytest.approx(0, abs=0.01)
    assert len(found.kappa) == 50 * 49 // 2
    assert np.abs(found.kappa).max() < 0.1
    assert time.perf_counter() - began < 60

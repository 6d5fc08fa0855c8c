"""How far people agree beyond chance: Cohen's kappa of each pair, Krippendorff's alpha of all and of each class.

A label is read as a vector: one number, or a 0 or 1 for each class. Two labels differ by the squared distance of their
vectors. For one class an example this is the nominal measure, and for values the interval measure. For several classes
each class is a question of its own, answered by yes or no, and the measure sums over the classes. Then every kappa is

    kappa = 1 - observed difference / expected difference
          = 2 (n sum x.y - sum x . sum y) / (n (sum |x|^2 + sum |y|^2) - 2 sum x . sum y)

over the n examples that two people share. The expected difference is that of two people who give each answer as often
as these do, but independently of the example. For values this is the kappa with quadratic weights (Lin's coefficient
of concordance). For several classes it is the kappa pooled over the classes.

Sources: Cohen 1960, "A coefficient of agreement for nominal scales"; De Vries, Elliott, Kanouse and Teleki 2008, "Using
pooled kappa to summarize interrater agreement across many items"; Krippendorff 2011, "Computing Krippendorff's
alpha-reliability".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, Texts, repeated
from ladle.labelling.contract.tables import LabelTable
from ladle.labelling.labels import Kind

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """The l labels of examples that two people or more have labelled, in codes.

    example: (l,) 0..examples-1. person: (l,) a place in `people`. text: (l,) the code of the whole label. At most one
    label is of the same example and person. naming, named: (k,) which label names which class: a place in the labels,
    and one in `classes`. value: (l,) the labels as numbers; empty unless they are values.
    """

    people: list[str]
    classes: list[str]  # canonical JSON of each, in alphabetical order
    example: Int64
    person: Int64
    text: Int64
    naming: Int64
    named: Int64
    value: Floats

    @property
    def examples(self) -> int:
        """The number of examples."""
        return int(self.example[-1]) + 1 if len(self.example) else 0


@dataclass(frozen=True, slots=True, eq=False)
class PairAgreement:
    """The agreement of each pair of people with common examples; every array (pairs,), in order of the names.

    one, other: places in `Ratings.people`, the first smaller. examples: how many both have labelled. equal: on how many
    their labels are equal. kappa: NaN where both always gave the same label, so that chance explains everything.
    difference: the root of the mean squared difference of values; NaN for classes.
    """

    one: Int64
    other: Int64
    examples: Int64
    equal: Int64
    kappa: Floats
    difference: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ClassAgreement:
    """The agreement on each class, in the order of `Ratings.classes`; every array (classes,).

    labels: how many labels name the class. share: where one label names it, how many of the other labels of the example
    do too. alpha: of the question whether an example is of this class; NaN where the labels are all of it or none is.
    confused_with: the place of the class that the other labels name most often instead; -1 where there is none, and for
    several classes an example. confused_share: how many of the other labels name that one.
    """

    labels: Int64
    share: Floats
    alpha: Floats
    confused_with: Int64
    confused_share: Floats


@dataclass(frozen=True, slots=True, eq=False)
class OthersAgreement:
    """How each person agrees with the others, and the others among themselves; every array (people,).

    examples: on which the person is compared with others. share: of the other labels of these examples, how many equal
    the person's: the mean of the examples. difference: the root of the mean squared difference from them, of values.
    others_examples, others_share, others_difference: the same of all other people without this one. NaN: not known.
    """

    examples: Int64
    share: Floats
    difference: Floats
    others_examples: Int64
    others_share: Floats
    others_difference: Floats


def ratings_of(current: LabelTable, kind: Kind) -> Ratings:
    """The labels of examples that two people or more have labelled. Labels without a name are left out.

    current: labels, at most one for each row and annotator. Cost: a sort and a dictionary look-up for each label.
    """
    current = current.take(current.annotator != "")
    rows, example, votes = np.unique(current.row, return_inverse=True, return_counts=True)
    shared = votes[example] > 1 if len(rows) else np.zeros(0, bool)
    current = current.take(shared)
    current = current.take(np.lexsort((current.number, current.row)))
    _, example = np.unique(current.row, return_inverse=True)
    people, person = coded(current.annotator)
    texts, text = coded(current.label)
    parsed = [json.loads(each) for each in texts]
    if kind == "value":
        value = np.array(parsed, np.float64)[text] if texts else np.empty(0)
        none = np.empty(0, np.int64)
        return Ratings(people, [], example, person, text, none, none, value)
    of_text = [each if kind == "multi" else [each] for each in parsed]
    written = [[json.dumps(each, ensure_ascii=False) for each in classes] for classes in of_text]
    classes = sorted({each for names in written for each in names})
    code = {name: place for place, name in enumerate(classes)}
    counts = np.array([len(names) for names in written], np.int64)
    flat = np.array([code[each] for names in written for each in names], np.int64)
    naming = np.repeat(np.arange(len(text)), counts[text] if texts else 0)
    starts = np.cumsum(counts) - counts
    offset = np.arange(len(naming)) - np.searchsorted(naming, naming)
    named = flat[starts[text[naming]] + offset] if len(naming) else np.empty(0, np.int64)
    return Ratings(people, classes, example, person, text, naming, named, np.empty(0))


def class_agreement(ratings: Ratings, kind: Kind) -> ClassAgreement:
    """Krippendorff's alpha of each class against all others. Cost: a sort of the labels; that of `pair_agreement`."""
    counts = _count_classes(ratings)
    place, most = repeated(-1, len(ratings.classes)), np.zeros(len(ratings.classes))
    if kind == "single":
        place, most = _confused(ratings, counts)
    return ClassAgreement(
        labels=counts.labels,
        share=_ratio(counts.equal, counts.labels),
        alpha=1 - _ratio(counts.differing, counts.expected),
        confused_with=place,
        confused_share=_ratio(most, counts.labels),
    )


def alpha(ratings: Ratings) -> float | None:
    """Krippendorff's alpha of all labels; None without two different labels of shared examples.

    Nominal for one class an example, interval for values; of several classes, each is a question of its own.
    Cost: a sort of the labels.
    """
    if not len(ratings.value):
        counts = _count_classes(ratings)
        expected = float(counts.expected.sum())
        return 1 - float(counts.differing.sum()) / expected if expected else None
    if len(np.unique(ratings.value)) < 2:
        return None
    total, votes = len(ratings.example), np.bincount(ratings.example).astype(np.float64)
    centred = ratings.value - ratings.value.mean()
    mean = np.bincount(ratings.example, centred) / votes
    inside = np.bincount(ratings.example, (centred - mean[ratings.example]) ** 2)
    return 1 - float(np.sum(inside * votes / (votes - 1))) / float(np.sum(centred**2) * total / (total - 1))


def pair_agreement(ratings: Ratings) -> PairAgreement:
    """Cohen's kappa of each pair of people with common examples.

    Cost: a few products of sparse matrices, each as many operations as there are pairs of labels of one example.
    """
    people, whose = len(ratings.people), ratings.person
    keys, examples = _products(ratings.example, whose, ratings.example, whose, people)
    one, other = keys // max(people, 1), keys % max(people, 1)
    upper = one < other
    keys, one, other, count = keys[upper], one[upper], other[upper], examples[upper]
    mirrored = other * people + one
    equal = _found(_products(*_by_cell(ratings.example, ratings.text, whose), people), keys)
    difference = np.full(len(keys), np.nan)
    if len(ratings.value):
        both, size, cross = _of_values(ratings, keys, mirrored)
        difference = np.sqrt(np.maximum(size - 2 * both, 0) / np.maximum(count, 1))
    else:
        both, size, cross = _of_classes(ratings, keys, mirrored)
    kappa = _ratio(2 * (count * both - cross), count * size - 2 * cross)
    kappa[(equal == count) & ~np.isnan(kappa)] = 1.0  # rounding of values would leave a little less
    return PairAgreement(one, other, count.astype(np.int64), equal.astype(np.int64), kappa, difference)


def others_agreement(ratings: Ratings, is_first: npt.NDArray[np.bool_] | None = None) -> OthersAgreement:
    """How each person agrees with the others, and the others without this person.

    is_first: (l,) which labels are compared with: two or more of each example. The others measure their authors alone.
    None: all. Cost: a sort of the labels.
    """
    first = np.ones(len(ratings.example), bool) if is_first is None else is_first
    people, whose, example = len(ratings.people), ratings.person, ratings.example
    votes = np.bincount(example[first], minlength=ratings.examples)
    others = votes[example] - first  # labels of others that each label is compared with
    _, cell = np.unique(example * (int(ratings.text.max(initial=0)) + 1) + ratings.text, return_inverse=True)
    equal = np.bincount(cell, first)[cell] - first if len(cell) else np.zeros(0)
    examples = np.bincount(whose, minlength=people)
    share = _ratio(np.bincount(whose, equal / others, people), examples)
    pairs, agreed = (np.bincount(whose[first], each[first], people) for each in (others, equal))
    others_pairs, others_agreed = pairs.sum() - 2 * pairs, agreed.sum() - 2 * agreed
    # Examples that two others or more share: all, but for those which only one other person has labelled.
    lost = np.bincount(whose[first & (votes[example] == 2)], minlength=people)
    difference = others_difference = np.full(people, np.nan)
    if len(ratings.value):
        x = ratings.value - ratings.value.mean()
        sums, squares = np.bincount(example[first], x[first]), np.bincount(example[first], (x * x)[first])
        apart = np.maximum(votes[example] * x * x - 2 * x * sums[example] + squares[example], 0)
        difference = np.sqrt(_ratio(np.bincount(whose, apart, people), np.bincount(whose, others, people)))
        squared = np.bincount(whose[first], apart[first], people)
        others_difference = np.sqrt(np.maximum(_ratio(squared.sum() - 2 * squared, others_pairs), 0))
    return OthersAgreement(
        examples=examples,
        share=share,
        difference=difference,
        others_examples=ratings.examples - lost,
        others_share=_ratio(others_agreed, others_pairs),
        others_difference=others_difference,
    )


def _of_values(ratings: Ratings, keys: Int64, mirrored: Int64) -> tuple[Floats, Floats, Floats]:
    """Of each pair, over the examples of both: sum x y; sum x^2 + sum y^2; sum x times sum y. x, y: less the mean."""
    people, x = len(ratings.people), ratings.value - ratings.value.mean()
    where = (ratings.example, ratings.person, ratings.example, ratings.person)
    both = _found(_products(*where, people, left=x, right=x), keys)
    squares, sums = _products(*where, people, left=x * x), _products(*where, people, left=x)
    size = _found(squares, keys) + _found(squares, mirrored)
    return both, size, _found(sums, keys) * _found(sums, mirrored)


@dataclass(frozen=True, slots=True, eq=False)
class _ClassCounts:
    """Of each class, (classes,): labels that name it, pairs of labels that both do, pairs of which one does, and how
    many of those chance makes. A pair counts 1 / (labels of its example - 1), so that each label counts once.

    example, named, together: (cells,) how many labels of each example name each class that any of them names.
    """

    labels: Int64
    equal: Floats
    differing: Floats
    expected: Floats
    votes: Floats  # (examples,) labels
    example: Int64
    named: Int64
    together: Int64


def _count_classes(ratings: Ratings) -> _ClassCounts:
    count, total = len(ratings.classes), len(ratings.example)
    votes = np.bincount(ratings.example, minlength=ratings.examples).astype(np.float64)
    cells, together = np.unique(ratings.example[ratings.naming] * count + ratings.named, return_counts=True)
    example, named = cells // max(count, 1), cells % max(count, 1)
    others, same = votes[example] - 1, together.astype(np.float64)
    labels = np.bincount(ratings.named, minlength=count)
    return _ClassCounts(
        labels=labels,
        equal=np.bincount(named, same * (same - 1) / others, count).astype(np.float64),
        differing=np.bincount(named, same * (votes[example] - same) / others, count).astype(np.float64),
        expected=labels * (total - labels) / max(total - 1, 1),
        votes=votes,
        example=example,
        named=named,
        together=together,
    )


def _confused(ratings: Ratings, counts: _ClassCounts) -> tuple[Int64, Floats]:
    """The class that is given most often instead of each, and how often, in pairs; the first of several."""
    count = len(ratings.classes)
    weight = counts.together / (counts.votes[counts.example] - 1)
    where = (counts.example, counts.named, counts.example, counts.named)
    keys, pairs = _products(*where, count, left=weight, right=counts.together.astype(np.float64))
    one, other = keys // max(count, 1), keys % max(count, 1)
    one, other, pairs = one[one != other], other[one != other], pairs[one != other]
    order = np.lexsort((other, -pairs, one))
    known, first = np.unique(one[order], return_index=True)
    place, most = repeated(-1, count), np.zeros(count)
    place[known], most[known] = other[order][first], pairs[order][first]
    return place, most


def _of_classes(ratings: Ratings, keys: Int64, mirrored: Int64) -> tuple[Floats, Floats, Floats]:
    """Of each pair: the classes that both named; those that either named; the products of their counts, summed."""
    people, count = len(ratings.people), max(len(ratings.classes), 1)
    whose = ratings.person[ratings.naming]
    both = _found(_products(*_by_cell(ratings.example[ratings.naming], ratings.named, whose), people), keys)
    # How often each person named each class on the examples of each other person.
    asked, asking = np.unique(whose * count + ratings.named, return_inverse=True)
    cells, counts = _products(
        ratings.example[ratings.naming], asking, ratings.example, ratings.person, people, rows=len(asked)
    )
    by, on = asked[cells // max(people, 1)], cells % max(people, 1)
    person, named = by // count, by % count
    sizes = _summed(person * people + on, counts)
    triple = (person * people + on) * count + named
    order = np.argsort(triple)
    opposite = _found((triple[order], counts[order]), (on * people + person) * count + named)
    cross = _summed(person * people + on, counts * opposite)
    return both, _found(sizes, keys) + _found(sizes, mirrored), _found(cross, keys)


Entries = tuple[Int64, Floats]  # the keys of the entries of a matrix, row * columns + column, ascending; their values


def _products(
    left_row: Int64,
    left_column: Int64,
    right_row: Int64,
    right_column: Int64,
    columns: int,
    *,
    left: Floats | None = None,
    right: Floats | None = None,
    rows: int | None = None,
) -> Entries:
    """The entries of A' B for two sparse matrices, each given by the row and column of its entries, 1 or a value.

    columns: of B. rows: columns of A, which are as many unless it is said.
    """
    from scipy.sparse import csr_array

    height = int(max(left_row.max(initial=-1), right_row.max(initial=-1))) + 1
    left = np.ones(len(left_row)) if left is None else left
    right = np.ones(len(right_row)) if right is None else right
    A = csr_array((left, (left_row, left_column)), (height, columns if rows is None else rows))
    B = csr_array((right, (right_row, right_column)), (height, columns))
    product = (A.T.tocsr() @ B).tocoo()
    keys = product.row.astype(np.int64) * columns + product.col
    order = np.argsort(keys)
    return keys[order], product.data[order]


def _by_cell(example: Int64, code: Int64, whose: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """The arguments of `_products` that pair the people who gave one code to one example."""
    _, cell = np.unique(example * (int(code.max(initial=0)) + 1) + code, return_inverse=True)
    return cell, whose, cell, whose


def _found(entries: Entries, keys: Int64) -> Floats:
    """The values at these keys; 0 where there is no entry."""
    known, values = entries
    if not len(known):
        return np.zeros(len(keys))
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, values[places], 0.0)


def _summed(keys: Int64, values: Floats) -> Entries:
    known, place = np.unique(keys, return_inverse=True)
    return known, np.bincount(place, values, len(known)).astype(np.float64)


def _ratio(part: Any, whole: Any) -> Floats:
    """part / whole, NaN where `whole` is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    ratio = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole != 0)
    return ratio


def coded(values: Texts) -> tuple[list[str], Int64]:
    """The different values in alphabetical order, and the place of each among them."""
    listed = values.tolist()
    known = sorted(set(listed))
    place = {value: code for code, value in enumerate(known)}
    return known, np.fromiter(map(place.__getitem__, listed), np.int64, len(listed))

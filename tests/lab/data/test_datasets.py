"""What a data set must be."""

import dataclasses

import numpy as np
import pytest

from ladle.errors import ArgumentError, ShapeError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.unlearnable import only_in_test, only_in_test_warning
from tests.lab.toy import toy_dataset


def test_parts_that_do_not_fit_are_refused():
    dataset = toy_dataset()
    with pytest.raises(ShapeError):
        dataclasses.replace(dataset, labels=dataset.labels[:-1])
    with pytest.raises(ShapeError):
        dataclasses.replace(dataset, test_inputs=dataset.test_inputs[:, :5])
    with pytest.raises(ArgumentError, match="class name"):
        dataclasses.replace(dataset, class_names=("a", "b"))
    assert len(dataset) == 400
    assert isinstance(dataset, Dataset)


def test_a_label_out_of_range_is_named_by_its_row():
    dataset = toy_dataset()
    for value, row in ((-1, 7), (3, 12)):
        labels = dataset.test_labels.copy()
        labels[[row, 40]] = value
        with pytest.raises(
            ArgumentError, match=rf"`test_labels` must hold .* one per class name; got {value} in row {row}"
        ):
            dataclasses.replace(dataset, test_labels=labels)
    several = np.zeros((400, 3), np.int8)
    several[9, 1] = 2
    with pytest.raises(ArgumentError, match=r"`labels` must .*nobody looked.*; got 2 in row 9"):
        dataclasses.replace(dataset, labels=several, test_labels=several[:150], multilabel=True)


def test_classes_that_only_the_test_split_has_are_counted():
    dataset = toy_dataset()
    assert only_in_test(dataset) == {}
    assert only_in_test_warning({}) == ""
    less = dataclasses.replace(dataset, labels=dataset.labels % 2)
    count = int((dataset.test_labels == 2).sum())
    assert only_in_test(less) == {"c": count}
    assert only_in_test_warning(only_in_test(less)) == (
        f"{count} labels of the test split are of classes that the pool lacks, so no strategy can learn them: "
        f"c ({count})."
    )
    several, test = np.tile(np.array([1, -1, 0], np.int8), (400, 1)), np.tile(np.array([0, 1, -1], np.int8), (150, 1))
    many = dataclasses.replace(dataset, labels=several, test_labels=test, multilabel=True)
    assert only_in_test(many) == {"b": 150}


def test_a_warning_names_some_classes_and_counts_all():
    told = only_in_test_warning({f"kind {number}": 2 for number in range(7)})
    assert told.startswith("14 labels of the test split are of classes that the pool lacks")
    assert told.endswith("kind 4 (2) and 2 more.")
    assert "is of a class that the pool lacks, so no strategy can learn it: owl (1)." in only_in_test_warning(
        {"owl": 1}
    )

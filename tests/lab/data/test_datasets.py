"""What a data set must be."""

import dataclasses

import pytest

from ladle.errors import ArgumentError, ShapeError
from ladle.lab.data.datasets import Dataset
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

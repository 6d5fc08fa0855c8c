"""Disputes after each label of an example, against the rules of agreement on every beginning of its labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.agreement import RULES
from ladle.labelling.contract.columns import texts
from ladle.labelling.labels import Labels
from ladle.labelling.measures.agreement_measures import coded
from ladle.labelling.measures.running_disputes import _RUNNING, running_disputes

CLASSES = ["a", "b", "c"]
KINDS: dict[str, tuple[Labels, st.SearchStrategy]] = {
    "single": (Labels.single(CLASSES), st.sampled_from(CLASSES)),
    "multi": (Labels.multi(CLASSES), st.sets(st.sampled_from(CLASSES)).map(sorted)),
    "value": (Labels.value(), st.sampled_from([0.0, 1.0, 2.5])),
}


def test_every_rule_has_its_form() -> None:
    assert set(_RUNNING) == set(RULES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_it_is_the_rule_on_every_beginning(rule: str, kind: str) -> None:
    labels, said = KINDS[kind]

    @given(st.lists(st.lists(said, min_size=1, max_size=7), max_size=4))
    def check(examples: list[list[object]]) -> None:
        written = [[labels.canonical(each) for each in example] for example in examples]
        flat = texts(each for example in written for each in example)
        sizes = np.array([len(example) for example in written], np.int64)
        start = np.repeat(np.cumsum(sizes) - sizes, sizes)
        known, code = coded(flat)
        found = running_disputes(start, code, known, labels, agreement=rule).tolist()
        beginnings = [example[:count] for example in written for count in range(1, len(example) + 1)]
        expected = [len(each) > 1 and not RULES[rule](each, labels)[0] for each in beginnings]
        assert [made for made, each in zip(found, beginnings, strict=True) if len(each) > 1] == [
            made for made, each in zip(expected, beginnings, strict=True) if len(each) > 1
        ]

    check()

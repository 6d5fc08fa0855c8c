"""What a label may be, and the one way it is written."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.labels import Labels, all_parsed, parsed

SINGLE, MULTI, VALUE = Labels.single(), Labels.multi(["a", "b", 3]), Labels.value(0, 1)
OF_TWO = Labels.single(["cat", 7])

GOOD = [
    (SINGLE, "cat", "cat"),
    (SINGLE, np.str_("cat"), "cat"),
    (SINGLE, 3, 3),
    (SINGLE, np.int32(3), 3),
    (SINGLE, 3.0, 3),
    (SINGLE, np.float32(3), 3),
    (SINGLE, True, 1),
    (SINGLE, "3", "3"),
    (OF_TWO, 7.0, 7),
    (MULTI, ["b", "a", "b"], ["a", "b"]),
    (MULTI, np.array(["a"]), ["a"]),
    (MULTI, (3, "a"), [3, "a"]),
    (MULTI, [], []),
    (VALUE, 1, 1.0),
    (VALUE, np.float64(0.5), 0.5),
    (VALUE, -0.0, 0.0),
]
BAD = [
    (SINGLE, None, "no label"),
    (SINGLE, float("nan"), "NaN"),
    (SINGLE, "", "empty"),
    (SINGLE, 2.5, "text or a whole number"),
    (SINGLE, ["cat"], "text or a whole number"),
    (SINGLE, 2**64, "64 bits"),
    (SINGLE, b"cat", "text or a whole number"),
    (OF_TWO, "7", "the class is the number 7; got the text '7'"),
    (OF_TWO, " 7 ", "the class is the number 7; got the text ' 7 '"),
    (Labels.single(["7"]), 7, "the class is the text '7'; got the number 7"),
    (OF_TWO, 8, "one of 'cat', 7"),
    (MULTI, ["a", "3"], "the class is the number 3; got the text '3'"),
    (OF_TWO, "dog", "one of 'cat', 7"),
    (MULTI, "a", "list"),
    (MULTI, None, "list"),
    (MULTI, ["a", "c"], "one of"),
    (VALUE, "0.5", "number"),
    (VALUE, True, "number"),
    (VALUE, float("inf"), "finite"),
    (VALUE, 1.5, "from 0.0 to 1.0"),
]


@pytest.mark.parametrize(("labels", "given_label", "back"), GOOD, ids=repr)
def test_a_label_comes_back(labels: Labels, given_label: object, back: object) -> None:
    written = labels.canonical(given_label)
    assert parsed(written) == back
    assert type(parsed(written)) is type(back)
    assert labels.canonical(parsed(written)) == written
    assert labels.all_canonical([given_label])[0].tolist() == [written]


@pytest.mark.parametrize(("labels", "wrong", "reason"), BAD, ids=repr)
def test_what_is_no_label_has_a_reason(labels: Labels, wrong: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        labels.canonical(wrong)
    written, refused = labels.all_canonical([wrong, wrong])
    assert written.tolist() == ["", ""]
    assert reason in refused[0]
    assert refused[0] == refused[1]


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans())))
def test_many_at_once_are_as_one_by_one(labels: list) -> None:
    written, refused = SINGLE.all_canonical(labels)
    for position, label in enumerate(labels):
        if position in refused:
            with pytest.raises(ValueError, match=r".+"):
                SINGLE.canonical(label)
        else:
            assert written[position] == SINGLE.canonical(label)
    back = all_parsed(written)
    assert [label is None for label in back] == [position in refused for position in range(len(labels))]


@pytest.mark.parametrize("labels", [SINGLE, OF_TWO, MULTI, VALUE, Labels.value()])
def test_labels_are_kept_as_json(labels: Labels) -> None:
    assert Labels.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels


def test_whole_numbers_that_would_be_rounded_are_refused() -> None:
    labels = Labels.value()
    written, refused = labels.all_canonical([2**53 + 1, 2**53, np.int64(2**53 + 1), 10**22])
    assert list(refused) == [0, 2]
    assert "holds exactly" in refused[0]
    assert (written[1], written[3]) == ("9007199254740992.0", "1e+22")

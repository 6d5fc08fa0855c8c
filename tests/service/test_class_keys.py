"""Which key answers which class on the labelling page, by its own script under Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle.service

NODE = shutil.which("node")
SCRIPT = Path(ladle.service.__file__).parent / "assets" / "label" / "keys.js"
RUN = """
const { keysOf, skipKeyOf } = await import(process.argv[1]);
const lists = JSON.parse(process.argv[2]);
const found = lists.map((names) => { const keys = keysOf(names); return [[...keys], skipKeyOf(keys)]; });
console.log(JSON.stringify(found));
"""
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node")


def keys_of(*lists: list[str]) -> list[tuple[dict[str, str], str]]:
    """For each list of classes the key of each class, and the key that skips."""
    arguments = [str(NODE), "--input-type=module", "-e", RUN, SCRIPT.as_uri(), json.dumps(lists)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    return [(dict(pairs), skip) for pairs, skip in json.loads(done.stdout)]


def keys(*classes: str) -> dict[str, str]:
    return keys_of(list(classes))[0][0]


def test_a_class_that_is_a_key_has_it_in_any_order() -> None:
    digits = list("0123456789")
    for classes in (digits, digits[::-1], [*digits[5:], *digits[:5]]):
        assert keys_of(classes) == [({each: each for each in classes}, ".")]
    assert keys("A", "B", "1") == {"A": "a", "B": "b", "1": "1"}


def test_words_have_the_keys_that_are_left_in_order() -> None:
    assert keys_of(["cat", "dog"]) == [({"cat": "1", "dog": "2"}, "0")]
    assert keys("none", "1", "2") == {"none": "3", "1": "1", "2": "2"}
    many = [f"class-{each}" for each in "abcdefghijklmnopqrstuvwxyz" * 2]
    names = [f"{each}{number}" for number, each in enumerate(many)]
    assert "".join(keys(*[name.replace("-", "") for name in names]).values()) == "123456789abcdefghijklmnopqrstuvwxyz"


def test_numbers_never_have_the_digit_of_another() -> None:
    assert keys("10", "1", "0.5", "-1") == {"10": "a", "1": "1", "0.5": "b", "-1": "c"}
    assert keys("3 stars", "2 stars", "1 star") == {"3 stars": "3", "2 stars": "2", "1 star": "1"}
    assert keys_of(["0: none", "1: some"]) == [({"0: none": "0", "1: some": "1"}, ".")]


def test_a_key_that_two_names_claim_answers_neither() -> None:
    assert keys("a", "A", "b") == {"a": "1", "A": "2", "b": "b"}
    assert keys("1 cat", "1 dog", "owl") == {"1 cat": "a", "1 dog": "b", "owl": "2"}


NAMES = st.one_of(
    st.sampled_from([*"0123456789abzAZ", "10", "1 star", "2 stars", "-1", "cat", "dog", "1.5"]), st.text()
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(NAMES, unique=True, max_size=45), min_size=3, max_size=8))
def test_the_laws_of_keys(lists: list[list[str]]) -> None:
    for classes, (found, skip) in zip(lists, keys_of(*lists), strict=True):
        assert len(set(found.values())) == len(found)  # no key answers two classes
        assert list(found) == [each for each in classes if each in found]
        assert skip not in found.values()
        for name, key in found.items():
            if key.isdecimal() and name[:1] != key:
                assert key not in classes
                assert not name[:1].isdecimal()
        folded = [each.lower() for each in classes]
        for name in classes:
            if len(name) == 1 and name.isascii() and name.isalnum() and folded.count(name.lower()) == 1:
                assert found[name] == name.lower()

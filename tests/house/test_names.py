"""One word per idea, files named by their one idea, sizes a reader can hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ladle
from tests.house.rooms import SOURCE, files

VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc", "tools", "stuff"}
BARE = {"idx", "indices", "index", "idxs", "inds"}
# Class names that still mean two things. The list is exact: a name that is told apart leaves it.
CLASSES_OF_TWO_MEANINGS: set[str] = {
    "Asked",
    "Batch",
    "Described",
    "Facts",
    "Known",
    "Model",
    "Order",
    "Origin",
    "Record",
    "Request",
    "Source",
    "Survey",
    "Verdict",
}
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
# Compiled kernels are one loop nest; cutting them up costs inlining and compile time.
LONG_BY_NATURE = {"refresh", "install", "chain"}


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(SOURCE)))
class TestEveryFile:
    def test_is_named_by_its_idea(self, path: Path) -> None:
        assert not VAGUE & set(re.split(r"[_.]", path.stem))

    def test_is_short(self, path: Path) -> None:
        assert len(path.read_text().splitlines()) <= LONGEST_FILE

    def test_has_short_functions(self, path: Path) -> None:
        long = [
            node.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)
            and node.end_lineno - node.body[0].lineno > LONGEST_FUNCTION  # type: ignore[operator]
            and node.name not in LONG_BY_NATURE
        ]
        assert long == []

    def test_says_what_it_is_for(self, path: Path) -> None:
        assert ast.get_docstring(ast.parse(path.read_text()))

    def test_names_the_space_of_every_index(self, path: Path) -> None:
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        arguments = {node.arg for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.arg)}
        assert not BARE & (names | arguments)

    def test_never_unpickles(self, path: Path) -> None:
        text = path.read_text()
        assert "allow_pickle=True" not in text
        assert not re.search(r"^\s*(import|from) (pickle|dill|joblib|cloudpickle)", text, re.MULTILINE)


def test_no_class_name_means_two_things() -> None:
    """A public class name stands once in the whole source: whoever reads it knows which class is meant."""
    places: dict[str, list[str]] = {}
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert set(twice) == CLASSES_OF_TWO_MEANINGS, twice


def test_public_names() -> None:
    assert sorted(ladle.__all__) == dir(ladle)
    for name in ladle.__all__:
        value = getattr(ladle, name)
        if callable(value):
            assert value.__doc__, name
    with pytest.raises(AttributeError, match="no attribute"):
        ladle.absent  # noqa: B018


def test_no_list_of_the_same_list() -> None:
    for path in files():
        assert "[[]] *" not in path.read_text()

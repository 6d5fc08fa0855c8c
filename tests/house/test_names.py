"""One word per idea, files named by their one idea, sizes a reader can hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ladle
from tests.house.rooms import SOURCE, files

VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc", "tools", "stuff"}
BARE = {"idx", "indices", "index", "idxs", "inds"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
# Compiled kernels are one loop nest; cutting them up costs inlining and compile time.
LONG_BY_NATURE = {"refresh", "install", "chain"}


def _first_line(function: ast.FunctionDef) -> int:
    """Where its code begins, after a docstring: parameters told one by one make no function long."""
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.body[1 if has_docstring else 0].lineno


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
            and node.end_lineno - _first_line(node) > LONGEST_FUNCTION  # type: ignore[operator]
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
    assert twice == {}


def test_public_names() -> None:
    assert sorted(ladle.__all__) == dir(ladle)
    for name in ladle.__all__:
        value = getattr(ladle, name)
        if callable(value):
            assert value.__doc__, name
    with pytest.raises(AttributeError, match="no attribute"):
        ladle.absent  # noqa: B018


def test_rooms_are_attributes_of_the_package() -> None:
    rooms = ["campaign", "errors", "formats", "lab", "pool", "report", "stopping", "strategies"]
    assert set(rooms) <= set(ladle.__all__)
    program = f"import ladle; print([getattr(ladle, room).__name__ for room in {rooms!r}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([f"ladle.{room}" for room in rooms])


def test_earlier_names_stay() -> None:
    program = "from ladle import connect, formats; from ladle.campaign import Campaign; import ladle\n"
    program += "print(connect is formats, Campaign is ladle.Campaign, 'connect' in dir(ladle))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True False"


def test_no_list_of_the_same_list() -> None:
    for path in files():
        assert "[[]] *" not in path.read_text()

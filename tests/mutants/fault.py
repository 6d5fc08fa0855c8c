"""A planted fault: a small change of the source that breaks one rule, and the tests that must notice it."""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class OutdatedError(Exception):
    """A fault that no longer fits the source or the tests. The message says what to change."""


@dataclass(frozen=True)
class Fault:
    """One replacement in one file.

    area: the rule it breaks. old: text that occurs once in all of src/ladle; new: what takes its place.
    tests: names of test functions, one of which must fail. Files are not named, so moves and renames of files need no
    change here.
    """

    area: str
    name: str
    old: str
    new: str
    tests: tuple[str, ...]

    def file(self, root: Path = ROOT) -> Path:
        """The one file under `root` that has the old text. Raises: OutdatedError."""
        found = [path for path, text in sources(root).items() for _ in range(text.count(self.old))]
        if len(found) != 1:
            where = f"in {', '.join(str(path) for path in found)}" if found else "nowhere"
            raise OutdatedError(
                f"the fault {self.name}: its old text must occur once in src/ladle, and is {where}:\n{self.old}"
            )
        return found[0]

    def nodes(self, root: Path = ROOT) -> list[str]:
        """The tests as pytest names them, relative to `root`. Raises: OutdatedError for a name that no test has."""
        known = places_of_tests(root)
        absent = [name for name in self.tests if name not in known]
        if absent or not self.tests:
            raise OutdatedError(f"the fault {self.name}: no test is called {', '.join(absent) or 'anything'}")
        return [node for name in self.tests for node in known[name]]


@functools.cache
def sources(root: Path) -> dict[Path, str]:
    """The text of every source file."""
    return {path: path.read_text(encoding="utf-8") for path in sorted((root / "src" / "ladle").rglob("*.py"))}


@functools.cache
def places_of_tests(root: Path) -> dict[str, list[str]]:
    """Each test function's name, and where it is: `tests/room/test_file.py::TestClass::test_name`."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(root).as_posix()
        for node in ast.parse(text).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            prefix = f"{place}::{node.name}" if isinstance(node, ast.ClassDef) else place
            for each in inside:
                if isinstance(each, ast.FunctionDef) and re.match("test", each.name):
                    found.setdefault(each.name, []).append(f"{prefix}::{each.name}")
    return found

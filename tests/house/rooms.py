"""The source tree as the house tests see it."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "ladle"


@dataclass(frozen=True)
class Import:
    file: Path
    module: str  # the module imported, or module.name, dotted
    lazy: bool  # inside a function, or for type checkers only


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """ladle.hac.engine.rounds -> hac; ladle.errors -> errors; ladle -> ladle."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def subroom_of(module: str) -> str:
    """ladle.hac.engine.rounds -> engine; ladle.hac.plan -> ".": it lies in the room itself."""
    room, *inner = module.split(".")[1:]
    return inner[0] if inner and (SOURCE / room / inner[0]).is_dir() else "."


@functools.cache
def imports() -> list[Import]:
    found: list[Import] = []
    for path in files():
        tree = ast.parse(path.read_text())
        lazy_nodes = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _for_type_checkers(node)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            for module in _modules(node):
                found.append(Import(path, module, node in lazy_nodes))
    return found


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports are not used here"
        assert node.module is not None
        # `from ladle import threads` imports a module, `from ladle.errors import LadleError` a name: who reads this
        # tells them apart.
        return [f"{node.module}.{name.name}" for name in node.names]
    return []

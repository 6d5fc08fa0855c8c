"""Every compiled loop is a `ladle.compiled.kernel`: numba's own cache keeps machine code that is out of date."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ladle import compiled
from tests.house.rooms import SOURCE, files, imports, module_name

# Compilers of numba that keep machine code, or make a function that is no part of a kernel.
COMPILERS = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil", "jit_module", "experimental"}
ALLOWED = {SOURCE / "compiled.py"}
KERNEL_FILES = [path for path in files() if "import kernel\n" in path.read_text()]


def test_loops_are_compiled_in_one_way() -> None:
    assert _compiling("from numba import njit\nimport numba\n@numba.jit(cache=True)\ndef f(): ...") == [
        "njit",
        "jit",
        "cache",
    ]
    others = {str(path.relative_to(SOURCE)): found for path in files() if (found := _compiling(path.read_text()))}
    assert set(others) == {str(path.relative_to(SOURCE)) for path in ALLOWED}


@pytest.mark.parametrize("path", KERNEL_FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_seal_covers_all_that_a_file_of_kernels_imports(path: Path) -> None:
    # The seal reads imports by pattern, for speed; here they are read by Python's own grammar.
    of_module = {module_name(each): each for each in files()}
    direct: dict[Path, set[Path]] = {each: set() for each in files()}
    for found in imports():
        if not found.lazy:
            names = (found.module, found.module.rpartition(".")[0])
            direct[found.file] |= {of_module[name] for name in names if name in of_module}
    reached, waiting = {path}, [path]
    while waiting:
        new = direct[waiting.pop()] - reached - {SOURCE / "__init__.py"}
        reached |= new
        waiting += new
    assert reached <= set(compiled.sources(path))


def test_kernels_were_found() -> None:
    assert len(KERNEL_FILES) >= 16


def _compiling(source: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numba"):
            found += [name.name for name in node.names if name.name in COMPILERS]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("numba", "nb"):
            found += [node.attr] if node.attr in COMPILERS else []
        elif isinstance(node, ast.keyword) and node.arg == "cache" and isinstance(node.value, ast.Constant):
            found.append("cache")
    return found

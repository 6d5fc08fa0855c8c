"""`@kernel`: a loop compiled by numba, kept on disk until any file that it is made of changes.

numba's own `cache=True` looks at the file of the compiled function alone. Functions and constants of other files are
compiled into it as well, and stay as they were after an edit or an upgrade. So a kernel's cache here carries a seal: a
digest of its file and of every file of Ladle that this one imports, directly or through others. A cache under another
seal is never opened. Where there can be no cache (a folder that is read only, a numba with other classes), each process
compiles the loop again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, overload

import llvmlite
from numba import njit
from numba.extending import register_jitable

from ladle.mixing import mix_word

register_jitable(mix_word)  # kernels that import it may call it

PACKAGE = Path(__file__).resolve().parent
Loop = Callable[..., Any]
_SEAL_DIGITS = 16  # 64 bits in a file's name

# An import at the left margin. Numba reads globals when it compiles, so everything that a loop uses is imported there.
_IMPORT = re.compile(rb"^(?:from +(ladle[\w.]*) +import *(\([^)]*\)|[^\n]*)|import +(ladle[^\n]*))", re.MULTILINE)
_NAME = re.compile(r"[\w.]+")


@overload
def kernel(function: Loop, /) -> Loop: ...
@overload
def kernel(*, fastmath: bool | set[str]) -> Callable[[Loop], Loop]: ...
def kernel(function: Loop | None = None, /, *, fastmath: bool | set[str] = False) -> Any:
    """Compile a function with numba when it is first called, without the GIL, and keep the machine code on disk.

    fastmath: as in `numba.njit`. Used as `@kernel` or `@kernel(fastmath=...)`.
    Cost: some microseconds for each file of the seal, when the function is defined.
    """
    if function is None:
        return lambda each: _compile(each, fastmath)
    return _compile(function, fastmath)


def _compile(function: Loop, fastmath: bool | set[str]) -> Any:
    dispatcher: Any = njit(nogil=True, fastmath=fastmath)(function)
    # RuntimeError: no folder can be written. OSError: no source files. The others: a numba with other classes.
    with contextlib.suppress(RuntimeError, OSError, ImportError, AttributeError, TypeError):
        from ladle.kernel_cache import KernelCache

        dispatcher._cache = KernelCache(function, seal(Path(inspect.getfile(function)).resolve()))
    return dispatcher


def is_kept(function: Any) -> bool:
    """Whether a kernel needs no compiling: this process has compiled it, or current machine code is on disk."""
    on_disk = getattr(getattr(function, "_cache", None), "index_path", None)
    return bool(function.signatures) or (on_disk is not None and on_disk.exists())


def sources(file: Path) -> list[Path]:
    """The files whose code a kernel of `file` can contain: it and all of Ladle that it imports, directly or not."""
    return sorted(path for path, _ in _made_of(file))


def seal(file: Path) -> str:
    """A digest of all `sources` of a file and of the compiler. (numba itself looks at its version and the CPU.)"""
    digest = hashlib.sha256(llvmlite.__version__.encode())
    for path, content in sorted(_made_of(file)):
        digest.update(f"\n{path.name} ".encode())
        digest.update(content)
    return digest.hexdigest()[:_SEAL_DIGITS]


def _made_of(file: Path) -> Iterator[tuple[Path, bytes]]:
    """Each of the `sources` once, with the digest of its content."""
    seen = {file}
    waiting = [file]
    while waiting:
        path = waiting.pop()
        state = path.stat()
        content, imported = _read(path, state.st_mtime_ns, state.st_size)
        yield path, content
        waiting += imported - seen
        seen |= imported


@functools.cache
def _read(path: Path, changed_ns: int, size: int) -> tuple[bytes, frozenset[Path]]:
    """The digest of a file's content, and the files that it imports. Read once, unless it changes."""
    source = path.read_bytes()
    return hashlib.sha256(source).digest(), frozenset(filter(None, map(_file_of, _imported(source))))


def _imported(source: bytes) -> Iterator[str]:
    """Names of modules that may be imported: `from a import b` may mean the module a.b or a name in a."""
    for package, names, plain in _IMPORT.findall(source):
        if plain:
            yield from _NAME.findall(plain.decode())
        else:
            yield package.decode()
            yield from (f"{package.decode()}.{name}" for name in _NAME.findall(names.decode()))


@functools.cache
def _file_of(module: str) -> Path | None:
    first, *rest = module.split(".")
    if first != "ladle":
        return None
    path = PACKAGE.joinpath(*rest)
    candidates = [path / "__init__.py", *([path.with_name(f"{path.name}.py")] if rest else [])]
    return next((each for each in candidates if each.is_file()), None)

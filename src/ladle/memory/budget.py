"""The memory and disk of this machine, and how a plan of using them is stated and enforced.

What a step needs is stated by the room of that step: see `ladle.hac.plan` for clustering.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ladle.errors import ArgumentError, FileError, MemoryPlanError

MEMORY_VARIABLE = "LADLE_MEMORY"
GIB = 1 << 30
_GROUPS = Path("/sys/fs/cgroup")  # control groups of Linux
_OWN_GROUPS = Path("/proc/self/cgroup")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")  # limit, use, cache in the stat
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": GIB, "T": 1 << 40}


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """What one step needs beside what is already loaded, and what is available (None where that is not known)."""

    step: str
    needed_bytes: int
    available_bytes: int | None

    @property
    def fits(self) -> bool:
        """Whether the step fits; an unknown amount available counts as enough."""
        return self.available_bytes is None or self.needed_bytes <= self.available_bytes


def require(needed_bytes: int, subject: str, *, remedy: str) -> None:
    """Refuse work that would not fit the memory available. Raises: MemoryPlanError."""
    available = available_bytes()
    if available is None or needed_bytes <= available:
        return
    raise MemoryPlanError(
        subject,
        wanted=f"fit the {bytes_text(available)} of memory available",
        got=f"{bytes_text(needed_bytes)} needed",
        remedy=remedy,
    )


def require_disk(needed_bytes: int, folder: Path, *, purpose: str, remedy: str) -> None:
    """Refuse work whose files would not fit the disk of `folder`. purpose: what the files are.

    Raises: MemoryPlanError; FileError for no folder.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as cause:
        raise FileError(f"the folder {folder}", wanted="exist", got=cause.strerror or str(cause)) from cause
    if needed_bytes > free:
        raise MemoryPlanError(
            f"the disk of {folder}",
            wanted=f"have {bytes_text(needed_bytes)} free: {purpose}",
            got=bytes_text(free),
            remedy=remedy,
        )


def available_bytes() -> int | None:
    """Memory that may still be taken: `LADLE_MEMORY` if set (such as "8GiB"), else the smaller of what the system
    and this process's control group have left; None where neither tells.
    """
    text = os.environ.get(MEMORY_VARIABLE, "").strip()
    if text:
        return parse_bytes(text, f"the environment variable {MEMORY_VARIABLE}")
    known = [amount for amount in (_meminfo("MemAvailable"), _group_left()) if amount is not None]
    return min(known) if known else total_bytes()


def total_bytes() -> int | None:
    """Memory of the machine, or None where that is not known."""
    total = _meminfo("MemTotal")
    if total is not None:
        return total
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def parse_bytes(text: str, subject: str = "the amount of memory") -> int:
    """ "8GiB", "512M" or "1000000" as bytes; units are powers of 1,024. Raises: ArgumentError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ArgumentError(subject, wanted='be an amount such as "8GiB"', got=repr(text))
    amount = float(match[1]) * _UNITS[match[2].upper()]
    if amount > 2.0**62:
        raise ArgumentError(subject, wanted='be an amount such as "8GiB"', got=repr(text)[:40])
    return int(amount)


def bytes_text(amount: int) -> str:
    """An amount of memory for people: "7.6 GiB"."""
    for unit, size in (("TiB", 1 << 40), ("GiB", GIB), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    return f"{amount} B"


def _meminfo(field: str) -> int | None:
    try:
        match = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def _group_left() -> int | None:
    """What the control group of this process has left, or a group above it, whichever is less: jobs have their own."""
    left = [amount for folder, names in _groups() if (amount := _left_in(folder, *names)) is not None]
    return min(left) if left else None


def _groups() -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """The folders of the groups of this process, up to the outermost visible one, with the names of their files."""
    yield _GROUPS, _VERSION_2
    yield _GROUPS / "memory", _VERSION_1
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root, names = (_GROUPS / "memory", _VERSION_1) if controllers else (_GROUPS, _VERSION_2)
        if not controllers or "memory" in controllers.split(","):
            inner = root / path.strip("/")
            yield from ((folder, names) for folder in (inner, *inner.parents) if root in folder.parents)


def _left_in(folder: Path, limit: str, used: str, cache: str) -> int | None:
    """Memory left in one group; None where it has no limit or is not visible."""
    try:
        most, now = int((folder / limit).read_text()), int((folder / used).read_text())
        match = re.search(rf"^{cache} (\d+)", (folder / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # absent, or "max": no limit
        return None
    # The system takes cached file pages back on demand; MemAvailable counts them as available too.
    return max(0, most - now + (int(match[1]) if match else 0))

"""Files written whole or not at all: the scenario of `ladle.durable.writing` by itself."""

from __future__ import annotations

from pathlib import Path

from benchmarks.reliability.failpoints import Ended, Tell
from benchmarks.reliability.scenarios import Scenario


def _before(folder: Path) -> None:
    (folder / "batch.csv").write_bytes(b"old")


def _written(folder: Path, tell: Tell) -> None:
    from ladle.durable import writing

    with writing(folder / "batch.csv") as file:
        for _ in range(8):
            file.write(b"new" * 50_000)
    tell("written")


def _checked(folder: Path, ended: Ended) -> list[str]:
    found = (folder / "batch.csv").read_bytes()
    wrong = [] if found in (b"old", b"new" * 400_000) else [f"batch.csv has {len(found)} bytes of neither"]
    if ended.told and found == b"old":
        wrong.append("told to be written, and is not")
    left = [path.name for path in folder.iterdir() if path.name != "batch.csv"]
    if left and not ended.killed:
        wrong.append(f"left behind: {', '.join(left)}")
    if ended.error and not ended.error.startswith("FileError"):
        wrong.append(f"no clear error: {ended.error}")
    return wrong


FILE = Scenario("file", _before, _written, _checked)

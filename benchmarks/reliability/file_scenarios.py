"""Files written whole or not at all: the scenario of `ladle.durable.writing` by itself."""

from __future__ import annotations

from pathlib import Path

from benchmarks.reliability.failpoints import Ended, Report
from benchmarks.reliability.scenarios import Scenario


def _before(folder: Path) -> None:
    (folder / "batch.csv").write_bytes(b"old")


def _written(folder: Path, report: Report) -> None:
    from ladle.durable import writing

    with writing(folder / "batch.csv") as file:
        for _ in range(8):
            file.write(b"new" * 50_000)
    report("written")


def _checked(folder: Path, ended: Ended) -> list[str]:
    content = (folder / "batch.csv").read_bytes()
    wrong = [] if content in (b"old", b"new" * 400_000) else [f"batch.csv has {len(content)} bytes of neither"]
    if ended.reports and content == b"old":
        wrong.append("reported as written, and is not")
    left = [path.name for path in folder.iterdir() if path.name != "batch.csv"]
    if left and not ended.killed:
        wrong.append(f"left behind: {', '.join(left)}")
    if ended.error and not ended.error.startswith("FileError"):
        wrong.append(f"no clear error: {ended.error}")
    return wrong


FILE = Scenario("file", _before, _written, _checked)
